//! What holds for every operation: strict input, idempotency, cursors, versions, headers.

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, World, assign};

const HOSTILE: [(&str, &[u8]); 11] = [
    ("nothing", b""),
    ("not JSON", b"{"),
    ("cut off", b"{\"site_id\": \"0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e"),
    ("an array", b"[]"),
    ("a string", b"\"x\""),
    ("more behind it", b"{} {}"),
    ("a member twice", b"{\"site_id\": null, \"site_id\": null}"),
    ("NUL", b"{\"language\": \"a\\u0000b\"}"),
    ("half a character", b"{\"language\": \"\\ud800\"}"),
    ("not UTF-8", b"{\"language\": \"\xff\"}"),
    ("a number without end", b"{\"language\": 1e400}"),
];

fn count(caller: &Caller) -> usize {
    caller.get("/v1/participants?limit=200").ok()["items"].as_array().unwrap().len()
}

#[test]
fn hostile_bodies_are_refused_and_store_nothing() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    for (what, body) in HOSTILE {
        let answer = coordinator.post_bytes("/v1/participants", "application/json", body);
        let problem = answer.problem(400, "malformed-json");
        assert!(problem["detail"].is_string() || problem["errors"].is_array(), "{what}");
    }
    let deep = format!("{}{}", "{\"a\":".repeat(65), "}".repeat(65));
    coordinator
        .post_bytes("/v1/participants", "application/json", deep.as_bytes())
        .problem(400, "malformed-json");
    assert_eq!(count(&coordinator), 0);
}

#[test]
fn every_member_of_a_wrong_kind_is_named() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let good = json!({"site_id": world.sites[0], "identity": {"name": "A Name"}});
    let with = |pointer: &str, value: Value| {
        let mut body = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        body
    };
    for (pointer, value) in [
        ("/site_id", json!("not an id")),
        ("/site_id", json!(7)),
        ("/identity", json!([])),
        ("/identity", json!(null)),
        ("/identity/name", json!(7)),
        ("/identity/name", json!("")),
        ("/identity/name", json!("x".repeat(10_000))),
        ("/identity/nhs_number", json!("1234567890")),
        ("/language", json!("no language at all")),
        ("/unheard_of", json!(true)),
        ("/identity/unheard_of", json!(true)),
        ("/study_id", json!("AS-0000-0000-0")),
    ] {
        coordinator.post("/v1/participants", &with(pointer, value)).invalid_at(pointer);
    }
    coordinator.post("/v1/participants", &json!({"identity": {"name": "A Name"}})).invalid_at("/site_id");
    assert_eq!(count(&coordinator), 0);
}

#[test]
fn a_body_of_another_type_or_too_large_is_refused() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    coordinator.post_bytes("/v1/participants", "text/plain", b"{}").problem(415, "unsupported-media-type");
    let large = vec![b' '; (1 << 20) + 1];
    coordinator.post_bytes("/v1/participants", "application/json", &large).problem(413, "body-too-large");
    coordinator.get_as("/v1/participants", "image/png").problem(406, "not-acceptable");
}

#[test]
fn wrong_methods_and_unknown_places_are_told_apart() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let refused = coordinator.delete("/v1/participants");
    refused.problem(405, "method-not-allowed");
    assert_eq!(
        refused.header("allow").map(|allow| allow.contains("GET") && allow.contains("POST")),
        Some(true)
    );
    coordinator.get("/v1/nothing-here").not_found();
    coordinator.get("/v1/participants/not-an-id").not_found();
    coordinator.get("/v1/participants?limit=0").problem(400, "malformed-query");
    coordinator.get("/v1/participants?unknown=1").problem(400, "malformed-query");
    coordinator.get("/v1/participants?cursor=made-up").problem(400, "invalid-cursor");
}

#[test]
fn a_request_with_a_key_is_done_once_and_answered_alike() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let body = json!({"site_id": world.sites[0], "identity": {"name": "Once Only"}});
    let first = coordinator.post_with_key("/v1/participants", "key-1", &body);
    let again = coordinator.post_with_key("/v1/participants", "key-1", &body);
    assert_eq!((first.status, &first.bytes), (201, &again.bytes));
    assert_eq!(again.status, 201);
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(count(&coordinator), 1);
    let other = json!({"site_id": world.sites[0], "identity": {"name": "Somebody Else"}});
    coordinator.post_with_key("/v1/participants", "key-1", &other).problem(422, "idempotency-key-reused");
    // The same key of another caller is another key.
    let colleague = world.sign_in(Role::Coordinator);
    colleague.post_with_key("/v1/participants", "key-1", &other).created();
    // A refusal is kept as well.
    let refused = json!({"site_id": world.programme, "identity": {"name": "Nowhere"}});
    let first = coordinator.post_with_key("/v1/participants", "key-2", &refused);
    let again = coordinator.post_with_key("/v1/participants", "key-2", &refused);
    assert_eq!((first.status, first.bytes), (422, again.bytes));
}

#[test]
fn a_repeat_is_on_record_and_shows_nobody_what_he_may_no_longer_see() {
    let world = World::start();
    let (coordinator, supporter) = (world.sign_in(Role::Coordinator), world.sign_in(Role::Supporter));
    let man = world.participant().consented().create();
    let assignment = assign(&coordinator, &supporter, &man);
    let hna = world.instrument("/prostate-hna");
    let begun = json!({"participant_id": man.id, "instrument_id": hna["id"], "time_point": "T0", "channel": "in_person"});
    supporter.post_with_key("/v1/assessments", "visit", &begun).created();
    supporter.post_with_key("/v1/assessments", "visit", &begun).created();
    let mut other = begun.clone();
    other["time_point"] = json!("T1");
    supporter.post_with_key("/v1/assessments", "visit", &other).problem(422, "idempotency-key-reused");
    let path = format!("/v1/assignments/{}/ending", assignment["id"].as_str().unwrap());
    coordinator.post(&path, &json!({})).ok();
    supporter.post_with_key("/v1/assessments", "visit", &begun).not_found();
    let monitor = world.sign_in(Role::Monitor);
    let events = monitor.get("/v1/audit-events?operation=create_assessment&limit=200").ok();
    let statuses: Vec<i64> =
        events["items"].as_array().unwrap().iter().map(|event| event["status"].as_i64().unwrap()).collect();
    assert_eq!(statuses, [404, 422, 201, 201], "newest first, one for each request: {events}");
}

#[test]
fn a_header_made_up_for_each_guess_brings_no_fresh_allowance() {
    let world = World::with(|config| {
        config.rate_limit_per_minute = 60;
        config.rate_limit_burst = 10;
    });
    let guess = |number: usize| {
        let made_up = format!("Bearer made-up-{number}");
        let headers = [("content-type", "application/json"), ("authorization", made_up.as_str())];
        let body = json!({"email": "nobody@example.org", "password": "x"}).to_string().into_bytes();
        world.stranger().send("POST", "/v1/sessions", &headers, Some(body)).status
    };
    assert!((0..20).map(guess).any(|status| status == 429));
}

#[test]
fn many_who_send_the_same_key_at_once_make_one_thing() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let body = json!({"site_id": world.sites[0], "identity": {"name": "Once Only"}});
    let ids: Vec<Value> = std::thread::scope(|scope| {
        let sending: Vec<_> = (0..8)
            .map(|_| {
                let coordinator = coordinator.clone();
                let body = &body;
                scope.spawn(move || {
                    coordinator.post_with_key("/v1/participants", "storm", body).created()["id"].clone()
                })
            })
            .collect();
        sending.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| id == &ids[0]), "{ids:?}");
    assert_eq!(count(&coordinator), 1);
}

#[test]
fn an_id_chosen_by_the_client_makes_a_repeat_harmless() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let body = json!({"id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f", "site_id": world.sites[0],
        "identity": {"name": "My Own Id"}});
    let made = coordinator.post("/v1/participants", &body).created();
    assert_eq!(coordinator.post("/v1/participants", &body).ok()["id"], made["id"]);
    let mut other = body.clone();
    other["identity"]["name"] = json!("Another");
    coordinator.post("/v1/participants", &other).problem(409, "already-exists");
    assert_eq!(count(&coordinator), 1);
}

#[test]
fn a_list_is_read_page_by_page_without_gap_or_repeat() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let made: Vec<Value> = (0..7).map(|_| json!(world.participant().create().id)).collect();
    let mut seen = Vec::new();
    let mut path = "/v1/participants?limit=3".to_owned();
    loop {
        let answer = coordinator.get(&path);
        let page = answer.ok();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        match page["next"].as_str() {
            None => break,
            Some(next) => {
                assert!(answer.header("link").unwrap().contains("rel=\"next\""));
                path = format!("/v1/participants?limit=3&cursor={next}");
            }
        }
    }
    assert_eq!(seen, made);
    // A cursor belongs to the caller and to the list that gave it.
    let page = coordinator.get("/v1/participants?limit=3").ok();
    let cursor = page["next"].as_str().unwrap();
    let colleague = world.sign_in(Role::Coordinator);
    colleague.get(&format!("/v1/participants?cursor={cursor}")).problem(400, "invalid-cursor");
    coordinator
        .get(&format!("/v1/participants?status=active&cursor={cursor}"))
        .problem(400, "invalid-cursor");
    coordinator.get(&format!("/v1/assignments?cursor={cursor}")).problem(400, "invalid-cursor");
}

#[test]
fn what_is_known_is_not_sent_again() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let man = world.participant().create();
    let etag = coordinator.get(&man.path()).etag();
    let again = coordinator.send("GET", &man.path(), &[("if-none-match", &etag)], None);
    assert_eq!((again.status, again.bytes.len()), (304, 0));
}

#[test]
fn every_answer_carries_the_headers_that_protect() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    for answer in [
        coordinator.get("/v1/participants"),
        coordinator.get("/v1/nothing"),
        world.stranger().get("/healthz"),
    ] {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            ),
            ("strict-transport-security", "max-age=63072000; includeSubDomains"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{}", answer.asked);
        }
        assert!(answer.header("x-request-id").is_some() && answer.header("server").is_none());
    }
    assert_eq!(coordinator.get("/v1/participants").header("cache-control"), Some("no-store"));
}

#[test]
fn too_many_requests_are_asked_to_wait() {
    let world = World::with(|config| {
        config.rate_limit_per_minute = 60;
        config.rate_limit_burst = 40;
    });
    let coordinator = world.sign_in(Role::Coordinator);
    let refused = (0..60).map(|_| coordinator.get("/v1/sites")).find(|answer| answer.status == 429).unwrap();
    refused.problem(429, "rate-limited");
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(world.stranger().get("/healthz").status, 200);
}
