//! The second person's word on a role that takes two to give.

use actix_web::{HttpResponse, post};
use alongside_domain::id::{MembershipId, PersonId};
use alongside_domain::person as rules;
use alongside_domain::policy::Operation;
use alongside_store::membership::{self, Membership};
use alongside_store::membership_proposal;
use alongside_store::person::{self, Person};
use alongside_store::types::At;
use chrono::TimeDelta;

use super::memberships::MembershipView;
use crate::http::{Code, Ctx, Path, Permit, Problem, Refusal, Reply, Services};

/// Confirm a role
///
/// Roles that open what is kept from everybody else, or watch over who looks at what, are given by two: neither who proposed
/// the role nor who is to hold it confirms it. After fourteen days it must be proposed anew. To turn it down, end it.
#[utoipa::path(
    tag = "people", operation_id = "confirm_membership",
    params(
        ("id" = PersonId, Path, description = "The person."),
        ("membership_id" = MembershipId, Path, description = "The membership to confirm.")
    ),
    responses((status = 200, description = "The role is given.", body = MembershipView))
)]
#[post("/v1/people/{id}/memberships/{membership_id}/confirmation")]
async fn confirm_membership(
    permit: Permit<{ Operation::ConfirmMembership.id() }>,
    path: Path<(PersonId, MembershipId)>,
) -> Result<HttpResponse, Problem> {
    let (of, id) = *path;
    permit
        .write(move |ctx| {
            let found = membership_proposal::try_find(ctx.db, ctx.scope, of, id)?;
            let proposal = found.ok_or_else(Problem::not_found)?;
            let by = ctx.caller.person().ok_or_else(Problem::not_found)?;
            rules::confirms(by, proposal.proposed_by.0, of)
                .map_err(|why| Problem::new(Code::Forbidden).detail(why.to_string()))?;
            let in_time = ctx.now - proposal.proposed_at.0 <= TimeDelta::days(rules::CONFIRM_WITHIN_DAYS);
            if proposal.decided_at.is_some() || !in_time {
                let detail = "It was decided already, or proposed too long ago: propose it anew.";
                return Err(Problem::new(Code::Conflict).detail(detail).into());
            }
            membership_proposal::decide(ctx.db, id, by, true, ctx.now)?;
            let row = Membership {
                id: proposal.id,
                person_id: proposal.person_id,
                role: proposal.role,
                programme_id: Some(proposal.programme_id),
                site_id: None,
                granted_by: Some(proposal.proposed_by),
                granted_at: At(ctx.now),
                ended_at: None,
            };
            membership::insert(ctx.db, &row)?;
            if let Some(participant) = person::of_job(ctx.db, of)?.and_then(|person| person.participant_id) {
                ctx.about(participant.0);
            }
            ctx.note(format!("role={}", row.role.0));
            Reply::ok_plain(&MembershipView::from(row))
        })
        .await
}

/// Turns a proposal down, which anybody may who could end the role.
pub(super) fn turn_down(ctx: &mut Ctx<'_, '_>, person: &Person, id: MembershipId) -> Result<Reply, Refusal> {
    let found = membership_proposal::try_find(ctx.db, ctx.scope, person.id.0, id)?;
    let mut proposal = found.ok_or_else(Problem::not_found)?;
    let by = ctx.caller.person().ok_or_else(Problem::not_found)?;
    if proposal.decided_at.is_some() {
        return Err(Problem::new(Code::Conflict).detail("This membership has ended already.").into());
    }
    membership_proposal::decide(ctx.db, id, by, false, ctx.now)?;
    proposal.decided_at = Some(At(ctx.now));
    if let Some(participant) = person.participant_id {
        ctx.about(participant.0);
    }
    ctx.note(format!("role={}", proposal.role.0));
    Reply::ok_plain(&MembershipView::from(proposal))
}

pub fn routes(config: &mut impl Services) {
    config.service(confirm_membership);
}
