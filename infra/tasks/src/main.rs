//! `cargo xtask …`: what keeps the code, the template and the documents one truth, and what measures them.

mod attacks;
mod calls;
mod check;
mod costs;
mod document;
mod events;
mod fake_aws;
mod functions;
mod limits;
mod messages;
mod openapi;
mod platform;
mod promises;
mod repository;
mod sizes;
mod sync;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use kernel::{Env, Sys, Timestamp};
use tasks::{
    Failure, appoint,
    redrive::{self, Window},
};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Contracts, measurements and chores of Stoa")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write the handlers' routes into template.yaml, infra/openapi.json and the router of `cargo lambda watch`; shared/store/ITEMS.md
    /// and what is exported of each kind of item; pack the list of passwords.
    Sync,
    /// Compare code, template, documents, events and messages; fail on any difference.
    Check,
    /// Print what each operation asked of AWS while a test suite ran with STOA_CALLS_FILE set.
    Calls {
        /// The file that STOA_CALLS_FILE named.
        file: PathBuf,
        /// Also fail if a policy allows what nothing used, or an operation asked for more than infra/calls.txt says.
        #[arg(long)]
        strict: bool,
        /// Write infra/calls.txt: what each operation asks for from now on.
        #[arg(long)]
        keep: bool,
    },
    /// Print what the system costs: when nobody is there, and for a GB, sign-ins and messages.
    Costs,
    /// Invoke every file in events/ with `cargo lambda invoke` and compare the answers.
    Events {
        /// The port of `cargo lambda watch`.
        #[arg(long, default_value_t = 9000)]
        port: u16,
    },
    /// Publish what the outbox holds of a span of time once more; consumers leave out what they have handled.
    ///
    /// Acts on AWS, with the credentials and the region in the environment, or on a local cloud.
    Redrive {
        /// From this moment on, such as 2030-01-01T12:00:00Z.
        #[arg(long)]
        since: Timestamp,
        /// Before this moment; without it, all there is.
        #[arg(long)]
        until: Option<Timestamp>,
        /// The stack.
        #[arg(long, default_value = "stoa")]
        stack: String,
        /// The local cloud that keeps its state in this folder.
        #[arg(long, value_name = "STATE", num_args = 0..=1, default_missing_value = ".local")]
        local: Option<PathBuf>,
        /// Only count.
        #[arg(long)]
        dry: bool,
    },
    /// Offer somebody to become the first superuser, while there is none, and print the secret that they accept it with.
    ///
    /// Acts on AWS, with the credentials and the region in the environment, or on a local cloud.
    Appoint {
        /// Whom: they have an account and a second factor.
        username: String,
        /// The stack.
        #[arg(long, default_value = "stoa")]
        stack: String,
        /// The local cloud that keeps its state in this folder.
        #[arg(long, value_name = "STATE", num_args = 0..=1, default_missing_value = ".local")]
        local: Option<PathBuf>,
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
        Task::Calls { file, strict, keep } => calls::run(&file, strict, keep),
        Task::Costs => costs::print(),
        Task::Events { port } => events::invoke_all(port),
        Task::Redrive { since, until, stack, local, dry } => {
            redrive(local, &stack, Window { since: since.0, until: until.map(|t| t.0) }, dry)
        }
        Task::Appoint { username, stack, local } => appoint(local, &stack, &username),
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

/// What an operator acts with: on AWS, or on the local cloud that keeps its state in this folder.
fn operator(local: Option<PathBuf>) -> Result<Env, Failure> {
    let Some(state) = local else { return Ok(Env::process()) };
    let file = repository::root().join(state).join("operator.env");
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(text.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
}

fn wait<T>(task: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(task)
}

fn appoint(local: Option<PathBuf>, stack: &str, username: &str) -> Result<(), Failure> {
    let secret = wait(appoint::appoint(operator(local)?, Sys::real(), stack, username))?;
    println!("{}", secret.expose());
    eprintln!("Within the hour {username} sends this to POST /v1/admin/first, signed in with a second factor.");
    Ok(())
}

fn redrive(local: Option<PathBuf>, stack: &str, window: Window, dry: bool) -> Result<(), Failure> {
    let report = wait(redrive::redrive(operator(local)?, stack, window, dry))?;
    println!("{} events of that time, {} published", report.found, report.published);
    for item in &report.poisoned {
        println!("not an event: {item}");
    }
    if report.refused > 0 { Err(format!("{} were not taken: run it again", report.refused).into()) } else { Ok(()) }
}
