//! What may be changed in a profile, by its owner and by staff, and how a change by staff is written.

use events::{Notice, Outbox, files::PictureRetired};
use kernel::{FieldError, Fields, Kind, Locale, PatchMember, Problem, Sys, Time, id::PictureId, text};
use search::Change;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{CommitError, Slot, Table, Tx, Update, field};
use utoipa::ToSchema;

use crate::{
    audit::{Action, Audit, AuditEntry},
    directory::Account,
    finding,
    identifier::{BirthDate, PersonName, Username},
    staff::{Actor, ActorSlots},
    user::{Status, User, WhoCanMessage, notify},
    username::FormerNames,
};

/// Longest bio, in characters.
const BIO_MAX: usize = 500;

/// The members to change. Absent ones stay as they are, and `null` clears those that may be empty.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UpdateMe)]
pub struct ProfilePatch {
    /// 1 to 35 characters, or `null`.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 35)]
    pub first_name: PatchMember<String>,
    /// 1 to 35 characters, or `null`.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 35)]
    pub last_name: PatchMember<String>,
    /// `YYYY-MM-DD`, at least 16 years ago, or `null`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date, max_length = 10)]
    pub birth_date: PatchMember<String>,
    /// Up to 500 characters, or `null`.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    pub bio: PatchMember<String>,
    /// Whether others see nothing but the username and the picture, and find the person only by the username.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    pub private: PatchMember<bool>,
    /// The language of mails.
    #[serde(default)]
    #[schema(value_type = Locale, required = false)]
    pub language: PatchMember<String>,
    /// Who may open a direct chat.
    #[serde(default)]
    #[schema(value_type = WhoCanMessage, required = false)]
    pub who_can_message: PatchMember<String>,
    /// Whether everybody who knows the e-mail address finds the caller by it.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    pub found_by_email: PatchMember<bool>,
    /// Whether everybody who knows the phone number finds the caller by it.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    pub found_by_phone: PatchMember<bool>,
    /// Whether others in rooms of up to twenty see up to where the caller has read. Who hides it does not see it of others either.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    pub read_receipts: PatchMember<bool>,
    /// Whether friends add the caller to groups at once, and do not have to invite the caller.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    pub added_by_friends: PatchMember<bool>,
}

impl ProfilePatch {
    /// The person after it.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with everything that is wrong.
    pub fn apply(self, old: &User, now: Time) -> Result<User, Problem> {
        let (patch, mut new, mut fields) = (self, old.clone(), Fields::new());
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

/// The write that changes the profile `old` to `new`: only the attributes that differ, so that attributes which a newer deployment has
/// added are kept. `None` if nothing differs.
#[must_use]
pub fn difference(old: &User, new: &User) -> Option<Update> {
    let (update, changes) = written(old, new);
    let unchanged = field("version").eq(old.version).and(field("status").eq(Status::Active));
    (!changes.is_empty()).then(|| update.add("version", 1).when(unchanged))
}

/// A changed member of a profile, under its name in the API, with its values before and after.
type Changed = (&'static str, Value, Value);

/// The changed attributes, as an update and under their names in the API.
fn written(old: &User, new: &User) -> (Update, Vec<Changed>) {
    let (mut update, mut changes) = (Update::of(User::key_of(old.id)), Vec::new());
    macro_rules! set {
        ($($field:ident $member:literal)*) => {$(
            if old.$field != new.$field {
                update = update.set(stringify!($field), &new.$field);
                changes.push(($member, json(&old.$field), json(&new.$field)));
            }
        )*};
    }
    set!(first_name "first_name" last_name "last_name" birth_date "birth_date" bio "bio" private "private" locale "language");
    set!(who_can_message "who_can_message" found_by_email "found_by_email" found_by_phone "found_by_phone");
    set!(read_receipts "read_receipts" added_by_friends "added_by_friends");
    (update, changes)
}

fn json(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// What staff change in somebody's profile.
#[derive(Debug, Default)]
pub struct Edit {
    /// The members that their owner could change by a patch.
    pub patch: ProfilePatch,
    /// Another username.
    pub username: Option<Username>,
    /// Another picture, whose files are there, or the default one.
    pub picture: PatchMember<PictureId>,
}

/// An edit that was added to a transaction.
#[must_use = "the transaction is committed by it"]
#[derive(Debug)]
pub struct Edited {
    /// The person after it.
    pub user: User,
    record: Slot,
    free: Option<Slot>,
    allowed: ActorSlots,
    found: Change,
}

/// Who edits a profile, and the `X-Request-Id` of the request.
#[derive(Clone, Copy, Debug)]
pub struct Editor<'r> {
    /// Who it is.
    pub actor: Actor,
    /// The request.
    pub request: &'r str,
}

impl Edit {
    /// Adds an edit by staff to a transaction, after all other writes of it: the record of the person under the condition that it is as
    /// it was read, the claims of usernames, the words by which they are found, the audit entry, and the notice to them. `None` if it
    /// changes nothing.
    ///
    /// # Errors
    /// [`Kind::Invalid`] as for the owner of the profile; [`Kind::AccountProtected`]; [`Kind::AccountState`] if the account is being
    /// deleted.
    pub fn add(
        self,
        tx: &mut Tx,
        (sys, audit): (&Sys, &Audit),
        by: Editor<'_>,
        (account, former): (&Account, &FormerNames),
    ) -> Result<Option<Edited>, Problem> {
        by.actor.may_change(&account.roles)?;
        let old = &account.user;
        if old.status == Status::Purging {
            return Err(account.refusal());
        }
        let mut new = self.patch.apply(old, sys.now())?;
        new.username = self.username.unwrap_or(new.username);
        match self.picture {
            PatchMember::Leave => {}
            PatchMember::Clear => new.picture = None,
            PatchMember::To(picture) => new.picture = Some(picture),
        }
        let (mut update, mut changes) = written(old, &new);
        if old.picture != new.picture {
            update = update.set("picture", new.picture);
            changes.push(("picture", json(old.picture), json(new.picture)));
            if let Some(picture) = old.picture {
                Outbox::add(tx, sys, &PictureRetired { user: old.id, picture });
            }
        }
        if !changes.is_empty() {
            notify(tx, sys, old.id, Notice::ProfileChanged);
        }
        let free = (old.username != new.username).then(|| {
            changes.push(("username", json(&old.username), json(&new.username)));
            notify(tx, sys, old.id, Notice::UsernameChanged);
            former.rename(tx, &old.username, &new.username, sys.now())
        });
        if changes.is_empty() {
            return Ok(None);
        }
        if free.is_some() {
            update = update.set("username", &new.username);
        }
        new.version = old.version.saturating_add(1);
        let unchanged = field("version").eq(old.version).and(field("status").ne(Status::Purging));
        let record = tx.update(update.add("version", 1).when(unchanged));
        let allowed = by.actor.require(tx, old.id);
        let entry = AuditEntry::by(sys, by.actor.user, by.request, Action::ProfileChanged, old.id);
        let entry = changes.into_iter().fold(entry, |entry, (name, before, after)| entry.changed(name, before, after));
        audit.add(tx, &entry);
        let found = finding::change(tx, old, &new);
        Ok(Some(Edited { user: new, record, free, allowed, found }))
    }
}

impl Edited {
    /// Commits the transaction. Returns the person after it.
    ///
    /// # Errors
    /// [`Kind::VersionMismatch`] if their record has changed since it was read; [`Kind::Invalid`] if the username is taken;
    /// [`Kind::Forbidden`] and [`Kind::AccountProtected`] if roles were changed meanwhile; [`Kind::Conflict`].
    pub async fn commit(self, table: &Table, tx: Tx) -> Result<User, Problem> {
        let Self { user, record, free, allowed, found } = self;
        found.commit(table, tx).await.map_err(|e| match &e {
            CommitError::Refused(r) if r.at(record) => Kind::VersionMismatch.into(),
            CommitError::Refused(r) if free.is_some_and(|free| r.at(free)) => {
                Problem::field("/username", FieldError::new("username_taken"))
            }
            _ => allowed.problem(e),
        })?;
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
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
        let patch: ProfilePatch = serde_json::from_str(json).unwrap();
        patch
            .apply(&anna(), Time::from_millis(1_796_083_200_000))
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
            assert!(serde_json::from_str::<ProfilePatch>(&format!(r#"{{"{name}":"x"}}"#)).is_err(), "{name}");
        }
    }

    #[test]
    fn a_patch_that_changes_nothing_writes_nothing() {
        let old = anna();
        let patch: ProfilePatch = serde_json::from_str(r#"{"bio":"Climbs.","private":false,"first_name":"Anna"}"#).unwrap();
        assert!(difference(&old, &patch.apply(&old, Time::ZERO).unwrap()).is_none());
    }
}
