//! One binary: serve, demo, migrate, openapi, policy, user, client, access-review, keys, audit.

mod commands;

use std::process::ExitCode;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A panic's message may hold what a request held.
    alongside_api::http::middleware::quiet_panics();
    let command = commands::Cli::parse();
    match command.run() {
        Ok(code) => code,
        Err(error) => {
            // One line for each cause, so that an operator reads what is wrong and not where.
            eprintln!("alongside-api: {error:#}");
            ExitCode::FAILURE
        }
    }
}
