//! Deployment: starts a local cloud from the template.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{Router, serve::ListenerExt as _};
use kernel::{Env, Sys, Time};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    Core, StartError, Storage, Urls,
    activity::Activity,
    aws,
    clock::Clock,
    console,
    credentials::{Credentials, OPERATOR},
    hosts::{Hosting, Hosts, Patience, Surroundings, account, write_environment},
    http_api,
    inbox::Inbox,
    outside,
    requests::Requests,
    schedules::{self, Schedules},
    secrets::Secrets,
    socket_api::{self, Connections},
    storage::damaged,
    template::{Deployment, Template, TemplateError},
};

/// The start time of tests: Tuesday, 2030-01-01T12:01:00Z. No schedule is due for a while.
const QUIET_MOMENT: Time = Time::from_millis(1_893_499_260_000);
/// How often listening on a port is retried.
const TRY_AGAIN: Duration = Duration::from_millis(20);
/// How long the stop of a stack waits for pending work.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The ports to listen on. Zero is any free port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// The HTTP API.
    pub api: u16,
    /// The WebSocket API.
    pub socket: u16,
    /// The console.
    pub console: u16,
    /// The AWS endpoints.
    pub aws: u16,
    /// The stand-ins for services outside AWS.
    pub outside: u16,
}

impl Ports {
    /// Five consecutive ports.
    #[must_use]
    pub fn from(first: u16) -> Self {
        let port = |n| first.saturating_add(n);
        Self { api: first, socket: port(1), console: port(2), aws: port(3), outside: port(4) }
    }
}

/// How to start a stack.
#[derive(Clone, Debug)]
pub struct Options {
    /// The template.
    pub template: PathBuf,
    /// Values for its parameters, which override those of a local cloud.
    pub parameters: BTreeMap<String, String>,
    /// The storage of the state.
    pub storage: Storage,
    /// Whether to delete the state first.
    pub fresh: bool,
    /// The ports.
    pub ports: Ports,
    /// Whether to wait until the ports are free instead of failing, so that stacks with the same ports take turns.
    pub patient: bool,
    /// Where functions run.
    pub hosting: Hosting,
    /// How long the platform waits for functions.
    pub patience: Patience,
    /// The start time of the clock, if it is neither the real time nor the one in the state.
    pub now: Option<Time>,
}

impl Default for Options {
    /// This workspace's template, in memory, on free ports, with the functions in this process.
    fn default() -> Self {
        Self {
            template: at_root("template.yaml"),
            parameters: BTreeMap::new(),
            storage: Storage::Memory,
            fresh: false,
            ports: Ports::default(),
            patient: false,
            hosting: Hosting::default(),
            patience: Patience::default(),
            now: None,
        }
    }
}

impl Options {
    /// For a test: in memory, on free ports, and at a time at which no schedule is due for a while.
    ///
    /// With `STOA_TEST_LAMBDA=<url>` the functions are those of the `cargo lambda watch` that listens there. Its processes get one
    /// set of addresses and keys, so all tests use the same ports (from `STOA_TEST_PORT`, 4200) and take turns. The environments of
    /// the functions are written to `STOA_FUNCTIONS`, where `infra/run-function` reads them.
    #[must_use]
    pub fn for_tests() -> Self {
        let env = Env::process();
        let start = Self { now: Some(QUIET_MOMENT), ..Self::default() };
        let Some(url) = env.get("STOA_TEST_LAMBDA") else { return start };
        let environments = env.get("STOA_FUNCTIONS").map_or_else(|| at_root(".local/functions"), PathBuf::from);
        let port = env.get("STOA_TEST_PORT").and_then(|p| p.parse().ok()).unwrap_or(4200);
        Self { hosting: Hosting::Lambda { url: url.to_owned(), environments }, ports: Ports::from(port), patient: true, ..start }
    }

    fn in_memory(&self) -> Self {
        Self { storage: Storage::Memory, ..self.clone() }
    }
}

/// A path relative to the root of the workspace.
#[must_use]
pub fn at_root(path: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).join(path)
}

/// A running local cloud. Dropping it stops everything.
pub struct Stack {
    core: Arc<Core>,
    /// The tasks that serve the listeners.
    doors: JoinSet<()>,
    _tasks: JoinSet<()>,
    _lock: Option<File>,
}

impl std::ops::Deref for Stack {
    type Target = Core;
    fn deref(&self) -> &Core {
        &self.core
    }
}

struct Listeners {
    api: TcpListener,
    socket: TcpListener,
    console: TcpListener,
    aws: TcpListener,
    outside: TcpListener,
}

impl Listeners {
    async fn open(ports: Ports, patient: bool) -> Result<Self, StartError> {
        Ok(Self {
            api: listen(ports.api, patient).await?,
            socket: listen(ports.socket, patient).await?,
            console: listen(ports.console, patient).await?,
            aws: listen(ports.aws, patient).await?,
            outside: listen(ports.outside, patient).await?,
        })
    }

    fn urls(&self) -> Result<Urls, StartError> {
        let api = url("http", &self.api)?;
        Ok(Urls {
            docs: format!("{api}/docs"),
            api,
            socket: url("ws", &self.socket)?,
            console: url("http", &self.console)?,
            aws: url("http", &self.aws)?,
            outside: url("http", &self.outside)?,
        })
    }
}

/// The template and its addresses.
#[derive(Clone)]
struct Plan {
    template: Template,
    urls: Urls,
    stage: String,
}

impl Plan {
    /// Loads a template with these addresses.
    fn load(template: &str, mut urls: Urls, given: BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let parameters = parameters(&urls, given);
        let stage = parameters.get("Stage").cloned().unwrap_or_default();
        let template = Template::load(template, &Deployment { stack: "stoa".to_owned(), parameters })?;
        if let Some(api) = &template.socket_api {
            urls.socket = format!("{}/{}", urls.socket, api.stage);
        }
        Ok(Self { template, urls, stage })
    }
}

impl Stack {
    /// Deploys the template.
    ///
    /// # Errors
    /// [`StartError`]. The state is as before.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let in_template = |e: String| StartError::Template(format!("{}: {e}", options.template.display()));
        let named = |e: StartError| if let StartError::Template(e) = e { in_template(e) } else { e };
        let text = fs::read_to_string(&options.template).map_err(|e| in_template(format!("{e}; name another one with --template")))?;
        let listeners = Listeners::open(options.ports, options.patient).await?;
        let plan = Plan::load(&text, listeners.urls()?, options.parameters.clone()).map_err(|e| in_template(e.to_string()))?;
        // First in memory, so that a template that cannot be deployed does not cost the state.
        if matches!(options.storage, Storage::Folder(_)) {
            core(plan.clone(), &Options { hosting: Hosting::Lazy, ..options.in_memory() }).map_err(named)?;
        }
        if options.fresh && options.hosting == Hosting::Eager {
            // The same for functions that refuse their environment.
            let rehearsal = Options { fresh: false, ports: Ports::default(), ..options.in_memory() };
            drop(Box::pin(Self::start(rehearsal)).await?);
        }
        let lock = options.storage.take(options.fresh)?;
        let core = Arc::new(core(plan, &options).map_err(named)?);
        Self::run(core, listeners, lock, options.hosting == Hosting::Eager).await
    }

    /// Serves all listeners and starts the background tasks.
    async fn run(core: Arc<Core>, listeners: Listeners, lock: Option<File>, eager: bool) -> Result<Self, StartError> {
        let (mut doors, mut tasks) = (JoinSet::new(), JoinSet::new());
        serve(&mut tasks, listeners.aws, aws::router(Arc::clone(&core))?);
        serve(&mut tasks, listeners.outside, outside::router(Arc::clone(&core)));
        serve(&mut doors, listeners.api, http_api::router(Arc::clone(&core)));
        serve(&mut doors, listeners.socket, socket_api::router(Arc::clone(&core)));
        serve(&mut doors, listeners.console, console::router(Arc::clone(&core)));
        if eager {
            core.hosts.start_all().await?;
        }
        aws::start(&core, &mut tasks);
        tasks.spawn(schedules::watch(Arc::clone(&core)));
        Ok(Self { core, doors, _tasks: tasks, _lock: lock })
    }

    /// Stops listening, and waits a few seconds for pending work. An event that has left the stream but not arrived, such as a mail,
    /// would not be delivered again after a restart.
    pub async fn stop(mut self) {
        self.doors.shutdown().await;
        if tokio::time::timeout(LAST_WORDS, self.core.activity.quiet()).await.is_err() {
            tracing::warn!("pending work did not end in time and is lost");
        }
    }

    /// The shared core, for tasks that outlive a borrow.
    #[must_use]
    pub fn core(&self) -> Arc<Core> {
        Arc::clone(&self.core)
    }
}

fn core(plan: Plan, options: &Options) -> Result<Core, StartError> {
    let Plan { template, urls, stage } = plan;
    let (storage, patience) = (options.storage.clone(), options.patience);
    let sys = Sys::real();
    let activity = Activity::default();
    let clock = open_clock(&sys, &storage, &activity, options.now)?;
    let keys = keys(options)?;
    let file = keys.path("secrets.json");
    let secrets = Secrets::open(&sys, &template.secrets, file.as_deref()).map_err(damaged(file.as_deref()))?;
    let file = keys.path("credentials.json");
    let callers = template.functions.keys().map(String::as_str).chain([OPERATOR]);
    let credentials = Credentials::open(&sys, callers, file.as_deref()).map_err(damaged(file.as_deref()))?;
    let inbox = open_inbox(&sys, &storage)?;
    let outside = outside::State::open(&storage)?;
    let aws = aws::State::open(&template, &storage, &clock)?;
    if let Some((folder, operator)) = keys.path("").zip(credentials.of(OPERATOR)) {
        write_environment(&folder, "operator", account(operator, &urls)).map_err(damaged(Some(&folder)))?;
    }
    let surroundings = Surroundings {
        template: &template,
        urls: &urls,
        credentials: &credentials,
        secrets: &secrets,
        patience,
        clock: &clock,
        activity: &activity,
        calls: &aws.calls,
        faults: &aws.faults,
        dead_letters: &aws.dead_letters,
        history: &aws.history,
    };
    let hosts = Hosts::new(&options.hosting, &surroundings)?;
    let schedules = Schedules::new(&template.schedules, hosts.clone(), sys.clone());
    let connections = Connections::default();
    Ok(Core {
        stage,
        template,
        urls,
        storage,
        sys,
        clock,
        secrets,
        credentials,
        hosts,
        patience,
        connections,
        schedules,
        inbox,
        activity,
        requests: Requests::default(),
        aws,
        outside,
    })
}

/// The clock of the state, or at the time that was asked for.
fn open_clock(sys: &Sys, storage: &Storage, activity: &Activity, now: Option<Time>) -> Result<Clock, StartError> {
    let file = storage.path("clock");
    let clock = Clock::open(sys.clone(), file.clone(), activity.clone()).map_err(damaged(file.as_deref()))?;
    if let Some(now) = now {
        clock.set(now).map_err(damaged(file.as_deref()))?;
    }
    Ok(clock)
}

/// The storage of keys. If functions run in other processes, their keys must outlive the stack, wherever the state is.
fn keys(options: &Options) -> Result<Storage, StartError> {
    let keys = match (&options.storage, &options.hosting) {
        (Storage::Memory, Hosting::Lambda { environments, .. }) => Storage::Folder(environments.clone()),
        (storage, _) => storage.clone(),
    };
    if let Some(folder) = keys.path("") {
        fs::create_dir_all(&folder).map_err(damaged(Some(&folder)))?;
    }
    Ok(keys)
}

fn open_inbox(sys: &Sys, storage: &Storage) -> Result<Inbox, StartError> {
    match storage.path("inbox.jsonl") {
        None => Ok(Inbox::in_memory(sys.clone())),
        Some(file) => Inbox::open(sys.clone(), &file).map_err(damaged(Some(&file))),
    }
}

/// The values of the template's parameters for a local cloud.
fn parameters(urls: &Urls, given: BTreeMap<String, String>) -> BTreeMap<String, String> {
    // The origins of the API's own pages, of the console, and of the usual development servers.
    let by_name = |url: &String| url.replace("127.0.0.1", "localhost");
    let origins = [&urls.api, &urls.console].map(|url| format!("{url},{}", by_name(url))).join(",");
    let own = [
        ("Stage", "development".to_owned()),
        ("PublicUrl", urls.api.clone()),
        ("AllowedOrigins", format!("{origins},http://localhost:3000,http://localhost:5173")),
        ("MailFrom", "stoa@example.test".to_owned()),
        // Browsers accept passkeys only for domain names, and this one without HTTPS.
        ("PasskeyDomain", "localhost".to_owned()),
        ("SmsDomain", "localhost".to_owned()),
        ("BreachedPasswordsUrl", format!("{}{}", urls.outside, outside::breached::PATH)),
        // A reserved number with a fixed code, for programs that cannot read messages.
        ("TestPhones", "+447700900999:123456".to_owned()),
    ];
    own.map(|(k, v)| (k.to_owned(), v)).into_iter().chain(given).collect()
}

async fn listen(port: u16, patient: bool) -> Result<TcpListener, StartError> {
    loop {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => return Ok(listener),
            Err(e) if e.kind() == io::ErrorKind::AddrInUse && patient => tokio::time::sleep(TRY_AGAIN).await,
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => {
                return Err(StartError::Listen(format!("port {port} is in use: stop what uses it, or choose other ports with --port")));
            }
            Err(e) => return Err(StartError::Listen(format!("port {port}: {e}"))),
        }
    }
}

fn url(scheme: &str, listener: &TcpListener) -> Result<String, StartError> {
    let address = listener.local_addr().map_err(|e| StartError::Listen(e.to_string()))?;
    Ok(format!("{scheme}://{address}"))
}

fn serve(tasks: &mut JoinSet<()>, listener: TcpListener, router: Router) {
    // Small replies are sent at once (TCP_NODELAY).
    let listener = listener.tap_io(|stream| {
        if let Err(e) = stream.set_nodelay(true) {
            tracing::debug!(error = %e, "no delay");
        }
    });
    tasks.spawn(async move {
        // `axum::serve` never returns: it retries if a connection cannot be accepted.
        drop(axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await);
    });
}
