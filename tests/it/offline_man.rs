//! The main journey: a man without internet, from his digital profile to the printed summary and the agreed plan.

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, Man, World, assign, id, plans};

/// The answer `code` to a gate or another choice of the shipped assessment.
fn code(link_id: &str, code: &str) -> Value {
    let system = "https://fhir.alongside.example/CodeSystem/answer";
    json!({"link_id": link_id, "values": [{"valueCoding": {"system": system, "code": code}}]})
}

fn bother(link_id: &str, rating: i64) -> Value {
    json!({"link_id": link_id, "values": [{"valueInteger": rating}]})
}

fn words(link_id: &str, text: &str) -> Value {
    json!({"link_id": link_id, "values": [{"valueString": text}]})
}

fn save(caller: &Caller, path: &str, answers: &[Value]) -> Value {
    caller.post(&format!("{path}/answers"), &json!({"answers": answers})).ok()
}

fn start(world: &World, supporter: &Caller, man: &Man) -> String {
    let instrument = world.instrument("/prostate-hna");
    let begun = json!({"participant_id": man.id, "instrument_id": instrument["id"], "time_point": "T0",
        "channel": "in_person", "location": "home"});
    let made = supporter.post("/v1/assessments", &begun).created();
    format!("/v1/assessments/{}", made["id"].as_str().unwrap())
}

fn segment(caller: &Caller, path: &str, level: &str, keyed_by: &str, present: &[&str], handed_over: bool) {
    let next =
        json!({"level": level, "keyed_by": keyed_by, "others_present": present, "handed_over": handed_over});
    let answer = caller.post(&format!("{path}/segments"), &next);
    assert!((200..300).contains(&answer.status), "{}", answer.text());
}

#[test]
fn a_man_without_internet_is_helped_to_a_care_plan() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let supporter = world.sign_in(Role::Supporter);
    let clinician = world.sign_in(Role::Clinician);

    // The coordinator fills in his profile by phone, takes consent, and somebody is found who comes to see him.
    let man = world.participant().offline().consented().create();
    assert_eq!(coordinator.get(&man.path()).ok()["access_class"], "X0");
    assign(&coordinator, &supporter, &man);

    // At the kitchen table: set up first, then he answers himself while the supporter looks away.
    let path = start(&world, &supporter, &man);
    let open =
        json!({"affirmed": true, "level": "A1", "keyed_by": "participant", "others_present": ["nobody"]});
    supporter.post(&format!("{path}/assistance-sessions"), &open).created();
    segment(&supporter, &path, "A2", "participant", &["nobody"], false);
    save(&supporter, &path, &[code("URI.leakage.gate", "yes"), bother("URI.leakage.bother", 6)]);

    // He tires and asks to be written for.
    segment(&supporter, &path, "A4", "supporter", &["nobody"], false);
    let saved = save(
        &supporter,
        &path,
        &[
            code("URI.leakage.help", "talk"),
            words("URI.leakage.words", "I plan every walk around toilets."),
            code("GEN.fatigue.gate", "yes"),
            bother("GEN.fatigue.bother", 8),
            code("GEN.fatigue.help", "information"),
            code("EMO.worry.gate", "no"),
        ],
    );
    assert_eq!(saved["safety"], Value::Null);

    // The private part is his own: he takes the device.
    segment(&supporter, &path, "A2", "participant", &["nobody"], true);
    save(&supporter, &path, &[code("SEX.erections.gate", "yes"), bother("SEX.erections.bother", 9)]);
    segment(&supporter, &path, "A2", "participant", &["nobody"], false);
    let seen = supporter.get(&path).ok();
    let seen: Vec<&str> = seen["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| answer["link_id"].as_str().unwrap())
        .collect();
    assert!(seen.contains(&"URI.leakage.gate"), "{seen:?}");
    assert!(
        !seen.iter().any(|link_id| link_id.starts_with("SEX")),
        "the helper saw the private part: {seen:?}"
    );

    // What matters most to him, in his order.
    let system = "https://fhir.alongside.example/CodeSystem/concern";
    let top =
        ["GEN.fatigue", "URI.leakage"].map(|code| json!({"valueCoding": {"system": system, "code": code}}));
    save(&supporter, &path, &[json!({"link_id": "PRI.top", "values": top})]);

    let submitted = supporter.post_nothing(&format!("{path}/submission")).ok();
    assert_eq!(submitted["status"], "submitted");
    assert_eq!(submitted["answers"], Value::Null, "a supporter sees no answer once it is submitted");
    supporter.post_nothing(&format!("{path}/submission")).problem(409, "already-submitted");
    supporter.get(&format!("{path}/answers")).not_found();
    supporter.get(&format!("{path}/summary")).forbidden();

    // His nurse reads the summary with the provenance on top.
    let summary = clinician.get(&format!("{path}/summary")).ok();
    let concerns: Vec<&str> =
        summary["top_concerns"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(concerns[..2], ["GEN.fatigue", "URI.leakage"], "his own choice comes first: {summary}");
    let text = clinician.get_as(&format!("{path}/summary"), "text/plain").text();
    assert!(text.contains("I plan every walk around toilets."), "{text}");
    let page = clinician.get_as(&format!("{path}/summary"), "text/html");
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(page.text().contains("I plan every walk around toilets."));

    // Every answer says who judged, who keyed and how much help there was.
    let answers = clinician.get(&format!("{path}/answers?limit=200")).ok();
    let of = |link_id: &str| {
        let all = answers["items"].as_array().unwrap();
        all.iter().find(|answer| answer["link_id"] == link_id).unwrap().clone()
    };
    let scribed = of("URI.leakage.words");
    assert_eq!((&scribed["level"], &scribed["keyed_by"]), (&json!("A4"), &json!("supporter")));
    assert_eq!(scribed["answered_by"], "participant");
    let own = of("SEX.erections.bother");
    assert_eq!((&own["level"], &own["keyed_by"]), (&json!("A2"), &json!("participant")));

    // The draft plan has an action for each concern; it is talked over, agreed and posted on paper.
    let listed = clinician.get(&format!("/v1/care-plans?participant_id={}", man.id)).ok();
    let plan = format!("/v1/care-plans/{}", listed["items"][0]["id"].as_str().unwrap());
    let drafted = clinician.get(&plan).ok();
    assert_eq!(drafted["status"], "drafted");
    assert_eq!(drafted["actions"].as_array().unwrap().len(), 3);
    clinician.post(&format!("{plan}/discussion"), &plans::talk()).ok();
    // Nobody was named for what he would not say more about: the nurse takes it on.
    let yes = plans::yes(&world);
    clinician.post(&format!("{plan}/agreement"), &yes).problem(422, "invalid");
    let actions = drafted["actions"].as_array().unwrap();
    let open = actions.iter().find(|action| action["owner"] == "undecided").unwrap();
    let action = format!("{plan}/actions/{}", open["id"].as_str().unwrap());
    let version = format!("\"{}\"", open["version"]);
    clinician.patch(&action, &version, &json!({"owner": "clinician"})).ok();
    clinician.post(&format!("{plan}/agreement"), &yes).ok();
    let by_mail = json!({"recipient": "participant", "format": "email"});
    clinician.post(&format!("{plan}/sharing"), &by_mail).problem(422, "invalid");
    let page = clinician.get_as(&format!("{plan}/document"), "text/html");
    assert!(page.text().contains("font:18pt") && page.text().contains("This is what we agreed"));
    let on_paper = json!({"recipient": "participant", "format": "large_print", "delivery": "post"});
    let shared = clinician.post(&format!("{plan}/sharing"), &on_paper);
    assert!((200..300).contains(&shared.status), "{}", shared.text());
    let to_the_surgery = json!({"recipient": "gp", "format": "pdf"});
    assert_eq!(clinician.post(&format!("{plan}/sharing"), &to_the_surgery).ok()["status"], "shared");

    // And who looked at his record can be told, the supporter among them.
    let officer = world.sign_in(Role::PrivacyOfficer);
    let looked = officer.get(&format!("{}/audit-events?limit=200", man.path())).ok();
    let roles: Vec<&Value> = looked["items"].as_array().unwrap().iter().map(|event| &event["role"]).collect();
    assert!(roles.contains(&&json!("supporter")) && roles.contains(&&json!("clinician")), "{looked}");
}

#[test]
fn an_assessment_without_concerns_ends_well() {
    let world = World::start();
    let supporter = world.sign_in(Role::Supporter);
    let clinician = world.sign_in(Role::Clinician);
    let man = world.participant().consented().helped_by(&supporter).create();
    let path = start(&world, &supporter, &man);
    let open =
        json!({"affirmed": true, "level": "A2", "keyed_by": "participant", "others_present": ["nobody"]});
    supporter.post(&format!("{path}/assistance-sessions"), &open).created();
    save(&supporter, &path, &[code("URI.leakage.gate", "no"), code("GEN.fatigue.gate", "no")]);
    supporter.post_nothing(&format!("{path}/submission")).ok();
    assert_eq!(clinician.get(&format!("{path}/summary")).ok()["top_concerns"], json!([]));
    let plans = clinician.get(&format!("/v1/care-plans?participant_id={}", man.id)).ok();
    assert_eq!(plans["items"][0]["status"], "none_needed");
    let plan = format!("/v1/care-plans/{}", plans["items"][0]["id"].as_str().unwrap());
    let end = json!({"reason": "no_concerns", "discussion": {"with": ["participant"], "channel": "phone"}});
    assert_eq!(clinician.post(&format!("{plan}/closure"), &end).ok()["status"], "closed");
}

#[test]
fn an_answer_outside_a_segment_is_of_unknown_provenance() {
    let world = World::start();
    let man = world.participant().consented().create();
    let software = world.client(&["assessments:write", "assessments:read", "answers:read"]);
    let instrument = world.instrument("/prostate-hna");
    let body = json!({"participant_id": man.id, "instrument_id": instrument["id"], "time_point": "T0",
        "channel": "online", "answers": [code("URI.leakage.gate", "no")]});
    let made = software.post("/v1/assessments", &body).created();
    let answers = software.get(&format!("/v1/assessments/{}/answers", made["id"].as_str().unwrap())).ok();
    assert_eq!(answers["items"][0]["level"], "unknown");
    assert_eq!(answers["items"][0]["keyed_by"], "unknown");
}

#[test]
fn a_supporter_is_never_a_proxy() {
    let world = World::start();
    let supporter = world.sign_in(Role::Supporter);
    let man = world.participant().consented().helped_by(&supporter).create();
    let path = start(&world, &supporter, &man);
    let open =
        json!({"affirmed": true, "level": "A4", "keyed_by": "supporter", "others_present": ["nobody"]});
    supporter.post(&format!("{path}/assistance-sessions"), &open).created();
    let mut answer = code("URI.leakage.gate", "no");
    answer["answered_by"] = json!("proxy");
    supporter
        .post(&format!("{path}/answers"), &json!({"answers": [answer]}))
        .invalid_at("/answers/0/answered_by");
    let unaffirmed =
        json!({"affirmed": false, "level": "A2", "keyed_by": "participant", "others_present": []});
    supporter.post(&format!("{path}/assistance-sessions"), &unaffirmed).problem(422, "invalid");
}

#[test]
fn wrong_answers_are_named_and_nothing_of_them_is_kept() {
    let world = World::start();
    let supporter = world.sign_in(Role::Supporter);
    let man = world.participant().consented().helped_by(&supporter).create();
    let path = start(&world, &supporter, &man);
    let open =
        json!({"affirmed": true, "level": "A3", "keyed_by": "participant", "others_present": ["nobody"]});
    supporter.post(&format!("{path}/assistance-sessions"), &open).created();
    let yes = code("URI.leakage.gate", "yes");
    for (wrong, pointer) in [
        (bother("URI.leakage.bother", 99), "/answers/1/values/0"),
        (words("URI.leakage.bother", "banana"), "/answers/1/values/0"),
        (bother("GEN.fatigue.bother", 3), "/answers/1"),
        (bother("NOT.a.question", 3), "/answers/1/link_id"),
        (code("URI.leakage.duration", "since_tuesday"), "/answers/1/values/0"),
        (words("URI.leakage.words", &"x".repeat(501)), "/answers/1/values/0"),
    ] {
        let refused = supporter.post(&format!("{path}/answers"), &json!({"answers": [yes.clone(), wrong]}));
        let problem = refused.problem(422, "invalid");
        let at = problem["errors"][0]["pointer"].as_str().unwrap();
        assert!(at.starts_with(pointer), "{pointer}: {problem}");
    }
    assert_eq!(supporter.get(&path).ok()["answers"], json!([]));
    let stale = [("content-type", "application/json"), ("if-match", "\"999\"")];
    let body = json!({"answers": [yes]}).to_string().into_bytes();
    supporter.send("POST", &format!("{path}/answers"), &stale, Some(body)).problem(412, "stale");
}

#[test]
fn what_was_begun_on_one_device_goes_on_on_another() {
    let world = World::start();
    let supporter = world.sign_in(Role::Supporter);
    let man = world.participant().consented().helped_by(&supporter).create();
    let path = start(&world, &supporter, &man);
    let open =
        json!({"affirmed": true, "level": "A3", "keyed_by": "participant", "others_present": ["nobody"]});
    supporter.post(&format!("{path}/assistance-sessions"), &open).created();
    save(&supporter, &path, &[code("URI.leakage.gate", "yes")]);
    let listed = supporter.get(&format!("/v1/assessments?participant_id={}&status=in_progress", man.id)).ok();
    let again = format!("/v1/assessments/{}", id::<()>(&listed["items"][0]));
    assert_eq!(again, path);
    assert_eq!(supporter.get(&again).ok()["answers"][0]["link_id"], "URI.leakage.gate");
}

#[test]
fn a_thought_of_not_wanting_to_live_reaches_the_leads_once_and_says_nothing_on_the_screen() {
    let world = World::start();
    let supporter = world.sign_in(Role::Supporter);
    let lead = world.sign_in(Role::SafeguardingLead);
    let man = world.participant().consented().helped_by(&supporter).create();
    let path = start(&world, &supporter, &man);
    let open =
        json!({"affirmed": true, "level": "A2", "keyed_by": "participant", "others_present": ["nobody"]});
    supporter.post(&format!("{path}/assistance-sessions"), &open).created();
    segment(&supporter, &path, "A2", "participant", &["nobody"], true);
    let saved = save(&supporter, &path, &[code("EMO.not_wanting_to_live.gate", "yes")]);
    let shown = saved["safety"].to_string();
    assert!(shown.contains("116 123") && shown.contains("999"), "{shown}");
    for telling in ["suicid", "harm", "not wanting", "EMO."] {
        assert!(!shown.to_lowercase().contains(&telling.to_lowercase()), "the screen tells: {shown}");
    }
    // Edited to no, abandoned: the flag stands, and stands once.
    save(&supporter, &path, &[code("EMO.not_wanting_to_live.gate", "no")]);
    save(&supporter, &path, &[code("EMO.not_wanting_to_live.gate", "yes")]);
    supporter.post(&format!("{path}/abandonment"), &json!({"reason": "participant_stopped"})).ok();
    let work = lead.get("/v1/flags").ok();
    let work = work["items"].as_array().unwrap();
    assert_eq!(work.len(), 1, "{work:?}");
    assert_eq!(work[0]["source"], "system_alert");
    // The supporter learns nothing of it, nor does the man's own list of who looked.
    supporter.get("/v1/flags").forbidden();
    supporter.get(&format!("/v1/flags/{}", work[0]["id"].as_str().unwrap())).forbidden();
}

#[test]
fn safety_questions_wait_until_the_family_has_left() {
    let world = World::start();
    let supporter = world.sign_in(Role::Supporter);
    let man = world.participant().consented().helped_by(&supporter).create();
    let path = start(&world, &supporter, &man);
    let open =
        json!({"affirmed": true, "level": "A2", "keyed_by": "participant", "others_present": ["partner"]});
    supporter.post(&format!("{path}/assistance-sessions"), &open).created();
    segment(&supporter, &path, "A2", "participant", &["partner"], true);
    let safety = json!({"answers": [code("SAF.safe_at_home.gate", "yes")]});
    let refused = supporter.post(&format!("{path}/answers"), &safety);
    assert_eq!(refused.problem(422, "invalid")["errors"][0]["code"], "question_not_shown");
}
