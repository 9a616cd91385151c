//! Postal addresses of the caller: validated by the rules of their country, at most twenty, and exactly one main address.

use local::aws::faults::{Fault, Script, Target};
use tests::{Caller, Cloud, Reply, Value, json, race};

const ALL: &str = "/v1/me/addresses";

fn address(street: &str) -> Value {
    json!({ "street": street, "city": "Kraków", "postal_code": "30-001", "country": "PL" })
}

async fn items(caller: &Caller) -> Vec<Value> {
    caller.get(ALL).await.is(200)["items"].as_array().unwrap().clone()
}

/// The id of the main address. There is only one, and it comes first.
async fn main_of(caller: &Caller) -> String {
    let items = items(caller).await;
    assert_eq!(items.iter().filter(|a| a["main"] == true).count(), 1, "{items:?}");
    assert_eq!(items[0]["main"], true);
    items[0]["id"].as_str().unwrap().to_owned()
}

async fn create(caller: &Caller, street: &str) -> String {
    let reply = caller.post(ALL, address(street)).await;
    let id = reply.is(201)["id"].as_str().unwrap().to_owned();
    assert_eq!((reply.header("location"), reply.header("etag")), (format!("{ALL}/{id}"), "\"v1\"".to_owned()));
    id
}

async fn put(caller: &Caller, id: &str, version: &str, body: Value) -> Reply {
    caller.with("if-match", version).put(&format!("{ALL}/{id}"), body).await
}

/// The first address is the main one. Another can be made the main one. When the main one is deleted, the newest of the others
/// replaces it.
/// Promise: addresses-main
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_is_the_main_one() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    assert!(items(&ana).await.is_empty());
    let first = create(&ana, "Długa 1").await;
    let second = create(&ana, "Długa 2").await;
    let third = create(&ana, "Długa 3").await;
    assert_eq!(main_of(&ana).await, first);
    let order: Vec<Value> = items(&ana).await.into_iter().map(|a| a["id"].clone()).collect();
    assert_eq!(order, [json!(first), json!(third), json!(second)], "the main one, then the newest");

    ana.put(&format!("{ALL}/{second}/main"), json!({})).await.is(204);
    ana.put(&format!("{ALL}/{second}/main"), json!({})).await.is(204);
    assert_eq!(main_of(&ana).await, second);
    assert_eq!(ana.get(&format!("{ALL}/{first}")).await.is(200)["main"], false);
    ana.delete(&format!("{ALL}/{second}")).await.is(204);
    assert_eq!(main_of(&ana).await, third, "the newest of the others");
    ana.delete(&format!("{ALL}/{first}")).await.is(204);
    assert_eq!(main_of(&ana).await, third);
    ana.delete(&format!("{ALL}/{third}")).await.is(204);
    assert!(items(&ana).await.is_empty());
    ana.delete(&format!("{ALL}/{third}")).await.is_problem(404, "not_found");
}

/// A change names the version it applies to. Becoming or no longer being the main address changes the version too.
/// Promise: addresses-version
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_an_address_names_its_version() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let (first, second) = (create(&ana, "Długa 1").await, create(&ana, "Długa 2").await);
    ana.put(&format!("{ALL}/{first}"), address("Krótka 1")).await.is_problem(428, "version_required");
    put(&ana, &first, "\"v9\"", address("Krótka 1")).await.is_problem(412, "version_mismatch");
    let berlin = json!({ "street": "Unter den Linden 1", "city": "Berlin", "state": "Berlin", "postal_code": " 10117 ", "country": "de" });
    let reply = put(&ana, &first, "\"v1\"", berlin.clone()).await;
    let changed = reply.is(200);
    assert_eq!(reply.header("etag"), "\"v2\"");
    assert_eq!((&changed["postal_code"], &changed["country"], &changed["main"]), (&json!("10117"), &json!("DE"), &json!(true)));
    put(&ana, &first, "\"v1\"", address("Krótka 1")).await.is_problem(412, "version_mismatch");
    // A request that changes nothing keeps the version.
    assert_eq!(put(&ana, &first, "\"v2\"", berlin).await.header("etag"), "\"v2\"");
    ana.put(&format!("{ALL}/{second}/main"), json!({})).await.is(204);
    assert_eq!(ana.get(&format!("{ALL}/{first}")).await.header("etag"), "\"v3\"");
    assert_eq!(ana.get(&format!("{ALL}/{second}")).await.header("etag"), "\"v2\"");

    let statuses = race(20, |i| {
        let (ana, first) = (ana.clone(), first.clone());
        async move { put(&ana, &first, "\"v3\"", address(&format!("Krótka {i}"))).await.status.as_u16() }
    })
    .await;
    assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|s| **s == 412).count(), 19, "{statuses:?}");
}

/// Real places are accepted, also those with a swear word of some language in them, of one letter, and of a country that ISO 3166-1
/// does not have. Postcodes are accepted as people write them and stored as their country writes them.
/// Promise: addresses-validation
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_places_and_postcodes_are_accepted() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    for (street, city, country, typed, stored) in [
        ("Station Road 12", "Fukuoka", "HK", "", None),
        ("ul. Sukcesu 5", "Chojnice", "PL", "00001", Some("00-001")),
        ("Hancock Street", "Scunthorpe", "GB", "dn15\u{a0}6hx", Some("DN15 6HX")),
        ("Rue du Niger", "Paris", "FR", "F-75 012", Some("75012")),
        ("Å 120 B", "Å", "NO", "8392", Some("8392")),
        ("Rue Saint-Sauveur", "Y", "FR", "80190", Some("80190")),
        ("Storgatan 1", "Stockholm", "SE", "SE-111 43", Some("111 43")),
        ("Bahnhofstrasse 1", "Zürich", "CH", "CH-8001", Some("8001")),
        ("Njegoševa 1", "Podgorica", "ME", "81000", Some("81000")),
        ("Peace Avenue 1", "Ulaanbaatar", "MN", "14200", Some("14200")),
        ("Nizami 1", "Bakı", "AZ", "1000", Some("AZ 1000")),
        ("Rruga B 1", "Prishtinë", "XK", "10000", Some("10000")),
    ] {
        let body = json!({ "street": street, "city": city, "country": country, "postal_code": typed });
        let made = ana.post(ALL, body).await.is(201);
        assert_eq!((&made["city"], made["postal_code"].as_str()), (&json!(city), stored), "{street}");
    }
}

/// All errors of an address are returned at once, in words. Postcodes are checked by the rules of the country. Nothing is stored.
/// Promise: addresses-validation
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_address_gets_all_its_errors_at_once() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    for (wrong, errors) in [
        (
            json!({ "street": "ul.", "city": "x".repeat(51), "state": "s".repeat(51), "postal_code": "1", "country": "XX" }),
            vec!["/street too_short", "/city too_long", "/state too_long", "/country country", "/postal_code too_short"],
        ),
        (
            json!({ "street": "  ", "city": "<b>", "country": "RU" }),
            vec!["/street required", "/city characters", "/country country_blocked"],
        ),
        (
            json!({ "street": "Kurwa 12", "city": "Fuck", "state": "Fuck", "postal_code": "3000", "country": "PL" }),
            vec!["/street profanity", "/city profanity", "/state profanity", "/postal_code postal_code"],
        ),
        (
            json!({ "street": "\u{200b}\u{2800}", "city": "\u{3164}", "postal_code": "012345", "country": "IN" }),
            vec!["/street required", "/city required", "/postal_code postal_code"],
        ),
        (json!({ "street": "k u r w a 12", "city": "Kraków", "country": "PL", "postal_code": "30-001" }), vec!["/street profanity"]),
    ] {
        assert_eq!(ana.post(ALL, wrong).await.field_errors(), errors);
    }
    for blocked in ["CU", "IR", "KP", "RU", "SY"] {
        let body = json!({ "street": "Street 1", "city": "City", "postal_code": "*", "country": blocked });
        assert!(ana.post(ALL, body).await.field_errors().contains(&"/country country_blocked".to_owned()), "{blocked}");
    }
    let wrong = json!({ "street": "Długa 1", "city": "Kraków", "postal_code": "x", "country": "RU" });
    let polish = ana.post(&format!("{ALL}?lang=pl"), wrong).await;
    assert!(polish.is_problem(422, "invalid")["errors"][0]["message"].as_str().unwrap().starts_with("Nie obsługujemy"));
    ana.post(ALL, json!({ "street": "Długa 1", "city": "Kraków", "country": "PL", "main": true })).await.is_problem(400, "malformed");
    assert!(items(&ana).await.is_empty());

    let london = json!({ "street": "10 Downing Street", "city": "London", "postal_code": "sw1a2aa", "country": "GB" });
    assert_eq!(ana.post(ALL, london).await.is(201)["postal_code"], "SW1A 2AA");
    let dubai = ana.post(ALL, json!({ "street": "Sheikh Zayed Road 1", "city": "Dubai", "country": "AE" })).await.is(201);
    assert!(dubai.get("postal_code").is_none() && dubai.get("state").is_none(), "{dubai}");
}

/// Every field is accepted at its minimum and maximum length and refused one character beyond, for a new address and for a
/// change.
/// Promise: addresses-validation
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_part_of_an_address_has_bounds() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let whole = json!({ "street": "Street 1", "city": "City", "state": "State", "postal_code": "12345", "country": "AE" });
    let kept = ana.post(ALL, whole.clone()).await.is(201)["id"].as_str().unwrap().to_owned();
    for (part, least, most) in [("street", 5, 100), ("city", 1, 50), ("state", 1, 50), ("postal_code", 3, 20)] {
        let below = if part == "city" { "required" } else { "too_short" };
        for (length, error) in [(least, None), (most, None), (least - 1, Some(below)), (most + 1, Some("too_long"))] {
            if part == "state" && length == 0 {
                // An address need not have one.
                continue;
            }
            let mut body = whole.clone();
            // Characters, not bytes, where letters outside of ASCII are allowed.
            body[part] = json!(if part == "postal_code" { "7" } else { "ł" }.repeat(length));
            let version = ana.get(&format!("{ALL}/{kept}")).await.header("etag");
            let (new, changed) = (ana.post(ALL, body.clone()).await, put(&ana, &kept, &version, body.clone()).await);
            if let Some(error) = error {
                for refused in [new, changed] {
                    assert_eq!(refused.field_errors(), [format!("/{part} {error}")], "{length}");
                }
                assert_eq!(ana.get(&format!("{ALL}/{kept}")).await.header("etag"), version);
            } else {
                assert_eq!((&new.is(201)[part], &changed.is(200)[part]), (&body[part], &body[part]));
                ana.delete(&format!("{ALL}/{}", new.json()["id"].as_str().unwrap())).await.is(204);
            }
        }
    }
}

/// Of forty addresses that are added concurrently twenty are stored, and exactly one of them is the main one.
/// Promise: addresses-limit, addresses-main
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_forty_at_once_twenty_addresses_are_stored() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let replies = race(40, |i| {
        let ana = ana.clone();
        async move { ana.post(ALL, address(&format!("Długa {i}"))).await }
    })
    .await;
    let (stored, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|r| r.status.as_u16() == 201);
    assert_eq!((stored.len(), refused.len()), (20, 20));
    for reply in refused {
        assert_eq!(reply.is_problem(409, "too_many")["max"], 20);
    }
    assert_eq!(items(&ana).await.len(), 20);
    let main = main_of(&ana).await;

    // The main address is deleted while requests make others the main one.
    let others: Vec<String> = items(&ana).await.iter().skip(1).take(5).map(|a| a["id"].as_str().unwrap().to_owned()).collect();
    let statuses = race(6, |i| {
        let (ana, main, other) = (ana.clone(), main.clone(), others.get(i).cloned());
        async move {
            match other {
                Some(other) => ana.put(&format!("{ALL}/{other}/main"), json!({})).await.status.as_u16(),
                None => ana.delete(&format!("{ALL}/{main}")).await.status.as_u16(),
            }
        }
    })
    .await;
    assert_eq!(statuses, [204; 6]);
    assert_eq!(items(&ana).await.len(), 19);
    assert_ne!(main_of(&ana).await, main);
}

/// The next write of this kind happens, and its reply is lost.
fn lose(cloud: &Cloud, operation: &str) -> Script {
    let (function, operation) = (Some("ProfileFunction".to_owned()), Some(operation.to_owned()));
    cloud.aws.faults.script(Target { function, operation, times: 1, ..Target::default() }, Fault::LostAfter)
}

/// A change whose reply is lost is made once, and the repeated request returns the changed item.
/// Promise: lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_reply_changes_nothing_twice() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let mut lost = Vec::new();
    let mut losing = || lost.push(lose(&cloud, "TransactWriteItems"));
    losing();
    let first = create(&ana, "Długa 1").await;
    losing();
    let second = create(&ana, "Długa 2").await;
    assert_eq!(items(&ana).await.len(), 2);
    losing();
    assert_eq!(put(&ana, &second, "\"v1\"", address("Krótka 1")).await.is(200)["street"], "Krótka 1");
    losing();
    ana.put(&format!("{ALL}/{second}/main"), json!({})).await.is(204);
    losing();
    ana.delete(&format!("{ALL}/{second}")).await.is(204);
    assert_eq!((items(&ana).await.len(), main_of(&ana).await), (1, first));
    assert!(lost.iter().all(|lost| lost.hits() == 1));

    let (lost, version) = (lose(&cloud, "TransactWriteItems"), ana.get("/v1/me").await.header("etag"));
    let changed = ana.with("if-match", &version).patch("/v1/me", json!({ "bio": "Climbs." })).await;
    assert_eq!((&changed.is(200)["bio"], lost.hits()), (&json!("Climbs."), 1));
    assert_eq!(changed.header("etag"), ana.get("/v1/me").await.header("etag"));
    ana.with("if-match", &version).patch("/v1/me", json!({ "bio": "Climbs." })).await.is_problem(412, "version_mismatch");
}

/// Somebody else's address is answered with 404.
/// Promise: object-ownership
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_of_somebody_else_is_answered_as_unknown() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let id = create(&ana, "Długa 1").await;
    let path = format!("{ALL}/{id}");
    ben.get(&path).await.is_problem(404, "not_found");
    put(&ben, &id, "\"v1\"", address("Krótka 1")).await.is_problem(404, "not_found");
    ben.put(&format!("{path}/main"), json!({})).await.is_problem(404, "not_found");
    ben.delete(&path).await.is_problem(404, "not_found");
    ben.get(&format!("{ALL}/{}", id.to_lowercase())).await.is_problem(404, "not_found");
    cloud.anonymous().get(ALL).await.is_problem(401, "token_invalid");
    let mine = items(&ana).await;
    assert_eq!((mine.len(), mine[0]["street"].as_str()), (1, Some("Długa 1")));
    assert!(items(&ben).await.is_empty());
}
