#[path = "../it/harness/mod.rs"]
#[expect(dead_code, unused_imports, reason = "temporary")]
mod harness;
use alongside_domain::id::PersonId;
use alongside_domain::policy::Role;
use harness::{Caller, World, rows};
use serde_json::{Value, json};

fn setup(world: &World) -> (alongside_domain::id::ParticipantId, Caller) {
    let site = world.sites[0];
    let participant = rows::participant(world, site, None);
    let supporter = world.sign_in(Role::Supporter);
    rows::assignment(world, participant, site, PersonId::new(supporter.id));
    (participant, supporter)
}

fn consent(world: &World, participant: alongside_domain::id::ParticipantId, yes: bool) {
    let r = world.sign_in(Role::Researcher);
    let forms = r.get("/v1/consent-forms").ok();
    let form = &forms["items"][0];
    let full = r.get(&format!("/v1/consent-forms/{}", form["id"].as_str().unwrap())).ok();
    let answers: serde_json::Map<String, Value> = full["statements"].as_array().unwrap().iter()
        .map(|s| { let c = s["code"].as_str().unwrap().to_owned(); let v = yes || c == "take_part" || c == "supporter_contact"; (c, json!(v)) }).collect();
    r.post("/v1/consents", &json!({"participant_id": participant, "consent_form_id": form["id"], "answers": answers,
        "taken_on": "2026-11-02", "method": "wet", "capacity_judgement": "has_capacity", "copy_given": true,
        "confidentiality_limits_explained": true})).created();
}

fn instrument(by: &Caller, name: &str) -> Value {
    let page = by.get("/v1/instruments").ok();
    page["items"].as_array().unwrap().iter().find(|i| i["name"] == name).unwrap_or_else(|| panic!("{page}")).clone()
}

#[test]
fn journey() {
    let world = World::start();
    let (participant, supporter) = setup(&world);
    consent(&world, participant, true);
    let hna = instrument(&supporter, "ProstateHna");
    let full = supporter.get(&format!("/v1/instruments/{}", hna["id"].as_str().unwrap()));
    println!("etag {:?} {:?}", full.header("etag"), full.header("cache-control"));
    let def = full.ok()["definition"].clone();
    let mut gates = vec![]; let mut private = vec![]; let mut safety = vec![];
    fn walk(items: &Value, p: Option<String>, s: bool, gates: &mut Vec<String>, private: &mut Vec<(String,String)>, safety: &mut Vec<String>) {
        for i in items.as_array().into_iter().flatten() {
            let ext = i["extension"].to_string();
            let l = i["linkId"].as_str().unwrap().to_owned();
            let p2 = p.clone().or(ext.contains("private-section").then(|| l.clone()));
            let s2 = s || ext.contains("safety-item");
            if l.ends_with(".gate") || ext.contains("\"gate\"") {
                if s2 { safety.push(l.clone()) } else if let Some(p) = &p2 { private.push((p.clone(), l.clone())) } else { gates.push(l.clone()) }
            }
            walk(&i["item"], p2, s2, gates, private, safety);
        }
    }
    walk(&def["item"], None, false, &mut gates, &mut private, &mut safety);
    println!("{} gates, private {:?}, safety {:?}", gates.len(), &private, &safety);
    let code = |c: &str| json!([{"valueCoding": {"system": "https://fhir.alongside.example/CodeSystem/answer", "code": c}}]);
    let a = supporter.post("/v1/assessments", &json!({"participant_id": participant, "instrument_id": hna["id"], "time_point": "T0", "channel": "in_person", "location": "home"})).created();
    println!("CREATED {a}");
    let path = format!("/v1/assessments/{}", a["id"].as_str().unwrap());
    let ans = |l: &str, v: Value| json!({"answers": [{"link_id": l, "values": v}]});
    supporter.post(&format!("{path}/answers"), &ans(&gates[0], code("yes"))).problem(409, "no-open-session");
    supporter.get(&format!("{path}/answers")).not_found();
    supporter.post(&format!("{path}/assistance-sessions"), &json!({"affirmed": false, "level": "A4", "keyed_by": "supporter", "others_present": ["nobody"]})).invalid_at("/affirmed");
    supporter.post(&format!("{path}/assistance-sessions"), &json!({"affirmed": true, "level": "AP", "keyed_by": "supporter", "others_present": ["nobody"]})).invalid_at("/level");
    let s = supporter.post(&format!("{path}/assistance-sessions"), &json!({"affirmed": true, "level": "A4", "keyed_by": "supporter", "others_present": ["partner"]})).created();
    println!("SESSION {s}");
    supporter.post(&format!("{path}/assistance-sessions"), &json!({"affirmed": true, "level": "A4", "keyed_by": "supporter", "others_present": ["partner"]})).problem(409, "conflict");
    let saved = supporter.post(&format!("{path}/answers"), &ans(&gates[0], code("yes"))).ok();
    println!("SAVED {saved}");
    supporter.post(&format!("{path}/answers"), &json!({"answers": [{"link_id": gates[1], "values": code("yes"), "answered_by": "proxy"}]})).invalid_at("/answers/0/answered_by");
    let (section, inner) = private[0].clone();
    let p = supporter.post(&format!("{path}/answers"), &ans(&inner, code("yes"))).problem(422, "invalid");
    println!("PRIVATE {p}");
    let p = supporter.post(&format!("{path}/answers"), &ans(&safety[0], code("yes"))).problem(422, "invalid");
    println!("SAFETY {p}");
    supporter.post(&format!("{path}/section-openings"), &json!({"link_id": section})).problem(409, "conflict");
    supporter.post(&format!("{path}/segments"), &json!({"level": "A2", "keyed_by": "participant", "others_present": ["nobody"], "handed_over": true})).created();
    let saved = supporter.post(&format!("{path}/answers"), &ans(&inner, code("yes"))).ok();
    println!("PRIVATE SAVED {saved}");
    assert!(!supporter.get(&format!("{path}/answers")).text().contains(&inner));
    let one = supporter.get(&path).ok();
    assert!(!one["answers"].to_string().contains(&inner));
    supporter.post(&format!("{path}/section-openings"), &json!({"link_id": section})).ok();
    assert!(supporter.get(&format!("{path}/answers")).text().contains(&inner));
    let coordinator = world.sign_in(Role::Coordinator);
    let c = coordinator.get(&path).ok();
    println!("COORDINATOR {c}");
    assert!(c["answers"].is_null() && c["progress"].is_null());
    coordinator.get(&format!("{path}/answers")).forbidden();
    let me = world.sign_in_participant(participant);
    assert_eq!(me.get(&path).ok()["answers"].as_array().unwrap().len(), 2);
    let past = alongside_store::types::At(world.app.clock.now() - chrono::TimeDelta::minutes(16));
    world.write(move |db| { use diesel::prelude::*; use alongside_store::schema::assistance_sessions as t;
        Ok(alongside_store::exec(db, alongside_store::Cached(diesel::update(t::table.filter(t::closed_at.is_null())).set(t::last_activity_at.eq(past))))?) });
    supporter.post(&format!("{path}/answers"), &ans(&gates[1], code("no"))).problem(409, "no-open-session");
    supporter.get(&format!("{path}/answers")).not_found();
    supporter.post(&format!("{path}/assistance-sessions"), &json!({"affirmed": true, "level": "A1", "keyed_by": "participant", "others_present": ["nobody"]})).created();
    let etag = me.get(&path).etag();
    let version = etag.trim_matches('"').to_owned();
    println!("version {version}");
    let done = supporter.post_nothing(&format!("{path}/submission")).ok();
    println!("SUBMITTED {done}");
    assert!(done["answers"].is_null() && done["scores"].is_null());
    supporter.post_nothing(&format!("{path}/submission")).problem(409, "already-submitted");
    supporter.get(&format!("{path}/answers")).not_found();
    let full = me.get(&path).ok();
    println!("PARTICIPANT concerns {} banner {}", full["concerns"], full["provenance"]["banner"]);
    let clinician = world.sign_in(Role::Clinician);
    let plans = clinician.get("/v1/care-plans").ok();
    assert_eq!(plans["items"].as_array().unwrap().len(), 1);
    let am = clinician.post(&format!("{path}/amendments"), &json!({"reason": "transcription", "comment": "typo", "answers": [{"link_id": gates[0], "values": code("no")}]})).ok();
    println!("AMENDED {} {}", am["status"], am["answers"]);
    let history = clinician.get(&format!("{path}/answers?limit=2")).ok();
    println!("HISTORY {history}");
    let next = history["next"].as_str().unwrap();
    let more = clinician.get(&format!("{path}/answers?limit=2&cursor={next}")).ok();
    assert_eq!(more["items"][0]["amends_seq"], 1);
    let qr = clinician.get(&format!("{path}/questionnaire-response"));
    println!("QR {:?} {}", qr.header("content-type"), qr.text());
}

#[test]
fn create_with_answers_alert_import_instrument() {
    let world = World::start();
    let (participant, supporter) = setup(&world);
    let client = world.client(&["assessments:write", "assessments:read", "answers:read", "instruments:write", "instruments:read"]);
    let phq = instrument(&client, "Phq9");
    let lead = world.sign_in(Role::SafeguardingLead);
    let def = client.get(&format!("/v1/instruments/{}", phq["id"].as_str().unwrap())).ok()["definition"].clone();
    let items: Vec<Value> = { fn walk(v: &Value, out: &mut Vec<Value>) { for i in v.as_array().into_iter().flatten() { out.push(i.clone()); walk(&i["item"], out) } } let mut o = vec![]; walk(&def["item"], &mut o); o };
    let choices: Vec<&Value> = items.iter().filter(|i| i["answerOption"].is_array()).collect();
    let answers: Vec<Value> = choices.iter().map(|i| json!({"link_id": i["linkId"], "values": [{"valueCoding": i["answerOption"][1]["valueCoding"]}]})).collect();
    let id = "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e99";
    let body = json!({"id": id, "participant_id": participant, "instrument_id": phq["id"], "time_point": "T0", "channel": "online", "answers": answers});
    let made = client.post("/v1/assessments", &body).created();
    println!("MADE {}", made["provenance"]);
    assert_eq!(made["provenance"]["max_level"], "unknown");
    let again = client.post("/v1/assessments", &body).ok();
    assert_eq!(made, again);
    let mut other = body.clone(); other["time_point"] = json!("T1");
    client.post("/v1/assessments", &other).problem(409, "already-exists");
    assert_eq!(lead.get("/v1/flags").ok()["items"].as_array().unwrap().len(), 1);
    let path = format!("/v1/assessments/{id}");
    let again = client.post(&format!("{path}/answers"), &json!({"answers": answers})).ok();
    assert!(again["safety"].is_object());
    assert_eq!(lead.get("/v1/flags").ok()["items"].as_array().unwrap().len(), 1);
    let stale = client.send("POST", &format!("{path}/answers"), &[("if-match", "\"1\""), ("content-type", "application/json")], Some(serde_json::to_vec(&json!({"answers": answers})).unwrap()));
    stale.problem(412, "stale");
    let bad = client.post(&format!("{path}/answers"), &json!({"answers": [{"link_id": "nope", "values": [{"valueInteger": 3}]}, {"link_id": choices[0]["linkId"], "values": [{"valueInteger": 3}]}]})).problem(422, "invalid");
    println!("BAD {bad}");
    let qr = client.get(&format!("{path}/questionnaire-response"));
    assert_eq!(qr.header("content-type").unwrap(), "application/fhir+json");
    let second = client.post("/v1/assessments", &json!({"participant_id": participant, "instrument_id": phq["id"], "time_point": "T1", "channel": "paper"})).created();
    let path2 = format!("/v1/assessments/{}", second["id"].as_str().unwrap());
    client.post_nothing(&format!("{path2}/submission"));
    let imported = world.sign_in(Role::Researcher).post_fhir(&format!("{path2}/questionnaire-response"), &qr.text()).ok();
    println!("IMPORTED {imported}");
    assert_eq!(lead.get("/v1/flags").ok()["items"].as_array().unwrap().len(), 2);
    let sub = client.post_nothing(&format!("{path2}/submission")).ok();
    println!("SCORES {}", sub["scores"]);
    // instruments
    let text = r#"{"resourceType": "Questionnaire", "url": "https://example.org/q", "status": "draft",   "item": [{"linkId": "1", "type": "string", "required": true}]}"#;
    let inst = client.post_fhir("/v1/instruments", text).created();
    assert_eq!(client.post_fhir("/v1/instruments", text).ok()["id"], inst["id"]);
    client.post_fhir("/v1/instruments", &text.replace("draft", "active")).problem(409, "already-exists");
    let p = client.post_fhir("/v1/instruments", &text.replace("string", "colour")).problem(422, "unsupported-instrument");
    println!("UNSUPPORTED {p}");
    assert!(client.get(&format!("/v1/instruments/{}", inst["id"].as_str().unwrap())).text().contains("\"draft\",   \"item\""));
    assert_eq!(client.get("/v1/instruments?url=https%3A%2F%2Fexample.org%2Fq").ok()["items"].as_array().unwrap().len(), 1);
    let third = client.post("/v1/assessments", &json!({"participant_id": participant, "instrument_id": inst["id"], "time_point": "T1", "channel": "paper"})).created();
    let path3 = format!("/v1/assessments/{}", third["id"].as_str().unwrap());
    let p = client.post_nothing(&format!("{path3}/submission")).problem(422, "invalid");
    println!("MISSING {p}");
    client.post(&format!("{path3}/abandonment"), &json!({"reason": "too_tired"})).ok();
    client.post_nothing(&format!("{path3}/submission")).problem(409, "illegal-transition");
    let list = client.get(&format!("/v1/assessments?participant_id={participant}&status=abandoned")).ok();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(supporter.get("/v1/assessments").ok()["items"].as_array().unwrap().len(), 3);
    client.post("/v1/assessments", &json!({"participant_id": id, "instrument_id": phq["id"], "time_point": "T1", "channel": "paper"})).invalid_at("/participant_id");
}

#[test]
fn lint() {
    let world = World::start();
    let doc = world.stranger().get("/openapi.json").ok();
    for found in alongside_api::http::lint::lint(&doc) {
        println!("LINT {found}");
    }
    println!("{}", doc["paths"]["/v1/instruments"]["post"]["requestBody"]);
}
