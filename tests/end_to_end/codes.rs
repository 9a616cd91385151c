//! Codes of every purpose: how long they are valid, how many attempts and sendings they allow, and what they are bound to.

use std::time::Duration;

use kernel::Time;
use tests::{App, Caller, Cloud, PASSWORD, Reply, Value, json, race, wrong};

const SECOND: Duration = Duration::from_secs(1);
/// Tolerance for a limit in time: requests take a while.
const SLACK: Duration = Duration::from_secs(5);
const SETUP: &str = "/v1/me/mfa/setup";

/// The purpose of a code and how it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Registration,
    SecondFactorByMail,
    SecondFactorByText,
    StepUpByMail,
    StepUpByText,
    SetupByMail,
    SetupByText,
    PhoneLogin,
    ContactByMail,
    ContactByText,
}

/// All kinds, each with its lifetime in seconds, its attempts, and the pauses between sendings in seconds.
const KINDS: [(Kind, u64, u64, [u64; 3]); 10] = [
    (Kind::Registration, 600, 3, [20, 20, 20]),
    (Kind::SecondFactorByMail, 600, 3, [20, 20, 20]),
    (Kind::SecondFactorByText, 180, 5, [45, 90, 180]),
    (Kind::StepUpByMail, 600, 3, [20, 20, 20]),
    (Kind::StepUpByText, 180, 5, [45, 90, 180]),
    (Kind::SetupByMail, 180, 5, [45, 90, 180]),
    (Kind::SetupByText, 180, 5, [45, 90, 180]),
    (Kind::PhoneLogin, 120, 3, [120, 120, 120]),
    (Kind::ContactByMail, 600, 3, [20, 20, 20]),
    (Kind::ContactByText, 180, 5, [45, 90, 180]),
];

/// A caller to whom a code was sent.
struct Asked {
    kind: Kind,
    caller: Caller,
    /// The address or number that it was sent to.
    to: String,
    /// The path that takes the code.
    verify: String,
    /// The path that sends another code.
    resend: String,
}

impl Asked {
    /// Lets a new person ask for a code. `n` makes their data unique.
    async fn new(cloud: &Cloud, kind: Kind, n: usize) -> Self {
        let name = format!("ana{n}");
        let (mail, phone) = (format!("{name}@example.test"), format!("+447700900{n:03}"));
        let at = |caller: Caller, to: &str, base: String, verify: &str, resend: &str| Self {
            kind,
            caller,
            to: to.to_owned(),
            verify: format!("{base}{verify}"),
            resend: format!("{base}{resend}"),
        };
        match kind {
            Kind::Registration => {
                let caller = cloud.anonymous();
                let flow = caller.post("/v1/registrations", json!({ "email": mail })).await.is(201);
                at(caller, &mail, format!("/v1/registrations/{}", id(&flow)), "/code", "/code/resend")
            }
            Kind::PhoneLogin => {
                let caller = cloud.anonymous();
                let flow = caller.post("/v1/phone-sign-ins", json!({ "phone": phone })).await.is(202);
                at(caller, &phone, format!("/v1/phone-sign-ins/{}", id(&flow)), "/verify", "/resend")
            }
            Kind::ContactByMail | Kind::ContactByText => {
                let caller = cloud.member(&name).await;
                let (base, body, to) = if kind == Kind::ContactByMail {
                    ("/v1/me/email-changes", json!({ "email": format!("new{n}@example.test") }), format!("new{n}@example.test"))
                } else {
                    ("/v1/me/phone-changes", json!({ "phone": phone }), phone)
                };
                caller.post(base, body).await.is(202);
                at(caller, &to, base.to_owned(), "/verify", "/resend")
            }
            Kind::SetupByMail | Kind::SetupByText => {
                let caller = cloud.member(&name).await;
                cloud.phone(&caller, &phone).await;
                wizard(cloud, &caller).await.is(200);
                if kind == Kind::SetupByMail {
                    return at(caller, &mail, SETUP.to_owned(), "/email", "/resend");
                }
                let code = cloud.code_to(&mail).await;
                caller.post(&format!("{SETUP}/email"), json!({ "code": code })).await.is(200);
                at(caller, &phone, SETUP.to_owned(), "/sms", "/resend")
            }
            Kind::SecondFactorByMail | Kind::SecondFactorByText | Kind::StepUpByMail | Kind::StepUpByText => {
                let (member, app, _) = cloud.careful(&name, &phone).await;
                let (caller, flow) = if matches!(kind, Kind::StepUpByMail | Kind::StepUpByText) {
                    // Without an app, a code that is sent is the strongest factor.
                    let member = cloud.step_up(&member, &app).await;
                    let _ = member.delete("/v1/me/mfa/factors/app").await.is(204);
                    let flow = member.post("/v1/step-ups", json!({})).await.is(201);
                    (member, flow)
                } else {
                    let client = cloud.anonymous();
                    let flow = client.post("/v1/sessions", json!({ "login": name, "password": PASSWORD })).await.is(202);
                    (client, flow)
                };
                let (factor, to) = match kind {
                    Kind::SecondFactorByMail | Kind::StepUpByMail => ("email", &mail),
                    _ => ("sms", &phone),
                };
                let base = format!("/v1/sign-ins/{}", id(&flow));
                caller.put(&format!("{base}/factor"), json!({ "factor": factor })).await.is(200);
                at(caller, to, base, "/verify", "/code/resend")
            }
        }
    }

    async fn try_code(&self, code: &str) -> Reply {
        self.caller.post(&self.verify, json!({ "code": code })).await
    }

    async fn again(&self) -> Reply {
        self.caller.post(&self.resend, json!({})).await
    }

    /// The stored item of the code.
    async fn stored(&self, cloud: &Cloud) -> Value {
        cloud.settle().await;
        let mut all = cloud.of_kind("challenge").await;
        all.retain(|c| c["destination"]["S"] == *self.to);
        let newest = all.into_iter().max_by_key(|c| moment(c, "expires_at").millis());
        newest.unwrap_or_else(|| panic!("nothing is stored for {}", self.to))
    }

    /// The caller with a token that has not expired, if it has one.
    async fn refreshed(mut self) -> Self {
        let anybody = matches!(self.kind, Kind::Registration | Kind::PhoneLogin | Kind::SecondFactorByMail | Kind::SecondFactorByText);
        if !anybody {
            let body = json!({ "refresh_token": self.caller.refresh_token() });
            self.caller = self.caller.signed_in(self.caller.post("/v1/sessions/refresh", body).await.is(200));
        }
        self
    }
}

/// Begins the wizard, and goes to the step of the mailed code.
async fn wizard(cloud: &Cloud, caller: &Caller) -> Reply {
    let setup = caller.post(SETUP, json!({ "password": PASSWORD })).await.is(201);
    let app = App::new(setup["app"]["secret"].as_str().unwrap());
    caller.post(&format!("{SETUP}/app"), json!({ "code": app.code(cloud) })).await
}

fn id(flow: &Value) -> &str {
    flow["id"].as_str().unwrap()
}

fn moment(item: &Value, name: &str) -> Time {
    Time::from_millis(item[name]["N"].as_str().unwrap().parse().unwrap())
}

async fn advance_to(cloud: &Cloud, moment: Time) {
    cloud.advance(moment.since(cloud.now())).await;
}

/// A deployment has other lives, tries and pauses for the purposes that it names. Messages, answers and limits tell them. With rules
/// that are too weak it does not start.
/// Promise: code-lifetime, code-resend, code-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_chooses_lives_tries_and_pauses() {
    let rules = "phone_login=180/2/60,registration=120/1/0,text_message=300/4/70";
    let cloud = Cloud::start_with(&[("CodeRules", rules)]).await;
    for (n, (kind, life, tries, pause, limit)) in [
        (Kind::PhoneLogin, 180, 2, 60, "resend_phone"),
        (Kind::Registration, 120, 1, 120, "resend_mail"),
        (Kind::ContactByText, 300, 4, 70, "resend_text"),
        // As everywhere else.
        (Kind::ContactByMail, 600, 3, 20, "resend_mail"),
    ]
    .into_iter()
    .enumerate()
    {
        let asked = Asked::new(&cloud, kind, n).await;
        let stored = asked.stored(&cloud).await;
        let (end, next) = (moment(&stored, "expires_at"), moment(&stored, "resend_at"));
        assert_eq!(end - Duration::from_secs(life), next - Duration::from_secs(pause), "{kind:?}");
        let message = cloud.mail_to(&asked.to).await.text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(message.contains(&format!("{} minutes", life / 60)), "{message}");
        let code = cloud.code_to(&asked.to).await;
        for left in (0..tries).rev() {
            assert_eq!(asked.try_code(&wrong(&code)).await.is_problem(422, "code_invalid")["tries_left"], left, "{kind:?}");
        }
        asked.try_code(&code).await.is_problem(422, "code_invalid");
        advance_to(&cloud, next - SLACK).await;
        let early = asked.again().await;
        early.is_problem(429, "resend_too_early");
        assert_eq!(early.header("ratelimit-policy"), format!("\"{limit}\";q=1;w={pause}"));
        advance_to(&cloud, next).await;
        asked.caller.post_with_work(&asked.resend, json!({})).await.is(202);
        let stored = asked.stored(&cloud).await;
        let code = cloud.code_to(&asked.to).await;
        advance_to(&cloud, moment(&stored, "expires_at") - SLACK).await;
        asked.refreshed().await.try_code(&code).await.succeeds();
    }
    let parameters = [("CodeRules".to_owned(), "phone_login=3660/3/0".to_owned())].into();
    let weaker = local::Options { parameters, hosting: local::hosts::Hosting::Eager, ..local::Options::default() };
    let refused = local::Stack::start(weaker).await.err().map(|e| e.to_string()).unwrap_or_default();
    assert!(refused.contains("CODE_RULES: phone_login"), "{refused}");
}

/// A code that was sent by an earlier version, whose items do not have the rule, is still accepted, and its attempts are still few.
/// Promise: code-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_of_an_earlier_version_is_accepted() {
    let cloud = Cloud::start().await;
    let inner = cloud.core();
    let table = inner.template.tables.iter().map(|t| t.name.clone()).find(|name| name.ends_with("-state")).unwrap();
    for (n, failures) in [2, 3].into_iter().enumerate() {
        let asked = Asked::new(&cloud, Kind::Registration, n).await;
        let (kept, code) = (asked.stored(&cloud).await, cloud.code_to(&asked.to).await);
        let former = json!({
            "TableName": table, "Key": { "pk": kept["pk"], "sk": kept["sk"] },
            "UpdateExpression": "REMOVE life, tries_max, cooldown",
        });
        inner.aws.dynamodb.database().update_item(serde_json::from_value(former).unwrap()).unwrap();
        for _ in 0..failures {
            asked.try_code(&wrong(&code)).await.is_problem(422, "code_invalid");
        }
        assert_eq!(asked.try_code(&code).await.status.is_success(), failures < 3, "after {failures} failures");
    }
}

/// A code is accepted until just before the end of its life, by the server's clock. Then it is refused although its item may
/// still be in the table.
/// Promise: code-lifetime
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_lives_as_long_as_its_purpose_says() {
    let cloud = Cloud::start().await;
    for (n, (kind, life, _, [pause, ..])) in KINDS.into_iter().enumerate() {
        let (early, late) = (Asked::new(&cloud, kind, 2 * n).await, Asked::new(&cloud, kind, 2 * n + 1).await);
        let (of_early, of_late) = (early.stored(&cloud).await, late.stored(&cloud).await);
        let (in_time, code) = (cloud.code_to(&early.to).await, cloud.code_to(&late.to).await);
        let end = moment(&of_late, "expires_at");
        let sent = moment(&of_late, "resend_at") - Duration::from_secs(pause);
        assert_eq!(end.since(sent), Duration::from_secs(life), "{kind:?}");
        advance_to(&cloud, moment(&of_early, "expires_at") - SLACK).await;
        let early = early.refreshed().await;
        early.try_code(&in_time).await.succeeds();
        advance_to(&cloud, end).await;
        let late = late.refreshed().await;
        let refused = late.try_code(&code).await;
        // A sign-in expires together with its mailed code.
        let gone = matches!(kind, Kind::SecondFactorByMail | Kind::StepUpByMail);
        let (status, problem) = if gone { (404, "not_found") } else { (422, "code_invalid") };
        refused.is_problem(status, problem);
        assert_eq!(late.stored(&cloud).await["hash"], of_late["hash"], "{kind:?}: it is still there");
    }
}

/// Another code can be asked for after the pause of its purpose. The pause grows in the set-up wizard and for text messages. A
/// request that comes too early is told the remaining time.
/// Promise: code-resend
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_code_comes_after_a_pause() {
    let cloud = Cloud::start().await;
    for (n, (kind, life, _, pauses)) in KINDS.into_iter().enumerate() {
        let asked = Asked::new(&cloud, kind, n).await;
        for pause in pauses {
            let stored = asked.stored(&cloud).await;
            let (sent, next) = (moment(&stored, "expires_at") - Duration::from_secs(life), moment(&stored, "resend_at"));
            assert_eq!(next.since(sent), Duration::from_secs(pause), "{kind:?}");
            advance_to(&cloud, next - 3 * SECOND).await;
            let early = asked.again().await;
            early.is_problem(429, "resend_too_early");
            assert!((1..=3).contains(&early.header("retry-after").parse::<u64>().unwrap()), "{kind:?}");
            advance_to(&cloud, next).await;
            asked.caller.post_with_work(&asked.resend, json!({})).await.is(202);
        }
    }
}

/// When the attempts of a code are used up, the right code is refused, whatever it is for.
/// Promise: code-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_has_as_many_tries_as_its_purpose_says() {
    let cloud = Cloud::start().await;
    for (n, (kind, _, tries, _)) in KINDS.into_iter().enumerate() {
        let asked = Asked::new(&cloud, kind, n).await;
        let code = cloud.code_to(&asked.to).await;
        // A sign-in itself is burnt after three.
        let flow = if asked.verify.starts_with("/v1/sign-ins/") { 3 } else { u64::MAX };
        for left in (0..tries.min(flow)).rev() {
            assert_eq!(asked.try_code(&wrong(&code)).await.is_problem(422, "code_invalid")["tries_left"], left, "{kind:?}");
        }
        asked.try_code(&code).await.is_problem(422, "code_invalid");
    }
}

/// A code is accepted however it is typed or pasted. What cannot be a code is an error of the field: after more of these than
/// there are attempts, all attempts are left.
/// Promise: code-spelling, code-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_accepted_in_any_spelling() {
    let cloud = Cloud::start().await;
    for (n, (kind, _, tries, _)) in KINDS.into_iter().enumerate() {
        let asked = Asked::new(&cloud, kind, n).await;
        let code = cloud.code_to(&asked.to).await;
        for other in ["", " ", "\u{200b}", "12345", "1234567", "abcdef", "12345x", &code[..3], &format!("{code}{code}0")] {
            assert_eq!(asked.try_code(other).await.field_errors(), ["/code code_format"], "{kind:?} {other:?}");
        }
        // A sign-in itself is burnt after three.
        let all = if asked.verify.starts_with("/v1/sign-ins/") { 3 } else { tries };
        assert_eq!(asked.try_code(&wrong(&code)).await.is_problem(422, "code_invalid")["tries_left"], all - 1, "{kind:?}");
        asked.try_code(&spelling(&code, n)).await.succeeds();
    }
}

/// Another spelling of a code of digits, a different one for each `n`.
fn spelling(code: &str, n: usize) -> String {
    let (head, tail) = code.split_at(3);
    let digits = |zero: char| code.chars().filter_map(|c| char::from_u32(u32::from(zero) + c.to_digit(10)?)).collect();
    match n {
        0 => format!(" {head} {tail}\n"),
        1 => format!("{head}-{tail}"),
        2 => format!("{head}\u{a0}{tail}"),
        3 => format!("{head}\u{2011}{tail}"),
        4 => digits('\u{ff10}'),
        5 => digits('\u{660}'),
        6 => digits('\u{6f0}'),
        7 => format!("\u{2068}{code}\u{2069}"),
        8 => format!("\u{200e}{head}\u{2013}{tail}"),
        _ => format!("\u{feff}{head}\u{202f}{tail}\u{200b}"),
    }
}

/// The same for the codes of an app, in the wizard, in a change and at a sign-in, and for recovery codes.
/// Promise: code-spelling
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_of_an_app_and_recovery_codes_are_accepted_in_any_spelling() {
    let cloud = Cloud::start().await;
    let ben = cloud.member("ben").await;
    cloud.phone(&ben, "+447700900002").await;
    let setup = ben.post(SETUP, json!({ "password": PASSWORD })).await.is(201);
    let app = App::new(setup["app"]["secret"].as_str().unwrap());
    for _ in 0..6 {
        for other in ["12345", "12345x", "K7M2-XP9Q-4TRW", "03-0000-0000-0000-0000"] {
            let refused = ben.post(&format!("{SETUP}/app"), json!({ "code": other })).await;
            assert_eq!(refused.field_errors(), ["/code code_format"], "{other}");
        }
    }
    ben.post(&format!("{SETUP}/app"), json!({ "code": spelling(&app.code(&cloud), 6) })).await.is(200);

    let (_, app, recovery) = cloud.careful("ana", "+447700900001").await;
    let client = cloud.anonymous();
    let mut answers = vec![spelling(&app.code(&cloud), 0)];
    answers.push(recovery[1].replace('-', "\u{2011}"));
    answers.push(format!("\u{2068}{}\u{2069}", recovery[2].replace('-', "\u{a0}").to_uppercase()));
    for answer in answers {
        let flow = client.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD })).await.is(202);
        let path = format!("/v1/sign-ins/{}", id(&flow));
        client.put(&format!("{path}/factor"), json!({ "factor": "app" })).await.is(200);
        for other in ["", "12345", "1234567", "abcdef", "03-0000-0000", "03-uuuu-uuuu-uuuu-uuuu"] {
            let refused = client.post(&format!("{path}/verify"), json!({ "code": other })).await;
            assert_eq!(refused.field_errors(), ["/code code_format"], "{other}");
        }
        client.post(&format!("{path}/verify"), json!({ "code": answer })).await.is(201);
    }
}

/// Of a thousand concurrent wrong codes of the set-up wizard five are evaluated, and then the right one is refused. Starting the
/// wizard anew does not send another code any sooner.
/// Promise: code-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_wrong_codes_of_the_wizard_are_evaluated() {
    let cloud = Cloud::start().await;
    let asked = Asked::new(&cloud, Kind::SetupByMail, 1).await;
    let code = cloud.code_to(&asked.to).await;
    let guess = wrong(&code);
    let replies = race(1000, |_| {
        let (caller, path, guess) = (asked.caller.clone(), asked.verify.clone(), guess.clone());
        async move { caller.post(&path, json!({ "code": guess })).await }
    })
    .await;
    // A slow machine does not answer all of them.
    assert!(replies.iter().all(|r| r.status == 422 || r.status == 503), "{replies:?}");
    let mut left: Vec<u64> = replies.iter().filter_map(|r| r.json()["tries_left"].as_u64()).collect();
    let evaluated = left.len();
    left.sort_unstable();
    left.dedup();
    assert!(left.len() == evaluated && evaluated <= 5, "{left:?}");
    let stored = asked.stored(&cloud).await;
    assert_eq!(stored["tries"]["N"], "5");
    asked.try_code(&code).await.is_problem(422, "code_invalid");

    let asked = Asked::new(&cloud, Kind::SetupByMail, 2).await;
    let code = cloud.code_to(&asked.to).await;
    for _ in 0..5 {
        asked.try_code(&wrong(&code)).await.is_problem(422, "code_invalid");
    }
    let stored = asked.stored(&cloud).await;
    wizard(&cloud, &asked.caller).await.is_problem(429, "resend_too_early");
    advance_to(&cloud, moment(&stored, "resend_at")).await;
    wizard(&cloud, &asked.caller).await.is(200);
    let newer = cloud.code_to(&asked.to).await;
    if newer != code {
        assert_eq!(asked.try_code(&code).await.is_problem(422, "code_invalid")["tries_left"], 4);
    }
    asked.try_code(&newer).await.is(200);
}

/// Recovery codes are too long to guess, so wrong ones lock nothing: the right one signs in after any number of them, and so does
/// the app.
/// Promise: recovery-codes, owner-access
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_recovery_codes_lock_nothing() {
    let cloud = Cloud::start().await;
    let (_, app, recovery) = cloud.careful("ana", "+447700900001").await;
    let client = cloud.anonymous();
    let begin = async || {
        let flow = client.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD })).await.is(202);
        format!("/v1/sign-ins/{}", id(&flow))
    };
    for _ in 0..10 {
        let path = begin().await;
        for _ in 0..3 {
            let guess = json!({ "code": "03-0000-0000-0000-0000" });
            client.post(&format!("{path}/verify"), guess).await.is_problem(422, "code_invalid");
        }
    }
    let path = begin().await;
    client.post(&format!("{path}/verify"), json!({ "code": recovery[4] })).await.is(201);
    let path = begin().await;
    client.put(&format!("{path}/factor"), json!({ "factor": "app" })).await.is(200);
    client.post(&format!("{path}/verify"), json!({ "code": app.code(&cloud) })).await.is(201);
}

/// A code is valid for its challenge, purpose, user, destination and flow. With any one of them exchanged it is refused.
/// Promise: code-binding
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_bound_to_what_it_was_sent_for() {
    let cloud = Cloud::start().await;
    let (number, other, third) = ("+447700900001", "+447700900002", "+447700900003");
    let (ana, app, _) = cloud.careful("ana", number).await;
    let ana = cloud.step_up(&ana, &app).await;
    let ben = cloud.member("ben").await;
    let change = async |caller: &Caller, phone: &str| {
        caller.post("/v1/me/phone-changes", json!({ "phone": phone })).await.is(202);
        cloud.code_to(phone).await
    };
    let prove = async |caller: &Caller, code: &str| caller.post("/v1/me/phone-changes/verify", json!({ "code": code })).await;
    let sign_in = cloud.anonymous();
    let flow = sign_in.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD })).await.is(202);
    let path = format!("/v1/sign-ins/{}", id(&flow));
    sign_in.put(&format!("{path}/factor"), json!({ "factor": "sms" })).await.is(200);
    let to_sign_in = cloud.code_to(number).await;

    // Destination: the code that was sent to one number proves no other.
    let to_other = change(&ana, other).await;
    let to_third = change(&ana, third).await;
    let refused = async |reply: Reply| reply.is_problem(422, "code_invalid");
    if to_other != to_third {
        refused(prove(&ana, &to_other).await).await;
    }
    // User: the code that Ben was sent to the same number is not accepted from Ana.
    let to_ben = change(&ben, third).await;
    assert_eq!(cloud.mails_to(third).await.len(), 2, "separate codes for both");
    if to_ben != to_third {
        refused(prove(&ana, &to_ben).await).await;
    }
    // Purpose: a code for signing in changes no number, and a code for a change signs nobody in.
    if to_sign_in != to_third {
        refused(prove(&ana, &to_sign_in).await).await;
        refused(sign_in.post(&format!("{path}/verify"), json!({ "code": to_third })).await).await;
    }
    // Challenge: two registrations with one address have separate codes.
    let (first, second) = (Asked::new(&cloud, Kind::Registration, 7).await, Asked::new(&cloud, Kind::Registration, 7).await);
    let codes: Vec<String> = cloud.mails_to(&first.to).await.into_iter().filter_map(|m| m.code).collect();
    let [one, two] = codes.as_slice() else { panic!("{codes:?}") };
    // Flow: a code for signing in by phone is accepted only in the flow that asked for it.
    let (asker, stranger) = (Asked::new(&cloud, Kind::PhoneLogin, 8).await, Asked::new(&cloud, Kind::PhoneLogin, 9).await);
    let phone = cloud.code_to(&asker.to).await;
    let of_stranger = cloud.code_to(&stranger.to).await;
    if phone != of_stranger {
        refused(stranger.try_code(&phone).await).await;
    }
    // Each is valid where it belongs. Mails may arrive in any order.
    let right = if first.try_code(one).await.status.is_success() { two } else { one };
    if one != two {
        let other = if right == one { two } else { one };
        refused(second.try_code(other).await).await;
    }
    second.try_code(right).await.is(200);
    asker.try_code(&phone).await.is(201);
    sign_in.post(&format!("{path}/verify"), json!({ "code": to_sign_in })).await.is(201);
    prove(&ana, &to_third).await.is(200);
}

/// A deployment may choose four digits for signing in by phone. Then only four digits count as an attempt.
/// Promise: code-format
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_may_choose_four_digits() {
    let cloud = Cloud::start_with(&[("PhoneCodeDigits", "4")]).await;
    let asked = Asked::new(&cloud, Kind::PhoneLogin, 1).await;
    let code = cloud.code_to(&asked.to).await;
    assert_eq!(code.len(), 4);
    for other in [&code[..3], &format!("{code}0"), &format!("{code}00"), &format!("0{code}")] {
        assert_eq!(asked.try_code(other).await.field_errors(), ["/code code_format"], "{other}");
    }
    assert_eq!(asked.try_code(&wrong(&code)).await.is_problem(422, "code_invalid")["tries_left"], 2);
    asked.try_code(&code).await.is(201);
    // Everything else has six.
    let other = Asked::new(&cloud, Kind::Registration, 2).await;
    assert_eq!(cloud.code_to(&other.to).await.len(), 6);
}
