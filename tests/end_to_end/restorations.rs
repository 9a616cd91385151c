//! Giving a former address or number back: staff undo a change of somebody's contact, which sends a link to the former one, and its
//! owner opens that.

use local::aws::{
    Service,
    faults::{Fault, Target},
};
use tests::{Caller, Cloud, DAY, HOUR, PASSWORD, Reply, Value, json, race};

use crate::{
    contacts::by_phone,
    items,
    phone_login::change,
    products::text,
    undo::{latest, outcome, outcomes, preview, undo, undo_at},
};

const NEW: &str = "fierce otters paint";
const RESTORATIONS: &str = "/v1/contact-restorations";

/// Changes somebody's `email` or `phone`, and returns the entry about it.
pub(crate) async fn moved(cloud: &Cloud, who: &Caller, kind: &str, to: &str) -> String {
    who.post(&format!("/v1/me/{kind}-changes"), json!({ kind: to })).await.is(202);
    let code = cloud.code_to(to).await;
    who.post(&format!("/v1/me/{kind}-changes/verify"), json!({ "code": code })).await.is(200);
    cloud.settle().await;
    latest(cloud, "contact_changed").await
}

/// Undoes a change of contact, and returns the token that is sent to the former one.
pub(crate) async fn offered(cloud: &Cloud, staff: &Caller, entry: &str, former: &str) -> String {
    let field = if former.starts_with('+') { "phone" } else { "email" };
    undo(staff, entry, &[field], false).await.is(201);
    cloud.token_to(former).await
}

/// Opens a link, and waits until everybody is told.
async fn open(cloud: &Cloud, token: &str) -> Reply {
    let reply = cloud.anonymous().post(RESTORATIONS, json!({ "token": token })).await;
    cloud.settle().await;
    reply
}

/// The addresses and numbers that belong to accounts.
async fn claimed(cloud: &Cloud) -> Vec<String> {
    let mut all: Vec<String> = cloud.of_kind("email").await.iter().map(|claim| text(&claim["email"]["S"])).collect();
    all.extend(cloud.of_kind("phone").await.iter().map(|claim| text(&claim["phone"]["S"])));
    all.sort();
    all
}

/// How many messages to an address or number contain this text.
async fn told(cloud: &Cloud, to: &str, what: &str) -> usize {
    cloud.mails_to(to).await.iter().filter(|mail| mail.subject.contains(what) || mail.text.contains(what)).count()
}

/// How many entries of an action there are.
async fn entries(cloud: &Cloud, action: &str) -> usize {
    cloud.of_kind("audit").await.iter().filter(|entry| entry["action"]["S"] == action).count()
}

/// Somebody with a session of ana and her password puts another address in place of hers. Staff undo that: she gets a link, whoever has
/// the account is told, and nothing changes. With the link she has her address again, and whoever had the account has neither a session
/// nor a password.
/// Promise: contact-restoration, contact-notices, credential-change-ends-sessions, undo-outcomes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_given_back_by_a_link_to_it() {
    let cloud = Cloud::start().await;
    let ((ida, _), ana) = (cloud.staff("ida", "administrator").await, cloud.member("ana").await);
    let thief = cloud.sign_in("ana").await;
    let entry = moved(&cloud, &thief, "email", "thief@example.test").await;
    ana.get("/v1/me").await.is_problem(401, "token_invalid");

    let (version, shown) = preview(&ida, &entry).await;
    assert_eq!(outcomes(&shown), [("email".to_owned(), "clean".to_owned())]);
    let masked = |address: &str| json!([{ "kind": "text", "value": address }]);
    let field = &shown["fields"][0];
    let (hers, theirs) = (masked("a****@example.test"), masked("t****@example.test"));
    assert_eq!([&field["was"], &field["became"], &field["is_now"], &field["would_be"]], [&hers, &theirs, &theirs, &hers]);
    let done = undo_at(&ida, &entry, &version, &["email"], false).await.is(201);
    let token = cloud.token_to("ana@example.test").await;
    assert_eq!(thief.get("/v1/me").await.is(200)["email"], "thief@example.test");
    assert_eq!(told(&cloud, "thief@example.test", "can be taken back").await, 1);
    // The same request again gets the same answer, and sends nothing.
    assert_eq!(undo_at(&ida, &entry, &version, &["email"], false).await.is(201), done);
    assert_eq!(told(&cloud, "ana@example.test", "Take your address back").await, 1);
    assert_eq!(preview(&ida, &entry).await.1["undone_by"], done["entry"]);
    assert_eq!(outcome(&ida, &text(&done["entry"])).await, "never");

    let owner = cloud.anonymous().post(&format!("{RESTORATIONS}/link"), json!({ "token": token })).await.is(200);
    assert_eq!((&owner["username"], &owner["target"]), (&json!("ana"), &json!("a****@example.test")));
    let page = cloud.anonymous().get("/restore-contact").await;
    assert!(page.has(200).header("content-type").starts_with("text/html"));
    assert_eq!(claimed(&cloud).await, ["ida@example.test", "thief@example.test"]);
    open(&cloud, &token).await.is(204);
    assert_eq!(claimed(&cloud).await, ["ana@example.test", "ida@example.test"]);
    thief.get("/v1/me").await.is_problem(401, "token_invalid");
    for login in ["ana", "ana@example.test", "thief@example.test"] {
        let known = json!({ "login": login, "password": PASSWORD });
        cloud.anonymous().post("/v1/sessions", known).await.is_problem(401, "credentials_invalid");
    }
    // It was told when it became the address of the account, and again when it was replaced.
    let changed = told(&cloud, "thief@example.test", "address was changed").await;
    assert_eq!(changed + cloud.held("email_changed", Some("thief@example.test")).await, 2);

    cloud.anonymous().post("/v1/password-resets", json!({ "email": "ana@example.test" })).await.is(202);
    let reset = json!({ "token": cloud.token_to("ana@example.test").await, "password": NEW });
    cloud.anonymous().post("/v1/password-resets/confirm", reset).await.is(204);
    let caller = cloud.anonymous().named("ana");
    let ana = caller.signed_in(caller.post("/v1/sessions", json!({ "login": "ana", "password": NEW })).await.is(201));
    assert_eq!(ana.get("/v1/me").await.is(200)["email"], "ana@example.test");
    assert_eq!(outcome(&ida, &entry).await, "same");
    assert_eq!((entries(&cloud, "contact_restoration_asked").await, entries(&cloud, "contact_restored").await), (1, 1));
    // What the link has changed is a change like any other.
    assert_eq!(outcome(&ida, &latest(&cloud, "contact_restored").await).await, "clean");
    items::are_as_described(&cloud).await;
}

/// A number is given back by a link in a text message, whether another one took its place or none. One that was the first is not taken
/// away.
/// Promise: contact-restoration, undo-outcomes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_given_back_by_a_link_to_it() {
    let (hers, theirs) = ("+447700900001", "+447700900002");
    let cloud = Cloud::start().await;
    let ((ida, _), ana) = (cloud.staff("ida", "administrator").await, cloud.member("ana").await);
    let first = moved(&cloud, &ana, "phone", hers).await;
    assert_eq!(outcome(&ida, &first).await, "never");
    undo(&ida, &first, &["phone"], true).await.is_problem(409, "undo_impossible");

    let entry = moved(&cloud, &ana, "phone", theirs).await;
    let token = offered(&cloud, &ida, &entry, hers).await;
    let told_of = told(&cloud, "ana@example.test", "can be taken back").await;
    assert_eq!(told_of, 1, "her address is told, which she still has");
    open(&cloud, &token).await.is(204);
    ana.get("/v1/me").await.is_problem(401, "token_invalid");
    assert_eq!(claimed(&cloud).await, [hers, "ana@example.test", "ida@example.test"]);
    assert_eq!(told(&cloud, theirs, "no longer belongs").await, 1);
    let ana = by_phone(&cloud, hers).await;
    let me = ana.get("/v1/me").await.is(200);
    assert_eq!((&me["username"], &me["phone"], &me["email"]), (&json!("ana"), &json!(hers), &json!("ana@example.test")));

    // Removed. There has to be another way to sign in.
    cloud.advance(HOUR).await;
    cloud.anonymous().post("/v1/password-resets", json!({ "email": "ana@example.test" })).await.is(202);
    let reset = json!({ "token": cloud.token_to("ana@example.test").await, "password": PASSWORD });
    cloud.anonymous().post("/v1/password-resets/confirm", reset).await.is(204);
    let ana = cloud.sign_in("ana").await;
    ana.delete("/v1/me/phone").await.is(204);
    cloud.settle().await;
    let (kim, _) = cloud.staff("kim", "administrator").await;
    let entry = latest(&cloud, "contact_changed").await;
    let (_, shown) = preview(&kim, &entry).await;
    assert_eq!((&shown["fields"][0]["is_now"], outcomes(&shown)[0].1.as_str()), (&json!([]), "clean"));
    let token = offered(&cloud, &kim, &entry, hers).await;
    open(&cloud, &token).await.is(204);
    assert!(claimed(&cloud).await.contains(&hers.to_owned()));
    items::are_as_described(&cloud).await;
}

/// A contact that somebody else has by now stays theirs: the preview says so, and a link that was sent before changes nothing as long as
/// it is so.
/// Promise: contact-restoration, unique-names, undo-outcomes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_else_has_by_now_is_not_given_back() {
    let cloud = Cloud::start().await;
    let ((ida, _), ana, ben) = (cloud.staff("ida", "administrator").await, cloud.member("ana").await, cloud.member("ben").await);
    let entry = moved(&cloud, &ana, "email", "new@example.test").await;
    let token = offered(&cloud, &ida, &entry, "ana@example.test").await;
    moved(&cloud, &ben, "email", "ana@example.test").await;
    let before = (cloud.of_kind("user").await, cloud.of_kind("audit").await.len(), claimed(&cloud).await);
    open(&cloud, &token).await.is_problem(409, "account_exists");
    let polish = cloud.anonymous().with("accept-language", "pl").post(RESTORATIONS, json!({ "token": token })).await;
    assert_eq!(polish.is_problem(409, "account_exists")["title"], "Konto z tym adresem już istnieje. Zaloguj się.");
    assert_eq!((cloud.of_kind("user").await, cloud.of_kind("audit").await.len(), claimed(&cloud).await), before);
    ana.get("/v1/me").await.is(200);

    let other = moved(&cloud, &ana, "email", "newest@example.test").await;
    moved(&cloud, &ben, "email", "new@example.test").await;
    assert_eq!(outcome(&ida, &other).await, "taken");
    undo(&ida, &other, &["email"], true).await.is_problem(409, "undo_impossible");
    // The first one is free again.
    open(&cloud, &token).await.is(204);
    assert_eq!(claimed(&cloud).await, ["ana@example.test", "ida@example.test", "new@example.test"]);
}

/// A link works once and for a day. If it was not opened, the change can be undone again, and only the newest link works. After thirty
/// days nothing is left to be given back.
/// Promise: contact-restoration, link-once, undo-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_works_once_and_for_a_day() {
    let cloud = Cloud::start().await;
    let ((ida, app), ana) = (cloud.staff("ida", "administrator").await, cloud.member("ana").await);
    let entry = moved(&cloud, &ana, "email", "new@example.test").await;
    let late = offered(&cloud, &ida, &entry, "ana@example.test").await;
    undo(&ida, &entry, &["email"], true).await.is(201);
    let (other, _) = cloud.staff("kim", "administrator").await;
    undo(&other, &entry, &["email"], true).await.is_problem(409, "undone_already");
    cloud.advance(DAY).await;
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    open(&cloud, &late).await.is_problem(422, "link_invalid");
    let described = cloud.anonymous().post(&format!("{RESTORATIONS}/link"), json!({ "token": late })).await;
    described.is_problem(422, "link_invalid");

    let (_, shown) = preview(&ida, &entry).await;
    assert_eq!((outcomes(&shown)[0].1.as_str(), &shown["undone_by"]), ("clean", &Value::Null));
    let token = offered(&cloud, &ida, &entry, "ana@example.test").await;
    open(&cloud, &late).await.is_problem(422, "link_invalid");
    open(&cloud, &token).await.is(204);
    open(&cloud, &token).await.is(204);
    cloud.forget_answers().await;
    open(&cloud, &token).await.is_problem(422, "link_invalid");
    assert_eq!(entries(&cloud, "contact_restored").await, 1);

    cloud.advance(DAY * 30).await;
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    assert_eq!(outcome(&ida, &entry).await, "gone");
    undo(&ida, &entry, &["email"], true).await.is_problem(409, "undo_impossible");
}

/// A link that somebody else could open by now ends with the contact that it was sent to: who has got it back in another way and leaves
/// it again does not get it by the old link, but by another one, which staff can have sent at once.
/// Promise: contact-restoration, link-binding
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_ends_with_the_contact_that_it_was_sent_to() {
    let cloud = Cloud::start().await;
    let ((ida, _), ana) = (cloud.staff("ida", "administrator").await, cloud.member("ana").await);
    let entry = moved(&cloud, &ana, "email", "new@example.test").await;
    let token = offered(&cloud, &ida, &entry, "ana@example.test").await;
    for to in ["ana@example.test", "new@example.test"] {
        moved(&cloud, &ana, "email", to).await;
        open(&cloud, &token).await.is_problem(422, "link_invalid");
    }
    assert_eq!(ana.get("/v1/me").await.is(200)["email"], "new@example.test");
    assert_eq!(preview(&ida, &entry).await.1["undone_by"], Value::Null);
    let token = offered(&cloud, &ida, &entry, "ana@example.test").await;
    open(&cloud, &token).await.is(204);
}

/// Whoever has the account has changed its address twice, so that one of the former ones is theirs. Staff undo both changes: only the link
/// that was sent last works, and the other one does not take the account from its owner again. The present address is told of both at once.
/// Promise: contact-restoration, link-binding, notices-grouped
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_links_of_an_account_the_last_one_works() {
    let cloud = Cloud::start().await;
    let ((ida, _), ana) = (cloud.staff("ida", "administrator").await, cloud.member("ana").await);
    let first = moved(&cloud, &ana, "email", "thief@example.test").await;
    let second = moved(&cloud, &ana, "email", "thief.too@example.test").await;
    let theirs = offered(&cloud, &ida, &second, "thief@example.test").await;
    undo(&ida, &first, &["email"], true).await.is(201);
    let hers = cloud.token_to("ana@example.test").await;
    assert_eq!(told(&cloud, "thief.too@example.test", "can be taken back").await, 2);
    for path in [RESTORATIONS.to_owned(), format!("{RESTORATIONS}/link")] {
        cloud.anonymous().post(&path, json!({ "token": theirs })).await.is_problem(422, "link_invalid");
    }
    open(&cloud, &hers).await.is(204);
    open(&cloud, &theirs).await.is_problem(422, "link_invalid");
    assert_eq!(claimed(&cloud).await, ["ana@example.test", "ida@example.test"]);
    items::are_as_described(&cloud).await;
}

/// A link that another one has replaced does not work any more, so the change can be undone again at once. One that was used does not keep
/// its change undone either.
/// Promise: contact-restoration, undo-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_link_was_replaced_can_be_undone_again() {
    let cloud = Cloud::start().await;
    let ((ida, _), ana) = (cloud.staff("ida", "administrator").await, cloud.member("ana").await);
    let first = moved(&cloud, &ana, "email", "new@example.test").await;
    let second = moved(&cloud, &ana, "email", "newest@example.test").await;
    let is_undone = async |entry: &str| preview(&ida, entry).await.1["undone_by"] != Value::Null;
    let mut hers = String::new();
    for _ in 0..2 {
        let older = offered(&cloud, &ida, &second, "new@example.test").await;
        assert!(is_undone(&second).await && !is_undone(&first).await);
        undo(&ida, &first, &["email"], true).await.is(201);
        assert!(is_undone(&first).await && !is_undone(&second).await);
        open(&cloud, &older).await.is_problem(422, "link_invalid");
        hers = cloud.token_to("ana@example.test").await;
    }
    open(&cloud, &hers).await.is(204);
    assert!(!is_undone(&first).await);
    undo(&ida, &first, &["email"], true).await.is_problem(409, "undo_nothing");
    assert_eq!((entries(&cloud, "contact_restoration_asked").await, entries(&cloud, "contact_restored").await), (4, 1));
    items::are_as_described(&cloud).await;
}

/// A link that was not sent, because its number has got too many messages, is void: staff see that, and have another one sent later.
/// Promise: contact-restoration, undo-once, sending-limits
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_was_not_sent_can_be_sent_later() {
    let hers = "+447700900001";
    let cloud = Cloud::start().await;
    let ((ida, app), ana) = (cloud.staff("ida", "administrator").await, cloud.member("ana").await);
    moved(&cloud, &ana, "phone", hers).await;
    let entry = moved(&cloud, &ana, "phone", "+447700900002").await;
    let mut counters = cloud.of_kind("limit").await;
    counters.retain(|counter| text(&counter["pk"]["S"]).starts_with("LIMIT#notice#"));
    assert!(!counters.is_empty(), "her number was told that it no longer belongs to her account");
    let full = json!({ "N": (cloud.now() + HOUR * 10).millis().to_string() });
    for counter in &counters {
        change(&cloud, counter, "until", full.clone());
    }
    let before = cloud.mails_to(hers).await.len();
    undo(&ida, &entry, &["phone"], false).await.is(201);
    assert_eq!(cloud.mails_to(hers).await.len(), before);
    let (_, shown) = preview(&ida, &entry).await;
    assert_eq!((outcomes(&shown)[0].1.as_str(), &shown["undone_by"]), ("clean", &Value::Null));

    cloud.advance(HOUR).await;
    let ida = cloud.sign_in_with(&cloud.anonymous(), "ida", &app).await;
    let token = offered(&cloud, &ida, &entry, hers).await;
    open(&cloud, &token).await.is(204);
    assert!(claimed(&cloud).await.contains(&hers.to_owned()));
}

/// Nobody has a link sent by a preview that is not true any more, nor about an account that they may not change, as their own, nor about
/// one that nobody can sign in to.
/// Promise: contact-restoration, undo-preview, undo-outcomes
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_sent_as_it_was_shown_and_by_who_may_change_the_account() {
    let cloud = Cloud::start().await;
    let ((root, _), (ida, _)) = (cloud.staff("root_of_all", "superuser").await, cloud.staff("ida", "administrator").await);
    let ana = cloud.member("ana").await;
    let entry = moved(&cloud, &ana, "email", "new@example.test").await;
    let (version, _) = preview(&ida, &entry).await;
    moved(&cloud, &ana, "email", "newest@example.test").await;
    undo_at(&ida, &entry, &version, &["email"], true).await.is_problem(412, "version_mismatch");
    assert_eq!(outcome(&ida, &entry).await, "moved_on");
    undo(&ida, &entry, &["email"], false).await.is_problem(409, "undo_moved_on");
    assert!(cloud.of_kind("undone").await.is_empty());
    undo(&ida, &entry, &["email"], true).await.is(201);
    let token = cloud.token_to("ana@example.test").await;

    let own = moved(&cloud, &ida, "email", "ida.new@example.test").await;
    let (kim, _) = cloud.staff("kim", "administrator").await;
    for staff in [&ida, &kim] {
        assert_eq!(outcome(staff, &own).await, "never");
        undo(staff, &own, &["email"], true).await.is_problem(409, "undo_impossible");
    }
    assert_eq!(outcome(&root, &own).await, "clean");

    ida.post("/v1/admin/users/ana/deactivation", json!({})).await.is(204);
    open(&cloud, &token).await.is_problem(422, "link_invalid");
    let entry = latest(&cloud, "contact_changed").await;
    assert_eq!(entry, own, "the latest change is that of ida");
    let entries = cloud.of_kind("audit").await;
    let hers = entries.iter().filter(|entry| entry["action"]["S"] == "contact_changed" && entry["subject"]["S"] == ana.id());
    for entry in hers {
        assert_eq!(outcome(&root, &text(&entry["sk"]["S"])).await, "never");
    }
}

/// Staff make a link void by deactivating the account, also if it is reactivated within the day. Whoever deactivates their own account does
/// not: a thief cannot make the owner's link void.
/// Promise: contact-restoration, link-binding
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_make_a_link_void_by_deactivating_the_account_and_nobody_else_does() {
    let cloud = Cloud::start().await;
    let ((root, _), ana) = (cloud.staff("root_of_all", "superuser").await, cloud.member("ana").await);
    let entry = moved(&cloud, &ana, "email", "new@example.test").await;
    let token = offered(&cloud, &root, &entry, "ana@example.test").await;
    let at = |what: &str| format!("/v1/admin/users/ana/{what}");
    root.post(&at("deactivation"), json!({})).await.is(204);
    root.post(&at("reactivation"), json!({})).await.is(204);
    for path in [RESTORATIONS.to_owned(), format!("{RESTORATIONS}/link")] {
        cloud.anonymous().post(&path, json!({ "token": token })).await.is_problem(422, "link_invalid");
    }
    let (_, shown) = preview(&root, &entry).await;
    assert_eq!((outcomes(&shown)[0].1.as_str(), &shown["undone_by"]), ("clean", &Value::Null));

    let token = offered(&cloud, &root, &entry, "ana@example.test").await;
    let thief = cloud.sign_in("ana").await;
    thief.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
    open(&cloud, &token).await.is_problem(422, "link_invalid");
    root.post(&at("reactivation"), json!({})).await.is(204);
    open(&cloud, &token).await.is(204);
    assert!(claimed(&cloud).await.contains(&"ana@example.test".to_owned()));
}

/// Second factors stay: who reads the mailbox has the address and a new password, and is asked for the second step as before.
/// Promise: contact-restoration
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_gives_nobody_the_second_factor() {
    let cloud = Cloud::start().await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    let (ana, app, _) = cloud.careful("ana", "+447700900001").await;
    let ana = cloud.step_up(&ana, &app).await;
    let entry = moved(&cloud, &ana, "email", "new@example.test").await;
    let token = offered(&cloud, &ida, &entry, "ana@example.test").await;
    open(&cloud, &token).await.is(204);
    cloud.anonymous().post("/v1/password-resets", json!({ "email": "ana@example.test" })).await.is(202);
    let reset = json!({ "token": cloud.token_to("ana@example.test").await, "password": NEW });
    cloud.anonymous().post("/v1/password-resets/confirm", reset).await.is(204);
    let caller = cloud.anonymous();
    let flow = caller.post("/v1/sessions", json!({ "login": "ana", "password": NEW })).await.is(202);
    let path = format!("/v1/sign-ins/{}", text(&flow["id"]));
    caller.put(&format!("{path}/factor"), json!({ "factor": "email" })).await.is_problem(422, "factor_unavailable");
}

/// Of several who open one link at once, and somebody else who proves the same address at that moment, one gets it, once.
/// Promise: contact-restoration, unique-names
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_at_once_one_gets_the_contact() {
    let cloud = Cloud::start().await;
    let (ida, _) = cloud.staff("ida", "administrator").await;
    for round in 0..5 {
        let ana = cloud.member(&format!("ana_{round}")).await;
        let ben = cloud.member(&format!("ben_{round}")).await;
        let (former, new) = (ana.email(), format!("new_{round}@example.test"));
        let entry = moved(&cloud, &ana, "email", &new).await;
        let token = offered(&cloud, &ida, &entry, &former).await;
        ben.post("/v1/me/email-changes", json!({ "email": former })).await.is(202);
        let code = cloud.code_to(&former).await;
        let before = entries(&cloud, "contact_restored").await;
        let statuses = race(4, |n| {
            let (caller, ben, token, code) = (cloud.anonymous(), ben.clone(), token.clone(), code.clone());
            async move {
                let reply = match n {
                    0 => ben.post("/v1/me/email-changes/verify", json!({ "code": code })).await,
                    _ => caller.post(RESTORATIONS, json!({ "token": token })).await,
                };
                reply.status.as_u16()
            }
        })
        .await;
        let given = entries(&cloud, "contact_restored").await - before;
        let (changed, opened) = (statuses[0] == 200, statuses[1..].contains(&204));
        assert_eq!((usize::from(opened), changed), (given, !opened), "one of the two: {statuses:?}");
        let all = claimed(&cloud).await;
        assert_eq!(all.iter().filter(|address| **address == former).count(), 1, "{statuses:?} {all:?}");
        assert_eq!(all.contains(&new), changed, "{statuses:?} {all:?}");
    }
}

/// A fault leaves the link with the mark and the entry of the undo, or none of the three; and the contact with its entry and the used
/// link, or nothing.
/// Promise: contact-restoration, undo-once, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_leaves_the_whole_restoration_or_nothing() {
    let cloud = Cloud::start().await;
    let ((ida, _), ana) = (cloud.staff("ida", "administrator").await, cloud.member("ana").await);
    let entry = moved(&cloud, &ana, "email", "new@example.test").await;
    let (version, _) = preview(&ida, &entry).await;
    let transaction = |function: &'static str| Target::of(function, Service::DynamoDb, "TransactWriteItems");
    let state = async || {
        let mut all = vec![claimed(&cloud).await.len(), usize::from(claimed(&cloud).await.contains(&"ana@example.test".to_owned()))];
        for kind in ["audit", "undone", "challenge", "former_contact", "password"] {
            all.push(cloud.of_kind(kind).await.len());
        }
        all
    };
    let before = state().await;
    let down = cloud.aws.faults.script(transaction("AuditFunction"), Fault::Unavailable);
    assert!(undo_at(&ida, &entry, &version, &["email"], false).await.status.as_u16() >= 500 && down.hits() > 0);
    down.end();
    assert_eq!(state().await, before);
    let lost = cloud.aws.faults.script(Target { first: 1, times: 1, ..transaction("AuditFunction") }, Fault::LostAfter);
    undo_at(&ida, &entry, &version, &["email"], false).await.is(201);
    lost.end();
    let offered = state().await;
    assert_eq!(offered, [before[0], 0, before[2] + 1, before[3] + 1, before[4] + 1, before[5], before[6]]);

    let token = cloud.token_to("ana@example.test").await;
    let down = cloud.aws.faults.script(transaction("ProfileFunction"), Fault::Unavailable);
    assert!(open(&cloud, &token).await.status.as_u16() >= 500 && down.hits() > 0);
    down.end();
    assert_eq!(state().await, offered);
    let lost = cloud.aws.faults.script(Target { first: 1, times: 1, ..transaction("ProfileFunction") }, Fault::LostAfter);
    open(&cloud, &token).await.is(204);
    lost.end();
    let given = [offered[0], 1, offered[2] + 1, offered[3], offered[4] - 1, offered[5] + 1, offered[6] - 1];
    assert_eq!(state().await, given);
    open(&cloud, &token).await.is(204);
    assert_eq!(state().await, given);
}

/// Staff do all of it without reading a whole contact, wherever they look, and neither a contact nor the token of a link is in the log.
/// Promise: contact-restoration, staff-see-no-secrets, log-secrets
#[test]
fn no_contact_is_shown_to_staff_or_logged() {
    let journey = async {
        let cloud = Cloud::start().await;
        let ((root, _), ana) = (cloud.staff("root_of_all", "superuser").await, cloud.member("canary_former").await);
        let entry = moved(&cloud, &ana, "email", "canary_thief@example.test").await;
        let token = offered(&cloud, &root, &entry, "canary_former@example.test").await;
        let mut read = Vec::new();
        let found = root.get(&format!("/v1/audit?subject={}", ana.id())).await.is(200);
        open(&cloud, &token).await.is(204);
        let ids = [entry, latest(&cloud, "contact_restoration_asked").await, latest(&cloud, "contact_restored").await];
        for path in ids.iter().flat_map(|id| ["", "/undo", "/proof"].map(|part| format!("/v1/audit/{id}{part}"))) {
            let reply = root.get(&path).await;
            read.push(String::from_utf8_lossy(&reply.bytes).into_owned());
        }
        read.push(root.get("/v1/admin/users/canary_former").await.is(200).to_string());
        read.push(found.to_string());
        (read, token)
    };
    let Some(((read, token), log)) = tests::logged(journey) else { return };
    assert!(read.iter().any(|page| page.contains("c****@example.test")), "staff see what they need");
    for canary in ["canary_former@example.test", "canary_thief", token.as_str()] {
        for page in &read {
            assert!(!page.contains(canary), "{canary}: {page}");
        }
        assert!(!log.contains(canary), "{canary} is in the log");
    }
}
