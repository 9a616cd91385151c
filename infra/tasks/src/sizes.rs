//! `cargo xtask sizes`: the time and memory of functions. Each release binary runs with a local Lambda Runtime API. Its baseline is `bare`,
//! the smallest possible function with a table, which is built in the same run and makes as many AWS calls. The ratios are the same on AWS,
//! the times are not.
//!
//! Requests of signed-in callers have a real token, and the table has its user and session.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use accounts::{
    Keyring,
    identifier::{BirthDate, Email, MinimumAge, PersonName, Username},
    session::Opening,
    token::{Issuer, Method, Tokens},
    user::User,
};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use function::Boot;
use kernel::{Client, Env, Locale, Secret, Sys};
use local::{functions, template::Template};
use serde_json::Value;
use store::{Key, Tx};
use tokio::{
    net::TcpListener,
    process::Child,
    sync::{Mutex, mpsc},
    time::timeout,
};

use crate::{
    Failure,
    events::{self, Case},
    fake_aws::{self, Fake},
    repository,
};

/// The numbers and the functions of a measurement.
pub struct Plan {
    /// The number of processes for each function.
    pub starts: usize,
    /// The number of events for each warm process.
    pub events: usize,
    /// The cargo profile.
    pub profile: String,
    /// The folder with the binaries of `cargo lambda build`. `None` builds them.
    pub built: Option<PathBuf>,
    /// The functions. Empty means all.
    pub only: Vec<String>,
}

const BARE: &str = "bare";
const PATIENCE: Duration = Duration::from_secs(10);

/// Builds, measures and prints a table in Markdown.
pub fn run(plan: &Plan) -> Result<(), Failure> {
    let mut names: Vec<String> = functions::ALL.iter().map(|f| f.name.to_owned()).collect();
    names.retain(|name| plan.only.is_empty() || plan.only.contains(name));
    let binaries = plan.built.clone().map_or_else(|| build(plan, &names), Ok)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rows = runtime.block_on(measure_all(plan, &names, &binaries))?;
    print!("{}", table(&rows));
    Ok(())
}

fn build(plan: &Plan, names: &[String]) -> Result<PathBuf, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(repository::root()).args(["build", "--profile", &plan.profile, "--package", BARE]);
    for name in names {
        cargo.args(["--package", name.as_str()]);
    }
    if !cargo.status()?.success() {
        return Err("the functions do not build".into());
    }
    let metadata =
        Command::new("cargo").current_dir(repository::root()).args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let metadata: Value = serde_json::from_slice(&metadata.stdout)?;
    let target = metadata.get("target_directory").and_then(Value::as_str).ok_or("cargo metadata names no target directory")?;
    let folder = if plan.profile == "dev" { "debug" } else { &plan.profile };
    Ok(PathBuf::from(target).join(folder))
}

async fn measure_all(plan: &Plan, names: &[String], binaries: &std::path::Path) -> Result<Vec<Row>, Failure> {
    let (host, aws) = (Host::listen().await?, Fake::listen(fake_aws::RING).await?);
    let (template, cases) = (repository::template()?, events::cases()?);
    let caller = SignedIn::create(&template, &aws).await?;
    let binary = |name: &str| if plan.built.is_some() { binaries.join(name).join("bootstrap") } else { binaries.join(name) };
    let run = async |name: &str, calls: u64| {
        let mut env = environment(name, &template, &aws);
        env.insert("CALLS".to_owned(), calls.to_string());
        let event = typical(name, &cases, &caller.token()?).to_string();
        host.drive(&binary(name), &env, &event, plan.events, &aws).await.map_err(|e| Failure::from(format!("{name}: {e}")))
    };
    let mut runs: BTreeMap<&str, Vec<Run>> = BTreeMap::new();
    let mut bare: BTreeMap<u64, Vec<Run>> = BTreeMap::new();
    // Measured in rounds, so that changes of the machine's speed affect all functions equally.
    for round in 1..=plan.starts {
        for name in names {
            let measured = run(name, 0).await?;
            bare.entry(measured.calls).or_default();
            runs.entry(name).or_default().push(measured);
        }
        for (calls, own) in &mut bare {
            own.push(run(BARE, *calls).await?);
        }
        eprintln!("{round} of {}", plan.starts);
    }
    let size = |name: &str| Ok::<_, Failure>(fs::metadata(binary(name))?.len());
    let bare_size = size(BARE)?;
    let mut rows: Vec<Row> = bare.iter().map(|(calls, runs)| Row::of(&format!("{BARE}, {calls} calls"), bare_size, runs)).collect();
    for name in names {
        rows.push(Row::of(name, size(name)?, runs.get(name.as_str()).map_or(&[], |r| r)));
    }
    Ok(rows)
}

/// Returns the environment of a function's process.
fn environment(name: &str, template: &Template, aws: &Fake) -> BTreeMap<String, String> {
    let mut env = match template.function(name) {
        Some(spec) => fake_aws::environment(spec, &aws.address),
        None => fake_aws::account(&aws.address).into_iter().chain([("TABLE_NAME".to_owned(), "stoa-state".to_owned())]).collect(),
    };
    let platform = [
        // The highest allowed value, because all events are from one client.
        ("CLIENT_RATE", "1000"),
        ("AWS_LAMBDA_FUNCTION_NAME", name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
        ("SOCKET_ENDPOINT", &aws.address),
    ];
    env.extend(platform.map(|(k, v)| (k.to_owned(), v.to_owned())));
    env
}

/// A signed-in caller, whose items are in the table of the fake.
struct SignedIn {
    issuer: Issuer,
    opening: Opening,
}

impl SignedIn {
    /// Stores the user, the session and a copy of the user for `bare`, with the code of the functions, and seals the table.
    async fn create(template: &Template, aws: &Fake) -> Result<Self, Failure> {
        let spec = template.function("login").ok_or("the template has no function `login`")?;
        let env: Env = fake_aws::environment(spec, &aws.address).into_iter().collect();
        let (sys, ring) = (Sys::real(), Keyring::parse(Issuer::VARIABLE, &Secret::new(fake_aws::RING.to_owned()))?);
        let boot = Boot { env: env.clone(), sys: sys.clone(), http: function::http_client()? };
        let client = boot.aws()?;
        let tokens = env.read(|r| Tokens::read(r, &client, &sys))?;
        let now = sys.now();
        let email = Email::parse("anna.kowalska@example.test").map_err(|_| "no address")?;
        let username = Username::parse("anna_kowalska").map_err(|_| "no username")?;
        let user = User {
            email: Some(email),
            first_name: PersonName::parse("Anna").ok(),
            last_name: PersonName::parse("Kowalska").ok(),
            birth_date: BirthDate::parse("1990-05-17", now, MinimumAge::DEFAULT).ok(),
            has_password: true,
            ..User::new(sys.id(), username, Locale::En, now)
        };
        let opening = Opening::new(&sys, &Secret::new(fake_aws::RING.to_owned()), &user, vec![Method::Pwd], &Client::default());
        let mut tx = Tx::default();
        tx.create(&user);
        opening.create(&mut tx, &sys);
        tokens.table().commit(tx).await.map_err(|_| "the items are not stored")?;
        let issuer = Issuer::open(&ring, &tokens).await?;
        aws.copy(&User::key_of(user.id), &Key::new("KEY", "KEY"));
        aws.seal();
        Ok(Self { issuer, opening })
    }

    /// Returns a new access token. It is valid for [`accounts::token::LIFE`], which may be less than all measurements take.
    fn token(&self) -> Result<String, Failure> {
        let session = &self.opening.session;
        let token = self.issuer.issue(session.user, session.id, &session.amr, session.auth_time);
        Ok(token.map_err(|_| "the token is not signed")?)
    }
}

/// Returns the event with which a function is measured. Prefers an event that the function does not refuse at once, then one that is not
/// its schedule, whose work depends on what waits for it, then a request of a signed-in caller, then a request that reads. The request gets
/// `token`.
fn typical(name: &str, cases: &[Case], token: &str) -> Value {
    let status = |case: &Case| case.answer.get("statusCode").and_then(Value::as_u64);
    let signed_in = |case: &Case| case.event.pointer("/headers/authorization").is_some();
    // 401 is the answer to the token in the file, which is not valid.
    let refused = |case: &&Case| status(case).is_some_and(|s| s >= 400 && !(s == 401 && signed_in(case)));
    let reads = |case: &Case| case.event.pointer("/requestContext/http/method").is_some_and(|method| method == "GET");
    let scheduled = |case: &Case| case.event.get("detail-type").is_some_and(|kind| kind == "Scheduled Event");
    let mut own: Vec<&Case> = cases.iter().filter(|c| c.function == name || (name == BARE && c.function == "profile")).collect();
    own.sort_by_key(|case| (refused(case), scheduled(case), !signed_in(case), !reads(case)));
    let mut event = own.first().map(|c| c.event.clone()).unwrap_or_default();
    if let Some(authorization) = event.pointer_mut("/headers/authorization") {
        *authorization = format!("Bearer {token}").into();
    }
    event
}

/// One process, from its start to its end.
struct Run {
    init: Duration,
    first: Duration,
    first_cpu: Duration,
    warm: Duration,
    warm_cpu: Duration,
    /// Requests to AWS for each warm event.
    calls: u64,
    resident_kib: u64,
}

/// The Lambda Runtime API, for one process at a time.
struct Host {
    address: String,
    requests: Mutex<mpsc::UnboundedReceiver<RuntimeRequest>>,
    give: mpsc::UnboundedSender<String>,
}

enum RuntimeRequest {
    Next(Instant),
    Answered(Instant),
    Failed(String),
}

#[derive(Clone)]
struct Api {
    requests: mpsc::UnboundedSender<RuntimeRequest>,
    events: Arc<Mutex<mpsc::UnboundedReceiver<String>>>,
}

impl Host {
    async fn listen() -> Result<Self, Failure> {
        let (report, requests) = mpsc::unbounded_channel();
        let (give, events) = mpsc::unbounded_channel();
        let api = Api { requests: report, events: Arc::new(Mutex::new(events)) };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(outcome))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(api);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, requests: Mutex::new(requests), give })
    }

    async fn drive(
        &self,
        binary: &std::path::Path,
        env: &BTreeMap<String, String>,
        event: &str,
        warm: usize,
        aws: &Fake,
    ) -> Result<Run, Failure> {
        let mut command = tokio::process::Command::new(binary);
        command
            .env_clear()
            .envs(env)
            .env("AWS_LAMBDA_RUNTIME_API", &self.address)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut requests = self.requests.lock().await;
        let spawned = Instant::now();
        let mut child = command.spawn()?;
        let RuntimeRequest::Next(ready) = next_request(&mut requests, &mut child).await? else {
            return Err("it answered before it asked for an event".into());
        };
        let answered = self.once(&mut requests, &mut child, event).await?;
        let id = child.id().ok_or("it has ended")?;
        let first_cpu = cpu(id)?;
        // Until the pools are filled and the caches are warm.
        for _ in 0..20 {
            self.once(&mut requests, &mut child, event).await?;
        }
        let (calls_before, cpu_before, before) = (aws.calls(), cpu(id)?, Instant::now());
        for _ in 0..warm {
            self.once(&mut requests, &mut child, event).await?;
        }
        let (wall, busy) = (before.elapsed(), cpu(id)?.saturating_sub(cpu_before));
        let each = u32::try_from(warm).unwrap_or(u32::MAX).max(1);
        let run = Run {
            init: ready.duration_since(spawned),
            first: answered.duration_since(spawned),
            first_cpu,
            warm: wall.checked_div(each).unwrap_or_default(),
            warm_cpu: busy.checked_div(each).unwrap_or_default(),
            calls: aws.calls().saturating_sub(calls_before).checked_div(each.into()).unwrap_or_default(),
            resident_kib: resident(id)?,
        };
        child.kill().await?;
        while requests.try_recv().is_ok() {}
        Ok(run)
    }

    /// Sends one event, and waits for the answer and for the next request for an event.
    async fn once(
        &self,
        requests: &mut mpsc::UnboundedReceiver<RuntimeRequest>,
        child: &mut Child,
        event: &str,
    ) -> Result<Instant, Failure> {
        self.give.send(event.to_owned())?;
        let RuntimeRequest::Answered(at) = next_request(requests, child).await? else {
            return Err("it asked for an event before it answered".into());
        };
        next_request(requests, child).await?;
        Ok(at)
    }
}

async fn next_request(requests: &mut mpsc::UnboundedReceiver<RuntimeRequest>, child: &mut Child) -> Result<RuntimeRequest, Failure> {
    tokio::select! {
        request = timeout(PATIENCE, requests.recv()) => match request?.ok_or("the runtime API has ended")? {
            RuntimeRequest::Failed(why) => Err(why.into()),
            request => Ok(request),
        },
        status = child.wait() => Err(format!("it ended by itself: {}", status?).into()),
    }
}

async fn next(State(api): State<Api>) -> Response {
    if api.requests.send(RuntimeRequest::Next(Instant::now())).is_err() {
        return StatusCode::GONE.into_response();
    }
    let Some(event) = api.events.lock().await.recv().await else { return StatusCode::GONE.into_response() };
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:stoa"),
        ("lambda-runtime-trace-id", "Root=1-6920a580-1b2c3d4e5f60718293a4b5c6"),
        ("content-type", "application/json"),
    ];
    (headers, event).into_response()
}

/// Takes the answer, or the error of a consumer whose event refers to missing items. Both count as handled.
async fn outcome(State(api): State<Api>, _: Bytes) -> StatusCode {
    if api.requests.send(RuntimeRequest::Answered(Instant::now())).is_ok() { StatusCode::ACCEPTED } else { StatusCode::GONE }
}

async fn init_error(State(api): State<Api>, body: Bytes) -> StatusCode {
    if api.requests.send(RuntimeRequest::Failed(String::from_utf8_lossy(&body).into_owned())).is_ok() {
        StatusCode::ACCEPTED
    } else {
        StatusCode::GONE
    }
}

/// Returns the CPU time of all threads of a process.
pub fn cpu(process: u32) -> Result<Duration, Failure> {
    let mut total = 0_u64;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let statistics = fs::read_to_string(thread?.path().join("schedstat"))?;
        total = total.saturating_add(statistics.split_whitespace().next().unwrap_or_default().parse()?);
    }
    Ok(Duration::from_nanos(total))
}

/// Returns the resident memory in KiB.
pub fn resident(process: u32) -> Result<u64, Failure> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
}

/// A function's medians.
struct Row {
    name: String,
    bytes: u64,
    init: Duration,
    first: Duration,
    first_cpu: Duration,
    warm: Duration,
    warm_cpu: Duration,
    calls: u64,
    resident_kib: u64,
}

impl Row {
    fn of(name: &str, bytes: u64, runs: &[Run]) -> Self {
        Self {
            name: name.to_owned(),
            bytes,
            init: median(runs, |r| r.init),
            first: median(runs, |r| r.first),
            first_cpu: median(runs, |r| r.first_cpu),
            warm: median(runs, |r| r.warm),
            warm_cpu: median(runs, |r| r.warm_cpu),
            calls: median(runs, |r| r.calls),
            resident_kib: median(runs, |r| r.resident_kib),
        }
    }
}

fn median<T: Ord + Copy + Default>(runs: &[Run], of: impl Fn(&Run) -> T) -> T {
    let mut all: Vec<T> = runs.iter().map(of).collect();
    all.sort();
    all.get(all.len() >> 1).copied().unwrap_or_default()
}

/// Returns the table, with each figure and its multiple of that of `bare` with as many calls.
fn table(rows: &[Row]) -> String {
    let mut out =
        "| function | size | init | spawn to first answer | its CPU | warm | its CPU | more than `bare` | AWS calls | resident |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
            .to_owned();
    for row in rows {
        // The rows of `bare` come first.
        let bare = rows.iter().find(|bare| bare.calls == row.calls).unwrap_or(row);
        let ms = |d: Duration, of: Duration| format!("{:.2} ms ({:.2})", d.as_secs_f64() * 1e3, d.as_secs_f64() / of.as_secs_f64());
        let us = |d: Duration, of: Duration| format!("{} µs ({:.2})", d.as_micros(), d.as_secs_f64() / of.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let mb = |n: u64, of: u64| format!("{:.1} MB ({:.2})", n as f64 / 1e6, n as f64 / of as f64);
        let line = format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} µs | {} | {} |\n",
            row.name,
            mb(row.bytes, bare.bytes),
            ms(row.init, bare.init),
            ms(row.first, bare.first),
            ms(row.first_cpu, bare.first_cpu),
            us(row.warm, bare.warm),
            us(row.warm_cpu, bare.warm_cpu),
            row.warm_cpu.saturating_sub(bare.warm_cpu).as_micros(),
            row.calls,
            mb(row.resident_kib.saturating_mul(1024), bare.resident_kib.saturating_mul(1024)),
        );
        out += &line;
    }
    out
}
