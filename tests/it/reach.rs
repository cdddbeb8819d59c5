//! The relation walk: every role, with every operation on what belongs to a participant, from every place it can stand
//! to him. What should come of it is worked out from the policy table alone.

use std::collections::BTreeSet;

use alongside_api::http::lint;
use alongside_domain::id::SiteId;
use alongside_domain::policy::{Operation, Relation, Role, client_scopes, relation};
use alongside_store::exec;
use alongside_store::schema::sessions;
use alongside_store::types::At;
use diesel::prelude::*;
use serde_json::{Value, json};
use strum::VariantArray as _;

use crate::harness::rights::Office;
use crate::harness::{Answer, Caller, Man, World, assign, id};

/// How a caller stands to the participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// He himself, his supporter, at his site, in his programme.
    With,
    /// Another participant, a supporter of others, at the other site of the programme.
    Beside,
    /// A supporter whose help has ended.
    Former,
    /// At the other site of the programme, with the record open because of an emergency.
    Opened,
    /// In another programme on the same server.
    Elsewhere,
}

/// What the policy table says: whether a caller who stands like this reaches what is the participant's.
fn reaches(grant: Relation, stand: Stand) -> bool {
    match (grant, stand) {
        (_, Stand::Elsewhere) => false,
        (Relation::Own | Relation::Assigned, stand) => stand == Stand::With,
        (Relation::Site, stand) => !matches!(stand, Stand::Beside | Stand::Opened),
        (Relation::Emergency, stand) => stand != Stand::Beside,
        (Relation::Programme, _) => true,
        // A safeguarding lead can act on the flag of this walk.
        (Relation::StandIn, _) => false,
        (Relation::Installation, _) => panic!("no operation on a person's record has this"),
    }
}

/// Where the participant is found in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum About {
    /// The path names him or what is his.
    Path,
    /// The body names him, or the site where he is to be entered, at this pointer.
    Body(&'static str),
    /// A list may show him.
    List,
}

/// What belongs to nobody's record.
const IMPERSONAL: &[&str] = &[
    "/v1/programmes",
    "/v1/signposts",
    "/v1/sites",
    "/v1/people",
    "/v1/clients",
    "/v1/instruments",
    "/v1/consent-forms",
    "/v1/sessions",
    "/v1/supporter-sessions",
    "/v1/device-authorisations",
    "/v1/second-factor",
    "/v1/password-",
    "/v1/activations",
    "/oauth2",
    // About whoever used records, and naming none of them.
    "/v1/access-notices",
    // Whoever opened a record sees that he did, and who watches over it: they have a walk of their own.
    "/v1/emergency-accesses",
    // Judges what is sent, and keeps nothing.
    "/v1/fhir",
];

/// One operation of the document on something that is a participant's.
struct Call {
    operation: Operation,
    method: String,
    path: String,
    content_type: &'static str,
    example: Option<Value>,
    about: About,
}

/// Every operation on something that is a participant's, as the document has it. A new one is in the walk without
/// anybody's doing; one that the walk cannot place fails it.
fn calls() -> Vec<Call> {
    let document: Value = serde_json::from_str(include_str!("../../openapi/openapi.json")).unwrap();
    let mut calls = Vec::new();
    for (path, method, operation) in lint::operations(&document) {
        let Some(known) = operation["operationId"].as_str().and_then(Operation::named) else { continue };
        // The receipt is the raiser's own: it has a walk of its own.
        if IMPERSONAL.iter().any(|prefix| path.starts_with(prefix)) || known == Operation::GetFlagReceipt {
            continue;
        }
        let content = &operation["requestBody"]["content"];
        let fhir = content.get("application/fhir+json");
        let example = fhir.or_else(|| content.get("application/json")).map(|body| example(&document, body));
        let names = |member: &str| example.as_ref().is_some_and(|body| body.get(member).is_some());
        let about = match (path.contains("{id}"), method) {
            (true, _) => About::Path,
            (false, "get") => About::List,
            _ if names("participant_id") => About::Body("/participant_id"),
            _ if names("site_id") => About::Body("/site_id"),
            _ => panic!("whose record is {known} about?"),
        };
        calls.push(Call {
            operation: known,
            method: method.to_uppercase(),
            path: path.to_owned(),
            content_type: if fhir.is_some() { "application/fhir+json" } else { "application/json" },
            example,
            about,
        });
    }
    calls
}

/// The example of a request body, wherever the document keeps it.
fn example(document: &Value, body: &Value) -> Value {
    if let Some(example) = body.get("example") {
        return example.clone();
    }
    let name = body["schema"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
    let schema = &document["components"]["schemas"][name];
    schema.get("example").or_else(|| schema["examples"].get(0)).unwrap().clone()
}

/// A participant with one of everything that can be his.
struct Belongings {
    man: Man,
    assignment: String,
    /// In progress, with a session of his supporter.
    open: String,
    session: String,
    submitted: String,
    plan: String,
    action: String,
    flag: String,
    request: String,
}

/// Everybody, made once; what they act on is made anew for each operation that changes it.
struct Cast {
    world: World,
    here: SiteId,
    supporter: Caller,
    former: Caller,
    coordinator: Caller,
    clinician: Caller,
    instrument: Value,
    office: Office,
    /// All but the supporters and the participants.
    staff: Vec<(Role, Stand, Caller)>,
}

impl Cast {
    fn new() -> Self {
        let world = World::start();
        let [here, there] = world.sites;
        let (other, site) = world.other_programme();
        let mut staff = Vec::new();
        for role in Role::VARIANTS {
            match role {
                Role::Supporter | Role::Participant => {}
                Role::Admin => staff.push((*role, Stand::With, world.admin())),
                Role::IntegrationClient => {
                    staff.push((*role, Stand::With, world.client(&client_scopes())));
                    staff.push((*role, Stand::Elsewhere, world.client_of(other, &client_scopes())));
                }
                role => {
                    staff.push((*role, Stand::With, world.sign_in_at(*role, here)));
                    staff.push((*role, Stand::Beside, world.sign_in_at(*role, there)));
                    let elsewhere = world.enrol(*role, Some(other), Some(site), None);
                    staff.push((*role, Stand::Elsewhere, elsewhere));
                }
            }
        }
        let [supporter, former, stranger] = [(); 3].map(|()| world.sign_in(Role::Supporter));
        world.participant().consented().helped_by(&stranger).create();
        let elsewhere = world.enrol(Role::Supporter, Some(other), None, None);
        staff.push((Role::Supporter, Stand::Beside, stranger));
        staff.push((Role::Supporter, Stand::Elsewhere, elsewhere));
        let next_door = world.participant().at(there).create();
        staff.push((Role::Participant, Stand::Beside, world.sign_in_participant(next_door.id)));
        let foreign = world
            .enrol(Role::Coordinator, Some(other), None, None)
            .post("/v1/participants", &json!({"site_id": site, "identity": {"name": "Somebody Else"}}))
            .created();
        let foreign = world.enrol(Role::Participant, Some(other), None, Some(id(&foreign)));
        staff.push((Role::Participant, Stand::Elsewhere, foreign));
        Self {
            here,
            supporter,
            former,
            coordinator: world.sign_in(Role::Coordinator),
            clinician: world.sign_in(Role::Clinician),
            instrument: world.instrument("/prostate-hna"),
            office: Office::of(&world),
            world,
            staff,
        }
    }

    fn begin(&self, by: &Caller, man: &Man, time_point: &str) -> String {
        let system = "https://fhir.alongside.example/CodeSystem/answer";
        let mut begun = json!({"participant_id": man.id, "instrument_id": self.instrument["id"],
            "time_point": time_point, "channel": "in_person"});
        if by.role != "supporter" {
            begun["answers"] = json!([{"link_id": "URI.leakage.gate",
                "values": [{"valueCoding": {"system": system, "code": "yes"}}]}]);
        }
        let made = by.post("/v1/assessments", &begun).created();
        made["id"].as_str().unwrap().to_owned()
    }

    /// With a request for access: answered, where its report is to be read.
    fn belongings(&self, answered: bool) -> Belongings {
        let text = |view: &Value| view["id"].as_str().unwrap().to_owned();
        let man = self.world.participant().at(self.here).offline().consented().create();
        crate::emergency_accesses::born(&self.coordinator, &man);
        let ended = text(&assign(&self.coordinator, &self.former, &man));
        self.coordinator.post(&format!("/v1/assignments/{ended}/ending"), &json!({})).ok();
        let assignment = text(&assign(&self.coordinator, &self.supporter, &man));
        let submitted = self.begin(&self.clinician, &man, "T0");
        self.clinician.post_nothing(&format!("/v1/assessments/{submitted}/submission")).ok();
        let open = self.begin(&self.supporter, &man, "T1");
        let help =
            json!({"affirmed": true, "level": "A2", "keyed_by": "participant", "others_present": ["nobody"]});
        let sessions = format!("/v1/assessments/{open}/assistance-sessions");
        let session = text(&self.supporter.post(&sessions, &help).created());
        let plans = self.clinician.get(&format!("/v1/care-plans?participant_id={}", man.id)).ok();
        let plan = text(&plans["items"][0]);
        let action = text(&self.clinician.get(&format!("/v1/care-plans/{plan}")).ok()["actions"][0]);
        let concern = json!({"participant_id": man.id, "source": "seen", "immediate_danger": false,
            "report": {"what_was_seen": "An empty fridge."}});
        let flag = text(&self.coordinator.post("/v1/flags", &concern).created());
        let request = if answered { self.office.report(man.id) } else { self.office.ask(man.id, "access") };
        let request = request.rsplit('/').next().unwrap().to_owned();
        Belongings { man, assignment, open, session, submitted, plan, action, flag, request }
    }

    /// Everybody who can call, with how he stands to this participant. Those who stand with him come last: what they
    /// do, nobody should be told of.
    fn callers(&self, his: &Belongings) -> Vec<(Role, Stand, Caller)> {
        let mut callers = self.staff.clone();
        callers.push((Role::Supporter, Stand::Former, self.former.clone()));
        for role in Role::VARIANTS.iter().filter(|role| role.breaks_glass()) {
            let opener = self.world.sign_in_at(*role, self.world.sites[1]);
            opener.post("/v1/emergency-accesses", &crate::emergency_accesses::asked(&his.man)).created();
            callers.push((*role, Stand::Opened, opener));
        }
        callers.push((Role::Supporter, Stand::With, self.supporter.clone()));
        callers.push((Role::Participant, Stand::With, self.world.sign_in_participant(his.man.id)));
        // His supporter first of those who may change something: who acts after him finds another state, and no 404.
        callers.sort_by_key(|(role, stand, _)| (*stand == Stand::With, *role != Role::Supporter));
        callers
    }
}

impl Call {
    fn reads(&self) -> bool {
        self.method == "GET"
    }

    fn path(&self, his: &Belongings) -> String {
        let of_submitted = [
            Operation::AmendAssessment,
            Operation::GetAssessmentSummary,
            Operation::ExportQuestionnaireResponse,
        ];
        let man = his.man.id.to_string();
        let parts = [
            ("/v1/participants/", &man),
            ("/v1/consents/", &his.man.consent.unwrap().to_string()),
            ("/v1/assignments/", &his.assignment),
            (
                "/v1/assessments/",
                if of_submitted.contains(&self.operation) { &his.submitted } else { &his.open },
            ),
            ("/v1/care-plans/", &his.plan),
            ("/v1/flags/", &his.flag),
            ("/v1/rights-requests/", &his.request),
        ];
        let mut path = self.path.replace("{session_id}", &his.session).replace("{action_id}", &his.action);
        if self.about == About::Path {
            let id = parts.iter().find(|(prefix, _)| path.starts_with(prefix));
            let (_, id) = id.unwrap_or_else(|| panic!("whose is {path}?"));
            path = path.replace("{id}", id);
        }
        assert!(!path.contains('{'), "nothing to put into {path}");
        match (self.about.clone(), self.operation) {
            (About::List, Operation::ListParticipants) => format!("{path}?limit=200"),
            (About::List, _) => format!("{path}?participant_id={man}&limit=200"),
            (_, Operation::ExplainItem) => format!("{path}?link_id=URI.leakage.gate"),
            _ => path,
        }
    }

    fn send(&self, by: &Caller, his: &Belongings, here: SiteId) -> Answer {
        let mut body = self.example.clone();
        for (member, id) in [("participant_id", json!(his.man.id)), ("site_id", json!(here))] {
            if let Some(named) = body.as_mut().and_then(|body| body.get_mut(member)) {
                *named = id;
            }
        }
        // No version is ever this high, so that nothing but the reach decides before the version does.
        let headers = [("content-type", self.content_type), ("if-match", "\"999999\"")];
        let headers = if body.is_some() { &headers[..] } else { &headers[1..] };
        let bytes = body.map(|body| body.to_string().into_bytes());
        let bytes = bytes.or_else(|| (!self.reads()).then(Vec::new));
        by.send(&self.method, &self.path(his), headers, bytes)
    }

    /// The answer is exactly what the table says it must be.
    fn judge(&self, answer: &Answer, his: &Belongings, who: &str, grant: Option<Relation>, stand: Stand) {
        let Some(grant) = grant else {
            answer.forbidden();
            return;
        };
        let reached = reaches(grant, stand);
        let said = format!("{who} {}: {} {}", self.operation, answer.status, answer.text());
        match &self.about {
            About::Path if !reached => drop(answer.not_found()),
            About::Body(pointer) if !reached => drop(answer.invalid_at(pointer)),
            About::List if !reached && answer.status == 404 => drop(answer.not_found()),
            About::List => {
                let page = answer.ok();
                let items = page["items"].as_array().unwrap();
                let his_own = json!(his.man.id);
                let is_his = |item: &Value| match self.operation {
                    Operation::ListParticipants => item["id"] == his_own,
                    _ => item["participant_id"] == his_own,
                };
                assert_eq!(items.iter().any(is_his), reached, "{said}");
            }
            About::Path | About::Body(_) => {
                assert!(![401, 403, 404, 500].contains(&answer.status), "{said}");
                if let About::Body(pointer) = self.about
                    && answer.status == 422
                {
                    let errors = answer.json()["errors"].clone();
                    let named = errors.as_array().unwrap().iter().any(|error| error["pointer"] == pointer);
                    assert!(!named, "{said}");
                }
            }
        }
    }
}

#[test]
fn what_is_a_participants_is_reached_exactly_as_the_table_says() {
    let cast = Cast::new();
    let kept = cast.belongings(true);
    // However long the walk takes, nobody is asked again who he is.
    let later = At(cast.world.app.clock.now() + chrono::TimeDelta::days(1));
    cast.world.write(move |db| {
        Ok(exec(db, diesel::update(sessions::table).set(sessions::fresh_at.eq(Some(later))))?)
    });
    let (mut cells, mut reached) = (0, BTreeSet::new());
    for call in calls() {
        let made;
        let his = if call.reads() {
            &kept
        } else {
            made = cast.belongings(false);
            &made
        };
        for (role, stand, caller) in cast.callers(his) {
            let answer = call.send(&caller, his, cast.here);
            let opens = call.operation.rule().unwrap().opens_in_emergency(role);
            let grant = relation(call.operation, role)
                .map(|grant| if opens && stand == Stand::Opened { Relation::Emergency } else { grant });
            call.judge(&answer, his, &format!("{role} {stand:?}"), grant, stand);
            if grant.is_some_and(|grant| reaches(grant, stand)) {
                reached.insert(call.operation.name());
            }
            cells += 1;
        }
    }
    println!("{cells} cells of role, operation and relation were walked");
    assert!(cells > 1500, "only {cells} cells were walked");
    let all: BTreeSet<_> = calls().iter().map(|call| call.operation.name()).collect();
    assert_eq!(reached, all, "every operation is reached by somebody");
}

/// A receipt is for the one who raised the flag, and for nobody else, whatever his role.
#[test]
fn a_receipt_is_its_raisers_own() {
    let cast = Cast::new();
    let his = cast.belongings(false);
    let concern = json!({"source": "seen", "immediate_danger": false,
        "report": {"what_was_seen": "An empty fridge."}});
    let callers = cast.callers(&his);
    let mut receipts = Vec::new();
    for (role, stand, caller) in &callers {
        let answer = caller.post("/v1/flags", &concern);
        if relation(Operation::CreateFlag, *role).is_none() {
            answer.forbidden();
            continue;
        }
        receipts.push((*role, *stand, answer.created()["id"].as_str().unwrap().to_owned()));
    }
    for (role, stand, caller) in &callers {
        for (raised_by, from, id) in &receipts {
            let answer = caller.get(&format!("/v1/flags/{id}/receipt"));
            match relation(Operation::GetFlagReceipt, *role) {
                None => drop(answer.forbidden()),
                Some(_) if (role, stand) == (raised_by, from) => drop(answer.ok()),
                Some(_) => drop(answer.not_found()),
            }
        }
    }
}
