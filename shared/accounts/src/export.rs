//! Everything that is kept about a person, for themselves: what of each kind of item they get, and why some of it they do not.
//!
//! A kind that is in nobody's list is a defect, which the function that makes archives reports: whoever stores something new
//! about a person says here, or in the list of their own crate, what becomes of it.

use kernel::{Time, Timestamp, id::UserId};
use serde_json::{Map, Value};
use store::{Index, Range, Row, StoreError, Table};

use crate::user;

/// What becomes of the items of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// As items have it.
    pub name: &'static str,
    /// What a person gets of them.
    pub told: Told,
}

/// What a person gets of an item.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    /// These attributes.
    These(&'static [&'static str]),
    /// Nothing, because of this.
    Nothing(&'static str),
}

impl Kind {
    /// Items of which a person gets these attributes.
    #[must_use]
    pub const fn told(name: &'static str, attributes: &'static [&'static str]) -> Self {
        Self { name, told: Told::These(attributes) }
    }

    /// Items of which they get nothing.
    #[must_use]
    pub const fn withheld(name: &'static str, why: &'static str) -> Self {
        Self { name, told: Told::Nothing(why) }
    }
}

/// What this crate, and flows that keep their state beside a person's record, store about a person.
pub const KINDS: &[Kind] = &[
    Kind::told(
        "user",
        &[
            "id",
            "username",
            "email",
            "phone",
            "first_name",
            "last_name",
            "birth_date",
            "bio",
            "private",
            "locale",
            "picture",
            "who_can_message",
            "status",
            "deactivated_at",
            "factors",
            "passkeys",
            "has_password",
            "created_at",
            "used_at",
        ],
    ),
    Kind::withheld("password", "a secret; the record of the person says whether there is one"),
    Kind::told("session", &["id", "amr", "auth_time", "created_at", "last_used_at", "user_agent", "network", "device"]),
    Kind::told("device", &["id", "user_agent", "address", "place", "created_at", "last_used_at"]),
    Kind::told("app_factor", &["created_at"]),
    Kind::told("recovery_codes", &["created_at"]),
    Kind::told("factor_setup", &["wizard", "step", "expires_at"]),
    Kind::withheld("passkey_setup", "a question to a browser that waits for its answer for minutes"),
    Kind::told("email_change", &["to", "expires_at"]),
    Kind::told("phone_change", &["to", "expires_at"]),
    Kind::withheld("known_network", "a hash; the sessions say which networks they began in"),
    Kind::told("recipient", &["channel", "address", "until"]),
    Kind::told("told", &["notice", "channel", "address", "told_at", "held", "last_at"]),
    Kind::told("addresses", &["main", "addresses"]),
    Kind::told("last_seen", &["at", "left"]),
    Kind::told("deletion", &["id", "stage", "scheduled_at", "due_at"]),
    Kind::told("former_names", &["changes"]),
    Kind::told("roles", &["roles"]),
    Kind::withheld("superuser_offer", "an operator's secret, good for an hour"),
    Kind::told("invite", &["code", "used", "entered_at", "inviter"]),
    // Who they are shows their owner's list, as much as they show of themselves.
    Kind::told("invitee", &["at"]),
    // What stands elsewhere and belongs to the person.
    Kind::told("challenge", &["purpose", "channel", "destination", "locale", "resend_at", "expires_at"]),
    Kind::told("sign_in", &["allowed", "chosen", "expires_at"]),
    Kind::withheld("registration", "somebody else's, who named an address of this account"),
];

/// The items in other partitions that belong to the person: codes, links and flows. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn owned(table: &Table, user: UserId) -> Result<Vec<Row>, StoreError> {
    Ok(table.query_rows(Range::of_index(Index::Two, user::owned_partition(user))).await?.items)
}

/// These attributes of an item, with times in a readable form.
#[must_use]
pub fn readable(row: &Row, attributes: &[&str]) -> Map<String, Value> {
    let mut picked = row.pick(attributes);
    for (name, value) in &mut picked {
        dated(name, value);
    }
    picked
}

fn dated(name: &str, value: &mut Value) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| dated(name, value)),
        Value::Array(items) => items.iter_mut().for_each(|item| dated(name, item)),
        Value::Number(number) if is_moment(name) => {
            if let Some(ms) = number.as_i64() {
                *value = Value::String(Timestamp::from(Time::from_millis(ms)).to_string());
            }
        }
        _ => {}
    }
}

fn is_moment(name: &str) -> bool {
    name.ends_with("_at") || ["at", "auth_time", "coming", "seen", "since", "until"].contains(&name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_become_dates_and_other_numbers_stay() {
        let mut value = json!({ "seq": 7, "created_at": 0, "live": [{ "since": 1000 }], "coming": [2000], "left": false });
        dated("", &mut value);
        let (first, second, third) = ("1970-01-01T00:00:00.000Z", "1970-01-01T00:00:01.000Z", "1970-01-01T00:00:02.000Z");
        assert_eq!(value, json!({ "seq": 7, "created_at": first, "live": [{ "since": second }], "coming": [third], "left": false }));
    }

    #[test]
    fn no_secret_is_told() {
        for Kind { name, told } in KINDS {
            let Told::These(attributes) = told else { continue };
            for secret in ["phc", "pepper", "hash", "refresh_hash", "sealed", "hashes", "state", "app", "credential", "passkey", "pk", "sk"]
            {
                assert!(!attributes.contains(&secret), "{secret} of {name}");
            }
        }
    }
}
