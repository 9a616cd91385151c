//! The cost of the system on AWS: a bill from the templates, the calls of operations (infra/calls.txt) and AWS's prices
//! (infra/prices.yaml).
//!
//! A bill is an estimate. Its assumptions are the constants below, and are printed with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use kernel::Time;
use local::{
    Routes,
    template::{self, FunctionSpec, Template},
};
use messaging::{presence::PING_EVERY, room::INLINE_MAX};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Failure,
    calls::{self, Cost},
    metrics, repository,
};

const PRICES: &str = "infra/prices.yaml";
const NOTES: &str = "infra/README.md";
/// The function that looks for uploads whose event was lost.
const UPLOAD_SWEEP: &str = "upload-processor";
const TEMPLATE: &str = "template.yaml";

/// The limit for the cost of an idle system, in USD a month. The README promises it.
const IDLE_BELOW: f64 = 1.0;

/// Hours of a month, as AWS counts.
const MONTH_HOURS: f64 = 730.0;
/// The size of the tables of an idle system, with their indexes, in MB: some hundred accounts.
const IDLE_TABLE_MB: f64 = 1.0;
/// The time of an invocation without calls, in milliseconds.
const OWN_MS: f64 = 2.0;
/// The time of each AWS call in milliseconds, one after the other. Some calls are parallel, so this is an upper bound.
const CALL_MS: f64 = 6.0;
/// The time to hash a password in the functions with a whole CPU for it, in milliseconds.
const HASH_MS: f64 = 25.0;
/// The memory size that gives a function a whole CPU, in MB.
const WHOLE_PROCESSOR_MB: u32 = 1_769;
/// The time of a post to a socket, in milliseconds.
const POST_MS: f64 = 10.0;
/// Parallel posts of a sender, and of each of the four shards of `room-fanout`.
const POSTS_AT_ONCE: f64 = 16.0;
const FANOUT_PARTS: f64 = 4.0;
/// The size of the presence item of a person who is online, in bytes.
const PRESENCE_BYTES: f64 = 400.0;
/// The items that a ping reads at once: the person, their session, their ban, their sockets, the public room and their membership of it.
/// And the write units of the last-seen time, which is also the key of an index: the old entry is removed and a new one added.
const PING_READ_UNITS: f64 = 6.0;
const PING_WRITE_UNITS: f64 = 3.0;
/// The log of an invocation, and the access log of a request, in bytes.
const LOG_BYTES: f64 = 500.0;
const ACCESS_LOG_BYTES: f64 = 350.0;
/// The share of invocations that are traced at high rates: the default rule of X-Ray.
const TRACED: f64 = 0.05;
/// The most bytes of one eventually consistent read unit.
const READ_UNIT_BYTES: f64 = 8_192.0;
const MB: f64 = 1_048_576.0;
const GB: f64 = 1_024.0 * MB;
/// The most metrics of a free dashboard.
const DASHBOARD_METRICS: usize = 50;

/// The operations of a sign-in with a password and a mailed code, and of the hour after it.
const SIGN_IN: [(&str, f64); 6] = [
    ("POST /v1/sessions", 1.0),
    ("PUT /v1/sign-ins/{flow}/factor", 1.0),
    ("POST /v1/sign-ins/{flow}/verify", 1.0),
    ("GET /v1/me", 1.0),
    // An access token is valid for ten minutes.
    ("POST /v1/sessions/refresh", 6.0),
    ("POST /v1/realtime/tickets", 1.0),
];
/// Its mails: the code, and the notice of a sign-in on a new device.
const SIGN_IN_MAILS: [&str; 2] = ["deliver challenge_issued", "deliver notice_due"];

/// The operations of an order of three products: they are put into the cart and looked at, ordered, looked at again, shipped and delivered.
const ORDER: [(&str, f64); 5] = [
    ("PUT /v1/cart/items/{product}", 3.0),
    ("GET /v1/cart", 1.0),
    ("POST /v1/orders", 1.0),
    ("GET /v1/orders/{order}", 1.0),
    ("PUT /v1/admin/orders/{user}/{order}/state", 2.0),
];
/// The operations of a donation.
const DONATION: [(&str, f64); 3] = [("GET /v1/donation-settings", 1.0), ("POST /v1/donations", 1.0), ("GET /v1/donations/{donation}", 1.0)];
/// Stripe's events about a payment that is made: the charge, and the payment itself. Each is a request to Stripe. The first of them writes
/// what is paid, with this many write units; the median event in `infra/calls.txt` has no news.
const STRIPE_EVENT: &str = "POST /v1/stripe-events";
const EVENTS_EACH: f64 = 2.0;
const PAID_WRITE_UNITS: f64 = 12.0;
/// The time of a request to Stripe, in milliseconds.
const STRIPE_MS: f64 = 400.0;

/// How often Lambda polls an empty queue in an hour: five parallel polls, each for twenty seconds.
const QUEUE_POLLS_AN_HOUR: f64 = 5.0 * 180.0;

/// The writes in an hour by which staff see that a schedule runs (`accounts::last_run`). The typical run in `infra/calls.txt` has none.
const RECORDED_RUNS_AN_HOUR: f64 = 1.0;

/// Types of resources that cost nothing by themselves.
const FREE: [&str; 19] = [
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::RouteResponse",
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::Logs::QueryDefinition",
    "AWS::Logs::SubscriptionFilter",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::Serverless::Application",
    "AWS::Serverless::Function",
    "AWS::Serverless::HttpApi",
    "AWS::Serverless::WebSocketApi",
];

#[derive(Deserialize)]
struct Prices {
    region: String,
    as_of: String,
    #[serde(rename = "prices")]
    by_name: BTreeMap<String, Price>,
}

#[derive(Deserialize)]
struct Price {
    usd: f64,
    per: f64,
    unit: String,
    #[serde(default)]
    free: f64,
    #[serde(rename = "page")]
    _page: String,
}

/// The amounts, by the name of their price.
#[derive(Default)]
struct Bill(BTreeMap<&'static str, f64>);

impl Bill {
    fn add(&mut self, price: &'static str, amount: f64) {
        *self.0.entry(price).or_default() += amount;
    }

    /// Returns the sum in USD. With `free` the free amounts are subtracted.
    fn total(&self, prices: &Prices, free: bool) -> Result<f64, Failure> {
        self.0.iter().map(|(name, amount)| Ok(prices.of(name)?.of(*amount, free))).sum()
    }

    /// Returns one line for each price, and the sum.
    fn print(&self, prices: &Prices, free: bool, title: &str) -> Result<String, Failure> {
        let mut out = format!("\n{title:<52}{:>16}{:>12}\n", "amount", "USD");
        for (name, amount) in &self.0 {
            let price = prices.of(name)?;
            writeln!(out, "  {:<50}{amount:>16.3}{:>12.4}", price.unit, price.of(*amount, free))?;
        }
        writeln!(out, "  {:<50}{:>16}{:>12.4}", "in all", "", self.total(prices, free)?)?;
        Ok(out)
    }
}

impl Prices {
    fn of(&self, name: &str) -> Result<&Price, Failure> {
        self.by_name.get(name).ok_or_else(|| format!("{PRICES}: {name} has no price").into())
    }
}

impl Price {
    fn of(&self, amount: f64, free: bool) -> f64 {
        (amount - if free { self.free } else { 0.0 }).max(0.0) / self.per * self.usd
    }
}

/// The deployed template and the costs of its operations.
struct System {
    template: Template,
    calls: BTreeMap<String, Cost>,
}

impl System {
    /// Adds invocations of an operation and the AWS calls of its function.
    fn invoke(&self, bill: &mut Bill, operation: &str, times: f64) -> Result<(), Failure> {
        let cost = self.calls.get(operation).ok_or_else(|| format!("{} does not have {operation}", calls::EXPECTED))?;
        let function = self.function(operation)?;
        let hash = if function.memory_mb >= WHOLE_PROCESSOR_MB { HASH_MS } else { 0.0 };
        run(bill, function, OWN_MS + hash + CALL_MS * f64::from(cost.typical), times);
        bill.add("read_unit", cost.read * times);
        bill.add("write_unit", cost.write * times);
        Ok(())
    }

    fn function(&self, operation: &str) -> Result<&FunctionSpec, Failure> {
        let routes = Routes::new(&self.template.http_api.routes);
        let found = operation.split_once(' ').and_then(|(method, path)| routes.find(method, path));
        let socket = operation.strip_prefix("socket ").and_then(|route| self.template.socket_api.as_ref()?.routes.get(route));
        let named = operation.split(' ').next().unwrap_or_default();
        let id = found.as_ref().map(|found| &found.route.function).or(socket).map_or(named, String::as_str);
        self.template.function(id).ok_or_else(|| format!("{TEMPLATE}: no function has the operation {operation}").into())
    }

    fn request(&self, bill: &mut Bill, operation: &str, times: f64) -> Result<(), Failure> {
        bill.add("http_request", times);
        bill.add("log_gb", times * ACCESS_LOG_BYTES / GB);
        self.invoke(bill, operation, times)
    }

    /// Adds events on their way from the outbox to the consumer. The relay is assumed to handle one at a time.
    fn event(&self, bill: &mut Bill, consumer: &str, times: f64) -> Result<(), Failure> {
        bill.add("event", times);
        self.invoke(bill, "outbox-relay", times)?;
        self.invoke(bill, consumer, times)
    }

    /// Returns the number of scheduled runs in a month, by function.
    fn runs(&self) -> Result<Vec<(&FunctionSpec, f64)>, Failure> {
        let month = Time::from_millis(30 * 86_400_000);
        let spec = |schedule: &template::ScheduleSpec| {
            let expression = &schedule.times;
            let mut times = 0.0;
            let mut at = expression.next(Time::ZERO);
            while let Some(due) = at.filter(|due| *due <= month) {
                times += 1.0;
                at = expression.next(due);
            }
            let function = self.template.function(&schedule.function).ok_or("a schedule without a function")?;
            Ok((function, times * MONTH_HOURS / 720.0))
        };
        self.template.schedules.iter().filter(|s| s.enabled).map(spec).collect()
    }

    /// Returns the bill of a month without any users.
    fn idle(&self, standing: Bill) -> Result<Bill, Failure> {
        let mut bill = standing;
        bill.add("table_gb", IDLE_TABLE_MB / 1_024.0);
        bill.add("backup_gb", IDLE_TABLE_MB / 1_024.0);
        for _ in &self.template.queue_mappings {
            bill.add("queue_request", QUEUE_POLLS_AN_HOUR * MONTH_HOURS);
        }
        for (function, times) in self.runs()? {
            self.scheduled(&mut bill, function, times)?;
        }
        Ok(bill)
    }

    /// Adds scheduled runs of a function that find nothing to do.
    fn scheduled(&self, bill: &mut Bill, function: &FunctionSpec, times: f64) -> Result<(), Failure> {
        bill.add("schedule", times);
        // The table's encryption key is requested again after five minutes, for each caller.
        bill.add("key_request", times.min(MONTH_HOURS * 12.0));
        self.invoke(bill, &format!("{} {SCHEDULED}", function.name), times)?;
        // With seconds between them, all invocations are traced.
        bill.add("trace", times * (1.0 - TRACED));
        bill.add("read_unit", scanned(function, IDLE_TABLE_MB) * times);
        bill.add("write_unit", times.min(RECORDED_RUNS_AN_HOUR * MONTH_HOURS));
        bill.add("list_request", lists(function) * times);
        // Each run is a cold start, because Lambda keeps no instance for a quarter of an hour.
        bill.add("secret_request", secrets_read(function) * times);
        Ok(())
    }

    /// Returns the monthly cost of looking for uploads whose event was lost, if there are none: the lists of the bucket, and the USD of the
    /// runs.
    fn upload_sweep(&self, prices: &Prices) -> Result<String, Failure> {
        let sweep = self.runs()?.into_iter().find(|(function, _)| function.name == UPLOAD_SWEEP);
        let (function, times) = sweep.ok_or_else(|| format!("{TEMPLATE}: {UPLOAD_SWEEP} has no schedule"))?;
        let mut bill = Bill::default();
        self.scheduled(&mut bill, function, times)?;
        let lists = bill.0.get("list_request").copied().unwrap_or_default();
        Ok(format!("{lists:.0} lists of the bucket a month, {:.2} USD", bill.total(prices, true)?))
    }

    /// Returns the bill of a month for one GB in the tables.
    fn gigabyte(&self) -> Result<Bill, Failure> {
        let mut bill = Bill::default();
        bill.add("table_gb", 1.0);
        bill.add("backup_gb", 1.0);
        for (function, times) in self.runs()? {
            bill.add("read_unit", scanned(function, 1_024.0) * times);
        }
        Ok(bill)
    }

    fn sign_ins(&self, times: f64) -> Result<Bill, Failure> {
        let mut bill = Bill::default();
        for (operation, each) in SIGN_IN {
            self.request(&mut bill, operation, each * times)?;
        }
        for mail in SIGN_IN_MAILS {
            self.event(&mut bill, mail, times)?;
            bill.add("mail", times);
        }
        Ok(bill)
    }

    /// Returns the bill of orders of three products, paid to whoever delivers them or by card.
    fn orders(&self, by_card: bool, times: f64) -> Result<Bill, Failure> {
        let mut bill = Bill::default();
        for (operation, each) in ORDER {
            self.request(&mut bill, operation, each * times)?;
        }
        if by_card {
            self.pay(&mut bill, "POST /v1/orders", times)?;
        }
        self.event(&mut bill, "deliver order_placed", times)?;
        bill.add("mail", times);
        Ok(bill)
    }

    /// Returns the bill of donations that are paid.
    fn donations(&self, times: f64) -> Result<Bill, Failure> {
        let mut bill = Bill::default();
        for (operation, each) in DONATION {
            self.request(&mut bill, operation, each * times)?;
        }
        self.pay(&mut bill, "POST /v1/donations", times)?;
        self.event(&mut bill, "deliver receipt_due", times)?;
        bill.add("mail", times);
        Ok(bill)
    }

    /// Adds what a payment by card takes besides the calls of the operation that begins it: that waits for Stripe, and events follow.
    fn pay(&self, bill: &mut Bill, begun_by: &str, times: f64) -> Result<(), Failure> {
        time(bill, self.function(begun_by)?, STRIPE_MS, times);
        self.request(bill, STRIPE_EVENT, EVENTS_EACH * times)?;
        time(bill, self.function(STRIPE_EVENT)?, STRIPE_MS, EVENTS_EACH * times);
        bill.add("write_unit", PAID_WRITE_UNITS * times);
        Ok(())
    }

    /// Returns the bill of pages of a search of models.
    fn searches(&self, times: f64) -> Result<Bill, Failure> {
        let mut bill = Bill::default();
        self.request(&mut bill, "GET /v1/models", times)?;
        Ok(bill)
    }

    /// Returns the bill of hours in which somebody is online and silent.
    fn online(&self, hours: f64) -> Result<Bill, Failure> {
        let (mut bill, pings) = (Bill::default(), hours * 3_600.0 / PING_EVERY.as_secs_f64());
        bill.add("socket_minute", hours * 60.0);
        // The frame and its answer.
        bill.add("socket_message", pings * 2.0);
        run(&mut bill, self.function("socket chat")?, OWN_MS + CALL_MS * 2.0, pings);
        bill.add("read_unit", pings * PING_READ_UNITS);
        bill.add("write_unit", pings * PING_WRITE_UNITS);
        Ok(bill)
    }

    /// Returns the bill of messages in a room whose members are all online with one socket.
    fn messages(&self, people: u32, times: f64) -> Result<Bill, Failure> {
        let (mut bill, others) = (Bill::default(), f64::from(people) - 1.0);
        // The frame, its answer, and a post to each of the other members.
        bill.add("socket_message", times * (2.0 + others));
        self.invoke(&mut bill, "socket chat", times)?;
        if people <= INLINE_MAX {
            // The sender's function posts. `infra/calls.txt` is for rooms of two. Each further member takes one read of their presence.
            bill.add("read_unit", times * (others - 1.0));
            if people > 2 {
                // For a group its members are also queried, which fit into one unit.
                bill.add("read_unit", times);
            }
            post(&mut bill, self.function("socket chat")?, others / POSTS_AT_ONCE, times);
        } else {
            self.event(&mut bill, "room-fanout message_posted", times)?;
            bill.add("read_unit", times * f64::from(people) * PRESENCE_BYTES / READ_UNIT_BYTES);
            post(&mut bill, self.function("room-fanout")?, others / POSTS_AT_ONCE / FANOUT_PARTS, times);
        }
        Ok(bill)
    }
}

/// The `detail-type` of scheduled events.
pub const SCHEDULED: &str = "Scheduled Event";

/// Returns the read units that a run of this function takes for a table of this size: the fallback scans it, up to a limit.
fn scanned(function: &FunctionSpec, megabytes: f64) -> f64 {
    let looks_through = function.name == "deletion-fallback";
    if looks_through { megabytes.min(f64::from(deletion_fallback::MAX)) * MB / READ_UNIT_BYTES } else { 0.0 }
}

/// Returns the number of secrets that a function reads at start: those it has the permission for.
fn secrets_read(function: &FunctionSpec) -> f64 {
    let reads = |statement: &&Value| calls::strings(statement.get("Action")).iter().any(|action| action == "secretsmanager:GetSecretValue");
    function.statements.iter().filter(reads).flat_map(|statement| calls::strings(statement.get("Resource"))).map(|_| 1.0).sum()
}

/// Returns the lists of the bucket that a run of this function makes: one, if it has the permission.
fn lists(function: &FunctionSpec) -> f64 {
    let may =
        function.statements.iter().any(|statement| calls::strings(statement.get("Action")).iter().any(|action| action == "s3:ListBucket"));
    f64::from(u8::from(may))
}

fn run(bill: &mut Bill, function: &FunctionSpec, milliseconds: f64, times: f64) {
    bill.add("invocation", times);
    time(bill, function, milliseconds, times);
    bill.add("log_gb", times * LOG_BYTES / GB);
    bill.add("trace", times * TRACED);
}

/// Adds the time in which a function waits for this many rounds of posts.
fn post(bill: &mut Bill, function: &FunctionSpec, rounds: f64, times: f64) {
    time(bill, function, rounds.ceil() * POST_MS, times);
}

fn time(bill: &mut Bill, function: &FunctionSpec, milliseconds: f64, times: f64) {
    bill.add("gb_second", times * milliseconds / 1_000.0 * f64::from(function.memory_mb) / 1_024.0);
}

/// Adds the fixed costs of a template and of those nested in it: alarms, metrics, dashboards, secrets.
fn standing(file: &str, functions: usize, bill: &mut Bill, metrics: &mut BTreeSet<String>) -> Result<(), Failure> {
    let document = template::parse(&repository::read(file)?)?;
    let resources = document.get("Resources").and_then(Value::as_object).ok_or_else(|| format!("{file}: no resources"))?;
    for (id, resource) in resources {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        let property = |name: &str| resource.get("Properties")?.get(name);
        match kind {
            "AWS::CloudWatch::Alarm" => bill.add("alarm_metric", alarm_metrics(property("Metrics"))),
            "AWS::SecretsManager::Secret" => bill.add("secret", 1.0),
            "AWS::CloudWatch::Dashboard" => {
                let body = property("DashboardBody").and_then(|body| body.get("Fn::Sub")?.as_str());
                let shown = shown(body.ok_or_else(|| format!("{file}: {id} has no body"))?, functions)?;
                bill.add(if shown > DASHBOARD_METRICS { "large_dashboard" } else { "dashboard" }, 1.0);
            }
            "AWS::Logs::MetricFilter" => {
                let all = property("MetricTransformations").and_then(Value::as_array).into_iter().flatten();
                metrics.extend(all.filter_map(|one| one.get("MetricName")?.as_str().map(str::to_owned)));
            }
            free if FREE.contains(&free) => {}
            other => return Err(format!("{file}: the cost of {id} is not known, an {other}").into()),
        }
        if let Some(nested) = property("Location").and_then(Value::as_str) {
            standing(nested, functions, bill, metrics)?;
        }
    }
    Ok(())
}

/// Returns the number of metrics that an alarm is billed for: those in its expressions.
fn alarm_metrics(metrics: Option<&Value>) -> f64 {
    let Some(metrics) = metrics.and_then(Value::as_array) else { return 1.0 };
    metrics.iter().filter(|metric| metric.get("MetricStat").is_some()).map(|_| 1.0).sum()
}

/// Returns the number of metrics on a dashboard. A search by function finds one for each function.
fn shown(body: &str, functions: usize) -> Result<usize, Failure> {
    let body: Value = serde_json::from_str(body)?;
    let widgets = body.get("widgets").and_then(Value::as_array).into_iter().flatten();
    let metrics = widgets.filter_map(|widget| widget.pointer("/properties/metrics")?.as_array()).flatten();
    Ok(metrics.map(|metric| if metric.to_string().contains("SEARCH(") { functions } else { 1 }).sum())
}

fn read() -> Result<(Prices, System, Bill), Failure> {
    let prices: Prices = serde_json::from_value(template::parse(&repository::read(PRICES)?)?).map_err(|e| format!("{PRICES}: {e}"))?;
    let system = System { template: repository::template()?, calls: calls::read(&repository::read(calls::EXPECTED)?) };
    let (mut bill, mut names) = (Bill::default(), BTreeSet::new());
    standing(TEMPLATE, system.template.functions.len(), &mut bill, &mut names)?;
    names.extend(metrics::all().iter().map(|metric| metric.name.to_owned()));
    bill.add("custom_metric", names.iter().map(|_| 1.0).sum());
    Ok((prices, system, bill))
}

/// Prints the costs of an idle system, of a GB, and of many sign-ins, hours online, messages, searches, orders and donations.
pub fn print() -> Result<(), Failure> {
    let (prices, system, standing) = read()?;
    println!("Prices of {} as of {} ({PRICES}), in USD. Assumes that no other stack uses the free tier.", prices.region, prices.as_of);
    let idle = system.idle(standing)?;
    print!("{}", idle.print(&prices, true, "An idle month, less the free tier")?);
    println!("  {:<50}{:>16}{:>12.4}", "without the free tier", "", idle.total(&prices, false)?);
    println!("  of it the sweep of uploads: {}", system.upload_sweep(&prices)?);
    let marginal = [
        ("A month of 1 GB in the tables", system.gigabyte()?),
        ("1,000 sign-ins", system.sign_ins(1e3)?),
        ("1,000 hours online", system.online(1e3)?),
        ("1,000,000 messages in rooms of 2", system.messages(2, 1e6)?),
        ("1,000,000 messages in rooms of 10", system.messages(10, 1e6)?),
        ("1,000,000 messages in rooms of 100", system.messages(100, 1e6)?),
        ("1,000,000 messages in rooms of 1,000", system.messages(1_000, 1e6)?),
        ("1,000,000 messages in rooms of 10,000", system.messages(10_000, 1e6)?),
        ("1,000,000 pages of searches of models", system.searches(1e6)?),
        ("1,000 orders, paid in cash", system.orders(false, 1e3)?),
        ("1,000 orders, paid by card", system.orders(true, 1e3)?),
        ("1,000 donations", system.donations(1e3)?),
    ];
    for (title, bill) in marginal {
        print!("{}", bill.print(&prices, false, title)?);
    }
    println!("\nA sign-in is {}, and {} mails.", listed(&SIGN_IN), SIGN_IN_MAILS.len());
    println!("An order is {}, and a mail; a donation is {}, and a mail.", listed(&ORDER), listed(&DONATION));
    println!(
        "By card there are {EVENTS_EACH} × {STRIPE_EVENT} more, and {STRIPE_MS} ms for each request to Stripe, whose own fees are not included. \
         The calls of an order are the median of both ways to pay."
    );
    println!("Tables have {IDLE_TABLE_MB} MB while idle. An invocation takes {OWN_MS} ms, {CALL_MS} for each call to AWS,");
    println!(
        "{HASH_MS} to hash a password, {POST_MS} for {POSTS_AT_ONCE} posts to sockets; it logs {LOG_BYTES} bytes, and {TRACED} of them are traced."
    );
    println!("Text messages, outgoing data and cold starts are not included.");
    Ok(())
}

/// Returns the operations of a bill in words.
fn listed(operations: &[(&str, f64)]) -> String {
    operations.iter().map(|(operation, times)| format!("{times} × {operation}")).collect::<Vec<_>>().join(", ")
}

/// Checks that an idle system costs no more than the README promises, and that the notes for operators have the cost of the sweep of
/// uploads.
pub fn findings() -> Result<Vec<String>, Failure> {
    let (prices, system, standing) = read()?;
    let too_expensive = judge(system.idle(standing)?.total(&prices, true)?);
    Ok(too_expensive.into_iter().chain(missing_figure(&system.upload_sweep(&prices)?, &repository::read(NOTES)?)).collect())
}

/// Returns the finding about a figure that the notes do not have.
fn missing_figure(figure: &str, notes: &str) -> Option<String> {
    let words = notes.split_whitespace().collect::<Vec<_>>().join(" ");
    (!words.contains(figure)).then(|| format!("{NOTES}: the sweep of uploads takes {figure}"))
}

fn judge(idle: f64) -> Option<String> {
    (idle >= IDLE_BELOW)
        .then(|| format!("an idle month costs {idle:.2} USD, which must be less than {IDLE_BELOW}; see `cargo xtask costs`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prices(text: &str) -> Prices {
        serde_json::from_value(template::parse(text).expect("YAML")).expect("prices")
    }

    #[test]
    fn the_notes_have_the_figure_in_any_lines() {
        assert_eq!(missing_figure("8760 lists a month, 0.05 USD", "It takes 8760 lists\na month, 0.05 USD."), None);
        assert!(missing_figure("8760 lists a month, 0.05 USD", "It takes 8760 lists a month, 0.04 USD.").is_some());
    }

    #[test]
    fn free_amounts_are_subtracted_once() {
        let prices = prices("{region: r, as_of: d, prices: {secret: {usd: 0.4, per: 1, unit: secrets, free: 2, page: p}}}");
        let mut bill = Bill::default();
        bill.add("secret", 2.0);
        assert_eq!(bill.total(&prices, true).expect("a price").to_bits(), 0.0_f64.to_bits());
        bill.add("secret", 3.0);
        assert_eq!(format!("{:.2}", bill.total(&prices, true).expect("a price")), "1.20");
        assert_eq!(format!("{:.2}", bill.total(&prices, false).expect("a price")), "2.00");
        bill.add("mail", 1.0);
        assert_eq!(bill.total(&prices, false).map_err(|e| e.to_string()), Err("infra/prices.yaml: mail has no price".to_owned()));
    }

    #[test]
    fn an_alarm_is_billed_for_its_metrics() {
        let counted = |metrics: Option<Value>| format!("{:.0}", alarm_metrics(metrics.as_ref()));
        assert_eq!(counted(None), "1");
        let stat = json!({"Id": "a", "MetricStat": {}});
        assert_eq!(counted(Some(json!([{"Id": "e", "Expression": "a - b"}, stat, stat]))), "2");
    }

    #[test]
    fn a_search_on_a_dashboard_shows_a_metric_for_each_function() {
        let body = json!({"widgets": [
            {"properties": {"metrics": [["AWS/SQS", "x"], ["..."]]}},
            {"properties": {"query": "SOURCE x"}},
            {"properties": {"metrics": [[{"expression": "SEARCH('{AWS/Lambda,FunctionName}', 'Sum', 300)"}]]}},
        ]});
        assert_eq!(shown(&body.to_string(), 21).expect("JSON"), 23);
    }

    #[test]
    fn an_idle_system_that_costs_a_dollar_is_refused() {
        assert_eq!(judge(0.99), None);
        assert!(judge(1.0).is_some_and(|finding| finding.contains("costs 1.00 USD")));
    }

    /// Everything that is billed has a price, and every price is used.
    #[test]
    fn every_price_is_used() {
        let (prices, system, standing) = read().expect("read");
        let bills = [
            system.idle(standing).expect("idle"),
            system.gigabyte().expect("a GB"),
            system.sign_ins(1e3).expect("sign-ins"),
            system.online(1e3).expect("hours online"),
            system.messages(2, 1e6).expect("messages"),
            system.messages(1_000, 1e6).expect("messages"),
            system.searches(1e6).expect("searches"),
            system.orders(false, 1e3).expect("orders"),
            system.orders(true, 1e3).expect("orders"),
            system.donations(1e3).expect("donations"),
        ];
        let used: BTreeSet<&str> = bills.iter().flat_map(|bill| bill.0.keys().copied()).chain(["large_dashboard"]).collect();
        assert_eq!(prices.by_name.keys().map(String::as_str).collect::<BTreeSet<_>>(), used);
        for bill in &bills {
            assert!(bill.total(&prices, false).expect("priced") > 0.0);
        }
        let orders = |by_card| system.orders(by_card, 1e3).expect("orders").total(&prices, false).expect("priced");
        assert!(orders(false) < orders(true) && orders(true) < 1.0, "{} {}", orders(false), orders(true));
        assert!(system.messages(10, 1e6).expect("messages").total(&prices, false).expect("priced") < 100.0);
    }
}
