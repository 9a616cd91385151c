//! The console for staff. Tests in a real browser need Chromium, and the one of accessibility needs axe-core: see `pages.rs`.

use std::time::Duration;

use local::{aws::alarms::AlarmState, outside::stripe::Act};
use reqwest::Method;
use tests::{App, Browser, Caller, Cloud, PASSWORD, Value, json};

use crate::{
    admin::offer,
    card_orders::{paid_order, shown},
    card_refunds::{change_at_stripe, give_outside, owed, sent_back},
    cart::{put, shop},
    dead_letters,
    donations::{self, VISA, act, card},
    pages::{axe, faults_of},
    products::{change, text},
    restorations::moved,
    undo::latest,
};

/// A little longer than a proof is fresh.
const STALE: Duration = Duration::from_secs(6 * 60);
const PHONE: &str = "+447911123450";

/// How somebody uses a page.
#[derive(Clone, Copy)]
enum Hand {
    Mouse,
    Keyboard,
}

impl Hand {
    /// Presses a button, or follows a link.
    async fn press(self, browser: &mut Browser, selector: &str) {
        self.go_to(browser, selector).await;
        if matches!(self, Self::Keyboard) {
            browser.press("Enter").await;
        }
    }

    /// Types into a field.
    async fn write(self, browser: &mut Browser, selector: &str, text: &str) {
        self.go_to(browser, selector).await;
        browser.enter(text).await;
    }

    /// Fills in the field of a form, and sends it.
    async fn send(self, browser: &mut Browser, form: &str, field: &str, text: &str) {
        self.write(browser, &format!("[data-form={form}] [name={field}]"), text).await;
        self.press(browser, &format!("[data-form={form}] [type=submit]")).await;
    }

    /// Clicks something, or moves the focus to it as somebody without a mouse does.
    async fn go_to(self, browser: &mut Browser, selector: &str) {
        shows(browser, selector).await;
        if matches!(self, Self::Mouse) {
            return browser.click(selector, 1).await;
        }
        for _ in 0..200 {
            if browser.run(&format!("document.activeElement.matches({})", json!(selector))).await == true {
                return;
            }
            browser.press("Tab").await;
        }
        panic!("the keyboard does not reach {selector}");
    }

    /// Signs in with the password and a code of the app.
    async fn sign_in(self, cloud: &Cloud, browser: &mut Browser, name: &str, app: &App) {
        self.write(browser, "[name=login]", name).await;
        self.send(browser, "sign-in", "password", PASSWORD).await;
        self.prove(cloud, browser, app).await;
        // The first screen would take the focus from what is pressed before it is shown.
        browser.until("!document.getElementById('nav').hidden && document.querySelector('.sign-in') === null").await;
        shows(browser, "main h1").await;
    }

    /// Proves the second factor.
    async fn prove(self, cloud: &Cloud, browser: &mut Browser, app: &App) {
        shows(browser, "[data-factor=app], [name=code]").await;
        if browser.run("document.querySelector('[name=code]') === null").await == true {
            self.press(browser, "[data-factor=app]").await;
        }
        self.send(browser, "proof", "code", &app.code(cloud)).await;
    }

    /// Confirms what the page asks, and waits until it has been done.
    async fn confirm(self, browser: &mut Browser) {
        self.press(browser, "dialog [type=submit]").await;
        browser.until("document.querySelector('dialog') === null").await;
    }
}

/// Waits until the page shows the screen of its address with this element, and nothing is being loaded.
async fn shows(browser: &mut Browser, selector: &str) {
    let script = format!(
        "document.getElementById('main').dataset.screen === location.hash && document.querySelector({}) !== null
        && document.querySelector('[aria-busy]:not(button)') === null",
        json!(selector)
    );
    browser.until(&script).await;
}

/// The address of a screen.
fn screen(cloud: &Cloud, path: &str) -> String {
    format!("{}/staff#/{path}", cloud.urls.api)
}

/// Opens the console for somebody who signs in there.
async fn enter(cloud: &Cloud, name: &str, app: &App) -> Browser {
    let mut browser = Browser::open(&format!("{}/staff", cloud.urls.api)).await;
    Hand::Mouse.sign_in(cloud, &mut browser, name, app).await;
    browser
}

/// Fails if the page has complained: about an exception, or about something that its policy has refused. Refused requests are no such
/// complaints.
async fn is_content(browser: &mut Browser) {
    let mut errors = browser.errors().await;
    errors.retain(|event| event["params"]["entry"]["source"] != "network");
    assert!(errors.is_empty(), "{errors:?}");
}

/// A customer's thread with one message.
async fn thread_of(customer: &Caller) -> String {
    let room = text(&customer.put("/v1/support/thread", json!({ "subject": "My parcel" })).await.is(201)["room"]);
    customer.post("/v1/support/thread/messages", json!({ "text": "Where is it?", "nonce": "n1" })).await.is(201);
    room
}

/// The address of the bucket of files.
fn bucket(cloud: &Cloud) -> String {
    let files = cloud.template.buckets.iter().find(|bucket| !bucket.cors.is_empty()).unwrap();
    format!("{}/{}", cloud.urls.aws, files.name)
}

/// A page on the API's own origin may send files to the bucket, and read nothing there. Pages of other origins may do neither.
/// Promise: console-policy
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bucket_takes_files_from_the_console() {
    let cloud = Cloud::start().await;
    let place = format!("{}/incoming/x", bucket(&cloud));
    for (origin, method, allowed) in [
        (cloud.urls.api.as_str(), "PUT", true),
        (&cloud.urls.api, "GET", false),
        (&cloud.urls.api, "DELETE", false),
        (&cloud.urls.console, "PUT", false),
        ("https://evil.example", "PUT", false),
    ] {
        let page = cloud.anonymous().with("origin", origin).with("access-control-request-method", method);
        let reply =
            page.with("access-control-request-headers", "content-type,x-amz-checksum-sha256").send(Method::OPTIONS, &place, None).await;
        assert_eq!(reply.header("access-control-allow-origin"), if allowed { origin } else { "" }, "{origin} {method}");
    }
}

/// The page, its scripts, its styles and its texts are served in both languages, with a policy that allows nothing else.
/// Promise: console-policy
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_is_served() {
    let cloud = Cloud::start().await;
    for language in ["en", "pl"] {
        let page = cloud.anonymous().with("accept-language", language).get("/staff").await;
        page.has(200);
        let policy = page.header("content-security-policy");
        let socket = cloud.urls.socket.trim_end_matches("/development");
        for part in ["default-src 'none'", "script-src 'self';", "style-src 'self';", "require-trusted-types-for 'script'"] {
            assert!(policy.contains(part), "{part}: {policy}");
        }
        let files = bucket(&cloud);
        for part in [format!("img-src 'self' blob: {files}/pictures/;"), format!("connect-src 'self' {socket} {files}/incoming/;")] {
            assert!(policy.contains(&part), "{part}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        let html = String::from_utf8(page.bytes.clone()).unwrap();
        assert!(html.contains(&format!("<html lang=\"{language}\">")), "{html}");
        let files: Vec<&str> = html.split('"').filter(|part| part.starts_with("/staff/")).collect();
        assert!(files.len() > 4, "{files:?}");
        for file in files.into_iter().chain([format!("/staff/texts.{language}.json").as_str()]) {
            let reply = cloud.anonymous().get(file).await;
            reply.has(200);
            cloud.anonymous().with("if-none-match", reply.header("etag")).get(file).await.has(304);
        }
    }
    for nothing in ["staff.en.html", "nothing.js", "console", "files.rs"] {
        cloud.anonymous().get(&format!("/staff/{nothing}")).await.is_problem(404, "not_found");
    }
}

/// What waits for staff in the test of their tasks.
struct Waiting {
    cloud: Cloud,
    app: App,
    ana: Caller,
    ben: Caller,
    staff: Caller,
    thread: String,
    order: String,
    report: String,
    product: String,
}

impl Waiting {
    async fn begin() -> Self {
        let cloud = Cloud::start().await;
        let (_, app) = cloud.staff("kim", "superuser").await;
        let (staff, products) = shop(&cloud, 2).await;
        let (ana, ben) = (cloud.member("ana").await, cloud.buyer("ben", PHONE).await);
        let thread = thread_of(&ana).await;
        put(&ben, &products[0], 1).await;
        let body = json!({ "payment_method": "cash_on_delivery", "total": { "amount": 1000, "currency": "PLN" } });
        let order = text(&ben.with("idempotency-key", "one").post("/v1/orders", body).await.is(201)["id"]);
        let room = text(&ben.post("/v1/rooms/direct", json!({ "user": ana.id() })).await.json()["id"]);
        let sent = ben.socket().await.ask(json!({ "type": "send", "room": room, "text": "Buy my turtles!", "nonce": "n1" })).await;
        let report = format!("{room}/{}", sent["seq"]);
        let path = format!("/v1/rooms/{room}/messages/{}/reports", sent["seq"]);
        ana.post(&path, json!({ "reason": "spam" })).await.succeeds();
        let product = products[1].clone();
        change(&staff, &product, json!({ "name": "Tortoise" })).await.is(200);
        cloud.settle().await;
        Self { cloud, app, ana, ben, staff, thread, order, report, product }
    }

    /// Finds a person and ends their sessions, answers a thread, ships an order, resolves a report, and undoes a change.
    async fn done_by(self, hand: Hand) {
        let Self { cloud, app, ana, ben, staff, thread, order, report, product } = self;
        let page = &mut Browser::open(&format!("{}/staff", cloud.urls.api)).await;
        hand.sign_in(&cloud, page, "kim", &app).await;

        hand.press(page, ".nav a[href='#/threads']").await;
        hand.press(page, &format!("a[href='#/threads/{thread}']")).await;
        shows(page, ".said li[data-seq='1']").await;
        hand.send(page, "answer", "text", "It is on its way.").await;
        shows(page, ".said li.own[data-seq='2']").await;
        let messages = ana.get("/v1/support/thread/messages").await.is(200);
        let texts: Vec<&Value> = messages["items"].as_array().unwrap().iter().map(|message| &message["text"]).collect();
        assert!(texts.contains(&&json!("It is on its way.")), "{messages}");

        hand.press(page, ".nav a[href='#/orders']").await;
        hand.press(page, &format!("a[href='#/orders/{}/{order}']", ben.id())).await;
        hand.press(page, "[data-to=shipped]").await;
        hand.confirm(page).await;
        shows(page, "[data-order=shipped]").await;
        assert_eq!(ben.get(&format!("/v1/orders/{order}")).await.is(200)["state"], "shipped");

        hand.press(page, ".nav a[href='#/reports']").await;
        hand.press(page, &format!("a[href='#/reports/{report}']")).await;
        hand.press(page, "[data-outcome=author_warned]").await;
        hand.confirm(page).await;
        shows(page, "[data-report=resolved]").await;

        hand.press(page, ".nav a[href='#/audit']").await;
        hand.send(page, "filters", "subject", "shopkeeper").await;
        page.until("location.hash.includes('subject=shopkeeper')").await;
        hand.press(page, "tbody th a[href^='#/audit/']").await;
        hand.send(page, "undo", "reason", "The old name is on the packaging.").await;
        hand.confirm(page).await;
        page.until("document.querySelector('[data-form=undo]') === null").await;
        assert_eq!(staff.get(&format!("/v1/products/{product}")).await.is(200)["name"], "Turtle 2");

        hand.press(page, ".nav a[href='#/people']").await;
        hand.send(page, "filters", "q", "ana").await;
        page.until("location.hash.includes('q=ana')").await;
        hand.press(page, "a[href='#/people/ana']").await;
        hand.press(page, "[data-act=sessions]").await;
        hand.write(page, "dialog [name=why]", "The phone is lost.").await;
        hand.confirm(page).await;
        ana.get("/v1/me").await.is_problem(401, "token_invalid");
        is_content(page).await;
    }
}

/// The five main tasks, by mouse.
/// Promise: console-tasks, console-policy
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_main_tasks_are_done_by_mouse() {
    Waiting::begin().await.done_by(Hand::Mouse).await;
}

/// The five main tasks, by keyboard alone.
/// Promise: console-tasks, console-policy
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_main_tasks_are_done_by_keyboard() {
    Waiting::begin().await.done_by(Hand::Keyboard).await;
}

/// A page that is loaded again restores the session, and reads who is signed in once.
/// Promise: console-entry
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_reload_reads_the_profile_once() {
    let cloud = Cloud::start().await;
    let (_kim, app) = cloud.staff("kim", "administrator").await;
    let mut page = enter(&cloud, "kim", &app).await;
    page.go(&screen(&cloud, "work")).await;
    shows(&mut page, "main h1").await;
    page.until("!document.getElementById('nav').hidden").await;
    let read = "performance.getEntriesByType('resource').filter(({ name }) => new URL(name).pathname === '/v1/me').length";
    assert_eq!(page.run(read).await, 1);
    is_content(&mut page).await;
}

/// Nobody gets in who is no staff, or has no second factor. A change that takes a fresh proof asks for it over the page, and is made
/// when it is given.
/// Promise: console-entry
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_proof_opens_the_console_and_is_asked_for_again_in_place() {
    let cloud = Cloud::start().await;
    let (kim, app) = cloud.staff("kim", "superuser").await;
    cloud.member("ana").await;
    let lou = cloud.member("lou").await;
    cloud.appoint(&lou, &["moderator"]);
    for (name, told) in [("ana", "is for the team"), ("lou", "needs an authenticator app")] {
        let mut page = Browser::open(&format!("{}/staff", cloud.urls.api)).await;
        Hand::Mouse.write(&mut page, "[name=login]", name).await;
        Hand::Mouse.send(&mut page, "sign-in", "password", PASSWORD).await;
        page.until(&format!("document.getElementById('main').textContent.includes({})", json!(told))).await;
        assert_eq!(page.run("document.getElementById('nav').hidden").await, true, "{name}");
    }
    let page = &mut enter(&cloud, "kim", &app).await;
    cloud.advance(STALE).await;
    page.go(&screen(&cloud, "people/ana")).await;
    Hand::Mouse.press(page, "[data-role=moderator]").await;
    Hand::Mouse.write(page, "dialog [name=why]", "Joins the team.").await;
    Hand::Mouse.press(page, "dialog [type=submit]").await;
    Hand::Mouse.send(page, "proof", "code", &app.code(&cloud)).await;
    page.until("document.querySelector('dialog') === null").await;
    let kim = cloud.sign_in_with(&kim, "kim", &app).await;
    assert_eq!(kim.get("/v1/admin/users/ana").await.is(200)["roles"], json!(["moderator"]));
    is_content(page).await;
}

/// A role that is given or taken while the console is open changes the navigation, and what the shown screen offers, with the next token.
/// Promise: console-entry
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_navigation_follows_the_roles() {
    let cloud = Cloud::start().await;
    let ((root, of_root), (_, app)) = (cloud.staff("root_of_all", "superuser").await, cloud.staff("kim", "moderator").await);
    let page = &mut enter(&cloud, "kim", &app).await;
    let orders = "document.querySelector(\".nav a[href='#/orders']\")";
    assert_eq!(page.run(&format!("{orders} === null")).await, true);
    let role = "/v1/admin/users/kim/roles/administrator";
    root.put(role, json!({})).await.is(204);
    // Longer than an access token is valid.
    cloud.advance(2 * STALE).await;
    Hand::Mouse.press(page, ".nav a[href='#/health']").await;
    page.until(&format!("{orders} !== null")).await;
    page.until("document.querySelector('main [data-form=filters]') !== null").await;
    let root = cloud.sign_in_with(&cloud.anonymous(), root.name(), &of_root).await;
    root.delete(role).await.is(204);
    cloud.advance(2 * STALE).await;
    Hand::Mouse.press(page, ".nav a[href='#/work']").await;
    page.until(&format!("{orders} === null")).await;
    is_content(page).await;
}

/// Without a frontend, somebody turns second factors on in the console, and becomes the first superuser there with an operator's secret.
/// Promise: first-superuser, console-entry
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_first_superuser_is_made_in_the_console() {
    let cloud = Cloud::start().await;
    let ida = cloud.member("ida").await;
    let page = &mut Browser::open(&format!("{}/staff", cloud.urls.api)).await;
    let mouse = Hand::Mouse;
    mouse.write(page, "[name=login]", "ida").await;
    mouse.send(page, "sign-in", "password", PASSWORD).await;
    mouse.send(page, "contact", "phone", PHONE).await;
    shows(page, "[data-form=contact-code]").await;
    mouse.send(page, "contact-code", "code", &cloud.code_to(PHONE).await).await;
    mouse.send(page, "factors", "password", PASSWORD).await;
    shows(page, "[data-form=factor-app]").await;
    let app = App::new(&text(&page.run("document.querySelector('main code').textContent").await));
    mouse.send(page, "factor-app", "code", &app.code(&cloud)).await;
    shows(page, "[data-form=factor-email]").await;
    mouse.send(page, "factor-email", "code", &cloud.code_to(&ida.email()).await).await;
    shows(page, "[data-form=factor-sms]").await;
    mouse.send(page, "factor-sms", "code", &cloud.code_to(PHONE).await).await;
    shows(page, "[data-list=recovery-codes] li:nth-child(10)").await;
    mouse.press(page, "main button.primary:not([type=submit])").await;
    // What is typed before would be lost, because the screen is read again.
    page.until("document.querySelector('[data-list=recovery-codes]') === null").await;
    let secret = offer(&cloud, "ida").await.unwrap();
    mouse.send(page, "first", "secret", &text(&secret["secret"])).await;
    mouse.prove(&cloud, page, &app).await;
    page.until("document.querySelector('h1').textContent === 'What needs you'").await;
    is_content(page).await;
}

/// A change that somebody makes after the preview of an undo is not lost: the undo is refused, and the new preview says that it has moved
/// on, which takes force.
/// Promise: console-conflicts, undo-preview
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn an_undo_that_was_overtaken_is_shown_again() {
    let mouse = Hand::Mouse;
    let cloud = Cloud::start().await;
    let (_, app) = cloud.staff("kim", "administrator").await;
    let (staff, products) = shop(&cloud, 1).await;
    change(&staff, &products[0], json!({ "name": "Tortoise" })).await.is(200);
    let entries = staff.get(&format!("/v1/audit?subject={}", staff.id())).await.is(200);
    let page = &mut enter(&cloud, "kim", &app).await;
    page.go(&screen(&cloud, &format!("audit/{}", text(&entries["items"][0]["id"])))).await;
    shows(page, "main a[href='#/people/shopkeeper']").await;
    mouse.write(page, "[data-form=undo] [name=reason]", "A mistake.").await;
    change(&staff, &products[0], json!({ "name": "Terrapin" })).await.is(200);
    mouse.press(page, "[data-form=undo] [type=submit]").await;
    mouse.press(page, "dialog [type=submit]").await;
    page.until(
        "document.querySelector('dialog .problem').textContent && document.querySelector('[data-undo=moved_on][data-field=name]') !== null",
    )
    .await;
    mouse.press(page, "dialog button:not([type=submit])").await;
    for field in ["field-name", "force"] {
        mouse.press(page, &format!("[data-form=undo] [name={field}]")).await;
    }
    let reason = "document.querySelector('[data-form=undo] [name=reason]').value";
    assert_eq!(page.run(reason).await, "A mistake.", "what was typed is still there");
    mouse.press(page, "[data-form=undo] [type=submit]").await;
    mouse.confirm(page).await;
    page.until("document.querySelector('[data-form=undo]') === null").await;
    assert_eq!(staff.get(&format!("/v1/products/{}", products[0])).await.is(200)["name"], "Turtle 1");
    is_content(page).await;
}

/// Before a phone number is given back staff read that it may be somebody else's by now. An address alone does not sign in.
/// Promise: undo-preview, contact-restoration
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn staff_are_warned_before_they_give_a_number_back() {
    let cloud = Cloud::start().await;
    let ((_, app), ana) = (cloud.staff("kim", "administrator").await, cloud.member("ana").await);
    moved(&cloud, &ana, "phone", "+447700900001").await;
    let entries = [moved(&cloud, &ana, "phone", "+447700900002").await, moved(&cloud, &ana, "email", "new@example.test").await];
    let page = &mut enter(&cloud, "kim", &app).await;
    for (entry, warns) in entries.iter().zip([true, false]) {
        page.go(&screen(&cloud, &format!("audit/{entry}"))).await;
        Hand::Mouse.send(page, "undo", "reason", "The owner asks for it.").await;
        page.until("document.querySelector('dialog') !== null").await;
        for place in ["main", "dialog"] {
            let warning = format!("document.querySelector('{place}').textContent.includes('not from the loss of the number')");
            assert_eq!(page.run(&warning).await, warns, "{place} of {entry}");
        }
        Hand::Mouse.press(page, "dialog button:not([type=submit])").await;
    }
    is_content(page).await;
}

/// A product that somebody else has changed meanwhile: both versions are shown, and the change is made only after that.
/// Promise: console-conflicts
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_conflict_shows_both_versions() {
    let cloud = Cloud::start().await;
    let (_, app) = cloud.staff("kim", "administrator").await;
    let (staff, products) = shop(&cloud, 1).await;
    let page = &mut enter(&cloud, "kim", &app).await;
    page.go(&screen(&cloud, &format!("products/{}", products[0]))).await;
    shows(page, "[data-form=edit]").await;
    assert_eq!(page.run("document.querySelector('[data-form=edit] [name=available]').required").await, true, "there is always a number");
    Hand::Mouse.write(page, "[data-form=edit] [name=description]", "A quick one. ").await;
    let typed = text(&page.run("document.querySelector('[data-form=edit] [name=description]').value").await);
    Hand::Mouse.press(page, "[data-form=edit] [type=submit]").await;
    shows(page, "dialog .changed").await;
    change(&staff, &products[0], json!({ "description": "A slow one." })).await.is(200);
    page.click("dialog [type=submit]", 1).await;
    let script = "document.querySelector('dialog [type=submit]').textContent === 'Save mine over it'
        && [...document.querySelectorAll('dialog td')].map(cell => cell.textContent)";
    let rows = page.until(script).await;
    assert_eq!(rows, json!(["A slow one.", typed.trim()]));
    let path = format!("/v1/products/{}", products[0]);
    assert_eq!(staff.get(&path).await.is(200)["description"], "A slow one.");
    Hand::Mouse.confirm(page).await;
    assert_eq!(staff.get(&path).await.is(200)["description"], typed.trim());
    is_content(page).await;
}

/// A refund that is confirmed by a double click is made once.
/// Promise: console-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_double_click_refunds_once() {
    let cloud = Cloud::start().await;
    let (_, app) = cloud.staff("kim", "administrator").await;
    let (staff, products) = shop(&cloud, 1).await;
    let ben = cloud.buyer("ben", PHONE).await;
    put(&ben, &products[0], 3).await;
    let body = json!({ "payment_method": "card", "total": { "amount": 3000, "currency": "PLN" } });
    let order = ben.with("idempotency-key", "one").post("/v1/orders", body).await.is(201);
    act(&cloud, &order["payment"], card(VISA));
    cloud.settle().await;
    let page = &mut enter(&cloud, "kim", &app).await;
    let id = text(&order["id"]);
    page.go(&screen(&cloud, &format!("orders/{}/{id}", ben.id()))).await;
    Hand::Mouse.press(page, "[data-act=refund]").await;
    // A part of it, so that a second refund would be possible.
    shows(page, "dialog [name=amount]").await;
    page.run("document.querySelector('dialog [name=amount]').value = 10").await;
    page.click("dialog [type=submit]", 2).await;
    shows(page, "[data-list=refunds]").await;
    cloud.settle().await;
    let refunded = staff.get(&format!("/v1/admin/orders/{id}")).await.is(200);
    assert_eq!((refunded["refunds"].as_array().unwrap().len(), &refunded["refunded"]["amount"]), (1, &json!(1000)), "{refunded}");
    is_content(page).await;
}

/// Money that was given back outside Stripe is not owed any more after somebody has said so, by keyboard alone.
/// Promise: refund-outside, console-policy
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_failed_refund_is_given_back_outside_stripe() {
    let cloud = Cloud::start().await;
    let (_, app) = cloud.staff("kim", "administrator").await;
    let (staff, products) = shop(&cloud, 1).await;
    let ben = cloud.buyer("ben", PHONE).await;
    let order = paid_order(&cloud, &ben, "one", &products[0], 1).await;
    let (order, _) = sent_back(&cloud, &staff, order, 500).await;
    let page = &mut enter(&cloud, "kim", &app).await;
    page.go(&screen(&cloud, "orders?alert=refund_failed")).await;
    Hand::Keyboard.press(page, "[data-act=given-outside]").await;
    // What is owed is proposed.
    Hand::Keyboard.send(page, "ask", "why", "A bank transfer of today").await;
    page.until("document.querySelector('dialog, [data-act=given-outside]') === null").await;
    assert!(owed(&staff).await.is_empty());
    let given = shown(&staff, &order).await;
    assert_eq!((&given["state"], &given["refunded"]["amount"]), (&json!("refunding"), &json!(500)), "{given}");
    is_content(page).await;
}

/// Somebody else gives a part of the money back while the dialog is open: what is still owed is shown before the rest is recorded.
/// Promise: console-conflicts, refund-outside
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_conflict_about_money_shows_both_versions() {
    let cloud = Cloud::start().await;
    let (_, app) = cloud.staff("kim", "administrator").await;
    let ((staff, _), ana) = (cloud.staff("ida", "administrator").await, cloud.member("ana").await);
    let begun = donations::begin(&ana, "one").await;
    change_at_stripe(&cloud, &begun, "amount=500".to_owned()).await;
    for what in [card(VISA), Act::FailRefunds] {
        act(&cloud, &begun, what);
        cloud.settle().await;
    }
    let page = &mut enter(&cloud, "kim", &app).await;
    page.go(&screen(&cloud, "orders?alert=refund_failed")).await;
    Hand::Mouse.press(page, "[data-act=given-outside]").await;
    Hand::Mouse.write(page, "dialog [name=why]", "A bank transfer of today").await;
    let zloty = |amount: u64| json!({ "amount": amount, "currency": "PLN" });
    give_outside(&staff, &owed(&staff).await[0], zloty(200)).await.is(204);
    page.click("dialog [type=submit]", 1).await;
    let script = "document.querySelector('dialog [type=submit]').textContent === 'Save mine over it'
        && [...document.querySelectorAll('dialog td')].map(cell => cell.textContent.replace(/[^0-9.]/g, '').slice(0, 4))";
    assert_eq!(page.until(script).await, json!(["3.00", "5.00"]));
    // The whole is more than what is owed by now.
    page.click("dialog [type=submit]", 1).await;
    page.until("document.querySelector('dialog [name=amount]').getAttribute('aria-invalid') === 'true'").await;
    assert_eq!(owed(&staff).await[0]["owed"], zloty(300));
    page.run("document.querySelector('dialog [name=amount]').value = 3").await;
    Hand::Mouse.confirm(page).await;
    assert!(owed(&staff).await.is_empty());
    is_content(page).await;
}

/// Who records money that somebody else has recorded meanwhile reads that nothing was recorded, and what was typed is still there.
/// Promise: console-conflicts, refund-outside
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn money_that_was_recorded_meanwhile_is_not_recorded_again() {
    let cloud = Cloud::start().await;
    let (_, app) = cloud.staff("kim", "administrator").await;
    let (staff, products) = shop(&cloud, 1).await;
    let ben = cloud.buyer("ben", PHONE).await;
    let order = paid_order(&cloud, &ben, "one", &products[0], 1).await;
    let (_, alert) = sent_back(&cloud, &staff, order, 500).await;
    let page = &mut enter(&cloud, "kim", &app).await;
    page.go(&screen(&cloud, "orders?alert=refund_failed")).await;
    Hand::Mouse.press(page, "[data-act=given-outside]").await;
    Hand::Mouse.write(page, "dialog [name=why]", "A bank transfer of today").await;
    give_outside(&staff, &alert, json!({ "amount": 500, "currency": "PLN" })).await.is(204);
    page.click("dialog [type=submit]", 1).await;
    page.until("document.querySelector('dialog .problem').textContent").await;
    assert_eq!(page.run("document.querySelector('dialog [name=why]').value").await, "A bank transfer of today");
    let entries = cloud.of_kind("audit").await;
    assert_eq!(entries.iter().filter(|entry| entry["action"]["S"] == "refund_made_outside").count(), 1, "{entries:?}");
    is_content(page).await;
}

/// Markup that people have written is text on every screen that shows it, also in the audit and in the preview of an undo.
/// Promise: console-policy
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn what_people_write_is_text() {
    const MARKUP: &str = "<i data-evil>x</i>";
    let cloud = Cloud::start().await;
    let ((_, app), ana) = (cloud.staff("kim", "superuser").await, cloud.member("ana").await);
    let version = ana.get("/v1/me").await.header("etag");
    ana.with("if-match", version).patch("/v1/me", json!({ "bio": MARKUP })).await.is(200);
    let thread = text(&ana.put("/v1/support/thread", json!({ "subject": MARKUP })).await.is(201)["room"]);
    ana.post("/v1/support/thread/messages", json!({ "text": MARKUP, "nonce": "n1" })).await.is(201);
    let message = json!({ "name": MARKUP, "email": ana.email(), "subject": "other", "message": MARKUP.repeat(20) });
    let ticket = text(&ana.with("idempotency-key", "ticket").post("/v1/contact-messages", message).await.is(201)["id"]);
    let entry = latest(&cloud, "profile_changed").await;
    cloud.settle().await;
    let page = &mut enter(&cloud, "kim", &app).await;
    let screens = ["work", "people/ana", "threads", "tickets"].map(str::to_owned).into_iter().chain([
        format!("threads/{thread}"),
        format!("tickets/{ticket}"),
        format!("audit/{entry}"),
    ]);
    for path in screens {
        page.go(&screen(&cloud, &path)).await;
        page.until(&format!("document.getElementById('main').textContent.includes({})", json!(MARKUP))).await;
        assert_eq!(page.run("document.querySelector('[data-evil]') === null").await, true, "{path}");
    }
    shows(page, "[data-form=undo]").await;
    assert_eq!(page.run("document.querySelector('[data-evil]') === null").await, true, "the preview");
    is_content(page).await;
}

/// An answer by mail takes a recent proof, which is asked for in place. What was typed is still there for who does not give it.
/// Promise: console-entry, staff-writes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn an_answer_by_mail_survives_the_step_up() {
    let cloud = Cloud::start().await;
    let (_, app) = cloud.staff("kim", "administrator").await;
    let ben = cloud.member("ben").await;
    let message =
        json!({ "name": "Ben", "email": ben.email(), "subject": "other", "message": "It has been like that since yesterday. ".repeat(8) });
    let ticket = text(&ben.with("idempotency-key", "ticket").post("/v1/contact-messages", message).await.is(201)["id"]);
    let page = &mut enter(&cloud, "kim", &app).await;
    page.go(&screen(&cloud, &format!("tickets/{ticket}"))).await;
    cloud.advance(STALE).await;
    Hand::Mouse.send(page, "answer", "text", "We have found it.").await;
    shows(page, "dialog [name=code]").await;
    Hand::Mouse.press(page, "dialog > button").await;
    page.until("document.querySelector('dialog') === null && document.querySelector('[data-form=answer] .problem').textContent").await;
    assert_eq!(page.run("document.querySelector('[data-form=answer] [name=text]').value").await, "We have found it.");
    Hand::Mouse.press(page, "[data-form=answer] [type=submit]").await;
    Hand::Mouse.prove(&cloud, page, &app).await;
    page.until("document.querySelectorAll('.said-by-mail li').length === 2").await;
    let mails = cloud.mails_to(&ben.email()).await;
    assert_eq!(mails.iter().filter(|mail| mail.text.contains("We have found it.")).count(), 1, "{mails:?}");
    is_content(page).await;
}

/// An event that was given up is in the list, and is sent again from there, by keyboard alone.
/// Promise: dead-letters-redriven, console-policy
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_dead_letter_is_sent_again() {
    let cloud = Cloud::start().await;
    let (_, app) = cloud.staff("kim", "superuser").await;
    dead_letters::unsent_mail(&cloud, "ana@example.test").await;
    let page = &mut enter(&cloud, "kim", &app).await;
    page.go(&screen(&cloud, "health")).await;
    Hand::Keyboard.press(page, "[data-act=redrive]").await;
    Hand::Keyboard.send(page, "ask", "why", "Mail is back").await;
    // The screen is read again.
    page.until("document.querySelector('dialog, [data-act=redrive], [aria-busy]:not(button)') === null").await;
    assert_eq!(cloud.mails_to("ana@example.test").await.len(), 1);
    is_content(page).await;
}

/// Nobody is offered what would be refused: an administrator gives no roles and does nothing about who has a role as high.
/// Promise: staff-boundaries, console-policy
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn what_is_refused_is_not_offered() {
    let cloud = Cloud::start().await;
    let (_, app) = cloud.staff("ida", "administrator").await;
    let (_root, _ana) = (cloud.staff("root_of_all", "superuser").await, cloud.member("ana").await);
    let page = &mut enter(&cloud, "ida", &app).await;
    let offered =
        "['[data-act]', '[data-role]', '[name=bio]', '[name=birth_date]'].map(one => document.querySelectorAll(`#main ${one}`).length)";
    for (name, expected) in [("ana", json!([4, 0, 1, 0])), ("root_of_all", json!([0, 0, 0, 0]))] {
        page.go(&screen(&cloud, &format!("people/{name}"))).await;
        shows(page, "main .card dl").await;
        assert_eq!(page.run(offered).await, expected, "{name}");
    }
    is_content(page).await;
}

/// Each role finds the screens in the navigation that it opens, and reads at the address of another one what that takes. What only others
/// may see is not asked for.
/// Promise: console-roles, console-policy
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn each_role_sees_its_screens() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let ((_, of_mod), (_, of_ida)) = (cloud.staff("moe", "moderator").await, cloud.staff("ida", "administrator").await);
    let all = ["work", "people", "threads", "orders", "products", "tickets", "reports", "audit", "health", "roles"];
    let shown = "[...document.querySelectorAll('.nav a')].map(one => one.hash.slice(2))";
    let page = &mut enter(&cloud, "ida", &of_ida).await;
    shows(page, "main .work").await;
    assert_eq!(page.run(shown).await, json!(all));
    let page = &mut enter(&cloud, "moe", &of_mod).await;
    shows(page, "main .work").await;
    let open = ["work", "threads", "products", "reports", "health"];
    assert_eq!(page.run(shown).await, json!(open));
    for place in all {
        page.go(&screen(&cloud, place)).await;
        shows(page, "main h1").await;
        let refused = page.run("document.getElementById('main').textContent.includes('a higher one: administrator')").await;
        assert_eq!(refused, !open.contains(&place), "{place}");
        assert_eq!(page.run("document.querySelector('main .problem[role=alert]:not(:empty)') === null").await, true, "{place}");
    }
    page.go(&screen(&cloud, "products/categories")).await;
    shows(page, "main h1").await;
    assert_eq!(page.run("document.querySelector('main form, main button') === null").await, true);
    page.go(&screen(&cloud, &format!("products/{}", products[0]))).await;
    shows(page, "main h1").await;
    page.until("document.getElementById('main').textContent.includes('No comments.')").await;
    assert_eq!(page.run("document.querySelector('main form, [data-act=delete]') === null").await, true);
    is_content(page).await;
}

/// An administrator makes a key for a program, which is shown once, works, and is revoked.
/// Promise: api-keys, console-policy
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_key_is_made_in_the_console() {
    let mouse = Hand::Mouse;
    let cloud = Cloud::start().await;
    let (_, app) = cloud.staff("kim", "administrator").await;
    let page = &mut enter(&cloud, "kim", &app).await;
    page.go(&screen(&cloud, "roles")).await;
    mouse.press(page, "[data-act=new-key]").await;
    mouse.write(page, "dialog [name=name]", "Till").await;
    mouse.press(page, "dialog [name='statistics:read']").await;
    mouse.confirm(page).await;
    let key = text(&page.run("document.querySelector('main [role=status] code').textContent").await);
    let program = cloud.anonymous().with("authorization", format!("Api-Key {key}"));
    program.get("/v1/statistics/invites").await.succeeds();
    shows(page, "main td.action button").await;
    mouse.press(page, "main td.action button").await;
    mouse.confirm(page).await;
    program.get("/v1/statistics/invites").await.is_problem(401, "api_key_invalid");
    page.until("document.querySelector('main [role=status] code') === null && document.activeElement.localName === 'h1'").await;
    page.go(&screen(&cloud, "work")).await;
    shows(page, "main .work").await;
    page.go(&screen(&cloud, "roles")).await;
    shows(page, "[data-act=new-key]").await;
    assert_eq!(page.run(&format!("document.body.textContent.includes({})", json!(&key[20..]))).await, false);
    is_content(page).await;
}

/// A picture of a product is uploaded in the console, shown there, and removed by keyboard alone. What is no picture is refused with the
/// reason.
/// Promise: product-pictures, console-policy
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_picture_of_a_product_is_uploaded() {
    let cloud = Cloud::start().await;
    let (_, products) = shop(&cloud, 1).await;
    let (_, app) = cloud.staff("kim", "administrator").await;
    let page = &mut enter(&cloud, "kim", &app).await;
    page.go(&screen(&cloud, &format!("products/{}", products[0]))).await;
    shows(page, "[data-form=picture] [name=file]").await;
    let choose = r"(async () => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 200 });
        canvas.getContext('2d').fillRect(0, 0, 320, 200);
        const drawn = await new Promise(then => canvas.toBlob(then, 'image/png'));
        const chosen = new DataTransfer();
        chosen.items.add(new File([IS_PICTURE ? drawn : 'no picture'], 'turtle.png', { type: 'image/png' }));
        document.querySelector('[data-form=picture] [name=file]').files = chosen.files;
        return true;
    })()";
    assert_eq!(page.run(&choose.replace("IS_PICTURE", "false")).await, true);
    Hand::Mouse.press(page, "[data-form=picture] [type=submit]").await;
    page.until("document.querySelector('[data-form=picture] .problem').textContent.includes('JPEG')").await;
    assert_eq!(page.run(&choose.replace("IS_PICTURE", "true")).await, true);
    Hand::Mouse.press(page, "[data-form=picture] [type=submit]").await;
    page.until("document.querySelector('img.picture')?.naturalWidth === 300").await;
    let path = format!("/v1/products/{}", products[0]);
    assert!(cloud.anonymous().get(&path).await.is(200)["picture"].is_object());
    Hand::Keyboard.press(page, "[data-act=remove-picture]").await;
    Hand::Keyboard.send(page, "ask", "why", "Another turtle").await;
    page.until("document.querySelector('dialog, img.picture') === null").await;
    assert!(cloud.anonymous().get(&path).await.is(200)["picture"].is_null());
    is_content(page).await;
}

/// An alarm that is raised is on the first screen, and on that of the health of the system.
/// Promise: alarms-seen, console-policy
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_raised_alarm_is_shown() {
    let cloud = Cloud::start().await;
    let (_, app) = cloud.staff("kim", "administrator").await;
    assert!(cloud.aws.alarms.change(&cloud, "OutboxLags", AlarmState::Alarm));
    cloud.settle().await;
    let page = &mut enter(&cloud, "kim", &app).await;
    shows(page, "[data-alarm='OutboxLags alarm']").await;
    page.go(&screen(&cloud, "health")).await;
    shows(page, "[data-alarm='OutboxLags alarm']").await;
    is_content(page).await;
}

/// Two of the team have one thread open: each sees what the other one answers, and who has taken it.
/// Promise: console-together
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn two_of_the_team_are_in_one_thread() {
    let cloud = Cloud::start().await;
    let ((_, of_kim), (_, of_lou)) = (cloud.staff("kim", "moderator").await, cloud.staff("lou", "moderator").await);
    let thread = thread_of(&cloud.member("ana").await).await;
    let (mut kim, mut lou) = (enter(&cloud, "kim", &of_kim).await, enter(&cloud, "lou", &of_lou).await);
    for page in [&mut kim, &mut lou] {
        page.go(&screen(&cloud, &format!("threads/{thread}"))).await;
        shows(page, ".said li[data-seq='1']").await;
        // The state of the thread comes with another answer than its messages.
        page.until("document.querySelector('h1').textContent === 'ana: My parcel'").await;
    }
    Hand::Mouse.press(&mut kim, "[data-take]").await;
    lou.until("document.querySelector('[data-others]').textContent.includes('kim')").await;
    for (n, answers) in [(2, "kim"), (3, "lou")] {
        let (who, other) = if answers == "kim" { (&mut kim, &mut lou) } else { (&mut lou, &mut kim) };
        Hand::Mouse.send(who, "answer", "text", &format!("Answer {n}")).await;
        let line = format!(".said li[data-seq='{n}'][data-state=sent]");
        shows(who, &line).await;
        let seen = format!("document.querySelector({}).textContent.includes('Answer {n}')", json!(format!(".said li[data-seq='{n}']")));
        shows(other, &format!(".said li[data-seq='{n}']")).await;
        assert_eq!(other.run(&seen).await, true);
    }
    for page in [&mut kim, &mut lou] {
        is_content(page).await;
    }
}

/// The looks in which everything is seen: width, theme and language.
const LOOKS: [(u32, &str, &str); 5] =
    [(320, "light", "pl"), (640, "dark", "pl"), (1280, "dark", "en"), (320, "dark", "en"), (1280, "light", "pl")];

/// Adds what is wrong with what the page shows now.
async fn look_for(page: &mut Browser, axe: &str, place: &str, faults: &mut Vec<String>) {
    faults.extend(faults_of(page, axe).await.into_iter().map(|fault| format!("{place}: {fault}")));
}

/// The screens on which somebody signs in, proves a second factor, and sets one up.
async fn look_outside(cloud: &Cloud, axe: &str, faults: &mut Vec<String>) {
    let lou = cloud.member("lou").await;
    cloud.appoint(&lou, &["moderator"]);
    for (width, theme, language) in [LOOKS[0], LOOKS[2]] {
        for (name, next) in [("kim", "[data-factor=app], [name=code]"), ("lou", "[data-form=contact]")] {
            let page = &mut Browser::open(&format!("{}/staff", cloud.urls.api)).await;
            page.look(width, theme, language).await;
            page.go(&format!("{}/staff", cloud.urls.api)).await;
            for shown in ["[name=login]", next] {
                shows(page, shown).await;
                look_for(page, axe, &format!("{name}'s {shown} {width} {theme} {language}"), faults).await;
                if shown != next {
                    Hand::Mouse.write(page, "[name=login]", name).await;
                    Hand::Mouse.send(page, "sign-in", "password", PASSWORD).await;
                }
            }
            is_content(page).await;
        }
    }
}

/// axe-core finds nothing serious on any screen, and nothing is wider than the window, on a phone and on a large screen, in both themes
/// and languages.
/// Promise: pages-for-everybody, console-policy
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and axe-core"]
async fn every_screen_is_for_everybody() {
    let axe = axe();
    let Waiting { cloud, app, ben, thread, order, report, product, .. } = Waiting::begin().await;
    let message =
        json!({ "name": "Ben", "email": ben.email(), "subject": "other", "message": "It has been like that since yesterday. ".repeat(8) });
    let ticket = text(&ben.with("idempotency-key", "ticket").post("/v1/contact-messages", message).await.is(201)["id"]);
    let entries = cloud.of_kind("audit").await;
    let entry = text(&entries.iter().find(|entry| entry["action"]["S"] == "product_changed").unwrap()["id"]["S"]);
    let page = &mut enter(&cloud, "kim", &app).await;
    let mut screens: Vec<String> = [
        "work",
        "people",
        "people/ben",
        "threads",
        "threads?q=parcel",
        "orders",
        "orders?alert=refund_failed",
        "products",
        "products/categories",
        "tickets",
        "reports",
        "audit",
        "health",
        "roles",
        "x",
        "%",
    ]
    .map(str::to_owned)
    .into();
    screens.extend([
        format!("threads/{thread}"),
        format!("orders/{}/{order}", ben.id()),
        format!("reports/{report}"),
        format!("products/{product}"),
        format!("tickets/{ticket}"),
        format!("audit/{entry}"),
    ]);
    let mut faults = Vec::new();
    for (width, theme, language) in LOOKS {
        page.look(width, theme, language).await;
        for path in &screens {
            page.go(&screen(&cloud, path)).await;
            shows(page, "main h1").await;
            assert_eq!(page.run("document.documentElement.lang").await, language, "{path}");
            look_for(page, &axe, &format!("{path} {width} {theme} {language}"), &mut faults).await;
        }
        page.go(&screen(&cloud, "people/ben")).await;
        Hand::Mouse.press(page, "[data-role=moderator]").await;
        shows(page, "dialog").await;
        look_for(page, &axe, &format!("dialog {width} {theme} {language}"), &mut faults).await;
        page.go(&screen(&cloud, &format!("audit/{entry}"))).await;
        Hand::Mouse.send(page, "undo", "reason", "The old name is on the packaging.").await;
        shows(page, "dialog").await;
        look_for(page, &axe, &format!("undo {width} {theme} {language}"), &mut faults).await;
    }
    look_outside(&cloud, &axe, &mut faults).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    is_content(page).await;
}
