//! The list of countries, and the countries in which addresses are accepted.

use tests::{Cloud, Value, json};

const COUNTRIES: &str = "/v1/countries";

fn named<'a>(list: &'a Value, code: &str) -> &'a Value {
    list["items"].as_array().unwrap().iter().find(|country| country["code"] == code).unwrap_or(&Value::Null)
}

/// Everybody gets the countries in their language and in its alphabet, with what a form needs, and only once.
/// Promise: countries
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn countries_are_listed_in_the_readers_language() {
    let cloud = Cloud::start().await;
    let client = cloud.anonymous();
    let reply = client.get(COUNTRIES).await;
    let english = reply.is(200);
    assert_eq!(english["items"].as_array().unwrap().len(), 245, "all of ISO 3166-1 and Kosovo, but the five that are blocked");
    assert_eq!(
        *named(&english, "PL"),
        json!({
            "code": "PL", "name": "Poland", "flag": "🇵🇱", "calling_code": "+48", "postal_code_required": true,
            "postal_code_example": "00-950",
        })
    );
    // A country without postal codes needs none.
    assert_eq!(
        *named(&english, "AE"),
        json!({
            "code": "AE", "name": "United Arab Emirates", "flag": "🇦🇪", "calling_code": "+971", "postal_code_required": false,
        })
    );
    for blocked in ["CU", "IR", "KP", "RU", "SY"] {
        assert_eq!(*named(&english, blocked), Value::Null, "{blocked}");
    }

    let polish = client.with("accept-language", "pl").get(COUNTRIES).await;
    let (tag, polish) = (polish.header("etag"), polish.is(200));
    assert_eq!(client.get(&format!("{COUNTRIES}?lang=pl")).await.is(200), polish);
    let names: Vec<&str> = polish["items"].as_array().unwrap().iter().map(|country| country["name"].as_str().unwrap()).collect();
    let place = |name: &str| names.iter().position(|n| *n == name).unwrap();
    assert!(place("Luksemburg") < place("Łotwa") && place("Łotwa") < place("Macedonia Północna"));

    assert!(reply.header("cache-control").starts_with("public, max-age="));
    assert!(reply.header("vary").contains("accept-language"));
    assert_ne!(reply.header("etag"), tag);
    client.with("if-none-match", reply.header("etag")).get(COUNTRIES).await.has(304);
    client.with("if-none-match", tag).get(COUNTRIES).await.has(200);
}

/// An operator says which countries are excluded: from the list, and from addresses. Nothing else changes with that.
/// Promise: countries, addresses-validation
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_excludes_countries() {
    let cloud = Cloud::start_with(&[("BlockedCountries", "AE,GB")]).await;
    let ana = cloud.member("ana").await;
    let list = ana.get(COUNTRIES).await.is(200);
    assert_eq!((named(&list, "GB"), named(&list, "AE")), (&Value::Null, &Value::Null));
    assert_eq!(named(&list, "CU")["name"], "Cuba");
    let address = |country: &str, code: &str| json!({ "street": "Street 1", "city": "City", "postal_code": code, "country": country });
    let all = "/v1/me/addresses";
    assert_eq!(ana.post(all, address("gb", "SW1A 1AA")).await.field_errors(), ["/country country_blocked"]);
    assert_eq!(ana.post(all, address("CU", "10400")).await.is(201)["country"], "CU");
}

/// What the list says of a country's postal codes is what addresses are held to: the example of each country is one of its codes, and
/// only where none is required can an address be without.
/// Promise: countries, addresses-validation
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_listed_postal_codes_are_accepted() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let list = ana.get(COUNTRIES).await.is(200);
    let first = json!({ "street": "Street 1", "city": "City", "postal_code": "30-001", "country": "PL" });
    let id = ana.post("/v1/me/addresses", first).await.is(201)["id"].as_str().unwrap().to_owned();
    // Every eleventh country, because they have the tests of their own crate.
    for country in list["items"].as_array().unwrap().iter().step_by(11) {
        let place = json!({ "street": "Street 1", "city": "City", "country": country["code"] });
        let put = async |body: Value| ana.with("if-match", "*").put(&format!("/v1/me/addresses/{id}"), body).await;
        let without = put(place.clone()).await;
        if country["postal_code_required"] == true {
            assert_eq!(without.field_errors(), ["/postal_code required"], "{country}");
        } else {
            assert!(without.is(200)["postal_code"].is_null(), "{country}");
        }
        if let Some(example) = country["postal_code_example"].as_str() {
            let mut place = place;
            place["postal_code"] = json!(example);
            assert_eq!(put(place).await.is(200)["country"], country["code"]);
        }
    }
}

/// Codes that tables of postal codes often get wrong: forms of the British Isles, more than one length, lower case, small countries, and
/// countries without codes, in which an address must not need one.
/// Promise: addresses-validation
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_that_are_often_got_wrong_are_right() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let place = |country: &str, code: &str| json!({ "street": "Street 1", "city": "City", "postal_code": code, "country": country });
    let id = ana.post("/v1/me/addresses", place("PL", "30-001")).await.is(201)["id"].as_str().unwrap().to_owned();
    let put =
        async |country: &str, code: &str| ana.with("if-match", "*").put(&format!("/v1/me/addresses/{id}"), place(country, code)).await;
    for (country, code) in [
        ("GB", "SW1A 1AA"),
        ("GG", "GY1 1AA"),
        ("JE", "JE2 3AB"),
        ("IM", "IM1 1AA"),
        ("KR", "03051"),
        ("LK", "00100"),
        ("US", "94103"),
        ("US", "94103-1234"),
        ("AX", "22100"),
        ("VA", "00120"),
        ("PM", "97500"),
        ("FM", "96941"),
        ("SJ", "9170"),
    ] {
        assert_eq!(put(country, code).await.is(200)["postal_code"], code, "{country}");
    }
    assert_eq!(put("CA", "k1a 0b1").await.is(200)["postal_code"], "K1A 0B1");
    for country in ["AE", "HK", "QA"] {
        assert!(put(country, "").await.is(200)["postal_code"].is_null(), "{country}");
    }
    for (country, code) in [("PL", "ANYTHING"), ("PL", "x30-001"), ("GB", "12345"), ("US", "94103-12345"), ("KR", "123-456"), ("CI", "")] {
        let reply = put(country, code).await;
        assert_eq!(reply.status, if country == "CI" { 200 } else { 422 }, "{country} {code}: {reply:?}");
    }
    assert_eq!(put("UA-CR", "").await.field_errors(), ["/country country"]);
}
