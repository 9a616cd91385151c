//! `cargo run`: the local cloud for development, until it is interrupted.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use kernel::Env;
use local::{Options, Ports, Stack, Storage, at_root, hosts::Hosting, logs, outside::stripe, requests, seed, tour};
use mimalloc::MiMalloc;
use tracing::Level;
use tracing_subscriber::{Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, registry, util::SubscriberInitExt as _};

/// Returns freed memory to the system. The allocator of glibc keeps most of a peak, such as that of many passwords hashed at once.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

/// Stoa on this machine: template.yaml deployed without Docker, account or network.
#[derive(Parser)]
#[command(name = "cargo run --", version)]
struct Flags {
    /// Deletes the state of earlier runs first
    #[arg(long)]
    fresh: bool,
    /// The folder of the state
    #[arg(long, default_value_os_t = at_root(".local"))]
    state: PathBuf,
    /// The first of five ports: API, WebSocket, console, AWS endpoints, other services
    #[arg(long, default_value_t = 4000, value_parser = clap::value_parser!(u16).range(1..=65531))]
    port: u16,
    /// An origin of a frontend that may call, such as https://app.test. Repeatable. Without it: any port of localhost and 127.0.0.1
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<String>,
    /// Lifts the rate limits for this run. The console can do so too
    #[arg(long)]
    no_limits: bool,
    /// Runs functions in `cargo lambda watch`, at this address
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "http://127.0.0.1:9000")]
    lambda: Option<String>,
    /// The template to deploy
    #[arg(long, default_value_os_t = at_root("template.yaml"))]
    template: PathBuf,
    /// The log level: error, warn (and one line for each request), info, debug (which release builds leave out)
    #[arg(long, default_value = "warn")]
    log: Level,
    #[command(subcommand)]
    what: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs one journey, from registration to deletion, on a separate local cloud in memory
    Tour,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    log(flags.log);
    let result = match flags.what {
        Some(Command::Tour) => walk(flags).await,
        None => run(flags).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            // If stderr cannot be written, there is no way left to report it.
            drop(writeln!(io::stderr(), "stoa: {}", e.to_string().replace('\n', " ")));
            ExitCode::FAILURE
        }
    }
}

/// Logs to stderr, and keeps the log lines of functions for the console. Requests get a line each unless only errors are wanted.
fn log(level: Level) {
    let requests = if level == Level::ERROR { Level::ERROR } else { Level::INFO };
    let printed = Targets::new().with_default(level).with_target(requests::TARGET, requests.max(level));
    let print = fmt::layer().compact().with_writer(io::stderr).with_filter(printed);
    registry().with(print).with(logs::layer()).init();
}

type Failure = Box<dyn std::error::Error>;

async fn run(flags: Flags) -> Result<(), Failure> {
    let hosting = match flags.lambda {
        Some(url) => Hosting::Lambda { url, environments: flags.state.join("functions") },
        None => Hosting::Eager,
    };
    let origins = Some(flags.origins.join(",")).filter(|origins| !origins.is_empty());
    let origins = origins.map(|origins| ("AllowedOrigins".to_owned(), origins));
    let options = Options {
        template: flags.template,
        parameters: stripe::parameters(&Env::process())?.into_iter().chain(origins).collect(),
        storage: Storage::Folder(flags.state),
        fresh: flags.fresh,
        no_limits: flags.no_limits,
        ports: Ports::from(flags.port),
        hosting,
        ..Options::default()
    };
    let mut wait_for_signal = wait_for_signal()?;
    let stack = tokio::select! {
        started = Stack::start(options) => started?,
        () = wait_for_signal() => return Ok(()),
    };
    let result = tokio::select! {
        greeted = welcome(&stack) => greeted,
        () = wait_for_signal() => Ok(()),
    };
    tokio::select! {
        () = stack.stop() => {}
        // A second interrupt ends the wait.
        () = wait_for_signal() => {}
    }
    Ok(result?)
}

/// Prints the addresses, creates the demonstration accounts, and waits for the end.
async fn welcome(stack: &Stack) -> io::Result<()> {
    greet(stack, &mut io::stdout())?;
    if let Err(e) = seed::seed(stack).await {
        writeln!(io::stdout(), "\nThe accounts could not be registered: {e}")?;
    }
    std::future::pending().await
}

/// Returns a function that waits for Ctrl-C or SIGTERM. Listens from this call on, so that no signal after the greeting is
/// missed.
#[cfg(unix)]
fn wait_for_signal() -> io::Result<impl AsyncFnMut()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Returns a function that waits for Ctrl-C. Listens from this call on.
#[cfg(windows)]
fn wait_for_signal() -> io::Result<impl AsyncFnMut()> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move || drop(interrupt.recv().await))
}

fn greet(stack: &Stack, out: &mut impl Write) -> io::Result<()> {
    let urls = &stack.urls;
    let origins = stack.template.http_api.cors.as_ref().map(|cors| cors.allow_origins.join(", ")).unwrap_or_default();
    let lines = [
        ("API", &urls.api),
        ("WebSocket", &urls.socket),
        ("Docs", &urls.docs),
        ("Staff", &urls.staff),
        ("Console", &urls.console),
        ("Frontends", &origins),
    ];
    for (name, url) in lines {
        writeln!(out, "{name:<11}{url}")?;
    }
    if !urls.stands_in_for_stripe() {
        writeln!(out, "{:<11}{}, which needs webhooks forwarded to {}/v1/stripe-events", "Stripe", urls.stripe, urls.api)?;
    }
    let accounts = seed::accounts(stack);
    writeln!(out, "\nAccounts, all with the password {:?}:", accounts.first().map(|account| account.password).unwrap_or_default())?;
    for account in &accounts {
        let role = if account.role == seed::Role::Superuser { "  superuser" } else { "" };
        writeln!(out, "{:<11}{}{role}", account.username, account.email)?;
    }
    if stack.limits.lifted() {
        writeln!(out, "\nThe rate limits are lifted for this run.")?;
    }
    writeln!(out, "\nCtrl-C stops it. The state is kept; --fresh deletes it.")?;
    out.flush()
}

async fn walk(flags: Flags) -> Result<(), Failure> {
    let stack = Stack::start(Options { template: flags.template, hosting: Hosting::Eager, ..Options::default() }).await?;
    tour::walk(&stack, &mut io::stdout()).await?;
    Ok(())
}
