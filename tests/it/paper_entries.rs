//! Paper forms: typed in twice by two persons, compared, decided by a third, and then the answers of the assessment.

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, Man, World};

/// An assessment on paper, with this instrument.
fn begin(by: &Caller, man: &Man, instrument: &Value) -> String {
    let body = json!({"participant_id": man.id, "instrument_id": instrument["id"], "time_point": "T0",
        "channel": "paper"});
    format!("/v1/assessments/{}", by.post("/v1/assessments", &body).created()["id"].as_str().unwrap())
}

/// An answer of the PHQ-9 that counts this much.
fn phq(link_id: &str, weight: usize) -> Value {
    let code = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"][weight];
    json!({"link_id": link_id, "values": [{"valueCoding": {"system": "http://loinc.org", "code": code}}]})
}

/// The nine questions, each with what it counts.
fn nine(weights: [usize; 9]) -> Vec<Value> {
    (1..).zip(weights).map(|(item, weight): (u8, _)| phq(&item.to_string(), weight)).collect()
}

fn difficulty() -> Value {
    json!({"link_id": "10", "values": [{"valueCoding": {"system": "http://loinc.org", "code": "LA6572-7"}}]})
}

fn distress(value: u8) -> Vec<Value> {
    vec![json!({"link_id": "1", "values": [{"valueInteger": value}]})]
}

fn enter(by: &Caller, assessment: &str, answers: &[Value]) -> Answer {
    by.post(&format!("{assessment}/paper-entries"), &json!({"answers": answers}))
}

fn adjudicate(by: &Caller, assessment: &str, decisions: &Value) -> Answer {
    by.post(&format!("{assessment}/paper-adjudications"), &json!({"decisions": decisions}))
}

/// Two who type and one who decides, with a participant.
struct Desk {
    world: World,
    man: Man,
    first: Caller,
    second: Caller,
    manager: Caller,
}

impl Desk {
    fn new() -> Self {
        let world = World::start();
        let man = world.participant().consented().create();
        let [first, second] = [(); 2].map(|()| world.sign_in(Role::Researcher));
        let manager = world.sign_in(Role::DataManager);
        Self { world, man, first, second, manager }
    }

    fn form(&self, instrument: &str) -> String {
        begin(&self.first, &self.man, &self.world.instrument(instrument))
    }
}

#[test]
fn two_entries_and_a_decision_become_the_answers() {
    let desk = Desk::new();
    let assessment = desk.form("/phq-9");
    let mut one = nine([1, 1, 0, 0, 0, 0, 0, 0, 0]);
    one.push(difficulty());
    let other = nine([1, 2, 0, 0, 0, 0, 0, 0, 0]);
    let kept = enter(&desk.first, &assessment, &one).created();
    assert_eq!((&kept["stage"], &kept["fields"]), (&json!("first_entered"), &Value::Null));
    // Neither answers nor a submission meanwhile.
    desk.first
        .post(&format!("{assessment}/answers"), &json!({"answers": [phq("1", 0)]}))
        .problem(409, "conflict");
    desk.first.post_nothing(&format!("{assessment}/submission")).problem(409, "conflict");
    let kept = enter(&desk.second, &assessment, &other).created();
    assert_eq!(kept["stage"], "in_adjudication");
    assert_eq!((&kept["fields"], &kept["differing"]), (&json!(10), &json!(2)));
    desk.first.post_nothing(&format!("{assessment}/submission")).problem(409, "conflict");
    assert_eq!(desk.first.get(&assessment).ok()["answers"], json!([]));

    let seen = desk.manager.get(&format!("{assessment}/paper-comparison")).ok();
    let differing: Vec<_> =
        seen["discrepancies"].as_array().unwrap().iter().map(|one| one["link_id"].clone()).collect();
    assert_eq!(differing, ["2", "10"]);
    assert_eq!(seen["discrepancies"][1]["second"], Value::Null);
    assert_eq!((&seen["open"], &seen["percent"]), (&json!(2), &json!(20.0)));
    let decided = json!([{"link_id": "2", "verdict": "second", "comment": "2 was read as 1."}]);
    let half = adjudicate(&desk.manager, &assessment, &decided).ok();
    assert_eq!((&half["stage"], &half["open"]), (&json!("in_adjudication"), &json!(1)));
    let all = adjudicate(&desk.manager, &assessment, &json!([{"link_id": "10", "verdict": "first"}])).ok();
    assert_eq!((&all["stage"], &all["open"]), (&json!("agreed"), &json!(0)));
    assert_eq!(all["discrepancies"][0]["decision"]["comment"], "2 was read as 1.");
    assert_eq!(all["discrepancies"][0]["decision"]["adjudicator_id"], json!(desk.manager.id));

    // What was decided is the answers now: judged by the participant, typed in by staff, the help unknown.
    let view = desk.first.get(&assessment).ok();
    let answers = view["answers"].as_array().unwrap();
    assert_eq!(answers.len(), 10);
    for answer in answers {
        assert_eq!((&answer["answered_by"], &answer["keyed_by"]), (&json!("participant"), &json!("clerk")));
        assert_eq!(answer["level"], "unknown");
    }
    assert_eq!(answers[1]["values"], phq("2", 2)["values"]);
    let submitted = desk.first.post_nothing(&format!("{assessment}/submission")).ok();
    assert_eq!(submitted["scores"][0]["value"], 3.0);
    // Both entries and the decision stay on record.
    let record = desk.world.sign_in(Role::Monitor).get(&format!("{assessment}/paper-entries")).ok();
    let entries = record["items"].as_array().unwrap();
    assert_eq!(entries[0]["answers"][1]["values"], phq("2", 1)["values"]);
    assert_eq!(entries[1]["answers"][1]["values"], phq("2", 2)["values"]);
    assert_eq!(
        [&entries[0]["keyer_id"], &entries[1]["keyer_id"]],
        [&json!(desk.first.id), &json!(desk.second.id)]
    );
    // From here on it is corrected as any other.
    let correction = json!({"reason": "transcription", "answers": [phq("3", 1)]});
    desk.manager.post(&format!("{assessment}/amendments"), &correction).ok();
}

#[test]
fn the_second_entry_is_blind() {
    let desk = Desk::new();
    let assessment = desk.form("/phq-9");
    enter(&desk.first, &assessment, &nine([0, 0, 0, 0, 0, 0, 0, 0, 2])).created();
    let path = format!("{assessment}/paper-entries");
    let own = desk.first.get(&path).ok();
    assert_eq!(own["items"][0]["answers"].as_array().unwrap().len(), 9);
    for other in [&desk.second, &desk.manager, &desk.world.sign_in(Role::Monitor)] {
        let view = other.get(&path).ok();
        assert_eq!(view["stage"], "first_entered");
        for hidden in ["answers", "fields", "answered_by"] {
            assert_eq!(view["items"][0][hidden], Value::Null, "{} {hidden}", other.role);
        }
        other.get(&format!("{assessment}/paper-comparison")).problem(409, "conflict");
        assert_eq!(other.get(&format!("{assessment}/answers")).ok()["items"], json!([]));
    }
    // That something was found is told; what, not to who may be the second to type.
    let found = desk.second.get(&format!("{assessment}/findings")).ok();
    assert_eq!(
        (&found["items"][0]["rule"], &found["items"][0]["evidence"]),
        (&json!("phq9_self_harm_often"), &json!([]))
    );
    let clinician = desk.world.sign_in(Role::Clinician).get(&format!("{assessment}/findings")).ok();
    assert_eq!(clinician["items"][0]["evidence"], json!([{"link_id": "9", "number": 2.0}]));
    enter(&desk.second, &assessment, &nine([0, 0, 0, 0, 0, 0, 0, 0, 1])).created();
    let view = desk.second.get(&path).ok();
    assert_eq!(view["items"][0]["answers"][8]["values"], phq("9", 2)["values"]);
    let found = desk.second.get(&format!("{assessment}/findings")).ok();
    assert_eq!(found["items"][0]["evidence"], json!([{"link_id": "9", "number": 2.0}]));
}

#[test]
fn what_calls_for_a_person_does_not_wait_for_the_second_entry() {
    let desk = Desk::new();
    let assessment = desk.form("/phq-9");
    let lead = desk.world.sign_in(Role::SafeguardingLead);
    enter(&desk.first, &assessment, &nine([0, 0, 0, 0, 0, 0, 0, 0, 3])).created();
    let flags = || lead.get("/v1/flags").ok()["items"].as_array().unwrap().len();
    assert_eq!(flags(), 1);
    // Read once more, and agreed: still the one.
    enter(&desk.second, &assessment, &nine([0, 0, 0, 0, 0, 0, 0, 0, 3])).created();
    assert_eq!(flags(), 1);
    let found = lead.get(&format!("{assessment}/findings")).ok();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(found["items"][0]["seq"], 0);
}

#[test]
fn two_that_agree_need_nobody_to_decide() {
    let desk = Desk::new();
    let assessment = desk.form("/distress");
    enter(&desk.first, &assessment, &distress(4)).created();
    let kept = enter(&desk.second, &assessment, &distress(4)).created();
    assert_eq!((&kept["stage"], &kept["differing"]), (&json!("agreed"), &json!(0)));
    desk.first.post_nothing(&format!("{assessment}/submission")).ok();
    // Everything is settled: nothing more to type or to decide.
    let third = desk.world.sign_in(Role::Researcher);
    enter(&third, &assessment, &distress(5)).problem(409, "already-submitted");
    let decided = json!([{"link_id": "1", "verdict": "first"}]);
    adjudicate(&desk.manager, &assessment, &decided).problem(409, "already-submitted");
}

#[test]
fn three_persons_are_needed_and_each_his_step() {
    let desk = Desk::new();
    let assessment = desk.form("/distress");
    // A data manager may type as well, and is then not the one to decide.
    enter(&desk.manager, &assessment, &distress(4)).created();
    let own = enter(&desk.manager, &assessment, &distress(4)).problem(409, "conflict");
    assert!(own["detail"].as_str().unwrap().contains("somebody else"), "{own}");
    let decided = json!([{"link_id": "1", "verdict": "first"}]);
    let early = adjudicate(&desk.world.sign_in(Role::DataManager), &assessment, &decided);
    early.problem(409, "illegal-transition");
    enter(&desk.first, &assessment, &distress(5)).created();
    let third = enter(&desk.second, &assessment, &distress(5)).problem(409, "illegal-transition");
    assert_eq!(third["allowed_next"], json!(["agreed"]));
    let own = adjudicate(&desk.manager, &assessment, &decided).problem(409, "conflict");
    assert!(own["detail"].as_str().unwrap().contains("typed this form in yourself"), "{own}");
    desk.second
        .post(&format!("{assessment}/paper-adjudications"), &json!({"decisions": decided}))
        .forbidden();
    adjudicate(&desk.world.sign_in(Role::DataManager), &assessment, &decided).ok();
}

#[test]
fn only_a_paper_form_without_answers_is_typed_in_twice() {
    let desk = Desk::new();
    let distress_form = desk.world.instrument("/distress");
    let body = json!({"participant_id": desk.man.id, "instrument_id": distress_form["id"], "time_point": "T0",
        "channel": "online"});
    let made = desk.first.post("/v1/assessments", &body).created();
    let online = format!("/v1/assessments/{}", made["id"].as_str().unwrap());
    enter(&desk.first, &online, &distress(4)).problem(409, "conflict");
    let once = desk.form("/distress");
    desk.first.post(&format!("{once}/answers"), &json!({"answers": distress(4)})).ok();
    enter(&desk.first, &once, &distress(4)).problem(409, "conflict");
    // Nobody outside reaches it.
    let assessment = desk.form("/distress");
    let elsewhere = desk.world.sign_in_at(Role::Researcher, desk.world.sites[1]);
    enter(&elsewhere, &assessment, &distress(4)).not_found();
    elsewhere.get(&format!("{assessment}/paper-entries")).not_found();
    desk.world.sign_in(Role::Supporter).get(&format!("{assessment}/paper-entries")).forbidden();
    desk.world.sign_in(Role::Clinician).get(&format!("{assessment}/paper-entries")).forbidden();
    let nothing = desk.first.get(&format!("{assessment}/paper-entries")).ok();
    assert_eq!((&nothing["stage"], &nothing["items"]), (&json!("not_begun"), &json!([])));
}

#[test]
fn an_entry_is_judged_as_every_answer_is() {
    let desk = Desk::new();
    let assessment = desk.form("/phq-9");
    let path = format!("{assessment}/paper-entries");
    let wrong = json!({"answers": [phq("1", 1), {"link_id": "2", "values": [{"valueInteger": 3}]},
        {"link_id": "99", "values": [{"valueInteger": 3}]}]});
    let refused = desk.first.post(&path, &wrong).problem(422, "invalid");
    let pointers: Vec<_> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert!(pointers.iter().any(|pointer| pointer.starts_with("/answers/1/values/0")), "{refused}");
    assert!(pointers.contains(&"/answers/2/link_id"), "{refused}");
    let twice = json!({"answers": [phq("1", 1), phq("1", 2)]});
    desk.first.post(&path, &twice).invalid_at("/answers/1");
    desk.first.post(&path, &json!({"answers": [phq("1", 1)], "sheet": "Walter"})).invalid_at("/sheet");
    // Nothing of that was kept; and two sheets with different numbers are not one form.
    assert_eq!(desk.first.get(&path).ok()["items"], json!([]));
    desk.first.post(&path, &json!({"answers": [phq("1", 1)], "sheet": "N-1"})).created();
    desk.second.post(&path, &json!({"answers": [phq("1", 1)], "sheet": "N-2"})).invalid_at("/sheet");
    let agreed = desk.second.post(&path, &json!({"answers": [phq("1", 1)], "sheet": "N-1"})).created();
    assert_eq!(agreed["stage"], "agreed");
}

#[test]
fn a_decision_is_about_a_field_that_differs_and_goes_together_with_the_rest() {
    let desk = Desk::new();
    let assessment = desk.form("/phq-9");
    // Difficulty is asked only where something bothers him.
    enter(&desk.first, &assessment, &[phq("1", 1), phq("2", 0), difficulty()]).created();
    enter(&desk.second, &assessment, &[phq("1", 0), phq("2", 0)]).created();
    let decide = |decisions: Value| adjudicate(&desk.manager, &assessment, &decisions);
    decide(json!([{"link_id": "2", "verdict": "first"}])).invalid_at("/decisions/0/link_id");
    decide(json!([{"link_id": "1", "verdict": "neither"}])).invalid_at("/decisions/0/values");
    let told = json!([{"link_id": "1", "verdict": "first", "state": "skipped"}]);
    decide(told).invalid_at("/decisions/0/values");
    let twice = json!([{"link_id": "1", "verdict": "first"}, {"link_id": "1", "verdict": "second"}]);
    decide(twice).invalid_at("/decisions/1");
    // No trouble at all, and yet a difficulty: nothing of it is kept.
    let torn = json!([{"link_id": "1", "verdict": "second"}, {"link_id": "10", "verdict": "first"}]);
    decide(torn).invalid_at("/decisions/1/link_id");
    let seen = desk.manager.get(&format!("{assessment}/paper-comparison")).ok();
    assert_eq!(seen["open"], 2);
    // Decided and decided anew, until the last one is; what neither has comes with the decision.
    decide(json!([{"link_id": "1", "verdict": "second"}])).ok();
    let mut paper = phq("1", 2);
    paper["verdict"] = json!("neither");
    decide(json!([paper])).ok();
    let agreed = decide(json!([{"link_id": "10", "verdict": "first"}])).ok();
    assert_eq!(agreed["stage"], "agreed");
    let view = desk.first.get(&assessment).ok();
    assert_eq!(view["answers"][0]["values"], phq("1", 2)["values"]);
    decide(json!([{"link_id": "1", "verdict": "first"}])).problem(409, "illegal-transition");
}

#[test]
fn a_repeat_makes_no_second_entry_and_an_older_version_is_refused() {
    let desk = Desk::new();
    let assessment = desk.form("/distress");
    let path = format!("{assessment}/paper-entries");
    let body = json!({"id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5f01", "answers": distress(4)});
    desk.first.post(&path, &body).created();
    assert_eq!(desk.first.post(&path, &body).ok()["items"].as_array().unwrap().len(), 1);
    let other = json!({"id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5f01", "answers": distress(5)});
    desk.first.post(&path, &other).problem(409, "already-exists");
    let key = "second-entry-1";
    let body = json!({"answers": distress(5)});
    let once = desk.second.post_with_key(&path, key, &body).created();
    assert_eq!(desk.second.post_with_key(&path, key, &body).created(), once);
    let decisions = json!({"decisions": [{"link_id": "1", "verdict": "first"}]}).to_string().into_bytes();
    let decide = |etag: &str| {
        let headers = [("content-type", "application/json"), ("if-match", etag)];
        desk.manager.send(
            "POST",
            &format!("{assessment}/paper-adjudications"),
            &headers,
            Some(decisions.clone()),
        )
    };
    decide("\"1\"").problem(412, "stale");
    let seen = desk.manager.get(&format!("{assessment}/paper-comparison")).etag();
    decide(&seen).ok();
}

#[test]
fn rates_are_counted_by_form_instrument_and_person() {
    let desk = Desk::new();
    let path = format!("/v1/programmes/{}/discrepancy-rates", desk.world.programme);
    let manager = desk.world.sign_in(Role::TrialManager);
    assert_eq!(manager.get(&path).ok()["total"]["forms"], 0);
    let instruments = ["/distress", "/phq-9"].map(|name| desk.world.instrument(name));
    let mut men: Vec<Man> = (0..4).map(|_| desk.world.participant().consented().create()).collect();
    men.push(desk.man.clone());
    let form = |man: &Man, second: u8, verdict: Option<&str>| {
        let assessment = begin(&desk.first, man, &instruments[0]);
        enter(&desk.first, &assessment, &distress(4)).created();
        enter(&desk.second, &assessment, &distress(second)).created();
        if let Some(verdict) = verdict {
            let decided = json!([{"link_id": "1", "verdict": verdict}]);
            adjudicate(&desk.manager, &assessment, &decided).ok();
        }
    };
    for man in &men[..4] {
        form(man, 4, None);
    }
    // Four men are too few to tell of.
    let few = manager.get(&path).ok();
    assert_eq!(
        few["total"],
        json!({"withheld": true, "forms": null, "fields": null, "found": null,
        "percent": null, "low": null, "high": null})
    );
    assert_eq!(few["instruments"][0]["rate"]["withheld"], true);
    form(&men[4], 7, Some("first"));
    let rates = desk.manager.get(&path).ok();
    let total = &rates["total"];
    assert_eq!((&total["forms"], &total["fields"], &total["found"]), (&json!(5), &json!(5), &json!(1)));
    assert_eq!(total["percent"], 20.0);
    assert!(total["low"].as_f64().unwrap() < 20.0 && total["high"].as_f64().unwrap() > 20.0);
    assert_eq!(rates["instruments"][0]["instrument_id"], instruments[0]["id"]);
    let of = |keyer: &Caller| {
        let all = rates["keyers"].as_array().unwrap().iter();
        all.into_iter().find(|one| one["person_id"] == json!(keyer.id)).unwrap()["rate"].clone()
    };
    // The first had it right throughout.
    assert_eq!((&of(&desk.first)["found"], &of(&desk.second)["found"]), (&json!(0), &json!(1)));
    // One form of another instrument: the total goes on, the parts would give it away.
    let other = begin(&desk.first, &desk.man, &instruments[1]);
    enter(&desk.first, &other, &nine([0; 9])).created();
    enter(&desk.second, &other, &nine([0; 9])).created();
    let rates = desk.world.sign_in(Role::Monitor).get(&path).ok();
    assert_eq!(rates["total"]["fields"], 14);
    let withheld: Vec<_> =
        rates["instruments"].as_array().unwrap().iter().map(|one| one["rate"]["withheld"].clone()).collect();
    assert_eq!(withheld, [true, true]);
    desk.first.get(&path).forbidden();
    let (elsewhere, site) = desk.world.other_programme();
    let stranger = desk.world.enrol(Role::DataManager, Some(elsewhere), Some(site), None);
    stranger.get(&path).not_found();
}

#[test]
fn every_step_is_in_the_audit_log_and_nothing_of_the_form_in_clear() {
    let desk = Desk::new();
    let hna = desk.form("/prostate-hna");
    let words = "It burns at Marjorie's";
    let gate = json!({"link_id": "URI.leakage.gate", "values": [{"valueCoding": {
        "system": "https://fhir.alongside.example/CodeSystem/answer", "code": "yes"}}]});
    let own = json!({"link_id": "URI.leakage.words", "values": [{"valueString": words}]});
    enter(&desk.first, &hna, &[gate.clone(), own]).created();
    enter(&desk.second, &hna, std::slice::from_ref(&gate)).created();
    let comment = "Marjorie wrote this";
    let decided = json!([{"link_id": "URI.leakage.words", "verdict": "first", "comment": comment}]);
    assert_eq!(adjudicate(&desk.manager, &hna, &decided).ok()["stage"], "agreed");
    let cells: Vec<Vec<u8>> = desk.world.write(|db| {
        use alongside_store::schema::{paper_adjudications, paper_entries};
        use alongside_store::types::Sealed;
        use diesel::prelude::*;
        let entries: Vec<Sealed> =
            alongside_store::many(db, paper_entries::table.select(paper_entries::answers))?;
        let decided: Vec<Option<Sealed>> =
            alongside_store::many(db, paper_adjudications::table.select(paper_adjudications::content))?;
        Ok(entries.into_iter().chain(decided.into_iter().flatten()).map(|cell| cell.0).collect())
    });
    assert_eq!(cells.len(), 3);
    for cell in &cells {
        assert!(!String::from_utf8_lossy(cell).contains("Marjorie"));
    }
    let log = desk
        .world
        .sign_in(Role::PrivacyOfficer)
        .get(&format!("{}/audit-events?limit=200", desk.man.path()))
        .ok();
    let done: Vec<&str> =
        log["items"].as_array().unwrap().iter().filter_map(|event| event["operation"].as_str()).collect();
    for operation in ["create_paper_entry", "adjudicate_paper_entries"] {
        assert!(done.contains(&operation), "{operation}: {done:?}");
    }
    assert_eq!(done.iter().filter(|name| **name == "create_paper_entry").count(), 2);
}
