//! What the export contains of each kind of item, written by `cargo xtask sync` from what their types say.

use store::Personal;

/// By kind.
#[rustfmt::skip]
pub(crate) const KINDS: &[(&str, Personal)] = &[
    ("addresses", Personal::Exported(&["main", "addresses"])),
    ("app_factor", Personal::Exported(&["created_at"])),
    ("challenge", Personal::Exported(&["purpose", "channel", "destination", "locale", "resend_at", "expires_at"])),
    ("chat", Personal::Exported(&["banned_at", "paused_until"])),
    ("deletion", Personal::Exported(&["id", "stage", "scheduled_at", "due_at"])),
    ("device", Personal::Exported(&["id", "user_agent", "address", "place", "created_at", "last_used_at"])),
    ("email_change", Personal::Exported(&["to", "expires_at"])),
    ("export", Personal::Exported(&["id", "created_at", "ready_at"])),
    ("export_turn", Personal::Exported(&["until"])),
    ("factor_setup", Personal::Exported(&["wizard", "step", "expires_at"])),
    ("former_names", Personal::Exported(&["changes"])),
    ("invite", Personal::Exported(&["code", "used", "entered_at", "inviter"])),
    ("invitee", Personal::Exported(&["at"])),
    ("known_network", Personal::Withheld("a hash; the sessions say which networks they began in")),
    ("last_seen", Personal::Exported(&["at", "left"])),
    ("nonce", Personal::Exported(&["room", "nonce", "seq", "id", "at"])),
    ("notice_details", Personal::Exported(&["channel", "address", "user_agent", "client_address", "place", "until"])),
    ("passkey", Personal::Exported(&["id", "name", "created_at", "last_used_at"])),
    ("passkey_setup", Personal::Withheld("a question to a browser that waits for its answer for minutes")),
    ("password", Personal::Withheld("a secret; the record of the person says whether there is one")),
    ("phone_change", Personal::Exported(&["to", "expires_at"])),
    ("presence", Personal::Exported(&["live", "coming", "seen"])),
    ("recovery_codes", Personal::Exported(&["created_at"])),
    ("registration", Personal::Withheld("somebody else's, who named an address of this account")),
    ("roles", Personal::Exported(&["roles"])),
    ("room_count", Personal::Exported(&["joined", "owned"])),
    ("session", Personal::Exported(&["id", "amr", "auth_time", "created_at", "last_used_at", "user_agent", "network", "address", "place", "device"])),
    ("sign_in", Personal::Exported(&["allowed", "chosen", "expires_at"])),
    ("superuser_offer", Personal::Withheld("an operator's secret, good for an hour")),
    ("told", Personal::Exported(&["notice", "channel", "address", "told_at", "held", "last_at"])),
    ("upload", Personal::Exported(&["id", "declared", "state", "refusal", "created_at", "link_ends_at", "retired_at"])),
    ("user", Personal::Exported(&["id", "username", "email", "phone", "first_name", "last_name", "birth_date", "bio", "private", "locale", "picture", "who_can_message", "status", "deactivated_at", "factors", "passkeys", "has_password", "created_at", "used_at"])),
];
