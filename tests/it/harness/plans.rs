//! Care plans in their states, for tests that begin there.

use alongside_domain::care_plan::{self as rules, ActionDraft};
use alongside_domain::clock::{Ids as _, System};
use alongside_domain::id::{CarePlanActionId, CarePlanId, ParticipantId, SiteId};
use alongside_domain::instrument::{Concern, HelpWanted};
use alongside_domain::policy::Role;
use alongside_store::care_plan::{self, NewCarePlan};
use serde_json::{Value, json};

use super::{Caller, Man, World, rows};

pub fn concern(code: &str, help: Option<HelpWanted>) -> Concern {
    Concern {
        code: code.to_owned(),
        section: None,
        title: "Leaking urine".to_owned(),
        link_id: "leak.gate".to_owned(),
        bother: Some(7),
        band: None,
        duration: None,
        help,
        own_words: Some("At night".to_owned()),
        chosen_rank: None,
        private: false,
    }
}

/// The plan that these concerns propose, behind the API's back.
pub fn drafted(world: &World, participant: ParticipantId, site: SiteId, concerns: &[Concern]) -> CarePlanId {
    let assessment = rows::assessment(world, participant, site);
    let id = CarePlanId::new(System.fresh());
    let (keys, programme, now) = (world.keys_of(participant), world.programme, world.app.clock.now());
    let actions: Vec<(CarePlanActionId, ActionDraft)> = rules::draft(concerns, &[])
        .into_iter()
        .map(|draft| (CarePlanActionId::new(System.fresh()), draft))
        .collect();
    world.write(move |db| {
        let new = NewCarePlan { id, programme, site, participant, assessment };
        care_plan::draft(db, &keys, new, &actions, now)
    });
    id
}

/// The path of a plan that a submitted assessment with these yeses made.
pub fn from_answers(world: &World, clinician: &Caller, man: &Man, yes: &[&str], no: &[&str]) -> String {
    let system = "https://fhir.alongside.example/CodeSystem/answer";
    let answer = |link_id: &&str, code: &str| {
        json!({"link_id": format!("{link_id}.gate"),
            "values": [{"valueCoding": {"system": system, "code": code}}]})
    };
    let answers: Vec<Value> =
        yes.iter().map(|code| answer(code, "yes")).chain(no.iter().map(|code| answer(code, "no"))).collect();
    let begun = json!({"participant_id": man.id, "instrument_id": world.instrument("/prostate-hna")["id"],
        "time_point": "T0", "channel": "in_person", "answers": answers});
    let made = clinician.post("/v1/assessments", &begun).created();
    let assessment = made["id"].as_str().unwrap();
    clinician.post_nothing(&format!("/v1/assessments/{assessment}/submission")).ok();
    let plans = clinician.get(&format!("/v1/care-plans?participant_id={}", man.id)).ok();
    format!("/v1/care-plans/{}", plans["items"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap())
}

pub fn talk() -> Value {
    json!({"with": ["participant", "family_friend"], "channel": "in_person", "note": "At the kitchen table."})
}

pub fn yes(world: &World) -> Value {
    json!({"method": "spoken", "with": ["participant"], "review_on": day(world, 90)})
}

/// The day that is so many days from now, as a date.
pub fn day(world: &World, days: i64) -> String {
    (world.app.clock.now() + chrono::TimeDelta::days(days)).date_naive().to_string()
}

/// Brings a drafted plan to its agreement.
pub fn agree(world: &World, clinician: &Caller, plan: &str) -> Value {
    clinician.post(&format!("{plan}/discussion"), &talk()).ok();
    clinician.post(&format!("{plan}/agreement"), &yes(world)).ok()
}

/// A consenting man with an agreed plan about one concern that is to be talked about: he, a clinician, the plan's path.
pub fn agreed(world: &World) -> (Man, Caller, String) {
    let clinician = world.sign_in_at(Role::Clinician, world.sites[0]);
    let man = world.participant().at(world.sites[0]).consented().create();
    let concerns = [concern("URI.leakage", Some(HelpWanted::Talk))];
    let plan = format!("/v1/care-plans/{}", drafted(world, man.id, world.sites[0], &concerns));
    agree(world, &clinician, &plan);
    (man, clinician, plan)
}
