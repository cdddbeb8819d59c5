//! A shared tablet is let in by somebody who is signed in elsewhere (RFC 8628).

use std::sync::Barrier;

use alongside_domain::clock::{Ids as _, System};
use alongside_domain::id::{MembershipId, PersonId};
use alongside_domain::policy::Role;
use alongside_store::membership::{self, Membership};
use alongside_store::schema::{audit_events, device_authorisations, sessions, sign_in_lanes};
use alongside_store::types::{At, Code, Key};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, World, fail_until_slow};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const LOOK: &str = "/v1/device-authorisations/lookups";
const APPROVE: &str = "/v1/device-authorisations/approvals";
const DENY: &str = "/v1/device-authorisations/denials";

fn form(world: &World, path: &str, form: &str) -> Answer {
    world.stranger().post_bytes(path, "application/x-www-form-urlencoded", form.as_bytes())
}

/// A tablet that shows a code.
struct Tablet<'w> {
    world: &'w World,
    begun: Value,
}

impl<'w> Tablet<'w> {
    fn begin(world: &'w World) -> Self {
        Self::begin_as(world, System.fresh())
    }

    fn begin_as(world: &'w World, device: uuid::Uuid) -> Self {
        let fields = format!("client_id=alongside-cli&device_id={device}&device_name=Tablet+7");
        Self { world, begun: form(world, "/oauth2/device_authorization", &fields).ok() }
    }

    fn shown(&self) -> Value {
        json!({"user_code": self.begun["user_code"]})
    }

    fn fields(&self, client: &str) -> String {
        let code = self.begun["device_code"].as_str().unwrap();
        format!("grant_type={GRANT}&client_id={client}&device_code={code}")
    }

    fn ask(&self) -> Answer {
        form(self.world, "/oauth2/token", &self.fields("alongside-cli"))
    }

    /// Asks after a pause that is long enough, however often it came too early.
    fn ask_later(&self) -> Answer {
        self.world.clock.advance(TimeDelta::seconds(60));
        self.ask()
    }
}

#[track_caller]
fn refused(answer: &Answer, error: &str) {
    let body = answer.is(400);
    assert_eq!(body["error"], error, "{body}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// A supporter on a device of his own, with a second factor that he has just shown.
fn supporter(world: &World) -> Caller {
    let sam = world.account("sam@example.org", Role::Supporter);
    let phone = sam.sign_in();
    sam.enrol(&phone);
    phone
}

/// Gives somebody another role, behind the API's back.
fn give(world: &World, person: uuid::Uuid, role: Role) {
    let programme_id = (role != Role::Admin).then_some(Key(world.programme));
    let row = Membership {
        id: Key(MembershipId::new(System.fresh())),
        person_id: Key(PersonId::new(person)),
        role: Code(role),
        programme_id,
        site_id: None,
        granted_by: None,
        granted_at: At(world.app.clock.now()),
        ended_at: None,
    };
    world.write(move |db| membership::insert(db, &row));
}

#[test]
fn a_tablet_waits_and_is_let_in_as_its_supporter() {
    let world = World::start();
    let phone = supporter(&world);
    let tablet = Tablet::begin(&world);
    assert_eq!((&tablet.begun["expires_in"], &tablet.begun["interval"]), (&json!(600), &json!(5)));
    assert_eq!(tablet.begun["verification_uri"], format!("{}/device", world.base));
    refused(&tablet.ask(), "authorization_pending");
    let device = phone.post(LOOK, &tablet.shown()).ok();
    assert_eq!((&device["device_name"], &device["client_id"]), (&json!("Tablet 7"), &json!("alongside-cli")));
    assert_eq!((&device["address"], &device["role"]), (&json!("127.0.0.1"), &json!("supporter")));
    assert_eq!(device["programme_ids"], json!([world.programme]));
    let may = device["operations"].as_array().unwrap();
    assert!(
        may.contains(&json!("list_participants")) && !may.contains(&json!("approve_device_authorisation"))
    );
    phone.post(APPROVE, &tablet.shown()).no_content();
    let tokens = tablet.ask_later().ok();
    let inside = world.with_tokens(&tokens);
    let session = inside.get("/v1/sessions/current").ok();
    assert_eq!((&session["role"], &session["device_name"]), (&json!("supporter"), &json!("Tablet 7")));
    assert_eq!((&session["person_id"], &session["must_enrol"]), (&json!(phone.id), &json!(false)));
    // What it could is what was shown, and nothing that asks who sits there.
    let can = session["operations"].as_array().unwrap();
    assert!(may.iter().all(|operation| can.contains(operation)), "{may:?}");
    assert!(session["fresh_until"].is_null());
    inside.post_nothing("/v1/second-factor/recovery-codes").problem(403, "step-up-required");
    let other = Tablet::begin(&world);
    inside.post(APPROVE, &other.shown()).problem(403, "step-up-required");
    // It goes on like any session.
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    world.stranger().post("/v1/sessions/refresh", &refresh).ok();
    // The code was good once.
    refused(&tablet.ask_later(), "invalid_grant");
    phone.post(LOOK, &tablet.shown()).invalid_at("/user_code");
}

#[test]
fn who_asks_too_early_waits_longer_each_time() {
    let world = World::start();
    let phone = supporter(&world);
    let tablet = Tablet::begin(&world);
    let after = |seconds| {
        world.clock.advance(TimeDelta::seconds(seconds));
        tablet.ask()
    };
    refused(&after(0), "authorization_pending");
    refused(&after(6), "authorization_pending");
    refused(&after(1), "slow_down");
    // Ten seconds now: what was enough before is not.
    refused(&after(6), "slow_down");
    refused(&after(16), "authorization_pending");
    phone.post(APPROVE, &tablet.shown()).no_content();
    refused(&after(11), "slow_down");
    refused(&after(16), "slow_down");
    after(26).ok();
}

#[test]
fn a_refused_tablet_is_told_so() {
    let world = World::start();
    let phone = supporter(&world);
    let tablet = Tablet::begin(&world);
    phone.post(DENY, &tablet.shown()).no_content();
    refused(&tablet.ask(), "access_denied");
    phone.post(APPROVE, &tablet.shown()).invalid_at("/user_code");
    refused(&tablet.ask_later(), "access_denied");
}

#[test]
fn ten_minutes_later_both_codes_are_worth_nothing() {
    let world = World::start();
    let mut phone = supporter(&world);
    let [asked, approved] = [(); 2].map(|()| Tablet::begin(&world));
    phone.post(APPROVE, &approved.shown()).no_content();
    world.clock.advance(TimeDelta::minutes(10));
    phone.role = "supporter";
    let phone = world.renew(&phone);
    phone.post(LOOK, &asked.shown()).invalid_at("/user_code");
    phone.post(DENY, &asked.shown()).invalid_at("/user_code");
    refused(&asked.ask(), "expired_token");
    // A yes that nobody collected is over too.
    refused(&approved.ask(), "expired_token");
}

#[test]
fn a_code_is_good_for_the_program_that_asked_for_it() {
    let world = World::with(|config| config.device_clients = vec!["alongside-cli".into(), "ward-app".into()]);
    let phone = supporter(&world);
    let tablet = Tablet::begin(&world);
    phone.post(APPROVE, &tablet.shown()).no_content();
    refused(&form(&world, "/oauth2/token", &tablet.fields("ward-app")), "invalid_grant");
    let unknown = form(&world, "/oauth2/token", &tablet.fields("somebody-else"));
    assert_eq!(unknown.is(401)["error"], "invalid_client");
    let made_up = format!("grant_type={GRANT}&client_id=alongside-cli&device_code=ald_{}", "A".repeat(43));
    refused(&form(&world, "/oauth2/token", &made_up), "invalid_grant");
    // A public client has no secret to show.
    let with_secret = format!("{}&client_secret=x", tablet.fields("alongside-cli"));
    refused(&form(&world, "/oauth2/token", &with_secret), "invalid_request");
    let basic = [("content-type", "application/x-www-form-urlencoded"), ("authorization", "Basic YTpi")];
    let body = tablet.fields("alongside-cli").into_bytes();
    let basic = world.stranger().send("POST", "/oauth2/token", &basic, Some(body));
    assert_eq!(basic.is(401)["error"], "invalid_client");
    let service = form(&world, "/oauth2/token", "grant_type=client_credentials&device_code=x");
    refused(&service, "unsupported_grant_type");
    // None of that used the code up.
    tablet.ask_later().ok();
}

#[test]
fn what_is_no_request_of_a_device_is_refused() {
    let world = World::start();
    let device = System.fresh();
    for fields in [
        "client_id=alongside-cli".to_owned(),
        format!("client_id=alongside-cli&device_id={device}"),
        format!("client_id=alongside-cli&device_id={device}&device_name="),
        format!("client_id=alongside-cli&device_id={device}&device_name=a%0Ab"),
        format!("client_id=alongside-cli&device_id={device}&device_name={}", "a".repeat(81)),
        "client_id=alongside-cli&device_id=7&device_name=T".to_owned(),
        format!("client_id=alongside-cli&device_id={device}&device_name=T&role=admin"),
    ] {
        refused(&form(&world, "/oauth2/device_authorization", &fields), "invalid_request");
    }
    // A service client acts for itself: it lets no device in.
    let client = world.client(&["participants:read"]);
    for name in [client.id.to_string(), "somebody-else".to_owned()] {
        let fields = format!("client_id={name}&device_id={device}&device_name=T");
        assert_eq!(form(&world, "/oauth2/device_authorization", &fields).is(401)["error"], "invalid_client");
    }
}

#[test]
fn codes_are_guessed_ever_more_slowly_and_told_nothing() {
    let world = World::start();
    let phone = supporter(&world);
    let tablet = Tablet::begin(&world);
    let words = |answer: &Answer| answer.invalid_at("/user_code")["errors"].clone();
    // What cannot be a code tells nothing and counts nothing.
    for _ in 0..10 {
        phone.post(LOOK, &json!({"user_code": "AEIO-UAEI"})).invalid_at("/user_code");
    }
    let said = words(&phone.post(LOOK, &json!({"user_code": "BCDF-BCDF"})));
    // A right one in between wipes no slate.
    phone.post(LOOK, &tablet.shown()).ok();
    // One of the free ones is spent.
    fail_until_slow(&world, 4, |_| {
        assert_eq!(words(&phone.post(LOOK, &json!({"user_code": "BCDF-BCDF"}))), said);
    });
    assert_eq!(words(&phone.post(LOOK, &tablet.shown())), said);
    for path in [APPROVE, DENY] {
        assert_eq!(words(&phone.post(path, &tablet.shown())), said);
    }
    // Others do not feel it.
    world.sign_in(Role::Coordinator).post(LOOK, &tablet.shown()).ok();
    world.clock.advance(TimeDelta::seconds(70));
    phone.post(LOOK, &tablet.shown()).ok();
}

#[test]
fn guesses_at_codes_side_by_side_count_one_by_one() {
    let world = World::start();
    let phone = supporter(&world);
    let phone = &phone;
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| phone.post(LOOK, &json!({"user_code": "BCDF-BCDF"})).invalid_at("/user_code"));
        }
    });
    let counted: Option<i32> = world.write(|db| {
        Ok(alongside_store::one(db, sign_in_lanes::table.select(diesel::dsl::max(sign_in_lanes::failed)))?)
    });
    // The sixth shuts the door, and what comes then does not count.
    assert!(counted.unwrap() >= 6, "{counted:?}");
}

#[test]
fn whose_account_opens_most_lets_no_device_in() {
    let world = World::start();
    let tablet = Tablet::begin(&world);
    for role in [Role::Admin, Role::SafeguardingLead, Role::PrivacyOfficer] {
        let caller = if role == Role::Admin { world.admin() } else { world.sign_in(role) };
        for path in [LOOK, APPROVE, DENY] {
            caller.post(path, &tablet.shown()).forbidden();
        }
    }
    // Nor does a supporter who is one of them besides, in whatever role he acts.
    let phone = supporter(&world);
    give(&world, phone.id, Role::PrivacyOfficer);
    phone.post(APPROVE, &tablet.shown()).forbidden();
    refused(&tablet.ask_later(), "authorization_pending");
}

#[test]
fn a_yes_is_weighed_again_when_the_tablet_comes_for_its_tokens() {
    let world = World::start();
    let phone = supporter(&world);
    let [becomes, leaves, ends] = [(); 3].map(|()| Tablet::begin(&world));
    for tablet in [&becomes, &leaves, &ends] {
        phone.post(APPROVE, &tablet.shown()).no_content();
    }
    give(&world, phone.id, Role::SafeguardingLead);
    refused(&becomes.ask_later(), "access_denied");
    let admin = world.admin();
    let person = admin.get(&format!("/v1/people/{}", phone.id)).ok();
    for held in person["memberships"].as_array().unwrap() {
        let path = format!("/v1/people/{}/memberships/{}/ending", phone.id, held["id"].as_str().unwrap());
        if held["role"] == "safeguarding_lead" {
            let ended = admin.post_nothing(&path);
            assert!((200..300).contains(&ended.status), "{}", ended.text());
        }
    }
    admin.post_nothing(&format!("/v1/people/{}/deactivation", phone.id)).ok();
    refused(&leaves.ask_later(), "access_denied");
    admin.post_nothing(&format!("/v1/people/{}/reactivation", phone.id)).ok();
    let (id, now) = (PersonId::new(phone.id), Some(At(world.app.clock.now())));
    world.write(move |db| {
        use alongside_store::schema::memberships;
        let his = memberships::table.filter(memberships::person_id.eq(Key(id)));
        Ok(alongside_store::exec(db, diesel::update(his).set(memberships::ended_at.eq(now)))?)
    });
    refused(&ends.ask_later(), "access_denied");
}

#[test]
fn what_ends_all_his_sessions_takes_back_what_he_let_in() {
    let world = World::start();
    let phone = supporter(&world);
    let tablet = Tablet::begin(&world);
    phone.post(APPROVE, &tablet.shown()).no_content();
    let (id, now) = (PersonId::new(phone.id), world.app.clock.now());
    world.write(move |db| alongside_store::session::end_all_of_person(db, id, "password_changed", now));
    refused(&tablet.ask_later(), "access_denied");
}

#[test]
fn a_yes_takes_a_second_factor_that_was_just_shown() {
    let world = World::start();
    let sam = world.account("sam@example.org", Role::Supporter);
    let phone = sam.sign_in();
    let early = sam.sign_in();
    let tablet = Tablet::begin(&world);
    phone.post(APPROVE, &tablet.shown()).problem(403, "enrolment-required");
    world.clock.advance(TimeDelta::seconds(1));
    let (app, _) = sam.enrol(&phone);
    // Fresh by the password alone, from before there was a second factor.
    let answer = early.post(APPROVE, &tablet.shown());
    assert!([401, 403].contains(&answer.status), "{}", answer.text());
    world.clock.advance(TimeDelta::minutes(6));
    phone.post(APPROVE, &tablet.shown()).problem(403, "step-up-required");
    phone.post("/v1/sessions/current/step-up", &json!({"totp": app.next()})).ok();
    phone.post(APPROVE, &tablet.shown()).no_content();
    tablet.ask_later().ok();
}

#[test]
fn whatever_else_he_is_the_tablet_is_a_supporters() {
    let world = World::start();
    let manager = world.account("manager@example.org", Role::TrialManager);
    let phone = manager.sign_in();
    manager.enrol(&phone);
    let tablet = Tablet::begin(&world);
    phone.post(APPROVE, &tablet.shown()).problem(409, "conflict");
    give(&world, manager.id, Role::Supporter);
    let elsewhere = json!({"user_code": tablet.begun["user_code"], "programme_id": System.fresh()});
    phone.post(APPROVE, &elsewhere).problem(409, "conflict");
    phone.post(APPROVE, &tablet.shown()).no_content();
    let inside = world.with_tokens(&tablet.ask_later().ok());
    assert_eq!(inside.get("/v1/sessions/current").ok()["role"], "supporter");
    inside.post("/v1/consent-forms", &json!({})).forbidden();
}

#[test]
fn a_coordinator_ends_what_was_let_in_and_a_tablet_has_one_session() {
    let world = World::start();
    let phone = supporter(&world);
    let device = System.fresh();
    let let_in = || {
        let tablet = Tablet::begin_as(&world, device);
        phone.post(APPROVE, &tablet.shown()).no_content();
        world.with_tokens(&tablet.ask_later().ok())
    };
    let (first, second) = (let_in(), let_in());
    first.get("/v1/sessions/current").problem(401, "session-ended");
    second.get("/v1/participants").ok();
    let coordinator = world.sign_in(Role::Coordinator);
    let listed = coordinator.get(&format!("/v1/supporter-sessions?person_id={}", phone.id)).ok();
    let listed = listed["items"].as_array().unwrap();
    let tablet = listed.iter().find(|session| session["device_name"] == "Tablet 7").unwrap();
    let own = phone.get("/v1/sessions").ok();
    assert!(own["items"].as_array().unwrap().iter().any(|session| session["id"] == tablet["id"]));
    coordinator.delete(&format!("/v1/supporter-sessions/{}", tablet["id"].as_str().unwrap())).no_content();
    second.get("/v1/participants").problem(401, "session-ended");
    phone.get("/v1/participants").ok();
}

#[test]
fn two_replicas_are_asked_at_once_and_one_gives_the_tokens() {
    let world = World::start();
    let phone = supporter(&world);
    let replica = world.replica();
    for _ in 0..5 {
        // Each wishes anew, so that nothing is left of the round before.
        let tablet = Tablet::begin(&world);
        phone.post(APPROVE, &tablet.shown()).no_content();
        world.clock.advance(TimeDelta::seconds(6));
        let start = Barrier::new(4);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let asked: Vec<_> = [&world.base, &replica.base, &world.base, &replica.base]
                .into_iter()
                .map(|base| {
                    let (start, fields) = (&start, tablet.fields("alongside-cli").into_bytes());
                    let caller = Caller::new(base, None, uuid::Uuid::nil(), "tablet");
                    scope.spawn(move || {
                        start.wait();
                        let kind = "application/x-www-form-urlencoded";
                        caller.post_bytes("/oauth2/token", kind, &fields)
                    })
                })
                .collect();
            asked.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let (given, not): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(given.len(), 1, "{not:?}");
        not.iter().for_each(|answer| refused(answer, "invalid_grant"));
        // The one is good on either.
        let token = given[0].json()["access_token"].as_str().unwrap().to_owned();
        for base in [&world.base, &replica.base] {
            let inside = Caller::new(base, Some(token.clone()), phone.id, "tablet");
            inside.get("/v1/sessions/current").ok();
        }
    }
    let opened: i64 = world.write(|db| {
        let tablets = sessions::table.filter(sessions::device_name.eq(Some("Tablet 7")));
        Ok(alongside_store::one(db, tablets.count())?)
    });
    assert_eq!(opened, 5);
}

#[test]
fn neither_code_is_kept() {
    let world = World::start();
    let tablet = Tablet::begin(&world);
    let rows: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = world.write(|db| {
        let columns = (
            device_authorisations::device_code_hash,
            device_authorisations::user_code_hash,
            device_authorisations::address,
        );
        Ok(alongside_store::many(db, device_authorisations::table.select(columns))?)
    });
    let [(device_code, user_code, address)] = &rows[..] else { panic!("{}", rows.len()) };
    let letters = tablet.begun["user_code"].as_str().unwrap().replace('-', "");
    let plain = alongside_api::security::token::hash_secret;
    assert_eq!(device_code, &plain(tablet.begun["device_code"].as_str().unwrap()));
    // So few codes would soon be tried: the hash needs a key that is not in the database.
    assert_ne!(user_code, &plain(&letters));
    assert!(user_code.len() == 32 && !address.windows(9).any(|part| part == b"127.0.0.1"));
}

#[test]
fn a_tablet_that_begins_anew_forgets_what_it_began() {
    let world = World::start();
    let device = System.fresh();
    let [first, second] = [(); 2].map(|()| Tablet::begin_as(&world, device));
    refused(&first.ask(), "invalid_grant");
    refused(&second.ask(), "authorization_pending");
    // One network has not room for any number of them.
    for _ in 1..50 {
        Tablet::begin(&world);
    }
    let fields = format!("client_id=alongside-cli&device_id={}&device_name=T", System.fresh());
    let begin = || form(&world, "/oauth2/device_authorization", &fields);
    let answer = begin();
    answer.problem(429, "rate-limited");
    assert_eq!(answer.header("retry-after"), Some("60"));
    world.clock.advance(TimeDelta::minutes(10));
    begin().ok();
}

#[test]
fn every_step_leaves_its_event() {
    let world = World::start();
    let phone = supporter(&world);
    let tablet = Tablet::begin(&world);
    phone.post(LOOK, &tablet.shown()).ok();
    phone.post(LOOK, &json!({"user_code": "BCDF-BCDF"})).invalid_at("/user_code");
    phone.post(APPROVE, &tablet.shown()).no_content();
    tablet.ask_later().ok();
    refused(&tablet.ask_later(), "invalid_grant");
    let events = world.write(|db| {
        let told = audit_events::table
            .filter(
                audit_events::operation
                    .like("%device_authorisation")
                    .or(audit_events::operation.eq("create_token")),
            )
            .order(audit_events::id)
            .select((audit_events::operation, audit_events::status, audit_events::resource_id));
        Ok(alongside_store::many::<_, (String, i32, Option<Key<alongside_domain::id::kind::AuditEvent>>)>(
            db, told,
        )?)
    });
    let told = events.iter().map(|(operation, status, of)| (operation.as_str(), *status, of.is_some()));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("create_device_authorisation", 200, true),
            ("look_up_device_authorisation", 200, true),
            ("look_up_device_authorisation", 422, false),
            ("approve_device_authorisation", 204, true),
            ("create_token", 200, true),
            ("create_token", 400, true),
        ]
    );
    let about = &events[0].2;
    assert!(events.iter().all(|(_, _, of)| of.is_none() || of == about));
}

#[test]
fn it_is_said_where_devices_begin() {
    let world = World::start();
    let said = world.stranger().get("/.well-known/oauth-authorization-server").ok();
    assert_eq!(said["device_authorization_endpoint"], format!("{}/oauth2/device_authorization", world.base));
    assert!(said["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT)));
    assert!(said["token_endpoint_auth_methods_supported"].as_array().unwrap().contains(&json!("none")));
    let page = world.stranger().get("/device");
    assert!(page.status == 200 && page.text().contains("alongside device approve"));
    let none = World::with(|config| config.device_clients.clear());
    let fields = format!("client_id=alongside-cli&device_id={}&device_name=T", System.fresh());
    assert_eq!(form(&none, "/oauth2/device_authorization", &fields).is(401)["error"], "invalid_client");
}
