//! Changing the caller's profile: a merge patch (RFC 7396) of the version that the client has read.

use accounts::{
    audit::{Action, AuditEntry},
    finding,
    identifier::{BirthDate, PersonName},
    seen::LastSeen,
    user::{Status, User, WhoCanMessage},
};
use axum::extract::State;
use callers::MemberWith;
use kernel::{
    FieldError, Fields, Kind, Locale, Problem, Time,
    audit::{AuditText, Auditable as _},
    text,
};
use serde::Deserialize;
use store::{CommitError, Row, Tx, Update, WriteError, field};
use utoipa::ToSchema;
use web::{Error, IfMatch, Json, PatchMember, Problems, RequestId, Versioned};

use crate::read::{Me, example};

/// Longest bio, in characters.
const BIO_MAX: usize = 500;

/// The members to change. Absent ones stay as they are, and `null` clears those that may be empty.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMe {
    /// 1 to 35 characters, or `null`.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 35)]
    first_name: PatchMember<String>,
    /// 1 to 35 characters, or `null`.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 35)]
    last_name: PatchMember<String>,
    /// `YYYY-MM-DD`, at least 16 years ago, or `null`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date, max_length = 10)]
    birth_date: PatchMember<String>,
    /// Up to 500 characters, or `null`.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    bio: PatchMember<String>,
    /// Whether others see nothing but the username and the picture, and find the person only by the username.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    private: PatchMember<bool>,
    /// The language of mails.
    #[serde(default)]
    #[schema(value_type = Locale, required = false)]
    language: PatchMember<String>,
    /// Who may open a direct chat.
    #[serde(default)]
    #[schema(value_type = WhoCanMessage, required = false)]
    who_can_message: PatchMember<String>,
    /// Whether everybody who knows the e-mail address finds the caller by it.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    found_by_email: PatchMember<bool>,
    /// Whether everybody who knows the phone number finds the caller by it.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    found_by_phone: PatchMember<bool>,
    /// Whether others in rooms of up to twenty see up to where the caller has read. Who hides it does not see it of others either.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    read_receipts: PatchMember<bool>,
    /// Whether friends add the caller to groups at once, and do not have to invite the caller.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    added_by_friends: PatchMember<bool>,
}

/// Changes the caller's profile.
///
/// A JSON merge patch (RFC 7396), which is applied completely or not at all: 412 if the profile has changed since the version
/// in `If-Match`. A patch that changes nothing keeps the version.
///
/// AWS calls: two, the batch that authenticates the caller and reads the profile, and the transaction, which depends on it and has
/// the words by which people are found if a name changes. One if nothing changes.
#[utoipa::path(
    patch, path = "/v1/me", operation_id = "update_me",
    params(("If-Match" = String, Header, format = "versions", description = "The version to be changed: the `ETag` of the profile, a list of them, or `*` for any.", example = "\"v3\"")),
    request_body(
        content(
            (UpdateMe = "application/merge-patch+json", example = json!({"bio": "Climbs.", "language": "pl", "last_name": null})),
            (UpdateMe = "application/json", example = json!({"private": true})),
        )
    ),
    extensions(("x-problems" = json!(["invalid", "version_required", "version_mismatch"]))),
    responses(
        (status = 200, body = Me, headers(("ETag" = String, description = "The new version.")), example = json!(example())),
        Problems,
    )
)]
pub async fn update_me(
    MemberWith { member, resource }: MemberWith<LastSeen>,
    wanted: IfMatch,
    State(s): State<crate::State>,
    request: RequestId,
    Json(patch): Json<UpdateMe>,
) -> Result<Versioned<Me>, Error> {
    let old = member.user;
    if !wanted.names(old.version) {
        return Err(Kind::VersionMismatch.into());
    }
    let mut new = apply(&old, patch, s.sys.now())?;
    if let Some(update) = difference(&old, &new) {
        new.version = old.version.saturating_add(1);
        if let Err(e) = write(&s, update, &old, &new, &request).await {
            collision(e, &new)?;
        }
    }
    Ok(Versioned(new.version, Me::of(&new, &s.links).seen(resource.as_ref())))
}

/// The conditional write, together with its entry in the audit, and with the words by which the person is found if they change.
async fn write(s: &crate::State, update: Update, old: &User, new: &User, request: &RequestId) -> Result<(), WriteError> {
    let mut tx = Tx::new();
    let record = tx.update(update);
    s.audit.add(&mut tx, &entry(AuditEntry::of_own(&s.sys, old.id, &request.0, Action::ProfileChanged), old, new));
    finding::change(&mut tx, old, new).commit(&s.table, tx).await.map_err(|e| match e {
        CommitError::Refused(r) => WriteError::Refused(r.current(record)),
        CommitError::Store(e) => WriteError::Store(e),
    })
}

/// An entry of the audit with what differs.
fn entry(entry: AuditEntry, old: &User, new: &User) -> AuditEntry {
    let bio = |user: &User| user.bio.as_deref().map(AuditText).audited();
    entry
        .when_changed("first_name", &old.first_name, &new.first_name)
        .when_changed("last_name", &old.last_name, &new.last_name)
        .when_changed("birth_date", &old.birth_date, &new.birth_date)
        .when_changed("bio", bio(old), bio(new))
        .when_changed("private", old.private, new.private)
        .when_changed("locale", old.locale, new.locale)
        .when_changed("who_can_message", old.who_can_message, new.who_can_message)
        .when_changed("found_by_email", old.found_by_email, new.found_by_email)
        .when_changed("found_by_phone", old.found_by_phone, new.found_by_phone)
        .when_changed("read_receipts", old.read_receipts, new.read_receipts)
        .when_changed("added_by_friends", old.added_by_friends, new.added_by_friends)
        .to_version(new.version)
}

fn apply(old: &User, patch: UpdateMe, now: Time) -> Result<User, Problem> {
    let (mut new, mut fields) = (old.clone(), Fields::new());
    optional(&mut new.first_name, patch.first_name, |t| fields.take("/first_name", PersonName::parse(&t)));
    optional(&mut new.last_name, patch.last_name, |t| fields.take("/last_name", PersonName::parse(&t)));
    optional(&mut new.birth_date, patch.birth_date, |t| fields.take("/birth_date", BirthDate::parse(&t, now)));
    optional(&mut new.bio, patch.bio, |t| fields.take("/bio", parse_bio(&t)));
    // An empty bio is stored as no bio.
    new.bio = new.bio.filter(|bio| !bio.is_empty());
    always(&mut new.private, patch.private, "/private", &mut fields, Ok);
    always(&mut new.locale, patch.language, "/language", &mut fields, |t| parse_language(&t));
    always(&mut new.who_can_message, patch.who_can_message, "/who_can_message", &mut fields, |t| parse_who_can_message(&t));
    always(&mut new.found_by_email, patch.found_by_email, "/found_by_email", &mut fields, Ok);
    always(&mut new.found_by_phone, patch.found_by_phone, "/found_by_phone", &mut fields, Ok);
    always(&mut new.read_receipts, patch.read_receipts, "/read_receipts", &mut fields, Ok);
    always(&mut new.added_by_friends, patch.added_by_friends, "/added_by_friends", &mut fields, Ok);
    fields.finish()?;
    Ok(new)
}

fn optional<T>(target: &mut Option<T>, change: PatchMember<String>, parse: impl FnOnce(String) -> Option<T>) {
    match change {
        PatchMember::Leave => {}
        PatchMember::Clear => *target = None,
        PatchMember::To(text) => *target = parse(text),
    }
}

fn always<T, U>(
    target: &mut U,
    change: PatchMember<T>,
    pointer: &str,
    fields: &mut Fields,
    parse: impl FnOnce(T) -> Result<U, FieldError>,
) {
    let parsed = match change {
        PatchMember::Leave => return,
        PatchMember::Clear => Err(FieldError::new("required")),
        PatchMember::To(value) => parse(value),
    };
    if let Some(value) = fields.take(pointer, parsed) {
        *target = value;
    }
}

/// Trimmed, lines ended by `\n` alone, no other control characters. A text of which nothing is seen is empty.
fn parse_bio(typed: &str) -> Result<String, FieldError> {
    let bio = typed.trim().replace("\r\n", "\n");
    if bio.chars().count() > BIO_MAX {
        return Err(FieldError::new("too_long").with("max", BIO_MAX));
    }
    if bio.chars().any(|c| c.is_control() && c != '\n') {
        return Err(FieldError::new("characters"));
    }
    Ok(if text::is_blank(&bio) { String::new() } else { bio })
}

fn parse_language(text: &str) -> Result<Locale, FieldError> {
    Locale::ALL.into_iter().find(|l| l.tag() == text).ok_or_else(|| FieldError::new("locale"))
}

fn parse_who_can_message(text: &str) -> Result<WhoCanMessage, FieldError> {
    match text {
        "everyone" => Ok(WhoCanMessage::Everyone),
        "friends" => Ok(WhoCanMessage::Friends),
        _ => Err(FieldError::new("choice")),
    }
}

/// The write that changes `old` to `new`: only the attributes that differ, so that attributes which a newer deployment has
/// added are kept. `None` if nothing differs.
fn difference(old: &User, new: &User) -> Option<Update> {
    let mut update = Update::of(User::key_of(old.id));
    let mut changed = false;
    macro_rules! set {
        ($($field:ident)*) => {$(
            if old.$field != new.$field {
                changed = true;
                update = update.set(stringify!($field), &new.$field);
            }
        )*};
    }
    set!(first_name last_name birth_date bio private locale who_can_message found_by_email found_by_phone read_receipts added_by_friends);
    let unchanged = field("version").eq(old.version).and(field("status").eq(Status::Active));
    changed.then(|| update.add("version", 1).when(unchanged))
}

/// `None` if the stored profile is the new one already: it was written, and the reply was lost.
fn collision(e: WriteError, new: &User) -> Result<(), Problem> {
    let stored = match e {
        WriteError::Refused(row) => row.map(Row::decode::<User>).transpose()?,
        WriteError::Store(e) => return Err(e.into()),
    };
    let written = stored.is_some_and(|stored| stored.version == new.version && difference(&stored, new).is_none());
    if written { Ok(()) } else { Err(Kind::VersionMismatch.into()) }
}

#[cfg(test)]
mod tests {
    use accounts::identifier::Username;
    use kernel::Sys;

    use super::*;

    fn anna() -> User {
        let sys = Sys::real();
        User {
            first_name: Some(PersonName::parse("Anna").unwrap()),
            bio: Some("Climbs.".to_owned()),
            version: 3,
            ..User::new(sys.id(), Username::parse("anna").unwrap(), Locale::En, sys.now())
        }
    }

    fn patched(json: &str) -> Result<User, Vec<(String, &'static str)>> {
        let patch = serde_json::from_str(json).unwrap();
        apply(&anna(), patch, Time::from_millis(1_796_083_200_000))
            .map_err(|p| p.fields.into_iter().map(|(pointer, e)| (pointer, e.code)).collect())
    }

    #[test]
    fn absent_stays_null_clears_a_value_replaces() {
        let new = patched(r#"{"first_name":null,"last_name":" Nowak ","private":true,"language":"pl"}"#).unwrap();
        assert_eq!(new.first_name, None);
        assert_eq!(new.last_name.unwrap().to_string(), "Nowak");
        assert_eq!((new.bio.as_deref(), new.private, new.locale), (Some("Climbs."), true, Locale::Pl));
        for blank in ["  ", "\u{200b}", "\u{2800}\u{3164}", "\u{ad}\u{2060}"] {
            assert_eq!(patched(&format!(r#"{{"bio":"{blank}"}}"#)).unwrap().bio, None, "{}", blank.escape_unicode());
        }
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let long = "x".repeat(501);
        let wrong = patched(&format!(r#"{{"first_name":"","bio":"{long}","language":"de","private":null,"who_can_message":"nobody"}}"#))
            .unwrap_err();
        let expected = [
            ("/first_name", "required"),
            ("/bio", "too_long"),
            ("/private", "required"),
            ("/language", "locale"),
            ("/who_can_message", "choice"),
        ];
        assert_eq!(wrong, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
        assert!(patched(&format!(r#"{{"bio":"{}"}}"#, "ż".repeat(500))).is_ok());
        assert!(patched(r#"{"bio":"a\r\nb"}"#).is_ok_and(|u| u.bio.as_deref() == Some("a\nb")));
        assert!(patched(r#"{"bio":"a\u001bb"}"#).is_err());
    }

    #[test]
    fn nobody_becomes_younger_than_sixteen() {
        // It is 1 December 2026.
        let born = |day: &str| patched(&format!(r#"{{"birth_date":{day}}}"#)).map(|u| u.birth_date.map(|d| d.to_string()));
        assert_eq!(born(r#""2010-12-01""#).unwrap().as_deref(), Some("2010-12-01"));
        assert_eq!(born("null").unwrap(), None);
        let wrong =
            [("2010-12-02", "too_young"), ("2026-12-02", "in_future"), ("1905-12-01", "too_old"), ("2001-02-29", "date"), ("", "date")];
        for (day, code) in wrong {
            assert_eq!(born(&format!("{day:?}")).unwrap_err(), [("/birth_date".to_owned(), code)], "{day}");
        }
    }

    #[test]
    fn protected_members_are_unknown() {
        for name in ["id", "username", "email", "phone", "picture", "status", "version", "created_at", "role", "pk", "ttl"] {
            assert!(serde_json::from_str::<UpdateMe>(&format!(r#"{{"{name}":"x"}}"#)).is_err(), "{name}");
        }
    }

    #[test]
    fn a_patch_that_changes_nothing_writes_nothing() {
        let old = anna();
        let same =
            apply(&old, serde_json::from_str(r#"{"bio":"Climbs.","private":false,"first_name":"Anna"}"#).unwrap(), Time::ZERO).unwrap();
        assert!(difference(&old, &same).is_none());
    }
}
