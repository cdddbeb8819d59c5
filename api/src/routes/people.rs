//! People with an account.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use alongside_domain::id::{MailId, ParticipantId, PersonId, ProgrammeId};
use alongside_domain::mail::MailKind;
use alongside_domain::person::{self as rules, AccountState};
use alongside_domain::policy::{Operation, Role};
use alongside_domain::transition::IllegalTransition;
use alongside_store::mail::{self, Mail};
use alongside_store::membership::{self, Membership};
use alongside_store::membership_proposal::{self, MembershipProposal};
use alongside_store::person::{self, Filter, Person};
use alongside_store::types::{At, Key};
use alongside_store::{flag_audience, session};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::checks;
use super::memberships::{self, MembershipInput, MembershipView};
use crate::app::App;
use crate::http::etag::IfMatch;
use crate::http::page::{self, List, Paging};
use crate::http::{
    Caller, Code, Ctx, Json, Path, Permit, Problem, Query, Refusal, Reply, Services, patch as merge,
};
use crate::security::token::{OpaqueSecret, SecretKind};

/// How long an invitation may be followed.
const INVITATION_DAYS: i64 = 7;

/// A new account.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "sam.supporter@charity.example", "display_name": "Sam Supporter",
    "memberships": [{"role": "supporter", "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71"}]
}))]
pub struct PersonCreate {
    /// Chosen by the client, so that a retry is recognised.
    pub id: Option<PersonId>,
    /// Kept in lower case; belongs to one account.
    #[validate(length(max = 254), custom(function = "checks::email"))]
    #[schema(min_length = 3, max_length = 254, format = "email")]
    pub email: String,
    #[validate(length(min = 1, max = 120), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 120)]
    pub display_name: String,
    /// The roles he holds from the start.
    #[serde(default)]
    #[validate(length(max = 20), nested)]
    #[schema(max_items = 20)]
    pub memberships: Vec<MembershipInput>,
    /// The record of the person himself, for the role `participant`.
    pub participant_id: Option<ParticipantId>,
}

/// What may be changed of an account.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"display_name": "Sam S."}))]
pub struct PersonUpdate {
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 120), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 120, nullable = false)]
    pub display_name: Option<String>,
}

/// An account, as far as the caller may know it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70", "display_name": "Sam Supporter", "roles": ["supporter"],
    "state": "invited", "email": "sam.supporter@charity.example", "participant_id": null,
    "memberships": [{"id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e73", "role": "supporter",
        "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71", "site_id": null,
        "granted_at": "2026-11-02T09:30:00Z", "ended_at": null, "state": "active"}],
    "activation_code": null, "activation_expires_at": null, "version": 1,
    "created_at": "2026-11-02T09:30:00Z", "updated_at": "2026-11-02T09:30:00Z"
}))]
pub struct PersonView {
    pub id: PersonId,
    #[schema(max_length = 120)]
    pub display_name: String,
    /// The roles held now: in the caller's programme, or all of them for an administrator.
    #[schema(max_items = 100)]
    pub roles: Vec<Role>,
    pub state: AccountState,
    /// For administrators, coordinators and the person himself.
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// The record of the person himself. For administrators and the person himself.
    pub participant_id: Option<ParticipantId>,
    /// For administrators and the person himself; ended ones too.
    #[schema(max_items = 1000)]
    pub memberships: Option<Vec<MembershipView>>,
    /// With which the person chooses his password. Only in the answer to the request that made it, and only where no letter
    /// took it to him; it is kept nowhere.
    #[schema(max_length = 64)]
    pub activation_code: Option<String>,
    /// Until when the code is good.
    pub activation_expires_at: Option<DateTime<Utc>>,
    /// What `If-Match` wants to hear, without its quotes.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl PersonView {
    /// The account as `caller` may see it.
    fn new(row: Person, held: Vec<Membership>, open: Vec<MembershipProposal>, caller: &Caller) -> Self {
        let own = caller.person() == Some(row.id.0);
        let all = caller.role == Role::Admin || own;
        let roles: BTreeSet<Role> = held
            .iter()
            .filter(|held| held.ended_at.is_none())
            .filter(|held| all || held.programme_id.map(|id| id.0) == caller.programme)
            .map(|held| held.role.0)
            .collect();
        Self {
            id: row.id.0,
            state: row.state(),
            display_name: row.display_name,
            roles: roles.into_iter().collect(),
            email: (all || caller.role == Role::Coordinator).then_some(row.email),
            participant_id: row.participant_id.filter(|_| all).map(|id| id.0),
            memberships: all.then(|| {
                let held = held.into_iter().map(MembershipView::from);
                held.chain(open.into_iter().map(MembershipView::from)).collect()
            }),
            activation_code: None,
            activation_expires_at: row.activation_expires_at.filter(|_| all).map(|at| at.0),
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonPage {
    #[schema(max_items = 200)]
    pub items: Vec<PersonView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which people.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PersonQuery {
    /// Only who holds this role now.
    pub role: Option<Role>,
    /// Only who holds a role in this programme now.
    pub programme_id: Option<ProgrammeId>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// List the people
///
/// The people who work or worked in the caller's programme, never its participants; for an administrator every account.
/// Roles without a view of their colleagues see themselves.
#[utoipa::path(
    tag = "people", operation_id = "list_people", params(PersonQuery),
    responses((status = 200, description = "A page of people.", body = PersonPage))
)]
#[get("/v1/people")]
async fn list_people(
    request: HttpRequest,
    permit: Permit<{ Operation::ListPeople.id() }>,
    query: Query<PersonQuery>,
) -> Result<HttpResponse, Problem> {
    let PersonQuery { role, programme_id, limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListPeople.name(), &(role, programme_id))?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let filter = Filter { role, programme_id };
    let shown = usize::try_from(paging.limit()).unwrap_or(usize::MAX);
    let (mut rows, mut held, mut open) = permit
        .read(move |ctx| {
            let rows = person::list(ctx.db, ctx.scope, &filter, after.map(PersonId::new), fetch)?;
            let ids: Vec<_> = rows.iter().map(|row| row.id.0).collect();
            let held = membership::of_people(ctx.db, &ids)?;
            let open = membership_proposal::open_of_people(ctx.db, &ids)?;
            ctx.lists(rows.iter().take(shown).filter_map(|row| row.participant_id).map(|id| id.0));
            Ok((rows, held, open))
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let (of_row, others) = held.into_iter().partition(|held| held.person_id == row.id);
        held = others;
        let (waiting, others) = open.into_iter().partition(|open| open.person_id == row.id);
        open = others;
        items.push(PersonView::new(row, of_row, waiting, permit.caller()));
    }
    Ok(page::respond(&request, &PersonPage { items, next: next.clone() }, next.as_deref()))
}

/// Set up an account
///
/// The person gets a letter with a link and a code with which he chooses his password. Where the service sends no letters,
/// the answer has the code: hand it to him in person or on a channel he trusts. Nobody else ever knows or sets his password.
#[utoipa::path(
    tag = "people", operation_id = "create_person", request_body = PersonCreate,
    responses((status = 201, description = "The account is set up.", body = PersonView))
)]
#[post("/v1/people")]
async fn create_person(
    permit: Permit<{ Operation::CreatePerson.id() }>,
    body: Json<PersonCreate>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    let code = handed_out(permit.app());
    permit.write(move |ctx| create(ctx, &new, code.as_ref())).await
}

/// The code that somebody hands to a new person, where no letter takes one to him.
fn handed_out(app: &App) -> Option<OpaqueSecret> {
    app.letters.is_none().then(|| OpaqueSecret::generate(SecretKind::Activation))
}

/// Puts an invitation down for the post. Its code is made when it leaves: nobody but the person sees it.
fn invite(ctx: &mut Ctx<'_, '_>, id: PersonId) -> Result<(), Refusal> {
    let letter = MailId::new(ctx.fresh());
    Ok(mail::insert(ctx.db, &Mail::to(letter, MailKind::Invitation, id, ctx.now))?)
}

fn create(ctx: &mut Ctx<'_, '_>, new: &PersonCreate, code: Option<&OpaqueSecret>) -> Result<Reply, Refusal> {
    let id = new.id.unwrap_or_else(|| PersonId::new(ctx.fresh()));
    if let Some(found) = person::try_find(ctx.db, ctx.scope, id)? {
        return ctx.repeated(id.uuid(), |ctx| {
            let version = found.version;
            Reply::ok(version, &view(ctx, found)?)
        });
    }
    if new.id.is_some() {
        ctx.creates(id.uuid())?;
    }
    memberships::check_account(ctx, new.participant_id, &new.memberships)?;
    for (index, wanted) in new.memberships.iter().enumerate() {
        memberships::check(ctx, id, new.participant_id, wanted, &format!("/memberships/{index}"))?;
    }
    let row = Person {
        id: Key(id),
        email: rules::email(&new.email).ok_or_else(|| {
            Problem::new(Code::Invalid).field("/email", "email", "This must be an e-mail address.")
        })?,
        display_name: new.display_name.trim().to_owned(),
        participant_id: new.participant_id.map(Key),
        password_hash: None,
        activation_hash: code.map(|code| code.hash().to_vec()),
        activation_expires_at: code.map(|_| At(ctx.now + TimeDelta::days(INVITATION_DAYS))),
        failed_attempts: 0,
        locked_until: None,
        deactivated_at: None,
        created_at: At(ctx.now),
        updated_at: At(ctx.now),
        version: 1,
    };
    person::insert(ctx.db, &row).map_err(|error| {
        checks::taken(error, person::EMAIL, "/email", "There is an account with this address already.")
    })?;
    for wanted in &new.memberships {
        memberships::grant(ctx, id, wanted)?;
    }
    ctx.resource(id.uuid());
    if code.is_none() {
        invite(ctx, id)?;
    }
    let mut shown = view(ctx, row)?;
    shown.activation_code = code.map(|code| code.expose().to_owned());
    Reply::created(format!("/v1/people/{id}"), 1, &shown)
}

/// The account with what belongs to it, noted for the log when it is a participant's.
fn view(ctx: &mut Ctx<'_, '_>, row: Person) -> Result<PersonView, Refusal> {
    let held = membership::of_people(ctx.db, &[row.id.0])?;
    let open = membership_proposal::open_of_people(ctx.db, &[row.id.0])?;
    if let Some(participant) = row.participant_id {
        ctx.about(participant.0);
    }
    Ok(PersonView::new(row, held, open, ctx.caller))
}

/// Look at an account
///
/// What is shown depends on who asks: colleagues see name and roles, an administrator the account.
#[utoipa::path(
    tag = "people", operation_id = "get_person",
    params(("id" = PersonId, Path, description = "The person.")),
    responses((status = 200, description = "The account.", body = PersonView))
)]
#[get("/v1/people/{id}")]
async fn get_person(
    permit: Permit<{ Operation::GetPerson.id() }>,
    path: Path<PersonId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .show(move |ctx| {
            let row = person::find(ctx.db, ctx.scope, id)?;
            let shown = view(ctx, row)?;
            Ok((shown.version, shown))
        })
        .await
}

/// Change an account
///
/// The display name is what can change. The address and the password are the person's own.
#[utoipa::path(
    tag = "people", operation_id = "update_person", request_body = PersonUpdate,
    params(
        ("id" = PersonId, Path, description = "The person."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The account as it is now.", body = PersonView))
)]
#[patch("/v1/people/{id}")]
async fn update_person(
    permit: Permit<{ Operation::UpdatePerson.id() }>,
    path: Path<PersonId>,
    if_match: IfMatch,
    body: Json<PersonUpdate>,
) -> Result<HttpResponse, Problem> {
    let (id, change) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let mut row = person::find(ctx.db, ctx.scope, id)?;
            if_match.check(row.version)?;
            if let Some(name) = &change.display_name {
                row.display_name = name.trim().to_owned();
            }
            save(ctx, row, None)
        })
        .await
}

/// Writes the account and answers it as it is now.
fn save(ctx: &mut Ctx<'_, '_>, mut row: Person, code: Option<&OpaqueSecret>) -> Result<Reply, Refusal> {
    row.updated_at = At(ctx.now);
    person::save(ctx.db, ctx.scope, &row)?;
    row.version += 1;
    let version = row.version;
    let mut shown = view(ctx, row)?;
    shown.activation_code = code.map(|code| code.expose().to_owned());
    Reply::ok(version, &shown)
}

/// Close an account
///
/// Every session of the person ends at once: his next request is refused. The last administrator cannot be closed out,
/// nor can the last person who could act on an open safeguarding flag.
#[utoipa::path(
    tag = "people", operation_id = "deactivate_person",
    params(("id" = PersonId, Path, description = "The person.")),
    responses((status = 200, description = "The account is closed.", body = PersonView))
)]
#[post("/v1/people/{id}/deactivation")]
async fn deactivate_person(
    permit: Permit<{ Operation::DeactivatePerson.id() }>,
    path: Path<PersonId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .write(move |ctx| {
            let mut row = person::find(ctx.db, ctx.scope, id)?;
            if row.state() == AccountState::Deactivated {
                return Err(
                    IllegalTransition::new(row.state(), "deactivation", [AccountState::Active]).into()
                );
            }
            let held = membership::live_of(ctx.db, id)?;
            if held.iter().any(|held| held.role.0 == Role::Admin) {
                memberships::leave_an_admin(ctx, id)?;
            }
            if flag_audience::needs_person(ctx.db, id)? {
                return Err(memberships::last_for_flags());
            }
            row.deactivated_at = Some(At(ctx.now));
            row.activation_hash = None;
            row.activation_expires_at = None;
            session::end_all_of_person(ctx.db, id, "deactivated", ctx.now)?;
            save(ctx, row, None)
        })
        .await
}

/// Open an account again
///
/// The person signs in with the password he chose. Where he never chose one, he is invited again.
#[utoipa::path(
    tag = "people", operation_id = "reactivate_person",
    params(("id" = PersonId, Path, description = "The person.")),
    responses((status = 200, description = "The account is open.", body = PersonView))
)]
#[post("/v1/people/{id}/reactivation")]
async fn reactivate_person(
    permit: Permit<{ Operation::ReactivatePerson.id() }>,
    path: Path<PersonId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let code = handed_out(permit.app());
    permit
        .write(move |ctx| {
            let mut row = person::find(ctx.db, ctx.scope, id)?;
            if row.state() != AccountState::Deactivated {
                return Err(
                    IllegalTransition::new(row.state(), "reactivation", [AccountState::Deactivated]).into()
                );
            }
            row.deactivated_at = None;
            // Whoever has a password keeps it: a code would let the one who hands it out take the account over.
            let code = code.as_ref().filter(|_| row.password_hash.is_none());
            if let Some(code) = code {
                row.activation_hash = Some(code.hash().to_vec());
                row.activation_expires_at = Some(At(ctx.now + TimeDelta::days(INVITATION_DAYS)));
            } else if row.password_hash.is_none() {
                invite(ctx, id)?;
            }
            save(ctx, row, code)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config
        .service(list_people)
        .service(create_person)
        .service(get_person)
        .service(update_person)
        .service(deactivate_person)
        .service(reactivate_person);
}
