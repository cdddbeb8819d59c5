//! Invitations and new passwords by letter, to a mail server that keeps what it is given.

use alongside_domain::policy::Role;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, PostBox, World};

const OTHER: &str = "seven walruses paint the harbour";

fn with_post() -> (World, PostBox) {
    let post = PostBox::open();
    let world = World::with(|config| post.settings(config));
    (world, post)
}

/// Invites somebody and has him choose [`PASSWORD`]. One letter comes.
fn invited(world: &World, post: &PostBox, email: &str, letters: usize) -> Value {
    let person = json!({"email": email, "display_name": "Sam Whitlock",
        "memberships": [{"role": "clinician", "programme_id": world.programme}]});
    let made = world.admin().post("/v1/people", &person).created();
    let letter = post.wait_for(letters);
    assert_eq!(letter.to, email);
    activate(world, email, &letter.code(), PASSWORD).no_content();
    made
}

fn activate(world: &World, email: &str, code: &str, password: &str) -> Answer {
    let body = json!({"email": email, "activation_code": code, "password": password});
    world.stranger().post("/v1/activations", &body)
}

fn forgot(world: &World, email: &str) -> Answer {
    world.stranger().post("/v1/password-resets", &json!({"email": email}))
}

fn sign_in(world: &World, email: &str, password: &str) -> Answer {
    world.stranger().post("/v1/sessions", &json!({"email": email, "password": password}))
}

#[test]
fn an_invitation_goes_to_the_person_and_to_nobody_else() {
    let (world, post) = with_post();
    let made = invited(&world, &post, "sam@example.org", 1);
    assert!(made["activation_code"].is_null(), "who invites does not see the code");
    let letter = post.wait_for(1);
    assert!(letter.text.contains("Dear Sam Whitlock,"), "{}", letter.text);
    assert!(
        letter.text.contains(&format!("{}/account#code={}", world.base, letter.code())),
        "{}",
        letter.text
    );
    assert!(!letter.text.contains("clinician") && !letter.subject.is_empty());
    // The link leads somewhere, and is good once.
    assert_eq!(world.stranger().get_as("/account", "text/html").status, 200);
    activate(&world, "sam@example.org", &letter.code(), OTHER).problem(401, "wrong-credentials");
    sign_in(&world, "sam@example.org", PASSWORD).created();
}

#[test]
fn a_new_password_comes_by_a_letter_that_is_good_once() {
    let (world, post) = with_post();
    invited(&world, &post, "sam@example.org", 1);
    let tokens = sign_in(&world, "sam@example.org", PASSWORD).created();
    assert_eq!(forgot(&world, "Sam@Example.org").status, 202);
    let letter = post.wait_for(2);
    // Asking changes nothing yet: the old password and its sessions are good until the letter is used.
    sign_in(&world, "sam@example.org", PASSWORD).created();
    activate(&world, "sam@example.org", "ala_guess", OTHER).problem(401, "wrong-credentials");
    activate(&world, "other@example.org", &letter.code(), OTHER).problem(401, "wrong-credentials");
    activate(&world, "sam@example.org", &letter.code(), OTHER).no_content();
    activate(&world, "sam@example.org", &letter.code(), PASSWORD).problem(401, "wrong-credentials");
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    world.stranger().post("/v1/sessions/refresh", &refresh).problem(401, "session-ended");
    sign_in(&world, "sam@example.org", PASSWORD).problem(401, "wrong-credentials");
    sign_in(&world, "sam@example.org", OTHER).created();
}

#[test]
fn the_letter_for_a_new_password_is_good_for_an_hour_and_leaves_the_second_factor() {
    let (world, post) = with_post();
    invited(&world, &post, "sam@example.org", 1);
    let caller = world.with_tokens(&sign_in(&world, "sam@example.org", PASSWORD).created());
    let begun = caller.post_nothing("/v1/second-factor/enrolment").created();
    let secret = crate::harness::secret(begun["secret"].as_str().unwrap());
    let code = |world: &World| secret.code(world.app.clock.now().timestamp() / 30);
    caller.post("/v1/second-factor/confirmation", &json!({"totp": code(&world)})).ok();
    forgot(&world, "sam@example.org");
    let late = post.wait_for(2).code();
    world.clock.advance(TimeDelta::minutes(61));
    activate(&world, "sam@example.org", &late, OTHER).problem(401, "wrong-credentials");
    forgot(&world, "sam@example.org");
    let letter = post.wait_for(3);
    activate(&world, "sam@example.org", &letter.code(), OTHER).no_content();
    // Whoever reads somebody's letters does not come in by that alone.
    sign_in(&world, "sam@example.org", OTHER).problem(401, "second-factor-required");
}

#[test]
fn asking_tells_nobody_whether_there_is_an_account() {
    let (world, post) = with_post();
    invited(&world, &post, "sam@example.org", 1);
    let closed = invited(&world, &post, "closed@example.org", 2);
    let path = format!("/v1/people/{}/deactivation", closed["id"].as_str().unwrap());
    world.admin().post_nothing(&path).ok();
    let seen = |answer: Answer| {
        let changing = ["date", "x-request-id", "traceparent", "ratelimit"];
        let mut headers = answer.headers.clone();
        headers.retain(|(name, _)| !changing.contains(&name.to_ascii_lowercase().as_str()));
        (answer.status, headers, answer.bytes)
    };
    let known = seen(forgot(&world, "sam@example.org"));
    assert_eq!(known.0, 202);
    assert_eq!(seen(forgot(&world, "closed@example.org")), known);
    for round in 0..3 {
        assert_eq!(seen(forgot(&world, &format!("nobody-{round}@example.org"))), known);
    }
    // By construction it costs the same: each request put down one sealed letter, and looked for nobody.
    let letter = post.wait_for(3);
    assert_eq!(
        (letter.to.as_str(), letter.subject.as_str()),
        ("sam@example.org", "A new password for Alongside")
    );
    // The post sees to the others, who get none.
    wait_until_all_is_done(&world);
    assert_eq!(post.all().len(), 3);
}

#[test]
fn nobody_fills_somebody_elses_letter_box() {
    let (world, post) = with_post();
    invited(&world, &post, "sam@example.org", 1);
    for _ in 0..5 {
        assert_eq!(forgot(&world, "sam@example.org").status, 202);
    }
    wait_until_all_is_done(&world);
    let letter = post.wait_for(2);
    // The later ones have not spoilt the first.
    activate(&world, "sam@example.org", &letter.code(), OTHER).no_content();
}

#[test]
fn a_letter_is_tried_again_when_the_mail_server_is_away() {
    let (world, post) = with_post();
    post.is_away_for(1);
    let person = json!({"email": "sam@example.org", "display_name": "Sam", "memberships": []});
    world.admin().post("/v1/people", &person).created();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while post.still_away_for() > 0 {
        assert!(std::time::Instant::now() < until, "nobody tried");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(post.all().is_empty());
    // The claim of the attempt that failed may not have been given back yet: later than both.
    world.clock.advance(TimeDelta::minutes(6));
    assert_eq!(post.wait_for(1).to, "sam@example.org");
}

#[test]
fn changes_of_an_account_are_told_to_its_owner() {
    let (world, post) = with_post();
    let made = invited(&world, &post, "sam@example.org", 1);
    let caller = world.with_tokens(&sign_in(&world, "sam@example.org", PASSWORD).created());
    let change = json!({"current_password": PASSWORD, "new_password": OTHER});
    caller.post("/v1/password-changes", &change).no_content();
    assert_eq!(post.wait_for(2).subject, "Your password was changed");
    let begun = caller.post_nothing("/v1/second-factor/enrolment").created();
    let secret = crate::harness::secret(begun["secret"].as_str().unwrap());
    let code = secret.code(world.app.clock.now().timestamp() / 30);
    caller.post("/v1/second-factor/confirmation", &json!({"totp": code})).ok();
    let path = format!("/v1/people/{}/second-factor-removal", made["id"].as_str().unwrap());
    world.admin().post_nothing(&path).no_content();
    assert_eq!(post.wait_for(3).subject, "Your second factor was taken away");
}

#[test]
fn without_a_mail_server_the_code_is_handed_over() {
    let world = World::start();
    world.account("nurse@example.org", Role::Clinician);
    forgot(&world, "nurse@example.org").problem(409, "conflict");
    forgot(&world, "nobody@example.org").problem(409, "conflict");
}

#[test]
fn two_replicas_send_a_letter_once() {
    let (world, post) = with_post();
    let now = world.app.clock.now();
    let until = now + TimeDelta::minutes(5);
    use alongside_domain::clock::{Ids as _, System};
    use alongside_store::mail::{self, Mail};
    let person = world.admin().id;
    let id = alongside_domain::id::MailId::new(System.fresh());
    // Due later, so that the server's own post does not take it first.
    let due = now + TimeDelta::minutes(1);
    let letter = Mail {
        due_at: alongside_store::types::At(due),
        ..Mail::to(id, alongside_domain::mail::MailKind::PasswordChanged, person.into(), now)
    };
    world.write(move |db| mail::insert(db, &letter));
    let world = &world;
    let claimed: usize = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..4)
            .map(|_| scope.spawn(move || world.write(move |db| mail::claim(db, due, until, 10)).len()))
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(claimed, 1);
    assert!(post.all().is_empty());
}

/// Until the post has seen to everything that was put down.
fn wait_until_all_is_done(world: &World) {
    use alongside_store::schema::mails;
    use diesel::prelude::*;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let open: i64 = world
            .write(|db| Ok(alongside_store::one(db, mails::table.filter(mails::done_at.is_null()).count())?));
        if open == 0 {
            return;
        }
        assert!(std::time::Instant::now() < until, "{open} letters are still there");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
