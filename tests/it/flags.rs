//! Safeguarding flags: who may raise one, who sees one, and that for the excluded there is none.

use alongside_domain::clock::{Ids as _, System};
use alongside_domain::flag::TriggerKind;
use alongside_domain::id::{FlagId, PersonId};
use alongside_domain::policy::Role;
use alongside_store::flag;
use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};

use crate::harness::{Caller, World, rows};

const WORDS: &str = "  He said: \u{201c}don\u{2019}t tell \u{1f92b}\u{201d}\n\tMy pension\u{a0}is gone.  ";

fn concern() -> Value {
    json!({"source": "disclosed", "immediate_danger": false, "report": {"verbatim": WORDS}})
}

fn naming(person: &Caller) -> Value {
    let mut concern = concern();
    concern["report"]["alleged_person"] = json!({"relationship": "supporter", "person_id": person.id});
    concern
}

fn raised(by: &Caller, concern: &Value) -> String {
    by.post("/v1/flags", concern).created()["id"].as_str().unwrap().to_owned()
}

fn listed(lead: &Caller, query: &str) -> Vec<String> {
    let page = lead.get(&format!("/v1/flags{query}")).ok();
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_raiser_gets_a_receipt_and_nothing_else() {
    let world = World::start();
    let (supporter, lead) = (world.sign_in(Role::Supporter), world.sign_in(Role::SafeguardingLead));
    let answer = supporter.post("/v1/flags", &concern());
    let receipt = answer.created();
    assert_eq!(receipt["status"], "received");
    assert!(receipt["safety"].to_string().contains("never the emergency channel"));
    assert!(!answer.text().contains("pension"));
    let id = receipt["id"].as_str().unwrap();

    supporter.get("/v1/flags").forbidden();
    supporter.get(&format!("/v1/flags/{id}")).forbidden();
    world.sign_in(Role::Supporter).get(&format!("/v1/flags/{id}/receipt")).not_found();
    lead.get(&format!("/v1/flags/{id}/receipt")).not_found();
    assert_eq!(lead.get(&format!("/v1/flags/{id}")).ok()["report"]["verbatim"], WORDS);

    lead.post_nothing(&format!("/v1/flags/{id}/acknowledgement")).ok();
    lead.post_nothing(&format!("/v1/flags/{id}/acknowledgement")).problem(409, "illegal-transition");
    assert_eq!(supporter.get(&format!("/v1/flags/{id}/receipt")).ok()["status"], "being_handled");
}

#[test]
fn who_is_excluded_finds_nothing_anywhere() {
    let world = World::start();
    let [first, second] = [(); 2].map(|()| world.sign_in(Role::SafeguardingLead));
    let supporter = world.sign_in(Role::Supporter);
    let id = raised(&supporter, &naming(&first));
    for path in ["", "/entries", "/exclusions", "/receipt"] {
        first.get(&format!("/v1/flags/{id}{path}")).not_found();
    }
    first.post_nothing(&format!("/v1/flags/{id}/acknowledgement")).not_found();
    assert!(listed(&first, "").is_empty());
    assert_eq!(listed(&second, ""), std::slice::from_ref(&id));

    // The one who raised it is named later: his receipt goes too.
    let exclude = |by: &Caller, person: &Caller| {
        by.post(&format!("/v1/flags/{id}/exclusions"), &json!({"person_id": person.id, "reason": "Named."}))
    };
    supporter.get(&format!("/v1/flags/{id}/receipt")).ok();
    exclude(&second, &supporter).created();
    supporter.get(&format!("/v1/flags/{id}/receipt")).not_found();
    exclude(&second, &supporter).problem(409, "already-exists");

    // The last one who can act stays; with a third there, he may go, and is gone at once.
    exclude(&second, &second).problem(409, "conflict");
    let third = world.sign_in(Role::SafeguardingLead);
    exclude(&second, &second).created();
    second.get(&format!("/v1/flags/{id}")).not_found();
    assert_eq!(listed(&third, ""), std::slice::from_ref(&id));
    let exclusions = third.get(&format!("/v1/flags/{id}/exclusions")).ok();
    assert_eq!(exclusions["items"].as_array().unwrap().len(), 3);
    assert_eq!(exclusions.to_string().matches("Named in the report.").count(), 1);
}

#[test]
fn a_flag_that_names_the_only_lead_goes_to_who_stands_in() {
    let world = World::start();
    let lead = world.sign_in(Role::SafeguardingLead);
    let supporter = world.sign_in(Role::Supporter);
    // Nobody stands in yet: it is kept all the same, and its raiser is told to phone somebody else.
    let answer = supporter.post("/v1/flags", &naming(&lead));
    let id = answer.created()["id"].as_str().unwrap().to_owned();
    let receipt = format!("/v1/flags/{id}/receipt");
    let alone = |receipt: &Value| receipt["safety"][0].as_str().unwrap().starts_with("Nobody here can act");
    assert!(alone(&answer.json()) && alone(&supporter.get(&receipt).ok()));

    let chain = [Role::Supervisor, Role::TrialManager, Role::PrivacyOfficer].map(|role| world.sign_in(role));
    assert!(!alone(&supporter.get(&receipt).ok()));
    let [supervisor, manager, officer] = &chain;
    assert_eq!(listed(officer, ""), std::slice::from_ref(&id));
    for passed in [supervisor, manager, &lead] {
        assert!(listed(passed, "").is_empty());
        passed.get(&format!("/v1/flags/{id}")).not_found();
        passed.post_nothing(&format!("/v1/flags/{id}/acknowledgement")).not_found();
    }
    // The officer is named as well, by somebody who knows: then the next one acts.
    let exclude = |by: &Caller, person: &Caller| {
        by.post(&format!("/v1/flags/{id}/exclusions"), &json!({"person_id": person.id, "reason": "Named."}))
    };
    exclude(officer, officer).created();
    officer.get(&format!("/v1/flags/{id}")).not_found();
    assert_eq!(manager.get(&format!("/v1/flags/{id}")).ok()["report"]["verbatim"], WORDS);
    let entry = json!({"kind": "decision", "nature": "fact", "text": "Told the local authority.",
        "occurred_at": world.app.clock.now().to_rfc3339_opts(SecondsFormat::Micros, true)});
    manager.post(&format!("/v1/flags/{id}/entries"), &entry).created();
    manager.post_nothing(&format!("/v1/flags/{id}/acknowledgement")).ok();
    assert_eq!(supporter.get(&receipt).ok()["status"], "being_handled");

    // A lead who may see it takes it over, and nobody stands in any more.
    let deputy = world.sign_in(Role::SafeguardingLead);
    assert_eq!(listed(&deputy, ""), std::slice::from_ref(&id));
    assert!(listed(manager, "").is_empty());
    manager.get(&format!("/v1/flags/{id}")).not_found();
    let other = raised(&supporter, &concern());
    assert!(listed(officer, "").is_empty(), "no other flag is anybody's but the leads'");
    assert_eq!(listed(&lead, ""), [other]);
}

#[test]
fn an_open_flag_never_loses_the_last_one_who_can_act_on_it() {
    let world = World::start();
    let admin = world.admin();
    let (lead, supporter) = (world.sign_in(Role::SafeguardingLead), world.sign_in(Role::Supporter));
    let membership = |person: &Caller| {
        let view = admin.get(&format!("/v1/people/{}", person.id)).ok();
        format!("/v1/people/{}/memberships/{}", person.id, view["memberships"][0]["id"].as_str().unwrap())
    };
    let close = |person: &Caller| admin.post_nothing(&format!("/v1/people/{}/deactivation", person.id));
    let end = |person: &Caller| admin.post_nothing(&format!("{}/ending", membership(person)));
    raised(&supporter, &concern());
    end(&lead).problem(409, "conflict");
    close(&lead).problem(409, "conflict");
    // With somebody to stand in, an account can be closed at once; a role is given to another person first.
    let officer = world.sign_in(Role::PrivacyOfficer);
    end(&lead).problem(409, "conflict");
    let deputy = world.sign_in(Role::SafeguardingLead);
    end(&lead).ok();
    close(&deputy).ok();
    assert_eq!(listed(&officer, "").len(), 1);
    end(&officer).problem(409, "conflict");
    close(&officer).problem(409, "conflict");
    // An invitation that nobody has followed is nobody who can act.
    let invited = json!({"email": "new.lead@charity.example", "display_name": "New Lead",
        "memberships": [{"role": "safeguarding_lead", "programme_id": world.programme}]});
    admin.post("/v1/people", &invited).created();
    close(&officer).problem(409, "conflict");
    world.sign_in(Role::SafeguardingLead);
    close(&officer).ok();
}

#[test]
fn an_absent_flag_and_a_hidden_one_answer_the_same() {
    let world = World::start();
    let lead = world.sign_in(Role::SafeguardingLead);
    let hidden = raised(&world.sign_in(Role::Supporter), &naming(&lead));
    let without_instance = |id: &str| {
        let mut body = lead.get(&format!("/v1/flags/{id}")).not_found();
        body.as_object_mut().unwrap().remove("instance");
        body
    };
    assert_eq!(without_instance(&hidden), without_instance(&System.fresh().to_string()));
}

#[test]
fn a_concern_names_only_whom_the_raiser_knows() {
    let world = World::start();
    let (supporter, lead) = (world.sign_in(Role::Supporter), world.sign_in(Role::SafeguardingLead));
    let participant = rows::participant(&world, world.sites[0], None);
    let mut about = concern();
    about["participant_id"] = json!(participant);
    supporter.post("/v1/flags", &about).invalid_at("/participant_id");
    rows::assignment(&world, participant, world.sites[0], PersonId::new(supporter.id));
    let id = raised(&supporter, &about);
    assert_eq!(listed(&lead, &format!("?participant_id={participant}")), [id]);

    let mut unknown = concern();
    unknown["report"]["alleged_person"] = json!({"person_id": System.fresh()});
    supporter.post("/v1/flags", &unknown).invalid_at("/report/alleged_person/person_id");
    let mut machine = concern();
    machine["source"] = json!("system_alert");
    supporter.post("/v1/flags", &machine).invalid_at("/source");
    let empty = json!({"source": "seen", "immediate_danger": true, "report": {"verbatim": " "}});
    supporter.post("/v1/flags", &empty).invalid_at("/report/verbatim");
    assert_eq!(listed(&lead, "").len(), 1, "nothing refused was kept");
}

#[test]
fn a_repeat_is_one_flag() {
    let world = World::start();
    let (supporter, lead) = (world.sign_in(Role::Supporter), world.sign_in(Role::SafeguardingLead));
    let mut concern = concern();
    concern["id"] = json!(System.fresh());
    let first = supporter.post("/v1/flags", &concern).created();
    assert_eq!(supporter.post("/v1/flags", &concern).ok(), first);
    let mut other = concern.clone();
    other["immediate_danger"] = json!(true);
    supporter.post("/v1/flags", &other).problem(409, "already-exists");
    world.sign_in(Role::Supporter).post("/v1/flags", &concern).problem(409, "already-exists");
    assert_eq!(listed(&lead, "").len(), 1);
}

#[test]
fn the_work_list_goes_by_what_is_due_first() {
    let world = World::start();
    let (supporter, lead) = (world.sign_in(Role::Supporter), world.sign_in(Role::SafeguardingLead));
    let with = |source: &str, danger: bool| {
        let mut concern = concern();
        concern["source"] = json!(source);
        concern["immediate_danger"] = json!(danger);
        raised(&supporter, &concern)
    };
    let suspicion = with("suspicion", false);
    let disclosed = with("disclosed", false);
    let danger = with("third_party", true);
    let all = [danger.clone(), disclosed.clone(), suspicion.clone()];
    assert_eq!(listed(&lead, ""), all);
    assert_eq!(listed(&lead, "?overdue=false"), all);

    world.clock.advance(TimeDelta::minutes(61));
    // The token of an hour ago is no longer good.
    let lead = world.sign_in(Role::SafeguardingLead);
    assert_eq!(listed(&lead, "?overdue=true"), all[..2]);
    assert_eq!(listed(&lead, "?overdue=false"), all[2..]);
    lead.post_nothing(&format!("/v1/flags/{danger}/acknowledgement")).ok();
    assert_eq!(listed(&lead, "?overdue=true"), [disclosed]);
    assert_eq!(listed(&lead, "?status=acknowledged"), [danger]);

    let mut seen = Vec::new();
    let mut next = String::new();
    loop {
        let page = lead.get(&format!("/v1/flags?limit=1{next}")).ok();
        seen.push(page["items"][0]["id"].as_str().unwrap().to_owned());
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(seen, all);
}

#[test]
fn the_chronology_is_only_added_to() {
    let world = World::start();
    let (supporter, lead) = (world.sign_in(Role::Supporter), world.sign_in(Role::SafeguardingLead));
    let id = raised(&supporter, &concern());
    let path = format!("/v1/flags/{id}/entries");
    let at = |ago: TimeDelta| (world.app.clock.now() - ago).to_rfc3339_opts(SecondsFormat::Micros, true);
    let entry = |kind: &str, ago: TimeDelta| json!({"kind": kind, "nature": "fact", "occurred_at": at(ago), "text": "Phoned him."});
    assert_eq!(lead.post(&path, &entry("contact", TimeDelta::hours(1))).created()["seq"], 1);
    let mut late = entry("observation", TimeDelta::hours(25));
    lead.post(&path, &late).invalid_at("/late_reason");
    late["late_reason"] = json!("He told me about it only today.");
    assert_eq!(lead.post(&path, &late).created()["seq"], 2);
    lead.post(&path, &entry("note", TimeDelta::hours(-1))).invalid_at("/occurred_at");
    let mut correction = entry("correction", TimeDelta::minutes(1));
    lead.post(&path, &correction).invalid_at("/corrects");
    correction["corrects"] = json!(9);
    lead.post(&path, &correction).invalid_at("/corrects");
    correction["corrects"] = json!(1);
    lead.post(&path, &correction).created();
    let page = lead.get(&format!("{path}?limit=2")).ok();
    assert_eq!(page["items"][1]["late_reason"], "He told me about it only today.");
    let rest = lead.get(&format!("{path}?limit=2&cursor={}", page["next"].as_str().unwrap())).ok();
    assert_eq!((&rest["items"][0]["seq"], &rest["items"][0]["corrects"]), (&json!(3), &json!(1)));
    supporter.get(&path).forbidden();
}

#[test]
fn an_answer_raises_one_flag_however_often_it_is_saved() {
    let world = World::start();
    let lead = world.sign_in(Role::SafeguardingLead);
    let site = world.sites[0];
    let participant = rows::participant(&world, site, None);
    let assessment = rows::assessment(&world, participant, site);
    let (keys, programme) = (world.keys_of(participant), world.programme);
    let raise = |link_id: &'static str| {
        let (keys, now, id) = (keys.clone(), world.app.clock.now(), FlagId::new(System.fresh()));
        world.write(move |db| {
            let kind = TriggerKind::SelfHarm;
            flag::raise_from_answer(db, &keys, programme, participant, assessment, link_id, kind, now, id)
        })
    };
    assert_eq!([raise("phq9.9"), raise("phq9.9"), raise("emo.live.gate")], [true, false, true]);
    let page = lead.get("/v1/flags").ok();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    let trigger = json!({"kind": "self_harm", "assessment_id": assessment, "link_id": "phq9.9"});
    assert_eq!(page["items"][0]["trigger"], trigger);
    assert_eq!(page["items"][0]["source"], "system_alert");
    let id = page["items"][0]["id"].as_str().unwrap();
    let view = lead.get(&format!("/v1/flags/{id}")).ok();
    assert!(view["report"]["what_was_seen"].as_str().unwrap().contains("self-harm"));
}

#[test]
fn another_programmes_lead_finds_nothing() {
    let world = World::start();
    let id = raised(&world.sign_in(Role::Supporter), &concern());
    let other = json!({"code": "OTHER", "name": "Another", "kind": "service", "timezone": "Europe/London",
        "jurisdiction": "GB-ENG"});
    let other = world.admin().post("/v1/programmes", &other).created();
    let other = other["id"].as_str().unwrap().parse().unwrap();
    let stranger = world.enrol(Role::SafeguardingLead, Some(other), None, None);
    assert!(listed(&stranger, "").is_empty());
    stranger.get(&format!("/v1/flags/{id}")).not_found();
}

#[test]
fn nobody_with_the_database_open_changes_what_was_said() {
    let world = World::start();
    let id = raised(&world.sign_in(Role::Supporter), &concern());
    let entry = json!({"kind": "decision", "nature": "fact", "text": "Told the local authority.",
        "occurred_at": world.app.clock.now().to_rfc3339_opts(SecondsFormat::Micros, true)});
    world.sign_in(Role::SafeguardingLead).post(&format!("/v1/flags/{id}/entries"), &entry).created();
    for statement in [
        "UPDATE flags SET report = cell FROM (SELECT report AS cell FROM flags) AS other",
        "UPDATE flags SET raised_by_person = NULL",
        "DELETE FROM flags",
        "DELETE FROM flag_entries",
    ] {
        let refused = world.execute(statement).unwrap_err().to_string();
        assert!(refused.contains("keeps its rows") || refused.contains("is never"), "{statement}: {refused}");
    }
}
