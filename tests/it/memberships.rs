//! Roles that take two people to give.

use alongside_domain::policy::Role;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, World};

fn proposed(world: &World, admin: &crate::harness::Caller, role: &str) -> (Value, String) {
    let person = json!({"email": "lead@example.org", "display_name": "New Lead",
        "memberships": [{"role": role, "programme_id": world.programme}]});
    let made = admin.post("/v1/people", &person).created();
    let membership = &made["memberships"][0];
    let path = format!(
        "/v1/people/{}/memberships/{}",
        made["id"].as_str().unwrap(),
        membership["id"].as_str().unwrap()
    );
    (made, path)
}

fn sign_in(world: &World) -> crate::harness::Answer {
    world.stranger().post("/v1/sessions", &json!({"email": "lead@example.org", "password": PASSWORD}))
}

#[test]
fn a_safeguarding_lead_is_made_by_two() {
    let world = World::start();
    let [giver, second] = [world.admin(), world.admin()];
    let (made, path) = proposed(&world, &giver, "safeguarding_lead");
    assert_eq!(made["memberships"][0]["state"], "pending");
    assert_eq!(made["roles"], json!([]));
    let code = json!({"email": "lead@example.org", "activation_code": made["activation_code"],
        "password": PASSWORD});
    world.stranger().post("/v1/activations", &code).no_content();
    // Until somebody else has confirmed it, it opens nothing: not even the door.
    sign_in(&world).problem(401, "wrong-credentials");
    giver.post_nothing(&format!("{path}/confirmation")).forbidden();
    world.sign_in(Role::Coordinator).post_nothing(&format!("{path}/confirmation")).forbidden();
    let confirmed = second.post_nothing(&format!("{path}/confirmation")).ok();
    assert_eq!(confirmed["state"], "active");
    second.post_nothing(&format!("{path}/confirmation")).problem(409, "conflict");
    let lead = world.with_tokens(&sign_in(&world).created());
    assert_eq!(lead.get("/v1/sessions/current").ok()["role"], "safeguarding_lead");
    lead.get("/v1/flags").ok();
    // Nobody confirms himself, and the role ends like any other.
    let person = format!("/v1/people/{}", made["id"].as_str().unwrap());
    assert_eq!(giver.get(&person).ok()["roles"], json!(["safeguarding_lead"]));
    giver.post_nothing(&format!("{path}/ending")).ok();
    lead.get("/v1/flags").problem(401, "session-ended");
}

#[test]
fn who_is_to_hold_a_role_does_not_confirm_it() {
    let world = World::start();
    let admin = world.admin();
    let lead = world.sign_in(Role::SafeguardingLead);
    let wanted = json!({"role": "privacy_officer", "programme_id": world.programme});
    let pending = admin.post(&format!("/v1/people/{}/memberships", lead.id), &wanted).created();
    let path = format!("/v1/people/{}/memberships/{}", lead.id, pending["id"].as_str().unwrap());
    lead.post_nothing(&format!("{path}/confirmation")).forbidden();
    admin.post(&format!("/v1/people/{}/memberships", lead.id), &wanted).problem(409, "already-exists");
    // A lead of another programme does not know of it; one of this programme may be the second person.
    let (other, _) = world.other_programme();
    let foreign = world.enrol(Role::PrivacyOfficer, Some(other), None, None);
    foreign.post_nothing(&format!("{path}/confirmation")).not_found();
    world.sign_in(Role::PrivacyOfficer).post_nothing(&format!("{path}/confirmation")).ok();
}

#[test]
fn a_role_can_be_turned_down_and_waits_a_fortnight() {
    let world = World::start();
    let (made, path) = proposed(&world, &world.admin(), "privacy_officer");
    let turned_down = world.admin().post_nothing(&format!("{path}/ending")).ok();
    assert_eq!(turned_down["state"], "ended");
    world.admin().post_nothing(&format!("{path}/confirmation")).problem(409, "conflict");
    let again = json!({"role": "privacy_officer", "programme_id": world.programme});
    let memberships = format!("/v1/people/{}/memberships", made["id"].as_str().unwrap());
    let pending = world.admin().post(&memberships, &again).created();
    world.clock.advance(TimeDelta::days(15));
    let late = format!("{memberships}/{}/confirmation", pending["id"].as_str().unwrap());
    world.admin().post_nothing(&late).problem(409, "conflict");
}

#[test]
fn other_roles_are_given_by_one() {
    let world = World::start();
    let (made, path) = proposed(&world, &world.admin(), "coordinator");
    assert_eq!(made["memberships"][0]["state"], "active");
    world.admin().post_nothing(&format!("{path}/confirmation")).not_found();
}
