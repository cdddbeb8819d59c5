//! What was measured, and the medians of it.

use serde::Serialize;

/// What was done, over and over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The rows of the assessment, written by the driver alone.
    Raw,
    /// A small JSON document without database or sign-in.
    Static,
    /// One participant, audited.
    Get,
    /// One participant, by a server that audits no reads.
    GetUnaudited,
    /// Fifty participants, audited.
    List,
    /// An assessment with fifty answers.
    Post,
    /// One participant, by a server at which many sign in.
    GetDuringLogins,
}

impl What {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "driver alone, same rows",
            Self::Static => "static JSON",
            Self::Get => "GET participant",
            Self::GetUnaudited => "GET participant, unaudited",
            Self::List => "list of 50",
            Self::Post => "POST 50-answer assessment",
            Self::GetDuringLogins => "GET participant, during logins",
        }
    }
}

/// One measurement.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    pub engine: &'static str,
    pub what: What,
    pub connections: u32,
    pub per_second: f64,
    pub served: Option<Served>,
}

/// What can only be said of requests to a server.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Served {
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// The server's own processor time, without the database's.
    pub cpu_us: f64,
    pub memory_mb: f64,
    /// Requests that were refused or got no answer.
    pub lost: f64,
}

/// All measurements.
#[derive(Debug, Default, Serialize)]
pub struct Samples {
    pub samples: Vec<Sample>,
    /// From the start of the process to ready, in milliseconds.
    pub ready_ms: Vec<f64>,
    /// Memory two seconds after that, in MB.
    pub idle_mb: Vec<f64>,
    /// Requests a second at a large number of participants and at a small one.
    pub scale: Vec<Scale>,
}

/// One comparison of a large table with a small one.
#[derive(Debug, Clone, Serialize)]
pub struct Scale {
    pub what: What,
    pub few_per_second: f64,
    pub many_per_second: f64,
}

impl Samples {
    /// The median of one number over all rounds; nothing where it was not measured.
    pub fn median(
        &self,
        engine: &str,
        what: What,
        connections: u32,
        number: impl Fn(&Sample) -> Option<f64>,
    ) -> Option<f64> {
        let rounds = self.samples.iter().filter(|sample| {
            sample.engine == engine && sample.what == what && sample.connections == connections
        });
        median(rounds.filter_map(number).collect())
    }

    pub fn per_second(&self, engine: &str, what: What, connections: u32) -> Option<f64> {
        self.median(engine, what, connections, |sample| Some(sample.per_second))
    }

    pub fn served(
        &self,
        engine: &str,
        what: What,
        connections: u32,
        number: fn(&Served) -> f64,
    ) -> Option<f64> {
        self.median(engine, what, connections, |sample| sample.served.as_ref().map(number))
    }
}

/// The middle one, or the mean of the two in the middle.
pub fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let upper = numbers.get(numbers.len() / 2)?;
    let lower = numbers.get((numbers.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}
