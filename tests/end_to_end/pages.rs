//! The pages for people: those of mailed links, the documents, errors, mails and the console. Tests in a real browser need Chromium, at
//! `/usr/bin/chromium` or at the path in `CHROMIUM`, and the path of axe-core's `axe.min.js` in `STOA_AXE`, which `.ci/run` gets. Run with
//! `--ignored`.

use kernel::Env;
use local::outside::captcha::SECRET;
use tests::{Browser, Caller, Cloud, PASSWORD, Value, json};

use crate::restorations::{moved, offered};

const NEW: &str = "fierce otters paint";
/// The look-ups of links, with the use of each, and whether it takes a password.
const LINKS: [(&str, &str, bool); 4] = [
    ("/v1/activations/link", "/v1/activations", true),
    ("/v1/password-resets/link", "/v1/password-resets/confirm", true),
    ("/v1/deletion-cancellations/link", "/v1/deletion-cancellations", false),
    ("/v1/contact-restorations/link", "/v1/contact-restorations", false),
];

/// A link of each kind: to activate an account, to choose a new password, to cancel a deletion, to take a former address back.
async fn links(cloud: &Cloud) -> [String; 4] {
    let (ana, ben, anybody) = (cloud.member("ana").await, cloud.member("ben").await, cloud.anonymous());
    let by_link = json!({ "email": "mia@example.test", "username": "mia", "password": PASSWORD });
    anybody.post("/v1/registrations/link", by_link).await.is(202);
    let activate = cloud.mail_to("mia@example.test").await.links.remove(0);
    anybody.post("/v1/password-resets", json!({ "email": ana.email() })).await.is(202);
    let reset = cloud.mail_to(&ana.email()).await.links.remove(0);
    ben.post("/v1/me/deletion", json!({ "password": PASSWORD })).await.is(200);
    let cancel = cloud.mail_to(&ben.email()).await.links.remove(0);
    let (eve, (kim, _)) = (cloud.member("eve").await, cloud.staff("kim", "administrator").await);
    let entry = moved(cloud, &eve, "email", "eve.new@example.test").await;
    offered(cloud, &kim, &entry, &eve.email()).await;
    let restore = cloud.mail_to(&eve.email()).await.links.remove(0);
    [activate, reset, cancel, restore]
}

fn token(link: &str) -> &str {
    link.split_once("#token=").unwrap().1
}

/// The documents list the pages that a frontend must have for mailed links, with the two operations of each.
/// Promise: link-owner
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_every_mailed_link_is_documented() {
    let cloud = Cloud::start().await;
    let rows: Vec<&str> = include_str!("../../infra/README.md").lines().filter(|line| line.starts_with("| `/")).collect();
    for ((owner, call, typed), link) in LINKS.into_iter().zip(links(&cloud).await) {
        let (address, _) = link.split_once('#').unwrap();
        let page = &address[address.rfind('/').unwrap()..];
        let row = rows.iter().find(|row| row.starts_with(&format!("| `{page}` |"))).unwrap_or_else(|| panic!("{page} is not listed"));
        assert!(row.contains(&format!("`POST {owner}`")) && row.contains(&format!("`POST {call}`")), "{row}");
        assert_eq!(row.contains("password that") || row.contains("new password |"), typed, "{row}");
    }
    assert_eq!(rows.len(), LINKS.len(), "{rows:?}");
}

/// A link says whose account it is about as often as its page is loaded, and still works after that. It says nothing to who has not
/// the whole token, and nothing any more once it is used.
/// Promise: link-owner, link-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_says_whose_it_is_until_it_is_used() {
    let cloud = Cloud::start().await;
    let links = links(&cloud).await;
    let anybody = cloud.anonymous();
    let ask = async |path: &str, token: &str| anybody.post(path, json!({ "token": token })).await;
    for (((path, call, with), link), name) in LINKS.iter().zip(&links).zip(["mia", "ana", "ben", "eve"]) {
        let token = token(link);
        for _ in 0..2 {
            let told = ask(path, token).await.is(200);
            let target = format!("{}****@example.test", &name[..1]);
            assert_eq!((&told["username"], &told["target"]), (&json!(name), &json!(target)), "{path} {told}");
            assert!(told["expires_at"].is_string() && told["due_at"].is_string() == path.contains("deletion"), "{path} {told}");
            assert!(told.as_object().unwrap().len() <= 4, "{told}");
        }
        let (id, secret) = token.split_once('.').unwrap();
        for forged in ["", "x", ".", id, &format!("{id}."), &format!("{id}.{}", &secret[1..]), &format!("{id}.{secret}x")] {
            ask(path, forged).await.is_problem(422, "link_invalid");
        }
        let mut body = json!({ "token": token });
        if *with {
            body["password"] = json!(if *path == LINKS[0].0 { PASSWORD } else { NEW });
        }
        assert!(anybody.post(call, body).await.status.is_success(), "{call}");
        ask(path, token).await.is_problem(422, "link_invalid");
    }
}

/// A link does not say any more whose it is when it would be refused: after the account's contact or state has changed, or when the
/// deletion has begun.
/// Promise: link-owner, link-binding
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_void_link_says_nothing() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let anybody = cloud.anonymous();
    anybody.post("/v1/password-resets", json!({ "email": ana.email() })).await.is(202);
    let reset = cloud.token_to(&ana.email()).await;
    ben.post("/v1/me/deletion", json!({ "password": PASSWORD })).await.is(200);
    let old = cloud.token_to(&ben.email()).await;
    ben.post("/v1/me/deletion", json!({ "password": PASSWORD })).await.is(200);
    let ask = async |path: &str, token: &str| anybody.post(path, json!({ "token": token })).await;
    ask(LINKS[2].0, &old).await.is_problem(422, "link_invalid");
    ana.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
    ask(LINKS[1].0, &reset).await.is_problem(422, "link_invalid");
}

/// Every question about a link counts, whichever of the four it is and whether the token is valid.
/// Promise: link-owner
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_about_links_are_limited() {
    let cloud = Cloud::start().await;
    let caller: Caller = cloud.anonymous();
    for n in 0..60 {
        let (path, ..) = LINKS[n % 4];
        caller.post(path, json!({ "token": "x.y" })).await.is_problem(422, "link_invalid");
    }
    for (path, ..) in LINKS {
        caller.post(path, json!({ "token": "x.y" })).await.is_problem(429, "too_many_requests");
    }
}

/// Without a frontend, the pages that mailed links open finish the job: one opens an account, one changes a password, one keeps an
/// account, one gives an address back. Each says whose account it is about. The token leaves the address bar and survives a reload. An error is announced and
/// belongs to its field. Nobody stays signed in.
/// Promise: registration-link, password-reset, deletion-cancel, contact-restoration, link-owner
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_page_of_a_mailed_link_works_without_a_frontend() {
    let cloud = Cloud::start().await;
    let [activate, reset, cancel, restore] = links(&cloud).await;
    let mut browser = Browser::open(&cloud.urls.console).await;

    open(&mut browser, &activate).await;
    assert_eq!(shown(&mut browser).await, json!(["Activate your account · Stoa", "mia", "m****@example.test", "", "mia"]));
    let field = "(({ autocomplete, form }) => [autocomplete, form.elements.username.autocomplete])(document.getElementById('password'))";
    assert_eq!(browser.run(field).await, json!(["current-password", "username"]));
    assert_eq!(refused(&mut browser, "not the right one").await, json!(["The password is wrong.", "alert", "true", true]));
    browser.go(activate.split('#').next().unwrap()).await;
    browser.until("!document.getElementById('form').hidden").await;
    let done = "Your account is active. You can sign in now.";
    assert_eq!(sent(&mut browser, PASSWORD).await, json!([done, true, "http://localhost:5173/", ""]));
    let mia = cloud.sign_in("mia").await;
    assert_eq!(mia.get("/v1/sessions").await.is(200)["items"].as_array().unwrap().len(), 1);

    open(&mut browser, &reset).await;
    let rules = browser.run("document.getElementById('rules').textContent").await;
    assert!(rules.as_str().unwrap().contains("at least 12 characters"), "{rules}");
    let wrong = refused(&mut browser, "short").await;
    assert!(wrong[0].as_str().unwrap().contains("12") && wrong[2] == "true", "{wrong}");
    let (place, _) = reset.split_once('#').unwrap();
    browser.go(&format!("{place}?lang=pl")).await;
    browser.until("!document.getElementById('form').hidden").await;
    assert_eq!(
        browser.run("[document.documentElement.lang, document.querySelector('h1').textContent]").await,
        json!(["pl", "Wybierz nowe hasło"])
    );
    assert_eq!(sent(&mut browser, NEW).await[0], "Hasło zostało zmienione. Możesz się nim teraz zalogować.");
    cloud.anonymous().post("/v1/sessions", json!({ "login": "ana", "password": NEW })).await.is(201);
    browser.go(place).await;
    assert_eq!(
        browser.until("document.getElementById('outcome').textContent").await,
        "This page opens with the link in a mail. Open that link again."
    );

    open(&mut browser, &cancel).await;
    let due = browser.run("document.getElementById('due').textContent").await;
    assert!(due.as_str().unwrap().starts_with("It is to be deleted on "), "{due}");
    assert_eq!(sent(&mut browser, "").await[0], "Your account stays. Its data was not changed.");

    open(&mut browser, &restore).await;
    let whose = "['username', 'target'].map(id => document.getElementById(id).textContent)";
    assert_eq!(browser.run(whose).await, json!(["eve", "e****@example.test"]));
    let done = sent(&mut browser, "").await;
    assert!(done[0].as_str().unwrap().starts_with("It belongs to your account again."), "{done}");
    open(&mut browser, &reset).await;
    assert_eq!(browser.until("document.getElementById('outcome').textContent").await, "This link is wrong or no longer valid.");
}

/// Opens a link's page and waits until it has asked whose it is.
async fn open(browser: &mut Browser, link: &str) {
    browser.go(link).await;
    browser.until("document.getElementById('checking').hidden").await;
}

/// The title, whose account it is, what of the token is left in the address, and the name that a password manager gets.
async fn shown(browser: &mut Browser) -> Value {
    let script = "(text => [document.title, text('username'), text('target'), location.hash, document.getElementById('name').value])
        (id => document.getElementById(id).textContent)";
    browser.run(script).await
}

const SUBMIT: &str = "(() => {
    const password = document.getElementById('password');
    if (password) password.value = PASSWORD;
    document.getElementById('form').requestSubmit();
})()";

/// Sends a password that is refused, and returns the error, its role, whether the field is marked, and whether it names the error.
async fn refused(browser: &mut Browser, password: &str) -> Value {
    browser.run(&SUBMIT.replace("PASSWORD", &json!(password).to_string())).await;
    browser.until("document.getElementById('error').textContent").await;
    let script = "((error, field) => [error.textContent, error.getAttribute('role'), field.getAttribute('aria-invalid'),
        field.getAttribute('aria-describedby').split(' ').includes(error.id) && document.activeElement === field])
        (document.getElementById('error'), document.getElementById('password'))";
    browser.run(script).await
}

/// Sends a password that is accepted, and returns what the page says, whether its form is gone, where it leads, and the address.
async fn sent(browser: &mut Browser, password: &str) -> Value {
    browser.run(&SUBMIT.replace("PASSWORD", &json!(password).to_string())).await;
    // Nobody stays signed in: what the page has to say comes before the answer to that.
    browser.until("document.getElementById('outcome').textContent && !document.querySelector('#form button.primary').disabled").await;
    let script = "[document.getElementById('outcome').textContent, document.getElementById('form').hidden,
        document.querySelector('#end a').href, location.hash]";
    browser.run(script).await
}

/// The page with the contact form is served in both languages, with nothing from elsewhere unless there are captchas, and loading it
/// changes nothing.
/// Promise: contact-page
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contact_form_has_a_page() {
    let cloud = Cloud::start().await;
    for (language, title, subject) in [("en", "Write to us", "Something does not work"), ("pl", "Napisz do nas", "Coś nie działa")] {
        let reply = cloud.anonymous().with("accept-language", language).get("/contact").await;
        let html = String::from_utf8(reply.has(200).bytes.clone()).unwrap();
        assert!(html.contains(&format!("<html lang=\"{language}\">")) && html.contains(title) && html.contains(subject), "{html}");
        assert!(html.contains("value=\"bug_report\"") && !html.contains("data-sitekey"), "{html}");
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-") && !policy.contains("http"), "{policy}");
    }
    let cloud = Cloud::start_with(&[("CaptchaSecret", SECRET)]).await;
    let reply = cloud.anonymous().get("/contact").await;
    let (policy, html) = (reply.header("content-security-policy"), String::from_utf8(reply.bytes.clone()).unwrap());
    assert!(policy.contains("script-src 'sha256-") && policy.contains(&cloud.urls.outside), "{policy}");
    assert!(html.contains("data-action=\"contact\"") && html.contains(&format!("{}/captcha/widget.js", cloud.urls.outside)), "{html}");
    assert!(cloud.of_kind("contact_ticket").await.is_empty());
}

/// In a browser: errors are beside their fields and announced, what was typed stays, a captcha is solved on the page, and after sending
/// only the address stays.
/// Promise: contact-page
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_contact_page_works_without_a_frontend() {
    let cloud = Cloud::start_with(&[("ContactMail", "team@example.test"), ("CaptchaSecret", SECRET)]).await;
    let mut browser = Browser::open(&cloud.urls.console).await;
    browser.look(320, "light", "en").await;
    let page = format!("{}/contact", cloud.urls.api);
    browser.go(&page).await;
    browser.until("document.querySelector('[name=captcha-response]')?.value").await;
    let fill = |fields: &Value| {
        format!(
            "(() => {{ for (const [id, value] of Object.entries({fields})) {{ const field = document.getElementById(id);
                field.value = value; field.dispatchEvent(new Event('change')); }} return document.getElementById('message').value; }})()"
        )
    };
    let template = browser.run(&fill(&json!({ "name": "Ana Nowak", "email": "ana@example.test", "subject": "bug_report" }))).await;
    assert!(template.as_str().unwrap().contains("Something does not work."), "{template}");
    browser.run("document.getElementById('form').requestSubmit()").await;
    let error = browser.until("document.getElementById('message-error').textContent").await;
    assert_eq!(error, "Use at least 250 characters.");
    let shown = browser
        .run(
            "((field, error) => [field.value.length > 50, field.getAttribute('aria-invalid'), document.activeElement === field,
            field.getAttribute('aria-describedby').split(' ').includes(error.id), error.getAttribute('role'),
            document.getElementById('subject').value, document.documentElement.scrollWidth <= innerWidth])
            (document.getElementById('message'), document.getElementById('message-error'))",
        )
        .await;
    assert_eq!(shown, json!([true, "true", true, true, "alert", "bug_report", true]));
    assert!(cloud.of_kind("contact_ticket").await.is_empty());

    browser.run(&fill(&json!({ "message": format!("{} {}", template.as_str().unwrap(), "It stays empty. ".repeat(20)) }))).await;
    browser.until("document.querySelector('[name=captcha-response]')?.value").await;
    browser.run("document.getElementById('form').requestSubmit()").await;
    browser.until("!document.getElementById('sent').hidden").await;
    let told = browser.run("document.getElementById('sent').textContent").await;
    assert!(told.as_str().unwrap().contains("with the number tkt_"), "{told}");
    let left = browser.run("['name', 'email', 'subject'].map(id => document.getElementById(id).value)").await;
    assert_eq!(left, json!(["", "ana@example.test", ""]));
    assert_eq!(cloud.mails_to("team@example.test").await.len(), 1);
    browser.go(&page).await;
    browser.until("!document.getElementById('form').hidden").await;
    assert_eq!(cloud.mails_to("team@example.test").await.len(), 1, "a reload sends nothing");
}

/// axe-core finds nothing serious on our pages, at any width, in both themes and languages, and nothing is wider than the window.
///
/// Swagger UI writes links into buttons, in its own markup.
/// Promise: pages-for-everybody
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and axe-core"]
async fn every_page_is_for_everybody() {
    let axe = axe();
    let cloud = Cloud::start().await;
    let [activate, reset, cancel, restore] = links(&cloud).await;
    let api = |path: &str| format!("{}{path}", cloud.urls.api);
    let mut pages = vec![activate, reset.clone(), cancel, restore, format!("{reset}x"), api("/reset-password")];
    pages.extend(
        [
            "/problems/version_mismatch",
            "/problems/nonsense",
            "/nonsense",
            "/docs/nonsense",
            "/v1/me",
            "/docs",
            "/docs/flows",
            "/docs/client",
            "/docs/from",
            "/docs/from-cantina-shop",
            "/contact",
        ]
        .map(api),
    );
    let mut mails = Vec::new();
    for to in ["ana", "ben", "eve", "mia"] {
        mails.extend(cloud.mails_to(&format!("{to}@example.test")).await.into_iter().filter_map(|mail| mail.html));
    }
    let mut browser = Browser::open(&cloud.urls.console).await;
    // All pages of the console, and what opens on some of them.
    let console = browser.run("[...document.querySelectorAll('.nav a')].map(link => link.href)").await;
    let console: Vec<String> = serde_json::from_value(console).unwrap();
    assert!(console.len() >= 13, "{console:?}");
    pages.extend(["inbox?message=1", "requests?q=404", "tables?kind=user"].map(|page| format!("{}/{page}", cloud.urls.console)));
    pages.extend(console);
    let mut faults = Vec::new();
    for (width, theme, language) in [(320, "light", "pl"), (390, "dark", "en"), (1280, "light", "en"), (1280, "dark", "pl")] {
        browser.look(width, theme, language).await;
        for page in &pages {
            browser.go(page).await;
            browser.until("!document.querySelector('#checking:not([hidden]), #docs:empty, #docs .loading')").await;
            let found = faults_of(&mut browser, &axe).await;
            faults.extend(found.into_iter().map(|fault| format!("{page} {width} {theme} {language}: {fault}")));
            assert_eq!(browser.run("document.documentElement.lang").await, language, "{page}");
        }
        for mail in &mails {
            browser.go("about:blank").await;
            browser.run(&format!("document.write({}); document.close()", json!(mail))).await;
            let found = faults_of(&mut browser, &axe).await;
            faults.extend(found.into_iter().map(|fault| format!("{mail} {width} {theme}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The script of axe-core.
pub fn axe() -> String {
    let path = Env::process().get("STOA_AXE").map(str::to_owned).expect("STOA_AXE: the path of axe.min.js, which .ci/run gets");
    std::fs::read_to_string(path).expect("axe.min.js")
}

/// The serious findings of axe-core on the shown page, and whether the page is wider than the window.
pub async fn faults_of(browser: &mut Browser, axe: &str) -> Vec<String> {
    let script = "axe.run(document, { resultTypes: ['violations'], rules: { 'nested-interactive': { enabled: !document.querySelector('.swagger-ui') } } })
        .then(({ violations }) => violations.filter(({ impact }) => ['serious', 'critical'].includes(impact))
            .map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)} and ${nodes.length - 1} more`))
        .then(found => document.documentElement.scrollWidth > innerWidth ? [...found, 'wider than the window'] : found)";
    browser.run(&format!("{axe};0")).await;
    serde_json::from_value(browser.run(script).await).unwrap()
}
