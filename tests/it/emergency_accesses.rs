//! Records of another site, opened in an emergency: how, for how long, who is told, and who looks into it.

use alongside_domain::clock::{Ids as _, System};
use alongside_domain::id::SiteId;
use alongside_domain::policy::Role;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, Man, PostBox, World, assign};

const BORN: &str = "1949-05-01";
const WORDS: &str = "He collapsed in our waiting room.";

/// Notes the second identifier of a participant.
pub fn born(coordinator: &Caller, man: &Man) {
    let etag = coordinator.get(&man.path()).etag();
    let identity = json!({"date_of_birth": BORN, "nhs_number": "9434765919"});
    coordinator.patch(&format!("{}/identity", man.path()), &etag, &identity).ok();
}

/// What is said to open this record.
pub fn asked(man: &Man) -> Value {
    json!({"study_id": man.study_id, "date_of_birth": BORN, "reason": "danger_to_life", "words": WORDS})
}

fn open(by: &Caller, man: &Man) -> Answer {
    by.post("/v1/emergency-accesses", &asked(man))
}

/// A participant at this site whose date of birth is known.
fn known(world: &World, site: SiteId) -> Man {
    let man = world.participant().at(site).consented().create();
    born(&world.sign_in(Role::Coordinator), &man);
    man
}

fn path(access: &Value) -> String {
    format!("/v1/emergency-accesses/{}", access["id"].as_str().unwrap())
}

/// Sends a step with the version that is there now.
fn step(by: &Caller, access: &Value, step: &str, body: Option<&Value>) -> Answer {
    let etag = by.get(&path(access)).etag();
    let headers = [("content-type", "application/json"), ("if-match", etag.as_str())];
    let headers = if body.is_some() { &headers[..] } else { &headers[1..] };
    let bytes = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
    by.send("POST", &format!("{}/{step}", path(access)), headers, Some(bytes))
}

fn review(by: &Caller, access: &Value, outcome: &str) -> Answer {
    step(by, access, "reviews", Some(&json!({"outcome": outcome, "words": "Asked the ambulance."})))
}

fn end(by: &Caller, access: &Value) -> Answer {
    by.post_nothing(&format!("{}/ending", path(access)))
}

#[test]
fn one_record_of_another_site_opens_for_half_an_hour_and_for_reading_alone() {
    let world = World::start();
    let [here, there] = world.sites;
    let (man, neighbour) = (known(&world, here), known(&world, here));
    world.sign_in(Role::PrivacyOfficer);
    let coordinator = world.sign_in_at(Role::Coordinator, there);
    let colleague = world.sign_in_at(Role::Coordinator, there);
    let supporter = world.sign_in(Role::Supporter);
    let assignment = assign(&world.sign_in(Role::Coordinator), &supporter, &man);
    let reads = [
        man.path(),
        format!("{}/identity", man.path()),
        format!("{}/digital-profiles", man.path()),
        format!("{}/status-changes", man.path()),
        format!("/v1/consents/{}", man.consent.unwrap()),
        format!("/v1/assignments/{}", assignment["id"].as_str().unwrap()),
    ];
    let refused_all = |caller: &Caller| {
        for read in &reads {
            caller.get(read).not_found();
        }
        let listed = caller.get("/v1/participants").ok();
        assert!(!listed.to_string().contains(&man.study_id), "{listed}");
    };
    refused_all(&coordinator);

    let opened = open(&coordinator, &man).created();
    let span =
        |member: &str| opened[member].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(span("expires_at") - span("opened_at"), TimeDelta::minutes(30));
    assert_eq!(span("review_due_at") - span("opened_at"), TimeDelta::days(7));
    assert_eq!((&opened["is_open"], &opened["participant_id"]), (&json!(true), &json!(man.id)));
    for read in &reads {
        coordinator.get(read).ok();
    }
    let listed = coordinator.get("/v1/assignments").ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    // That participant, that person, and nothing but looking.
    coordinator.get(&neighbour.path()).not_found();
    refused_all(&colleague);
    coordinator.patch(&man.path(), "\"1\"", &json!({"treatments": []})).not_found();
    let profile = json!({"time_point": "T0", "internet_at_home": "none", "device": "none", "last_used": "never",
        "foundation_tasks": 0, "confidence": 1});
    coordinator.post(&format!("{}/digital-profiles", man.path()), &profile).not_found();

    world.clock.advance(TimeDelta::minutes(29));
    world.renew_at(&coordinator, there).get(&man.path()).ok();
    world.clock.advance(TimeDelta::minutes(1));
    refused_all(&world.renew_at(&coordinator, there));
}

#[test]
fn it_takes_two_identifiers_words_and_a_fresh_sign_in() {
    let world = World::start();
    let [here, there] = world.sites;
    let (man, near) = (known(&world, here), known(&world, there));
    let nurse = world.sign_in_at(Role::Clinician, there);
    let post = |body: &Value| nurse.post("/v1/emergency-accesses", body);
    // Nobody could look into it.
    world.sign_in(Role::SafeguardingLead);
    open(&nurse, &man).problem(409, "conflict");
    world.sign_in(Role::PrivacyOfficer);
    let with = |changes: Value| {
        let mut body = asked(&man);
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let wrong = post(&with(json!({"date_of_birth": "1949-05-02"})));
    let unknown = post(&with(json!({"study_id": "AS-7K3M-9QXT-U"})));
    let second = post(&with(json!({"nhs_number": "9434765870"})));
    for refused in [&wrong, &unknown, &second] {
        let problem = refused.invalid_at("/study_id");
        assert_eq!(problem["errors"], wrong.json()["errors"]);
    }
    let mut without = asked(&man);
    without.as_object_mut().unwrap().remove("date_of_birth");
    post(&without).invalid_at("/date_of_birth");
    post(&with(json!({"words": "because"}))).invalid_at("/words");
    post(&with(json!({"words": "            "}))).invalid_at("/words");
    assert_eq!(post(&with(json!({"reason": "curious"}))).status, 422);
    let (other, site) = world.other_programme();
    let elsewhere = world.enrol(Role::Clinician, Some(other), Some(site), None);
    world.enrol(Role::PrivacyOfficer, Some(other), None, None);
    open(&elsewhere, &man).invalid_at("/study_id");
    // What is within reach needs no emergency.
    open(&nurse, &near).problem(409, "conflict");
    open(&world.sign_in(Role::Clinician), &man).problem(409, "conflict");
    for role in
        [Role::Supporter, Role::Supervisor, Role::Researcher, Role::TrialManager, Role::PrivacyOfficer]
    {
        open(&world.sign_in(role), &man).problem(403, "forbidden");
    }
    open(&world.admin(), &man).problem(403, "forbidden");
    let scopes = alongside_domain::policy::client_scopes();
    open(&world.client(&scopes), &man).problem(403, "forbidden");

    world.clock.advance(TimeDelta::minutes(6));
    open(&nurse, &man).problem(403, "step-up-required");
    let nurse = world.renew_at(&nurse, there);
    let by_number = json!({"study_id": man.study_id.to_lowercase(), "nhs_number": "943 476 5919",
        "reason": "urgent_care", "words": WORDS});
    let id = System.fresh();
    let mut chosen = by_number.clone();
    chosen["id"] = json!(id);
    let made = nurse.post("/v1/emergency-accesses", &chosen).created();
    assert_eq!((&made["id"], &made["words"]), (&json!(id), &json!(WORDS)));
    // A repeat of the same request opens nothing further.
    assert_eq!(nurse.post("/v1/emergency-accesses", &chosen).ok()["id"], json!(id));
}

#[test]
fn it_ends_by_his_own_hand_or_the_privacy_officers_and_opens_one_record_at_a_time() {
    let world = World::start();
    let [here, there] = world.sites;
    let (man, other) = (known(&world, here), known(&world, here));
    let (officer, nurse) = (world.sign_in(Role::PrivacyOfficer), world.sign_in_at(Role::Clinician, there));
    let first = open(&nurse, &man).created();
    let refused = open(&nurse, &other).problem(409, "conflict");
    assert!(refused["detail"].as_str().unwrap().contains(first["id"].as_str().unwrap()), "{refused}");
    end(&world.sign_in_at(Role::Clinician, there), &first).not_found();
    end(&world.sign_in(Role::SafeguardingLead), &first).forbidden();
    let ended = end(&nurse, &first).ok();
    assert_eq!((&ended["is_open"], &ended["ended_by"]), (&json!(false), &json!(nurse.id)));
    nurse.get(&man.path()).not_found();
    end(&nurse, &first).problem(409, "conflict");
    let second = open(&nurse, &other).created();
    nurse.get(&other.path()).ok();
    assert_eq!(end(&officer, &second).ok()["ended_by"], json!(officer.id));
    nurse.get(&other.path()).not_found();
}

#[test]
fn each_request_under_it_bears_its_id_and_no_other_request_does() {
    let world = World::start();
    let [here, there] = world.sites;
    let (man, near) = (known(&world, here), known(&world, there));
    let (officer, nurse) = (world.sign_in(Role::PrivacyOfficer), world.sign_in_at(Role::Clinician, there));
    let access = open(&nurse, &man).created();
    nurse.get(&man.path()).ok();
    nurse.get(&format!("/v1/participants/{}/identity", man.id)).ok();
    nurse.get(&format!("/v1/care-plans?participant_id={}", man.id)).ok();
    nurse.get("/v1/participants").ok();
    nurse.get(&near.path()).ok();
    let events = |man: &Man| {
        let path = format!("/v1/audit-events?participant_id={}&person_id={}", man.id, nurse.id);
        let events = officer.get(&path).ok()["items"].as_array().unwrap().clone();
        events
            .iter()
            .map(|one| (one["operation"].clone(), one["emergency_access_id"].clone()))
            .collect::<Vec<_>>()
    };
    let his = events(&man);
    for operation in
        ["list_participants", "get_participant_identity", "get_participant", "create_emergency_access"]
    {
        assert!(his.contains(&(json!(operation), access["id"].clone())), "{operation}: {his:?}");
    }
    assert!(his.iter().all(|(_, id)| *id == access["id"]), "{his:?}");
    let others = events(&near);
    assert!(others.contains(&(json!("get_participant"), Value::Null)), "{others:?}");
    // After its end what he tries is an attempt like any other.
    end(&nurse, &access).ok();
    nurse.get(&man.path()).not_found();
    assert_eq!(events(&man).first(), Some(&(json!("get_participant"), Value::Null)));
}

#[test]
fn leads_and_privacy_officers_are_told_at_once_and_by_a_letter_without_names() {
    let post = PostBox::open();
    let world = World::with(|config| post.settings(config));
    let [here, there] = world.sites;
    let man = known(&world, here);
    let watchers = [Role::SafeguardingLead, Role::PrivacyOfficer].map(|role| world.sign_in(role));
    let (other, _) = world.other_programme();
    let elsewhere = world.enrol(Role::PrivacyOfficer, Some(other), None, None);
    let nurse = world.sign_in_at(Role::Clinician, there);
    let access = open(&nurse, &man).created();
    for watcher in &watchers {
        let list = watcher.get("/v1/emergency-accesses").ok();
        assert_eq!(list["items"][0]["id"], access["id"]);
        assert_eq!(
            (&list["items"][0]["words"], &list["items"][0]["who"]),
            (&json!(WORDS), &json!("A clinician"))
        );
    }
    assert_eq!(elsewhere.get("/v1/emergency-accesses").ok()["items"], json!([]));
    post.wait_for(2);
    let mut to: Vec<String> = post.all().into_iter().map(|letter| letter.to).collect();
    to.sort();
    let mut expected = watchers.map(|watcher| format!("{}@example.org", watcher.id)).to_vec();
    expected.sort();
    assert_eq!(to, expected);
    for letter in post.all() {
        assert_eq!(letter.subject, "A record was opened in an emergency");
        for personal in [man.study_id.as_str(), "Walter", "collapsed", "danger"] {
            assert!(!letter.text.contains(personal), "{}", letter.text);
        }
    }
}

#[test]
fn the_participant_is_told_in_plain_words_unless_it_is_held_with_a_reason() {
    let world = World::start();
    let [here, there] = world.sites;
    let man = known(&world, here);
    let (officer, nurse) = (world.sign_in(Role::PrivacyOfficer), world.sign_in_at(Role::Clinician, there));
    let himself = world.sign_in_participant(man.id);
    let told = || {
        let uses = himself.get(&format!("{}/audit-events", man.path())).ok();
        let items = uses["items"].as_array().unwrap().clone();
        items
            .into_iter()
            .filter(|one| one["who"] == "A clinician" || one["role"] == "privacy_officer")
            .collect()
    };
    let access = open(&nurse, &man).created();
    nurse.get(&man.path()).ok();
    let uses: Vec<Value> = told();
    assert_eq!(uses.len(), 2, "{uses:?}");
    for (one, what) in uses.iter().zip(["looked at the record", "opened the record in an emergency"]) {
        let sentence = one["sentence"].as_str().unwrap();
        let expected = format!(
            ", A clinician (nurse or doctor) {what}, outside the usual team, because somebody's life or health was in danger."
        );
        assert!(sentence.ends_with(&expected), "{sentence}");
        assert_eq!(one["emergency_reason"], "danger_to_life");
    }

    let reason = json!({"reason": "His home is not safe: his team tells him in person."});
    step(&officer, &access, "hold", Some(&json!({"reason": "no"}))).invalid_at("/reason");
    step(&world.in_role(&nurse, Role::PrivacyOfficer), &access, "hold", Some(&reason))
        .problem(409, "conflict");
    let bare = officer.post(&format!("{}/hold", path(&access)), &reason);
    bare.problem(428, "precondition-required");
    let held = step(&officer, &access, "hold", Some(&reason)).ok();
    assert_eq!((&held["held_by"], &held["hold_reason"]), (&json!(officer.id), &reason["reason"]));
    officer.get("/v1/emergency-accesses").ok();
    nurse.get(&format!("{}/identity", man.path())).ok();
    assert_eq!(told(), Vec::<Value>::new());
    // Nor does whoever opened it learn that it is held.
    let own = nurse.get(&path(&access)).ok();
    assert!(own["held_at"].is_null() && own["held_by"].is_null() && own["hold_reason"].is_null(), "{own}");

    step(&officer, &access, "release", None).ok();
    assert!(told().len() > 3, "{:?}", told());
    step(&officer, &access, "release", None).problem(409, "conflict");
    step(&officer, &access, "hold", Some(&reason)).problem(409, "conflict");
}

#[test]
fn a_privacy_officer_looks_into_it_who_neither_used_nor_held_it() {
    let world = World::start();
    let [here, there] = world.sites;
    let man = known(&world, here);
    let (officer, colleague) = (world.sign_in(Role::PrivacyOfficer), world.sign_in(Role::PrivacyOfficer));
    let nurse = world.sign_in_at(Role::Clinician, there);
    let access = open(&nurse, &man).created();
    review(&officer, &access, "justified").problem(409, "conflict");
    end(&nurse, &access).ok();
    review(&world.in_role(&nurse, Role::PrivacyOfficer), &access, "justified").problem(409, "conflict");
    for role in [Role::SafeguardingLead, Role::Monitor] {
        review(&world.sign_in(role), &access, "justified").forbidden();
    }
    let reason = json!({"reason": "His home is not safe: his team tells him."});
    step(&officer, &access, "hold", Some(&reason)).ok();
    review(&officer, &access, "justified").problem(409, "conflict");
    let stale = [("content-type", "application/json"), ("if-match", "\"1\"")];
    let body = json!({"outcome": "justified", "words": "Seen."}).to_string().into_bytes();
    colleague.send("POST", &format!("{}/reviews", path(&access)), &stale, Some(body)).problem(412, "stale");
    step(&colleague, &access, "reviews", Some(&json!({"outcome": "justified", "words": ""})))
        .invalid_at("/words");

    let asked = review(&colleague, &access, "more_asked").ok();
    assert!(asked["reviewed_at"].is_null() && asked["outcome"].is_null(), "{asked}");
    assert_eq!(asked["review_due_at"], access["review_due_at"]);
    let waiting = colleague.get("/v1/emergency-accesses").ok();
    assert_eq!(waiting["items"][0]["reviews"][0]["outcome"], "more_asked");
    // Whoever opened it reads what is asked.
    assert_eq!(nurse.get(&path(&access)).ok()["reviews"][0]["words"], "Asked the ambulance.");
    let done = review(&colleague, &access, "not_justified").ok();
    assert_eq!((&done["outcome"], &done["reviewed_by"]), (&json!("not_justified"), &json!(colleague.id)));
    assert_eq!(done["reviews"].as_array().unwrap().len(), 2);
    review(&colleague, &access, "justified").problem(409, "conflict");
    assert_eq!(colleague.get("/v1/emergency-accesses").ok()["items"], json!([]));
    let over = colleague.get("/v1/emergency-accesses?reviewed=true").ok();
    assert_eq!(over["items"][0]["id"], access["id"]);
}

#[test]
fn while_a_use_of_his_is_overdue_he_opens_no_other() {
    let world = World::start();
    let [here, there] = world.sites;
    let men = [known(&world, here), known(&world, here), known(&world, here)];
    let (officer, nurse) = (world.sign_in(Role::PrivacyOfficer), world.sign_in_at(Role::Clinician, there));
    let first = open(&nurse, &men[0]).created();
    end(&nurse, &first).ok();
    world.clock.advance(TimeDelta::days(7) - TimeDelta::minutes(1));
    // Not overdue yet.
    let nurse = world.renew_at(&nurse, there);
    let second = open(&nurse, &men[1]).created();
    end(&nurse, &second).ok();
    world.clock.advance(TimeDelta::minutes(2));
    let (nurse, officer) = (world.renew_at(&nurse, there), world.renew(&officer));
    let refused = open(&nurse, &men[2]).problem(409, "conflict");
    assert!(refused["detail"].as_str().unwrap().contains(first["id"].as_str().unwrap()), "{refused}");
    // A colleague has none that is overdue.
    open(&world.sign_in_at(Role::Clinician, there), &men[2]).created();
    let queue = officer.get("/v1/emergency-accesses?limit=2").ok();
    let overdue: Vec<_> =
        queue["items"].as_array().unwrap().iter().map(|one| (&one["id"], &one["is_overdue"])).collect();
    assert_eq!(overdue, [(&first["id"], &json!(true)), (&second["id"], &json!(false))]);
    let next = queue["next"].as_str().unwrap();
    let rest = officer.get(&format!("/v1/emergency-accesses?limit=2&cursor={next}")).ok();
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    // More asked is not looked into.
    review(&officer, &first, "more_asked").ok();
    open(&nurse, &men[2]).problem(409, "conflict");
    review(&officer, &first, "justified").ok();
    open(&nurse, &men[2]).created();
}

#[test]
fn no_safeguarding_concern_shows_by_way_of_it() {
    let world = World::start();
    let [here, there] = world.sites;
    let (man, other) = (known(&world, here), known(&world, here));
    world.sign_in(Role::PrivacyOfficer);
    let lead = world.sign_in(Role::SafeguardingLead);
    let nurse = world.sign_in_at(Role::Clinician, there);
    let concern = json!({"participant_id": man.id, "source": "seen", "immediate_danger": false,
        "report": {"what_was_seen": "The nurse of the other site took his money."}});
    let flag = world.sign_in(Role::Coordinator).post("/v1/flags", &concern).created();
    let id = flag["id"].as_str().unwrap();
    let named = json!({"person_id": nurse.id, "reason": "Named in the report."});
    lead.post(&format!("/v1/flags/{id}/exclusions"), &named).created();
    let shown = |man: &Man| {
        let access = open(&nurse, man).created();
        nurse.get("/v1/flags").forbidden();
        nurse.get(&format!("/v1/flags/{id}")).forbidden();
        nurse.get(&format!("/v1/flags/{id}/receipt")).not_found();
        nurse.get(&format!("{}/audit-events", man.path())).forbidden();
        let record = nurse.get(&man.path()).text();
        assert!(!record.contains("flag") && !record.contains(id), "{record}");
        let mut names: Vec<String> = access.as_object().unwrap().keys().cloned().collect();
        names.sort();
        end(&nurse, &access).ok();
        names
    };
    // The same with a flag that names him and without one.
    assert_eq!(shown(&man), shown(&other));
}

/// Whoever opened it, and who watches over it: nobody else, whatever his role.
#[test]
fn an_access_is_seen_by_its_person_and_by_who_watches_over_it() {
    let world = World::start();
    let [here, there] = world.sites;
    let man = known(&world, here);
    world.sign_in(Role::PrivacyOfficer);
    let nurse = world.sign_in_at(Role::Clinician, there);
    let access = open(&nurse, &man).created();
    nurse.get(&path(&access)).ok();
    assert_eq!(nurse.get("/v1/emergency-accesses").ok()["items"].as_array().unwrap().len(), 1);
    let (other, _) = world.other_programme();
    for role in [Role::SafeguardingLead, Role::Monitor, Role::PrivacyOfficer] {
        let watcher = world.sign_in(role);
        watcher.get(&path(&access)).ok();
        let listed = watcher.get(&format!("/v1/emergency-accesses?person_id={}", nurse.id)).ok();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{role}");
        let elsewhere = world.enrol(role, Some(other), None, None);
        elsewhere.get(&path(&access)).not_found();
        assert_eq!(elsewhere.get("/v1/emergency-accesses").ok()["items"], json!([]), "{role}");
    }
    for role in [Role::Clinician, Role::Coordinator] {
        let colleague = world.sign_in_at(role, there);
        colleague.get(&path(&access)).not_found();
        assert_eq!(colleague.get("/v1/emergency-accesses").ok()["items"], json!([]), "{role}");
    }
    // Signed in in another role he reaches no more than that role does.
    let mut as_coordinator = world.in_role(&nurse, Role::Coordinator);
    as_coordinator.get(&path(&access)).ok();
    as_coordinator = world.renew_at(&as_coordinator, there);
    as_coordinator.get(&man.path()).not_found();
    nurse.get(&man.path()).ok();
}
