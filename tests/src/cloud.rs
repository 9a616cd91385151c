//! A local cloud for one test.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use kernel::Time;
use local::{Core, Options, Ports, Stack, Storage, activity::Activity, hosts::Hosting, inbox::Message};
use serde_json::{Value, json};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::OnceCell,
};
use tracing_subscriber::{Layer as _, filter::LevelFilter, fmt, layer::SubscriberExt as _, registry, util::SubscriberInitExt as _};

use crate::{
    App, Caller, PATIENCE,
    members::{BIRTH_DATE, FIRST_NAME, LAST_NAME, Members, PASSWORD},
};

/// How long the end of a test waits for pending work. A failed test may leave work that never ends.
const WORK_PATIENCE: Duration = Duration::from_secs(20);

/// A local cloud, empty at first, which ends with the test. With functions in this process its clock only moves when the test moves it, and
/// by a millisecond with every invocation. So tests of times and rates do not depend on the speed of the machine.
pub struct Cloud {
    // The first field, because it is dropped first.
    _pending_work: PendingWork,
    stack: Stack,
    options: Options,
    addresses: AtomicU32,
    members: OnceCell<Members>,
}

impl std::ops::Deref for Cloud {
    type Target = Stack;
    fn deref(&self) -> &Stack {
        &self.stack
    }
}

/// Waits for pending work when it is dropped. The processes of `cargo lambda watch` outlive a stack, and the next stack uses the same
/// ports, so their unfinished work would reach the next stack. Functions in this process end with their stack.
struct PendingWork {
    hosting: Hosting,
    activity: Activity,
}

impl Drop for PendingWork {
    fn drop(&mut self) {
        let runtime = Handle::current();
        if matches!(self.hosting, Hosting::Lambda { .. }) && runtime.runtime_flavor() == RuntimeFlavor::MultiThread {
            let quiet = async { tokio::time::timeout(WORK_PATIENCE, self.activity.quiet()).await };
            drop(tokio::task::block_in_place(|| runtime.block_on(quiet)));
        }
    }
}

impl Cloud {
    /// Starts a local cloud.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a local cloud with these parameters of the template. Its functions run in this process, because other processes
    /// keep the parameters that they were started with.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_with(parameters: &[(&str, &str)]) -> Self {
        // Warnings are printed for failing tests, and the console keeps more lines. Another test may have set the subscriber already.
        let shown = fmt::layer().with_test_writer().with_filter(LevelFilter::WARN);
        drop(registry().with(shown).with(local::logs::layer()).try_init());
        let tests = Options::for_tests();
        let mut options =
            if parameters.is_empty() { tests } else { Options { now: tests.now, parameters: tests.parameters, ..Options::default() } };
        options.parameters.extend(parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Self::with(options).await
    }

    /// Starts a local cloud whose state is in a folder, so that it survives [`Cloud::restart`]. Its functions run in this process.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_in(folder: PathBuf) -> Self {
        let Options { now, parameters, .. } = Options::for_tests();
        Self::with(Options { now, parameters, storage: Storage::Folder(folder), ..Options::default() }).await
    }

    /// Kills the cloud with all pending work, and starts it again a second later, with the same state and addresses.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn restart(self) -> Self {
        let port = |url: &str| url.parse::<reqwest::Url>().ok().and_then(|url| url.port()).expect("a URL with a port");
        let urls = &self.stack.urls;
        let ports = Ports {
            api: port(&urls.api),
            socket: port(&urls.socket),
            console: port(&urls.console),
            aws: port(&urls.aws),
            outside: port(&urls.outside),
        };
        // A second later, because what is being killed may go on for a moment, and nothing of it may be in the future.
        let now = Some(self.now() + Duration::from_secs(1));
        let options = Options { ports, now, patient: true, ..self.options.clone() };
        drop(self);
        Self::with(options).await
    }

    async fn with(options: Options) -> Self {
        // Held from the start, so that the times do not depend on how long the start takes.
        let options = Options { held: !matches!(options.hosting, Hosting::Lambda { .. }), ..options };
        let stack = Stack::start(options.clone()).await.unwrap_or_else(|e| panic!("{e}"));
        let pending_work = PendingWork { hosting: options.hosting.clone(), activity: stack.activity.clone() };
        let cloud = Self { _pending_work: pending_work, stack, options, addresses: AtomicU32::new(0), members: OnceCell::new() };
        if !cloud.options.held {
            // Processes that issue tokens have published their keys in the table of the stack that they started with.
            cloud.members().await;
        }
        cloud
    }

    /// Returns a client from an address of its own, not signed in.
    pub fn anonymous(&self) -> Caller {
        let [a, b, c, _] = self.addresses.fetch_add(1, Ordering::Relaxed).saturating_add(1).to_le_bytes();
        self.caller_at(Ipv4Addr::new(127, c.saturating_add(1), b, a))
    }

    /// Returns a client from this address. Only loopback addresses reach the local cloud.
    pub fn caller_at(&self, from: Ipv4Addr) -> Caller {
        Caller::new(&self.urls.api, "http://localhost:5173", IpAddr::V4(from))
    }

    /// Returns a signed-in member with [`PASSWORD`] and the address `<name>@example.test`. The same as after [`Cloud::register`], but
    /// written to the table without requests.
    pub async fn member(&self, name: &str) -> Caller {
        self.members().await.plain(self.anonymous().named(name)).await
    }

    /// Returns a member with a phone number and second factors. The same as after [`Cloud::register`], [`Cloud::phone`] and
    /// [`Cloud::second_factors`], but written to the table without requests. Also returns the app and the recovery codes.
    pub async fn careful(&self, name: &str, phone: &str) -> (Caller, App, Vec<String>) {
        self.members().await.careful(self.anonymous().named(name), phone).await
    }

    /// Returns a member of staff with this role, who has just proven an authenticator app, written to the table without requests. Also
    /// returns the app.
    pub async fn staff(&self, name: &str, role: &str) -> (Caller, App) {
        let (caller, app) = self.members().await.proven(self.anonymous().named(name)).await;
        self.appoint(&caller, &[role]);
        (caller, app)
    }

    /// Returns a member with a phone number and a main address, who can order.
    pub async fn buyer(&self, name: &str, phone: &str) -> Caller {
        let buyer = self.members().await.with_phone(self.anonymous().named(name), phone).await;
        let address = json!({ "street": "ul. Długa 1/2", "city": "Kraków", "postal_code": "30-001", "country": "PL" });
        buyer.post("/v1/me/addresses", address).await.is(201);
        buyer
    }

    async fn members(&self) -> &Members {
        self.members.get_or_init(|| Members::of(self)).await
    }

    /// Registers somebody in the six steps, with [`PASSWORD`] and the address `<name>@example.test`, and signs them in.
    pub async fn register(&self, name: &str) -> Caller {
        let caller = self.anonymous().named(name);
        let flow = caller.post("/v1/registrations", json!({ "email": caller.email() })).await.is(201);
        let path = format!("/v1/registrations/{}", flow["id"].as_str().expect("an id"));
        let code = self.code_to(&caller.email()).await;
        caller.post(&format!("{path}/code"), json!({ "code": code })).await.is(200);
        let personal = json!({ "first_name": FIRST_NAME, "last_name": LAST_NAME, "birth_date": BIRTH_DATE });
        caller.put(&format!("{path}/personal"), personal).await.is(200);
        caller.put(&format!("{path}/username"), json!({ "username": name })).await.is(200);
        caller.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
        let signed_in = caller.post(&format!("{path}/complete"), json!({})).await.is(201);
        caller.signed_in(signed_in)
    }

    /// Gives somebody roles by writing to the table, which no client can do. For the role `superuser` also writes the marker item.
    ///
    /// # Panics
    /// If the table cannot be written.
    pub fn appoint(&self, somebody: &Caller, roles: &[&str]) {
        let core = self.core();
        let state = core.template.tables.iter().find(|t| t.stream_arn.is_some()).expect("a table");
        let superuser = roles.contains(&"superuser");
        let roles: Vec<Value> = roles.iter().map(|role| json!({ "S": role })).collect();
        let item = json!({
            "pk": { "S": format!("USER#{}", somebody.id()) }, "sk": { "S": "ROLES" }, "kind": { "S": "roles" }, "v": { "N": "1" },
            "user": { "S": somebody.id() }, "roles": { "L": roles }, "gsi1pk": { "S": "STAFF" }, "gsi1sk": { "S": somebody.id() },
        });
        let there = json!({ "pk": { "S": "SUPERUSER" }, "sk": { "S": "SUPERUSER" }, "kind": { "S": "superuser" }, "v": { "N": "1" }, "since": { "N": "0" } });
        for item in [Some(item), superuser.then_some(there)].into_iter().flatten() {
            let request = serde_json::from_value(json!({ "TableName": state.name, "Item": item })).expect("a request");
            core.aws.dynamodb.database().put_item(request).expect("it is put");
        }
    }

    /// Changes somebody's phone number, and verifies it with the code.
    pub async fn phone(&self, caller: &Caller, phone: &str) {
        caller.post("/v1/me/phone-changes", json!({ "phone": phone })).await.is(202);
        let code = self.code_to(phone).await;
        caller.post("/v1/me/phone-changes/verify", json!({ "code": code })).await.is(200);
    }

    /// Turns second factors on, in the four steps.
    pub async fn second_factors(&self, caller: &Caller, phone: &str) -> (App, Vec<String>) {
        let setup = caller.post("/v1/me/mfa/setup", json!({ "password": PASSWORD })).await.is(201);
        let app = App::new(setup["app"]["secret"].as_str().expect("a secret"));
        caller.post("/v1/me/mfa/setup/app", json!({ "code": app.code(self) })).await.is(200);
        let code = self.code_to(&caller.email()).await;
        caller.post("/v1/me/mfa/setup/email", json!({ "code": code })).await.is(200);
        let code = self.code_to(phone).await;
        let done = caller.post("/v1/me/mfa/setup/sms", json!({ "code": code })).await.is(201);
        let recovery = done["recovery_codes"].as_array().expect("codes").iter().map(|c| c.as_str().expect("a code").to_owned()).collect();
        (app, recovery)
    }

    /// Steps up with a code of the app.
    pub async fn step_up(&self, caller: &Caller, app: &App) -> Caller {
        let flow = caller.post("/v1/step-ups", json!({})).await.is(201);
        self.answer_step_up(caller, &flow, "app", &app.code(self)).await
    }

    /// Steps up with a mailed code.
    pub async fn step_up_by_mail(&self, caller: &Caller) -> Caller {
        let flow = caller.post("/v1/step-ups", json!({})).await.is(201);
        let path = format!("/v1/sign-ins/{}/factor", flow["id"].as_str().expect("an id"));
        caller.put(&path, json!({ "factor": "email" })).await.is(200);
        let code = self.code_to(&caller.email()).await;
        self.answer_step_up(caller, &flow, "email", &code).await
    }

    async fn answer_step_up(&self, caller: &Caller, flow: &Value, factor: &str, code: &str) -> Caller {
        let path = format!("/v1/sign-ins/{}", flow["id"].as_str().expect("an id"));
        caller.put(&format!("{path}/factor"), json!({ "factor": factor })).await.is(200);
        caller.signed_in(caller.post(&format!("{path}/verify"), json!({ "code": code })).await.is(200))
    }

    /// Signs somebody in with password and app.
    pub async fn sign_in_with(&self, client: &Caller, login: &str, app: &App) -> Caller {
        let flow = client.post("/v1/sessions", json!({ "login": login, "password": PASSWORD })).await.is(202);
        let path = format!("/v1/sign-ins/{}", flow["id"].as_str().expect("an id"));
        client.put(&format!("{path}/factor"), json!({ "factor": "app" })).await.is(200);
        client.named(login).signed_in(client.post(&format!("{path}/verify"), json!({ "code": app.code(self) })).await.is(201))
    }

    /// Signs somebody in once more, from another client.
    pub async fn sign_in(&self, login: &str) -> Caller {
        let caller = self.anonymous().named(login.split('@').next().unwrap_or(login));
        let reply = caller.post("/v1/sessions", json!({ "login": login, "password": PASSWORD })).await.is(201);
        caller.signed_in(reply)
    }

    /// Returns the newest message to an address, after all pending work is done.
    ///
    /// # Panics
    /// If there is none.
    pub async fn mail_to(&self, address: &str) -> Message {
        let newest = async {
            self.settle().await;
            self.inbox.list(Some(address), 0).pop()
        };
        newest.await.unwrap_or_else(|| panic!("no message to {address}; there are {:?}", self.subjects()))
    }

    /// Returns all messages to an address, oldest first, after all pending work is done.
    pub async fn mails_to(&self, address: &str) -> Vec<Message> {
        self.settle().await;
        self.inbox.list(Some(address), 0)
    }

    /// Returns the newest code that was sent to an address. A notice may arrive after it, because messages are sent concurrently.
    pub async fn code_to(&self, address: &str) -> String {
        let mails = self.mails_to(address).await;
        let code = mails.iter().rev().find_map(|mail| mail.code.clone());
        code.unwrap_or_else(|| panic!("no code to {address}; there are {:?}", self.subjects()))
    }

    /// Returns the token of the newest link that was sent to an address.
    pub async fn token_to(&self, address: &str) -> String {
        let mails = self.mails_to(address).await;
        let links = mails.iter().rev().flat_map(|mail| &mail.links);
        let token = links.filter_map(|link| link.split_once("#token=")).map(|(_, token)| token.to_owned()).next();
        token.unwrap_or_else(|| panic!("no link to {address}; there are {:?}", self.subjects()))
    }

    fn subjects(&self) -> Vec<String> {
        self.inbox.list(None, 0).into_iter().map(|m| format!("{}: {}", m.to, m.subject)).collect()
    }

    /// Moves the clock when no work is pending, so that none sees two times, and waits until all work that became due is done.
    pub async fn advance(&self, by: Duration) {
        self.settle().await;
        self.clock.advance(by).expect("the clock moves");
        self.settle().await;
    }

    /// Moves the clock until a repeated request no longer gets the answer to the first one.
    pub async fn forget_answers(&self) {
        self.advance(accounts::session::LOST_REPLY).await;
    }

    /// Moves the clock until everybody may send ten frames at once again.
    pub async fn refill_frames(&self) {
        self.advance(Duration::from_secs(5)).await;
    }

    /// Returns the time by the moved clock.
    pub fn now(&self) -> Time {
        self.sys.now()
    }

    /// Waits until no work is pending: outbox, bus, deliveries, file events, the end of closed sockets, the deletion of what has expired.
    /// Not for the end of a socket that was dropped: see [`crate::Socket::drop_silently`].
    ///
    /// # Panics
    /// If that takes too long.
    pub async fn settle(&self) {
        tokio::time::timeout(PATIENCE, self.activity.quiet()).await.expect("the cloud becomes quiet");
    }

    /// Returns all items of a kind, as DynamoDB's JSON.
    pub async fn of_kind(&self, kind: &str) -> Vec<Value> {
        let dump = self.dump().await;
        let tables = dump.as_object().into_iter().flat_map(|tables| tables.values());
        tables.filter_map(Value::as_array).flatten().filter(|item| item["kind"]["S"] == kind).cloned().collect()
    }

    /// Deletes an item from the table of the state, without the API.
    ///
    /// # Panics
    /// If it has no key.
    pub fn delete_item(&self, item: &Value) {
        let request = json!({ "TableName": "stoa-state", "Key": { "pk": item["pk"], "sk": item["sk"] } });
        let request = serde_json::from_value(request).expect("a key");
        let _ = self.aws.dynamodb.database().delete_item(request).expect("deleted");
    }

    /// Puts an item into the table of the state, in DynamoDB's JSON. For what takes too long to come about otherwise.
    ///
    /// # Panics
    /// If it is no item.
    pub fn put_item(&self, item: &Value) {
        let core = self.core();
        let state = core.template.tables.iter().find(|table| table.name.ends_with("-state")).expect("a table");
        let request = serde_json::from_value(json!({ "TableName": state.name, "Item": item })).expect("a request");
        core.aws.dynamodb.database().put_item(request).expect("it is put");
    }

    /// Returns the number of held-back repetitions of a notice, to this address or number, or to the person's own if `to` is `None`.
    pub async fn held(&self, notice: &str, to: Option<&str>) -> usize {
        self.settle().await;
        let items = self.of_kind("told").await;
        let those = items.iter().filter(|item| item["notice"]["S"] == notice && item["address"]["S"].as_str() == to);
        those.filter_map(|item| item["held"]["N"].as_str()?.parse::<usize>().ok()).sum()
    }

    /// Returns all items of all tables, as DynamoDB's JSON.
    pub async fn dump(&self) -> Value {
        let core = self.core();
        let whole = move || Value::Object(core.template.tables.iter().map(|t| (t.name.clone(), all_items(&core, &t.name))).collect());
        tokio::task::spawn_blocking(whole).await.expect("the tables are read")
    }
}

fn all_items(core: &Core, table: &str) -> Value {
    let (db, mut items, mut start) = (core.aws.dynamodb.database(), Vec::new(), Value::Null);
    loop {
        let mut request = json!({ "TableName": table, "ConsistentRead": true });
        if !start.is_null() {
            request["ExclusiveStartKey"] = start;
        }
        let answer = db.scan(serde_json::from_value(request).expect("a request")).expect("the table is read");
        let mut answer = serde_json::to_value(answer).expect("an answer");
        items.extend(answer["Items"].as_array().cloned().unwrap_or_default());
        start = answer["LastEvaluatedKey"].take();
        if start.is_null() {
            return Value::Array(items);
        }
    }
}
