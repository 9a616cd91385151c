//! The caller's profile, changes under its version, and the profile as others see it.

use std::time::Duration;

use tests::{Caller, Cloud, DAY, PASSWORD, Reply, json, race};

use crate::socket::until;

async fn etag(caller: &Caller) -> String {
    let reply = caller.get("/v1/me").await;
    let _ = reply.is(200);
    reply.header("etag")
}

async fn rename(caller: &Caller, version: &str, name: &str) -> Reply {
    caller.with("if-match", version).put("/v1/me/username", json!({ "username": name })).await
}

/// How many usernames are claimed, by anybody.
async fn claims(cloud: &Cloud) -> usize {
    cloud.dump().await.to_string().matches("\"USERNAME#").count()
}

async fn patch(caller: &Caller, version: &str, body: tests::Value) -> Reply {
    caller.with("if-match", version).patch("/v1/me", body).await
}

/// Once somebody is signed in their profile's language rules over the browser's, and `?lang` rules over both. Two languages are
/// refused.
/// Promise: language
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_language_of_the_profile_rules() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let _ = patch(&ana, &etag(&ana).await, json!({ "language": "pl" })).await.is(200);
    let (nobody, polish) = (cloud.anonymous(), "pl");
    for (caller, accepted, query, expected) in [
        (&ana, None, "", "pl"),
        (&ana, Some("en"), "", "pl"),
        (&ana, Some("en"), "?lang=en", "en"),
        (&ana, Some("pl"), "?lang=en", "en"),
        (&ana, Some("en"), "?lang=xx", "pl"),
        (&nobody, None, "", "en"),
        (&nobody, Some(polish), "", "pl"),
        (&nobody, Some(polish), "?lang=en", "en"),
    ] {
        let caller = accepted.map_or_else(|| caller.clone(), |tag| caller.with("accept-language", tag));
        // A problem, whose words are in that language, and an answer whose words are.
        for path in ["/v1/users/nobody_at_all", "/v1/me/deletion"] {
            let reply = caller.get(&format!("{path}{query}")).await;
            assert_eq!(reply.header("content-language"), expected, "{accepted:?} {query} {reply:?}");
            let text = String::from_utf8_lossy(&reply.bytes).into_owned();
            let said = text.contains("Nic tu nie ma") || text.contains("Zaloguj") || text.contains("Usuwanie");
            assert_eq!(said, expected == polish, "{accepted:?} {query} {text}");
        }
    }
    for twice in ["?lang=en&lang=pl", "?lang=pl&lang=pl", "?lang=&a=b&lang=en"] {
        for caller in [&ana, &nobody] {
            caller.get(&format!("/v1/me{twice}")).await.is_problem(400, "malformed");
        }
    }
}

/// All data of the registration is there, and the default picture.
/// Promise: profile
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_reads_their_own_profile() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let me = ana.get("/v1/me").await.is(200);
    assert_eq!(
        (me["id"].as_str(), me["username"].as_str(), me["email"].as_str()),
        (Some(&*ana.id()), Some("ana"), Some("ana@example.test"))
    );
    assert_eq!(
        (me["first_name"].as_str(), me["last_name"].as_str(), me["birth_date"].as_str()),
        (Some("Ana"), Some("Nowak"), Some("2000-02-29"))
    );
    assert_eq!(
        (me["private"].as_bool(), me["language"].as_str(), me["who_can_message"].as_str()),
        (Some(false), Some("en"), Some("everyone"))
    );
    assert!(me["bio"].is_null());
    for (size, pixels) in [("small", 64), ("medium", 300), ("large", 1024)] {
        assert_eq!(me["picture"][size].as_str(), Some(&*format!("{}/v1/pictures/default/{pixels}", cloud.urls.api)));
    }
    for secret in ["password", "phc", "version", "status", "pk", "sk", "kind"] {
        assert!(me.get(secret).is_none(), "{secret}");
    }
    cloud.anonymous().get("/v1/me").await.is_problem(401, "token_invalid");
    cloud.anonymous().with("authorization", "Bearer x.y.z").get("/v1/me").await.is_problem(401, "token_invalid");
}

/// Their own roles are in the profile, from the next request on. Others do not see them.
/// Promise: console-roles
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_read_their_own_roles() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    assert_eq!(ana.get("/v1/me").await.is(200)["roles"], json!([]));
    cloud.appoint(&ana, &["moderator", "administrator"]);
    let read = ana.get("/v1/me").await;
    assert!(read.header("server-timing").contains("calls=1 "), "{read:?}");
    assert_eq!(read.is(200)["roles"], json!(["moderator", "administrator"]));
    let changed = patch(&ana, &read.header("etag"), json!({ "bio": "Climbs." })).await;
    assert_eq!(changed.is(200)["roles"], json!(["moderator", "administrator"]));
    assert!(ben.get("/v1/users/ana").await.is(200).get("roles").is_none());
    assert_eq!(ben.get("/v1/me").await.is(200)["roles"], json!([]));
}

/// A merge patch: absent members stay, `null` clears, and the version rises by one.
/// Promise: profile
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_changes_what_it_names() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let before = etag(&ana).await;
    let reply =
        patch(&ana, &before, json!({ "bio": " Climbs.\r\nReads. ", "language": "pl", "last_name": null, "who_can_message": "friends" }))
            .await;
    let me = reply.is(200);
    assert_eq!(
        (me["bio"].as_str(), me["language"].as_str(), me["first_name"].as_str()),
        (Some("Climbs.\nReads."), Some("pl"), Some("Ana"))
    );
    assert!(me["last_name"].is_null());
    assert_eq!(me["who_can_message"], "friends");
    assert_ne!(reply.header("etag"), before);
    assert_eq!(etag(&ana).await, reply.header("etag"));
    assert_eq!(ana.get("/v1/me").await.is(200), me);
    // The media type of merge patches is accepted too.
    let body = json!({ "bio": null, "private": true }).to_string().into_bytes();
    let version = etag(&ana).await;
    let merged = ana.with("if-match", version).raw(reqwest::Method::PATCH, "/v1/me", Some("application/merge-patch+json"), body).await;
    assert!(merged.is(200)["bio"].is_null());
}

/// A change states the version it applies to. Without one it gets 428, with another one 412, and nothing changes.
/// Promise: profile-version
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_names_its_version() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let version = etag(&ana).await;
    ana.patch("/v1/me", json!({ "bio": "x" })).await.is_problem(428, "version_required");
    for stale in ["\"v0\"", "\"v999\"", "\"v0\", \"v999\"", "W/\"v1\"", "v1", "\"v-1\"", "\"v18446744073709551616\""] {
        patch(&ana, stale, json!({ "bio": "x" })).await.is_problem(412, "version_mismatch");
    }
    let _ = patch(&ana, &version, json!({ "bio": "first" })).await.is(200);
    patch(&ana, &version, json!({ "bio": "second" })).await.is_problem(412, "version_mismatch");
    assert_eq!(ana.get("/v1/me").await.is(200)["bio"], "first");
}

/// A change may be of any version, or of each of a list (RFC 9110 §13.1.1).
/// Promise: profile-version, addresses-version
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_names_any_version_or_several() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let home = json!({ "street": "Marszałkowska 44", "city": "Kraków", "postal_code": "30-001", "country": "PL" });
    let address = ana.post("/v1/me/addresses", home.clone()).await.is(201)["id"].as_str().unwrap().to_owned();
    for (n, wanted) in ["*", "\"v0\", CURRENT", "CURRENT,\"v999\"", "W/CURRENT, CURRENT"].into_iter().enumerate() {
        let of = |version: String| wanted.replace("CURRENT", &version);
        let _ = patch(&ana, &of(etag(&ana).await), json!({ "bio": format!("{n} times") })).await.is(200);
        let _ = rename(&ana, &of(etag(&ana).await), "ana").await.is(200);
        let path = format!("/v1/me/addresses/{address}");
        let version = ana.get(&path).await.header("etag");
        let mut moved = home.clone();
        moved["street"] = json!(format!("Marszałkowska {}", n + 1));
        let changed = ana.with("if-match", of(version.clone())).put(&path, moved).await;
        assert_ne!(changed.is(200)["street"], home["street"], "{wanted}");
        assert_ne!(changed.header("etag"), version, "{wanted}");
    }
    for stale in ["W/CURRENT", "\"v0\", \"v999\"", ""] {
        let of = |version: String| stale.replace("CURRENT", &version);
        patch(&ana, &of(etag(&ana).await), json!({ "bio": "x" })).await.is_problem(412, "version_mismatch");
    }
    assert_eq!(ana.get("/v1/me").await.is(200)["bio"], "3 times");
}

/// Of a hundred concurrent changes of one version one is made.
/// Promise: profile-version
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_changes_of_one_version_one_is_made() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let version = etag(&ana).await;
    let statuses = race(100, |i| {
        let (ana, version) = (ana.clone(), version.clone());
        async move { patch(&ana, &version, json!({ "bio": format!("from {i}") })).await.status.as_u16() }
    })
    .await;
    assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|s| **s == 412).count(), 99, "{statuses:?}");
}

/// Requests that change nothing keep the version: an empty patch, the same values, signing in.
/// Promise: profile-version
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_nothing_leaves_the_version_alone() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let version = etag(&ana).await;
    for same in [json!({}), json!({ "first_name": "Ana", "private": false, "bio": "  " })] {
        assert_eq!(patch(&ana, &version, same).await.header("etag"), version);
    }
    let elsewhere = cloud.sign_in("ana").await;
    assert_eq!(etag(&elsewhere).await, version);
}

/// Unknown, protected and mistyped members are refused as malformed. All broken rules are returned at once. Nothing changes.
/// Promise: profile-validation, request-bodies
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_patch_may_not_do() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let (version, before) = (etag(&ana).await, ana.get("/v1/me").await.is(200));
    for name in [
        "id",
        "user_id",
        "username",
        "email",
        "email_verified",
        "picture",
        "status",
        "version",
        "created_at",
        "role",
        "is_admin",
        "plan",
        "balance",
        "owner",
        "pk",
        "sk",
        "gsi1pk",
        "gsi1sk",
        "ttl",
        "kind",
        "v",
        "token_ver",
        "deleted_at",
        "mfa_enabled",
    ] {
        let problem = patch(&ana, &version, json!({ name: "x" })).await;
        problem.is_problem(400, "malformed");
    }
    for (wrong, pointer) in [
        (json!({ "private": "yes" }), "/private"),
        (json!({ "bio": 5 }), "/bio"),
        (json!({ "first_name": ["a"] }), "/first_name"),
        (json!({ "language": true }), "/language"),
    ] {
        assert_eq!(patch(&ana, &version, wrong).await.is_problem(400, "malformed")["pointer"], pointer);
    }
    for body in ["[]", "null", "{", "{\"bio\":\"a\",\"bio\":\"b\"}", "{\"bio\":\"\\u0000\"}", "", "{\"bio\":\"a\"} x"] {
        let reply = ana.with("if-match", &version).raw(reqwest::Method::PATCH, "/v1/me", Some("application/json"), body.into()).await;
        reply.is_problem(400, "malformed");
    }
    let text = ana.with("if-match", &version).raw(reqwest::Method::PATCH, "/v1/me", Some("text/plain"), b"{}".to_vec()).await;
    text.is_problem(415, "unsupported_media_type");
    patch(&ana, &version, json!({ "bio": "x".repeat(70_000) })).await.is_problem(413, "too_large");
    let wrong = json!({
        "first_name": "x".repeat(36), "last_name": "<b>", "bio": "x".repeat(501), "language": "xx", "private": null, "who_can_message": "nobody"
    });
    assert_eq!(
        patch(&ana, &version, wrong).await.field_errors(),
        [
            "/first_name too_long",
            "/last_name characters",
            "/bio too_long",
            "/private required",
            "/language locale",
            "/who_can_message choice"
        ]
    );
    // Valid members are not saved when others are invalid.
    let right = json!({ "first_name": "Anna", "last_name": "Nowicka", "bio": "Climbs.", "language": "pl", "private": true });
    for (name, value, error) in
        [("first_name", json!(""), "required"), ("bio", json!("x".repeat(501)), "too_long"), ("language", json!("xx"), "locale")]
    {
        let mut mixed = right.clone();
        mixed[name] = value;
        assert_eq!(patch(&ana, &version, mixed).await.field_errors(), [format!("/{name} {error}")]);
    }
    assert_eq!((etag(&ana).await, ana.get("/v1/me").await.is(200)), (version, before));
}

/// A day of birth can be given, corrected and removed. Nobody becomes younger than sixteen.
/// Promise: profile-validation
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_of_birth_keeps_the_rule_of_registration() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let version = etag(&ana).await;
    let today = cloud.now().date();
    for (day, error) in [(today.to_string(), "too_young"), ("9999-01-01".to_owned(), "in_future"), ("2001-02-29".to_owned(), "date")] {
        let wrong = patch(&ana, &version, json!({ "birth_date": day })).await;
        assert_eq!(wrong.field_errors(), [format!("/birth_date {error}")], "{day}");
    }
    assert_eq!(etag(&ana).await, version);
    let changed = patch(&ana, &version, json!({ "birth_date": "1998-05-17" })).await;
    assert_eq!(changed.is(200)["birth_date"], "1998-05-17");
    let cleared = patch(&ana, &changed.header("etag"), json!({ "birth_date": null })).await;
    assert!(cleared.is(200)["birth_date"].is_null());
}

/// A deployment chooses the age that a day of birth must show, in profiles as in registrations. The error says which.
/// Promise: profile-validation, minimum-age
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_chooses_the_minimum_age() {
    let cloud = Cloud::start_with(&[("MinimumAge", "18")]).await;
    let ana = cloud.member("ana").await;
    let today = cloud.now().date();
    let day = |years: i32| format!("{:04}-01-01", today.year() - years);
    let young = patch(&ana, &etag(&ana).await, json!({ "birth_date": day(17) })).await;
    assert_eq!(young.field_errors(), ["/birth_date too_young"]);
    assert!(young.json()["errors"].to_string().contains("18"), "{young:?}");
    patch(&ana, &etag(&ana).await, json!({ "birth_date": day(18) })).await.is(200);

    let caller = cloud.anonymous();
    let flow = caller.post("/v1/registrations", json!({ "email": "ben@example.test" })).await.is(201);
    let path = format!("/v1/registrations/{}", flow["id"].as_str().unwrap());
    let code = json!({ "code": cloud.code_to("ben@example.test").await });
    caller.post(&format!("{path}/code"), code).await.is(200);
    let personal = |born: String| json!({ "first_name": "Ben", "last_name": "Nowak", "birth_date": born });
    let young = caller.put(&format!("{path}/personal"), personal(day(17))).await;
    assert_eq!(young.field_errors(), ["/birth_date too_young"]);
    caller.put(&format!("{path}/personal"), personal(day(18))).await.is(200);
}

/// A username changes under its version and the rules of registration, after a step-up, and its owner is notified. The new name
/// signs in, the former one does not. Whether a name is taken can be asked only within the limit of the look-up.
/// Promise: username-change, step-up
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_username_changes() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let elsewhere = cloud.sign_in("ana").await;
    cloud.advance(Duration::from_secs(301)).await;
    let version = etag(&ana).await;
    rename(&cloud.anonymous(), &version, "anna").await.is_problem(401, "token_invalid");
    rename(&ana, &version, "anna").await.is_problem(401, "step_up_required");
    let ana = cloud.sign_in("ana").await;
    ana.put("/v1/me/username", json!({ "username": "anna" })).await.is_problem(428, "version_required");
    rename(&ana, "\"v999\"", "anna").await.is_problem(412, "version_mismatch");
    for (name, error) in [
        ("", "required"),
        ("ab", "too_short"),
        ("1ana", "username_format"),
        ("admin", "username_refused"),
        ("fu_ck", "username_refused"),
        (" BEN", "username_taken"),
    ] {
        assert_eq!(rename(&ana, &version, name).await.field_errors(), [format!("/username {error}")], "{name}");
    }
    assert_eq!(rename(&ana, &version, "ANA").await.header("etag"), version, "the name is hers already");
    let renamed = rename(&ana, &version, " Ana_Nowak ").await;
    assert_eq!(renamed.is(200)["username"], "ana_nowak");
    assert_eq!(etag(&ana).await, renamed.header("etag"));
    assert_ne!(renamed.header("etag"), version);
    elsewhere.get("/v1/me").await.is(200);
    let told = cloud.mail_to("ana@example.test").await;
    assert!(told.subject.contains("username was changed") && told.text.contains("ana_nowak"), "{}", told.text);
    ben.get("/v1/users/ana").await.is_problem(404, "not_found");
    ben.get("/v1/users/ana_nowak").await.is(200);
    cloud.sign_in("ana_nowak").await;
    let former = json!({ "login": "ana", "password": PASSWORD });
    cloud.anonymous().post("/v1/sessions", former).await.is_problem(401, "credentials_invalid");
    let version = etag(&ana).await;
    let mut refused = None;
    for n in 0..=30 {
        let reply = rename(&ana, &version, "ben").await;
        if reply.status == 429 {
            refused = Some(n);
            break;
        }
        assert_eq!(reply.field_errors(), ["/username username_taken"]);
    }
    assert!(refused.is_some(), "the look-up of names has no limit");
    ana.get("/v1/usernames/ana/availability").await.is_problem(429, "too_many_requests");
    assert_eq!(ana.get("/v1/me").await.is(200)["username"], "ana_nowak");
}

/// A former name is reserved for its owner for thirty days: for others it is taken, it leads nowhere, and its owner can take it
/// back. Then it is free, whether or not its claim was deleted. An account reserves five names at most.
/// Promise: username-change
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_former_name_is_kept_for_its_owner() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let _ = rename(&ana, &etag(&ana).await, "anna").await.is(200);
    let refused_to_others = async |n: u32| {
        let anybody = cloud.anonymous();
        assert_eq!(anybody.get("/v1/usernames/ana/availability").await.is(200)["code"], "username_taken");
        let by_link = json!({ "email": format!("mia{n}@example.test"), "username": "ana", "password": PASSWORD });
        assert_eq!(anybody.post("/v1/registrations/link", by_link).await.field_errors(), ["/username username_taken"]);
        let sign_in = json!({ "login": "ana", "password": PASSWORD });
        anybody.post("/v1/sessions", sign_in).await.is_problem(401, "credentials_invalid");
        let ben = cloud.member(&format!("ben{n}")).await;
        assert_eq!(rename(&ben, &etag(&ben).await, "ana").await.field_errors(), ["/username username_taken"]);
        ben.get("/v1/users/ana").await.is_problem(404, "not_found");
    };
    refused_to_others(0).await;
    let _ = rename(&ana, &etag(&ana).await, "ana").await.is(200);
    assert_eq!(cloud.sign_in("ana").await.id(), ana.id(), "she took the name back");
    let ben = cloud.member("ben").await;
    assert_eq!(rename(&ben, &etag(&ben).await, "anna").await.field_errors(), ["/username username_taken"]);
    for name in ["ana1", "ana2", "ana3"] {
        let _ = rename(&ana, &etag(&ana).await, name).await.is(200);
    }
    let sixth = rename(&ana, &etag(&ana).await, "ana4").await;
    sixth.is_problem(429, "too_many_requests");
    assert_eq!(sixth.header("retry-after").parse::<u64>().unwrap().div_ceil(24 * 3600), 30);
    let kept = cloud.of_kind("username").await.into_iter().filter(|claim| claim["kept_until"].is_object()).collect::<Vec<_>>();
    assert_eq!(kept.len(), 4, "{kept:?}");
    cloud.advance((30 * DAY).saturating_sub(Duration::from_secs(60))).await;
    refused_to_others(1).await;
    cloud.advance(Duration::from_secs(61)).await;
    // The clock frees the names, although DynamoDB may keep expired items for days.
    for claim in &kept {
        let core = cloud.core();
        let table = core.template.tables.iter().find(|t| t.stream_arn.is_some()).unwrap();
        let request = serde_json::from_value(json!({ "TableName": table.name, "Item": claim })).unwrap();
        core.aws.dynamodb.database().put_item(request).unwrap();
    }
    assert_eq!(cloud.anonymous().get("/v1/usernames/ana/availability").await.is(200)["available"], true);
    let (ana, ben) = (cloud.sign_in("ana3").await, cloud.sign_in("ben0").await);
    let _ = rename(&ben, &etag(&ben).await, "ana").await.is(200);
    assert_eq!(cloud.sign_in("ana").await.id(), ben.id());
    assert_eq!(rename(&ana, &etag(&ana).await, "ana").await.field_errors(), ["/username username_taken"]);
    let _ = rename(&ana, &etag(&ana).await, "ana4").await.is(200);
}

/// Of many people who take one free name concurrently one gets it and the others keep theirs. Of many names that one person takes
/// concurrently they get one.
/// Promise: unique-names, username-change
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_name_has_one_owner_and_one_person_one_name() {
    let cloud = Cloud::start().await;
    let mut people = Vec::new();
    for n in 0..5 {
        let caller = cloud.member(&format!("ana{n}")).await;
        let version = etag(&caller).await;
        people.push((caller, version));
    }
    let statuses = race(1000, |i| {
        let (caller, version) = people[i % people.len()].clone();
        async move { rename(&caller, &version, "wanted").await.status.as_u16() }
    })
    .await;
    assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
    let mut owners = 0;
    for (n, (caller, _)) in people.iter().enumerate() {
        match caller.get("/v1/me").await.is(200)["username"].as_str() {
            Some("wanted") => owners += 1,
            name => assert_eq!(name, Some(&*format!("ana{n}"))),
        }
    }
    assert_eq!((owners, claims(&cloud).await), (1, 6), "and the winner's former name is reserved");

    cloud.advance(Duration::from_secs(61)).await;
    let caller = people[0].0.clone();
    let version = etag(&caller).await;
    let statuses = race(25, |i| {
        let (caller, version) = (caller.clone(), version.clone());
        async move { rename(&caller, &version, &format!("choice{i}")).await.status.as_u16() }
    })
    .await;
    assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
    assert_eq!(claims(&cloud).await, 7);
}

/// Others see the username, the picture and what the owner has made visible. A private profile shows only the username and the picture.
/// Promise: profile-visibility
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_see_what_the_owner_made_visible() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let seen = ben.get("/v1/users/ana").await.is(200);
    assert_eq!(members(&seen), ["id", "last_seen_at", "online", "picture", "username"]);
    let version = etag(&ana).await;
    let _ = patch(&ana, &version, json!({ "bio": "Climbs." })).await.is(200);
    let seen = ben.get("/v1/users/Ana").await.is(200);
    assert_eq!(
        (members(&seen), seen["bio"].as_str()),
        (vec!["bio", "id", "last_seen_at", "online", "picture", "username"], Some("Climbs."))
    );
    assert_eq!(ana.get("/v1/users/ana").await.is(200), seen);
    let version = etag(&ana).await;
    let _ = patch(&ana, &version, json!({ "private": true })).await.is(200);
    assert_eq!(members(&ben.get("/v1/users/ana").await.is(200)), ["id", "picture", "username"]);

    for nobody in ["nobody", "a", "ana@example.test", "%00", "admin"] {
        ben.get(&format!("/v1/users/{nobody}")).await.is_problem(404, "not_found");
    }
    cloud.anonymous().get("/v1/users/ana").await.is_problem(401, "token_invalid");
}

/// Sixty profiles a minute for an account, from any client and whether the profiles exist or not. Then the answer says when to
/// come back.
/// Promise: profile-visibility, request-rates
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reads_all_profiles() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let elsewhere = cloud.sign_in("ben").await;
    let statuses = race(60, |i| {
        let ben = if i % 2 == 0 { ben.clone() } else { elsewhere.clone() };
        async move { ben.get(&format!("/v1/users/{}", ["ana", "nobody"][i % 2])).await.status.as_u16() }
    })
    .await;
    assert_eq!((statuses.iter().filter(|s| **s == 200).count(), statuses.iter().filter(|s| **s == 404).count()), (30, 30));
    let refused = ben.get("/v1/users/ana").await;
    refused.is_problem(429, "too_many_requests");
    let wait = refused.header("retry-after").parse().unwrap();
    elsewhere.get("/v1/users/nobody").await.is_problem(429, "too_many_requests");
    let _ = ana.get("/v1/users/ben").await.is(200);
    cloud.advance(Duration::from_secs(wait)).await;
    let _ = ben.get("/v1/users/ana").await.is(200);
}

/// Each operation makes as many calls of AWS as it documents: the batch that authenticates the caller also reads the items that
/// the operation is about.
/// Promise: operation-cost
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_make_as_few_calls_as_they_say() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let version = etag(&ana).await;
    let upload = json!({ "content_type": "image/png", "bytes": 1, "sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=" });
    let first = ana.post("/v1/me/picture/uploads", upload.clone()).await;
    let status = first.header("location");
    for (reply, calls) in [
        (ana.get("/v1/me").await, 1),
        (patch(&ana, &version, json!({})).await, 1),
        (patch(&ana, &version, json!({ "bio": "x" })).await, 2),
        (patch(&ana, &version, json!({ "bio": "y" })).await, 1),
        (ben.get("/v1/users/ana").await, 4),
        (ana.get("/v1/users/ana").await, 4),
        (ana.get("/v1/users/ben").await, 3),
        (ana.get("/v1/users/nobody").await, 2),
        (first, 3),
        (ana.post("/v1/me/picture/uploads", upload).await, 4),
        (ana.get(&status).await, 1),
        (ana.delete("/v1/me/picture").await, 1),
        (cloud.anonymous().get("/v1/pictures/default/64").await, 0),
        (cloud.anonymous().get(&format!("/v1/pictures/pic_{}/64", "0".repeat(26))).await, 0),
        (cloud.anonymous().with("origin", ana.origin()).get("/v1/pictures/default/64").await, 0),
        (cloud.anonymous().get("/v1/me").await, 0),
        (cloud.anonymous().get("/docs").await, 0),
        (cloud.anonymous().get("/openapi.json").await, 0),
    ] {
        let timing = reply.header("server-timing");
        assert!(timing.contains(&format!("calls={calls} ")), "{timing} and not {calls} for {reply:?}");
    }
}

/// A person is online who was active within five minutes or has a socket, and has not signed out since. Reading the own profile
/// is activity. A private profile shows nothing of it.
/// Promise: online-status
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_online_status_follows_use() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let minutes = |n: u64| std::time::Duration::from_secs(60 * n);
    let sight = async |reader: &Caller| reader.get("/v1/users/ana").await.is(200);
    let first = sight(&ben).await;
    assert_eq!(first["online"], true);
    let me = ana.get("/v1/me").await.is(200);
    // Others see the time rounded to the minute.
    let minute = |at: &tests::Value| json!(format!("{}:00.000Z", &at.as_str().unwrap()[..16]));
    assert_eq!((&me["online"], &minute(&me["last_seen_at"])), (&json!(true), &first["last_seen_at"]));
    cloud.advance(minutes(6)).await;
    let later = sight(&ben).await;
    assert_eq!((&later["online"], &later["last_seen_at"]), (&json!(false), &first["last_seen_at"]), "no activity since then");
    // Reading is activity. Within a minute it is written once.
    let read = ana.get("/v1/me").await;
    assert!(read.header("server-timing").contains("calls=2 "), "{read:?}");
    assert_ne!(read.is(200)["last_seen_at"], first["last_seen_at"]);
    let again = ana.get("/v1/me").await;
    assert!(again.header("server-timing").contains("calls=1 "), "{again:?}");
    let now = sight(&ben).await;
    assert_eq!((&now["online"], &now["last_seen_at"]), (&json!(true), &minute(&read.is(200)["last_seen_at"])));
    // Ending another of one's sessions is no sign-out.
    let phone = cloud.sign_in("ana").await;
    let _ = ana.delete(&format!("/v1/sessions/{}", phone.claims()["sid"].as_str().unwrap())).await.is(204);
    assert_eq!(sight(&ben).await["online"], true);

    // A socket that sends pings keeps its person online.
    let mut socket = ana.socket().await;
    cloud.advance(minutes(6)).await;
    let ben = cloud.sign_in("ben").await;
    assert_eq!(sight(&ben).await["online"], false);
    assert_eq!(socket.ask(json!({ "type": "ping" })).await["type"], "pong");
    assert_eq!(sight(&ben).await["online"], true);
    socket.close().await;
    until(async || !cloud.dump().await.to_string().contains("{\"S\":\"connection\"}")).await;
    assert_eq!(sight(&ben).await["online"], true, "active a moment ago");
    cloud.advance(minutes(6)).await;
    let ben = cloud.sign_in("ben").await;
    assert_eq!(sight(&ben).await["online"], false);
    socket = cloud.sign_in("ana").await.socket().await;

    // After a sign-out the person is offline, despite recent activity.
    let phone = cloud.sign_in("ana").await;
    let _ = phone.delete("/v1/sessions/current").await.is(204);
    assert_eq!(sight(&ben).await["online"], true, "a socket of another session is open");
    socket.close().await;
    until(async || !cloud.dump().await.to_string().contains("{\"S\":\"connection\"}")).await;
    assert_eq!(sight(&ben).await["online"], false);
    let ana = cloud.sign_in("ana").await;
    assert_eq!(sight(&ben).await["online"], true);
    cloud.advance(minutes(1)).await;
    let version = etag(&ana).await;
    let _ = patch(&ana, &version, json!({ "private": true })).await.is(200);
    assert_eq!(members(&sight(&ben).await), ["id", "picture", "username"]);
    assert!(ana.get("/v1/me").await.is(200)["last_seen_at"].is_string());
    // Activity counts for five minutes only.
    let _ = patch(&ana, &etag(&ana).await, json!({ "private": false })).await.is(200);
    cloud.advance(minutes(60 * 24 * 31)).await;
    let ben = cloud.sign_in("ben").await;
    let seen = sight(&ben).await;
    assert_eq!((&seen["online"], seen.get("last_seen_at")), (&json!(false), None));
}

fn members(value: &tests::Value) -> Vec<&str> {
    value.as_object().map(|o| o.keys().map(String::as_str).collect()).unwrap_or_default()
}
