//! `cargo run` as a new user of the repository runs it: its output and its errors.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of tests are tests too")]
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use kernel::Sys;
use local::{
    at_root,
    seed::{ACCOUNTS, PASSWORD},
};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// How long to wait for output or for the end of a process.
const HANGS: Duration = Duration::from_mins(2);

/// A state folder that does not exist yet, and five free ports.
struct Installation {
    folder: TempDir,
    port: u16,
}

impl Installation {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("folder"), port: free_ports() }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
        command.arg("--state").arg(self.state()).arg("--port").arg(self.port.to_string()).args(more);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Starts it, and returns its output up to the line that says how to stop it.
    async fn start(&self, more: &[&str]) -> (Child, String) {
        let mut child = self.command(more).spawn().expect("spawned");
        let mut lines = BufReader::new(child.stdout.as_mut().expect("stdout")).lines();
        let mut said = String::new();
        while let Some(line) = timeout(HANGS, lines.next_line()).await.expect("it says something").expect("read") {
            said.push_str(&line);
            said.push('\n');
            if line.starts_with("Ctrl-C") {
                return (child, said);
            }
        }
        panic!("it has ended: {said}{:?}", child.wait_with_output().await);
    }

    /// Runs it until it fails, and returns the one line of its error.
    async fn complaint(&self, more: &[&str]) -> String {
        let output: Output = timeout(HANGS, self.command(more).output()).await.expect("it ends").expect("run");
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(said.starts_with("stoa: ") && said.lines().count() == 1, "one line: {said}");
        said
    }

    /// Moves the write-ahead logs into the files of the databases. The next process would do that otherwise, and so change files:
    /// a process that ends while one of its threads uses a database leaves a log.
    fn merge_write_ahead_logs(&self) {
        for file in ["dynamodb.db", "invocations.db"].map(|name| self.state().join(name)) {
            let connection = Connection::open(file).expect("a database");
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("one file");
            connection.close().expect("closed");
        }
    }

    /// Everything in the state folder.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let (mut files, mut folders) = (BTreeMap::new(), vec![self.state()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("folder") {
                let path = entry.expect("entry").path();
                if path.is_dir() { folders.push(path) } else { drop(files.insert(path.clone(), fs::read(path).expect("read"))) }
            }
        }
        files
    }
}

fn free_ports() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Neither in the range of ephemeral ports nor where another run of this test begins.
    let begin = 10_000_u16.saturating_add(u16::try_from(Sys::real().below(3_000)).expect("small").saturating_mul(5));
    loop {
        let first = begin.saturating_add(NEXT.fetch_add(5, Ordering::Relaxed));
        if (0..5).all(|n| TcpListener::bind(("127.0.0.1", first.saturating_add(n))).is_ok()) {
            return first;
        }
    }
}

/// Ends it as a terminal or a service manager does, and returns what it has logged.
async fn terminate(child: Child) -> String {
    let id = child.id().expect("it runs").to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.expect("told").success());
    let output = timeout(HANGS, child.wait_with_output()).await.expect("it ends").expect("waited");
    assert!(output.status.success());
    String::from_utf8(output.stderr).expect("text")
}

/// It prints all addresses and the demonstration accounts, and they work. Work that was requested just before the stop is
/// completed.
#[tokio::test]
async fn it_prints_the_addresses_and_completes_pending_work() {
    let installation = Installation::new();
    let (child, said) = installation.start(&[]).await;
    let at = |n: u16| installation.port.saturating_add(n);
    for line in [
        format!("API        http://localhost:{}", at(0)),
        format!("WebSocket  ws://localhost:{}/development", at(1)),
        format!("Docs       http://localhost:{}/docs", at(0)),
        format!("Console    http://localhost:{}", at(2)),
        "Frontends  http://localhost:*, http://127.0.0.1:*".to_owned(),
    ] {
        assert!(said.lines().any(|l| l == line), "{line} in {said}");
    }
    assert!(said.contains(PASSWORD) && said.contains("zeno       zeno@example.test  superuser\n"), "{said}");
    assert!(ACCOUNTS.iter().all(|a| said.lines().any(|l| l.starts_with(a.username) && l.contains(a.email))), "{said}");

    let http = reqwest::Client::new();
    for url in [format!("http://127.0.0.1:{}/docs", at(0)), format!("http://127.0.0.1:{}/", at(2))] {
        assert_eq!(http.get(&url).send().await.expect("an answer").status(), 200, "{url}");
    }
    let registration = http.post(format!("http://127.0.0.1:{}/v1/registrations", at(0)));
    let reply = registration.header("content-type", "application/json").body(json!({ "email": "late@example.test" }).to_string());
    assert_eq!(reply.send().await.expect("an answer").status(), 201);
    let said = terminate(child).await;
    let lines: Vec<&str> = said.lines().filter(|line| line.contains(" request: ")).collect();
    let [docs, registration] = lines.as_slice() else { panic!("a line for each request, and none for those of the start: {said}") };
    assert!(docs.contains("GET /docs 200 ") && registration.contains("POST /v1/registrations 201 "), "{said}");
    assert!(lines.iter().all(|line| line.contains(" ms ") && line.ends_with('=')), "duration and request id: {said}");
    let inbox = fs::read_to_string(installation.state().join("inbox.jsonl")).expect("the inbox");
    assert!(inbox.contains("late@example.test"), "the mail was under way: {inbox}");
}

/// With `--no-limits` many people register from one address, and the output says that the limits are lifted.
#[tokio::test]
async fn limits_are_lifted_for_a_run() {
    let installation = Installation::new();
    let (child, said) = installation.start(&["--no-limits"]).await;
    assert!(said.contains("The rate limits are lifted"), "{said}");
    let http = reqwest::Client::new();
    for n in 0..12 {
        let registration = http.post(format!("http://127.0.0.1:{}/v1/registrations", installation.port));
        let body = json!({ "email": format!("many{n}@example.test") }).to_string();
        let reply = registration.header("content-type", "application/json").body(body).send().await.expect("an answer");
        assert_eq!(reply.status(), 201, "{n}");
    }
    terminate(child).await;
    let (child, said) = installation.start(&[]).await;
    assert!(!said.contains("rate limits"), "only for that run: {said}");
    terminate(child).await;
}

/// Many people try to sign in at once, each of which takes 19 MB for a moment. Afterwards the memory is free again.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_memory_of_a_peak_is_given_back() {
    let installation = Installation::new();
    let (child, _) = installation.start(&[]).await;
    let process = child.id().expect("it runs");
    // In kB.
    let memory = |what: &str| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
        let line = status.lines().find(|line| line.starts_with(what)).expect("a line");
        line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).expect("a number")
    };
    // Unknown names from different addresses: the same work is done as for known ones, and no limit is reached.
    let sign_in = |n: u8| {
        let client = reqwest::Client::builder().local_address(IpAddr::from([127, 0, 2, n])).build().expect("a client");
        let request = client.post(format!("http://127.0.0.1:{}/v1/sessions", installation.port));
        let body = json!({ "login": format!("nobody{n}"), "password": PASSWORD }).to_string();
        async move { request.header("content-type", "application/json").body(body).send().await.expect("an answer").status().as_u16() }
    };
    assert_eq!(join_all((1..=40).map(sign_in)).await, [401; 40]);
    assert!(memory("VmHWM") > 250_000, "{}", memory("VmHWM"));
    // Without the binary, which is large in a debug build.
    let low = async {
        while memory("RssAnon") > 65_000 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    assert!(timeout(Duration::from_secs(60), low).await.is_ok(), "{} kB", memory("RssAnon"));
    terminate(child).await;
}

/// What was answered with success before the process is killed is completed after the next start: no mail is missing.
#[tokio::test]
async fn a_kill_loses_no_event() {
    let installation = Installation::new();
    let (mut child, _) = installation.start(&[]).await;
    let register = |n: u8| {
        // Each from an address of its own, because registrations by one client are limited.
        let client = reqwest::Client::builder().local_address(IpAddr::from([127, 0, 1, n])).build().expect("a client");
        let request = client.post(format!("http://127.0.0.1:{}/v1/registrations", installation.port));
        let body = json!({ "email": format!("killed{n}@example.test") }).to_string();
        async move { request.header("content-type", "application/json").body(body).send().await.expect("an answer").status().as_u16() }
    };
    for round in [1, 7] {
        assert_eq!(join_all((round..round + 6).map(register)).await, [201; 6]);
        child.kill().await.expect("killed");
        child = installation.start(&[]).await.0;
    }
    let inbox = || fs::read_to_string(installation.state().join("inbox.jsonl")).unwrap_or_default();
    let all = async {
        while !(1..13).all(|n| inbox().contains(&format!("killed{n}@example.test"))) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(HANGS, all).await.expect("every mail arrives");
    terminate(child).await;
}

/// A port in use is named, with the way to solve it, before anything is created.
#[tokio::test]
async fn a_port_in_use_is_named() {
    let installation = Installation::new();
    let taken = installation.port.saturating_add(2);
    let _holder = TcpListener::bind(("127.0.0.1", taken)).expect("free");
    let said = installation.complaint(&[]).await;
    assert!(said.contains(&format!("port {taken} is in use")) && said.contains("--port"), "{said}");
    assert!(!installation.state().exists(), "nothing was made");
}

/// A damaged file of the state is named, with the ways to solve it, and everything stays as it was.
#[tokio::test]
async fn a_damaged_state_is_named_and_left_alone() {
    const KNOWN: [&str; 9] = [
        "breached-passwords.json",
        "clock",
        "credentials.json",
        "dead-letters.json",
        "dynamodb.db",
        "inbox.jsonl",
        "invocations.db",
        "secrets.json",
        "streams.json",
    ];
    let installation = Installation::new();
    let (child, _) = installation.start(&[]).await;
    drop(terminate(child).await);
    installation.merge_write_ahead_logs();
    let database = installation.state().join("dynamodb.db");
    // Not checked: the lock, and a file that is only written.
    let others = ["stoa.lock", "operator.env"];
    for file in
        installation.files().keys().filter_map(|f| f.strip_prefix(installation.state()).ok()).filter(|f| f.components().count() == 1)
    {
        let name = file.to_str().expect("a name");
        assert!(KNOWN.contains(&name) || others.contains(&name), "{name} is damaged in no test");
    }

    for name in KNOWN {
        let file = installation.state().join(name);
        let good = fs::read(&file).ok();
        left_alone(&installation, &file, b"no such thing\n").await;
        match good {
            Some(good) => fs::write(&file, good).expect("restored"),
            None => fs::remove_file(&file).expect("removed"),
        }
    }
    // The header is that of a database, the rest is not.
    let good = fs::read(&database).expect("the database");
    let mut torn = good.clone();
    torn.get_mut(4096..).expect("more than a page").fill(b'x');
    left_alone(&installation, &database, &torn).await;

    let (child, _) = installation.start(&["--fresh"]).await;
    drop(terminate(child).await);
}

/// A part of the state that is missing, or empty, beside the others is named instead of being made anew. A start that was killed
/// before it had made all parts is completed by the next one.
#[tokio::test]
async fn a_part_that_was_lost_is_named_and_nothing_is_made_anew() {
    let installation = Installation::new();
    let (child, _) = installation.start(&[]).await;
    terminate(child).await;
    installation.merge_write_ahead_logs();
    let (state, aside) = (installation.state(), installation.folder.path().join("aside"));
    for (part, instead) in
        [("secrets.json", None), ("secrets.json", Some("{}")), ("dynamodb.db", None), ("dynamodb.db", Some("")), ("s3", None)]
    {
        let file = state.join(part);
        fs::rename(&file, &aside).expect("moved away");
        if let Some(content) = instead {
            fs::write(&file, content).expect("emptied");
        }
        let before = installation.files();
        let said = installation.complaint(&[]).await;
        assert!(said.contains(&file.display().to_string()) && said.contains("--fresh"), "{part}, {instead:?}: {said}");
        assert!(before == installation.files(), "{part}, {instead:?}: something was changed");
        if instead.is_some() {
            fs::remove_file(&file).expect("removed");
        }
        fs::rename(&aside, &file).expect("restored");
    }
    for entry in fs::read_dir(&state).expect("the state").map(|entry| entry.expect("entry").path()) {
        if !["stoa.lock", "secrets.json"].iter().any(|kept| entry.ends_with(kept)) {
            if entry.is_dir() { fs::remove_dir_all(entry).expect("removed") } else { fs::remove_file(entry).expect("removed") }
        }
    }
    let (child, _) = installation.start(&[]).await;
    terminate(child).await;
}

async fn left_alone(installation: &Installation, file: &Path, content: &[u8]) {
    fs::write(file, content).expect("damaged");
    let before = installation.files();
    let said = installation.complaint(&[]).await;
    assert!(said.contains(&file.display().to_string()) && said.contains("--fresh") && !said.contains("encrypt"), "{said}");
    assert!(before == installation.files(), "{}: something was changed", file.display());
}

/// A template that cannot be deployed is named, with the installation, and `--fresh` deletes nothing.
#[tokio::test]
async fn a_broken_template_is_named_and_the_state_is_kept() {
    let installation = Installation::new();
    fs::create_dir(installation.state()).expect("folder");
    for (name, content) in [("stoa.lock", ""), ("clock", "86400000"), ("inbox.jsonl", "{}\n")] {
        fs::write(installation.state().join(name), content).expect("written");
    }
    let before = installation.files();
    let template = fs::read_to_string(at_root("template.yaml")).expect("the template");
    let file = installation.folder.path().join("broken.yaml");
    for (what, good, broken) in [
        ("YAML", "Resources:\n", "Resources: [\n"),
        ("a type", "Type: AWS::Events::EventBus", "Type: AWS::Events::EvenBus"),
        ("a policy", "- Effect: Allow", "- Effect: Perhaps"),
        ("a pattern", "detail-type: [account_purge_due]", "detail-type: [{regex: '.*'}]"),
        ("a filter", r#""eventName":["INSERT"]"#, r#""eventName":[{"regex":".*"}]"#),
        ("a table", "{AttributeName: pk, KeyType: HASH}", "{AttributeName: nobody, KeyType: HASH}"),
        ("a schedule", "cron(0/15 * * * ? *)", "cron(0/15 * *)"),
        ("a reference", "STAGE: !Ref Stage", "STAGE: '{{resolve:secretsmanager:nobody:SecretString}}'"),
        ("a route", "#/components/x-amazon-apigateway-integrations/login", "#/components/x-amazon-apigateway-integrations/nobody"),
        ("a door", "FunctionName: !Ref LoginFunction", "FunctionName: !Ref ProfileFunction"),
    ] {
        let text = template.replacen(good, broken, 1);
        assert_ne!(text, template, "{what}: the template has no {good}");
        fs::write(&file, text).expect("written");
        let said = installation.complaint(&["--fresh", "--template", file.to_str().expect("a path")]).await;
        assert!(said.contains(&file.display().to_string()), "{what}: {said}");
        assert!(before == installation.files(), "{what}: something was changed");
    }
    for empty in ["", "Resources: {}\n", "Description: nothing\n"] {
        fs::write(&file, empty).expect("written");
        let said = installation.complaint(&["--fresh", "--template", file.to_str().expect("a path")]).await;
        assert!(said.contains(&file.display().to_string()) && said.contains("Resources"), "{empty:?}: {said}");
        assert!(before == installation.files(), "{empty:?}: something was changed");
    }
    fs::write(&file, template.replacen("          MAIL_FROM: !Ref MailFrom\n", "", 1)).expect("written");
    let said = installation.complaint(&["--fresh", "--template", file.to_str().expect("a path")]).await;
    assert!(said.contains("audit-seal") && said.contains("MAIL_FROM is missing"), "{said}");
    assert!(before == installation.files(), "a function that refuses its configuration costs nothing either");
    let missing = installation.complaint(&["--template", "/nowhere/template.yaml"]).await;
    assert!(missing.contains("/nowhere/template.yaml") && missing.contains("--template"), "{missing}");
}
