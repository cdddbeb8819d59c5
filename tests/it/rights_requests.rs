//! What people ask of their own record: the clock, the report, the correction, the restriction.

use alongside_domain::policy::Role;
use alongside_domain::rights_request::due::Clock;
use alongside_domain::working_day::{Region, local_day};
use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};

use crate::harness::plans::{from_answers, talk};
use crate::harness::rights::{Office, decision, step, told};
use crate::harness::{Caller, Man, World, assign};

fn today(world: &World) -> NaiveDate {
    local_day(world.app.clock.now(), "Europe/London")
}

fn due(received_on: NaiveDate, paused_days: u32, extended: bool) -> Value {
    let region = Region::EnglandAndWales;
    json!(Clock { received_on, paused_days, extended, region }.due_on())
}

fn listed(caller: &Caller, query: &str) -> usize {
    caller.get(&format!("/v1/rights-requests?{query}")).ok()["items"].as_array().unwrap().len()
}

/// The lines of a report, one below the other.
fn lines(report: &Value) -> String {
    let sections = report["sections"].as_array().unwrap();
    let entries = sections.iter().flat_map(|section| section["entries"].as_array().unwrap());
    let said = entries.flat_map(|entry| {
        let lines = entry["lines"].as_array().unwrap().iter();
        let lines = lines.map(|line| format!("{}: {}", line["label"], line["text"]));
        std::iter::once(entry["title"].to_string()).chain(lines)
    });
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_clock_stands_while_he_is_asked_and_more_time_is_taken_once() {
    let world = World::start();
    let office = Office::of(&world);
    let man = world.participant().create();
    let request = office.ask(man.id, "access");
    let received = today(&world);
    let seen = office.privacy.get(&request).ok();
    assert_eq!((&seen["received_on"], &seen["due_on"]), (&json!(received), &due(received, 0, false)));

    let pause = json!({"pause_reason": "identity", "note": "Which of the two are you?"});
    step(&office.privacy, &request, "pause", &pause).ok();
    let proof = json!({"identity_proof": "document"});
    let refused =
        step(&office.coordinator, &request, "identity-check", &proof).problem(409, "illegal-transition");
    assert_eq!(refused["allowed_next"], json!(["refusal", "resumption"]));
    world.clock.advance(TimeDelta::days(50));
    let [privacy, coordinator] = [&office.privacy, &office.coordinator].map(|caller| world.renew(caller));
    assert_eq!(listed(&privacy, "overdue=true"), 0, "the clock stands");
    let etag = privacy.get(&request).etag();
    let resumed =
        privacy.send("POST", &format!("{request}/resumption"), &[("if-match", &etag)], Some(Vec::new())).ok();
    assert_eq!((&resumed["paused_days"], &resumed["due_on"]), (&json!(50), &due(received, 50, false)));

    let more = json!({"extension_reason": "complexity", "note": "Much of it is on paper.",
        "told_on": today(&world)});
    let extended = step(&privacy, &request, "extension", &more).ok();
    assert_eq!(extended["due_on"], due(received, 50, true));
    step(&privacy, &request, "extension", &more).problem(409, "conflict");
    let ahead = json!({"extension_reason": "complexity", "note": "x", "told_on": "2999-01-01"});
    step(&privacy, &request, "extension", &ahead).invalid_at("/told_on");
    step(&coordinator, &request, "extension", &more).forbidden();
    privacy.post(&format!("{request}/scope"), &json!({"note": "x"})).problem(428, "precondition-required");
}

#[test]
fn what_is_late_is_on_the_work_list_until_it_is_answered() {
    let world = World::start();
    let office = Office::of(&world);
    let man = world.participant().create();
    let own = world.sign_in_participant(man.id);
    let ask = |received: NaiveDate, channel: &str| {
        json!({"participant_id": man.id, "kind": "objection", "channel": channel, "asked": "No more letters.",
            "on_behalf": "His daughter, with his letter", "received_on": received})
    };
    let long_ago = today(&world) - TimeDelta::days(60);
    let late = office.privacy.post("/v1/rights-requests", &ask(long_ago, "letter")).created();
    assert_eq!(
        (&late["overdue"], &late["on_behalf"]),
        (&json!(true), &json!("His daughter, with his letter"))
    );
    for wrong in [
        ask(long_ago, "own_account"),
        json!({"participant_id": man.id, "kind": "access",
        "channel": "letter", "asked": "x", "received_on": "2999-01-01"}),
    ] {
        office.privacy.post("/v1/rights-requests", &wrong).is(422);
    }
    own.post("/v1/rights-requests", &ask(today(&world), "letter")).invalid_at("/channel");
    let fresh =
        json!({"participant_id": man.id, "kind": "access", "channel": "own_account", "asked": "All."});
    own.post("/v1/rights-requests", &fresh).created();
    assert_eq!((listed(&own, ""), listed(&office.privacy, "overdue=true")), (2, 1));
    let page = office.privacy.get("/v1/rights-requests?limit=1").ok();
    let next = format!("limit=1&cursor={}", page["next"].as_str().unwrap());
    assert_eq!(listed(&office.privacy, &next), 1);
    let (other, site) = world.other_programme();
    let foreign = world.enrol(Role::PrivacyOfficer, Some(other), Some(site), None);
    let path = format!("/v1/rights-requests/{}", late["id"].as_str().unwrap());
    foreign.get(&path).not_found();
    assert_eq!(listed(&foreign, ""), 0);

    let refusal = |told: bool| {
        json!({"refusal_reason": "no_grounds", "note": "There were none.", "told_on": long_ago,
            "told_of_right_to_complain": told})
    };
    step(&office.privacy, &path, "refusal", &refusal(false)).invalid_at("/told_of_right_to_complain");
    let refused = step(&office.privacy, &path, "refusal", &refusal(true)).ok();
    assert_eq!(refused["state"], "refused");
    assert!(refused["right_to_complain"].as_str().unwrap().contains("Information Commissioner"));
    assert_eq!(listed(&office.privacy, "overdue=true"), 0);
    step(&office.privacy, &path, "refusal", &refusal(true)).problem(409, "illegal-transition");
    let told = own.get(&path).ok();
    assert_eq!(told["steps"][0]["record"]["note"], "There were none.");
    let status = office.coordinator.get(&path).ok();
    assert_eq!((&status["asked"], &status["steps"][0]["record"]), (&Value::Null, &Value::Null));
}

/// A man with a supporter, answers and a plan, of which somebody else got a copy.
fn known(world: &World, clinician: &Caller) -> Man {
    let supporter = world.sign_in(Role::Supporter);
    let man = world.participant().consented().helped_by(&supporter).create();
    let plan = from_answers(world, clinician, &man, &["URI.leakage"], &[]);
    clinician.post(&format!("{plan}/discussion"), &talk()).ok();
    man
}

#[test]
fn a_report_says_who_helped_and_who_looked_once_two_people_let_it() {
    let world = World::start();
    let office = Office::of(&world);
    let clinician = world.sign_in(Role::Clinician);
    let man = known(&world, &clinician);
    let own = world.sign_in_participant(man.id);
    let request = office.ask(man.id, "access");
    office.scope(&request);
    let note = json!({"note": "It is his."});
    step(&office.privacy, &request, "approval", &note).problem(409, "illegal-transition");
    let partly = json!({"third_party": "partly", "released": ["people_present"], "safeguarding": "release",
        "note": "Only who sat there."});
    step(&office.privacy, &request, "decisions", &partly).ok();
    step(&office.privacy, &request, "approval", &note).problem(409, "conflict");
    let mut words = decision("release");
    words["safeguarding_words"] = json!("We talked with your GP about you.");
    step(&office.privacy, &request, "decisions", &words).invalid_at("/safeguarding_words");
    let decided = step(&office.lead, &request, "decisions", &words).ok();
    assert_eq!(decided["state"], "redaction");
    // Each sees what he decided himself; the other only that it was.
    let records = |caller: &Caller| {
        let steps = caller.get(&request).ok()["steps"].clone();
        let decisions = steps.as_array().unwrap().iter().filter(|step| step["step"] == "redaction");
        decisions.map(|step| step["record"].is_null()).collect::<Vec<_>>()
    };
    assert_eq!(records(&office.privacy), [false, true]);
    assert_eq!(records(&office.lead), [true, false]);
    assert_eq!(records(&own), [true, true]);

    office.approve(&request);
    own.get(&format!("{request}/report")).not_found();
    let in_account = told(&json!({"handover": "own_account"}));
    let done = step(&office.privacy, &request, "fulfilment", &in_account).ok();
    assert_eq!(done["state"], "fulfilled");
    assert!(done["report_expires_at"].is_string());
    // What the office noted for itself is not his to read; what he was told is.
    let steps = own.get(&request).ok()["steps"].clone();
    let read = steps.as_array().unwrap().iter().filter(|step| !step["record"].is_null());
    assert_eq!(read.map(|step| step["step"].as_str().unwrap()).collect::<Vec<_>>(), ["fulfilment"]);
    let report = own.get(&format!("{request}/report")).ok();
    let said = lines(&report);
    for there in [
        "Walter Invented",
        "A supporter",
        "\"Level of help\": ",
        "A clinician (nurse or doctor)",
        "\"Who was there\": \"participant, family friend\"",
        "We talked with your GP about you.",
    ] {
        assert!(said.contains(there), "{there}: {said}");
    }
    assert!(!said.contains("At the kitchen table."), "a note of staff: {said}");
    assert_eq!(report["left_out"], json!(["contacts", "witnesses", "recipients", "notes"]));
    assert!(!said.contains("safeguarding lead"), "{said}");
    let page = office.privacy.get_as(&format!("{request}/report"), "text/html");
    assert!(page.status == 200 && page.text().contains("<h1>What we hold about you</h1>"));
    office.coordinator.get(&format!("{request}/report")).forbidden();
    office.lead.get(&format!("{request}/report")).forbidden();
    let uses = own.get(&format!("{}/audit-events?limit=200", man.path())).ok();
    let fetched =
        uses["items"].as_array().unwrap().iter().filter(|one| one["operation"] == "get_access_report");
    assert!(fetched.filter(|one| one["outcome"] == "done").count() >= 2);

    world.clock.advance(TimeDelta::minutes(6));
    own.get(&format!("{request}/report")).problem(403, "step-up-required");
    world.clock.advance(TimeDelta::days(31));
    world.renew(&office.privacy).get(&format!("{request}/report")).not_found();
}

#[test]
fn a_report_that_is_handed_over_in_person_is_not_in_his_account() {
    let world = World::start();
    let office = Office::of(&world);
    let man = world.participant().create();
    let own = world.sign_in_participant(man.id);
    let request = office.ask(man.id, "access");
    office.scope(&request);
    for who in [&office.privacy, &office.lead] {
        step(who, &request, "decisions", &decision("withhold")).ok();
    }
    office.approve(&request);
    let in_person = told(&json!({"handover": "in_person"}));
    let done = step(&office.privacy, &request, "fulfilment", &in_person).ok();
    assert!(done["report_expires_at"].is_string());
    office.privacy.get(&format!("{request}/report")).ok();
    own.get(&format!("{request}/report")).not_found();
    assert_eq!(own.get(&request).ok()["report_expires_at"], Value::Null);
}

#[test]
fn one_person_does_not_decide_in_both_roles() {
    let world = World::start();
    let office = Office::of(&world);
    let request = office.ask(world.participant().create().id, "access");
    office.scope(&request);
    step(&office.lead, &request, "decisions", &decision("release")).ok();
    // The same person in the other role, once both are his.
    let mut both = office.lead.clone();
    both.role = "privacy_officer";
    let both = world.renew(&both);
    step(&both, &request, "decisions", &decision("release")).problem(409, "conflict");
    step(&office.privacy, &request, "decisions", &decision("release")).ok();
    office.approve(&request);
}

/// Two men who differ in nothing but that somebody is worried about one of them.
#[test]
fn nothing_of_a_request_tells_that_there_is_a_flag() {
    let world = World::start();
    let office = Office::of(&world);
    let clinician = world.sign_in(Role::Clinician);
    let [quiet, worried] = [(); 2].map(|()| known(&world, &clinician));
    let concern = json!({"participant_id": worried.id, "source": "seen", "immediate_danger": false,
        "report": {"what_was_seen": "An empty fridge."}});
    let flag = office.coordinator.post("/v1/flags", &concern).created();
    let flag = format!("/v1/flags/{}", flag["id"].as_str().unwrap());
    office.lead.get(&flag).ok();
    let shapes = [&quiet, &worried].map(|man| {
        let request = office.report(man.id);
        let own = world.sign_in_participant(man.id);
        let mut view = office.privacy.get(&request).ok();
        for member in ["id", "participant_id", "created_at", "updated_at", "closed_at", "report_expires_at"] {
            view[member] = Value::Null;
        }
        for step in view["steps"].as_array_mut().unwrap() {
            step["done_at"] = Value::Null;
        }
        let report = own.get(&format!("{request}/report")).ok();
        let sections = report["sections"].as_array().unwrap();
        let shape: Vec<_> = sections
            .iter()
            .map(|section| (section["code"].clone(), section["entries"].as_array().unwrap().len()))
            .collect();
        assert!(!report.to_string().contains("fridge"));
        (view, shape, report["left_out"].clone(), report["notes"].clone())
    });
    assert_eq!(shapes[0], shapes[1]);
}

#[test]
fn a_correction_is_linked_or_what_he_says_is_attached() {
    let world = World::start();
    let office = Office::of(&world);
    let clinician = world.sign_in(Role::Clinician);
    let man = known(&world, &clinician);
    let other = known(&world, &clinician);
    let approved = |man: &Man| {
        let request = office.ask(man.id, "rectification");
        office.scope(&request);
        office.approve(&request);
        request
    };
    let request = approved(&man);
    let newest = |man: &Man| {
        let all = clinician.get(&format!("/v1/assessments?participant_id={}", man.id)).ok();
        all["items"][0]["id"].as_str().unwrap().to_owned()
    };
    let assessment = newest(&man);
    let link =
        |id: &str, number: i64| told(&json!({"amendments": [{"assessment_id": id, "number": number}]}));
    step(&office.privacy, &request, "fulfilment", &told(&json!({}))).invalid_at("/amendments");
    step(&office.privacy, &request, "fulfilment", &link(&assessment, 2)).invalid_at("/amendments/0");
    let declined = told(&json!({"declined_because": "It is as you said it then."}));
    step(&office.privacy, &request, "fulfilment", &declined).invalid_at("/disagreement");
    let wrong = told(&json!({"ground": "unlawful_processing", "declined_because": "x", "disagreement": "y"}));
    step(&office.privacy, &request, "fulfilment", &wrong).invalid_at("/ground");

    let system = "https://fhir.alongside.example/CodeSystem/answer";
    let amend = json!({"reason": "participant_correction", "answers": [{"link_id": "URI.leakage.gate",
        "values": [{"valueCoding": {"system": system, "code": "no"}}]}]});
    let path = format!("/v1/assessments/{assessment}");
    let etag = clinician.get(&path).etag();
    let headers = [("content-type", "application/json"), ("if-match", etag.as_str())];
    let amended =
        clinician.send("POST", &format!("{path}/amendments"), &headers, Some(amend.to_string().into_bytes()));
    assert!([200, 201].contains(&amended.status), "{}", amended.text());
    step(&office.privacy, &request, "fulfilment", &link(&newest(&other), 2)).invalid_at("/amendments/0");
    let done = step(&office.privacy, &request, "fulfilment", &link(&assessment, 2)).ok();
    assert_eq!(done["state"], "fulfilled");

    // A name is put right by another operation: its event is the link.
    let request = approved(&man);
    let etag = office.coordinator.get(&man.path()).etag();
    let name = json!({"name": "Walter Rightly"});
    office.coordinator.patch(&format!("{}/identity", man.path()), &etag, &name).ok();
    let events = office.privacy.get(&format!("/v1/audit-events?participant_id={}&limit=200", man.id)).ok();
    let event = |operation: &str| {
        let all = events["items"].as_array().unwrap().iter();
        all.filter(|event| event["operation"] == operation).map(|event| event["id"].clone()).next().unwrap()
    };
    let by = |operation: &str| told(&json!({"changes": [event(operation)]}));
    step(&office.privacy, &request, "fulfilment", &by("get_participant")).invalid_at("/changes/0");
    step(&office.privacy, &request, "fulfilment", &by("update_participant_identity")).ok();

    let request = approved(&man);
    let declined =
        told(&json!({"declined_because": "It is as you said it then.", "disagreement": "I never did."}));
    let done = step(&office.privacy, &request, "fulfilment", &declined).ok();
    assert_eq!(done["steps"][3]["record"]["disagreement"], "I never did.");
}

#[test]
fn a_restricted_record_is_kept_and_not_used_until_that_is_lifted() {
    let world = World::start();
    let office = Office::of(&world);
    let clinician = world.sign_in(Role::Clinician);
    let supporter = world.sign_in(Role::Supporter);
    let man = world.participant().consented().helped_by(&supporter).create();
    let plan = from_answers(&world, &clinician, &man, &["URI.leakage"], &[]);
    let another = world.participant().consented().create();
    let request = office.ask(man.id, "restriction");
    office.scope(&request);
    office.approve(&request);
    supporter.get(&man.path()).ok();
    step(&office.privacy, &request, "fulfilment", &told(&json!({}))).invalid_at("/ground");
    let ground = told(&json!({"ground": "accuracy_contested"}));
    let done = step(&office.privacy, &request, "fulfilment", &ground).ok();
    assert_eq!(done["restriction_in_force"], json!(true));

    supporter.get(&man.path()).not_found();
    let begin = |man: &Man| {
        json!({"participant_id": man.id, "instrument_id": world.instrument("/prostate-hna")["id"],
            "time_point": "T1", "channel": "in_person"})
    };
    let refused = clinician.post("/v1/assessments", &begin(&man)).problem(409, "processing-restricted");
    assert!(refused["detail"].as_str().unwrap().contains("privacy officer"));
    clinician.post(&format!("{plan}/discussion"), &talk()).problem(409, "processing-restricted");
    let offer = json!({"participant_id": man.id, "supporter_id": supporter.id, "purpose": "companion",
        "knows_participant": false});
    office.coordinator.post("/v1/assignments", &offer).problem(409, "processing-restricted");
    let all = clinician.get(&format!("/v1/assessments?participant_id={}", man.id)).ok();
    let export =
        format!("/v1/assessments/{}/questionnaire-response", all["items"][0]["id"].as_str().unwrap());
    clinician.get(&export).problem(409, "processing-restricted");
    clinician.get(&format!("{plan}/document")).problem(409, "processing-restricted");
    clinician.get(&plan).ok();
    office.coordinator.get(&man.path()).ok();
    clinician.post("/v1/assessments", &begin(&another)).created();
    assign(&office.coordinator, &supporter, &another);
    // A pause and its end do not open it again.
    for change in [json!({"to": "paused", "decided_by": "participant"}), json!({"to": "consented"})] {
        let etag = office.coordinator.get(&man.path()).etag();
        let headers = [("content-type", "application/json"), ("if-match", etag.as_str())];
        let path = format!("{}/status-changes", man.path());
        office.coordinator.send("POST", &path, &headers, Some(change.to_string().into_bytes())).created();
    }
    supporter.get(&man.path()).not_found();

    let early = json!({"note": "It was checked.", "told_on": "2999-01-01"});
    step(&office.privacy, &request, "lifting", &early).invalid_at("/told_on");
    let lifting = json!({"note": "It was checked.", "told_on": "2026-01-05"});
    step(&office.coordinator, &request, "lifting", &lifting).forbidden();
    let lifted = step(&office.privacy, &request, "lifting", &lifting).ok();
    assert_eq!(lifted["restriction_in_force"], json!(false));
    step(&office.privacy, &request, "lifting", &lifting).problem(409, "conflict");
    clinician.post("/v1/assessments", &begin(&man)).created();
}
