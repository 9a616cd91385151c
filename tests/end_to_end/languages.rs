//! Every language of the project. `.ci/language` also runs these tests with a language that is added by files alone.

use std::{fs, path::Path};

use kernel::Locale;
use tests::{Cloud, json, race};

/// The text after `begin` in a file of the repository, in this language.
fn text(crate_folder: &str, file: &str, locale: Locale, begin: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(crate_folder).join("locales").join(locale.tag()).join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let line = text.lines().find_map(|line| line.strip_prefix(begin));
    line.unwrap_or_else(|| panic!("{}: no {begin}", path.display())).to_owned()
}

/// Problems, mails, names of countries and pages are in the language of their reader, and are the texts of its files.
/// Promise: languages-by-files
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_language_is_complete_and_is_that_of_its_files() {
    let cloud = Cloud::start().await;
    for locale in Locale::ALL {
        let tag = locale.tag();
        let reader = cloud.anonymous().with("accept-language", tag);
        let reply = reader.get("/nowhere/at-all").await;
        let problem = reply.is_problem(404, "not_found");
        assert_eq!(problem["title"], text("shared/kernel", "problems.ftl", locale, "not_found = "), "{tag}");
        assert_eq!(reply.header("content-language"), tag);

        let address = format!("{tag}@example.test");
        let _ = cloud.anonymous().post("/v1/registrations", json!({ "email": address, "locale": tag })).await.is(201);
        let mail = cloud.mail_to(&address).await;
        assert_eq!(mail.subject, text("shared/outbound", "outbound.ftl", locale, "registration_code-subject = "), "{tag}");

        let countries = reader.get("/v1/countries").await.is(200);
        let poland = countries["items"].as_array().unwrap().iter().find(|country| country["code"] == "PL").unwrap();
        assert_eq!(poland["name"], text("shared/countries", "countries.txt", locale, "PL "), "{tag}");
    }
}

/// Of many requests at the same time each is answered in its own language.
/// Promise: languages-by-files
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn languages_of_requests_at_once_do_not_mix() {
    let cloud = Cloud::start().await;
    cloud.limits.lift(true);
    let reader = cloud.anonymous();
    let of = |n: usize| Locale::ALL[n % Locale::ALL.len()];
    let replies = race(200, move |n| {
        let reader = reader.with("accept-language", of(n).tag());
        async move { reader.get("/v1/me").await }
    });
    for (n, reply) in replies.await.iter().enumerate() {
        let problem = reply.is_problem(401, "token_invalid");
        assert_eq!(problem["title"], text("shared/kernel", "problems.ftl", of(n), "token_invalid = "), "{n}");
    }
}

/// The pages of the API are in every language, and lead to those in the others. A person can choose each of them.
/// Promise: languages-by-files
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_and_profiles_are_in_every_language() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    for locale in Locale::ALL {
        let tag = locale.tag();
        for path in ["/contact", "/docs", "/docs/flows", "/docs/client", "/staff"] {
            let reply = cloud.anonymous().get(&format!("{path}?lang={tag}")).await;
            reply.has(200);
            let page = String::from_utf8_lossy(&reply.bytes);
            assert!(page.contains(&format!("<html lang=\"{tag}\"")), "{path} in {tag}");
            for other in Locale::ALL.into_iter().filter(|other| *other != locale) {
                assert!(page.contains(&format!("?lang={}\"", other.tag())), "{path} in {tag} does not lead to {}", other.tag());
            }
        }
        let title = text("functions/contact", "page.ftl", locale, "title = ");
        let page = cloud.anonymous().get(&format!("/contact?lang={tag}")).await;
        assert!(String::from_utf8_lossy(&page.bytes).contains(&title), "{tag}");
        let texts = cloud.anonymous().get(&format!("/staff/texts.{tag}.json")).await.is(200);
        assert_eq!(texts["language"], text("functions/console", "console.ftl", locale, "language = "));

        let version = ana.get("/v1/me").await.header("etag");
        let changed = ana.with("if-match", version).patch("/v1/me", json!({ "language": tag })).await.is(200);
        assert_eq!(changed["language"], tag);
    }
}
