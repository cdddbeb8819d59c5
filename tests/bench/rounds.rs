//! The order of the measurements: round after round of everything, so that what happens to the machine meanwhile
//! happens to all of them.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::load::{Request, Wrk};
use crate::raw::RawSqlite;
use crate::raw_postgres::RawPostgres;
use crate::samples::{Sample, Samples, Scale, Served, What, median};
use crate::server::{Server, Setup};
use crate::world::{World, database_file};

pub const CONNECTIONS: [u32; 3] = [1, 8, 64];
/// A token lasts ten minutes; a new one costs a password check.
const TOKEN_AGE: Duration = Duration::from_mins(4);
/// So many sign in at once, again and again, while others read.
const LOGINS: u32 = 16;

/// How much to measure.
#[derive(Clone, Copy)]
pub struct Effort {
    pub rounds: usize,
    pub time: Duration,
}

/// The driver alone.
enum Raw {
    Sqlite(RawSqlite),
    Postgres(RawPostgres),
}

impl Raw {
    /// As the store means to write at so many connections.
    fn run(&self, connections: u32, time: Duration) -> anyhow::Result<f64> {
        let many = usize::try_from(connections)?;
        match self {
            Self::Sqlite(raw) => raw.run(many, time),
            Self::Postgres(raw) if connections < 16 => raw.run(many, 1, time),
            Self::Postgres(raw) => raw.run(1, many, time),
        }
    }
}

/// A server with somebody signed in.
struct Target<'w> {
    world: &'w World,
    server: Server,
    folder: std::path::PathBuf,
    client: Client,
    signed_in: Instant,
}

impl<'w> Target<'w> {
    fn start(world: &'w World, setup: &Setup, audit_reads: bool) -> anyhow::Result<Self> {
        let server = setup.demo(audit_reads)?;
        let client = Client::sign_in(&server.base(), &setup.folder)?;
        Ok(Self { world, server, folder: setup.folder.clone(), client, signed_in: Instant::now() })
    }

    fn request(&mut self, what: What) -> anyhow::Result<Request> {
        if self.signed_in.elapsed() > TOKEN_AGE {
            self.client = Client::sign_in(&self.server.base(), &self.folder)?;
            self.signed_in = Instant::now();
        }
        let token = Some(self.client.token.as_str());
        Ok(match what {
            What::Raw | What::Static => Request::get("/healthz", None),
            What::Get | What::GetUnaudited | What::GetDuringLogins => {
                Request::get("/v1/participants/%ID%", token)
            }
            What::List => Request::get("/v1/participants?limit=50", token),
            What::Post => Request::post("/v1/assessments", token, &self.world.assessment),
        })
    }

    fn measure(
        &mut self,
        wrk: &Wrk,
        what: What,
        connections: u32,
        time: Duration,
    ) -> anyhow::Result<Measured> {
        let request = self.request(what)?;
        let before = self.server.cpu_seconds()?;
        let seen = wrk.run(&self.server.base(), connections, time, &request, &self.world.ids)?;
        let cpu_us = (self.server.cpu_seconds()? - before) * 1e6 / seen.requests;
        let memory_mb = self.server.memory_mb()?;
        let served =
            Served { p50_ms: seen.p50_ms, p99_ms: seen.p99_ms, cpu_us, memory_mb, lost: seen.lost() };
        Ok(Measured { per_second: seen.per_second(), served })
    }
}

struct Measured {
    per_second: f64,
    served: Served,
}

/// Measures one engine from end to end.
pub fn engine(
    engine: &'static str,
    world: &World,
    wrk: &Wrk,
    effort: Effort,
    samples: &mut Samples,
) -> anyhow::Result<()> {
    let raw = raw(world)?;
    let mut unaudited = Target::start(world, &world.copy("unaudited")?, false)?;
    let mut audited = Target::start(world, &world.setup, true)?;
    for what in [What::Static, What::Get, What::List, What::Post] {
        audited.measure(wrk, what, 8, Duration::from_secs(1))?;
    }
    unaudited.measure(wrk, What::GetUnaudited, 8, Duration::from_secs(1))?;

    for round in 1..=effort.rounds {
        for connections in CONNECTIONS {
            eprintln!("{engine}: round {round} of {}, {connections} connections", effort.rounds);
            let per_second = raw.run(connections, effort.time)?;
            samples.samples.push(Sample { engine, what: What::Raw, connections, per_second, served: None });
            for what in [What::Static, What::Get, What::GetUnaudited, What::List, What::Post] {
                let target = if what == What::GetUnaudited { &mut unaudited } else { &mut audited };
                let Measured { per_second, served } = target.measure(wrk, what, connections, effort.time)?;
                samples.samples.push(Sample { engine, what, connections, per_second, served: Some(served) });
            }
        }
        let measured = during_logins(&mut audited, wrk, effort.time)?;
        samples.samples.push(Sample {
            engine,
            what: What::GetDuringLogins,
            connections: 64,
            per_second: measured.per_second,
            served: Some(measured.served),
        });
    }
    audited.server.stop()?;
    unaudited.server.stop()
}

fn raw(world: &World) -> anyhow::Result<Raw> {
    let copy = world.copy("raw")?;
    Ok(if copy.database_url.starts_with("postgres") {
        Raw::Postgres(RawPostgres { url: copy.database_url, parents: world.parents.clone() })
    } else {
        Raw::Sqlite(RawSqlite::open(&database_file(&copy.folder), &world.parents)?)
    })
}

fn during_logins(target: &mut Target<'_>, wrk: &Wrk, time: Duration) -> anyhow::Result<Measured> {
    let login = Request::post("/v1/sessions", None, &target.client.credentials);
    let longer = time + Duration::from_secs(1);
    let logins = wrk.start("logins", &target.server.base(), LOGINS, longer, &login, &target.world.ids)?;
    std::thread::sleep(Duration::from_millis(300));
    let measured = target.measure(wrk, What::GetDuringLogins, 64, time)?;
    logins.finish()?;
    Ok(measured)
}

/// Starts the server as an operator does, again and again.
pub fn start_up(setup: &Setup, samples: &mut Samples) -> anyhow::Result<()> {
    for _ in 0..5 {
        let server = setup.serve()?;
        samples.ready_ms.push(server.ready_after.as_secs_f64() * 1e3);
        std::thread::sleep(Duration::from_secs(2));
        samples.idle_mb.push(server.memory_mb()?);
        server.stop()?;
    }
    Ok(())
}

/// Compares a large table with a small one. Reads are not audited here: the same write beside each would hide them.
pub fn scale(
    few: &World,
    many: &World,
    wrk: &Wrk,
    effort: Effort,
    samples: &mut Samples,
) -> anyhow::Result<()> {
    let mut targets = [Target::start(few, &few.setup, false)?, Target::start(many, &many.setup, false)?];
    for what in [What::GetUnaudited, What::List] {
        let mut rates = [Vec::new(), Vec::new()];
        for _ in 0..effort.rounds {
            for (target, rates) in targets.iter_mut().zip(&mut rates) {
                rates.push(target.measure(wrk, what, 64, effort.time)?.per_second);
            }
        }
        let [few, many] = rates.map(|rates| median(rates).unwrap_or_default());
        samples.scale.push(Scale { what, few_per_second: few, many_per_second: many });
    }
    targets.into_iter().try_for_each(|target| target.server.stop())
}

/// A folder for everything a run makes, on the disk of the build and not in memory. It goes with the run.
pub fn folder(beside: &Path) -> anyhow::Result<tempfile::TempDir> {
    Ok(tempfile::Builder::new().prefix("bench-").tempdir_in(beside)?)
}
