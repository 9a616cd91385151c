//! Captchas. The service gives the browser of a person a token, and verifies the token for us.
//!
//! reCAPTCHA, Turnstile and hCaptcha are called with the same form, and accept each token once. We check the verdict: the token was issued
//! lately, for a page of ours and the right action, and probably to a person.
//! <https://developers.google.com/recaptcha/docs/verify>
//! <https://developers.cloudflare.com/turnstile/get-started/server-side-validation/>
//! <https://docs.hcaptcha.com/#verify-the-user-response-server-side>

use std::{str::FromStr, sync::Arc, time::Duration};

use axum::body::Bytes;
use form_urlencoded::Serializer;
use function::{Failure, OutsideClient};
use http::{
    Request, StatusCode,
    header::{CONTENT_TYPE, USER_AGENT},
};
use kernel::{FieldError, Kind, Origins, Problem, Secret, Time, Timestamp, env::Reader, locale::thousandths};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::Widget;

/// How long a request waits for the service.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long a token is accepted after it was issued.
const LIFE: Duration = Duration::from_secs(120);
/// The tolerated advance of the service's clock.
const AHEAD: Duration = Duration::from_secs(60);
/// The minimum likelihood of a person, in thousandths, if the service states a score.
const LIKELY: u16 = 500;
/// The maximum number of bytes of a token.
pub const TOKEN_MAX: usize = 8192;

/// A captcha service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Recaptcha,
    Turnstile,
    Hcaptcha,
}

impl FromStr for Service {
    type Err = ();
    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "recaptcha" => Ok(Self::Recaptcha),
            "turnstile" => Ok(Self::Turnstile),
            "hcaptcha" => Ok(Self::Hcaptcha),
            _ => Err(()),
        }
    }
}

impl Service {
    const fn name(self) -> &'static str {
        match self {
            Self::Recaptcha => "recaptcha",
            Self::Turnstile => "turnstile",
            Self::Hcaptcha => "hcaptcha",
        }
    }

    const fn url(self) -> &'static str {
        match self {
            Self::Recaptcha => "https://www.google.com/recaptcha/api/siteverify",
            Self::Turnstile => "https://challenges.cloudflare.com/turnstile/v0/siteverify",
            Self::Hcaptcha => "https://api.hcaptcha.com/siteverify",
        }
    }

    /// Returns the class of the widget's element, the address of the widget's script, and the sources that the script uses.
    const fn widget(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Recaptcha => (
                "g-recaptcha",
                "https://www.google.com/recaptcha/api.js",
                "https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/ https://recaptcha.google.com/recaptcha/",
            ),
            Self::Turnstile => {
                ("cf-turnstile", "https://challenges.cloudflare.com/turnstile/v0/api.js", "https://challenges.cloudflare.com")
            }
            Self::Hcaptcha => ("h-captcha", "https://js.hcaptcha.com/1/api.js", "https://hcaptcha.com https://*.hcaptcha.com"),
        }
    }

    /// Returns the likelihood of a person by a score, in thousandths. The score of hCaptcha is the likelihood of a program.
    const fn likelihood(self, score: u16) -> u16 {
        match self {
            Self::Recaptcha | Self::Turnstile => score,
            Self::Hcaptcha => 1000_u16.saturating_sub(score),
        }
    }
}

/// A client of the service.
#[derive(Clone)]
pub struct Captcha {
    service: Service,
    url: Arc<str>,
    site_key: Arc<str>,
    widget_url: Arc<str>,
    secret: Secret,
    hosts: Arc<[String]>,
    outside: OutsideClient,
}

/// The settings with which a page gets the token of a captcha.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaptchaSite {
    /// The service, whose script the page runs: `recaptcha`, `turnstile` or `hcaptcha`.
    #[schema(examples("recaptcha"))]
    service: &'static str,
    /// The key of this site at the service. It is public.
    #[schema(examples("6Lc-the-key"))]
    site_key: String,
    /// The action that the page names.
    #[schema(examples("pay"))]
    action: &'static str,
}

/// Why a token is not accepted.
#[derive(Debug)]
pub enum CaptchaError {
    /// There is no token.
    Missing,
    /// The token is refused, for this reason.
    Refused(&'static str),
    /// The service does not answer.
    Unavailable(Failure),
}

/// The service's verdict on a token.
#[derive(Debug, Default, Deserialize)]
struct Verdict {
    success: bool,
    hostname: Option<String>,
    action: Option<String>,
    score: Option<serde_json::Number>,
    challenge_ts: Option<String>,
    #[serde(default, rename = "error-codes")]
    error_codes: Vec<String>,
}

impl Verdict {
    /// Reads the answer of the service. A request that it refuses as malformed or too large has a bad token. That is no outage, because
    /// otherwise anybody could get what takes the place of a captcha during an outage ([`CaptchaError::or_else`]).
    fn of(status: StatusCode, body: &[u8]) -> Result<Self, Failure> {
        let verdict: Self = match status {
            StatusCode::OK => serde_json::from_slice(body)?,
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => serde_json::from_slice(body).unwrap_or_default(),
            other => return Err(format!("it answers {other}").into()),
        };
        if verdict.error_codes.iter().any(|code| code.ends_with("-input-secret")) {
            return Err("it does not know our secret".into());
        }
        Ok(verdict)
    }
}

impl Captcha {
    /// Reads `CAPTCHA_SECRET`, the secret of our site at the service. `None` without it: no captcha is required. `CAPTCHA_SERVICE` is
    /// `recaptcha`, `turnstile` or `hcaptcha`, and `CAPTCHA_URL` the address at which it verifies tokens, if that is not its own. Pages
    /// show the widget of the service with `CAPTCHA_SITE_KEY`, the key of our site; `CAPTCHA_WIDGET_URL` is the address of its script, if
    /// it is not the service's own. `origins` are the origins of our pages.
    pub fn read(r: &mut Reader<'_>, origins: &Origins) -> Option<Self> {
        let secret: String = r.or("CAPTCHA_SECRET", String::new());
        let service = r.or("CAPTCHA_SERVICE", Service::Recaptcha);
        let url: String = r.or("CAPTCHA_URL", service.url().to_owned());
        let (site_key, widget_url): (String, String) = (r.or("CAPTCHA_SITE_KEY", String::new()), r.or("CAPTCHA_WIDGET_URL", String::new()));
        if secret.is_empty() {
            return None;
        }
        if !url.starts_with("https://") && !url.starts_with("http://127.0.0.1:") {
            r.wrong("CAPTCHA_URL must begin with https://".to_owned());
        }
        match OutsideClient::new() {
            Ok(outside) => {
                let hosts = origins.hosts().filter_map(host).map(str::to_owned).collect();
                Some(Self {
                    service,
                    url: url.into(),
                    site_key: site_key.into(),
                    widget_url: widget_url.into(),
                    secret: Secret::new(secret),
                    hosts,
                    outside,
                })
            }
            Err(e) => {
                r.wrong(format!("CAPTCHA_URL cannot be asked: {e}"));
                None
            }
        }
    }

    /// Returns the settings with which a page gets a token for this action.
    #[must_use]
    pub fn site(&self, action: &'static str) -> CaptchaSite {
        CaptchaSite { service: self.service.name(), site_key: self.site_key.to_string(), action }
    }

    /// Returns the key of our site at the service.
    #[must_use]
    pub fn site_key(&self) -> &str {
        &self.site_key
    }

    /// Returns the widget with which a page of ours gets tokens.
    #[must_use]
    pub fn widget(&self) -> Widget {
        let (class, script, sources) = self.service.widget();
        let (script, sources) = match &*self.widget_url {
            "" => (script, sources),
            other => (other, origin(other)),
        };
        Widget { class, site_key: self.site_key.to_string(), script: script.to_owned(), sources: sources.to_owned() }
    }

    /// Verifies a token for this action. One request to the service, which accepts each token once.
    ///
    /// # Errors
    /// [`CaptchaError`]
    pub async fn check(&self, now: Time, token: &str, action: &str) -> Result<(), CaptchaError> {
        match token.len() {
            0 => Err(CaptchaError::Missing),
            1..=TOKEN_MAX => {
                let verdict = self.ask(token).await.map_err(CaptchaError::Unavailable)?;
                self.judge(&verdict, now, action).map_err(CaptchaError::Refused)
            }
            _ => Err(CaptchaError::Refused("it is longer than a token")),
        }
    }

    /// Checks that the service answers and accepts our secret.
    ///
    /// # Errors
    /// If it does not.
    pub async fn answers(&self) -> Result<(), Failure> {
        self.ask("health").await.map(drop)
    }

    async fn ask(&self, token: &str) -> Result<Verdict, Failure> {
        let form = Serializer::new(String::new()).append_pair("secret", self.secret.expose()).append_pair("response", token).finish();
        let request = Request::post(&*self.url)
            .header(USER_AGENT, "Stoa")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form))?;
        let answer = self.outside.send(request, TIMEOUT).await?;
        Verdict::of(answer.status(), answer.body())
    }

    fn judge(&self, verdict: &Verdict, now: Time, action: &str) -> Result<(), &'static str> {
        let given_at = verdict.challenge_ts.as_deref().and_then(|at| at.parse::<Timestamp>().ok()).map(|at| at.0);
        // Some kinds of captchas have no actions or no scores.
        let likelihood = verdict.score.as_ref().map(|score| self.service.likelihood(thousandths(&score.to_string())));
        let reasons = [
            (!verdict.success, "the service refuses it: it is forged, used or expired"),
            (verdict.hostname.as_ref().is_none_or(|host| !self.hosts.contains(host)), "it is of another site"),
            (verdict.action.as_ref().is_some_and(|of| of != action), "it is of another action"),
            (given_at.is_none_or(|at| now.since(at) > LIFE || at.since(now) > AHEAD), "it is too old"),
            (likelihood.is_some_and(|likelihood| likelihood < LIKELY), "it is more likely of a program"),
        ];
        reasons.into_iter().find_map(|(holds, reason)| holds.then_some(reason)).map_or(Ok(()), Err)
    }
}

/// Returns the origin of an address.
fn origin(address: &str) -> &str {
    let path = address.match_indices('/').nth(2).map_or(address.len(), |(at, _)| at);
    address.get(..path).unwrap_or(address)
}

/// Returns the name of the host of an origin.
fn host(origin: &str) -> Option<&str> {
    let (_, authority) = origin.split_once("://")?;
    Some(authority.rsplit_once(':').map_or(authority, |(host, _)| host))
}

impl CaptchaError {
    /// Uses another check while the service does not answer, such as a proof of work ([`crate::gate::Gate::demand_once`]). A missing or
    /// bad token is refused anyway.
    ///
    /// # Errors
    /// The refusal, or the error of `instead`.
    pub async fn or_else(self, instead: impl Future<Output = Result<(), Problem>>) -> Result<(), Problem> {
        match self {
            Self::Missing | Self::Refused(_) => Err(self.into()),
            Self::Unavailable(e) => {
                tracing::warn!(error = %e, "the captcha service does not answer");
                instead.await
            }
        }
    }
}

impl From<CaptchaError> for Problem {
    fn from(e: CaptchaError) -> Self {
        match e {
            CaptchaError::Missing => Self::field("/captcha", FieldError::REQUIRED),
            CaptchaError::Refused(reason) => Self::field("/captcha", FieldError::CAPTCHA).because(reason),
            CaptchaError::Unavailable(e) => Self::new(Kind::Unavailable).because(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn captcha(service: &str) -> Captcha {
        let vars = [("CAPTCHA_SECRET", "s"), ("CAPTCHA_SERVICE", service)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let origins = ["https://stoa.example", "http://localhost:5173"].into_iter().collect();
        vars.into_iter().collect::<kernel::Env>().read(|r| Captcha::read(r, &origins)).unwrap().unwrap()
    }

    fn judged(service: &str, changed: &Value) -> Result<(), &'static str> {
        let mut verdict = json!({
            "success": true, "hostname": "stoa.example", "action": "contact", "score": 0.9, "challenge_ts": "2030-01-01T12:00:00Z",
        });
        for (name, value) in changed.as_object().unwrap() {
            verdict[name] = value.clone();
        }
        let now = "2030-01-01T12:01:00Z".parse::<Timestamp>().unwrap().0;
        captcha(service).judge(&serde_json::from_value(verdict).unwrap(), now, "contact")
    }

    #[test]
    fn a_token_that_the_service_cannot_read_is_bad_and_no_outage() {
        let read = |status, body: &str| Verdict::of(StatusCode::from_u16(status).unwrap(), body.as_bytes()).map(|verdict| verdict.success);
        let refused = r#"{"success":false,"error-codes":["invalid-input-response"]}"#;
        assert!(read(200, r#"{"success":true}"#).unwrap());
        for (status, body) in [(200, refused), (400, refused), (400, "Bad Request"), (413, "")] {
            assert!(!read(status, body).unwrap(), "{status} {body}");
        }
        let secret = r#"{"success":false,"error-codes":["invalid-input-secret"]}"#;
        for (status, body) in [(200, secret), (400, secret), (200, "<!doctype html>"), (404, refused), (429, refused), (503, "")] {
            assert!(read(status, body).is_err(), "{status} {body}");
        }
    }

    #[test]
    fn a_token_is_good_for_one_site_one_action_a_person_and_a_short_time() {
        for good in [
            json!({}),
            json!({ "hostname": "localhost" }),
            json!({ "score": 0.5 }),
            json!({ "score": 1 }),
            json!({ "score": null, "action": null }),
            json!({ "challenge_ts": "2030-01-01T11:59:00.000000Z" }),
            json!({ "challenge_ts": "2030-01-01T12:01:59Z" }),
        ] {
            assert_eq!(judged("recaptcha", &good), Ok(()), "{good}");
        }
        for bad in [
            json!({ "success": false }),
            json!({ "hostname": null }),
            json!({ "hostname": "stoa.example.evil.example" }),
            json!({ "hostname": "" }),
            json!({ "action": "sign_in" }),
            json!({ "action": "" }),
            json!({ "score": 0.49 }),
            json!({ "score": 0 }),
            json!({ "score": 1e-7 }),
            json!({ "challenge_ts": null }),
            json!({ "challenge_ts": "yesterday" }),
            json!({ "challenge_ts": "2030-01-01T11:58:59Z" }),
            json!({ "challenge_ts": "2030-01-01T12:02:01Z" }),
        ] {
            assert!(judged("recaptcha", &bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_score_of_hcaptcha_is_that_of_a_program() {
        assert_eq!(judged("hcaptcha", &json!({ "score": 0.1 })), Ok(()));
        assert!(judged("hcaptcha", &json!({ "score": 0.9 })).is_err());
        assert!(judged("turnstile", &json!({ "score": 0.1 })).is_err());
        // JSON writes it with an exponent: `9.876e-6`.
        let tiny = json!({ "score": 0.000_009_876 });
        assert_eq!(judged("hcaptcha", &tiny), Ok(()));
        assert!(judged("recaptcha", &tiny).is_err());
    }

    #[test]
    fn a_page_gets_the_widget_of_the_service_or_its_stand_in() {
        for service in ["recaptcha", "turnstile", "hcaptcha"] {
            let widget = captcha(service).widget();
            assert!(widget.script.starts_with("https://") && widget.sources.starts_with("https://"), "{widget:?}");
            assert_eq!(captcha(service).site("pay").service, service);
        }
        let stand_in = Captcha { widget_url: "http://127.0.0.1:4004/captcha/widget.js".into(), ..captcha("recaptcha") }.widget();
        assert_eq!(
            (stand_in.script.as_str(), stand_in.sources.as_str()),
            ("http://127.0.0.1:4004/captcha/widget.js", "http://127.0.0.1:4004")
        );
    }

    #[test]
    fn it_is_off_without_a_secret_and_wrong_settings_are_refused() {
        let read = |vars: &[(&str, &str)]| {
            let env: kernel::Env = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            env.read(|r| Captcha::read(r, &Origins::from_iter(["https://stoa.example"]))).map(|captcha| captcha.map(|c| c.url.to_string()))
        };
        assert_eq!(read(&[("CAPTCHA_SERVICE", "turnstile")]), Ok(None));
        assert_eq!(read(&[("CAPTCHA_SECRET", "s")]), Ok(Some(Service::Recaptcha.url().to_owned())));
        for wrong in [("CAPTCHA_SERVICE", "captcha"), ("CAPTCHA_URL", "http://captcha.example"), ("CAPTCHA_URL", "ftp://127.0.0.1")] {
            assert!(read(&[("CAPTCHA_SECRET", "s"), wrong]).is_err(), "{wrong:?}");
        }
    }
}
