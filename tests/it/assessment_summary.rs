//! The summary of an assessment: for whom, from when, in which form, and with how much of it.

use std::collections::BTreeMap;

use alongside_domain::assessment::Status;
use alongside_domain::clock::{Ids as _, System};
use alongside_domain::content;
use alongside_domain::id::{AssessmentId, ConsentId, ParticipantId, PersonId, kind};
use alongside_domain::instrument::{Answer, AnswerKey, Value};
use alongside_domain::policy::Role;
use alongside_domain::provenance::Origin;
use alongside_store::audit::any_id;
use alongside_store::schema::{assessments, consent_forms, consents, participants};
use alongside_store::types::{At, Code, Document, Key};
use alongside_store::{Cached, answer, exec, instrument, one, participant};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::json;

use crate::harness::{World, rows};

/// A participant with a name.
fn named(world: &World) -> ParticipantId {
    let id = rows::participant(world, world.sites[0], Some("X0"));
    let keys = world.keys_of(id);
    world.write(move |db| {
        let cell = participant::seal(&keys, id, "identity", &json!({"name": "Robert Maddox"}))?;
        Ok(exec(
            db,
            Cached(diesel::update(participants::table.find(Key(id))).set(participants::identity.eq(cell))),
        )?)
    });
    id
}

/// He agreed to take part, and to these statements.
fn consents_to(world: &World, participant: ParticipantId, statements: &[&str]) {
    let (programme, now) = (world.programme, world.app.clock.now());
    let answers: BTreeMap<String, bool> =
        ["take_part"].iter().chain(statements).map(|code| ((*code).to_owned(), true)).collect();
    world.write(move |db| {
        let form: Key<kind::ConsentForm> = one(
            db,
            consent_forms::table
                .filter(consent_forms::programme_id.eq(Key(programme)))
                .select(consent_forms::id),
        )?;
        let row = (
            consents::id.eq(Key(ConsentId::new(System.fresh()))),
            consents::participant_id.eq(Key(participant)),
            consents::consent_form_id.eq(form),
            consents::answers.eq(Document(answers.clone())),
            consents::taken_by.eq(Key(PersonId::new(System.fresh()))),
            consents::taken_on.eq(now.date_naive()),
            consents::method.eq("wet"),
            consents::capacity_judgement.eq("has_capacity"),
            consents::copy_given.eq(true),
            consents::confidentiality_limits_explained.eq(true),
            consents::effective_from.eq(At(now)),
            consents::created_at.eq(At(now)),
            consents::version.eq(1_i64),
        );
        Ok(exec(db, diesel::insert_into(consents::table).values(row))?)
    });
}

/// An assessment with the needs assessment that ships, in this state, with this rating of leaking urine.
fn assessment(world: &World, participant: ParticipantId, status: Status, bother: i32) -> AssessmentId {
    let definition = &content::instruments()[0].definition;
    let yes = definition.find("URI.leakage.gate").unwrap().1.choices.options()[0].value.clone();
    let answers = [
        ("URI.leakage.gate", yes),
        ("URI.leakage.bother", Value::Integer(bother)),
        ("URI.leakage.words", Value::String("Four pads a day <now>".to_owned())),
    ];
    let new: Vec<answer::New> = answers
        .into_iter()
        .map(|(link_id, value)| answer::New {
            answer: Answer::answered(AnswerKey::of(link_id), vec![value]).into(),
            origin: Origin::unknown(),
            segment: None,
            device_at: None,
            amends: None,
            language: None,
        })
        .collect();
    let id = AssessmentId::new(System.fresh());
    let (programme, site, now) = (world.programme, world.sites[0], world.app.clock.now());
    let keys = world.keys_of(participant);
    let submitted = status.is_submitted().then_some(At(now));
    world.write(move |db| {
        let (url, version) = (definition.url().unwrap(), definition.version().unwrap());
        let form = instrument::version(db, programme, url, version)?.unwrap();
        let row = (
            assessments::id.eq(Key(id)),
            assessments::programme_id.eq(Key(programme)),
            assessments::site_id.eq(Key(site)),
            assessments::participant_id.eq(Key(participant)),
            assessments::instrument_id.eq(form.id),
            assessments::time_point.eq("baseline"),
            assessments::status.eq(Code(status)),
            assessments::channel.eq("in_person"),
            assessments::last_seq.eq(3_i64),
            assessments::started_at.eq(At(now)),
            assessments::submitted_at.eq(submitted),
            assessments::created_by.eq(any_id(participant.uuid())),
            assessments::created_at.eq(At(now)),
            assessments::updated_at.eq(At(now)),
            assessments::version.eq(1_i64),
        );
        exec(db, diesel::insert_into(assessments::table).values(row))?;
        answer::insert(db, &answer::Save::new(&keys, id, 0, participant.uuid(), new.clone(), now)?)?;
        Ok(())
    });
    id
}

fn path(id: AssessmentId) -> String {
    format!("/v1/assessments/{id}/summary")
}

#[test]
fn a_clinician_reads_it_when_the_participant_shares_it() {
    let world = World::start();
    let participant = named(&world);
    let summary = path(assessment(&world, participant, Status::Submitted, 7));
    let clinician = world.sign_in_at(Role::Clinician, world.sites[0]);
    clinician.get(&summary).problem(409, "consent-missing");
    consents_to(&world, participant, &["share_summary_gp"]);
    let view = clinician.get(&summary).ok();
    assert_eq!(view["header"]["name"], "Robert Maddox");
    assert_eq!(view["banner"][0], "Help not recorded.");
    assert_eq!(view["top_concerns"][0]["code"], "URI.leakage");
    assert_eq!(view["top_concerns"][0]["own_words"], "Four pads a day <now>");
    assert_eq!(view["compared_with"], json!(null));
    world.sign_in_at(Role::Clinician, world.sites[1]).get(&summary).not_found();
}

#[test]
fn everyone_sees_what_his_work_needs() {
    let world = World::start();
    let participant = named(&world);
    let summary = path(assessment(&world, participant, Status::Amended, 7));
    let sees = |role: Role| {
        let text = world.sign_in(role).get_as(&summary, "text/plain").text();
        (text.contains("Maddox"), text.contains("Four pads"))
    };
    assert_eq!(sees(Role::Researcher), (true, true));
    assert_eq!(sees(Role::DataManager), (false, true));
    assert_eq!(sees(Role::Monitor), (false, true));
    assert_eq!(sees(Role::Statistician), (false, false));
    world.sign_in_participant(participant).get(&summary).ok();
    let other = world.sign_in_participant(rows::participant(&world, world.sites[0], None));
    other.get(&summary).not_found();
    for role in [Role::Supporter, Role::Coordinator, Role::TrialManager, Role::SafeguardingLead, Role::Admin]
    {
        world.sign_in(role).get(&summary).forbidden();
    }
}

#[test]
fn there_is_none_before_submission() {
    let world = World::start();
    let participant = named(&world);
    let himself = world.sign_in_participant(participant);
    let open = assessment(&world, participant, Status::InProgress, 7);
    let refused = himself.get(&path(open)).problem(409, "illegal-transition");
    assert_eq!(refused["allowed_next"], json!(["submission"]));
    let abandoned = assessment(&world, participant, Status::Abandoned, 7);
    let refused = himself.get(&path(abandoned)).problem(409, "illegal-transition");
    assert_eq!(refused["allowed_next"], json!([]));
}

#[test]
fn it_says_what_has_changed_since_the_last_one() {
    let world = World::start();
    let participant = named(&world);
    assessment(&world, participant, Status::Submitted, 3);
    world.clock.advance(TimeDelta::minutes(1));
    assessment(&world, participant, Status::InProgress, 1);
    world.clock.advance(TimeDelta::minutes(1));
    let now = assessment(&world, participant, Status::Submitted, 8);
    world.clock.advance(TimeDelta::minutes(1));
    assessment(&world, participant, Status::Submitted, 0);
    let view = world.sign_in_participant(participant).get(&path(now)).ok();
    assert_eq!(view["top_concerns"][0]["change"], "worse");
    assert_eq!(view["top_concerns"][0]["bother_before"], 3);
}

#[test]
fn it_comes_as_a_page_and_as_text() {
    let world = World::start();
    let participant = named(&world);
    let summary = path(assessment(&world, participant, Status::Submitted, 7));
    let himself = world.sign_in_participant(participant);
    let page = himself.get_as(&summary, "text/html");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(
        page.header("content-security-policy").unwrap().starts_with("default-src 'none'; style-src 'sha256-")
    );
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.text().contains("Four pads a day &lt;now&gt;"));
    let known =
        himself.send("GET", &summary, &[("accept", "text/html"), ("if-none-match", &page.etag())], None);
    assert_eq!(known.status, 304);
    let text = himself.get_as(&summary, "text/plain");
    assert_eq!(text.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(text.text().contains("WHAT MATTERS MOST"));
    assert_ne!(text.etag(), page.etag());
    himself.get_as(&summary, "application/pdf").problem(406, "not-acceptable");
}
