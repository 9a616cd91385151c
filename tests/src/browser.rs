//! A real browser: headless Chromium with a virtual authenticator, driven by the DevTools protocol.

use std::{path::PathBuf, process::Stdio, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpStream, process::Child};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use crate::PATIENCE;

/// The address of an empty page.
const BLANK: &str = "about:blank";

/// One page in a browser of its own. Dropping this value closes the browser.
pub struct Browser {
    page: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_id: u64,
    events: Vec<Value>,
    _process: Child,
    _profile: TempDir,
}

/// The middle of an element, if a click would meet it there. What is loaded above an element moves it.
const AIM: &str = r"(async () => {
    const node = document.querySelector(SELECTOR);
    node?.scrollIntoView({ block: 'center' });
    const middle = () => (({ x, y, width, height }) => [x + width / 2, y + height / 2])(node.getBoundingClientRect());
    const before = node && middle();
    await new Promise(then => requestAnimationFrame(then));
    return Boolean(node?.isConnected) && String(before) === String(middle()) && node.contains(document.elementFromPoint(...before)) && before;
})()";

/// Returns the path of the browser: `CHROMIUM`, or the one of Debian.
#[must_use]
pub fn chromium() -> PathBuf {
    std::env::var_os("CHROMIUM").map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from)
}

impl Browser {
    /// Opens a page.
    ///
    /// # Panics
    /// If there is no browser, or it does not open the page.
    pub async fn open(url: &str) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let quiet =
            ["disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"];
        let process = tokio::process::Command::new(chromium())
            .args(["--headless", "--no-sandbox", "--remote-debugging-port=0"])
            .args(quiet.map(|flag| format!("--{flag}")))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(BLANK)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", chromium().display()));
        let port_file = profile.path().join("DevToolsActivePort");
        let port = async {
            loop {
                let text = tokio::fs::read_to_string(&port_file).await.unwrap_or_default();
                if let Some(port) = text.lines().next().filter(|_| text.contains('\n')) {
                    return port.to_owned();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let port = tokio::time::timeout(PATIENCE, port).await.expect("the browser listens");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        // The text after a `#` would not be sent.
        let url = url.replace('#', "%23");
        let new = http.put(format!("http://127.0.0.1:{port}/json/new?{url}")).send().await.expect("the browser answers");
        let target: Value = serde_json::from_slice(&new.bytes().await.expect("a body")).expect("a target");
        let (page, _) = connect_async(target["webSocketDebuggerUrl"].as_str().expect("a page")).await.expect("the page listens");
        let mut browser = Self { page, last_id: 0, events: Vec::new(), _process: process, _profile: profile };
        // The browser begins with an empty page, which has no value while it is being left.
        browser.loaded(true).await;
        browser
    }

    /// Waits until the page is loaded, and is another than the empty one or not. The page that is being left is loaded, too.
    async fn loaded(&mut self, is_other: bool) {
        self.until(&format!("(location.href !== '{BLANK}') === {is_other} && document.readyState === 'complete'")).await;
    }

    /// Opens another address in the same page, with its storage.
    ///
    /// # Panics
    /// If the page does not load.
    pub async fn go(&mut self, url: &str) {
        // Two addresses that differ only in the fragment are the same document, so the empty page is loaded in between.
        for url in [BLANK, url] {
            self.call("Page.navigate", json!({ "url": url })).await;
            self.loaded(url != BLANK).await;
        }
    }

    /// Sets the width of the window, the light or dark theme, and the preferred language, for all pages from now on.
    pub async fn look(&mut self, width: u32, theme: &str, language: &str) {
        let size = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size).await;
        self.call("Emulation.setEmulatedMedia", json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] })).await;
        self.call("Network.enable", json!({})).await;
        self.call("Network.setExtraHTTPHeaders", json!({ "headers": { "accept-language": language } })).await;
    }

    /// Runs a script repeatedly until its value is truthy.
    ///
    /// # Panics
    /// If that takes longer than [`PATIENCE`].
    pub async fn until(&mut self, script: &str) -> Value {
        let reached = async {
            loop {
                // A page that is just being left has no value.
                let value = self.try_run(script).await.unwrap_or_default();
                if value != false && !value.is_null() && value != "" {
                    return value;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if let Ok(value) = tokio::time::timeout(PATIENCE, reached).await {
            return value;
        }
        let shown = self.try_run("`${location.href}\n${document.body.innerText}`").await;
        let errors = self.errors().await;
        panic!("{script} never holds: {}\n{errors:?}", shown.unwrap_or_default().as_str().unwrap_or_default())
    }

    /// Adds a virtual authenticator that stores passkeys and always verifies its user.
    pub async fn plug_in(&mut self) {
        self.call("WebAuthn.enable", json!({})).await;
        let options = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "automaticPresenceSimulation": true,
        });
        self.call("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await;
    }

    /// Runs a script in the page and returns its value, or that of its promise.
    ///
    /// # Panics
    /// If it throws, showing the exception.
    pub async fn run(&mut self, script: &str) -> Value {
        self.try_run(script).await.unwrap_or_else(|e| panic!("{script}: {e}"))
    }

    /// Like [`Browser::run`], but returns the browser's error if the page changes in the meantime.
    async fn try_run(&mut self, script: &str) -> Result<Value, Value> {
        let params = json!({ "expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let answer = self.try_call("Runtime.evaluate", params).await?;
        assert!(answer["exceptionDetails"].is_null(), "{script}: {}", answer["exceptionDetails"]);
        Ok(answer["result"]["value"].clone())
    }

    /// Presses a key: `Tab`, `Enter` or `Escape`.
    pub async fn press(&mut self, key: &str) {
        let (number, text) = match key {
            "Tab" => (9, None),
            "Enter" => (13, Some("\r")),
            _ => (27, None),
        };
        let mut event = json!({ "type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": number });
        if let Some(text) = text {
            event["text"] = json!(text);
        }
        self.call("Input.dispatchKeyEvent", event.clone()).await;
        event["type"] = json!("keyUp");
        self.call("Input.dispatchKeyEvent", event).await;
    }

    /// Types a text into the focused element.
    pub async fn enter(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Clicks with the mouse `times` times in a row, in the middle of the first element that a selector finds, once nothing is over it and
    /// it has not moved for a frame.
    ///
    /// # Panics
    /// If that takes longer than [`PATIENCE`].
    pub async fn click(&mut self, selector: &str, times: u32) {
        let place = self.until(&AIM.replace("SELECTOR", &json!(selector).to_string())).await;
        for n in 1..=times {
            for kind in ["mousePressed", "mouseReleased"] {
                let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": n });
                self.call("Input.dispatchMouseEvent", event).await;
            }
        }
    }

    /// Returns the errors in the page's console since it was opened.
    pub async fn errors(&mut self) -> Vec<Value> {
        // When they are enabled, both domains report the messages since the page was opened.
        self.call("Runtime.enable", json!({})).await;
        self.call("Log.enable", json!({})).await;
        self.run("0").await;
        let is_error = |event: &Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => event["params"]["type"] == "error",
            Some("Log.entryAdded") => event["params"]["entry"]["level"] == "error",
            _ => false,
        };
        self.events.drain(..).filter(is_error).collect()
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.try_call(method, params).await.unwrap_or_else(|e| panic!("{method}: {e}"))
    }

    async fn try_call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.last_id += 1;
        let id = self.last_id;
        let frame = json!({ "id": id, "method": method, "params": params }).to_string();
        self.page.send(Message::text(frame)).await.expect("the page listens");
        let answer = async {
            while let Some(Ok(frame)) = self.page.next().await {
                let Message::Text(text) = frame else { continue };
                let frame: Value = serde_json::from_str(&text).expect("JSON");
                if frame["id"] == id {
                    return frame;
                }
                self.events.push(frame);
            }
            panic!("the page is gone");
        };
        let answer = tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| panic!("{method} takes too long"));
        if answer["error"].is_null() { Ok(answer["result"].clone()) } else { Err(answer["error"].clone()) }
    }
}
