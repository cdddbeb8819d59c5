//! Who a participant is and how to reach him safely: apart from the record under the pseudonym.

use actix_web::{HttpResponse, get, patch};
use alongside_domain::id::ParticipantId;
use alongside_domain::participant::{Address, EmergencyContact, Gp, Identity, Needs, NhsNumber, SafeContact};
use alongside_domain::policy::{Operation, Role};
use alongside_store::participant::{self, Participant};
use alongside_store::sealing::RecordKeys;
use chrono::NaiveDate;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::checks;
use crate::http::etag::IfMatch;
use crate::http::{Code, Json, Path, Permit, Problem, Refusal, Reply, Services, patch as merge, rules};

/// Who a participant is.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityInput {
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200, example = "Arthur Example")]
    pub name: String,
    pub date_of_birth: Option<NaiveDate>,
    /// Ten digits; spaces between them are left out.
    #[validate(length(max = 16), custom(function = "is_nhs_number"))]
    #[schema(min_length = 10, max_length = 16, example = "943 476 5919")]
    pub nhs_number: Option<String>,
    #[validate(nested)]
    pub address: Option<AddressInput>,
    #[serde(default)]
    #[validate(length(max = 10), custom(function = "phones"))]
    #[schema(max_items = 10, min_length = 3, max_length = 32)]
    pub phones: Vec<String>,
    #[validate(length(max = 254), custom(function = "checks::email"))]
    #[schema(min_length = 3, max_length = 254)]
    pub email: Option<String>,
    #[validate(nested)]
    pub gp: Option<GpInput>,
    #[validate(nested)]
    pub emergency_contact: Option<EmergencyContactInput>,
}

/// Where letters go and supporters visit.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressInput {
    #[validate(length(min = 1, max = 6), custom(function = "address_lines"))]
    #[schema(min_items = 1, max_items = 6, min_length = 1, max_length = 100)]
    pub lines: Vec<String>,
    #[validate(length(min = 1, max = 10), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 10, example = "ZZ99 9ZZ")]
    pub postcode: Option<String>,
}

/// The general practice he is registered with.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GpInput {
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200)]
    pub practice: String,
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    #[validate(length(max = 32), custom(function = "checks::phone"))]
    #[schema(min_length = 3, max_length = 32)]
    pub phone: Option<String>,
}

/// Who is rung in an emergency.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyContactInput {
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    #[validate(length(min = 1, max = 100), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 100)]
    pub relationship: Option<String>,
    #[validate(length(max = 32), custom(function = "checks::phone"))]
    #[schema(min_length = 3, max_length = 32)]
    pub phone: String,
}

/// How he can be reached without putting him at risk.
#[derive(Debug, Clone, Default, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SafeContactInput {
    /// The numbers that may be rung; when empty, any of his.
    #[serde(default)]
    #[validate(length(max = 10), custom(function = "phones"))]
    #[schema(max_items = 10, min_length = 3, max_length = 32)]
    pub numbers: Vec<String>,
    /// When to ring, in words.
    #[validate(length(max = 500))]
    #[schema(max_length = 500)]
    pub times: Option<String>,
    #[serde(default)]
    pub no_voicemail: bool,
    #[serde(default)]
    pub no_post: bool,
    /// Whom nothing must reach.
    #[validate(length(max = 500))]
    #[schema(max_length = 500)]
    pub who_must_not_know: Option<String>,
}

/// What may be changed. Objects are merged member by member (RFC 7396); null removes what may be absent.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"phones": ["01632 960123"], "safe_contact": {"no_voicemail": true}, "email": null}))]
pub struct ParticipantIdentityUpdate {
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<NaiveDate>)]
    pub date_of_birth: Option<Option<NaiveDate>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 10, max_length = 16, value_type = Option<String>)]
    pub nhs_number: Option<Option<String>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<AddressUpdate>)]
    pub address: Option<Option<AddressUpdate>>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 10, min_length = 3, max_length = 32, nullable = false)]
    pub phones: Option<Vec<String>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 3, max_length = 254, value_type = Option<String>)]
    pub email: Option<Option<String>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<GpUpdate>)]
    pub gp: Option<Option<GpUpdate>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<EmergencyContactUpdate>)]
    pub emergency_contact: Option<Option<EmergencyContactUpdate>>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub safe_contact: Option<SafeContactUpdate>,
}

/// Changes to the address.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressUpdate {
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 6, max_length = 100, nullable = false)]
    pub lines: Option<Vec<String>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10, value_type = Option<String>)]
    pub postcode: Option<Option<String>>,
}

/// Changes to the general practice.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GpUpdate {
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    pub practice: Option<String>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, value_type = Option<String>)]
    pub name: Option<Option<String>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 32, value_type = Option<String>)]
    pub phone: Option<Option<String>>,
}

/// Changes to who is rung in an emergency.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyContactUpdate {
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, value_type = Option<String>)]
    pub relationship: Option<Option<String>>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 3, max_length = 32, nullable = false)]
    pub phone: Option<String>,
}

/// Changes to the safe-contact rules.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SafeContactUpdate {
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 10, min_length = 3, max_length = 32, nullable = false)]
    pub numbers: Option<Vec<String>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500, value_type = Option<String>)]
    pub times: Option<Option<String>>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub no_voicemail: Option<bool>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub no_post: Option<bool>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500, value_type = Option<String>)]
    pub who_must_not_know: Option<Option<String>>,
}

/// Who a participant is, as far as the caller's role may know: a supporter gets what he needs to be in touch, and
/// nothing else.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e80", "name": "Arthur Example",
    "phones": ["01632 960123"],
    "safe_contact": {"numbers": [], "times": "Mornings", "no_voicemail": true, "no_post": false,
        "who_must_not_know": null},
    "needs": {"interpreter": false, "interpreter_language": null, "communication": ["large_print"], "access": [],
        "note": null},
    "date_of_birth": "1949-05-01", "nhs_number": "9434765919", "version": 3
}))]
pub struct ParticipantIdentityView {
    pub participant_id: ParticipantId,
    #[schema(max_length = 200)]
    pub name: String,
    #[schema(max_items = 10, max_length = 32)]
    pub phones: Vec<String>,
    pub safe_contact: SafeContact,
    pub needs: Needs,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub date_of_birth: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nhs_number: Option<NhsNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 254)]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gp: Option<Gp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emergency_contact: Option<EmergencyContact>,
    /// What `If-Match` wants to hear, without its quotes: the version of the participant's record.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub version: i64,
}

impl ParticipantIdentityView {
    fn of(row: &Participant, keys: &RecordKeys, role: Role) -> Result<Self, Refusal> {
        let identity = row.identity(keys)?;
        let helper = role == Role::Supporter;
        // The home address opens to supporters around a visit only, and treatment and monitoring do without it.
        let address = !matches!(role, Role::Supporter | Role::Clinician | Role::Monitor);
        Ok(Self {
            participant_id: row.id.0,
            name: identity.name,
            phones: identity.phones,
            safe_contact: row.safe_contact(keys)?,
            needs: row.needs(keys)?,
            date_of_birth: identity.date_of_birth.filter(|_| !helper),
            nhs_number: identity.nhs_number.filter(|_| !helper),
            address: identity.address.filter(|_| address),
            email: identity.email.filter(|_| !helper),
            gp: identity.gp.filter(|_| !helper),
            emergency_contact: identity.emergency_contact.filter(|_| !helper),
            version: row.version,
        })
    }
}

fn is_nhs_number(text: &str) -> Result<(), ValidationError> {
    text.parse::<NhsNumber>()
        .map(drop)
        .map_err(|error| ValidationError::new("nhs_number").with_message(error.to_string().into()))
}

fn phones(numbers: &[String]) -> Result<(), ValidationError> {
    if numbers.iter().any(|number| number.chars().count() > 32) {
        return Err(
            ValidationError::new("length").with_message("Each must be at most 32 characters long.".into())
        );
    }
    numbers.iter().try_for_each(|number| checks::phone(number))
}

fn address_lines(lines: &[String]) -> Result<(), ValidationError> {
    if lines.iter().any(|line| line.chars().count() > 100) {
        return Err(
            ValidationError::new("length").with_message("Each must be at most 100 characters long.".into())
        );
    }
    lines.iter().try_for_each(|line| checks::line(line))
}

/// The domain's type of a validated input: the two have the same members.
pub(super) fn accept<T: DeserializeOwned>(input: &impl Serialize) -> Result<T, Refusal> {
    Ok(serde_json::from_value(serde_json::to_value(input)?)?)
}

/// What a merge patch (RFC 7396) makes of `current`, held to the rules of a new value.
pub(super) fn merged<T: DeserializeOwned + Validate>(
    current: &impl Serialize,
    patch: &impl Serialize,
) -> Result<T, Refusal> {
    let mut value = serde_json::to_value(current)?;
    merge_into(&mut value, serde_json::to_value(patch)?);
    let changed: T = serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = error.path().iter().fold(String::new(), |at, segment| format!("{at}/{segment}"));
        Problem::new(Code::Invalid).field(
            pointer,
            "incomplete",
            "Something that is required here would be missing.",
        )
    })?;
    rules::check(&changed)?;
    Ok(changed)
}

fn merge_into(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, member) in patch {
        if member.is_null() {
            target.remove(&name);
        } else {
            merge_into(target.entry(name).or_insert(Value::Null), member);
        }
    }
}

/// 422 for a birthday in the future.
pub(super) fn check_birth(identity: &Identity, today: NaiveDate) -> Result<(), Problem> {
    if identity.date_of_birth.is_some_and(|born| born > today) {
        return Err(Problem::new(Code::Invalid).field(
            "/date_of_birth",
            "future",
            "This day has not come yet.",
        ));
    }
    Ok(())
}

/// Look at who a participant is
///
/// Name, numbers and the rules for safe contact; date of birth, NHS number, practice and address only for the roles
/// that need them. A supporter gets this while the assignment is active and consent allows contact.
#[utoipa::path(
    tag = "participants", operation_id = "get_participant_identity",
    params(("id" = ParticipantId, Path, description = "The participant.")),
    responses((status = 200, description = "Who he is.", body = ParticipantIdentityView))
)]
#[get("/v1/participants/{id}/identity")]
async fn get_participant_identity(
    permit: Permit<{ Operation::GetParticipantIdentity.id() }>,
    path: Path<ParticipantId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .show(move |ctx| {
            let row = participant::find(ctx.db, ctx.scope, id)?;
            ctx.about(id);
            let keys = ctx.keys_of(id)?;
            Ok((row.version, ParticipantIdentityView::of(&row, &keys, ctx.caller.role)?))
        })
        .await
}

/// Change who a participant is
///
/// A merge patch. The version is that of the participant's record.
#[utoipa::path(
    tag = "participants", operation_id = "update_participant_identity", request_body = ParticipantIdentityUpdate,
    params(
        ("id" = ParticipantId, Path, description = "The participant."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "Who he is now.", body = ParticipantIdentityView))
)]
#[patch("/v1/participants/{id}/identity")]
async fn update_participant_identity(
    permit: Permit<{ Operation::UpdateParticipantIdentity.id() }>,
    path: Path<ParticipantId>,
    if_match: IfMatch,
    body: Json<ParticipantIdentityUpdate>,
) -> Result<HttpResponse, Problem> {
    let (id, change) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let mut row = participant::find(ctx.db, ctx.scope, id)?;
            ctx.about(id);
            if_match.check(row.version)?;
            let keys = ctx.keys_of(id)?;
            if let Some(change) = &change.safe_contact {
                let input: SafeContactInput = merged(&row.safe_contact(&keys)?, change)
                    .map_err(|refused| below("/safe_contact", refused))?;
                row.safe_contact =
                    participant::seal(&keys, id, "safe_contact", &accept::<SafeContact>(&input)?)?;
            }
            let change = ParticipantIdentityUpdate { safe_contact: None, ..change.clone() };
            let input: IdentityInput = merged(&row.identity(&keys)?, &change)?;
            let identity: Identity = accept(&input)?;
            check_birth(&identity, ctx.now.date_naive())?;
            row.identity = participant::seal(&keys, id, "identity", &identity)?;
            participant::save(ctx.db, &row, ctx.now)?;
            row.version += 1;
            Reply::ok(row.version, &ParticipantIdentityView::of(&row, &keys, ctx.caller.role)?)
        })
        .await
}

/// The same refusal, with its pointers below `at`.
pub(super) fn below(at: &str, refused: Refusal) -> Refusal {
    let Refusal::Problem(problem) = refused else { return refused };
    let fields = problem.errors().iter().cloned().map(|mut field| {
        field.pointer = format!("{at}{}", field.pointer).into();
        field
    });
    Problem::new(problem.code()).fields(fields.collect::<Vec<_>>()).into()
}

pub fn routes(config: &mut impl Services) {
    config.service(get_participant_identity).service(update_participant_identity);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_merges_as_the_standard_says() {
        let mut value = json!({"name": "A", "gp": {"practice": "P", "phone": "1"}, "phones": ["1"], "email": "a@b.example"});
        merge_into(&mut value, json!({"gp": {"phone": null, "name": "N"}, "phones": ["2"], "email": null}));
        assert_eq!(value, json!({"name": "A", "gp": {"practice": "P", "name": "N"}, "phones": ["2"]}));
    }

    #[test]
    fn what_the_patch_leaves_is_held_to_the_rules() {
        let identity: Identity = serde_json::from_value(json!({"name": "Arthur Example"})).unwrap();
        let pointers = |patch: Value| {
            let refused = merged::<IdentityInput>(&identity, &patch).unwrap_err();
            let problem = refused.into_problem();
            problem.errors().iter().map(|error| error.pointer.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(pointers(json!({"nhs_number": "9434765918"})), ["/nhs_number"]);
        assert_eq!(pointers(json!({"gp": {"phone": "01632 960000"}})), ["/gp"]);
        assert_eq!(pointers(json!({"phones": ["call me"]})), ["/phones"]);
        let changed: IdentityInput = merged(&identity, &json!({"nhs_number": "943 476 5919"})).unwrap();
        let identity: Identity = accept(&changed).unwrap();
        assert_eq!(identity.nhs_number.unwrap().as_str(), "9434765919");
    }
}
