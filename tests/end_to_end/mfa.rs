//! Turning second factors on and off, recovery codes, trusted devices.

use std::{collections::BTreeSet, time::Duration};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use local::aws::{
    Service,
    faults::{Fault, Target},
};
use tests::{App, Caller, Cloud, DAY, PASSWORD, Value, json};

const SETUP: &str = "/v1/me/mfa/setup";
const PHONE: &str = "+447911123456";

async fn status(caller: &Caller) -> Value {
    caller.get("/v1/me/mfa").await.is(200)
}

/// The wizard accepts its steps only in their order, needs a proven phone number and address, and enables nothing before its last
/// step. Each code differs, proves the contact it was sent to, and is sent although the step before was quick. At the end there
/// are recovery codes, and other sessions end.
/// Promise: mfa-setup, credential-change-ends-sessions
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wizard_goes_in_its_order() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let start = json!({ "password": PASSWORD });
    let refused = ana.post(SETUP, start.clone()).await.is_problem(409, "contact_required");
    assert_eq!(refused["missing"], "phone");
    assert_eq!(status(&ana).await["missing"], json!(["phone"]));
    cloud.phone(&ana, PHONE).await;
    assert_eq!(ana.get("/v1/me").await.is(200)["phone"], PHONE);

    ana.post(&format!("{SETUP}/app"), json!({ "code": "000000" })).await.is_problem(404, "not_found");
    ana.post(SETUP, json!({ "password": "wrong" })).await.is_problem(403, "password_wrong");
    ana.post(SETUP, json!({})).await.is_problem(403, "password_wrong");
    let setup = ana.post(SETUP, start.clone()).await.is(201);
    assert_eq!((&setup["step"], &setup["number"], &setup["of"]), (&json!("app"), &json!(2), &json!(4)));
    assert!(setup["app"]["uri"].as_str().unwrap().starts_with("otpauth://totp/Stoa:ana%40example.test?secret="));
    assert!(setup["app"]["qr"].as_str().unwrap().starts_with("data:image/svg+xml,"));
    let again = ana.get(SETUP).await.is(200);
    assert_eq!((&again["step"], again.get("app")), (&json!("app"), None), "the secret is shown once only");
    for step in ["email", "sms"] {
        let early = ana.post(&format!("{SETUP}/{step}"), json!({ "code": "000000" })).await.is_problem(409, "step_required");
        assert_eq!(early["required_step"], "app");
    }
    let elsewhere = cloud.sign_in("ana").await;
    elsewhere.get(SETUP).await.is_problem(404, "not_found");

    let app = App::new(setup["app"]["secret"].as_str().unwrap());
    assert_eq!(ana.post(&format!("{SETUP}/app"), json!({ "code": "12345" })).await.field_errors(), ["/code code_format"]);
    let wrong = ana.post(&format!("{SETUP}/app"), json!({ "code": app.wrong(&cloud) })).await.is_problem(422, "code_invalid");
    assert_eq!(wrong["tries_left"], 4);
    let mail = ana.post(&format!("{SETUP}/app"), json!({ "code": app.code(&cloud) })).await.is(200);
    assert_eq!((&mail["step"], &mail["code"]["target"]), (&json!("email"), &json!("a****@example.test")));
    assert!(mail.get("app").is_none(), "the secret is not shown again");
    let skipped = ana.post(&format!("{SETUP}/sms"), json!({ "code": "000000" })).await.is_problem(409, "step_required");
    assert_eq!(skipped["required_step"], "email");
    let early = ana.post(&format!("{SETUP}/resend"), json!({})).await;
    early.is_problem(429, "resend_too_early");
    assert!((40..=45).contains(&early.header("retry-after").parse::<u32>().unwrap()));
    let mailed = cloud.code_to("ana@example.test").await;
    for half in ["", "1234", "12345", "1234567"] {
        let refused = ana.post(&format!("{SETUP}/email"), json!({ "code": half })).await;
        assert_eq!(refused.field_errors(), ["/code code_format"], "{half}");
    }
    let other = tests::wrong(&mailed);
    let wrong = ana.post(&format!("{SETUP}/email"), json!({ "code": other })).await.is_problem(422, "code_invalid");
    assert_eq!(wrong["tries_left"], 4);
    // A code whose sending failed is not counted.
    let counted = async || {
        let counters = cloud.of_kind("limit").await;
        let counted = counters.iter().filter(|c| c["hits"]["N"] != "0");
        counted.map(|c| format!("{} {}", c["pk"]["S"], c["hits"]["N"])).collect::<BTreeSet<_>>()
    };
    let before = counted().await;
    let target = Target::of("MfaFunction", Service::DynamoDb, "TransactWriteItems");
    let clash = cloud.aws.faults.script(target, Fault::Conflict);
    let refused = ana.post(&format!("{SETUP}/email"), json!({ "code": mailed })).await;
    assert!(!refused.status.is_success(), "{refused:?}");
    clash.end();
    assert_eq!(counted().await, before);
    let text = ana.post(&format!("{SETUP}/email"), json!({ "code": mailed })).await.is(200);
    assert_eq!((&text["step"], &text["number"], &text["code"]["target"]), (&json!("sms"), &json!(4), &json!("+••••••56")));
    let texted = cloud.code_to(PHONE).await;
    if mailed != texted {
        ana.post(&format!("{SETUP}/sms"), json!({ "code": mailed })).await.is_problem(422, "code_invalid");
    }
    assert_eq!(status(&ana).await["enabled"], false, "no factor is enabled yet");
    elsewhere.get("/v1/me").await.is(200);
    let done = ana.post(&format!("{SETUP}/sms"), json!({ "code": texted })).await.is(201);
    assert_eq!(done["recovery_codes"].as_array().unwrap().len(), 10);
    elsewhere.get("/v1/me").await.is_problem(401, "token_invalid");
    let on = status(&ana).await;
    assert_eq!((&on["enabled"], &on["recovery_codes_left"], &on["missing"]), (&json!(true), &json!(10), &json!([])));
    let factors: Vec<&Value> = on["factors"].as_array().unwrap().iter().map(|f| &f["factor"]).collect();
    assert_eq!(factors, ["app", "email", "sms"]);
    assert!(cloud.mail_to("ana@example.test").await.subject.contains("Second factors are on"));
    ana.get(SETUP).await.is_problem(404, "not_found");
}

/// A set-up expires after ten minutes, can be cancelled, and ends after five wrong codes of the app.
/// Promise: mfa-setup
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unfinished_set_up_expires() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    cloud.phone(&ana, PHONE).await;
    let start = json!({ "password": PASSWORD });
    let setup = ana.post(SETUP, start.clone()).await.is(201);
    let app = App::new(setup["app"]["secret"].as_str().unwrap());
    for left in (0..5).rev() {
        let wrong = ana.post(&format!("{SETUP}/app"), json!({ "code": app.wrong(&cloud) })).await.is_problem(422, "code_invalid");
        assert_eq!(wrong["tries_left"], left);
    }
    ana.post(&format!("{SETUP}/app"), json!({ "code": app.code(&cloud) })).await.is_problem(422, "code_invalid");
    let setup = ana.post(SETUP, start.clone()).await.is(201);
    let app = App::new(setup["app"]["secret"].as_str().unwrap());
    let _ = ana.delete(SETUP).await.is(204);
    ana.post(&format!("{SETUP}/app"), json!({ "code": app.code(&cloud) })).await.is_problem(404, "not_found");
    let ana = cloud.sign_in("ana").await;
    let setup = ana.post(SETUP, start).await.is(201);
    let app = App::new(setup["app"]["secret"].as_str().unwrap());
    cloud.advance(Duration::from_secs(601)).await;
    ana.post(&format!("{SETUP}/app"), json!({ "code": app.code(&cloud) })).await.is_problem(404, "not_found");
}

/// Somebody has a copy of an access token from before its owner stepped up. The owner replaces their app. With the copy nobody
/// can read, confirm or cancel the new secret. The owner continues, also after a refresh of the token.
/// Promise: step-up-bound
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_from_before_a_step_up_takes_no_set_up_over() {
    let cloud = Cloud::start().await;
    let (copied, old, _) = cloud.careful("ana", PHONE).await;
    cloud.advance(Duration::from_secs(301)).await;
    let ana = cloud.step_up(&copied, &old).await;
    let begun = ana.post("/v1/me/mfa/factors/app", json!({})).await.is(201);
    let new = App::new(begun["app"]["secret"].as_str().unwrap());
    let right = json!({ "code": new.code(&cloud) });
    copied.get("/v1/me").await.is(200);
    copied.get(SETUP).await.is_problem(404, "not_found");
    copied.put("/v1/me/mfa/factors/app", right.clone()).await.is_problem(404, "not_found");
    let _ = copied.delete(SETUP).await.is(204);
    assert_eq!(ana.get(SETUP).await.is(200).get("app"), None, "the set-up is still there, without the secret");
    let refreshed = json!({ "refresh_token": ana.refresh_token() });
    let ana = ana.signed_in(cloud.anonymous().post("/v1/sessions/refresh", refreshed).await.is(200));
    let _ = ana.put("/v1/me/mfa/factors/app", right).await.is(204);
    cloud.step_up(&ana, &new).await;
}

/// Setting up a factor does not change the enabled ones. The last factor cannot be removed. The others can be removed and added
/// again.
/// Promise: mfa-factors
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn single_factors_are_added_and_removed() {
    let cloud = Cloud::start().await;
    let (ana, old, _) = cloud.careful("ana", PHONE).await;
    let factor = |name: &str| format!("/v1/me/mfa/factors/{name}");
    // The session has no proof of a second factor, and neither has a copy of its token.
    ana.post(&factor("app"), json!({})).await.is_problem(401, "step_up_required");
    let ana = cloud.step_up(&ana, &old).await;
    ana.post(SETUP, json!({ "password": PASSWORD })).await.is_problem(409, "mfa_enabled");
    let setup = ana.post(&factor("app"), json!({})).await.is(201);
    let new = App::new(setup["app"]["secret"].as_str().unwrap());
    let _ = ana.delete(SETUP).await.is(204);
    ana.put(&factor("app"), json!({ "code": new.code(&cloud) })).await.is_problem(404, "not_found");
    cloud.advance(Duration::from_secs(301)).await;
    ana.post(&factor("app"), json!({})).await.is_problem(401, "step_up_required");
    let ana = cloud.step_up(&ana, &old).await;
    let setup = ana.post(&factor("app"), json!({})).await.is(201);
    let new = App::new(setup["app"]["secret"].as_str().unwrap());
    let _ = ana.put(&factor("app"), json!({ "code": new.code(&cloud) })).await.is(204);
    let flow = ana.post("/v1/step-ups", json!({})).await.is(201);
    let verify = format!("/v1/sign-ins/{}/verify", flow["id"].as_str().unwrap());
    ana.post(&verify, json!({ "code": old.code(&cloud) })).await.is_problem(422, "code_invalid");
    let ana = ana.signed_in(ana.post(&verify, json!({ "code": new.code(&cloud) })).await.is(200));

    for gone in ["sms", "app"] {
        let _ = ana.delete(&factor(gone)).await.is(204);
    }
    ana.delete(&factor("sms")).await.is_problem(401, "step_up_required");
    let ana = cloud.step_up_by_mail(&ana).await;
    ana.delete(&factor("sms")).await.is_problem(409, "mfa_not_enabled");
    ana.delete(&factor("email")).await.is_problem(409, "last_factor");
    ana.delete(&factor("nonsense")).await.is_problem(404, "not_found");
    ana.post(&factor("password"), json!({})).await.is_problem(422, "factor_unavailable");
    ana.post(&factor("email"), json!({})).await.is_problem(409, "mfa_enabled");
    let sms = ana.post(&factor("sms"), json!({})).await.is(201);
    assert_eq!(sms["code"]["target"], "+••••••56");
    let _ = ana.put(&factor("sms"), json!({ "code": cloud.code_to(PHONE).await })).await.is(204);
    let on = status(&ana).await;
    assert_eq!(on["factors"].as_array().unwrap().iter().map(|f| &f["factor"]).collect::<Vec<_>>(), ["email", "sms"]);
    let mails = cloud.mails_to("ana@example.test").await;
    let told = mails.iter().filter(|mail| mail.subject.contains("second factor was changed")).count();
    // One notice at once. Those within the next hour are held back.
    assert!(told == 1 && cloud.held("factor_changed", None).await >= 3, "{told}");
}

/// Turning second factors off takes the password and a factor, and leaves no secret behind. All other sessions end.
/// Promise: mfa-turn-off, credential-change-ends-sessions
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turning_off_takes_password_and_factor() {
    let cloud = Cloud::start().await;
    let (ana, app, _) = cloud.careful("ana", PHONE).await;
    let off = json!({ "password": PASSWORD });
    cloud.advance(Duration::from_secs(301)).await;
    let refused = ana.post("/v1/me/mfa/removal", off.clone()).await.is_problem(401, "step_up_required");
    assert_eq!(refused["methods"], json!(["app", "recovery_code"]));
    let ana = cloud.step_up(&ana, &app).await;
    ana.post("/v1/me/mfa/removal", json!({ "password": "wrong" })).await.is_problem(403, "password_wrong");
    ana.post("/v1/me/mfa/removal", json!({})).await.is_problem(403, "password_wrong");
    assert_eq!(status(&ana).await["enabled"], true);
    let elsewhere = cloud.sign_in_with(&cloud.anonymous(), "ana", &app).await;
    let _ = ana.post("/v1/me/mfa/removal", off.clone()).await.is(204);
    elsewhere.get("/v1/me").await.is_problem(401, "token_invalid");
    assert_eq!(status(&ana).await["enabled"], false);
    // Now the password is the strongest factor again, and the session was not stepped up with it.
    ana.post("/v1/me/mfa/removal", off.clone()).await.is_problem(401, "step_up_required");
    cloud.sign_in("ana").await.post("/v1/me/mfa/removal", off).await.is_problem(409, "mfa_not_enabled");
    let dump = cloud.dump().await.to_string();
    assert!(!dump.contains("app_factor") && !dump.contains("recovery_codes"), "no item of the factors is left");
    assert!(cloud.mail_to("ana@example.test").await.subject.contains("Second factors are off"));
    cloud.sign_in("ana").await.get("/v1/me").await.is(200);
}

/// Every encoding in which bytes could be stored in clear.
fn spellings(bytes: &[u8]) -> Vec<String> {
    let hex = bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().concat();
    let list: Vec<String> = bytes.iter().map(|b| format!("{{\"N\":\"{b}\"}}")).collect();
    vec![BASE64_URL_SAFE_NO_PAD.encode(bytes), BASE64_STANDARD_NO_PAD.encode(bytes), hex.to_uppercase(), hex, list.join(",")]
}

/// While second factors are on, neither the seed, nor a recovery code, nor the secret of a client or device is stored in clear
/// anywhere. Turned on again, there is another seed.
/// Promise: secrets-hashed
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_of_factors_are_stored_nowhere_in_clear() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    cloud.phone(&ana, PHONE).await;
    let begun = ana.post(SETUP, json!({ "password": PASSWORD })).await.is(201);
    let secret = begun["app"]["secret"].as_str().unwrap().replace(' ', "");
    let seed = |secret: &str| {
        let value = |c: u8| u16::from(if c.is_ascii_digit() { c - b'2' + 26 } else { c - b'A' });
        let bits: Vec<u16> = secret.bytes().flat_map(|c| (0..5).rev().map(move |n| (value(c) >> n) & 1)).collect();
        bits.chunks_exact(8).map(|byte| u8::try_from(byte.iter().fold(0, |all, bit| (all << 1) | bit)).unwrap()).collect::<Vec<u8>>()
    };
    let bytes = seed(&secret);
    assert_eq!(bytes.len(), 20);
    let nowhere = async |what: &str, spelt: &[String]| {
        let dump = cloud.dump().await.to_string();
        for spelling in spelt {
            assert!(!dump.contains(spelling), "{what}: {spelling}");
        }
    };
    let spelt: Vec<String> = spellings(&bytes).into_iter().chain([secret.clone(), secret.to_lowercase()]).collect();
    nowhere("the seed that is being set up", &spelt).await;
    let app = App::new(&secret);
    ana.post(&format!("{SETUP}/app"), json!({ "code": app.code(&cloud) })).await.is(200);
    let mailed = cloud.code_to("ana@example.test").await;
    ana.post(&format!("{SETUP}/email"), json!({ "code": mailed })).await.is(200);
    let texted = cloud.code_to(PHONE).await;
    let recovery = ana.post(&format!("{SETUP}/sms"), json!({ "code": texted })).await.is(201)["recovery_codes"].clone();
    assert_eq!(cloud.of_kind("app_factor").await.len(), 1);
    nowhere("the seed", &spelt).await;
    for code in recovery.as_array().unwrap() {
        let code = code.as_str().unwrap();
        let plain = code[3..].replace('-', "");
        nowhere("a recovery code", &[code[3..].to_owned(), plain.to_uppercase(), spellings(plain.as_bytes())[0].clone(), plain]).await;
    }

    let client = cloud.anonymous();
    let flow = client.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD, "remember_device": true })).await.is(202);
    let verify = format!("/v1/sign-ins/{}/verify", flow["id"].as_str().unwrap());
    let reply = client.post(&verify, json!({ "code": recovery[0] })).await.is(201);
    for member in ["refresh_token", "device_token"] {
        let token = reply[member].as_str().unwrap();
        let whole = BASE64_URL_SAFE_NO_PAD.decode(&token[4..]).unwrap();
        let mut spelt = spellings(&whole[whole.len() - 32..]);
        spelt.push(token[4..].to_owned());
        nowhere(member, &spelt).await;
    }

    let ana = cloud.step_up(&ana, &app).await;
    let _ = ana.post("/v1/me/mfa/removal", json!({ "password": PASSWORD })).await.is(204);
    let again = cloud.sign_in("ana").await.post(SETUP, json!({ "password": PASSWORD })).await.is(201);
    assert_ne!(again["app"]["secret"].as_str().unwrap().replace(' ', ""), secret);
}

/// Turning second factors off ends a set-up that is under way. Somebody who is half signed in cannot reach it.
/// Promise: mfa-turn-off, mfa-setup
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turning_off_ends_a_set_up_of_its_owner() {
    let cloud = Cloud::start().await;
    let (ben, app, _) = cloud.careful("ben", "+447911123457").await;
    let ana = cloud.member("ana").await;
    cloud.phone(&ana, PHONE).await;
    let begun = ana.post(SETUP, json!({ "password": PASSWORD })).await.is(201);
    let client = cloud.anonymous();
    let flow = client.post("/v1/sessions", json!({ "login": "ben", "password": PASSWORD })).await.is(202);
    let half = client.with("authorization", format!("Bearer {}", flow["id"].as_str().unwrap()));
    let new = App::new(begun["app"]["secret"].as_str().unwrap());
    half.get(SETUP).await.is_problem(401, "token_invalid");
    half.delete(SETUP).await.is_problem(401, "token_invalid");
    half.post(SETUP, json!({ "password": PASSWORD })).await.is_problem(401, "token_invalid");
    half.post(&format!("{SETUP}/app"), json!({ "code": new.code(&cloud) })).await.is_problem(401, "token_invalid");
    assert_eq!(ana.get(SETUP).await.is(200)["step"], "app");

    let ben = cloud.step_up(&ben, &app).await;
    let setup = ben.post("/v1/me/mfa/factors/app", json!({})).await.is(201);
    let new = App::new(setup["app"]["secret"].as_str().unwrap());
    let _ = ben.post("/v1/me/mfa/removal", json!({ "password": PASSWORD })).await.is(204);
    ben.get(SETUP).await.is_problem(404, "not_found");
    ben.put("/v1/me/mfa/factors/app", json!({ "code": new.code(&cloud) })).await.is_problem(409, "mfa_not_enabled");
    assert_eq!(status(&ben).await["enabled"], false);
    assert!(cloud.of_kind("app_factor").await.is_empty());
}

/// Wrong passwords are counted together, whichever operation asks for them. After five the right one has to wait.
/// Promise: password-attempts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_count_together() {
    let cloud = Cloud::start().await;
    let (ana, app, _) = cloud.careful("ana", PHONE).await;
    let ana = cloud.step_up(&ana, &app).await;
    let ben = cloud.member("ben").await;
    cloud.phone(&ben, "+447911123457").await;
    let (wrong, right) = (json!({ "password": "wrong" }), json!({ "password": PASSWORD }));
    for (who, mfa) in [(&ana, "/v1/me/mfa/removal"), (&ben, SETUP)] {
        for place in [mfa, "/v1/me/deactivation", "/v1/me/deletion", mfa, "/v1/me/deactivation"] {
            who.post(place, wrong.clone()).await.is_problem(403, "password_wrong");
        }
        for place in [mfa, "/v1/me/deactivation", "/v1/me/deletion"] {
            who.post(place, right.clone()).await.is_problem(429, "too_many_requests");
        }
    }
}

/// The description of a device is that of its last use. The times from and until which it is trusted do not change. Afterwards it
/// is not listed.
/// Promise: trusted-devices
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_are_shown_as_they_were_last_used() {
    const EDGE: &str = "p8Jw2nQ7sT4vX9zB1dF6gH3kL5mN0rYc";
    let cloud = Cloud::start_with(&[("EdgeSecrets", EDGE)]).await;
    let ana = cloud.member("ana").await.with("x-edge-secret", EDGE);
    let at = |city: &str, agent: &str| {
        let client = cloud.anonymous().with("cloudfront-viewer-city", city).with("cloudfront-viewer-country", "PL");
        let client = client.with("x-edge-secret", EDGE);
        if agent.is_empty() { client } else { client.with("user-agent", agent) }
    };
    let sign_in = async |client: &Caller, token: &Value| {
        let body = json!({ "login": "ana", "password": PASSWORD, "remember_device": true, "device_token": token });
        client.post("/v1/sessions", body).await.is(201)["device_token"].clone()
    };
    let token = sign_in(&at("Krak%C3%B3w", ""), &json!(null)).await;
    let first = ana.get("/v1/me/devices").await.is(200)["items"][0].clone();
    assert_eq!((&first["place"], &first["agent"]["browser"]), (&json!("Kraków, PL"), &json!("Firefox 140")));
    assert_eq!(first["created_at"], first["last_used_at"]);
    cloud.advance(Duration::from_secs(500)).await;
    let safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15";
    let _ = sign_in(&at("Gda%C5%84sk", safari), &token).await;
    let items = ana.get("/v1/me/devices").await.is(200)["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1, "it is the same device");
    let second = &items[0];
    assert_eq!(second["place"], "Gdańsk, PL");
    for kept in ["id", "created_at", "expires_at"] {
        assert_eq!(second[kept], first[kept], "{kept}");
    }
    for new in ["last_used_at", "address", "agent"] {
        assert_ne!(second[new], first[new], "{new}");
    }
    cloud.advance(DAY * 30).await;
    let client = cloud.anonymous().with("x-edge-secret", EDGE);
    let again = client.signed_in(client.post("/v1/sessions", json!({ "login": "ana", "password": PASSWORD })).await.is(201));
    assert_eq!(again.get("/v1/me/devices").await.is(200)["items"], json!([]));
}

/// A recovery code works once, in any spelling, and its use is notified. New codes replace the old ones. Another person's codes
/// are refused.
/// Promise: recovery-codes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recovery_codes_work_once() {
    let cloud = Cloud::start().await;
    let (ana, app, codes) = cloud.careful("ana", PHONE).await;
    let (_, _, foreign) = cloud.careful("ben", "+447911123457").await;
    let browser = cloud.anonymous();
    let verify = async || {
        let body = json!({ "login": "ana", "password": PASSWORD });
        format!("/v1/sign-ins/{}/verify", browser.post("/v1/sessions", body).await.is(202)["id"].as_str().unwrap())
    };
    let path = verify().await;
    browser.post(&path, json!({ "code": foreign[0] })).await.is_problem(422, "code_invalid");
    let signed_in = browser.signed_in(browser.post(&path, json!({ "code": codes[0].to_uppercase().replace('-', " ") })).await.is(201));
    assert_eq!(signed_in.claims()["amr"], json!(["pwd", "recovery", "mfa"]));
    assert!(cloud.mails_to("ana@example.test").await.iter().any(|m| m.subject.contains("recovery code was used")));
    assert_eq!(status(&signed_in).await["recovery_codes_left"], 9);
    browser.post(&verify().await, json!({ "code": codes[0] })).await.is_problem(422, "code_invalid");
    let ana = cloud.step_up(&ana, &app).await;
    let new = ana.post("/v1/me/mfa/recovery-codes", json!({})).await.is(201)["recovery_codes"].clone();
    browser.post(&verify().await, json!({ "code": codes[1] })).await.is_problem(422, "code_invalid");
    browser.post(&verify().await, json!({ "code": new[1] })).await.is(201);
    assert!(cloud.mails_to("ana@example.test").await.iter().any(|m| m.subject.contains("New recovery codes")));
}

/// Ten sets of recovery codes a day.
/// Promise: recovery-codes, request-rates
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recovery_codes_are_made_ten_times_a_day() {
    let cloud = Cloud::start().await;
    let (ana, app, _) = cloud.careful("ana", PHONE).await;
    let ana = cloud.step_up(&ana, &app).await;
    for _ in 0..10 {
        let _ = ana.post("/v1/me/mfa/recovery-codes", json!({})).await.is(201);
    }
    ana.post("/v1/me/mfa/recovery-codes", json!({})).await.is_problem(429, "too_many_requests");
}

/// A trusted device skips the second step, gets a new secret with each use, is listed, and expires after thirty days.
/// Promise: trusted-devices
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_device_skips_the_second_step() {
    let cloud = Cloud::start().await;
    let (ana, app, _) = cloud.careful("ana", PHONE).await;
    let browser = cloud.anonymous();
    let body = json!({ "login": "ana", "password": PASSWORD, "token_delivery": "cookie", "remember_device": true });
    let flow = browser.post("/v1/sessions", body.clone()).await;
    assert!(flow.header("set-cookie").is_empty());
    let verify = format!("/v1/sign-ins/{}/verify", flow.is(202)["id"].as_str().unwrap());
    let path = verify.replace("/verify", "/factor");
    let _ = browser.put(&path, json!({ "factor": "app" })).await.is(200);
    let reply = browser.post(&verify, json!({ "code": app.code(&cloud) })).await;
    let trusted = browser.signed_in(reply.is(201));
    let device = reply.cookie("__Host-device");
    for attribute in ["; Path=/;", "; Max-Age=2592000", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(device.contains(attribute), "{device}");
    }
    let jar = |cookie: &str| cookie.split(';').next().unwrap().to_owned();
    let items = trusted.get("/v1/me/devices").await.is(200)["items"].clone();
    let one = &items[0];
    assert_eq!((&one["current"], &one["expires_soon"], &one["agent"]["browser"]), (&json!(true), &json!(false), &json!("Firefox 140")));
    assert_eq!((&one["agent"]["system"], &one["agent"]["device"]), (&json!("Linux"), &json!("desktop")));
    assert!(one["address"].as_str().unwrap().starts_with("127."));
    assert!(cloud.mail_to("ana@example.test").await.subject.contains("device is trusted"));

    let with = |cookie: &str| browser.with("cookie", jar(cookie));
    let second = with(&device).post("/v1/sessions", body.clone()).await;
    assert_eq!(browser.signed_in(second.is(201)).claims()["amr"], json!(["pwd"]), "the device is no proof");
    let rotated = second.cookie("__Host-device");
    assert_ne!(jar(&rotated), jar(&device));
    with(&device).post("/v1/sessions", body.clone()).await.is(202);
    // Devices of other people and made-up tokens are refused.
    let (_, _, _) = cloud.careful("ben", "+447911123457").await;
    let ben = json!({ "login": "ben", "password": PASSWORD });
    with(&rotated).post("/v1/sessions", ben).await.is(202);
    let mut forged = jar(&rotated);
    forged.pop();
    with(&forged).post("/v1/sessions", body.clone()).await.is(202);
    // A trusted device is never accepted as a step-up.
    let third = with(&rotated).post("/v1/sessions", body.clone()).await;
    browser.signed_in(third.is(201)).post("/v1/me/mfa/recovery-codes", json!({})).await.is_problem(401, "step_up_required");
    let kept = third.cookie("__Host-device");
    cloud.advance(DAY * 24).await;
    let fourth = with(&kept).post("/v1/sessions", body.clone()).await;
    let late = browser.signed_in(fourth.is(201));
    assert_eq!(late.get("/v1/me/devices").await.is(200)["items"][0]["expires_soon"], true);
    cloud.advance(DAY * 6).await;
    with(&fourth.cookie("__Host-device")).post("/v1/sessions", body).await.is(202);
    drop(ana);
}

/// The owner revokes trust in one device or in all, together with the sessions that began on it. Every change of credentials
/// revokes it too.
/// Promise: trusted-devices, credential-change-ends-sessions
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trust_in_devices_can_be_revoked() {
    let cloud = Cloud::start().await;
    let (ana, app, _) = cloud.careful("ana", PHONE).await;
    let body = |token: Option<&str>| json!({ "login": "ana", "password": PASSWORD, "remember_device": true, "device_token": token });
    let trust = async || {
        let browser = cloud.anonymous();
        let flow = browser.post("/v1/sessions", body(None)).await.is(202);
        let path = format!("/v1/sign-ins/{}", flow["id"].as_str().unwrap());
        let _ = browser.put(&format!("{path}/factor"), json!({ "factor": "app" })).await.is(200);
        let reply = browser.post(&format!("{path}/verify"), json!({ "code": app.code(&cloud) })).await.is(201);
        let token = reply["device_token"].as_str().unwrap().to_owned();
        (browser.signed_in(reply), token)
    };
    let ((first, token), (second, kept)) = (trust().await, trust().await);
    let list = ana.get("/v1/me/devices").await.is(200)["items"].as_array().unwrap().clone();
    assert_eq!(list.len(), 2);
    assert!(list.iter().all(|d| d["current"] == false));
    let id =
        first.get("/v1/me/devices").await.is(200)["items"].as_array().unwrap().iter().find(|d| d["current"] == true).unwrap()["id"].clone();
    let path = format!("/v1/me/devices/{}", id.as_str().unwrap());
    cloud.member("eve").await.delete(&path).await.is_problem(404, "not_found");
    ana.delete("/v1/me/devices/dev_nonsense").await.is_problem(404, "not_found");
    let _ = ana.delete(&path).await.is(204);
    ana.delete(&path).await.is_problem(404, "not_found");
    first.get("/v1/me").await.is_problem(401, "token_invalid");
    second.get("/v1/me").await.is(200);
    cloud.anonymous().post("/v1/sessions", body(Some(&token))).await.is(202);
    let reply = cloud.anonymous().post("/v1/sessions", body(Some(&kept))).await.is(201);
    let rotated = reply["device_token"].as_str().unwrap().to_owned();
    // A change of factors revokes trusted devices.
    let ana = cloud.step_up(&ana, &app).await;
    let _ = ana.delete("/v1/me/mfa/factors/sms").await.is(204);
    cloud.anonymous().post("/v1/sessions", body(Some(&rotated))).await.is(202);
    assert_eq!(ana.get("/v1/me/devices").await.is(200)["items"], json!([]));
    let (third, newest) = trust().await;
    let _ = ana.delete("/v1/me/devices").await.is(204);
    third.get("/v1/me").await.is_problem(401, "token_invalid");
    cloud.anonymous().post("/v1/sessions", body(Some(&newest))).await.is(202);
    // There are ten trusted devices at most, including those from before second factors were enabled.
    let ben = cloud.member("ben").await;
    for _ in 0..12 {
        let body = json!({ "login": "ben", "password": PASSWORD, "remember_device": true });
        assert!(cloud.anonymous().post("/v1/sessions", body).await.is(201)["device_token"].is_string());
    }
    assert_eq!(ben.get("/v1/me/devices").await.is(200)["items"].as_array().unwrap().len(), 10);
}
