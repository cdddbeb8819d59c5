//! The figures that must hold.

use serde::Serialize;

use crate::samples::{Samples, Scale, Served, What, median};

/// One figure with its bound.
#[derive(Debug, Serialize)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    pub at_least: Option<f64>,
    pub at_most: Option<f64>,
}

impl Figure {
    pub fn holds(&self) -> bool {
        self.at_least.is_none_or(|bound| self.value >= bound)
            && self.at_most.is_none_or(|bound| self.value <= bound)
    }
}

/// Every figure that can be computed from what was measured.
pub fn figures(samples: &Samples) -> Vec<Figure> {
    let mut figures = Vec::new();
    let rate = |engine, what, connections| samples.per_second(engine, what, connections);
    let cpu = |what| samples.served("sqlite", what, 64, |served: &Served| served.cpu_us);
    let p99 = |what| samples.served("sqlite", what, 64, |served: &Served| served.p99_ms);
    let p50 = |what| samples.served("sqlite", what, 64, |served: &Served| served.p50_ms);
    let mut least = |name: &str, value: Option<f64>, bound: f64| {
        figures.extend(value.map(|value| Figure {
            name: name.to_owned(),
            value,
            at_least: Some(bound),
            at_most: None,
        }));
    };

    least(
        "POST / raw SQLite in groups of 64",
        ratio(rate("sqlite", What::Post, 64), rate("sqlite", What::Raw, 64)),
        0.60,
    );
    least("GET / static JSON", ratio(rate("sqlite", What::Get, 64), rate("sqlite", What::Static, 64)), 0.14);
    least(
        "GET / GET unaudited",
        ratio(rate("sqlite", What::Get, 64), rate("sqlite", What::GetUnaudited, 64)),
        0.30,
    );
    for connections in [8, 64] {
        let raw = rate("postgres", What::Raw, connections);
        let name = format!("PostgreSQL: POST / driver alone, {connections} connections");
        least(&name, ratio(rate("postgres", What::Post, connections), raw), 0.80);
    }

    let mut most = |name: &str, value: Option<f64>, bound: f64| {
        figures.extend(value.map(|value| Figure {
            name: name.to_owned(),
            value,
            at_least: None,
            at_most: Some(bound),
        }));
    };
    for (what, bound) in [(What::Get, 7.0), (What::List, 11.0), (What::Post, 10.0)] {
        most(&format!("CPU of {} / static JSON", what.name()), ratio(cpu(what), cpu(What::Static)), bound);
    }
    for what in [What::Get, What::List, What::Post] {
        most(&format!("p99 / p50 of {}", what.name()), ratio(p99(what), p50(what)), 4.0);
    }
    most("p99 of GET during logins / without", ratio(p99(What::GetDuringLogins), p99(What::Get)), 2.0);
    most("ready after, ms", median(samples.ready_ms.clone()), 100.0);
    most("idle memory, MB", median(samples.idle_mb.clone()), 15.0);
    let lost: Vec<f64> =
        samples.samples.iter().filter_map(|sample| Some(sample.served.as_ref()?.lost)).collect();
    most("requests refused or unanswered", lost.iter().copied().reduce(|all, more| all + more), 0.0);
    for scale in &samples.scale {
        let Scale { what, few_per_second, many_per_second } = scale;
        most(
            &format!("1,000,000 participants / 10,000: {}", what.name()),
            Some(few_per_second / many_per_second),
            1.5,
        );
    }
    figures
}

fn ratio(above: Option<f64>, below: Option<f64>) -> Option<f64> {
    Some(above? / below?)
}
