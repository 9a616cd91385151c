//! HTML pages that functions serve: the targets of mailed links if there is no frontend, and errors. They share their style with the API
//! documents and the console of the local cloud.

use std::sync::{Arc, LazyLock};

use axum::response::{IntoResponse, Response};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderValue, header};
use kernel::{Kind, Locale, Messages, env::Reader, problem::ProblemDocument};
use sha2::{Digest as _, Sha256};

/// The style sheet of every page.
pub const STYLE: &str = concat!(include_str!("../assets/palette.css"), include_str!("../assets/stoa.css"));
/// The style sheet of pages that are tools, in addition to [`STYLE`].
pub const TOOL_STYLE: &str = include_str!("../assets/tool.css");
/// The logo, an SVG image in the accent colour.
pub const LOGO: &str = include_str!("../assets/logo.svg");

const TEXTS: Messages = Messages::new(kernel::in_every_language!("pages.ftl"));

/// An HTML page. Its content security policy allows only its own inline script and style, by their hashes (CSP Level 3, §2.3.1), requests
/// to its own origin, and the sources of its widget.
#[derive(Debug)]
pub struct Page<'a> {
    /// The language of its texts.
    pub locale: Locale,
    /// The title, as text.
    pub title: &'a str,
    /// The content, as HTML.
    pub main: &'a str,
    /// The script. Empty for a page without one.
    pub script: &'static str,
    /// Whether it has a form that is posted to its own origin without a script.
    pub form: bool,
    /// The widget of another service in it. Only for a page with a script.
    pub widget: Option<&'a Widget>,
}

/// A widget that a page loads from another service: a captcha.
#[derive(Clone, Debug)]
pub struct Widget {
    /// The class of the element that contains the widget.
    pub class: &'static str,
    /// The key of our site at the service. It is public.
    pub site_key: String,
    /// The address of its script.
    pub script: String,
    /// The sources of its scripts, frames, styles and requests, as a source list of a content security policy.
    pub sources: String,
}

impl Page<'_> {
    /// Returns the content security policy of the page.
    fn policy(&self) -> String {
        static STYLE_HASH: LazyLock<String> = LazyLock::new(|| hash(STYLE));
        let (also, frames) = match self.widget {
            Some(Widget { sources, .. }) => (format!(" {sources}"), format!("frame-src {sources}; ")),
            None => <(String, String)>::default(),
        };
        let runs = if self.script.is_empty() {
            String::new()
        } else {
            format!("script-src 'sha256-{}'{also}; connect-src 'self'{also}; {frames}", hash(self.script))
        };
        let posts = if self.form { "'self'" } else { "'none'" };
        format!(
            "default-src 'none'; {runs}style-src 'sha256-{}'{also}; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action {posts}",
            *STYLE_HASH
        )
    }

    fn html(&self) -> String {
        let others = Locale::ALL.into_iter().filter(|other| *other != self.locale);
        let link = |tag: &str, name: String| format!("<li><a href=\"?lang={tag}\" hreflang=\"{tag}\" lang=\"{tag}\">{name}</a></li>");
        format!(
            include_str!("../assets/page.html"),
            language = self.locale.tag(),
            title = escaped(self.title),
            style = STYLE,
            logo = LOGO,
            languages = say(self.locale, "languages"),
            others = others.map(|other| link(other.tag(), say(other, "language"))).collect::<String>(),
            main = self.main,
            script = self.scripts(),
        )
    }
}

impl Page<'_> {
    /// Returns the script elements of the page.
    fn scripts(&self) -> String {
        let own = if self.script.is_empty() { String::new() } else { format!("<script>{}</script>", self.script) };
        let outer = self.widget.map(|widget| format!("\n<script src=\"{}\" async defer></script>", escaped(&widget.script)));
        own + &outer.unwrap_or_default()
    }
}

impl IntoResponse for Page<'_> {
    fn into_response(self) -> Response {
        let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], self.html()).into_response();
        if let Ok(policy) = HeaderValue::try_from(self.policy()) {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

fn hash(inline: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(inline))
}

/// Text with the special characters of HTML escaped, also for use in quoted attributes.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut html, c| {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
        html
    })
}

/// Returns a message of `pages.ftl`, as HTML.
fn say(locale: Locale, key: &str) -> String {
    escaped(&TEXTS.text(locale, key, &[]))
}

/// Returns the page of a problem, for people whose browser opened an address.
pub(crate) fn of_problem(problem: &ProblemDocument, locale: Locale) -> Response {
    let detail = problem.detail.as_ref().map(|detail| format!("<p>{}</p>", escaped(detail))).unwrap_or_default();
    let request = format!("<p class=\"soft small\">{} <code>{}</code></p>", say(locale, "request"), escaped(&problem.request_id));
    let more = detail + &request;
    about(problem.code, problem.status, &problem.title, &more, locale)
}

/// Returns the page about a kind of problem: its code, its status and its title.
#[must_use]
pub fn about_kind(kind: Kind, locale: Locale) -> Response {
    about(kind.code(), kind.status(), &locale.text(kind.code(), &[]), "", locale)
}

fn about(code: &str, status: u16, title: &str, more: &str, locale: Locale) -> Response {
    let main = format!(
        include_str!("../assets/problem.html"),
        title = escaped(title),
        status = status,
        more = more,
        code = escaped(code),
        documents = say(locale, "documents"),
    );
    Page { locale, title, main: &main, script: "", form: false, widget: None }.into_response()
}

/// The address of the frontend, to which pages link.
#[derive(Clone, Debug)]
pub struct Site(Arc<str>);

impl Site {
    /// Reads the first of `ALLOWED_ORIGINS`. If that is not an address, because it allows any port in development, the API itself
    /// (`PUBLIC_URL`).
    pub fn read(r: &mut Reader<'_>) -> Self {
        let frontend = r.list("ALLOWED_ORIGINS").into_iter().find(|origin| !origin.contains('*'));
        Self(frontend.unwrap_or_else(|| r.need("PUBLIC_URL")).into())
    }
}

/// The page of a mailed link. It shows whose account the link is about, and has a form that posts the token of the link, with a password if
/// needed. Loading the page changes nothing.
#[derive(Debug)]
pub struct LinkPage {
    /// The language.
    pub locale: Locale,
    /// The sentences: `page-title`, `page-lead`, `page-button` and, after success, `page-done`.
    pub texts: Messages,
    /// The path that returns whose account the link is about. The page posts `token` to it.
    pub owner: &'static str,
    /// The path that the form is posted to.
    pub call: &'static str,
    /// The password that the form asks for, if it does.
    pub password: Option<PasswordField>,
    /// The frontend, to which the page links after success.
    pub site: Site,
}

/// The element for errors. Screen readers announce them (`role="alert"`).
const ERROR: &str = r#"<p id="error" class="error" role="alert"></p>"#;

/// The password that a page asks for.
#[derive(Debug)]
pub enum PasswordField {
    /// The password that the person chose earlier.
    Chosen,
    /// A new password, with the sentences of its rules.
    New(Vec<String>),
}

impl PasswordField {
    fn html(&self, locale: Locale) -> String {
        let rules = |sentences: &[String]| sentences.iter().map(|rule| format!("<li>{}</li>", escaped(rule))).collect();
        let (label, autocomplete, rules): (_, _, String) = match self {
            Self::Chosen => ("password", "current-password", String::new()),
            Self::New(sentences) => ("new-password", "new-password", rules(sentences)),
        };
        format!(
            include_str!("../assets/password-field.html"),
            label = say(locale, label),
            autocomplete = autocomplete,
            show = say(locale, "show"),
            hide = say(locale, "hide"),
            error = ERROR,
            rules = rules,
        )
    }
}

impl IntoResponse for LinkPage {
    fn into_response(self) -> Response {
        let locale = self.locale;
        let own = |key: &str| self.texts.text(locale, key, &[]);
        let title = own("page-title");
        let Site(site) = &self.site;
        let host = site.split_once("://").map_or(&**site, |(_, host)| host);
        let main = format!(
            include_str!("../assets/link-page.html"),
            title = escaped(&title),
            lead = escaped(&own("page-lead")),
            button = escaped(&own("page-button")),
            done = escaped(&own("page-done")),
            owner = self.owner,
            call = self.call,
            site = escaped(site),
            go_on = escaped(&TEXTS.text(locale, "go-on", &[("site", host.to_owned())])),
            password = self.password.map_or_else(|| ERROR.to_owned(), |field| field.html(locale)),
            // The script replaces the placeholder by the date.
            deleted_on = escaped(&TEXTS.text(locale, "deleted-on", &[("date", "{date}".to_owned())])),
            account = say(locale, "account"),
            checking = say(locale, "checking"),
            no_script = say(locale, "no-script"),
            no_token = say(locale, "no-token"),
            no_connection = say(locale, "no-connection"),
            link_anew = say(locale, "link-anew"),
            close = say(locale, "close"),
        );
        Page { locale, title: &title, main: &main, script: include_str!("../assets/link-page.js"), form: false, widget: None }
            .into_response()
    }
}

/// A page with a sentence and a button that posts to the page's own address, without a script. Without the button it is the confirmation.
#[derive(Debug)]
pub struct ButtonPage {
    /// The language.
    pub locale: Locale,
    /// The title.
    pub title: String,
    /// The sentence.
    pub lead: String,
    /// The label of the button.
    pub button: Option<String>,
}

impl IntoResponse for ButtonPage {
    fn into_response(self) -> Response {
        let post = |label: String| format!("<form method=\"post\"><button class=\"primary\">{}</button></form>", escaped(&label));
        let form = self.button.is_some();
        let end = self.button.map_or_else(|| format!("<p class=\"soft\">{}</p>", say(self.locale, "close")), post);
        let main = format!("<h1>{}</h1>\n<p>{}</p>\n{end}", escaped(&self.title), escaped(&self.lead));
        Page { locale: self.locale, title: &self.title, main: &main, script: "", form, widget: None }.into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Messages =
        Messages::new(["page-title = A </script>\npage-lead = Why\npage-button = Go\npage-done = Done\n"; Locale::ALL.len()]);

    async fn read(response: Response) -> (String, String) {
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        (policy, String::from_utf8(axum::body::to_bytes(response.into_body(), 100_000).await.unwrap().to_vec()).unwrap())
    }

    fn link_page(locale: Locale, password: Option<PasswordField>) -> Response {
        let site = Site("https://stoa.example".into());
        LinkPage { locale, texts: OWN, owner: "/v1/things/link", call: "/v1/things", password, site }.into_response()
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    #[test]
    fn every_language_says_everything() {
        assert_eq!(TEXTS.faults(), [""; 0]);
    }

    #[test]
    fn a_page_allows_its_own_script_and_style_and_nothing_else() {
        let rules = || Some(PasswordField::New(vec!["At least 12 & no <name>".to_owned()]));
        let (policy, html) = runtime().block_on(read(link_page(Locale::En, rules())));
        for (tag, directive) in [("style", "style-src"), ("script", "script-src")] {
            let (_, rest) = html.split_once(&format!("<{tag}>")).unwrap();
            let (inline, _) = rest.split_once(&format!("</{tag}>")).unwrap();
            assert!(policy.contains(&format!("{directive} 'sha256-{}'", hash(inline))), "{policy}");
            assert_eq!(html.matches(&format!("<{tag}")).count(), 1);
        }
        assert!(!policy.contains("unsafe") && policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(!html.contains(" style=") && !html.contains(" onclick="), "{html}");
        assert!(html.contains("A &lt;/script&gt;") && html.contains("At least 12 &amp; no &lt;name&gt;"), "{html}");
        let about = about_kind(Kind::NotFound, Locale::En);
        let (policy, html) = runtime().block_on(read(about));
        assert!(!policy.contains("script-src") && !html.contains("<script"), "{policy}");
    }

    #[test]
    fn a_page_with_a_button_posts_to_itself_without_a_script() {
        let page = |button: Option<&str>| ButtonPage {
            locale: Locale::Pl,
            title: "<Tytuł>".to_owned(),
            lead: "Po co & jak".to_owned(),
            button: button.map(str::to_owned),
        };
        let (policy, html) = runtime().block_on(read(page(Some("Dalej <b>")).into_response()));
        assert!(policy.ends_with("form-action 'self'") && !policy.contains("script-src"), "{policy}");
        assert!(
            html.contains("<form method=\"post\"><button class=\"primary\">Dalej &lt;b&gt;</button>") && !html.contains("<script"),
            "{html}"
        );
        assert!(html.contains("&lt;Tytuł&gt;") && html.contains("Po co &amp; jak"), "{html}");
        let (policy, html) = runtime().block_on(read(page(None).into_response()));
        assert!(policy.ends_with("form-action 'none'") && !html.contains("<form"), "{policy} {html}");
    }

    #[test]
    fn a_page_with_a_widget_may_use_its_sources() {
        let widget = Widget {
            class: "captcha",
            site_key: "key".to_owned(),
            script: "https://captcha.example/api.js?a=1&b=2".to_owned(),
            sources: "https://captcha.example".to_owned(),
        };
        let page = Page { locale: Locale::En, title: "T", main: "<p>", script: "1;", form: false, widget: Some(&widget) };
        let (policy, html) = runtime().block_on(read(page.into_response()));
        for directive in ["script-src 'sha256-", "frame-src https://captcha.example; ", "connect-src 'self' https://captcha.example; "] {
            assert!(policy.contains(directive), "{policy}");
        }
        assert!(!policy.contains("unsafe") && policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(html.contains("<script src=\"https://captcha.example/api.js?a=1&amp;b=2\" async defer></script>"), "{html}");
    }

    #[test]
    fn a_page_is_complete_in_every_language() {
        for locale in Locale::ALL {
            for password in [None, Some(PasswordField::Chosen), Some(PasswordField::New(vec![]))] {
                let (_, html) = runtime().block_on(read(link_page(locale, password)));
                let body = html.split_once("<body").unwrap().1.split_once("<script>").unwrap().0;
                // The script replaces the placeholder by the date.
                assert!(!body.replace("{date}", "").contains(['{', '}']), "{body}");
                assert!(html.contains(&format!("<html lang=\"{}\">", locale.tag())) && body.contains("https://stoa.example"), "{html}");
                let other = Locale::ALL.into_iter().find(|other| *other != locale).unwrap();
                assert!(body.contains(&format!("href=\"?lang={}\"", other.tag())), "{body}");
            }
        }
    }
}
