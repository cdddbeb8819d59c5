//! Memberships: which role a person holds, and where.

use actix_web::{HttpResponse, post};
use alongside_domain::id::{MembershipId, ParticipantId, PersonId, ProgrammeId, SiteId};
use alongside_domain::person::{self as rules, MembershipState, Misplaced};
use alongside_domain::policy::{Operation, Role};
use alongside_store::membership::{self, Membership};
use alongside_store::membership_proposal::{self, MembershipProposal};
use alongside_store::types::{At, Code as Coded, Key};
use alongside_store::{flag_audience, person, programme, site};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::membership_confirmations;
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Refusal, Reply, Services};

/// A role, and where it is held.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "supporter", "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71"}))]
pub struct MembershipInput {
    pub role: Role,
    /// Where the role is held; absent for `admin` alone.
    pub programme_id: Option<ProgrammeId>,
    /// One site, for supporters, coordinators, clinicians and researchers; absent for the whole programme.
    pub site_id: Option<SiteId>,
}

/// A new role of a person.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "coordinator", "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71",
    "site_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e72"}))]
pub struct MembershipCreate {
    /// Chosen by the client, so that a retry is recognised.
    pub id: Option<MembershipId>,
    pub role: Role,
    /// Where the role is held; absent for `admin` alone.
    pub programme_id: Option<ProgrammeId>,
    /// One site, for supporters, coordinators, clinicians and researchers; absent for the whole programme.
    pub site_id: Option<SiteId>,
}

/// A role that a person holds or held.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e73", "role": "supporter",
    "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71", "site_id": null,
    "granted_at": "2026-11-02T09:30:00Z", "ended_at": null, "state": "active"
}))]
pub struct MembershipView {
    pub id: MembershipId,
    pub role: Role,
    /// Null for a role that holds in the whole installation.
    pub programme_id: Option<ProgrammeId>,
    /// Null for a role that holds in the whole programme.
    pub site_id: Option<SiteId>,
    /// While it waits for a second person: when it was proposed.
    pub granted_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub state: MembershipState,
}

impl From<Membership> for MembershipView {
    fn from(row: Membership) -> Self {
        Self {
            id: row.id.0,
            role: row.role.0,
            programme_id: row.programme_id.map(|id| id.0),
            site_id: row.site_id.map(|id| id.0),
            granted_at: row.granted_at.0,
            state: if row.ended_at.is_some() { MembershipState::Ended } else { MembershipState::Active },
            ended_at: row.ended_at.map(|at| at.0),
        }
    }
}

impl From<MembershipProposal> for MembershipView {
    fn from(row: MembershipProposal) -> Self {
        Self {
            id: row.id.0,
            role: row.role.0,
            programme_id: Some(row.programme_id.0),
            site_id: None,
            granted_at: row.proposed_at.0,
            state: if row.decided_at.is_some() { MembershipState::Ended } else { MembershipState::Pending },
            ended_at: row.decided_at.map(|at| at.0),
        }
    }
}

fn invalid(pointer: String, code: &'static str, message: impl Into<String>) -> Refusal {
    Problem::new(Code::Invalid).field(pointer, code, message.into()).into()
}

/// Whether an account for this participant can be made with these roles.
pub(super) fn check_account(
    ctx: &mut Ctx<'_, '_>,
    participant: Option<ParticipantId>,
    wanted: &[MembershipInput],
) -> Result<(), Refusal> {
    let Some(participant) = participant else { return Ok(()) };
    let pointer = || "/participant_id".to_owned();
    let role = wanted.iter().find(|wanted| wanted.role == Role::Participant);
    let Some(role) = role else {
        return Err(invalid(pointer(), "unwanted", "This belongs to the role participant."));
    };
    ctx.seeks(participant);
    match person::standing(ctx.db, participant)? {
        Some((programme, has_account)) if Some(programme) == role.programme_id => {
            if has_account {
                let problem = Problem::new(Code::AlreadyExists);
                return Err(problem
                    .field(pointer(), "taken", "This participant has an account already.")
                    .into());
            }
            Ok(())
        }
        _ => Err(invalid(pointer(), "unknown", "There is no such participant in this programme.")),
    }
}

/// Whether the caller may give `person` this role, there.
pub(super) fn check(
    ctx: &mut Ctx<'_, '_>,
    person: PersonId,
    participant: Option<ParticipantId>,
    wanted: &MembershipInput,
    at: &str,
) -> Result<(), Refusal> {
    // An administrator sees no record; one who could give himself a role would see them all.
    if ctx.caller.person() == Some(person) {
        return Err(Problem::new(Code::Forbidden).detail("Nobody gives himself a role.").into());
    }
    rules::place_of(wanted.role, wanted.programme_id.is_some(), wanted.site_id.is_some()).map_err(|why| {
        let member = match why {
            Misplaced::ForClients => "role",
            Misplaced::ProgrammeUnwanted | Misplaced::ProgrammeMissing => "programme_id",
            Misplaced::SiteUnwanted => "site_id",
        };
        invalid(format!("{at}/{member}"), "role", why.to_string())
    })?;
    let Some(of) = wanted.programme_id else { return Ok(()) };
    if programme::try_find(ctx.db, ctx.scope, of)?.is_none() {
        return Err(invalid(format!("{at}/programme_id"), "unknown", "There is no such programme."));
    }
    if let Some(site) = wanted.site_id
        && !site::is_in(ctx.db, of, site)?
    {
        return Err(invalid(format!("{at}/site_id"), "unknown", "There is no such site in this programme."));
    }
    if wanted.role == Role::Participant {
        let takes_part = match participant {
            Some(participant) => person::standing(ctx.db, participant)?.is_some_and(|(in_, _)| in_ == of),
            None => false,
        };
        if !takes_part {
            let message = "Only the account of a participant of this programme can have this role.";
            return Err(invalid(format!("{at}/role"), "role", message));
        }
    }
    Ok(())
}

/// Gives a role that was checked, unless it is held already.
pub(super) fn grant(
    ctx: &mut Ctx<'_, '_>,
    person: PersonId,
    wanted: &MembershipInput,
) -> Result<MembershipView, Refusal> {
    let id = MembershipId::new(ctx.fresh());
    grant_as(ctx, id, person, wanted)
}

fn grant_as(
    ctx: &mut Ctx<'_, '_>,
    id: MembershipId,
    person: PersonId,
    wanted: &MembershipInput,
) -> Result<MembershipView, Refusal> {
    let row = Membership {
        id: Key(id),
        person_id: Key(person),
        role: Coded(wanted.role),
        programme_id: wanted.programme_id.map(Key),
        site_id: wanted.site_id.map(Key),
        granted_by: ctx.caller.person().map(Key),
        granted_at: At(ctx.now),
        ended_at: None,
    };
    let held = membership::live_of(ctx.db, person)?;
    let same = |held: &Membership| {
        held.role == row.role && held.programme_id == row.programme_id && held.site_id == row.site_id
    };
    if held.iter().any(same) {
        let problem = Problem::new(Code::AlreadyExists).detail("This role is held already.");
        return Err(problem.field("/role", "taken", "This role is held already.").into());
    }
    let (Some(programme), true) = (row.programme_id, wanted.role.needs_second_person()) else {
        membership::insert(ctx.db, &row)?;
        return Ok(row.into());
    };
    let waiting = membership_proposal::open_of_people(ctx.db, &[person])?;
    if waiting.iter().any(|open| open.role == row.role && open.programme_id == programme) {
        let problem =
            Problem::new(Code::AlreadyExists).detail("This role waits for a second person already.");
        return Err(problem.field("/role", "taken", "This role waits for a second person already.").into());
    }
    let proposed_by = ctx.caller.person().ok_or_else(|| Problem::new(Code::Forbidden))?;
    let proposal = MembershipProposal {
        id: Key(id),
        person_id: Key(person),
        role: row.role,
        programme_id: programme,
        proposed_by: Key(proposed_by),
        proposed_at: At(ctx.now),
        decided_by: None,
        decided_at: None,
        confirmed: false,
    };
    membership_proposal::insert(ctx.db, &proposal)?;
    Ok(proposal.into())
}

/// Refuses a step after which nobody could administer the installation.
pub(super) fn leave_an_admin(ctx: &mut Ctx<'_, '_>, than: PersonId) -> Result<(), Refusal> {
    if membership::other_admins(ctx.db, than)? > 0 {
        return Ok(());
    }
    let detail = "This is the last administrator. Set up another one first, and let him choose his password.";
    Err(Problem::new(Code::Conflict).detail(detail).into())
}

/// An open flag must always have somebody who can act on it.
pub(super) fn last_for_flags() -> Refusal {
    let detail = "The programme needs somebody who can act on safeguarding concerns that are open. Give another person \
                  the role of safeguarding lead first, and let him choose his password.";
    Problem::new(Code::Conflict).detail(detail).into()
}

/// Give a person a role
///
/// Nobody gives himself a role. The person uses it from his next sign-in on. The roles `safeguarding_lead` and
/// `privacy_officer` take two: they are `pending`, and open nothing, until somebody else confirms them.
#[utoipa::path(
    tag = "people", operation_id = "create_membership", request_body = MembershipCreate,
    params(("id" = PersonId, Path, description = "The person.")),
    responses((status = 201, description = "The role is given.", body = MembershipView))
)]
#[post("/v1/people/{id}/memberships")]
async fn create_membership(
    permit: Permit<{ Operation::CreateMembership.id() }>,
    path: Path<PersonId>,
    body: Json<MembershipCreate>,
) -> Result<HttpResponse, Problem> {
    let (of, new) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let row = person::find(ctx.db, ctx.scope, of)?;
            let place = format!("/v1/people/{of}");
            let id = new.id.unwrap_or_else(|| MembershipId::new(ctx.fresh()));
            let found = match membership::try_find(ctx.db, of, id)? {
                Some(found) => Some(MembershipView::from(found)),
                None => membership_proposal::try_find(ctx.db, ctx.scope, of, id)?.map(MembershipView::from),
            };
            if let Some(found) = found {
                return ctx.repeated(id.uuid(), |_| Reply::ok_plain(&found));
            }
            if new.id.is_some() {
                ctx.creates(id.uuid())?;
            }
            let wanted =
                MembershipInput { role: new.role, programme_id: new.programme_id, site_id: new.site_id };
            check(ctx, of, row.participant_id.map(|id| id.0), &wanted, "")?;
            let granted = grant_as(ctx, id, of, &wanted)?;
            if let Some(participant) = row.participant_id {
                ctx.about(participant.0);
            }
            ctx.note(format!("role={}", wanted.role));
            Reply::created_plain(place, &granted)
        })
        .await
}

/// Take a role away
///
/// Every session in which the person uses the role ends at once. A role that is `pending` is turned down. The last administrator keeps his, and
/// so does the last safeguarding lead while a flag is open.
#[utoipa::path(
    tag = "people", operation_id = "end_membership",
    params(
        ("id" = PersonId, Path, description = "The person."),
        ("membership_id" = MembershipId, Path, description = "The membership to end.")
    ),
    responses((status = 200, description = "The role has ended.", body = MembershipView))
)]
#[post("/v1/people/{id}/memberships/{membership_id}/ending")]
async fn end_membership(
    permit: Permit<{ Operation::EndMembership.id() }>,
    path: Path<(PersonId, MembershipId)>,
) -> Result<HttpResponse, Problem> {
    let (of, id) = *path;
    permit
        .write(move |ctx| {
            let person = person::find(ctx.db, ctx.scope, of)?;
            let Some(mut row) = membership::try_find(ctx.db, of, id)? else {
                return membership_confirmations::turn_down(ctx, &person, id);
            };
            if row.ended_at.is_some() {
                return Err(Problem::new(Code::Conflict).detail("This membership has ended already.").into());
            }
            if row.role.0 == Role::Admin && person.deactivated_at.is_none() {
                leave_an_admin(ctx, of)?;
            }
            if let Some(programme) = row.programme_id
                && flag_audience::needs_membership(ctx.db, programme.0, id, row.role.0)?
            {
                return Err(last_for_flags());
            }
            membership::end(ctx.db, &row, ctx.now)?;
            row.ended_at = Some(At(ctx.now));
            if let Some(participant) = person.participant_id {
                ctx.about(participant.0);
            }
            ctx.note(format!("role={}", row.role.0));
            Reply::ok_plain(&MembershipView::from(row))
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(create_membership).service(end_membership);
}
