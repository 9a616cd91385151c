//! The pages: constant text, embedded in the binary, in English and Polish. Their scripts fetch the data from `/_local/…` and insert
//! it as text, so that nothing a user wrote is interpreted as HTML.
//!
//! The texts are in `locales/`. Those of pages stand in the templates as `{{key}}`; scripts get all of them as JSON.

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use events::Notice;
use kernel::{Locale, Messages};
use serde_json::{Map, Value};

use super::guard::POLICY;
use crate::Urls;

const TEXTS: Messages = Messages::new(kernel::in_every_language!("console.ftl"));
/// The name of the query parameter that chooses the language, and of the cookie that remembers it.
const LANGUAGE: &str = "lang";

struct Page {
    path: &'static str,
    /// The key of its name.
    title: &'static str,
    script: &'static str,
    main: &'static str,
    /// The field of `/_local/status` that is shown as a number beside the name.
    counts: Option<&'static str>,
}

macro_rules! page {
    ($path:expr, $file:literal, $counts:expr) => {
        Page {
            path: $path,
            title: concat!($file, "-title"),
            script: concat!($file, ".js"),
            main: include_str!(concat!("assets/", $file, ".html")),
            counts: $counts,
        }
    };
}

/// The page that uses the API as a frontend does. Its script imports the JavaScript client from the API.
const TRY: &str = "/try";

const PAGES: &[Page] = &[
    page!("/", "overview", None),
    page!(TRY, "try", None),
    page!("/inbox", "inbox", Some("inbox")),
    page!("/requests", "requests", None),
    page!("/events", "events", None),
    page!("/files", "files", None),
    page!("/tables", "tables", None),
    page!("/clock", "clock", None),
    page!("/schedules", "schedules", None),
    page!("/connections", "connections", Some("connections")),
    page!("/calls", "calls", None),
    page!("/faults", "faults", Some("faults")),
    page!("/breached-passwords", "breached-passwords", None),
    page!("/stripe", "stripe", None),
    page!("/dead-letters", "dead-letters", Some("dead_letters")),
    page!("/alarms", "alarms", None),
];

/// The pages whose number is highlighted, because it reports a problem.
const ALARMS: [&str; 2] = ["/faults", "/dead-letters"];

const LAYOUT: &str = include_str!("assets/layout.html");

macro_rules! assets {
    ($($file:literal $kind:literal;)*) => {
        fn content(file: &str) -> Option<(&'static str, &'static str)> {
            match file {
                $($file => Some(($kind, include_str!(concat!("assets/", $file)))),)*
                // The style that all pages of the system share.
                "stoa.css" => Some(("text/css; charset=utf-8", web::STYLE)),
                "tool.css" => Some(("text/css; charset=utf-8", web::TOOL_STYLE)),
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
    "try-cart.js" "text/javascript; charset=utf-8";
    "try-members.js" "text/javascript; charset=utf-8";
    "try-notifications.js" "text/javascript; charset=utf-8";
    "try-orders.js" "text/javascript; charset=utf-8";
    "try-pane.js" "text/javascript; charset=utf-8";
    "try-parts.js" "text/javascript; charset=utf-8";
    "try-payments.js" "text/javascript; charset=utf-8";
    "try-people.js" "text/javascript; charset=utf-8";
    "try-room.js" "text/javascript; charset=utf-8";
    "try-rooms.js" "text/javascript; charset=utf-8";
    "try-shop.js" "text/javascript; charset=utf-8";
    "try-staff.js" "text/javascript; charset=utf-8";
    "try-support.js" "text/javascript; charset=utf-8";
    "try-texts.js" "text/javascript; charset=utf-8";
    "inbox.js" "text/javascript; charset=utf-8";
    "clock.js" "text/javascript; charset=utf-8";
    "schedules.js" "text/javascript; charset=utf-8";
    "connections.js" "text/javascript; charset=utf-8";
    "tables.js" "text/javascript; charset=utf-8";
    "calls.js" "text/javascript; charset=utf-8";
    "breached-passwords.js" "text/javascript; charset=utf-8";
    "stripe.js" "text/javascript; charset=utf-8";
    "dead-letters.js" "text/javascript; charset=utf-8";
    "alarms.js" "text/javascript; charset=utf-8";
    "requests.js" "text/javascript; charset=utf-8";
    "events.js" "text/javascript; charset=utf-8";
    "files.js" "text/javascript; charset=utf-8";
    "faults.js" "text/javascript; charset=utf-8";
}

/// Returns the routes of the pages and of their assets.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(urls: &Urls) -> Router<S> {
    PAGES.iter().fold(Router::new().route("/assets/{file}", get(asset)), |router, page| {
        let policy = if page.path == TRY { policy_of_frontend(urls) } else { POLICY.to_owned() };
        let answered =
            move |uri: Uri, headers: HeaderMap| async move { ([(header::CONTENT_SECURITY_POLICY, policy)], answer(page, &uri, &headers)) };
        router.route(page.path, get(answered))
    })
}

fn answer(page: &Page, uri: &Uri, headers: &HeaderMap) -> Response {
    let chosen = chosen(uri);
    let accepted = || headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).and_then(Locale::negotiate);
    let locale = chosen.or_else(|| remembered(headers)).or_else(accepted).unwrap_or_default();
    let remember = chosen.map(|l| [(header::SET_COOKIE, format!("{LANGUAGE}={}; Max-Age=31536000; Path=/; SameSite=Strict", l.tag()))]);
    (remember, Html(render(page, locale))).into_response()
}

/// Returns the language in the query of the address.
fn chosen(uri: &Uri) -> Option<Locale> {
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.find_map(|(name, tag)| (name == LANGUAGE).then(|| Locale::from_tag(&tag)).flatten())
}

/// Returns the language in the cookie, from an earlier choice.
fn remembered(headers: &HeaderMap) -> Option<Locale> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';')).filter_map(|pair| str::from_utf8(pair).ok());
    pairs.filter_map(|pair| pair.trim().split_once('=')).find_map(|(name, tag)| (name == LANGUAGE).then(|| Locale::from_tag(tag)).flatten())
}

/// Returns the policy of a page that also loads the client from the API, calls it, opens sockets and uploads files.
fn policy_of_frontend(urls: &Urls) -> String {
    let socket = urls.socket.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let script = POLICY.replace("script-src 'self'", &format!("script-src 'self' {}", urls.api));
    script.replace("connect-src 'self'", &format!("connect-src 'self' {} {socket} {}", urls.api, urls.aws))
}

async fn asset(Path(file): Path<String>) -> Response {
    match content(&file) {
        Some((kind, text)) => ([(header::CONTENT_TYPE, kind)], text).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn render(page: &Page, locale: Locale) -> String {
    let say = |key: &str| TEXTS.text(locale, key, &[]);
    filled(LAYOUT, |key| match key {
        "locale" => locale.tag().to_owned(),
        "title" => say(page.title),
        "script" => page.script.to_owned(),
        "nav" => PAGES.iter().map(|p| link(p, p.path == page.path, locale)).collect(),
        "languages" => Locale::ALL.into_iter().filter(|other| *other != locale).map(switch).collect(),
        "texts" => texts(locale),
        "main" => filled(page.main, say),
        text => say(text),
    })
}

/// Returns a template with each `{{key}}` in it replaced.
fn filled(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut parts = template.split("{{");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |html, part| match part.split_once("}}") {
        Some((key, rest)) => html + &value(key) + rest,
        None => html + part,
    })
}

/// Returns all texts of a language as JSON for a script element. The values that a script fills in stand as `{$name}` in them.
fn texts(locale: Locale) -> String {
    let own = TEXTS.keys(locale).into_iter().map(|key| {
        let text = TEXTS.text(locale, &key, &[]);
        (key, Value::from(text))
    });
    // A notification says what its mail says.
    let notices =
        Notice::ALL.iter().map(|notice| (format!("notice-{}", notice.name()), Value::from(outbound::heading(notice.name(), locale))));
    // The script element would end at `</`, even within a string.
    Value::Object(own.chain(notices).collect::<Map<_, _>>()).to_string().replace('<', "\\u003c")
}

fn link(page: &Page, here: bool, locale: Locale) -> String {
    let current = if here { r#" aria-current="page""# } else { "" };
    let alarm = if ALARMS.contains(&page.path) { " alarm" } else { "" };
    let badge = page.counts.map_or_else(String::new, |c| format!(r#"<span class="count{alarm}" id="count-{c}" hidden></span>"#));
    format!("    <li><a href=\"{}\"{current}>{}{badge}</a></li>\n", page.path, TEXTS.text(locale, page.title, &[]))
}

/// Returns the link to this page in another language.
fn switch(other: Locale) -> String {
    let (tag, name) = (other.tag(), TEXTS.text(other, "language", &[]));
    format!("<li><a href=\"?{LANGUAGE}={tag}\" hreflang=\"{tag}\" lang=\"{tag}\">{name}</a></li>")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn scripts() -> String {
        let names = "cart members notifications orders pane parts payments people room rooms shop staff support texts";
        let parts: Vec<String> = names.split(' ').map(|part| format!("try-{part}.js")).collect();
        let all = PAGES.iter().map(|page| page.script).chain(["console.js"]).chain(parts.iter().map(String::as_str));
        all.map(|name| content(name).unwrap_or_else(|| panic!("there is no {name}")).1).collect()
    }

    #[test]
    fn every_page_has_its_script_and_no_external_resources() {
        for page in PAGES {
            assert!(content(page.script).is_some(), "{}", page.script);
            for locale in Locale::ALL {
                let html = render(page, locale);
                assert!(!html.contains("{{"), "{html}");
                assert_eq!(html.matches("aria-current").count(), 1);
                // The content security policy would refuse both.
                assert!(!html.contains("style=") && !html.contains("onclick="), "{}", page.path);
                assert!(!html.contains("://"), "{}", page.path);
            }
        }
    }

    #[test]
    fn every_text_is_in_every_language_and_used() {
        assert_eq!(TEXTS.faults(), [""; 0]);
        let templates: String = PAGES.iter().map(|page| page.main).chain([LAYOUT]).collect();
        let in_templates = templates.split("{{").skip(1).filter_map(|part| part.split_once("}}")).map(|(key, _)| key);
        let scripts = scripts();
        // A quoted word that begins like a page is a text of it.
        let prefixes: Vec<&str> = PAGES.iter().map(|page| page.title.trim_end_matches("title")).chain(["frame-"]).collect();
        let is_text = |word: &&str| {
            prefixes.iter().any(|prefix| word.starts_with(prefix)) && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let in_scripts = scripts.split('"').filter(is_text);
        let titles = PAGES.iter().map(|page| page.title);
        let own = ["locale", "title", "script", "nav", "languages", "texts", "main"];
        let used: BTreeSet<String> =
            in_templates.filter(|key| !own.contains(key)).chain(in_scripts).chain(titles).chain(["language"]).map(str::to_owned).collect();
        assert_eq!(used, TEXTS.keys(Locale::En));
    }

    #[test]
    fn texts_of_scripts_are_json_that_ends_no_element_and_keep_their_values() {
        for locale in Locale::ALL {
            let texts = texts(locale);
            assert!(!texts.contains('<'), "{texts}");
            let texts: Value = serde_json::from_str(&texts).unwrap();
            assert!(texts["frame-ago"].as_str().unwrap().contains("{$span}"), "{texts}");
            assert!(texts["overview-about"].as_str().unwrap().contains("<code>"));
            for notice in Notice::ALL {
                assert!(texts[format!("notice-{}", notice.name())].as_str().unwrap().contains(' '), "{notice:?}");
            }
        }
    }

    #[test]
    fn the_language_is_the_chosen_one_then_the_remembered_one_then_the_accepted_one() {
        for (query, cookie, accepted, expected) in [
            ("", "", "", "en"),
            ("", "", "pl", "pl"),
            ("", "", "xx, pl;q=0.5, en;q=0.1", "pl"),
            ("", "lang=pl", "en", "pl"),
            ("", "city=Krak\u{f3}w; lang=pl", "en", "pl"),
            ("", "lang=xx; a=b", "pl", "pl"),
            ("", "language=pl", "en", "en"),
            ("?lang=en", "lang=pl", "pl", "en"),
            ("?q=a&lang=pl", "lang=en", "en", "pl"),
            ("?lang=xx", "lang=pl", "en", "pl"),
        ] {
            let latin: Vec<u8> = cookie.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, axum::http::HeaderValue::from_bytes(&latin).unwrap());
            headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
            let reply = answer(&PAGES[0], &format!("/{query}").parse().unwrap(), &headers);
            let is_chosen = query.contains("lang=en") || query.contains("lang=pl");
            assert_eq!(reply.headers().contains_key(header::SET_COOKIE), is_chosen, "{query}");
            let body = futures_util::FutureExt::now_or_never(axum::body::to_bytes(reply.into_body(), 1_000_000)).unwrap().unwrap();
            let html = String::from_utf8(body.to_vec()).unwrap();
            assert!(html.contains(&format!("<html lang=\"{expected}\">")), "{query} {cookie} {accepted}");
        }
    }
}
