//! A readable description of a client, which its owner recognises: "Firefox 140", "Linux", a desktop.
//!
//! Clients can send any `User-Agent`, so it proves nothing. It only helps people to distinguish their own sessions and devices.

use serde::Serialize;
use utoipa::ToSchema;

/// A client as described by its `User-Agent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Agent {
    /// The kind of device.
    pub device: Device,
    /// The browser and its version.
    #[schema(examples("Firefox 140"))]
    pub browser: Option<String>,
    /// The operating system.
    #[schema(examples("Linux"))]
    pub system: Option<String>,
}

/// The kind of device of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// A computer.
    Desktop,
    /// A phone.
    Mobile,
    /// A tablet.
    Tablet,
    /// A crawler or another program.
    Bot,
    /// Not known from the `User-Agent`.
    Unknown,
}

/// Browsers and their product names, by priority, because most `User-Agent`s contain several product names.
const BROWSERS: [(&str, &str); 9] = [
    ("EdgiOS/", "Edge"),
    ("EdgA/", "Edge"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
];

impl Agent {
    /// Parses a `User-Agent`.
    #[must_use]
    pub fn of(user_agent: &str) -> Self {
        let named = BROWSERS.iter().find_map(|(product, name)| Some((*name, after(user_agent, product)?)));
        let safari = || user_agent.contains("Safari/").then(|| after(user_agent, "Version/")).flatten().map(|rest| ("Safari", rest));
        let browser = named.or_else(safari).map(|(name, rest)| {
            let version: String = rest.chars().take_while(char::is_ascii_digit).take(4).collect();
            format!("{name} {version}").trim_end().to_owned()
        });
        Self { device: device(user_agent), browser, system: system(user_agent) }
    }
}

fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_once(mark).map(|(_, rest)| rest)
}

fn device(ua: &str) -> Device {
    let lower = ua.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if has(&["bot", "crawler", "spider", "curl/", "wget/", "python-", "headless"]) {
        Device::Bot
    } else if has(&["ipad", "tablet"]) || (has(&["android"]) && !has(&["mobile"])) {
        Device::Tablet
    } else if has(&["iphone", "mobile"]) {
        Device::Mobile
    } else if has(&["windows", "macintosh", "linux", "x11", "cros"]) {
        Device::Desktop
    } else {
        Device::Unknown
    }
}

fn system(ua: &str) -> Option<String> {
    let versioned = |name: &str, rest: &str| {
        let version: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '_' || *c == '.').take(10).collect();
        format!("{name} {}", version.replace('_', ".")).trim_end_matches(['.', ' ']).to_owned()
    };
    if let Some(rest) = after(ua, "iPhone OS ") {
        return Some(versioned("iOS", rest));
    }
    if let Some(rest) = after(ua, "CPU OS ") {
        return Some(versioned("iPadOS", rest));
    }
    if let Some(rest) = after(ua, "Android ") {
        return Some(versioned("Android", rest));
    }
    let plain = [("Windows", "Windows"), ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")];
    plain.iter().find(|(mark, _)| ua.contains(mark)).map(|(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_recognised() {
        for (ua, device, browser, system) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Device::Desktop, "Firefox 140", "Linux"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
                Device::Mobile,
                "Safari 17",
                "iOS 17.0",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
                Device::Desktop,
                "Edge 130",
                "Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
                Device::Tablet,
                "Chrome 130",
                "Android 14",
            ),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Device::Bot, "", ""),
            ("A phone of somebody", Device::Unknown, "", ""),
            ("", Device::Unknown, "", ""),
        ] {
            let agent = Agent::of(ua);
            let read = (agent.device, agent.browser.unwrap_or_default(), agent.system.unwrap_or_default());
            assert_eq!(read, (device, browser.to_owned(), system.to_owned()), "{ua}");
        }
    }
}
