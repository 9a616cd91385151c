//! `cargo xtask …`: keeps code, template and documents consistent, and measures the system.

mod asyncapi;
mod calls;
mod check;
mod client;
mod costs;
mod document;
mod events;
mod fake_aws;
mod language;
mod load;
mod metrics;
mod new;
mod openapi;
mod paths;
mod permissions;
mod repository;
mod searches;
mod sizes;
mod sync;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use kernel::{Env, Sys, Timestamp};
use tasks::{
    Failure, appoint, audit_verify, endpoint,
    redrive::{self, Window},
};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Checks, generated files and measurements of Stoa")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Create a function with one operation for signed-in members: its crate, its block in template.yaml, its events and its test.
    New {
        /// Such as `gift-cards`.
        name: String,
    },
    /// Add a language: copy the English texts of every crate, and print the files to translate.
    Language {
        /// Such as `de`.
        tag: String,
    },
    /// Write the list of functions, their routes in template.yaml and in the router of `cargo lambda watch`, infra/openapi.json,
    /// infra/asyncapi.json, the types of the JavaScript client, shared/store/ITEMS.md and what is exported of each kind of item; pack the
    /// list of passwords.
    Sync,
    /// Compare code, template, documents, events and messages; fail on any difference.
    Check,
    /// Print the AWS calls of each operation in a test suite that ran with STOA_CALLS_FILE set.
    Calls {
        /// The file in STOA_CALLS_FILE.
        file: PathBuf,
        /// Also fail if a policy allows an action that was never used, or an operation made more calls than infra/calls.txt allows.
        #[arg(long)]
        strict: bool,
        /// Write infra/calls.txt: the calls that each operation may make from now on.
        #[arg(long)]
        keep: bool,
    },
    /// Compare the AWS operations that the code of each function can reach with what its role allows; fail on any difference.
    Permissions {
        /// The folder of the functions' binaries, with their symbols: target/debug, unless given.
        #[arg(long)]
        built: Option<PathBuf>,
    },
    /// Print the costs of the system: idle, and for a GB, sign-ins and messages.
    Costs,
    /// Run the soak test of the chat: clients send and lose their connections while functions fail
    Soak {
        /// How many clients.
        #[arg(long, default_value_t = 200)]
        clients: u32,
        /// How many messages each sends.
        #[arg(long, default_value_t = 500)]
        messages: u32,
        /// The seed of the choices.
        #[arg(long, default_value_t = 1)]
        seed: u32,
    },
    /// Measure the chat of a local cloud in a process of its own
    Load {
        /// The binary of the local cloud. `cargo build --release --package local` builds it.
        #[arg(long, default_value = "target/release/local")]
        binary: PathBuf,
        /// How many sockets are in the public room. A direct room and a group are measured before.
        #[arg(long, value_delimiter = ',', default_values_t = [2, 10, 100, 1_000, 10_000])]
        rooms: Vec<usize>,
        /// How many messages are sent in each room, one after the other and then several at the same time. Small rooms get fewer.
        #[arg(long, default_value_t = 100)]
        messages: usize,
    },
    /// Print what searching models and products costs; fail if a page costs too much.
    Search {
        /// How many models.
        #[arg(long, value_delimiter = ',', default_values_t = [100, 10_000])]
        models: Vec<u32>,
        /// How many products.
        #[arg(long, value_delimiter = ',', default_values_t = [100, 10_000])]
        products: Vec<u32>,
        /// Also with a million models, which takes a quarter of an hour and 12 GB in a build with optimisations.
        #[arg(long)]
        million: bool,
    },
    /// Invoke every file in events/ with `cargo lambda invoke` and compare the answers.
    Events {
        /// The port of `cargo lambda watch`.
        #[arg(long, default_value_t = 9000)]
        port: u16,
    },
    /// Publish the outbox events of a period again. Consumers ignore the events that they have processed.
    ///
    /// Acts on AWS, with the credentials and the region in the environment, or on a local cloud.
    Redrive {
        /// Events from this moment on, such as 2030-01-01T12:00:00Z.
        #[arg(long)]
        since: Timestamp,
        /// Events before this moment. Without it, until now.
        #[arg(long)]
        until: Option<Timestamp>,
        /// The stack.
        #[arg(long, default_value = "stoa")]
        stack: String,
        /// Act on the local cloud with this state folder.
        #[arg(long, value_name = "STATE", num_args = 0..=1, default_missing_value = ".local")]
        local: Option<PathBuf>,
        /// Only count the events.
        #[arg(long)]
        dry: bool,
    },
    /// Offer a person to become the first superuser, if there is none, and print the secret with which they accept.
    ///
    /// Acts on AWS, with the credentials and the region in the environment, or on a local cloud.
    Appoint {
        /// The username. The person needs an account with a second factor.
        username: String,
        /// The stack.
        #[arg(long, default_value = "stoa")]
        stack: String,
        /// Act on the local cloud with this state folder.
        #[arg(long, value_name = "STATE", num_args = 0..=1, default_missing_value = ".local")]
        local: Option<PathBuf>,
    },
    /// Verify the whole audit: every seal, every record and every object in the bucket of seals; fail at the first seal that is not valid.
    ///
    /// Acts on AWS, with the credentials and the region in the environment, or on a local cloud.
    AuditVerify {
        /// The bucket of seals: the stack's output `SealsBucketName`.
        bucket: String,
        /// The stack.
        #[arg(long, default_value = "stoa")]
        stack: String,
        /// Act on the local cloud with this state folder.
        #[arg(long, value_name = "STATE", num_args = 0..=1, default_missing_value = ".local")]
        local: Option<PathBuf>,
    },
    /// Create the endpoint at Stripe for the webhooks of a deployment, and print the secret that signs them, for StripeWebhookSecrets.
    ///
    /// Uses the account of STRIPE_SECRET_KEY.
    StripeEndpoint {
        /// The deployment's PublicUrl.
        url: String,
    },
    /// Build the functions and measure their time and memory through the Lambda Runtime API, compared with the smallest possible function.
    Sizes {
        /// How often each function is started.
        #[arg(long, default_value_t = 15)]
        starts: usize,
        /// How many events each function answers while the time of one is measured.
        #[arg(long, default_value_t = 300)]
        events: usize,
        /// The profile to build and measure.
        #[arg(long, default_value = "release")]
        profile: String,
        /// Measure the binaries of `cargo lambda build` in this folder instead of building.
        #[arg(long)]
        built: Option<PathBuf>,
        /// Only these functions.
        only: Vec<String>,
    },
}

fn main() -> ExitCode {
    let task = Arguments::parse().task;
    match repository::is_of_this_workspace().and_then(|()| run(task)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<(), Failure> {
    match task {
        Task::New { name } => new::run(&name),
        Task::Language { tag } => language::run(&tag),
        Task::Sync => sync::run(),
        Task::Check => check::run(),
        Task::Calls { file, strict, keep } => calls::run(&file, strict, keep),
        Task::Permissions { built } => permissions::run(built),
        Task::Costs => costs::print(),
        Task::Load { binary, rooms, messages } => load::run(&load::Plan { binary, rooms, messages }),
        Task::Soak { clients, messages, seed } => soak(clients, messages, seed),
        Task::Search { mut models, products, million } => {
            models.extend(million.then_some(1_000_000));
            searches::run(&models, &products)
        }
        Task::Events { port } => events::invoke_all(port),
        Task::Redrive { since, until, stack, local, dry } => {
            redrive(local, &stack, Window { since: since.0, until: until.map(|t| t.0) }, dry)
        }
        Task::Appoint { username, stack, local } => appoint(local, &stack, &username),
        Task::AuditVerify { bucket, stack, local } => audit_verify(local, &stack, &bucket),
        Task::StripeEndpoint { url } => stripe_endpoint(&url),
        Task::Sizes { starts, events, profile, built, only } => sizes::run(&sizes::Plan { starts, events, profile, built, only }),
    }
}

/// Returns the operator's environment, for AWS or for the local cloud with this state folder.
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

fn audit_verify(local: Option<PathBuf>, stack: &str, bucket: &str) -> Result<(), Failure> {
    let report = wait(audit_verify::verify(operator(local)?, Sys::real(), stack, bucket))?;
    println!("{} seals with {} records hold", report.seals, report.records);
    if let Some((n, hash)) = &report.head {
        println!("the head: {n} {hash}");
    }
    for stray in &report.strays {
        println!("under no seal: {stray}");
    }
    match report.broken {
        Some((n, flaw)) => Err(format!("interval {n} does not hold: {}", flaw.as_str()).into()),
        None if report.strays.is_empty() => Ok(()),
        None => Err("there are records under no seal".into()),
    }
}

fn stripe_endpoint(url: &str) -> Result<(), Failure> {
    // The operator only has to set the key.
    let stripe = ("STRIPE_URL".to_owned(), "https://api.stripe.com".to_owned());
    let key = Env::process().get("STRIPE_SECRET_KEY").map(|key| ("STRIPE_SECRET_KEY".to_owned(), key.to_owned()));
    let secret = wait(endpoint::create(&[stripe].into_iter().chain(key).collect(), url))?;
    println!("{}", secret.expose());
    Ok(())
}

fn redrive(local: Option<PathBuf>, stack: &str, window: Window, dry: bool) -> Result<(), Failure> {
    let report = wait(redrive::redrive(operator(local)?, stack, window, dry))?;
    println!("{} events of that period, {} published", report.found, report.published);
    for item in &report.poisoned {
        println!("not an event: {item}");
    }
    if report.refused > 0 { Err(format!("the bus refused {}: run it again", report.refused).into()) } else { Ok(()) }
}

fn soak(clients: u32, messages: u32, seed: u32) -> Result<(), Failure> {
    let mut cargo = std::process::Command::new("cargo");
    cargo.current_dir(repository::root()).args(["test", "--package", "tests", "--test", "end_to_end", "--", "soak::"]);
    let passed = cargo.env("STOA_SOAK", format!("{clients},{messages},{seed}")).status()?.success();
    if passed { Ok(()) } else { Err(format!("the soak with seed {seed} failed").into()) }
}
