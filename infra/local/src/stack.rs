//! Deployment: starts a local cloud from the template.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use kernel::{Env, Sys, Time};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    Core, StartError, Storage, TEST_PHONE, Urls,
    activity::Activity,
    aws,
    clock::Clock,
    console,
    credentials::{Credentials, OPERATOR},
    hosts::{HostContext, Hosting, Hosts, Patience, account, write_environment},
    http_api,
    inbox::Inbox,
    limits::Limits,
    listeners::{BROWSER_HOST, Listeners, Ports, serve},
    outside,
    requests::Requests,
    schedules::{self, Schedules},
    secrets::Secrets,
    socket_api::{self, Connections},
    storage::{SECRETS, damaged},
    template::{Deployment, STACK, Template, TemplateError},
};

/// The start time of tests: Tuesday, 2030-01-01T12:01:00Z. No schedule is due in the minutes after it.
const TEST_START: Time = Time::from_millis(1_893_499_260_000);
/// The frontends that may call: any on this machine.
const ORIGINS: &str = "http://localhost:*,http://127.0.0.1:*";
/// The parameter with the address of Stripe's API.
const STRIPE_URL: &str = "StripeUrl";
/// How long stopping a stack waits for pending work.
const WORK_PATIENCE: Duration = Duration::from_secs(5);
/// How long stopping a stack then waits for replies.
const REPLY_PATIENCE: Duration = Duration::from_millis(200);

/// How to start a stack.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches")]
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
    /// Whether the rate limits are lifted from the start.
    pub no_limits: bool,
    /// The start time of the clock, if it is neither the real time nor the one in the state.
    pub now: Option<Time>,
    /// Whether the clock stands still from the start: see [`Sys::hold`]. Not for functions in other processes, which have a clock of their
    /// own.
    pub held: bool,
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
            no_limits: false,
            now: None,
            held: false,
        }
    }
}

impl Options {
    /// For a test: in memory, on free ports, at a time at which no schedule is due for a while, for clients that never pause, and for
    /// frontends of one origin, as it is when deployed.
    ///
    /// With `STOA_TEST_LAMBDA=<url>` the functions are those of the `cargo lambda watch` that listens there. Its processes get one
    /// set of addresses and keys, so all tests use the same ports (from `STOA_TEST_PORT`, 4200) and take turns. The environments of
    /// the functions are written to `STOA_FUNCTIONS`, where `infra/run-function` reads them.
    #[must_use]
    pub fn for_tests() -> Self {
        let env = Env::process();
        // On a slow machine work takes longer than on AWS.
        let parameters = [("ClientRate", "1000"), ("StripePatience", "20000"), ("AllowedOrigins", "http://localhost:5173")];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let start = Self { now: Some(TEST_START), parameters, ..Self::default() };
        let Some(url) = env.get("STOA_TEST_LAMBDA") else { return start };
        let environments = env.get("STOA_FUNCTIONS").map_or_else(|| at_root(".local/functions"), PathBuf::from);
        let port = env.get("STOA_TEST_PORT").and_then(|p| p.parse().ok()).unwrap_or(4200);
        Self { hosting: Hosting::Lambda { url: url.to_owned(), environments }, ports: Ports::from(port), patient: true, ..start }
    }

    fn in_memory(&self) -> Self {
        Self { storage: Storage::Memory, ..self.clone() }
    }
}

/// Returns a path relative to the root of the workspace.
#[must_use]
pub fn at_root(path: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).join(path)
}

/// A running local cloud. Dropping it stops everything at once, as if its process was killed.
pub struct Stack {
    core: Arc<Core>,
    /// The listeners for clients. `closing` closes them.
    client_listeners: JoinSet<()>,
    closing: watch::Sender<bool>,
    /// The listeners for functions, which stay open until the stack is dropped, and the background tasks.
    _tasks: JoinSet<()>,
    _open: watch::Sender<bool>,
    /// The endpoints for functions in this process, which are open until the stack is dropped.
    _endpoints: Arc<Router>,
    _lock: Option<File>,
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.core.hosts.end();
        self.core.connections.end();
    }
}

impl std::ops::Deref for Stack {
    type Target = Core;
    fn deref(&self) -> &Core {
        &self.core
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
        urls.stripe = parameters.get(STRIPE_URL).cloned().unwrap_or_default();
        let template = Template::load(template, &Deployment { stack: STACK.to_owned(), parameters })?;
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
        // Deployed in memory first, so that a template that cannot be deployed leaves the state as it is.
        if matches!(options.storage, Storage::Folder(_)) {
            core(plan.clone(), &Options { hosting: Hosting::Lazy, ..options.in_memory() }).map_err(named)?;
        }
        if options.fresh && options.hosting == Hosting::Eager {
            // Functions are started in memory first, so that functions that refuse their environment leave the state as it is.
            let rehearsal = Options { fresh: false, ports: Ports::default(), ..options.in_memory() };
            drop(Box::pin(Self::start(rehearsal)).await?);
        }
        let lock = options.storage.take(options.fresh, !plan.template.secrets.is_empty())?;
        let core = Arc::new(core(plan, &options).map_err(named)?);
        Self::run(core, listeners, lock, &options.hosting).await
    }

    /// Serves all listeners and starts the background tasks.
    async fn run(core: Arc<Core>, listeners: Listeners, lock: Option<File>, hosting: &Hosting) -> Result<Self, StartError> {
        let patience = core.patience.client;
        let (mut client_listeners, closing) = (JoinSet::new(), watch::Sender::new(false));
        let (mut tasks, open) = (JoinSet::new(), watch::Sender::new(false));
        let endpoints = Arc::new(aws::router(Arc::clone(&core))?);
        core.aws.direct.open(&endpoints);
        serve(&mut tasks, listeners.aws, (*endpoints).clone(), patience, &open);
        serve(&mut tasks, listeners.outside, outside::router(Arc::clone(&core)), patience, &open);
        serve(&mut client_listeners, listeners.api, http_api::router(Arc::clone(&core)), patience, &closing);
        serve(&mut client_listeners, listeners.socket, socket_api::router(Arc::clone(&core)), patience, &closing);
        serve(&mut client_listeners, listeners.console, console::router(Arc::clone(&core)), patience, &closing);
        if *hosting == Hosting::Eager {
            core.hosts.start_all().await?;
        }
        resume(&core, hosting).await?;
        aws::start(&core, &mut tasks);
        tasks.spawn(schedules::watch(Arc::clone(&core)));
        Ok(Self { core, client_listeners, closing, _tasks: tasks, _open: open, _endpoints: endpoints, _lock: lock })
    }

    /// Stops listening, and waits a few seconds for pending work, so that a mail that was requested is in the inbox. With a state
    /// folder the rest continues after the next start.
    pub async fn stop(mut self) {
        self.closing.send_replace(true);
        if tokio::time::timeout(WORK_PATIENCE, self.core.activity.quiet()).await.is_err() {
            tracing::warn!("pending work did not end in time");
        }
        // Some replies are still being written. Others may never end, such as a wait for the next mail.
        let written = async { while self.client_listeners.join_next().await.is_some() {} };
        drop(tokio::time::timeout(REPLY_PATIENCE, written).await);
    }

    /// Returns the shared core, for tasks that outlive a borrow.
    #[must_use]
    pub fn core(&self) -> Arc<Core> {
        Arc::clone(&self.core)
    }
}

/// Continues the invocations that an earlier process accepted and did not complete.
async fn resume(core: &Core, hosting: &Hosting) -> Result<(), StartError> {
    let unfinished = core.hosts.unfinished()?;
    if unfinished.is_empty() {
        return Ok(());
    }
    // The processes of `cargo lambda watch` may still be running, so their leases are kept.
    if !matches!(hosting, Hosting::Lambda { .. }) {
        core.aws.dynamodb.end_leases(core.clock.now()).await.map_err(|e| StartError::State(e.to_string()))?;
    }
    core.hosts.resume(unfinished);
    Ok(())
}

fn core(plan: Plan, options: &Options) -> Result<Core, StartError> {
    let Plan { template, urls, stage } = plan;
    let (storage, patience) = (options.storage.clone(), options.patience);
    let sys = Sys::real();
    if options.held {
        sys.hold();
    }
    let activity = Activity::default();
    let clock = open_clock(&sys, &storage, &activity, options.now)?;
    let keys = keys(options)?;
    let file = keys.path(SECRETS);
    let secrets = Secrets::open(&sys, &template.secrets, file.as_deref()).map_err(damaged(file.as_deref()))?;
    let file = keys.path("credentials.json");
    let callers = template.functions.keys().map(String::as_str).chain([OPERATOR]);
    let credentials = Credentials::open(&sys, callers, file.as_deref()).map_err(damaged(file.as_deref()))?;
    let inbox = open_inbox(&sys, &storage)?;
    let outside = outside::State::open(&storage, urls.stands_in_for_stripe())?;
    let aws = aws::State::open(&template, &storage, &clock)?;
    if let Some((folder, operator)) = keys.path("").zip(credentials.of(OPERATOR)) {
        write_environment(&folder, "operator", account(operator, &urls)).map_err(damaged(Some(&folder)))?;
    }
    let context = HostContext {
        template: &template,
        urls: &urls,
        credentials: &credentials,
        secrets: &secrets,
        storage: &storage,
        patience,
        clock: &clock,
        activity: &activity,
        calls: &aws.calls,
        faults: &aws.faults,
        dead_letters: &aws.dead_letters,
        history: &aws.history,
        http: aws.direct.client(),
    };
    let hosts = Hosts::new(&options.hosting, &context)?;
    let schedules = Schedules::new(&template.schedules, hosts.clone(), sys.clone());
    let connections = Connections::new(activity.clone());
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
        limits: Limits::new(options.no_limits),
        requests: Requests::default(),
        aws,
        outside,
    })
}

/// Returns the clock of the state, or at the time that was asked for.
fn open_clock(sys: &Sys, storage: &Storage, activity: &Activity, now: Option<Time>) -> Result<Clock, StartError> {
    let file = storage.path("clock");
    let clock = Clock::open(sys.clone(), file.clone(), activity.clone()).map_err(damaged(file.as_deref()))?;
    if let Some(now) = now {
        clock.set(now).map_err(damaged(file.as_deref()))?;
    }
    Ok(clock)
}

/// Returns the storage of keys. If functions run in other processes, their keys must outlive the stack, wherever the state is.
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

/// Returns the values of the template's parameters for a local cloud.
fn parameters(urls: &Urls, given: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let own = [
        ("Stage", "development".to_owned()),
        ("PublicUrl", urls.api.clone()),
        ("AllowedOrigins", ORIGINS.to_owned()),
        ("MailFrom", "stoa@example.test".to_owned()),
        // Browsers accept passkeys only for domain names, and this one without HTTPS.
        ("PasskeyDomain", BROWSER_HOST.to_owned()),
        ("SmsDomain", BROWSER_HOST.to_owned()),
        ("BreachedPasswordsUrl", format!("{}{}", urls.outside, outside::breached::PATH)),
        // Captchas are off as long as nobody gives their secret.
        ("CaptchaUrl", format!("{}{}/siteverify", urls.outside, outside::captcha::PATH)),
        ("CaptchaSiteKey", "the key of this site".to_owned()),
        ("CaptchaWidgetUrl", format!("{}{}/widget.js", urls.outside, outside::captcha::PATH)),
        (STRIPE_URL, urls.stripe.clone()),
        ("StripeSecretKey", outside::stripe::SECRET_KEY.to_owned()),
        ("StripePublishableKey", outside::stripe::PUBLISHABLE_KEY.to_owned()),
        ("StripeWebhookSecrets", outside::stripe::WEBHOOK_SECRET.to_owned()),
        ("TestPhones", format!("{}:{}", TEST_PHONE.0, TEST_PHONE.1)),
    ];
    own.map(|(k, v)| (k.to_owned(), v)).into_iter().chain(given).collect()
}
