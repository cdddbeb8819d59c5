//! How fast the audit log is sealed and judged, and what sealing costs those who write, on the embedded database:
//! `cargo bench --workspace --bench audit`, with the number of events as its argument where it is to be another.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement on a database made here")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alongside_domain::clock::{Clock as _, Ids as _, System};
use alongside_domain::id::{AuditEventId, Id, ParticipantId, PersonId};
use alongside_domain::policy::Role;
use alongside_store::audit::{self, AuditEvent, any_id};
use alongside_store::sealing::KeyRing;
use alongside_store::types::{At, Code, Key};
use alongside_store::{
    Context, Duty, Location, Store, StoreError, audit_seal, audit_verify, inspect, migrate,
};
use secrecy::SecretSlice;

/// Events a transaction, in the making.
const TOGETHER: usize = 1_000;
const BATCH: i64 = 500;
const FOR: Context = Context::System(Duty::AuditSealing);

fn event() -> AuditEvent {
    let id = System.fresh();
    AuditEvent {
        id: any_id(id),
        at: At(System.now()),
        programme_id: Some(Key(Id::new(id))),
        person_id: Some(Key(PersonId::new(id))),
        client_id: None,
        session_id: Some(Key(Id::new(id))),
        role: Some(Code(Role::Supporter)),
        operation: "get_participant".to_owned(),
        participant_id: Some(Key(ParticipantId::new(id))),
        resource_id: Some(any_id(id)),
        status: 200,
        flag_id: None,
        request_id: any_id(id),
        detail: None,
    }
}

/// One pass as the server's job makes it; how many events it sealed.
async fn seal(store: &Store, brisk: bool) -> i64 {
    let reach = chrono::TimeDelta::milliseconds(if brisk { 100 } else { 2_000 });
    let (head, links) = store
        .read(FOR, move |db| {
            let head = audit_seal::head(db)?;
            let newest = audit_seal::newest_event(db)?;
            let from = newest
                .map_or(AuditEventId::new(uuid::Uuid::nil()), |newest| audit_seal::earlier(newest, reach));
            let events = audit_seal::unsealed(db, from, BATCH)?;
            let subjects = audit_seal::subjects(db, &events)?;
            Ok::<_, StoreError>((head, audit_seal::links(head, &events, &subjects)))
        })
        .await
        .unwrap();
    let many = i64::try_from(links.len()).unwrap();
    if many > 0 {
        let links = Arc::new(links);
        assert!(store.write(FOR, move |db| audit_seal::append(db, head, &links)).await.unwrap());
    }
    many
}

/// Events a second that 64 writers get in, one transaction each, with or without somebody who seals beside them.
async fn writers(store: &Store, sealing: bool) -> f64 {
    let stop = Arc::new(AtomicBool::new(false));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (store, stop) = (store.clone(), Arc::clone(&stop));
            tokio::task::spawn(async move {
                let mut written = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    let event = event();
                    store.write(FOR, move |db| audit::record(db, &event, &[])).await.unwrap();
                    written += 1;
                }
                written
            })
        })
        .collect();
    // Beside the writers, as in the server: on a thread of its own.
    let sealer = sealing.then(|| {
        let (store, stop) = (store.clone(), Arc::clone(&stop));
        std::thread::spawn(move || {
            runtime().block_on(async {
                let mut brisk = false;
                while !stop.load(Ordering::Relaxed) {
                    brisk = seal(&store, brisk).await == BATCH;
                    if !brisk {
                        tokio::time::sleep(Duration::from_millis(300)).await;
                    }
                }
            });
        })
    });
    tokio::time::sleep(Duration::from_secs(5)).await;
    stop.store(true, Ordering::Relaxed);
    if let Some(sealer) = sealer {
        sealer.join().unwrap();
    }
    let mut written = 0;
    for task in tasks {
        written += task.await.unwrap();
    }
    f64::from(written) / begun.elapsed().as_secs_f64()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

/// Seconds this thread has had a processor, where the machine tells: it may have other things to do as well.
fn busy() -> f64 {
    let told = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = told.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0_u64);
    Duration::from_nanos(nanoseconds).as_secs_f64()
}

fn main() {
    let wanted = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000_usize);
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(folder.path().join("audit.db"));
    migrate::up(&location).unwrap();
    let key = || [(1, SecretSlice::from(vec![7; 32]))];
    let ring = KeyRing::new(key(), key()).unwrap();
    let store = Store::open(&location, ring, &System, System.now()).unwrap();
    runtime().block_on(async {
        for turn in 1..=3 {
            let without = writers(&store, false).await;
            while seal(&store, false).await > 0 {}
            let with = writers(&store, true).await;
            while seal(&store, false).await > 0 {}
            println!(
                "turn {turn}: 64 writers {without:.0} events/s alone, {with:.0} beside the sealing ({:.2})",
                with / without
            );
        }
        for _ in 0..wanted / TOGETHER {
            let events: Arc<Vec<_>> = Arc::new((0..TOGETHER).map(|_| event()).collect());
            store
                .write(FOR, move |db| events.iter().try_for_each(|event| audit::record(db, event, &[])))
                .await
                .unwrap();
            while seal(&store, true).await == BATCH {}
        }
        let begun = Instant::now();
        let mut sealed = 0;
        loop {
            let many = seal(&store, false).await;
            sealed += many;
            if many == 0 {
                break;
            }
        }
        println!("{sealed} left were sealed in {:.1} s", begun.elapsed().as_secs_f64());
    });
    let (begun, cpu) = (Instant::now(), busy());
    let chain = inspect(&location, FOR, |db| {
        let last = audit_verify::last(db)?;
        let chain = audit_verify::chain(db, last, &mut |fault| println!("{fault:?}"))?;
        audit_verify::strays(db, System.now(), &mut |fault| println!("{fault:?}"))?;
        Ok::<_, StoreError>(chain)
    })
    .unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    let events = u32::try_from(chain.events).unwrap();
    let cpu = busy() - cpu;
    println!(
        "{events} events judged in {seconds:.1} s: {:.0} events/s, {:.0} in a second of one processor",
        f64::from(events) / seconds,
        f64::from(events) / cpu
    );
}
