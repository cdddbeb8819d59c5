//! Changing the keys that wrap data keys, while servers run.

use alongside_api::app::App;
use alongside_api::key_rotation::{self, Rotated};
use alongside_api::security::keys::Keys;
use alongside_domain::clock::{Ids as _, System};
use alongside_domain::data_class::KeyGroup;
use alongside_domain::id::{AssessmentId, FlagId, ParticipantId};
use alongside_domain::policy::Role;
use alongside_store::audit::any_id;
use alongside_store::key_rotation::InUse;
use alongside_store::participant::Participant;
use alongside_store::schema::{answers, data_keys, flags, participants};
use alongside_store::types::{At, Key, Sealed};
use alongside_store::{Context, Duty, StoreError, exec, key_rotation as store, many, one};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use diesel::prelude::*;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::program::{Demo, api};
use crate::harness::{Database, Man, World, rows};

fn with_new_keys(keys: &Keys) -> Keys {
    let mut more: Keys = keys.to_text().expose_secret().parse().unwrap();
    assert_eq!(more.add_wrapping().unwrap(), (2, 2));
    more
}

fn without_old_keys(keys: &Keys) -> Keys {
    let mut fewer: Keys = keys.to_text().expose_secret().parse().unwrap();
    for group in [KeyGroup::Sealing, KeyGroup::Safeguarding] {
        fewer.retire_wrapping(group, 1).unwrap();
    }
    fewer
}

fn rotate(app: &App) -> Rotated {
    let app = app.clone();
    actix_web::rt::System::new().block_on(async move { key_rotation::rotate(&app, |_, _| {}).await.unwrap() })
}

/// By which keys the data keys are wrapped.
fn wrapped_by(world: &World) -> Vec<i64> {
    let mut numbers: Vec<i64> = world.write(|db| {
        Ok(many(db, data_keys::table.filter(data_keys::wrapped.is_not_null()).select(data_keys::wrapped_by))?)
    });
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[test]
fn every_data_key_is_wrapped_anew_and_the_old_key_can_go() {
    let world = World::start();
    let men: Vec<Man> = (0..3).map(|_| world.participant().consented().create()).collect();
    let coordinator = world.sign_in(Role::Coordinator);
    let keys = with_new_keys(&world.keys);
    let replica = world.prepare(&keys).unwrap();
    // A key that is known and not in use wraps nothing: whoever lacks it goes on.
    assert_eq!(wrapped_by(&world), [1]);
    world.participant().create();
    assert_eq!(wrapped_by(&world), [1]);

    let refused = actix_web::rt::System::new().block_on(key_rotation::retire(&replica, KeyGroup::Sealing, 1));
    assert!(matches!(refused, Err(StoreError::Stored("it wraps what is new"))), "{refused:?}");
    let done = rotate(&replica);
    assert_eq!(done.in_use, InUse { sealing: 2, safeguarding: 2 });
    // Four for each participant, two of the installation.
    assert_eq!((done.keys, done.cells), (4 * 4 + 2, 0));
    assert_eq!(done.not_needed, [(KeyGroup::Sealing, 1), (KeyGroup::Safeguarding, 1)]);
    assert_eq!(wrapped_by(&world), [2]);
    let again = rotate(&replica);
    assert_eq!((again.keys, again.cells), (0, 0), "there was something left to do");

    // A server that lacks the key says that it cannot, for the time being.
    coordinator.get(&men[0].path()).problem(503, "unavailable");
    let refused = world.prepare(&world.keys).err().unwrap();
    assert!(refused.contains("key 2, which the key file does not have"), "{refused}");
    // What it made is none the worse, and the new ones open all of it without the old.
    let fewer = without_old_keys(&keys);
    let replica = world.prepare(&fewer).unwrap();
    let ids: Vec<ParticipantId> = men.iter().map(|man| man.id).collect();
    let opened =
        actix_web::rt::System::new().block_on(replica.store.read(Context::System(Duty::Operator), {
            let ring = replica.store.ring().clone();
            move |db| {
                ids.iter()
                    .map(|id| {
                        let record = alongside_store::sealing::Record::Participant(*id);
                        let keys = alongside_store::data_key::load(db, &ring, record)?;
                        let row: Participant = one(
                            db,
                            participants::table.find(Key(*id)).select(alongside_store::cols::<Participant>()),
                        )?;
                        Ok(row.identity(&keys)?.name)
                    })
                    .collect::<Result<Vec<String>, StoreError>>()
            }
        }));
    assert_eq!(opened.unwrap(), ["Walter Invented"; 3]);
}

#[test]
fn a_rotation_that_was_stopped_goes_on_and_one_beside_it_does_no_harm() {
    let world = World::start();
    let men: Vec<Man> = (0..3).map(|_| world.participant().create()).collect();
    let replica = world.prepare(&with_new_keys(&world.keys)).unwrap();
    // Killed after its first small transaction.
    let ring = replica.store.ring().clone();
    let now = world.app.clock.now();
    let (count, next) = world.write(move |db| {
        let in_use = store::take_into_use(db, &ring, now)?;
        store::rewrap_some(db, &ring, in_use, Uuid::nil(), 5)
    });
    assert_eq!(count, 5);
    assert!(next.is_some());
    assert_eq!(wrapped_by(&world), [1, 2], "half of them");
    let others: Vec<_> = (0..2)
        .map(|_| {
            let app = replica.clone();
            std::thread::spawn(move || rotate(&app).keys)
        })
        .collect();
    let wrapped: usize = others.into_iter().map(|other| other.join().unwrap()).sum();
    assert!(wrapped >= 3 * 4 + 2 - 5, "{wrapped}");
    assert_eq!(wrapped_by(&world), [2]);
    for man in &men {
        let record = alongside_store::sealing::Record::Participant(man.id);
        let ring = replica.store.ring().clone();
        world.write(move |db| alongside_store::data_key::load(db, &ring, record).map(drop));
    }
}

/// A cell as it was sealed before there were data keys.
fn former(keys: &Keys, place: &str, row: Uuid, plain: &Value) -> Sealed {
    let (number, key) = keys.sealing().next().unwrap();
    let cipher = XChaCha20Poly1305::new_from_slice(key.expose_secret()).unwrap();
    let mut bound_to = format!("{place}:").into_bytes();
    bound_to.extend_from_slice(row.as_bytes());
    let nonce = [7; 24];
    let plain = plain.to_string();
    let sealed =
        cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain.as_bytes(), aad: &bound_to }).unwrap();
    let mut cell = vec![1];
    cell.extend_from_slice(&number.to_le_bytes());
    cell.extend_from_slice(&nonce);
    cell.extend_from_slice(&sealed);
    Sealed(cell)
}

/// A participant, an assessment with one answer and a flag, as they were kept before there were data keys.
fn from_before(world: &World) -> (ParticipantId, AssessmentId, FlagId) {
    let man = rows::participant(world, world.sites[0], None);
    let assessment = rows::assessment(world, man, world.sites[0]);
    let flag = FlagId::new(System.fresh());
    let keys: Keys = world.keys.to_text().expose_secret().parse().unwrap();
    let (programme, now) = (world.programme, At(world.app.clock.now()));
    world.write(move |db| {
        let cell = |column: &str, plain: Value| former(&keys, &format!("participants.{column}"), man.uuid(), &plain);
        let needs = json!({"interpreter": false, "interpreter_language": null, "communication": [], "access": [],
            "note": "Deaf on the left."});
        let contact = json!({"numbers": [], "times": null, "no_voicemail": false, "no_post": false,
            "who_must_not_know": null});
        let identity = json!({"name": "Walter Of Old", "date_of_birth": null, "nhs_number": null, "address": null,
            "phones": [], "email": null, "gp": null, "emergency_contact": null});
        let set = (
            participants::identity.eq(cell("identity", identity)),
            participants::safe_contact.eq(cell("safe_contact", contact)),
            participants::needs.eq(cell("needs", needs)),
            participants::treatments.eq(cell("treatments", json!(["surgery"]))),
        );
        exec(db, alongside_store::Cached(diesel::update(participants::table.find(Key(man))).set(set)))?;
        let answer = json!({"first_seq": 1, "answers": [
            {"link_id": "URI.leakage.words", "state": "answered", "values": [{"valueString": "Of old."}]}]});
        let row = (
            answers::assessment_id.eq(Key(assessment)),
            answers::first_seq.eq(1_i64),
            answers::last_seq.eq(1_i64),
            answers::cell.eq(former(&keys, "answers.cell", assessment.uuid(), &answer)),
            answers::answered_by.eq("participant"),
            answers::keyed_by.eq("unknown"),
            answers::level.eq("unknown"),
            answers::author_id.eq(any_id(man.uuid())),
            answers::at.eq(now),
        );
        exec(db, diesel::insert_into(answers::table).values(row))?;
        let report = json!({"verbatim": "He is afraid, of old.", "abuse_types": []});
        let row = (
            flags::id.eq(Key(flag)),
            flags::programme_id.eq(Key(programme)),
            flags::participant_id.eq(Some(Key(man))),
            flags::source.eq("disclosed"),
            flags::immediate_danger.eq(false),
            flags::report.eq(former(&keys, "flags.report", flag.uuid(), &report)),
            flags::status.eq("raised"),
            flags::acknowledge_by.eq(now),
            flags::raised_at.eq(now),
            flags::updated_at.eq(now),
            flags::version.eq(1_i64),
        );
        exec(db, diesel::insert_into(flags::table).values(row))?;
        Ok(())
    });
    (man, assessment, flag)
}

/// The layouts of the cells of a participant, of his answers and of the flags.
fn layouts(world: &World, man: ParticipantId) -> Vec<u8> {
    world.write(move |db| {
        let of_him = (participants::identity, participants::needs);
        let (identity, needs): (Sealed, Sealed) = one(db, participants::table.find(Key(man)).select(of_him))?;
        let mut cells = vec![identity, needs];
        cells.extend(many::<_, Sealed>(db, answers::table.select(answers::cell))?);
        cells.extend(many::<_, Sealed>(db, flags::table.select(flags::report))?);
        Ok(cells.iter().map(|cell| cell.0[0]).collect())
    })
}

fn reads_as_of_old(world: &World, (man, assessment, flag): (ParticipantId, AssessmentId, FlagId)) {
    let (coordinator, lead) = (world.sign_in(Role::Coordinator), world.sign_in(Role::SafeguardingLead));
    let view = coordinator.get(&format!("/v1/participants/{man}")).ok();
    assert_eq!(
        (&view["name"], &view["needs"]["note"]),
        (&json!("Walter Of Old"), &json!("Deaf on the left."))
    );
    assert_eq!(lead.get(&format!("/v1/flags/{flag}")).ok()["report"]["verbatim"], "He is afraid, of old.");
    let ring = world.app.store.ring().clone();
    let kept = world.write(move |db| {
        let record = alongside_store::sealing::Record::Participant(man);
        let keys = alongside_store::data_key::load(db, &ring, record)?;
        alongside_store::answer::all(db, &keys, assessment)
    });
    assert!(format!("{kept:?}").contains("Of old."), "{kept:?}");
}

#[test]
fn cells_from_before_there_were_data_keys_open_and_are_moved_to_the_key_of_their_record() {
    let world = World::start();
    let of_old = from_before(&world);
    assert_eq!(layouts(&world, of_old.0), [1, 1, 1, 1]);
    reads_as_of_old(&world, of_old);
    let done = rotate(&world.app);
    assert_eq!(done.cells, 6, "four of the participant, an answer and a report");
    assert_eq!(layouts(&world, of_old.0), [2, 2, 2, 2]);
    reads_as_of_old(&world, of_old);
    assert_eq!(rotate(&world.app).cells, 0);
}

#[test]
fn a_key_that_sealed_cells_before_there_were_data_keys_stays_until_they_are_moved() {
    let world = World::start();
    from_before(&world);
    let replica = world.prepare(&with_new_keys(&world.keys)).unwrap();
    let (ring, now) = (replica.store.ring().clone(), world.app.clock.now());
    let needed = world.write(move |db| {
        let in_use = store::take_into_use(db, &ring, now)?;
        store::rewrap_some(db, &ring, in_use, Uuid::nil(), 1000)?;
        store::needed_for(db, KeyGroup::Sealing, 1)
    });
    assert_eq!(needed, Some("there are still cells from before there were data keys"));
    assert!(rotate(&replica).not_needed.contains(&(KeyGroup::Sealing, 1)));
}

#[test]
fn an_erased_record_from_before_there_were_data_keys_opens_nowhere() {
    let world = World::start();
    let (man, _, flag) = from_before(&world);
    let now = world.app.clock.now();
    world.write(move |db| alongside_store::data_key::shred(db, &System, man, &[], now).map(drop));
    world.sign_in(Role::Coordinator).get(&format!("/v1/participants/{man}")).problem(410, "erased");
    world.sign_in(Role::SafeguardingLead).get(&format!("/v1/flags/{flag}")).problem(410, "erased");
    // Nothing is left that the sealing key itself would open.
    assert_eq!(layouts(&world, man), [2, 2, 2, 2]);
    assert_eq!(rotate(&world.app).cells, 0);
}

#[test]
fn the_key_is_changed_on_the_command_line_while_a_server_runs() {
    let database = Database::blank();
    let url = database.is_postgres().then_some(database.url.as_str());
    let server = Demo::start(database.folder.path(), url);
    let coordinator = server.sign_in("coordinator");
    let names = || coordinator.get("/v1/participants?limit=200").ok()["items"].clone();
    let before = names();
    assert!(before[0]["name"].is_string());
    let file = server.folder.join("alongside.key").display().to_string();
    let url = url.map_or_else(|| server.folder.join("alongside.db").display().to_string(), str::to_owned);
    let environment = [("ALONGSIDE_DATABASE_URL", url.as_str()), ("ALONGSIDE_KEYS_FILE", file.as_str())];
    let run = |arguments: &[&str]| {
        let output = api(arguments, &environment);
        let said = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.success(), said(&output.stdout), said(&output.stderr))
    };
    let (done, _, told) = run(&["keys", "retire", "sealing", "1"]);
    assert!(!done && told.contains("cannot be retired: it wraps what is new"), "{told}");
    let (done, said, told) = run(&["keys", "rotate", "--add"]);
    assert!(done && said.contains("sealing key 1 wraps nothing any more and may be retired"), "{said}{told}");
    // The server has read the file anew by itself.
    assert_eq!(names(), before);
    let (done, said, told) = run(&["keys", "retire", "sealing", "1"]);
    assert!(done, "{said}{told}");
    assert_eq!(names(), before);
    let numbers = std::fs::read_to_string(&file).unwrap();
    let numbers: Value = serde_json::from_str(&numbers).unwrap();
    assert_eq!(numbers["sealing"].as_array().unwrap().len(), 1);
    assert_eq!(numbers["safeguarding"].as_array().unwrap().len(), 2);
    let mut server = server;
    server.kill();
    server.restart();
    assert_eq!(server.sign_in("coordinator").get("/v1/participants?limit=200").ok()["items"], before);
}
