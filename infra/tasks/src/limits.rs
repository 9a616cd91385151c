//! Every limit that can be named in an answer 429, as the OpenAPI document describes it.
//!
//! The code that counts has the same numbers. Every end-to-end test that gets a 429 compares `RateLimit-Policy` with this
//! table.

use serde::Serialize;

/// A limit, for programs.
#[derive(Debug, Serialize)]
pub struct LimitInfo {
    /// The name in `RateLimit-Policy`.
    name: String,
    /// The most hits. Absent, like the other fields, for an unknown name.
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<u32>,
    /// The period in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u32>,
    #[serde(skip)]
    words: String,
}

/// The kind of a limit.
#[derive(Clone, Copy)]
enum Shape {
    /// A fixed window: so many within a period.
    Within,
    /// So many, and then none for a period, which begins anew with each hit.
    Pause,
    /// So many at once. They are given back one after the other, all within the period.
    Refill,
    /// A cooldown: one, and the next one after the period.
    Gap,
}
use Shape::{Gap, Pause, Refill, Within};

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;

/// Name, kind, number, period in seconds, and what is counted.
const LIMITS: &[(&str, Shape, u32, u32, &str)] = &[
    ("activation", Within, 5, DAY, "passwords for one link"),
    ("asked_destination", Refill, 6, 6 * HOUR, "messages to one address or number, for clients that its account does not know"),
    ("asked_known", Refill, 6, 6 * HOUR, "messages to one address or number, for clients that its account knows"),
    ("change_destination", Refill, 6, 6 * HOUR, "codes to the new address or number of an account"),
    ("change_known", Refill, 6, 6 * HOUR, "codes to the new address or number of an account, for clients that it knows"),
    ("code_destination", Refill, 6, 6 * HOUR, "codes to an address or number of an account, for clients that it does not know"),
    (
        "code_guesses",
        Within,
        20,
        DAY,
        "attempts at the codes of an account's app, of which the first five count as three each, and at codes that were sent",
    ),
    ("code_known", Refill, 6, 6 * HOUR, "codes to an address or number of an account, for clients that it knows"),
    ("deletion_schedules", Within, 10, DAY, "for an account"),
    ("export", Within, 1, DAY, "for an account"),
    ("factor_app", Pause, 5, 15 * MINUTE, "wrong codes of an account's app"),
    ("factor_setups", Within, 20, HOUR, "set-ups of factors and passkeys of an account"),
    ("invite_check", Within, 10, HOUR, "invitation codes for one account or flow"),
    ("invite_client", Within, 30, HOUR, "invitation codes for a client"),
    ("link_password", Within, 60, HOUR, "passwords for a client"),
    ("login_client", Within, 20, 15 * MINUTE, "attempts of a client, not counting successful ones"),
    ("login_account", Pause, 5, 5 * MINUTE, "wrong passwords of a client for one account"),
    ("login_client_day", Within, 100, DAY, "failures of a client, which then waits for an hour"),
    (
        "login_client_different",
        Within,
        30,
        3 * HOUR,
        "different failures of a client, which then waits for an hour; from the 16th on it needs proof of work",
    ),
    ("login_device", Pause, 5, 5 * MINUTE, "failures of a trusted device"),
    ("login_device_day", Within, 100, DAY, "failures of a trusted device, which then waits for an hour"),
    ("login_name", Pause, 5, 5 * MINUTE, "failures of a client for one name"),
    ("mail_client", Refill, 60, 60 * 617, "mails for a client"),
    ("notice", Refill, 10, 10 * HOUR, "text messages with notices to a number"),
    ("passkey_client", Within, 60, 15 * MINUTE, "for a client"),
    ("password_changes", Within, 30, HOUR, "for an account"),
    ("password_demand", Pause, 5, 5 * MINUTE, "wrong passwords of an account"),
    ("picture_upload", Within, 20, HOUR, "for an account"),
    ("recovery_sets", Within, 10, DAY, "for an account"),
    ("registration_client", Within, 10, HOUR, "for a client"),
    ("registration_password", Within, 40, DAY, "passwords in one registration"),
    ("resend_client", Within, 20, HOUR, "for a client"),
    ("resend_link", Gap, 1, MINUTE, "link"),
    ("resend_mail", Gap, 1, 20, "mail"),
    ("resend_phone", Gap, 1, 2 * MINUTE, "text message to a number"),
    ("resend_setup", Gap, 1, 45, "code, then twice and four times as long"),
    ("resend_text", Gap, 1, 45, "text message, then twice and four times as long"),
    ("reset_client", Within, 10, HOUR, "for a client"),
    ("reset_destination", Refill, 4, 4 * HOUR, "links to an address"),
    ("reset_known", Refill, 4, 4 * HOUR, "links to an address, for clients that its account knows"),
    ("reset_tries", Within, 20, HOUR, "passwords for one link"),
    ("rooms_opened", Within, 30, HOUR, "new direct rooms for an account"),
    ("sent_account", Refill, 15, 15 * 3456, "messages for an account"),
    ("sign_ins", Within, 60, HOUR, "successful password checks of an account from one client"),
    ("sms_client", Refill, 10, 10 * 2880, "text messages for a client"),
    ("sms_neighbourhood", Refill, 100, HOUR, "text messages for a client and its neighbouring networks"),
    ("sms_range", Gap, 1, HOUR, "text message to numbers with the same beginning that belong to no account, if few codes are entered"),
    ("socket_flood", Pause, 10, 5 * MINUTE, "frames of an account that come before the end of the wait that it was asked for"),
    ("step_up", Within, 30, HOUR, "for an account"),
    ("superuser_offer", Within, 10, HOUR, "for an account"),
    ("user_lookups", Within, 60, MINUTE, "profiles for an account"),
    ("username_changes", Within, 5, 30 * DAY, "for an account"),
    ("username_check", Within, 30, MINUTE, "names for a client"),
];

/// Limits that several operations check together.
const GROUPS: &[(&str, &[&str])] = &[
    ("guesses", &["login_client", "login_client_day"]),
    ("invite", &["invite_check", "invite_client"]),
    ("mail", &["code_destination", "code_known", "sent_account", "mail_client"]),
    ("password", &["password_demand", "login_client", "login_client_day"]),
    ("text", &["code_destination", "code_known", "sent_account", "sms_client", "sms_neighbourhood"]),
    ("texts", &["sms_client", "sms_neighbourhood", "sms_range"]),
];

/// The limits with these names, or in the groups with these names, each once.
pub fn named(names: &[String]) -> Vec<LimitInfo> {
    let mut all: Vec<&str> = Vec::new();
    for name in names {
        let group = GROUPS.iter().find(|(group, _)| group == name).map_or(&[][..], |(_, members)| members);
        let one = std::iter::once(name.as_str()).filter(|_| group.is_empty());
        for name in group.iter().copied().chain(one) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
    }
    all.into_iter().map(limit_info).collect()
}

/// The description of limits, for people.
pub fn words(limits: &[LimitInfo]) -> String {
    limits.iter().map(|limit| limit.words.as_str()).collect::<Vec<_>>().join(" ")
}

fn limit_info(name: &str) -> LimitInfo {
    let Some((_, shape, max, seconds, what)) = LIMITS.iter().find(|(known, ..)| *known == name) else {
        return LimitInfo { name: name.to_owned(), max: None, seconds: None, words: String::new() };
    };
    let words = match shape {
        Within => format!("`{name}`: {max} in {}, {what}.", time(*seconds)),
        Pause => format!("`{name}`: {max}, then a pause of {}, {what}.", time(*seconds)),
        Refill => format!("`{name}`: {max} at once, then one in {}, {what}.", time(seconds.div_euclid(*max))),
        Gap => format!("`{name}`: {} until the next {what}.", time(*seconds)),
    };
    LimitInfo { name: name.to_owned(), max: Some(*max), seconds: Some(*seconds), words }
}

fn time(seconds: u32) -> String {
    match seconds {
        DAY => "a day".to_owned(),
        HOUR => "an hour".to_owned(),
        MINUTE => "a minute".to_owned(),
        s if s.is_multiple_of(DAY) => format!("{} days", s.div_euclid(DAY)),
        s if s.is_multiple_of(HOUR) => format!("{} hours", s.div_euclid(HOUR)),
        s if s.is_multiple_of(MINUTE) => format!("{} minutes", s.div_euclid(MINUTE)),
        s => format!("{s} seconds"),
    }
}
