//! Signing in and out.

use alongside_domain::policy::Role;

use crate::harness::World;

#[test]
fn whoever_signs_out_is_refused_at_once() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    assert_eq!(coordinator.get("/v1/sessions/current").ok()["role"], "coordinator");
    coordinator.delete("/v1/sessions/current").no_content();
    coordinator.get("/v1/sessions/current").problem(401, "session-ended");
}

#[test]
fn a_stranger_is_asked_who_he_is() {
    let world = World::start();
    let answer = world.stranger().get("/v1/participants");
    answer.problem(401, "unauthenticated");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}
