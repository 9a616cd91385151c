//! The service of captchas. In a browser the widget of the real service gets a token. Here a page or a test requests a token, and states
//! what the service will return about it: `POST /captcha/tokens`. A page can also load a widget, `/captcha/widget.js`, which solves the
//! captcha by itself. A token can be verified once, within two minutes.
//! <https://developers.google.com/recaptcha/docs/verify>

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use kernel::{Time, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::mode::Mode;
use crate::Core;

/// The path of the service on the listener.
pub const PATH: &str = "/captcha";
/// The secret key of the only site of this service.
pub const SECRET: &str = "the secret of this site at the stand-in for captchas";

/// How long a token can be verified.
const LIFE: Duration = Duration::from_secs(120);

/// What the service returns about a token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Solved {
    /// The site of the page. Default: `localhost`.
    pub hostname: Option<String>,
    /// The action that the page named.
    pub action: Option<String>,
    /// How likely it was a person, from 0 to 1.
    pub score: Option<f64>,
}

/// The tokens and the mode. Cloning shares them.
#[derive(Clone, Default)]
pub struct Captchas(Arc<Mutex<Shared>>);

#[derive(Default)]
struct Shared {
    /// The tokens that were not verified yet, with the time at which they were given out.
    tokens: BTreeMap<String, (Solved, Time)>,
    given: u64,
    verified: u64,
    mode: Mode,
}

impl Captchas {
    /// Gives out a token.
    #[must_use]
    pub fn solve(&self, solved: Solved, now: Time) -> String {
        let mut shared = self.shared();
        shared.given = shared.given.saturating_add(1);
        let token = format!("captcha-{}", shared.given);
        shared.tokens.insert(token.clone(), (solved, now));
        token
    }

    /// Returns how many requests to verify a token the service got.
    #[must_use]
    pub fn verified(&self) -> u64 {
        self.shared().verified
    }

    /// Sets the mode, until the next call or the end of the process.
    pub fn be(&self, mode: Mode) {
        self.shared().mode = mode;
    }

    /// Returns the current mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.shared().mode
    }

    /// Records a request to verify a token, and returns how to answer it.
    fn note(&self) -> Mode {
        let mut shared = self.shared();
        shared.verified = shared.verified.saturating_add(1);
        shared.mode
    }

    /// Verifies a token, which is used up by that.
    fn verify(&self, secret: &str, token: &str, now: Time) -> Value {
        let refused = |code: &str| json!({ "success": false, "error-codes": [code] });
        if secret != SECRET {
            return refused(if secret.is_empty() { "missing-input-secret" } else { "invalid-input-secret" });
        }
        if token.is_empty() {
            return refused("missing-input-response");
        }
        let found = self.shared().tokens.remove(token).filter(|(_, at)| now.since(*at) <= LIFE);
        let Some((Solved { hostname, action, score }, at)) = found else { return refused("timeout-or-duplicate") };
        let mut said = Map::new();
        said.insert("success".to_owned(), true.into());
        said.insert("challenge_ts".to_owned(), Timestamp::from(at).to_string().into());
        said.insert("hostname".to_owned(), hostname.unwrap_or_else(|| "localhost".to_owned()).into());
        said.extend(action.map(|action| ("action".to_owned(), action.into())));
        said.extend(score.map(|score| ("score".to_owned(), score.into())));
        said.into()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/tokens", post(give)).route("/siteverify", post(verify)).route("/widget.js", get(widget))
}

async fn give(State(core): State<Arc<Core>>, Json(solved): Json<Solved>) -> Json<Value> {
    Json(json!({ "token": core.outside.captchas.solve(solved, core.sys.now()) }))
}

/// Returns the script of the widget. It solves the captcha by itself: its field gets a token of this moment.
async fn widget(State(core): State<Arc<Core>>) -> impl IntoResponse {
    let token = core.outside.captchas.solve(Solved::default(), core.sys.now());
    ([(CONTENT_TYPE, "text/javascript")], include_str!("captcha.js").replace("TOKEN", &token))
}

async fn verify(State(core): State<Arc<Core>>, form: Bytes) -> Response {
    let fields: BTreeMap<String, String> = form_urlencoded::parse(&form).into_owned().collect();
    let (captchas, now) = (core.outside.captchas.clone(), core.sys.now());
    let verified = move || {
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        Json(captchas.verify(field("secret"), field("response"), now)).into_response()
    };
    core.outside.captchas.note().answer(verified).await
}
