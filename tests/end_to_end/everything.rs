//! An account with a canary value in every field that can hold personal data. Tests of the archive and of the deletion use it.

use std::collections::BTreeSet;

use tests::{App, Authenticator, Caller, Cloud, PASSWORD, Socket, Value, json};

use crate::{
    attachments,
    deletion::{schedule, sha256, upload},
    donations, items, products,
};

/// Her phone numbers. The second one is not proven yet.
pub(crate) const PHONES: [&str; 2] = ["+447700900123", "+447700900199"];

/// The canaries in her items, in lower case.
pub(crate) const CANARIES: [&str; 27] = [
    "canary_name",
    "canary_former",
    "canary_name@example.test",
    "canary.new@example.test",
    "447700900123",
    "447700900199",
    "canaryfirst",
    "canarylast",
    "1987-06-05",
    "canary of the bio",
    "1 canary street",
    "canarytown",
    "canary key",
    "canary-agent/1.0",
    "canary-agent/2.0",
    "canary said 1-2",
    "canary-nonce-1-0",
    "canary said in the group",
    "canary said 1-1",
    "canary was banned",
    "canary of the report",
    "canary-file.txt",
    "canary said to support",
    "canary of a subject",
    "canary on a product",
    "canary of a model",
    "canary wrote to the team",
];

/// The kinds of items in the partition of a person that only staff have. [`Everything::of`] makes all others.
const OF_STAFF: [&str; 4] = ["api_key", "assigned_thread", "roles", "superuser_offer"];

/// The person with everything, and the others who are connected with her.
pub(crate) struct Everything {
    /// The person herself.
    pub canary: Caller,
    /// The room with her friend.
    pub room: Value,
    /// The group that she made, and in which her friend is.
    pub group: Value,
    /// The path of her archive.
    pub archive: String,
    /// The answer to scheduling her deletion.
    pub scheduled: Value,
    /// Her open socket and her friend's.
    _sockets: (Socket, Socket),
}

impl Everything {
    /// Makes the account and plants the canaries.
    pub async fn of(cloud: &Cloud, friend: &Caller) -> Self {
        let canary = registered(cloud).await;
        let (app, recovery) = proven(cloud, &canary).await;
        let canary = cloud.step_up(&canary, &app).await;
        let version = async || canary.get("/v1/me").await.header("etag");
        canary.with("if-match", version().await).patch("/v1/me", json!({ "bio": "canary of the bio" })).await.is(200);
        // Another username, which stays reserved for her when she takes the first one back.
        for name in ["canary_former", canary.name()] {
            canary.with("if-match", version().await).put("/v1/me/username", json!({ "username": name })).await.is(200);
        }
        let address = json!({ "street": "1 Canary Street", "city": "Canarytown", "postal_code": "SW1A 1AA", "country": "GB" });
        canary.post("/v1/me/addresses", address).await.is(201);
        // Pictures: one that was replaced, one that is shown, one that was never uploaded.
        for _ in 0..2 {
            assert_eq!(upload(cloud, &canary).await["state"], "published");
        }
        let announced = json!({ "content_type": "image/png", "bytes": 7, "sha256": sha256(b"nothing") });
        canary.post("/v1/me/picture/uploads", announced).await.is(201);
        let (room, sockets) = talked(&canary, friend).await;
        let group = grouped(cloud, &canary, friend).await;
        canary.put("/v1/support/thread", json!({ "subject": "Canary of a subject" })).await.is(201);
        let said = json!({ "text": "canary said to support", "nonce": "canary-nonce-support" });
        canary.post("/v1/support/thread/messages", said).await.is(201);
        let product = products::only_product(cloud).await;
        canary.post(&format!("/v1/products/{product}/comments"), json!({ "text": "Canary on a product" })).await.is(201);
        canary.put(&format!("/v1/products/{product}/rating"), json!({ "stars": 4 })).await.is(204);
        ordered(cloud, &canary, &product).await;
        let code = canary.get("/v1/me/invite-code").await.is(200)["code"].clone();
        friend.post("/v1/me/inviter", json!({ "code": code })).await.is(201);
        friend.post(&format!("/v1/friends/{}/request", canary.id()), json!({})).await.is(201);
        canary.post(&format!("/v1/friends/{}/accept", friend.id()), json!({})).await.is(200);
        canary.post("/v1/models", json!({ "title": "Canary of a model" })).await.is(201);
        let message = "Canary wrote to the team. ".repeat(12);
        let written = json!({ "name": "Canaryfirst Canarylast", "email": canary.email(), "subject": "other", "message": message });
        canary.with("idempotency-key", "canary-contact").post("/v1/contact-messages", written).await.is(201);
        canary.put("/v1/me/location", json!({ "latitude": 52.2297, "longitude": 21.0122 })).await.is(200);
        let donation = json!({ "amount": { "amount": 1234, "currency": "PLN" }, "country": "PL", "postal_code": "00-001" });
        canary.with("idempotency-key", "canary-key").post("/v1/donations", donation).await.is(201);
        let plan = canary.with("idempotency-key", "canary-plan").post("/v1/plan-payments", json!({ "plan": "basic" })).await.is(201);
        donations::act(cloud, &plan, donations::card(donations::VISA));
        canary.patch("/v1/me/notification-settings", json!({ "mention": { "sms": true } })).await.is(200);
        cloud.settle().await;
        let inbox = canary.get("/v1/notifications").await.is(200);
        canary.post("/v1/notifications/read", json!({ "upto": inbox["items"][0]["id"] })).await.is(204);
        // A sign-in on a trusted device, and one that is not finished.
        let browser = cloud.anonymous().with("user-agent", "canary-agent/2.0");
        let sign_in = json!({ "login": "canary_name", "password": PASSWORD, "remember_device": true });
        let flow = browser.post("/v1/sessions", sign_in.clone()).await.is(202);
        let path = format!("/v1/sign-ins/{}", flow["id"].as_str().unwrap());
        browser.post(&format!("{path}/verify"), json!({ "code": recovery[0] })).await.is(201);
        cloud.anonymous().post("/v1/sessions", sign_in).await.is(202);
        // Flows under way: other contacts, another app, another passkey, a link, an archive.
        canary.post("/v1/me/email-changes", json!({ "email": "canary.new@example.test" })).await.is(202);
        canary.post("/v1/me/phone-changes", json!({ "phone": PHONES[1] })).await.is(202);
        canary.post("/v1/me/mfa/factors/app", json!({})).await.is(201);
        canary.post("/v1/me/passkeys/options", json!({})).await.is(201);
        cloud.anonymous().post("/v1/password-resets", json!({ "email": canary.email() })).await.is(202);
        let scheduled = schedule(&canary).await;
        let export = canary.post("/v1/me/exports", json!({})).await.is(202);
        cloud.settle().await;
        let everything = Self {
            room,
            group,
            archive: format!("/v1/me/exports/{}", export["id"].as_str().unwrap()),
            scheduled,
            _sockets: sockets,
            canary,
        };
        everything.is_planted(cloud).await;
        everything
    }

    /// Fails if a kind that can be in a person's partition, or a canary, is missing.
    async fn is_planted(&self, cloud: &Cloud) {
        items::are_as_described(cloud).await;
        let kinds: BTreeSet<String> = self.items(cloud).await.iter().map(|i| i["kind"]["S"].as_str().unwrap().to_owned()).collect();
        let known = tasks::items::all().into_iter().filter(|kind| kind.about.is_beside_user() && !OF_STAFF.contains(&kind.name));
        assert_eq!(kinds, known.map(|kind| kind.name.to_owned()).collect::<BTreeSet<_>>(), "the kinds of items under her key");
        let dump = cloud.dump().await.to_string().to_lowercase();
        for canary in CANARIES {
            assert!(dump.contains(canary), "{canary} was not planted");
        }
        for (kind, about) in [("challenge", "password_reset"), ("challenge", "deletion_cancel"), ("sign_in", "")] {
            let theirs = cloud.of_kind(kind).await.into_iter().any(|i| i["user"]["S"] == self.canary.id() && i.to_string().contains(about));
            assert!(theirs, "{kind} {about}");
        }
    }

    /// The items under her key besides the account itself.
    pub async fn items(&self, cloud: &Cloud) -> Vec<Value> {
        let dump = cloud.dump().await;
        let items = dump.as_object().unwrap().values().flat_map(|table| table.as_array().unwrap());
        // The records of the audit are in a table of their own.
        let hers = |i: &&Value| i["pk"]["S"] == format!("USER#{}", self.canary.id()) && i["kind"]["S"] != "audit";
        items.filter(hers).cloned().collect()
    }
}

async fn registered(cloud: &Cloud) -> Caller {
    let canary = cloud.anonymous().with("user-agent", "canary-agent/1.0").named("canary_name");
    let flow = canary.post("/v1/registrations", json!({ "email": canary.email() })).await.is(201);
    let path = format!("/v1/registrations/{}", flow["id"].as_str().unwrap());
    let code = cloud.code_to(&canary.email()).await;
    canary.post(&format!("{path}/code"), json!({ "code": code })).await.is(200);
    let personal = json!({ "first_name": "Canaryfirst", "last_name": "Canarylast", "birth_date": "1987-06-05" });
    canary.put(&format!("{path}/personal"), personal).await.is(200);
    canary.put(&format!("{path}/username"), json!({ "username": canary.name() })).await.is(200);
    canary.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(200);
    canary.signed_in(canary.post(&format!("{path}/complete"), json!({})).await.is(201))
}

/// Sets up every kind of factor.
async fn proven(cloud: &Cloud, canary: &Caller) -> (App, Vec<String>) {
    // The former number is kept for thirty days.
    cloud.phone(canary, PHONES[1]).await;
    cloud.phone(canary, PHONES[0]).await;
    let asked = canary.post("/v1/me/passkeys/options", json!({})).await.is(201);
    let (_, credential) = Authenticator::create(&asked["options"], canary.origin());
    canary.post("/v1/me/passkeys", json!({ "name": "Canary key", "credential": credential })).await.is(201);
    cloud.second_factors(canary, PHONES[0]).await
}

/// Sends messages of both, in their direct room and in the public one.
async fn talked(canary: &Caller, friend: &Caller) -> (Value, (Socket, Socket)) {
    let room = canary.post("/v1/rooms/direct", json!({ "user": friend.id() })).await.json()["id"].clone();
    let (mut hers, mut theirs) = (canary.socket().await, friend.socket().await);
    for (n, to) in [&room, &json!("public")].into_iter().enumerate() {
        for m in 0..3 {
            let said =
                json!({ "type": "send", "room": to, "text": format!("canary said {n}-{m}"), "nonce": format!("canary-nonce-{n}-{m}") });
            assert_eq!(hers.ask(said).await["type"], "ack");
        }
        let said = json!({ "type": "send", "room": to, "text": "ben said that", "nonce": format!("ben-{n}") });
        assert_eq!(theirs.ask(said).await["type"], "ack");
    }
    // The text before the edit, and the reports by her and about her.
    assert_eq!(hers.ask(json!({ "type": "edit", "room": "public", "seq": 2, "text": "canary has edited" })).await["type"], "edited");
    let report = json!({ "reason": "other", "text": "Canary of the report" });
    canary.post("/v1/rooms/public/messages/4/reports", report).await.is(204);
    friend.post("/v1/rooms/public/messages/1/reports", json!({ "reason": "other" })).await.is(204);
    (room, (hers, theirs))
}

/// Orders a product in cash and by card, of which the second order is paid, and has a cart for the next one.
async fn ordered(cloud: &Cloud, canary: &Caller, product: &str) {
    let item = format!("/v1/cart/items/{product}");
    for payment_method in ["cash_on_delivery", "card"] {
        canary.put(&item, json!({ "quantity": 1 })).await.is(200);
        let order = json!({ "payment_method": payment_method, "total": { "amount": 1999, "currency": "PLN" } });
        let placed = canary.with("idempotency-key", payment_method).post("/v1/orders", order).await.is(201);
        if payment_method == "card" {
            donations::act(cloud, &placed["payment"], donations::card(donations::VISA));
        }
    }
    canary.put(&item, json!({ "quantity": 2 })).await.is(200);
}

/// Makes a group of both, in which she says something with a file, and has her invited to another one and banned from a third one.
async fn grouped(cloud: &Cloud, canary: &Caller, friend: &Caller) -> Value {
    let group = canary.post("/v1/rooms", json!({ "kind": "group", "name": "Porch" })).await.is(201)["id"].clone();
    let path = format!("/v1/rooms/{}", group.as_str().unwrap());
    canary.put(&format!("{path}/invitations/{}", friend.id()), Value::Null).await.is(204);
    friend.post(&format!("{path}/members"), Value::Null).await.is(200);
    let file = attachments::ready(cloud, canary, group.as_str().unwrap(), "canary-file.txt", b"canary in the file").await;
    let said = json!({
        "type": "send", "room": group, "text": "canary said in the group", "nonce": "canary-nonce-group", "attachments": [file]
    });
    let mut socket = canary.socket().await;
    assert_eq!(socket.ask(said).await["type"], "ack");
    socket.close().await;
    let other = friend.post("/v1/rooms", json!({ "kind": "channel", "name": "News" })).await.is(201)["id"].clone();
    friend.put(&format!("/v1/rooms/{}/invitations/{}", other.as_str().unwrap(), canary.id()), Value::Null).await.is(204);
    let third = friend.post("/v1/rooms", json!({ "kind": "group", "name": "Attic" })).await.is(201)["id"].clone();
    let ban = json!({ "explanation": "Canary was banned" });
    friend.put(&format!("/v1/rooms/{}/bans/{}", third.as_str().unwrap(), canary.id()), ban).await.is(204);
    group
}
