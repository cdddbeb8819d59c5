//! The sealed audit log: everything gets its place in the chain, and whoever changes it behind the server's back is found.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alongside_api::audit::{self, PublicKeys, Report};
use alongside_domain::audit_chain::{BEGINNING, Hash, MOST_UNSIGNED, hex};
use alongside_domain::clock::{Clock as _, Ids as _, System};
use alongside_domain::id::LeaseHolderId;
use alongside_domain::policy::Role;
use alongside_store::{Context, Duty, Location, StoreError, audit_seal, audit_verify, inspect, lease};
use chrono::TimeDelta;
use serde_json::Value;

use crate::harness::program::binary;
use crate::harness::{Database, World};

/// Everything, as the operator's own commands see it.
const FOR: Context = Context::System(Duty::Operator);

/// A log of some length, sealed and signed, of a server that is gone; and what was shipped before anything happens to it.
struct Drill {
    database: Arc<Database>,
    keys: PublicKeys,
    /// A copy of the folder of checkpoints, on another machine as it were.
    witness: PathBuf,
    /// How many events are sealed.
    last: i64,
}

/// How many events are sealed, and how many wait.
fn count(location: &Location) -> (i64, i64) {
    inspect(location, FOR, |db| {
        // In this order: what is sealed in between is counted in any case.
        let waiting = audit_seal::unsealed(db, alongside_domain::id::Id::new(uuid::Uuid::nil()), 1000)?.len();
        let last = audit_verify::last(db)?;
        Ok::<_, StoreError>((last, i64::try_from(waiting).unwrap()))
    })
    .unwrap()
}

impl Drill {
    fn start() -> Self {
        let mut folder = None;
        let world = World::with(|config| {
            let Location::Sqlite(_) = config.location() else {
                let own = std::env::temp_dir().join(format!("alongside-drill-{}", System.fresh()));
                config.audit_checkpoints_dir = Some(own.clone());
                folder = Some(own);
                return;
            };
            folder = config.checkpoints_dir();
        });
        let folder = folder.unwrap();
        let keys = world.public_keys();
        let man = world.participant().consented().create();
        let coordinator = world.sign_in(Role::Coordinator);
        for _ in 0..20 {
            coordinator.get(&man.path()).ok();
            coordinator.get("/v1/participants").ok();
        }
        let database = world.stop_when(|world| {
            let (last, waiting) = count(&world.location());
            if waiting == 0 && signed(&folder) < last {
                // The next checkpoint is due.
                world.clock.advance(TimeDelta::minutes(1));
                std::thread::sleep(Duration::from_millis(400));
            }
            waiting == 0 && signed(&folder) == last
        });
        let witness = database.folder.path().join("witness");
        std::fs::create_dir(&witness).unwrap();
        for file in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), witness.join(file.file_name())).unwrap();
        }
        std::fs::remove_dir_all(&folder).unwrap();
        let (last, waiting) = count(&database.location());
        assert!(last > 40 && waiting == 0, "{last} events, {waiting} waiting");
        let drill = Self { database, keys, witness, last };
        let report = drill.verify();
        assert!(report.intact && report.last == last && report.shipped > 0, "{report:?}");
        drill
    }

    fn location(&self) -> Location {
        self.database.location()
    }

    /// What an administrator of the database does, who first takes the wall off: behind it there is no row of the log to
    /// change, not even for its owner.
    fn execute(&self, sql: &str) -> diesel::QueryResult<()> {
        if self.database.is_postgres() {
            for table in ["audit_events", "audit_subjects"] {
                self.database.execute(&format!("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"))?;
            }
        }
        self.database.execute(sql)
    }

    /// As [`Drill::execute`], with the triggers off too.
    fn tamper(&self, sql: &str) {
        let tables = ["audit_events", "audit_subjects", "audit_seals", "audit_checkpoints"];
        let mut off = String::new();
        for table in tables {
            off += &match self.location() {
                Location::Sqlite(_) => {
                    format!(
                        "DROP TRIGGER IF EXISTS {table}_no_update; DROP TRIGGER IF EXISTS {table}_no_delete;"
                    )
                }
                Location::Postgres(_) => format!("ALTER TABLE {table} DISABLE TRIGGER USER;"),
            };
        }
        self.execute(&(off + sql)).unwrap();
    }

    fn verify_with(&self, folders: &[PathBuf]) -> Report {
        // A day later: what has no seal by then was never to have one.
        let later = System.now() + TimeDelta::days(1);
        inspect(&self.location(), FOR, |db| audit::verify(db, &self.keys, folders, later)).unwrap()
    }

    fn verify(&self) -> Report {
        self.verify_with(std::slice::from_ref(&self.witness))
    }

    /// The first thing found.
    fn found(&self) -> (&'static str, Option<i64>) {
        let report = self.verify();
        assert!(!report.intact);
        (report.findings[0].code, report.findings[0].seq)
    }

    fn hash(&self, seq: i64) -> Hash {
        inspect(&self.location(), FOR, |db| {
            let found = alongside_store::audit_checkpoint::hash_at(db, seq)?;
            Ok::<_, StoreError>(found.map_or(BEGINNING, |hash| hash.try_into().unwrap()))
        })
        .unwrap()
    }

    /// Works out all hashes anew from this number on, as one can who has the page and no key.
    fn rechain(&self, from: i64) {
        let mut previous = self.hash(from - 1);
        let links = inspect(&self.location(), FOR, |db| audit_verify::links(db, from - 1, i64::MAX, 100_000));
        let mut sql = String::new();
        for link in links.unwrap() {
            let event = link.event.unwrap();
            previous =
                alongside_domain::audit_chain::seal(&previous, link.seal.seq, &event.entry(&link.subjects));
            let digits = self.bytes(&previous);
            sql += &format!("UPDATE audit_seals SET hash = {digits} WHERE seq = {};", link.seal.seq);
        }
        self.tamper(&sql);
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        match self.location() {
            Location::Sqlite(_) => format!("x'{}'", hex(bytes)),
            Location::Postgres(_) => format!(r"'\x{}'", hex(bytes)),
        }
    }
}

/// The number up to which the folder's newest checkpoint goes.
fn signed(folder: &Path) -> i64 {
    let Ok(files) = std::fs::read_dir(folder) else { return 0 };
    let newest = files.map(|file| file.unwrap().path()).max();
    let text = newest.map(|file| std::fs::read_to_string(file).unwrap()).unwrap_or_default();
    let line: Option<Value> = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
    line.and_then(|line| line["seq"].as_i64()).unwrap_or(0)
}

/// The event under a number, as SQL.
fn event(seq: i64) -> String {
    format!("(SELECT event_id FROM audit_seals WHERE seq = {seq})")
}

#[test]
fn an_edited_event_is_named() {
    let drill = Drill::start();
    drill.tamper(&format!("UPDATE audit_events SET status = 404 WHERE id = {}", event(17)));
    assert_eq!(drill.found(), ("changed", Some(17)));
    assert_eq!(drill.verify().findings.len(), 1, "one event is one finding");
}

#[test]
fn a_participant_taken_off_a_list_is_found() {
    let drill = Drill::start();
    let lists = inspect(&drill.location(), FOR, |db| audit_verify::links(db, 0, i64::MAX, 1000)).unwrap();
    let list = lists.iter().find(|link| !link.subjects.is_empty()).unwrap().seal.seq;
    drill.tamper(&format!("DELETE FROM audit_subjects WHERE audit_event_id = {}", event(list)));
    assert_eq!(drill.found(), ("changed", Some(list)));
}

#[test]
fn a_deleted_event_is_missed_with_its_seal_or_without() {
    let drill = Drill::start();
    drill.tamper(&format!("DELETE FROM audit_events WHERE id = {}", event(11)));
    assert_eq!(drill.found(), ("deleted", Some(11)));
    drill.tamper("DELETE FROM audit_seals WHERE seq = 11");
    assert_eq!(drill.found(), ("deleted", Some(11)));
    // And closing the gap shows at the same place.
    drill.tamper(
        "UPDATE audit_seals SET seq = -seq WHERE seq > 11; UPDATE audit_seals SET seq = -seq - 1 WHERE seq < 0",
    );
    assert_eq!(drill.found(), ("changed", Some(11)));
}

#[test]
fn another_order_is_found() {
    let drill = Drill::start();
    // The events under two numbers change places; the hashes stay.
    let spare = drill.bytes(&[0; 16]);
    let spare = if drill.database.is_postgres() { format!("'{}'", uuid::Uuid::nil()) } else { spare };
    let (five, nine) = (event(5), event(9));
    drill.tamper(&format!(
        "CREATE TEMPORARY TABLE places AS SELECT {five} AS five, {nine} AS nine; \
         UPDATE audit_seals SET event_id = {spare} WHERE seq = 5; \
         UPDATE audit_seals SET event_id = (SELECT five FROM places) WHERE seq = 9; \
         UPDATE audit_seals SET event_id = (SELECT nine FROM places) WHERE seq = 5"
    ));
    assert_eq!(drill.found(), ("reordered", Some(5)));
}

#[test]
fn a_cut_end_is_missed_by_what_was_shipped() {
    let drill = Drill::start();
    let kept = drill.last - 10;
    drill.tamper(&format!(
        "DELETE FROM audit_subjects WHERE audit_event_id IN (SELECT event_id FROM audit_seals WHERE seq > {kept}); \
         DELETE FROM audit_events WHERE id IN (SELECT event_id FROM audit_seals WHERE seq > {kept}); \
         DELETE FROM audit_seals WHERE seq > {kept}; DELETE FROM audit_checkpoints WHERE seq > {kept}"
    ));
    // Nothing in the database itself shows it.
    let alone = drill.verify_with(&[]);
    assert!(alone.intact && alone.last == kept, "{alone:?}");
    assert_eq!(drill.found(), ("truncated", Some(kept + 1)));
    assert_eq!(drill.verify().findings[0].to, Some(drill.last));
}

#[test]
fn a_chain_written_anew_without_the_key_does_not_fit_what_was_signed() {
    let drill = Drill::start();
    drill.tamper(&format!("UPDATE audit_events SET status = 404 WHERE id = {}", event(7)));
    drill.rechain(7);
    // The chain fits itself; the checkpoints in the database show the stretch, and those that were shipped too.
    let alone = drill.verify_with(&[]);
    let finding = &alone.findings[0];
    assert_eq!((finding.code, alone.findings.len()), ("rewritten", 1), "{alone:?}");
    assert!(finding.seq.unwrap() <= 7 && finding.to.unwrap() >= 7, "{alone:?}");
    // Without the checkpoints in the database, those that were shipped are enough.
    drill.tamper("DELETE FROM audit_checkpoints");
    let (code, seq) = drill.found();
    assert!(code == "rewritten" && seq.unwrap() <= 7, "{code} {seq:?}");
    // And one signed with another key is no checkpoint.
    let forged = "INSERT INTO audit_checkpoints SELECT seq, hash, ";
    let (now, signature) = if drill.database.is_postgres() {
        ("now()".to_owned(), drill.bytes(&[1; 64]))
    } else {
        (System.now().timestamp_micros().to_string(), drill.bytes(&[1; 64]))
    };
    let key = drill.keys.lines().next().unwrap().split_once('=').unwrap().0.to_owned();
    drill.tamper(&format!("{forged}{now}, 0, '{key}', {signature} FROM audit_seals WHERE seq = 9"));
    let alone = drill.verify_with(&[]);
    assert_eq!((alone.findings[0].code, alone.findings[0].seq), ("forged", Some(9)), "{alone:?}");
    drill.tamper("UPDATE audit_checkpoints SET key_id = 'mine'");
    assert_eq!(drill.verify_with(&[]).findings[0].code, "unknown-key");
}

#[test]
fn an_event_put_in_past_the_server_has_no_seal() {
    let drill = Drill::start();
    let columns = "at, programme_id, person_id, client_id, session_id, role, operation, participant_id, resource_id, \
                   status, flag_id, request_id, detail";
    let id = System.fresh();
    let new = if drill.database.is_postgres() { format!("'{id}'") } else { drill.bytes(id.as_bytes()) };
    let put = format!(
        "INSERT INTO audit_events (id, {columns}) SELECT {new}, {columns} FROM audit_events WHERE id = {}",
        event(3)
    );
    drill.tamper(&put);
    let report = drill.verify();
    assert_eq!((report.findings[0].code, report.findings[0].event_id.unwrap().uuid()), ("unsealed", id));
    drill.tamper(&format!("DELETE FROM audit_events WHERE id = {new}"));
    assert!(drill.verify().intact);
    // So is somebody on the list of an event that never was.
    let nobody = if drill.database.is_postgres() {
        format!("'{}', '{}'", System.fresh(), System.fresh())
    } else {
        format!("{}, {}", drill.bytes(System.fresh().as_bytes()), drill.bytes(System.fresh().as_bytes()))
    };
    drill.tamper(&format!("INSERT INTO audit_subjects (participant_id, audit_event_id) VALUES ({nobody})"));
    assert_eq!(drill.verify().findings[0].code, "stray");
}

#[test]
fn the_database_itself_refuses_changes_to_the_log() {
    let drill = Drill::start();
    for table in ["audit_events", "audit_subjects", "audit_seals", "audit_checkpoints"] {
        let column = if table == "audit_subjects" { "participant_id" } else { "at" };
        let column = if table == "audit_seals" { "seq" } else { column };
        for sql in [format!("DELETE FROM {table}"), format!("UPDATE {table} SET {column} = {column}")] {
            let refused = drill.execute(&sql).unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{sql}: {refused}");
        }
    }
    assert!(drill.verify().intact);
}

fn python(drill: &Drill, log: &Path, witness: &Path) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/audit-verify.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(log).arg("--checkpoints").arg(witness);
    for key in drill.keys.lines() {
        command.args(["--key", &key]);
    }
    command.output().expect("python3 is needed")
}

fn export(drill: &Drill) -> PathBuf {
    let log = drill.database.folder.path().join("log.ndjson");
    let mut out = std::fs::File::create(&log).unwrap();
    inspect(&drill.location(), FOR, |db| audit::export(db, &mut out)).unwrap();
    log
}

#[test]
fn a_verifier_written_from_the_page_alone_agrees() {
    let drill = Drill::start();
    let told = |output: &Output| String::from_utf8(output.stdout.clone()).unwrap();
    let judged = python(&drill, &export(&drill), &drill.witness);
    assert_eq!(judged.status.code(), Some(0), "{}", told(&judged));
    assert!(told(&judged).contains(&format!("Intact: {} events", drill.last)), "{}", told(&judged));
    // Cut off at the end.
    let log = export(&drill);
    let text = std::fs::read_to_string(&log).unwrap();
    let short: Vec<&str> =
        text.lines().filter(|line| !line.contains(&format!("\"seq\":{},", drill.last))).collect();
    std::fs::write(&log, short.join("\n")).unwrap();
    let judged = python(&drill, &log, &drill.witness);
    assert_eq!(judged.status.code(), Some(1));
    assert!(told(&judged).contains("a checkpoint went up to"), "{}", told(&judged));
    // Edited; then written anew.
    drill.tamper(&format!("UPDATE audit_events SET operation = 'list_sites' WHERE id = {}", event(13)));
    let judged = python(&drill, &export(&drill), &drill.witness);
    assert_eq!(judged.status.code(), Some(1));
    assert!(told(&judged).contains("WRONG: event 13 ("), "{}", told(&judged));
    drill.rechain(13);
    let judged = python(&drill, &export(&drill), &drill.witness);
    assert_eq!(judged.status.code(), Some(1));
    assert!(told(&judged).contains("are not those that a checkpoint"), "{}", told(&judged));
    assert!(!told(&judged).contains("event 13 ("), "{}", told(&judged));
    std::fs::write(&log, "nonsense").unwrap();
    assert_eq!(python(&drill, &log, &drill.witness).status.code(), Some(2));
}

#[test]
fn the_command_says_in_words_and_with_its_exit_code_what_it_found() {
    let drill = Drill::start();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(binary("alongside-api"));
        let keys: Vec<String> = drill.keys.lines().collect();
        command.arg("audit").args(arguments).env("ALONGSIDE_DATABASE_URL", &drill.database.url);
        command.env("ALONGSIDE_KEYS_FILE", drill.database.folder.path().join("missing.key"));
        command.env_remove("ALONGSIDE_TEST_DATABASE_URL");
        if arguments[0] == "verify" {
            command.args(["--public-key", &keys[0], "--checkpoints"]).arg(&drill.witness);
        }
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, told) = run(&["verify"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.starts_with(&format!("Intact: {} events", drill.last)), "{told}");
    let (code, told) = run(&["export"]);
    assert_eq!(
        (code, told.lines().filter(|line| line.starts_with("{\"event\"")).count()),
        (Some(0), usize::try_from(drill.last).unwrap())
    );
    drill.tamper(&format!("UPDATE audit_events SET status = 404 WHERE id = {}", event(17)));
    let (code, told) = run(&["verify"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.starts_with("WRONG (changed): event 17 ("), "{told}");
    let (code, told) = run(&["verify", "--json"]);
    let report: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (code, &report["intact"], &report["findings"][0]["seq"]),
        (Some(1), &false.into(), &17.into())
    );
    // The key file is not there, and is not made.
    assert_eq!(run(&["public-keys"]).0, Some(2));
    assert!(!drill.database.folder.path().join("missing.key").exists());
}

#[test]
fn every_event_is_sealed_within_a_second_and_signed_within_a_thousand() {
    let world = World::start();
    let monitor = world.sign_in(Role::Monitor);
    let man = world.participant().create();
    let coordinator = world.sign_in(Role::Coordinator);
    coordinator.get(&man.path()).ok();
    let until = Instant::now() + Duration::from_secs(10);
    while count(&world.location()).1 > 0 {
        assert!(Instant::now() < until, "events are not sealed");
        std::thread::sleep(Duration::from_millis(20));
    }
    // On a quiet server: one request, and its seal.
    let begun = Instant::now();
    monitor.get("/v1/audit-events").ok();
    while count(&world.location()).1 > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    // Written past the server in one go, some with ids from long ago: as if they committed late.
    let template = inspect(&world.location(), FOR, |db| audit_verify::links(db, 0, 1, 1)).unwrap();
    let template = template[0].event.clone().unwrap();
    let rows: Vec<_> = (0..1500_u128)
        .map(|n| {
            let late = if n % 100 == 0 { 60_000 } else { 0 };
            let id = System.fresh().as_u128() - (late << 80);
            (uuid::Uuid::from_u128(id), template.at)
        })
        .collect();
    world.write(move |db| {
        use alongside_store::audit::{AuditEvent, any_id};
        for (id, at) in &rows {
            let event = AuditEvent {
                id: any_id(*id),
                at: *at,
                programme_id: None,
                person_id: None,
                client_id: None,
                session_id: None,
                role: None,
                operation: "get_participant".to_owned(),
                participant_id: None,
                resource_id: None,
                status: 200,
                flag_id: None,
                request_id: any_id(*id),
                detail: None,
            };
            alongside_store::audit::record(db, &event, &[])?;
        }
        Ok(())
    });
    let until = Instant::now() + Duration::from_secs(60);
    while count(&world.location()).1 > 0 {
        assert!(Instant::now() < until, "late events are not sealed");
        std::thread::sleep(Duration::from_millis(50));
    }
    let keys = world.public_keys();
    let report = inspect(&world.location(), FOR, |db| audit::verify(db, &keys, &[], System.now())).unwrap();
    assert!(report.intact && report.last > 1500, "{report:?}");
    assert!(report.checkpoints >= 2 && report.unsigned <= MOST_UNSIGNED, "{report:?}");
}

#[test]
fn two_servers_seal_one_chain() {
    let world = World::start();
    let second = world.another();
    let man = world.participant().create();
    let coordinator = world.sign_in(Role::Coordinator);
    for _ in 0..30 {
        coordinator.get(&man.path()).ok();
        std::thread::sleep(Duration::from_millis(20));
    }
    let until = Instant::now() + Duration::from_secs(20);
    while count(&world.location()).1 > 0 {
        assert!(Instant::now() < until, "events are not sealed");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(second);
    let keys = world.public_keys();
    let report = inspect(&world.location(), FOR, |db| audit::verify(db, &keys, &[], System.now())).unwrap();
    assert!(report.intact, "{report:?}");
}

#[test]
fn a_lease_is_held_by_one_until_it_runs_out() {
    let world = World::start();
    let now = System.now();
    let [one, other] = [(); 2].map(|()| LeaseHolderId::new(System.fresh()));
    let take = |holder, seconds| {
        let now = now + TimeDelta::seconds(seconds);
        world.write(move |db| {
            let open = lease::is_open_to(db, "drill", holder, now)?;
            let taken = lease::take(db, "drill", holder, now, now + TimeDelta::seconds(5))?;
            assert_eq!(open, taken);
            Ok(taken)
        })
    };
    assert!(take(one, 0));
    assert!(!take(other, 1));
    assert!(take(one, 4));
    assert!(!take(other, 8), "kept by the second taking");
    assert!(take(other, 10));
    assert!(!take(one, 11));
}
