//! `cargo xtask …`: what keeps the code, the template and the documents one truth, and what measures them.

mod calls;
mod check;
mod document;
mod events;
mod functions;
mod messages;
mod repository;
mod sizes;
mod sync;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Why a task ends badly, for a person to read.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Contracts, measurements and chores of Stoa")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write the handlers' routes into template.yaml, infra/openapi.json and the router of `cargo lambda watch`; pack the list of passwords.
    Sync,
    /// Compare code, template, documents, events and messages; fail on any difference.
    Check,
    /// Print what each operation asked of AWS while a test suite ran with STOA_CALLS_FILE set.
    Calls {
        /// The file that STOA_CALLS_FILE named.
        file: PathBuf,
        /// Also fail if a policy allows what nothing used.
        #[arg(long)]
        strict: bool,
    },
    /// Invoke every file in events/ with `cargo lambda invoke` and compare the answers.
    Events {
        /// The port of `cargo lambda watch`.
        #[arg(long, default_value_t = 9000)]
        port: u16,
    },
    /// Build the functions and measure them through the Lambda Runtime API, beside the least that a function can be.
    Sizes {
        /// How often each is started.
        #[arg(long, default_value_t = 15)]
        starts: usize,
        /// How many events each answers to measure what one costs.
        #[arg(long, default_value_t = 300)]
        events: usize,
        /// Which profile is built and measured.
        #[arg(long, default_value = "release")]
        profile: String,
        /// Measure what `cargo lambda build` has left in this folder instead of building.
        #[arg(long)]
        built: Option<PathBuf>,
        /// Only these functions.
        only: Vec<String>,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Sync => sync::run(),
        Task::Check => check::run(),
        Task::Calls { file, strict } => calls::run(&file, strict),
        Task::Events { port } => events::invoke_all(port),
        Task::Sizes { starts, events, profile, built, only } => sizes::run(&sizes::Plan { starts, events, profile, built, only }),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}
