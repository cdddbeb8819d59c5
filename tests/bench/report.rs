//! What is printed, and what is kept.

use std::path::{Path, PathBuf};

use alongside_domain::clock::{Clock as _, System};
use serde_json::json;

use crate::figures::Figure;
use crate::rounds::CONNECTIONS;
use crate::samples::{Samples, Served, What};

const ENGINES: [&str; 2] = ["sqlite", "postgres"];
const ROWS: [What; 7] =
    [What::Raw, What::Static, What::Get, What::GetUnaudited, What::List, What::Post, What::GetDuringLogins];

/// Prints the medians, then the figures, then how many of them hold. Answers whether all do.
pub fn print(samples: &Samples, figures: &[Figure]) -> bool {
    if !samples.samples.is_empty() {
        print_table(samples);
    }
    println!();
    for figure in figures {
        let verdict = if figure.holds() { "holds" } else { "FAILS" };
        let bound = figure.at_least.map(|bound| format!(">= {bound}"));
        let bound = bound.or(figure.at_most.map(|bound| format!("<= {bound}"))).unwrap_or_default();
        println!("{verdict}  {:<58} {:>9.3}  {bound}", figure.name, figure.value);
    }
    let hold = figures.iter().filter(|figure| figure.holds()).count();
    println!("\n{hold} of {} figures hold", figures.len());
    hold == figures.len()
}

fn print_table(samples: &Samples) {
    println!(
        "\n{:<9} {:<31} {:>5} {:>10} {:>9} {:>9} {:>9} {:>8} {:>8}",
        "engine", "what", "conns", "per s", "p50 ms", "p99 ms", "CPU us", "x static", "RSS MB"
    );
    for engine in ENGINES {
        for what in ROWS {
            for connections in CONNECTIONS {
                print_row(samples, engine, what, connections);
            }
        }
    }
}

fn print_row(samples: &Samples, engine: &str, what: What, connections: u32) {
    let Some(per_second) = samples.per_second(engine, what, connections) else { return };
    let served = |number: fn(&Served) -> f64| samples.served(engine, what, connections, number);
    let cell =
        |value: Option<f64>, digits: usize| value.map_or(String::new(), |value| format!("{value:.digits$}"));
    let cpu = served(|served| served.cpu_us);
    let idle = samples.served(engine, What::Static, connections, |served| served.cpu_us);
    println!(
        "{engine:<9} {:<31} {connections:>5} {per_second:>10.0} {:>9} {:>9} {:>9} {:>8} {:>8}",
        what.name(),
        cell(served(|served| served.p50_ms), 2),
        cell(served(|served| served.p99_ms), 2),
        cell(cpu, 0),
        cell(cpu.zip(idle).map(|(cpu, idle)| cpu / idle), 1),
        cell(served(|served| served.memory_mb), 1),
    );
}

/// Keeps every measurement and figure under the time of the run.
pub fn keep(folder: &Path, samples: &Samples, figures: &[Figure]) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let now = System.now();
    let path = folder.join(format!("{}.json", now.format("%Y%m%dT%H%M%SZ")));
    let text = serde_json::to_string_pretty(&json!({
        "at": now,
        "cores": std::thread::available_parallelism()?.get(),
        "kernel": std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        "figures": figures,
        "measured": samples,
    }))?;
    std::fs::write(&path, text + "\n")?;
    Ok(path)
}
