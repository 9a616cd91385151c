//! The declarations of the types of items (`ABOUT`), compared with the stored items.

use std::collections::BTreeMap;

use kernel::id::{
    ApiKeyId, AttachmentId, AuditId, CategoryId, ChallengeId, CommentId, DeadLetterId, DeletionId, DeviceId, DonationId, EventId, ExportId,
    ModelId, NoteId, NotificationId, OrderId, PasskeyId, PlanPaymentId, ProductId, ReplyId, RoomId, SessionId, TicketId, TokenId, UploadId,
    UserId,
};
use store::{About, ItemKind, Ttl};
use tasks::items;
use tests::{Cloud, Value};

/// Fails if an item is of an unknown kind, in another table, or if its keys, its places in the indexes or its time to live are not
/// as its type says. Also if the stock of a product is not where its orders are.
pub(crate) async fn are_as_described(cloud: &Cloud) {
    let kinds: BTreeMap<&str, ItemKind> = items::all().into_iter().map(|kind| (kind.name, kind)).collect();
    let mut wrong = Vec::new();
    for (table, rows) in cloud.dump().await.as_object().unwrap() {
        wrong.extend(misplaced_stock(rows.as_array().unwrap()));
        // A test that needs a long table puts fillers into it.
        for row in rows.as_array().unwrap().iter().filter(|row| row["kind"]["S"] != "filler") {
            let Some(ItemKind { version, about, .. }) = row["kind"]["S"].as_str().and_then(|kind| kinds.get(kind)) else {
                wrong.push(format!("unknown: {row}"));
                continue;
            };
            let is_there = row["v"]["N"].as_str() == Some(version.to_string().as_str()) && table.ends_with(suffix(about.table));
            if !is_there || !is_at_its_key(about, row) || !is_in_its_indexes(about, row) || !lives_as_said(about, row) {
                wrong.push(format!("in {table}: {row}"));
            }
        }
    }
    assert!(wrong.is_empty(), "not as their types say:\n{}", wrong.join("\n"));
}

/// Returns the products whose stock does not add up to what was received, or of which another number is reserved or sold than orders have.
/// Shipped orders are deleted after the years for which the law requires them.
fn misplaced_stock(rows: &[Value]) -> Vec<String> {
    let number = |value: &Value| value["N"].as_str().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default();
    let orders: Vec<&Value> = rows.iter().filter(|row| row["kind"]["S"] == "order" || row["kind"]["S"] == "order_record").collect();
    let held = |product: &Value, states: &[&str]| -> u64 {
        let those = orders.iter().filter(|order| states.iter().any(|state| order["state"]["S"] == *state));
        let lines = those.flat_map(|order| order["lines"]["L"].as_array().into_iter().flatten());
        lines.filter(|line| line["M"]["product"] == product["id"]).map(|line| number(&line["M"]["quantity"])).sum()
    };
    let is_wrong = |product: &&Value| {
        let [available, reserved, sold, received] = ["available", "reserved", "sold", "received"].map(|name| number(&product[name]));
        available + reserved + sold != received
            || reserved != held(product, &["placed", "pending_payment", "paid", "refunding"])
            || sold < held(product, &["shipped", "delivered"])
    };
    let products = rows.iter().filter(|row| row["kind"]["S"] == "product");
    products.filter(is_wrong).map(|product| format!("its stock is not where its orders are: {product}")).collect()
}

/// `StateTable` is `…-state`.
fn suffix(table: &str) -> &'static str {
    if table == "AuditTable" { "-audit" } else { "-state" }
}

fn is_at_its_key(about: &About, row: &Value) -> bool {
    fits(about.partition, &row["pk"]["S"]) && fits(about.sort, &row["sk"]["S"])
}

/// In none, or in those that its type names.
fn is_in_its_indexes(about: &About, row: &Value) -> bool {
    let generic = ["gsi1", "gsi2", "gsi4"].into_iter().all(|index| {
        let (pk, sk) = (&row[format!("{index}pk")]["S"], &row[format!("{index}sk")]["S"]);
        let mut places = about.places().filter(|place| place.index.name() == index);
        (pk.is_null() && sk.is_null()) || places.any(|place| fits(place.partition, pk) && fits(place.sort, sk))
    });
    let ranking = &row["gsi3pk"]["S"];
    generic && (ranking.is_null() || ranking.as_str() == about.ranking)
}

fn lives_as_said(about: &About, row: &Value) -> bool {
    match about.ttl {
        Ttl::Never => row["ttl"].is_null(),
        Ttl::Sometimes => true,
        Ttl::Always => row["ttl"]["N"].is_string(),
    }
}

fn fits(pattern: &str, key: &Value) -> bool {
    key.as_str().is_some_and(|key| items::fits(pattern, key, &is))
}

/// Whether a text can stand for a name in a pattern.
fn is(name: &str, text: &str) -> bool {
    match name {
        "user" | "invitee" => text.parse::<UserId>().is_ok(),
        "api_key" => text.parse::<ApiKeyId>().is_ok(),
        "attachment" => text.parse::<AttachmentId>().is_ok(),
        "audit" => text.parse::<AuditId>().is_ok(),
        "category" => text.parse::<CategoryId>().is_ok(),
        "comment" => text.parse::<CommentId>().is_ok(),
        "product" => text.parse::<ProductId>().is_ok(),
        "challenge" | "flow" => text.parse::<ChallengeId>().is_ok(),
        "letter" => text.parse::<DeadLetterId>().is_ok(),
        "deletion" => text.parse::<DeletionId>().is_ok(),
        "order" => text.parse::<OrderId>().is_ok(),
        "donation" => text.parse::<DonationId>().is_ok(),
        "plan_payment" => text.parse::<PlanPaymentId>().is_ok(),
        "device" => text.parse::<DeviceId>().is_ok(),
        "event" => text.parse::<EventId>().is_ok(),
        "notification" => text.parse::<NotificationId>().is_ok(),
        "export" => text.parse::<ExportId>().is_ok(),
        "model" => text.parse::<ModelId>().is_ok(),
        "note" => text.parse::<NoteId>().is_ok(),
        "reply" => text.parse::<ReplyId>().is_ok(),
        "passkey" => text.parse::<PasskeyId>().is_ok(),
        "room" => text.parse::<RoomId>().is_ok(),
        "session" => text.parse::<SessionId>().is_ok(),
        "ticket" => text.parse::<TicketId>().is_ok(),
        "token" => text.parse::<TokenId>().is_ok(),
        "upload" => text.parse::<UploadId>().is_ok(),
        "at" | "number" | "price" | "seq" | "shard" | "version" => text.parse::<u64>().is_ok(),
        _ => true,
    }
}
