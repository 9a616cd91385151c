//! Finding people: by the beginnings of names, by a whole address or number, and nearby.

use std::collections::BTreeSet;

use tests::{Caller, Cloud, PASSWORD, Value, json};

use crate::deletion::{SWEEP, assert_gone, run, schedule, until_due};

const PEOPLE: &str = "/v1/people";

fn names(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|i| i["username"].as_str().unwrap().to_owned()).collect()
}

/// Everybody who is found, page by page.
async fn found(who: &Caller, q: &str) -> Vec<String> {
    let (mut all, mut path) = (Vec::new(), format!("{PEOPLE}?q={q}"));
    loop {
        let list = who.get(&path).await.is(200);
        all.extend(names(&list));
        let Some(cursor) = list["next_cursor"].as_str() else { return all };
        path = format!("{PEOPLE}?q={q}&cursor={cursor}");
    }
}

async fn change(who: &Caller, patch: Value) {
    let version = who.get("/v1/me").await.header("etag");
    who.with("if-match", version).patch("/v1/me", patch).await.is(200);
}

/// A hundred and twenty people: each is found once, by the beginnings of words of username and name, page by page.
/// Promise: people-search
#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_by_the_beginnings_of_their_names() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut expected = BTreeSet::new();
    for n in 0..120 {
        expected.insert(cloud.member(&format!("max_{n}")).await.name().to_owned());
    }
    // All have the last name Nowak.
    for q in ["max", "MAX_", "nowak", "n%C3%B3wak", "Now%20max", "an"] {
        let all = found(&ana, q).await;
        assert_eq!((all.len(), all.into_iter().collect::<BTreeSet<_>>()), (120, expected.clone()), "{q}");
    }
    assert_eq!(found(&ana, "max_119").await, ["max_119"]);
    for nobody in ["ax", "max%20kowal", "wak", "max_1199"] {
        assert_eq!(found(&ana, nobody).await, [""; 0], "{nobody}");
    }
    let page = ana.get(&format!("{PEOPLE}?q=max&limit=7")).await.is(200);
    assert_eq!(names(&page).len(), 7);
    for person in page["items"].as_array().unwrap() {
        let members: BTreeSet<_> = person.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, BTreeSet::from(["id", "picture", "relation", "username"]), "nothing private: {person}");
    }
    let cursor = page["next_cursor"].as_str().unwrap();
    let max = cloud.sign_in("max_1").await;
    for (who, q) in [(&max, "max"), (&ana, "maxi")] {
        who.get(&format!("{PEOPLE}?q={q}&cursor={cursor}")).await.is_problem(400, "cursor_invalid");
    }
    for (q, error) in [("", "/q required"), ("a", "/q too_short"), ("a%20b%20cc%20d%20e", "/q too_long"), ("x@", "/q email")] {
        assert_eq!(ana.get(&format!("{PEOPLE}?q={q}")).await.field_errors(), [error]);
    }
    cloud.advance(std::time::Duration::from_secs(61)).await;
    for _ in 0..60 {
        ana.get(&format!("{PEOPLE}?q=nobody")).await.is(200);
    }
    ana.get(&format!("{PEOPLE}?q=nobody")).await.is_problem(429, "too_many_requests");
}

/// Every change of a name, of privacy, and of the account is found at once, and the former state is not.
/// Promise: people-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_follows_every_change() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    change(&ben, json!({ "first_name": "Żaneta", "last_name": "Kowalska-Łoś" })).await;
    for q in ["zan", "kowal", "los", "%C5%BBAN", "be"] {
        assert_eq!(found(&ana, q).await, ["ben"], "{q}");
    }
    assert_eq!(found(&ana, "nowak").await, [""; 0]);
    change(&ben, json!({ "last_name": null, "bio": "Climbs." })).await;
    assert_eq!((found(&ana, "kowal").await, found(&ana, "zaneta").await), (vec![], vec!["ben".to_owned()]));
    // A private profile is found only by the username.
    change(&ben, json!({ "private": true })).await;
    assert_eq!((found(&ana, "zaneta").await, found(&ana, "ben").await), (vec![], vec!["ben".to_owned()]));
    change(&ben, json!({ "private": false })).await;
    assert_eq!(found(&ana, "zaneta").await, ["ben"]);
    let version = ben.get("/v1/me").await.header("etag");
    ben.with("if-match", version).put("/v1/me/username", json!({ "username": "benno_k" })).await.is(200);
    assert_eq!((found(&ana, "ben").await, found(&ana, "benno").await), (vec!["benno_k".to_owned()], vec!["benno_k".to_owned()]));
    assert_eq!(found(&cloud.sign_in("benno_k").await, "benno").await, [""; 0], "nobody finds themselves");
    // Blocks hide in both directions.
    let cyd = cloud.member("cyd").await;
    cyd.put(&format!("/v1/friends/{}/block", ana.id()), json!({})).await.is(200);
    assert_eq!((found(&ana, "cyd").await, found(&cyd, "ana").await), (vec![], vec![]));
    assert_eq!(found(&ben, "cyd").await, ["cyd"]);
    // Somebody who signed up by phone.
    let dan = crate::contacts::by_phone(&cloud, "+447911123456").await;
    let name = dan.get("/v1/me").await.is(200)["username"].as_str().unwrap().to_owned();
    assert_eq!(found(&ana, &name).await, [name.as_str()]);
    // An account that is not in use, and one that is deleted.
    let resting = cloud.member("resting").await;
    let _ = resting.post("/v1/me/deactivation", json!({ "password": PASSWORD })).await.is(204);
    assert_eq!(found(&ana, "resting").await, [""; 0]);
    let leaving = cloud.member("leaving").await;
    let scheduled = schedule(&leaving).await;
    assert_eq!(found(&ana, "leaving").await, ["leaving"]);
    until_due(&cloud, &scheduled).await;
    assert_eq!(run(&cloud, SWEEP).await["claimed"], 1);
    cloud.settle().await;
    assert_gone(&cloud, &leaving, &scheduled).await;
    assert!(!cloud.of_kind("search_posting").await.iter().any(|posting| posting.to_string().contains(&leaving.id())));
    assert_eq!(found(&cloud.sign_in("ana").await, "leaving").await, [""; 0]);
}

/// A whole address or number finds somebody who allows it, a friend, or an invitee. Otherwise it finds nobody, a hundred times a day.
/// Promise: people-by-contact
#[tokio::test(flavor = "multi_thread")]
async fn an_address_finds_only_who_allows_it() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    cloud.phone(&ben, "+447700900123").await;
    let (email, phone) = ("ben@example.test", "%2B44%207700%20900123");
    let unknown = ana.get(&format!("{PEOPLE}?q=nobody@example.test")).await;
    for contact in [email, phone] {
        let hidden = ana.get(&format!("{PEOPLE}?q={contact}")).await;
        assert_eq!(hidden.shape(), unknown.shape(), "{contact}");
    }
    change(&ben, json!({ "found_by_email": true })).await;
    assert_eq!((found(&ana, email).await, found(&ana, "BEN@example.test").await), (vec!["ben".to_owned()], vec!["ben".to_owned()]));
    assert_eq!(found(&ana, phone).await, [""; 0]);
    change(&ben, json!({ "found_by_email": false, "found_by_phone": true })).await;
    assert_eq!((found(&ana, email).await, found(&ana, phone).await), (vec![], vec!["ben".to_owned()]));
    for part in ["ben@example.tes", "%2B4477009001"] {
        let reply = ana.get(&format!("{PEOPLE}?q={part}")).await;
        assert!(reply.status == 422 || names(&reply.is(200)).is_empty(), "{reply:?}");
    }
    change(&ben, json!({ "found_by_phone": false })).await;
    // A friend, and the owner of the code that somebody entered.
    ana.post(&format!("/v1/friends/{}/request", ben.id()), json!({})).await.is(201);
    assert_eq!(found(&ana, email).await, [""; 0]);
    ben.post(&format!("/v1/friends/{}/accept", ana.id()), json!({})).await.is(200);
    assert_eq!((found(&ana, email).await, found(&ana, phone).await), (vec!["ben".to_owned()], vec!["ben".to_owned()]));
    let cyd = cloud.member("cyd").await;
    let code = cyd.get("/v1/me/invite-code").await.is(200)["code"].clone();
    ben.post("/v1/me/inviter", json!({ "code": code })).await.is(201);
    assert_eq!(found(&cyd, email).await, ["ben"]);
    ben.put(&format!("/v1/friends/{}/block", cyd.id()), json!({})).await.is(200);
    assert_eq!(found(&cyd, email).await, [""; 0]);

    // A search that finds somebody does not count.
    let dan = cloud.member("dan").await;
    change(&ben, json!({ "found_by_email": true })).await;
    for n in 0..100 {
        if n % 50 == 0 {
            cloud.advance(std::time::Duration::from_secs(61)).await;
        }
        assert_eq!(found(&dan, &format!("nobody{n}@example.test")).await, [""; 0]);
        if n < 5 {
            assert_eq!(found(&dan, email).await, ["ben"]);
        }
    }
    cloud.advance(std::time::Duration::from_secs(61)).await;
    for q in [email, "nobody@example.test"] {
        dan.get(&format!("{PEOPLE}?q={q}")).await.is_problem(429, "too_many_requests");
    }
    assert_eq!(found(&dan, "ben").await, ["ben"], "a search by name is possible");
}

async fn share(who: &Caller, latitude: f64, longitude: f64) -> tests::Reply {
    who.put("/v1/me/location", json!({ "latitude": latitude, "longitude": longitude })).await
}

/// Names and distances.
async fn near(who: &Caller, within: u32) -> Vec<(String, u64)> {
    let list = who.get(&format!("{PEOPLE}/nearby?within_km={within}")).await.is(200);
    let one = |i: &Value| (i["username"].as_str().unwrap().to_owned(), i["within_km"].as_u64().unwrap());
    list["items"].as_array().unwrap().iter().map(one).collect()
}

/// Of a thousand and one random positions within one cell each makes a pair with the one before: what the person and another one nearby
/// are answered is equal byte for byte. In the first half both are alone in their cells, then two others are in each.
/// Promise: nearby-cells
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_within_a_cell_are_one() {
    // The cell of Warsaw's centre is 0.010986 degrees wide and 0.005493 high.
    let (south, west) = (52.229_024, 21.005_879);
    let cloud = Cloud::start().await;
    let (mut ana, mut ben) = (cloud.member("ana").await, cloud.member("ben").await);
    share(&ben, 52.24, 21.03).await.is(200);
    let path = format!("{PEOPLE}/nearby?within_km=5");
    let mut answers = BTreeSet::new();
    for position in 0..=1000 {
        // Sixty searches a minute are allowed, and an access token is valid for ten minutes.
        if position % 60 == 59 {
            cloud.advance(std::time::Duration::from_secs(61)).await;
        }
        if position % 480 == 479 {
            (ana, ben) = (cloud.sign_in("ana").await, cloud.sign_in("ben").await);
        }
        if position == 500 {
            for (name, latitude, longitude) in
                [("cyd", 52.2317, 21.0113), ("dan", 52.2317, 21.0113), ("eve", 52.24, 21.03), ("fay", 52.24, 21.03)]
            {
                share(&cloud.member(name).await, latitude, longitude).await.is(200);
            }
            answers.clear();
        }
        let within = |most: u32| f64::from(cloud.sys.below(most)) / 1_000_000.0;
        let told = share(&ana, south + within(5400), west + within(10_900)).await.is(200);
        assert!(told["expires_at"].is_string() && told.as_object().unwrap().len() == 1, "{told}");
        answers.insert((ana.get(&path).await.has(200).bytes.clone(), ben.get(&path).await.has(200).bytes.clone()));
        assert_eq!(answers.len(), 1, "{position}: {answers:?}");
    }
    let text = String::from_utf8(answers.pop_first().unwrap().0).unwrap();
    assert!(text.contains("\"ben\"") && !text.contains("52.") && !text.contains("u3q"), "{text}");
}

/// Opt-in, distances in steps, a larger cell for few people, nobody with a block between them, and an end after a day.
/// Promise: nearby-consent, nearby-cells
#[tokio::test(flavor = "multi_thread")]
async fn nearby_shows_who_wants_to_be_seen() {
    let cloud = Cloud::start().await;
    let (ana, ben, cyd) = (cloud.member("ana").await, cloud.member("ben").await, cloud.member("cyd").await);
    ana.get(&format!("{PEOPLE}/nearby")).await.is_problem(409, "location_required");
    share(&ana, 52.2297, 21.0122).await.is(200);
    assert!(near(&ana, 100).await.is_empty());
    // 1 km and 35 km from her. Each is alone in a cell, so the larger cell counts.
    share(&ben, 52.2387, 21.0122).await.is(200);
    share(&cyd, 52.4511, 20.6518).await.is(200);
    assert_eq!(near(&ana, 5).await, [("ben".to_owned(), 2)]);
    let all = near(&ana, 100).await;
    assert_eq!(all, [("ben".to_owned(), 2), ("cyd".to_owned(), 50)]);
    assert_eq!(near(&ana, 20).await, [("ben".to_owned(), 2)]);
    assert!(near(&ana, 1).await.is_empty());
    // With two more people his cell is shown.
    for name in ["dan", "eve"] {
        share(&cloud.member(name).await, 52.2387, 21.0122).await.is(200);
    }
    assert_eq!(near(&ana, 1).await.len(), 3);
    assert!(near(&ana, 5).await.iter().all(|(_, within)| *within == 1));
    // Ordered by id within a step.
    let list = ana.get(&format!("{PEOPLE}/nearby?within_km=2")).await.is(200);
    let ids: Vec<_> = list["items"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap().to_owned()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    let members: BTreeSet<_> = list["items"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["id", "picture", "relation", "username", "within_km"]), "no place");
    // Blocks hide in both directions, and so does the end of sharing.
    ben.put(&format!("/v1/friends/{}/block", ana.id()), json!({})).await.is(200);
    assert!(!near(&ana, 2).await.iter().any(|(name, _)| name == "ben"));
    assert!(!near(&ben, 2).await.iter().any(|(name, _)| name == "ana"));
    cyd.delete("/v1/me/location").await.is(204);
    assert!(cloud.of_kind("location").await.iter().all(|location| !location.to_string().contains(&cyd.id())));
    assert_eq!(near(&ana, 50).await.len(), 2);
    cyd.get(&format!("{PEOPLE}/nearby")).await.is_problem(409, "location_required");
    for bad in ["0", "3", "101"] {
        assert_eq!(ana.get(&format!("{PEOPLE}/nearby?within_km={bad}")).await.field_errors(), ["/within_km choice"]);
    }
    for (latitude, longitude, wrong) in [(90.1, 0.0, "/latitude range"), (0.0, -180.5, "/longitude range")] {
        assert_eq!(share(&ana, latitude, longitude).await.field_errors(), [wrong]);
    }
    cloud.advance(tests::DAY).await;
    let ana = cloud.sign_in("ana").await;
    ana.get(&format!("{PEOPLE}/nearby")).await.is_problem(409, "location_required");
    share(&ana, 52.2297, 21.0122).await.is(200);
    assert!(near(&ana, 100).await.is_empty());
}

/// A cell changes once in ten minutes and six times a day, also if sharing is stopped in between. The same cell can be shared
/// again at any time.
/// Promise: nearby-consent
#[tokio::test(flavor = "multi_thread")]
async fn a_location_changes_rarely() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    for n in 0..6_u32 {
        let ana = cloud.sign_in("ana").await;
        let longitude = f64::from(n);
        share(&ana, 50.0, longitude).await.is(200);
        share(&ana, 50.001, longitude).await.is(200);
        let refused = share(&ana, 50.0, longitude + 10.0).await.is_problem(429, "too_many_requests");
        assert!(refused["retry_after"].as_u64().unwrap() > 500, "{refused}");
        ana.delete("/v1/me/location").await.is(204);
        share(&ana, 50.0, longitude).await.is_problem(429, "too_many_requests");
        cloud.advance(std::time::Duration::from_secs(601)).await;
    }
    let ana = cloud.sign_in("ana").await;
    let refused = share(&ana, 50.0, 50.0).await.is_problem(429, "too_many_requests");
    assert!(refused["retry_after"].as_u64().unwrap() > 80_000, "{refused}");
}
