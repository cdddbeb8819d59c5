//! The second factor: set up, asked for, spent, lost and taken away.

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, World};

fn strict() -> World {
    World::with(|config| config.second_factor_required = true)
}

#[test]
fn without_a_second_factor_nothing_is_open_but_setting_one_up() {
    let world = strict();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let caller = nurse.sign_in();
    caller.get("/v1/participants").problem(403, "enrolment-required");
    caller.get("/v1/sessions").problem(403, "enrolment-required");
    caller.post("/v1/password-changes", &json!({})).problem(403, "enrolment-required");
    // What the role has no grant for is refused as ever.
    caller.get("/v1/clients").forbidden();
    let session = caller.get("/v1/sessions/current").ok();
    assert_eq!(session["must_enrol"], true);
    let open: Vec<_> =
        session["operations"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let expected = [
        "get_current_session",
        "end_current_session",
        "get_second_factor",
        "enrol_second_factor",
        "confirm_second_factor",
    ];
    assert_eq!(open, expected);
    assert_eq!(caller.get("/v1/second-factor").ok()["is_required"], true);

    let begun = caller.post_nothing("/v1/second-factor/enrolment").created();
    let secret = crate::harness::secret(begun["secret"].as_str().unwrap());
    assert!(begun["otpauth_uri"].as_str().unwrap().contains(begun["secret"].as_str().unwrap()));
    let confirm = |code: String| caller.post("/v1/second-factor/confirmation", &json!({"totp": code}));
    confirm("000000".to_owned()).invalid_at("/totp");
    caller.get("/v1/participants").problem(403, "enrolment-required");
    confirm(secret.code(world.app.clock.now().timestamp() / 30)).ok();
    caller.get("/v1/participants").ok();
    // The next sign-in shows it, and everything is open at once.
    world.clock.advance(chrono::TimeDelta::seconds(30));
    let code = secret.code(world.app.clock.now().timestamp() / 30);
    let tokens = nurse.try_sign_in(&json!({"totp": code})).created();
    world.with_tokens(&tokens).get("/v1/participants").ok();
}

#[test]
fn a_sign_in_asks_for_the_second_factor_once_the_password_is_right() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let (app, codes) = nurse.enrol(&nurse.sign_in());
    assert_eq!(codes.len(), 10);
    nurse.try_sign_in(&json!({})).problem(401, "second-factor-required");
    // Whoever does not know the password does not learn that there is one.
    nurse.try_sign_in(&json!({"password": "wrong"})).problem(401, "wrong-credentials");
    nurse.try_sign_in(&json!({"password": "wrong", "totp": app.next()})).problem(401, "wrong-credentials");
    nurse.try_sign_in(&json!({"totp": "000000"})).problem(401, "wrong-credentials");
    let code = app.next();
    nurse.try_sign_in(&json!({"totp": code})).created();
    // A code is good once, and so is no earlier one.
    nurse.try_sign_in(&json!({"totp": code})).problem(401, "wrong-credentials");
    nurse.try_sign_in(&json!({"totp": app.next()})).created();
}

#[test]
fn two_who_use_one_code_at_once_do_not_both_come_in() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let (app, codes) = nurse.enrol(&nurse.sign_in());
    for proof in [json!({"totp": app.next()}), json!({"recovery_code": codes[0]})] {
        let proof = &proof;
        let nurse = &nurse;
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let tries: Vec<_> =
                (0..4).map(|_| scope.spawn(move || nurse.try_sign_in(proof).status)).collect();
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{proof}: {statuses:?}");
    }
}

#[test]
fn a_recovery_code_is_good_once_and_new_ones_replace_the_old() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let (_, codes) = nurse.enrol(&nurse.sign_in());
    let caller = world.with_tokens(&nurse.try_sign_in(&json!({"recovery_code": codes[0]})).created());
    nurse.try_sign_in(&json!({"recovery_code": codes[0]})).problem(401, "wrong-credentials");
    assert_eq!(caller.get("/v1/second-factor").ok()["recovery_codes_left"], 9);
    // Typed off paper, in small letters and without the dashes.
    let typed = codes[1].to_lowercase().replace('-', " ");
    nurse.try_sign_in(&json!({"recovery_code": typed})).created();
    let fresh = caller.post_nothing("/v1/second-factor/recovery-codes").created();
    nurse.try_sign_in(&json!({"recovery_code": codes[2]})).problem(401, "wrong-credentials");
    nurse.try_sign_in(&json!({"recovery_code": fresh["recovery_codes"][0]})).created();
}

#[test]
fn another_app_takes_the_present_one() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let caller = nurse.sign_in();
    let (old, _) = nurse.enrol(&caller);
    world.clock.advance(chrono::TimeDelta::minutes(6));
    // Whoever finds the screen open cannot put his own phone in the place of hers.
    caller.post_nothing("/v1/second-factor/enrolment").problem(403, "step-up-required");
    caller.post("/v1/sessions/current/step-up", &json!({"totp": old.next()})).ok();
    let (new, _) = nurse.enrol(&caller);
    nurse.try_sign_in(&json!({"totp": old.next()})).problem(401, "wrong-credentials");
    nurse.try_sign_in(&json!({"totp": new.next()})).created();
}

#[test]
fn only_another_person_takes_a_second_factor_away_and_then_nothing_is_open() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let caller = nurse.sign_in();
    let (app, codes) = nurse.enrol(&caller);
    let path = format!("/v1/people/{}/second-factor-removal", nurse.id);
    caller.post_nothing(&path).forbidden();
    let admin = world.admin();
    admin.post_nothing(&format!("/v1/people/{}/second-factor-removal", admin.id)).problem(403, "forbidden");
    admin.post_nothing(&path).no_content();
    admin.post_nothing(&path).problem(409, "conflict");
    caller.get("/v1/sessions/current").problem(401, "session-ended");
    // The password alone opens nothing, even where a second factor is optional: it may be a short one.
    let again = nurse.sign_in();
    assert_eq!(again.get("/v1/sessions/current").ok()["must_enrol"], true);
    again.get("/v1/participants").problem(403, "enrolment-required");
    nurse.enrol(&again);
    again.get("/v1/participants").ok();
    nurse.try_sign_in(&json!({"totp": app.next()})).problem(401, "wrong-credentials");
    nurse.try_sign_in(&json!({"recovery_code": codes[5]})).problem(401, "wrong-credentials");
}

#[test]
fn with_a_second_factor_a_shorter_password_will_do() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let caller = nurse.sign_in();
    let change = |to: &str| {
        caller.post("/v1/password-changes", &json!({"current_password": PASSWORD, "new_password": to}))
    };
    change("quolbrim9").invalid_at("/new_password");
    nurse.enrol(&caller);
    change("quolbri").invalid_at("/new_password");
    change("quolbrim9").no_content();
}

#[test]
fn secrets_lie_sealed_and_codes_hashed() {
    use alongside_store::schema::{recovery_codes, second_factors};
    use diesel::prelude::*;
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let caller = nurse.sign_in();
    let begun = caller.post_nothing("/v1/second-factor/enrolment").created();
    let secret = crate::harness::secret(begun["secret"].as_str().unwrap());
    let code = secret.code(world.app.clock.now().timestamp() / 30);
    let done = caller.post("/v1/second-factor/confirmation", &json!({"totp": code})).ok();
    let (cells, hashes) = world.write(|db| {
        let cells: Vec<Option<Vec<u8>>> =
            alongside_store::many(db, second_factors::table.select(second_factors::secret))?;
        let hashes: Vec<Vec<u8>> =
            alongside_store::many(db, recovery_codes::table.select(recovery_codes::code_hash))?;
        Ok((cells, hashes))
    });
    let cell = cells[0].as_ref().unwrap();
    assert!(!cell.windows(20).any(|window| window == secret.as_bytes()));
    assert_eq!(hashes.len(), 10);
    let shown: Vec<&str> =
        done["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    assert!(hashes.iter().all(|hash| shown.iter().all(|code| hash != code.as_bytes())));
    let text = Value::from(shown).to_string();
    assert!(!format!("{hashes:?}").contains(&text));
}
