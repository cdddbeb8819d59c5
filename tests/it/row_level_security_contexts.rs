//! A context lasts as long as its transaction: no connection brings it to the caller after.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;

use actix_web::rt::System as Runtime;
use alongside_domain::clock::{Clock as _, System};
use alongside_domain::id::ProgrammeId;
use alongside_store::sealing::KeyRing;
use alongside_store::{Context, Db, Duty, Store, StoreError};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text};
use secrecy::SecretSlice;
use uuid::Uuid;

use crate::harness::{Database, is_on_postgres};

/// How a transaction may end.
type End = fn(&mut Db<'_>) -> Result<(), StoreError>;

#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
struct Setting {
    #[diesel(sql_type = Integer)]
    pid: i32,
    #[diesel(sql_type = Nullable<Text>)]
    programme: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    caller: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    opens: Option<String>,
}

impl Setting {
    fn is_empty(&self) -> bool {
        [&self.programme, &self.caller, &self.opens].into_iter().flatten().all(String::is_empty)
    }
}

fn setting(db: &mut Db<'_>) -> Result<Setting, StoreError> {
    let Db::Pg(connection) = db else { panic!("not on PostgreSQL") };
    let sql = "SELECT pg_backend_pid() AS pid, current_setting('alongside.programme', true) AS programme, \
               current_setting('alongside.caller', true) AS caller, current_setting('alongside.opens', true) AS opens";
    Ok(diesel::sql_query(sql).get_result(*connection)?)
}

/// What the connection has of itself, once the transaction of this door is over.
fn left_over(db: &mut Db<'_>) -> Result<Setting, StoreError> {
    let Db::Pg(connection) = db else { panic!("not on PostgreSQL") };
    connection.batch_execute("COMMIT")?;
    setting(db)
}

fn statement(db: &mut Db<'_>, sql: &str) -> Result<(), StoreError> {
    let Db::Pg(connection) = db else { panic!("not on PostgreSQL") };
    Ok(connection.batch_execute(sql)?)
}

fn caller(n: u128) -> Context {
    Context::Caller {
        actor: Uuid::from_u128(n),
        programme: Some(ProgrammeId::new(Uuid::from_u128(1000 + n))),
    }
}

fn store(database: &Database) -> Store {
    let key = |byte| [(1, SecretSlice::from(vec![byte; 32]))];
    let ring = KeyRing::new(key(7), key(8)).unwrap();
    Store::open(&database.location(), ring, &System, System.now()).unwrap()
}

/// Goes through doors until the connection with this number has come round, or most probably is gone; every one of them
/// must have nothing left on it.
fn nothing_is_left(store: &Store, pid: i32) -> bool {
    let mut seen = BTreeSet::new();
    for _ in 0..60 {
        let left = Runtime::new().block_on(store.read(Context::Nobody, left_over)).unwrap();
        if !left.is_empty() {
            return false;
        }
        seen.insert(left.pid);
        if left.pid == pid {
            break;
        }
    }
    assert!(!seen.is_empty());
    true
}

#[test]
fn no_connection_keeps_the_context_of_the_caller_before() {
    if !is_on_postgres("a pooled connection forgets the caller before") {
        return;
    }
    let database = Database::fresh();
    let store = store(&database);
    let run = Runtime::new();
    // A door that is left in good order, refused, broken by the database, and broken by a panic.
    let read = run.block_on(store.read(caller(1), setting)).unwrap();
    assert_eq!(read.programme, Some(Uuid::from_u128(1001).to_string()));
    assert_eq!((read.caller, read.opens), (Some(Uuid::from_u128(1).to_string()), Some(String::new())));
    assert!(nothing_is_left(&store, read.pid));
    let written = run.block_on(store.write(caller(2), setting)).unwrap();
    assert_eq!(written.programme, Some(Uuid::from_u128(1002).to_string()));
    assert!(nothing_is_left(&store, written.pid));
    let scanned = run.block_on(store.scan(Context::System(Duty::Upkeep), setting)).unwrap();
    assert_eq!(scanned.opens.as_deref(), Some("records accounts upkeep"));
    let left = run.block_on(store.scan(Context::Nobody, left_over)).unwrap();
    assert!(left.is_empty(), "{left:?}");
    let ends: [End; 3] = [
        |db: &mut Db<'_>| setting(db).and_then(|_| Err(StoreError::NotFound)),
        |db: &mut Db<'_>| statement(db, "SELECT nothing FROM nowhere"),
        |db: &mut Db<'_>| -> Result<(), StoreError> {
            setting(db)?;
            panic!("on purpose")
        },
    ];
    for end in ends {
        for turn in 0..3 {
            assert!(run.block_on(store.read(caller(turn), end)).is_err());
            assert!(run.block_on(store.write(caller(turn), end)).is_err());
            assert!(run.block_on(store.scan(caller(turn), end)).is_err());
        }
        assert!(nothing_is_left(&store, 0));
    }
    // What this test would say of a context that stays with its connection.
    let kept = "SET SESSION alongside.programme = '00000000-0000-0000-0000-000000000001'";
    run.block_on(store.write(caller(3), move |db| statement(db, kept))).unwrap();
    assert!(!nothing_is_left(&store, 0));
}

#[test]
fn jobs_that_share_a_commit_have_each_a_context_of_their_own() {
    if !is_on_postgres("contexts of writes in a group") {
        return;
    }
    let database = Database::fresh();
    let store = store(&database);
    let start = Barrier::new(64);
    let write = &|n: u128| {
        start.wait();
        Runtime::new().block_on(store.write(caller(n), move |db| {
            // Long enough for the others to come.
            statement(db, "SELECT pg_sleep(0.002)")?;
            if n.is_multiple_of(7) {
                return Err(StoreError::NotFound);
            }
            setting(db)
        }))
    };
    let answers: Vec<_> = std::thread::scope(|scope| {
        let writing: Vec<_> = (0..64_u128).map(|n| scope.spawn(move || (n, write(n)))).collect();
        writing.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut pids: BTreeMap<i32, usize> = BTreeMap::new();
    for (n, answer) in answers {
        if n % 7 == 0 {
            assert!(matches!(answer, Err(StoreError::NotFound)));
            continue;
        }
        let found = answer.unwrap();
        assert_eq!(found.programme, Some(Uuid::from_u128(1000 + n).to_string()), "{n}");
        assert_eq!(found.caller, Some(Uuid::from_u128(n).to_string()), "{n}");
        *pids.entry(found.pid).or_default() += 1;
    }
    // The writer has one connection for all of a group; the first few went alone.
    assert!(pids.values().any(|jobs| *jobs > 8), "they did not share: {pids:?}");
}

#[test]
fn a_step_that_sees_further_gives_it_back() {
    if !is_on_postgres("a step in a context of its own") {
        return;
    }
    let database = Database::fresh();
    let store = store(&database);
    let run = Runtime::new();
    let opens = |setting: Setting| setting.opens.unwrap();
    let seen = run.block_on(store.write(caller(1), move |db| {
        let before = setting(db)?;
        let inside = db.within(Duty::WhoseRecord, setting)?;
        let refused = db.within(Duty::FlagAudience, |_| Err::<(), _>(StoreError::NotFound));
        assert!(matches!(refused, Err(StoreError::NotFound)));
        let after = setting(db)?;
        // A statement that fails ends the savepoint, and the context with it.
        let broken = db
            .savepoint(|db| db.within(Duty::WhoseRecord, |db| statement(db, "SELECT nothing FROM nowhere")));
        assert!(broken.is_err());
        assert_eq!(setting(db)?, before);
        assert_eq!((&inside.programme, &inside.caller), (&before.programme, &before.caller));
        Ok::<_, StoreError>([before, inside, after].map(opens))
    }));
    assert_eq!(seen.unwrap(), ["", "records", ""]);
}
