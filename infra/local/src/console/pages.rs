//! The pages: constant text, embedded in the binary. Their scripts fetch the data from `/_local/…` and insert it as text, so that
//! nothing a user wrote is interpreted as HTML.

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};

use super::guard::POLICY;
use crate::Urls;

struct Page {
    path: &'static str,
    name: &'static str,
    script: &'static str,
    main: &'static str,
    /// The field of `/_local/status` that is shown as a number beside the name.
    counts: Option<&'static str>,
}

macro_rules! page {
    ($path:expr, $name:literal, $file:literal, $counts:expr) => {
        Page {
            path: $path,
            name: $name,
            script: concat!($file, ".js"),
            main: include_str!(concat!("assets/", $file, ".html")),
            counts: $counts,
        }
    };
}

/// The page that uses the API as a frontend does. Its script imports the client from there.
const TRY: &str = "/try";

const PAGES: &[Page] = &[
    page!("/", "Overview", "overview", None),
    page!(TRY, "Try it", "try", None),
    page!("/inbox", "Inbox", "inbox", Some("inbox")),
    page!("/requests", "Requests", "requests", None),
    page!("/events", "Events", "events", None),
    page!("/files", "Files", "files", None),
    page!("/tables", "Tables", "tables", None),
    page!("/clock", "Clock", "clock", None),
    page!("/schedules", "Schedules", "schedules", None),
    page!("/connections", "Connections", "connections", Some("connections")),
    page!("/calls", "Calls", "calls", None),
    page!("/faults", "Faults", "faults", Some("faults")),
    page!("/breached-passwords", "Breached passwords", "breached-passwords", None),
    page!("/dead-letters", "Dead letters", "dead-letters", Some("dead_letters")),
];

/// The pages whose number says that something is not as usual.
const ALARMS: [&str; 2] = ["/faults", "/dead-letters"];

const LAYOUT: &str = include_str!("assets/layout.html");

macro_rules! assets {
    ($($file:literal $kind:literal;)*) => {
        fn content(file: &str) -> Option<(&'static str, &'static str)> {
            match file {
                $($file => Some(($kind, include_str!(concat!("assets/", $file)))),)*
                // What all pages of the system have in common.
                "stoa.css" => Some(("text/css; charset=utf-8", web::STYLE)),
                "logo.svg" => Some(("image/svg+xml", web::LOGO)),
                _ => None,
            }
        }
    };
}

assets! {
    "style.css" "text/css; charset=utf-8";
    "console.js" "text/javascript; charset=utf-8";
    "overview.js" "text/javascript; charset=utf-8";
    "try.js" "text/javascript; charset=utf-8";
    "try-texts.js" "text/javascript; charset=utf-8";
    "inbox.js" "text/javascript; charset=utf-8";
    "clock.js" "text/javascript; charset=utf-8";
    "schedules.js" "text/javascript; charset=utf-8";
    "connections.js" "text/javascript; charset=utf-8";
    "tables.js" "text/javascript; charset=utf-8";
    "calls.js" "text/javascript; charset=utf-8";
    "breached-passwords.js" "text/javascript; charset=utf-8";
    "dead-letters.js" "text/javascript; charset=utf-8";
    "requests.js" "text/javascript; charset=utf-8";
    "events.js" "text/javascript; charset=utf-8";
    "files.js" "text/javascript; charset=utf-8";
    "faults.js" "text/javascript; charset=utf-8";
}

/// The routes of the pages and of their assets.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(urls: &Urls) -> Router<S> {
    PAGES.iter().fold(Router::new().route("/assets/{file}", get(asset)), |router, page| {
        let html = render(page);
        let policy = if page.path == TRY { policy_of_frontend(urls) } else { POLICY.to_owned() };
        router.route(page.path, get(move || async move { ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)) }))
    })
}

/// The policy of a page that also loads the client from the API, calls it and opens sockets.
fn policy_of_frontend(urls: &Urls) -> String {
    let socket = urls.socket.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let script = POLICY.replace("script-src 'self'", &format!("script-src 'self' {}", urls.api));
    script.replace("connect-src 'self'", &format!("connect-src 'self' {} {socket}", urls.api))
}

async fn asset(Path(file): Path<String>) -> Response {
    match content(&file) {
        Some((kind, text)) => ([(header::CONTENT_TYPE, kind)], text).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn render(page: &Page) -> String {
    let nav: String = PAGES.iter().map(|p| link(p, p.path == page.path)).collect();
    LAYOUT.replace("{{title}}", page.name).replace("{{script}}", page.script).replace("{{nav}}", &nav).replace("{{main}}", page.main)
}

fn link(page: &Page, here: bool) -> String {
    let current = if here { r#" aria-current="page""# } else { "" };
    let alarm = if ALARMS.contains(&page.path) { " alarm" } else { "" };
    let badge = page.counts.map_or_else(String::new, |c| format!(r#"<span class="count{alarm}" id="count-{c}" hidden></span>"#));
    format!("    <li><a href=\"{}\"{current}>{}{badge}</a></li>\n", page.path, page.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_script_and_no_external_resources() {
        for page in PAGES {
            assert!(content(page.script).is_some(), "{}", page.script);
            let html = render(page);
            assert!(!html.contains("{{"), "{html}");
            assert_eq!(html.matches("aria-current").count(), 1);
            // The content security policy would refuse both.
            assert!(!html.contains("style=") && !html.contains("onclick="), "{}", page.name);
            assert!(!html.contains("://") || page.path == "/inbox", "{}", page.name);
        }
    }
}
