//! The captcha adapter together with the local cloud's stand-in for captchas.

use kernel::{Env, Kind, Origins, Problem};
use local::outside::{
    Mode,
    captcha::{PATH, SECRET, Solved},
};
use proofs::captcha::{Captcha, CaptchaError};
use tests::{Cloud, json};

const ACTION: &str = "contact";

/// The adapter as a function at this cloud reads it, with this secret.
fn adapter(cloud: &Cloud, secret: &str) -> Captcha {
    let url = format!("{}{PATH}/siteverify", cloud.urls.outside);
    let env: Env = [("CAPTCHA_SECRET", secret), ("CAPTCHA_URL", url.as_str())]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .collect();
    let origins: Origins = ["http://localhost:*"].into_iter().collect();
    env.read(|r| Captcha::read(r, &origins)).expect("good settings").expect("a captcha")
}

fn solved(action: &str, score: f64) -> Solved {
    Solved { hostname: None, action: Some(action.to_owned()), score: Some(score) }
}

/// The error at `/captcha`, or the code of the problem.
fn code(e: CaptchaError) -> String {
    let problem = Problem::from(e);
    problem.fields.first().map_or_else(|| problem.kind.code().to_owned(), |(pointer, field)| format!("{pointer} {}", field.code))
}

/// A token is accepted once, for the page and the action that it was given for, from a person, within two minutes.
/// Promise: captcha
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_accepted_once_for_what_it_was_given() {
    let cloud = Cloud::start().await;
    let captcha = adapter(&cloud, SECRET);
    let give = |solved| cloud.outside.captchas.solve(solved, cloud.now());
    let check = async |token: &str| captcha.check(cloud.now(), token, ACTION).await.map_err(code);
    let refused = Err("/captcha captcha".to_owned());

    let token = give(solved(ACTION, 0.9));
    assert_eq!(check(&token).await, Ok(()));
    assert_eq!(check(&token).await, refused, "again");
    let asked = cloud.outside.captchas.verified();
    assert_eq!(check("").await, Err("/captcha required".to_owned()));
    assert_eq!(check(&"x".repeat(8193)).await, refused);
    assert_eq!(cloud.outside.captchas.verified(), asked, "nobody was asked about these");

    assert_eq!(check("made up").await, refused);
    assert_eq!(check(&give(solved("sign_in", 0.9))).await, refused, "another action");
    assert_eq!(check(&give(solved(ACTION, 0.3))).await, refused, "a low score");
    assert_eq!(check(&give(Solved { hostname: Some("evil.example".to_owned()), ..solved(ACTION, 0.9) })).await, refused, "another site");
    // A captcha without actions and scores.
    assert_eq!(check(&give(Solved::default())).await, Ok(()));

    let late = give(solved(ACTION, 0.9));
    cloud.advance(std::time::Duration::from_secs(121)).await;
    assert_eq!(check(&late).await, refused, "too old");
}

/// While the service is down, late or talks nonsense, and when it does not know our secret, nothing is accepted: the caller is told to
/// try later, or something else decides. What the service refuses is refused all the same.
/// Promise: captcha
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_accepts_nothing_and_something_else_can_decide() {
    let cloud = Cloud::start().await;
    let captcha = adapter(&cloud, SECRET);
    let token = || cloud.outside.captchas.solve(solved(ACTION, 0.9), cloud.now());
    let worked = async |token: &str| match captcha.check(cloud.now(), token, ACTION).await {
        Ok(()) => Ok(()),
        Err(e) => e.or_else(async { Ok(()) }).await.map_err(|problem| problem.kind),
    };
    for mode in [Mode::Down, Mode::Slow, Mode::Garbled] {
        cloud.outside.captchas.be(mode);
        assert_eq!(captcha.check(cloud.now(), &token(), ACTION).await.map_err(code), Err("unavailable".to_owned()), "{mode:?}");
        assert_eq!(worked(&token()).await, Ok(()), "{mode:?}");
    }
    assert_eq!(worked("").await, Err(Kind::Invalid));
    cloud.outside.captchas.be(Mode::Well);
    assert_eq!(worked("made up").await, Err(Kind::Invalid));
    let unknown = adapter(&cloud, "another secret");
    assert_eq!(unknown.check(cloud.now(), &token(), ACTION).await.map_err(code), Err("unavailable".to_owned()));
}

/// A page gets a token from the stand-in over HTTP, where the real service has a widget, and a program can make it fail.
/// Promise: captcha, local-console
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_gets_a_token_from_the_stand_in() {
    let cloud = Cloud::start().await;
    let tokens = format!("{}{PATH}/tokens", cloud.urls.outside);
    let given = cloud.anonymous().post(&tokens, json!({ "action": ACTION, "score": 0.7 })).await.is(200);
    let captcha = adapter(&cloud, SECRET);
    assert!(captcha.check(cloud.now(), given["token"].as_str().unwrap(), ACTION).await.is_ok());
    cloud.anonymous().post(&tokens, json!({ "unheard_of": true })).await.has(422);

    let control = format!("{}/_local/captcha", cloud.urls.console);
    let before = json!({ "mode": "well", "verified": 1 });
    assert_eq!(cloud.anonymous().get(&control).await.is(200), before);
    assert_eq!(cloud.anonymous().post(&control, json!({ "mode": "down" })).await.is(200)["mode"], "down");
    assert_eq!(cloud.outside.captchas.mode(), Mode::Down);
}
