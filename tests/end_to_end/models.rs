//! The catalogue of models: owners create, change and delete models, and everybody searches them.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use local::{
    aws::faults::{Fault, Target},
    outside::{
        Mode,
        captcha::{SECRET, Solved},
    },
};
use search::normal;
use tests::{Caller, Cloud, Value, json, race};

const MODELS: &str = "/v1/models";

async fn make(who: &Caller, title: &str, country: &str) -> String {
    let reply = who.post(MODELS, json!({ "title": title, "country": country })).await;
    assert_eq!(reply.has(201).header("location"), format!("{MODELS}/{}", text(&reply.json()["id"])));
    text(&reply.json()["id"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}

fn titles(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| text(&item["title"])).collect()
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| text(&item["id"])).collect()
}

/// The path of a search.
fn path(filters: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params("http://localhost/v1/models", filters).unwrap();
    format!("{MODELS}?{}", url.query().unwrap_or_default())
}

/// A search, batch by batch.
#[derive(Default)]
struct Walk {
    relevant: Vec<Value>,
    rest: Vec<Value>,
    /// The sizes of the batches that are not empty, negative for those after the divider.
    batches: Vec<i64>,
    dividers: usize,
}

async fn walk(who: &Caller, filters: &[(&str, &str)]) -> Walk {
    let (mut walk, mut next) = (Walk::default(), None::<String>);
    loop {
        let cursor = next.iter().map(|cursor| ("cursor", cursor.as_str()));
        let reply = who.get(&path(&filters.iter().copied().chain(cursor).collect::<Vec<_>>())).await;
        let batch = reply.is(200);
        let most = if filters.iter().any(|(name, _)| *name == "creator") { 27 } else { 3 };
        let timing = reply.header("server-timing");
        let read = timing.split("rcu=").nth(1).and_then(|rest| rest.split(['.', ' ']).next()).and_then(|units| units.parse::<u32>().ok());
        assert!(reply.calls() <= most && read.is_some_and(|units| units < 260), "{filters:?}: {timing}");
        let items = batch["items"].as_array().unwrap().clone();
        assert!(items.len() <= 5, "{batch}");
        let size = i64::try_from(items.len()).unwrap();
        let relevant = batch["relevant"] == true;
        walk.batches.extend(Some(if relevant { size } else { -size }).filter(|size| *size != 0));
        assert!(!relevant || walk.rest.is_empty(), "nothing that is looked for stands behind the divider");
        if batch["divider"] == true {
            assert!(!relevant && walk.rest.is_empty() && !items.is_empty(), "{batch}");
            walk.dividers += 1;
        }
        if relevant {
            walk.relevant.extend(items);
        } else {
            walk.rest.extend(items);
        }
        next = batch["next_cursor"].as_str().map(ToOwned::to_owned);
        if next.is_none() {
            assert_eq!(walk.dividers == 1, !walk.rest.is_empty(), "one divider before the rest");
            return walk;
        }
    }
}

/// A model is read by everybody, and changed and deleted by its owner in the version that they have seen.
/// Promise: models-owned
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_belongs_to_its_owner() {
    let cloud = Cloud::start().await;
    let (ana, ben, visitor) = (cloud.member("ana").await, cloud.member("ben").await, cloud.anonymous());
    let made = ana.post(MODELS, json!({ "title": "  Red bike " })).await.is(201);
    assert_eq!((&made["title"], &made["country"], &made["creator"]["username"]), (&json!("Red bike"), &json!("PL"), &json!("ana")));
    let one = format!("{MODELS}/{}", text(&made["id"]));
    let read = visitor.get(&one).await;
    assert_eq!((read.is(200), read.header("etag").as_str()), (made, "\"v1\""));
    for (body, errors) in [
        (json!({ "title": " " }), vec!["/title required"]),
        (json!({ "title": "ż".repeat(101), "country": "FR" }), vec!["/title too_long", "/country choice"]),
        (json!({ "title": "Red", "country": "Polska" }), vec!["/country country"]),
    ] {
        assert_eq!(ana.post(MODELS, body).await.field_errors(), errors);
    }
    make(&ana, &"ż".repeat(100), "gb").await;
    visitor.post(MODELS, json!({ "title": "Red" })).await.is_problem(401, "token_invalid");

    let patch = json!({ "title": "Blue bike", "country": "de" });
    ana.patch(&one, patch.clone()).await.is_problem(428, "version_required");
    ana.with("if-match", "\"v2\"").patch(&one, patch.clone()).await.is_problem(412, "version_mismatch");
    ben.with("if-match", "\"v1\"").patch(&one, patch.clone()).await.is_problem(403, "forbidden");
    ben.with("if-match", "\"v1\"").delete(&one).await.is_problem(403, "forbidden");
    let changed = ana.with("if-match", "\"v1\"").patch(&one, patch.clone()).await;
    assert_eq!((&changed.is(200)["title"], &changed.json()["country"]), (&json!("Blue bike"), &json!("DE")));
    assert_eq!(changed.header("etag"), "\"v2\"");
    // A change that changes nothing keeps the version.
    assert_eq!(ana.with("if-match", "*").patch(&one, patch).await.header("etag"), "\"v2\"");
    assert_eq!(titles(&walk(&visitor, &[("search", "blue")]).await.relevant), ["Blue bike"]);
    assert!(walk(&visitor, &[("search", "red")]).await.relevant.is_empty());

    ana.delete(&one).await.is_problem(428, "version_required");
    ana.with("if-match", "\"v1\"").delete(&one).await.is_problem(412, "version_mismatch");
    ana.with("if-match", "\"v2\"").delete(&one).await.is(204);
    visitor.get(&one).await.is_problem(404, "not_found");
    ana.with("if-match", "\"v2\"").patch(&one, json!({ "title": "Red" })).await.is_problem(404, "not_found");
    assert_eq!(walk(&visitor, &[]).await.relevant.len(), 1);
    crate::items::are_as_described(&cloud).await;
}

/// Nine models of Ana's and four of Benedict's, and a visitor.
async fn thirteen() -> (Cloud, Caller, Caller) {
    let cloud = Cloud::start().await;
    let (ana, ben, visitor) = (cloud.member("ana").await, cloud.member("benedict").await, cloud.anonymous());
    for (n, title) in ["Żółty rower", "Bike", "bike 2", "Straße", "Æsop", "Zebra", "Alpha", "beta", "Gamma"].into_iter().enumerate() {
        make(&ana, title, ["PL", "GB", "DE"][n % 3]).await;
    }
    for title in ["Bike", "Delta", "Łódka", "zero"] {
        make(&ben, title, "PL").await;
    }
    (cloud, ana, visitor)
}

/// Two of thirteen models are looked for: two, the divider and five, five, one. Without a hit the divider is the first.
/// Promise: models-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_looked_for_comes_first() {
    let (_cloud, _, visitor) = thirteen().await;
    let hits = walk(&visitor, &[("search", "ROWER")]).await;
    assert_eq!((titles(&hits.relevant), &hits.batches[..]), (vec!["Żółty rower".to_owned()], &[1, -5, -5, -2][..]));
    let hits = walk(&visitor, &[("search", "ke"), ("creator", "ana")]).await;
    assert_eq!((titles(&hits.relevant), &hits.batches[..]), (vec!["Bike".to_owned(), "bike 2".to_owned()], &[2, -5, -5, -1][..]));
    let none = walk(&visitor, &[("search", "nothing like it")]).await;
    assert_eq!((none.relevant.len(), none.rest.len(), &none.batches[..]), (0, 13, &[-5, -5, -3][..]));
    // The order is that of titles in normal form, and of ids where these are equal.
    let all = walk(&visitor, &[]).await;
    assert_eq!((all.rest.len(), all.dividers, &all.batches[..]), (0, 0, &[5, 5, 3][..]));
    let order: Vec<_> = all.relevant.iter().map(|item| (normal(&text(&item["title"])), text(&item["id"]))).collect();
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(titles(&all.relevant)[..4], ["Æsop", "Alpha", "beta", "Bike"]);
}

/// All filters apply together, a name takes precedence over an id, empty filters are ignored, invalid ones are errors, and every model
/// Promise: models-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_hold_together() {
    let (_cloud, ana, visitor) = thirteen().await;
    let ana_id = ana.id();
    let cases: [(&[(&str, &str)], usize); 19] = [
        (&[("search", "zolty")], 1),
        (&[("search", "STRASSE")], 1),
        (&[("search", "æ")], 1),
        (&[("search", "o")], 4),
        (&[("search", "  bike  ")], 3),
        (&[("search", "e 2")], 1),
        (&[("search", " ")], 13),
        (&[("country", "pl")], 7),
        (&[("country", "FR")], 0),
        (&[("country", "")], 13),
        (&[("creator", "NEDI")], 4),
        (&[("creator", "a")], 9),
        (&[("creator", "nobody")], 0),
        (&[("creator_id", &ana_id)], 9),
        (&[("creator_id", "usr_01K9ZC7F2E9S4YAW0GKPQ8RT5V")], 0),
        // A name beats an id.
        (&[("creator_id", &ana_id), ("creator", "benedict")], 4),
        (&[("creator_id", "nonsense"), ("creator", "benedict")], 4),
        (&[("search", "bike"), ("creator", "benedict"), ("country", "PL")], 1),
        (&[("search", "bike"), ("creator", "benedict"), ("country", "DE")], 0),
    ];
    for (filters, expected) in cases {
        let walk = walk(&visitor, filters).await;
        assert_eq!((walk.relevant.len(), walk.relevant.len() + walk.rest.len()), (expected, 13), "{filters:?}");
        let ids: BTreeSet<String> = ids(&walk.relevant).into_iter().chain(ids(&walk.rest)).collect();
        assert_eq!(ids.len(), 13, "each once: {filters:?}");
    }
    assert_eq!(visitor.get(&path(&[("creator_id", "7")])).await.field_errors(), ["/creator_id id"]);
    assert_eq!(visitor.get(&path(&[("country", "Polska")])).await.field_errors(), ["/country country"]);
    assert_eq!(visitor.get(&path(&[("search", &"x".repeat(101))])).await.field_errors(), ["/search too_long"]);
    // A cursor belongs to its search.
    let cursor = text(&visitor.get(&path(&[("search", "bike")])).await.is(200)["next_cursor"]);
    visitor.get(&path(&[("search", "Bike"), ("cursor", &cursor)])).await.is(200);
    let others: [&[(&str, &str)]; 3] =
        [&[("search", "bikes"), ("cursor", &cursor)], &[("cursor", &cursor)], &[("search", "bike"), ("cursor", "x")]];
    for filters in others {
        visitor.get(&path(filters)).await.is_problem(400, "cursor_invalid");
    }
}

/// A random title of English, Polish, German and other words.
fn title(cloud: &Cloud) -> String {
    let words = [
        "The",
        "house",
        "żółw",
        "ŁÓDŹ",
        "Straße",
        "über",
        "na",
        "Æ",
        "李小龍",
        "x",
        "7",
        "2024",
        "q",
        "café",
        "Ångström",
        "ie",
        "-",
        "!",
        "jazz",
        "ﬁn",
    ];
    let among = |most: usize| usize::try_from(cloud.sys.below(u32::try_from(most).unwrap())).unwrap();
    let title: Vec<&str> = (0..=among(4)).map(|_| words[among(words.len())]).collect();
    title.join([" ", "", "  "][among(3)])
}

/// Whatever is looked for, also one and two characters, is found as by looking at every model.
/// Promise: models-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_finds_what_looking_at_everything_finds() {
    let cloud = Cloud::start().await;
    let visitor = cloud.anonymous();
    let mut all: Vec<(String, String, String, String)> = Vec::new();
    for name in ["ana", "anastazja", "ben"] {
        let who = cloud.member(name).await;
        for n in 0..40 {
            let (title, country) = (title(&cloud), ["PL", "GB", "DE"][n % 3]);
            let id = make(&who, &title, country).await;
            all.push((normal(&title), id, name.to_owned(), country.to_owned()));
        }
    }
    all.sort();
    for n in 0..60_u32 {
        let (source, other) = (normal(&title(&cloud)), normal(&title(&cloud)));
        let characters: Vec<char> = if n % 4 == 0 { [source, other].concat() } else { source }.chars().collect();
        let length = characters.len().min(1 + usize::try_from(n % 5).unwrap());
        let begin = usize::try_from(cloud.sys.below(u32::try_from(characters.len() - length + 1).unwrap())).unwrap();
        let part: String = characters[begin..begin + length].iter().collect();
        let (creator, country) = (["", "", "ana", "st", "n"][cloud.sys.below(5) as usize], ["", "", "pl"][cloud.sys.below(3) as usize]);
        let found = walk(&visitor, &[("search", &part.to_uppercase()), ("creator", creator), ("country", country)]).await;
        let looked_for = normal(&part.to_uppercase());
        let is_wanted = |(title, _, owner, of): &&(String, String, String, String)| {
            title.contains(&looked_for) && owner.contains(creator) && (country.is_empty() || of == "PL")
        };
        let (wanted, rest): (Vec<_>, Vec<_>) = all.iter().partition(is_wanted);
        let of = |those: Vec<&(String, String, String, String)>| those.into_iter().map(|(_, id, ..)| id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&found.relevant), of(wanted), "{part:?} {creator} {country}");
        assert_eq!(ids(&found.rest), of(rest), "{part:?} {creator} {country}: the rest");
    }
}

/// A creator is also found behind so many people with a similar name that one batch does not read all of them: it is empty, and others
/// follow.
/// Promise: models-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_creator_is_found_behind_many_others() {
    let cloud = Cloud::start().await;
    for n in 0..30 {
        // These names have all parts of three characters that are looked for, but not the whole.
        cloud.member(&format!("abcbcd{n}")).await;
    }
    let (zoe, ana, visitor) = (cloud.member("zabcd").await, cloud.member("ana").await, cloud.anonymous());
    let [wanted, other] = [make(&zoe, "Red bike", "PL").await, make(&ana, "Blue bike", "PL").await];
    // As if there were thousands of them: a query reads 1 MB.
    for mut posting in cloud.of_kind("search_posting").await {
        let stored = posting.to_string();
        if stored.contains("abcbcd") && ["GRAM#abc\"", "GRAM#bcd\""].iter().any(|list| stored.contains(list)) {
            posting["padding"] = json!({ "S": "x".repeat(90_000) });
            cloud.put_item(&posting);
        }
    }
    let first = visitor.get(&path(&[("creator", "abcd")])).await.is(200);
    assert_eq!((&first["items"], first["next_cursor"].is_string()), (&json!([]), true));
    let found = walk(&visitor, &[("creator", "abcd")]).await;
    assert_eq!((ids(&found.relevant), ids(&found.rest)), (vec![wanted], vec![other]));
}

/// While fifty people make, rename and delete models, everything else is found exactly once and in order, on every walk.
/// Promise: models-search
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_repeated_or_skipped_while_others_write() {
    let cloud = Cloud::start().await;
    let (ana, visitor) = (cloud.member("ana").await, cloud.anonymous());
    let mut kept = Vec::new();
    for n in 0..40 {
        let title = format!("{} harbour {n}", ["Old", "New", "Łódź"][n % 3]);
        kept.push((normal(&title), make(&ana, &title, "PL").await));
    }
    kept.sort();
    let kept: Vec<String> = kept.into_iter().map(|(_, id)| id).collect();
    let mut writers = Vec::new();
    for n in 0..50 {
        writers.push(cloud.member(&format!("writer_{n}")).await);
    }
    let (writers, done) = (Arc::new(writers), Arc::new(AtomicBool::new(false)));
    let writing = {
        let (writers, done) = (writers.clone(), done.clone());
        tokio::spawn(async move {
            let all = race(50, move |n| {
                let who = writers[n].clone();
                async move {
                    for round in 0..4 {
                        let id = make(&who, &format!("{} harbour by {n}", ["Old", "New"][round % 2]), "GB").await;
                        let (one, version) = (format!("{MODELS}/{id}"), who.with("if-match", "*"));
                        version.patch(&one, json!({ "title": format!("Zz harbour {round} {n}") })).await.is(200);
                        version.patch(&one, json!({ "title": format!("Aa harbour {round}") })).await.is(200);
                        if round % 2 == 0 {
                            version.delete(&one).await.is(204);
                        }
                    }
                }
            });
            all.await;
            done.store(true, Ordering::Relaxed);
        })
    };
    let mut walks = 0;
    // At least one walk of each kind, and one that begins when everything is written.
    let searches: [&[(&str, &str)]; 4] =
        [&[], &[("search", "harbour")], &[("creator", "ana")], &[("search", "harbour"), ("country", "pl")]];
    while walks < 2 || !done.load(Ordering::Relaxed) {
        for filters in searches {
            let walk = walk(&visitor, filters).await;
            let found: Vec<String> = ids(&walk.relevant).into_iter().filter(|id| kept.contains(id)).collect();
            assert_eq!(found, kept, "{filters:?}");
            assert!(ids(&walk.rest).iter().all(|id| !kept.contains(id)), "{filters:?}");
        }
        let others = walk(&visitor, &[("country", "de")]).await;
        assert_eq!(ids(&others.rest).into_iter().filter(|id| kept.contains(id)).collect::<Vec<_>>(), kept);
        walks += 1;
    }
    writing.await.unwrap();
    let end = walk(&visitor, &[("search", "Aa harbour")]).await;
    assert_eq!((end.relevant.len(), end.rest.len()), (100, 40));
    crate::items::are_as_described(&cloud).await;
}

/// A title with more parts than a transaction has room for is found, changed and deleted like any other, and leaves nothing behind.
/// Promise: models-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_title_of_unusual_writing_is_found_too() {
    let cloud = Cloud::start().await;
    let (ana, visitor) = (cloud.member("ana").await, cloud.anonymous());
    let before = cloud.of_kind("search_posting").await.len();
    let (first, second): (String, String) = (('\u{4e00}'..='\u{4e63}').collect(), ('\u{5e00}'..='\u{5e63}').collect());
    let id = make(&ana, &first, "PL").await;
    let (one, version) = (format!("{MODELS}/{id}"), ana.with("if-match", "*"));
    let found = async |part: &str| walk(&visitor, &[("search", part)]).await.relevant.len();
    assert_eq!((found("\u{4e63}").await, found("\u{4e10}\u{4e11}").await, found("\u{4e30}\u{4e31}\u{4e32}").await), (1, 1, 1));
    version.patch(&one, json!({ "title": second })).await.is(200);
    assert_eq!((found("\u{4e63}").await, found("\u{5e63}").await, found("\u{5e10}\u{5e11}\u{5e12}\u{5e13}").await), (0, 1, 1));
    assert!(cloud.of_kind("search_unfinished").await.is_empty());
    assert_eq!(walk(&visitor, &[]).await.relevant.len(), 1);
    crate::items::are_as_described(&cloud).await;
    version.delete(&one).await.is(204);
    assert_eq!(cloud.of_kind("search_posting").await.len(), before);
}

/// If the function is interrupted in the middle of a large change, another one finishes it.
/// Promise: models-search
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_change_is_finished() {
    let cloud = Cloud::start().await;
    let (ana, visitor) = (cloud.member("ana").await, cloud.anonymous());
    let (first, second): (String, String) = (('\u{4e00}'..='\u{4e63}').collect(), ('\u{5e00}'..='\u{5e63}').collect());
    let id = make(&ana, &first, "PL").await;
    let unfinished = Target {
        function: Some("ModelsFunction".to_owned()),
        operation: Some("TransactWriteItems".to_owned()),
        first: 2,
        times: 100,
        ..Target::default()
    };
    let down = cloud.aws.faults.script(unfinished, Fault::Internal);
    let one = format!("{MODELS}/{id}");
    ana.with("if-match", "*").patch(&one, json!({ "title": second })).await.is(200);
    cloud.settle().await;
    assert!(down.hits() > 0);
    down.end();
    assert!(cloud.of_kind("search_unfinished").await.is_empty());
    for (part, expected) in [("\u{4e63}", 0), ("\u{5e63}", 1), ("\u{5e10}\u{5e11}", 1)] {
        assert_eq!(walk(&visitor, &[("search", part)]).await.relevant.len(), expected, "{part}");
    }
    ana.with("if-match", "*").delete(&one).await.is(204);
    assert!(!cloud.of_kind("search_posting").await.iter().any(|posting| posting.to_string().contains(&id)));
}

/// The models that a person makes in a day have a limit.
/// Promise: models-owned
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_fills_the_catalogue() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    for n in 0..100 {
        make(&ana, &format!("Bike {n}"), "PL").await;
    }
    ana.post(MODELS, json!({ "title": "Bike" })).await.is_problem(429, "too_many_requests");
    cloud.advance(tests::DAY).await;
    make(&cloud.sign_in("ana").await, "Bike", "PL").await;
}

/// The creator's name in a list is the current one, and a creator whose account is not in use has none. With the account go the models.
/// Promise: models-owned, deletion-complete
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_follow_their_owner() {
    let cloud = Cloud::start().await;
    let (ana, ben, visitor) = (cloud.member("ana").await, cloud.member("ben").await, cloud.anonymous());
    for n in 0..30 {
        make(&ana, &format!("Bike {n}"), "PL").await;
    }
    make(&ben, "Boat", "DE").await;
    let version = ben.get("/v1/me").await.header("etag");
    ben.with("if-match", version).put("/v1/me/username", json!({ "username": "benno" })).await.is(200);
    let boats = walk(&visitor, &[("creator", "benno")]).await;
    assert_eq!((titles(&boats.relevant), &boats.relevant[0]["creator"]["username"]), (vec!["Boat".to_owned()], &json!("benno")));
    let scheduled = crate::deletion::schedule(&ana).await;
    crate::deletion::until_due(&cloud, &scheduled).await;
    assert_eq!(crate::deletion::run(&cloud, crate::deletion::SWEEP).await["claimed"], 1);
    cloud.settle().await;
    crate::deletion::assert_gone(&cloud, &ana, &scheduled).await;
    let left = walk(&visitor, &[("search", "bike")]).await;
    assert_eq!((left.relevant.len(), titles(&left.rest)), (0, vec!["Boat".to_owned()]));
    assert_eq!(cloud.of_kind("model").await.len(), 1);
    assert!(!cloud.of_kind("search_posting").await.iter().any(|posting| posting.to_string().contains(&ana.id())));
    let resting = cloud.sign_in("benno").await;
    let _ = resting.post("/v1/me/deactivation", json!({ "password": tests::PASSWORD })).await.is(204);
    let boats = walk(&visitor, &[]).await;
    assert_eq!((titles(&boats.relevant), boats.relevant[0]["creator"].get("username")), (vec!["Boat".to_owned()], None));
    // A search does not reveal the former name either.
    assert!(walk(&visitor, &[("creator", "ben")]).await.relevant.is_empty());
}

/// Where captchas are on, each new model takes a token that was given for that, or a proof of work of the same person while their service
/// is away: one proof makes one model. A change takes neither. Where captchas are off, which is the default, nobody is asked.
/// Promise: models-captcha
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_model_takes_a_captcha_where_they_are_on() {
    let cloud = Cloud::start_with(&[("CaptchaSecret", SECRET)]).await;
    let (ana, captchas) = (cloud.member("ana").await, &cloud.outside.captchas);
    let token = |action: &str| captchas.solve(Solved { action: Some(action.to_owned()), ..Solved::default() }, cloud.now());
    let sent = async |captcha: &str| ana.post(MODELS, json!({ "title": "Red bike", "captcha": captcha })).await;

    assert_eq!(ana.post(MODELS, json!({ "title": "Red bike" })).await.field_errors(), ["/captcha required"]);
    assert_eq!(sent("made up").await.field_errors(), ["/captcha captcha"]);
    assert_eq!(sent(&token("contact")).await.field_errors(), ["/captcha captcha"]);
    // While the service is away a proof of work takes its place, and not that of a token.
    captchas.be(Mode::Down);
    sent(&token("create_model")).await.is_problem(403, "proof_of_work_required");
    assert_eq!(ana.post_with_work(MODELS, json!({ "title": "Red bike" })).await.field_errors(), ["/captcha required"]);
    assert!(cloud.of_kind("model").await.is_empty());
    let asked = sent("none").await.is_problem(403, "proof_of_work_required");
    let (work, bike) = (tests::work(&asked), json!({ "title": "Blue bike", "captcha": "none" }));
    cloud.member("ben").await.with("proof-of-work", &work).post(MODELS, bike.clone()).await.is_problem(403, "proof_of_work_required");
    let worked = ana.with("proof-of-work", work);
    let replies = race(8, |_| {
        let (worked, bike) = (worked.clone(), bike.clone());
        async move { worked.post(MODELS, bike).await }
    })
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert!(made.len() == 1 && refused.iter().all(|reply| reply.code() == "proof_of_work_required"), "{replies:?}");
    let blue = made[0].json();
    captchas.be(Mode::Well);
    let (own, one) = (ana.with("if-match", "*"), format!("{MODELS}/{}", text(&blue["id"])));
    own.patch(&one, json!({ "title": "Green bike" })).await.is(200);
    own.delete(&one).await.is(204);

    let good = token("create_model");
    sent(&good).await.is(201);
    assert_eq!(sent(&good).await.field_errors(), ["/captcha captcha"], "again");
    assert_eq!(cloud.of_kind("model").await.len(), 1);

    let cloud = Cloud::start().await;
    let asked = cloud.outside.captchas.verified();
    cloud.member("ana").await.post(MODELS, json!({ "title": "Red bike", "captcha": "made up" })).await.is(201);
    assert_eq!(cloud.outside.captchas.verified(), asked);
}
