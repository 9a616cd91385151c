//! Changes of a profile by its owner and by staff.

use events::{Notice, Outbox, files::PictureRetired};
use kernel::{
    FieldError, Fields, Kind, Locale, PatchMember, Problem, Sys, Time,
    audit::{AuditText, AuditValue, Auditable as _},
    id::PictureId,
    text,
};
use serde::Deserialize;
use store::{CommitError, Item as _, Slot, Table, Tx, Update, field};
use utoipa::ToSchema;

use crate::{
    audit::{Audit, AuditEntry},
    directory::Account,
    identifier::{BirthDate, MinimumAge, PersonName, Username},
    people_search,
    staff::{Actor, ActorSlots, Role},
    user::{Status, User, WhoCanMessage, notify},
    username::FormerNames,
};

/// The maximum number of characters of a bio.
const BIO_MAX: usize = 500;

/// The members to change. Absent members stay unchanged, and `null` clears members that may be empty.
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
    /// `YYYY-MM-DD`, at least 16 years ago unless the deployment sets another age, or `null`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date, max_length = 10)]
    pub birth_date: PatchMember<String>,
    /// Up to 500 characters, or `null`.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    pub bio: PatchMember<String>,
    /// Whether others see only the username and the picture, and find the person only by the username.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    pub private: PatchMember<bool>,
    /// The language of mails and of responses.
    #[serde(default)]
    #[schema(value_type = Locale, required = false)]
    pub language: PatchMember<String>,
    /// Who may open a direct chat.
    #[serde(default)]
    #[schema(value_type = WhoCanMessage, required = false)]
    pub who_can_message: PatchMember<String>,
    /// Whether everybody who knows the e-mail address can find the caller by it.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    pub found_by_email: PatchMember<bool>,
    /// Whether everybody who knows the phone number can find the caller by it.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    pub found_by_phone: PatchMember<bool>,
    /// Whether the other members of rooms of up to twenty see up to where the caller has read. If it is off, the caller does not see it of
    /// others either.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    pub read_receipts: PatchMember<bool>,
    /// Whether friends can add the caller to groups directly. Otherwise they have to invite the caller.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    pub added_by_friends: PatchMember<bool>,
}

impl ProfilePatch {
    /// Returns the user after the change. `least` is the minimum age.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with all errors.
    pub fn apply(self, old: &User, now: Time, least: MinimumAge) -> Result<User, Problem> {
        let (patch, mut new, mut fields) = (self, old.clone(), Fields::new());
        optional(&mut new.first_name, patch.first_name, |t| fields.take("/first_name", PersonName::parse(&t)));
        optional(&mut new.last_name, patch.last_name, |t| fields.take("/last_name", PersonName::parse(&t)));
        optional(&mut new.birth_date, patch.birth_date, |t| fields.take("/birth_date", BirthDate::parse(&t, now, least)));
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
        PatchMember::Clear => Err(FieldError::REQUIRED),
        PatchMember::To(value) => parse(value),
    };
    if let Some(value) = fields.take(pointer, parsed) {
        *target = value;
    }
}

/// Parses a bio: trimmed, with `\n` as the only line break and no other control characters. A blank text is empty.
fn parse_bio(typed: &str) -> Result<String, FieldError> {
    let bio = typed.trim().replace("\r\n", "\n");
    if bio.chars().count() > BIO_MAX {
        return Err(FieldError::TOO_LONG.with("max", BIO_MAX));
    }
    if bio.chars().any(|c| c.is_control() && c != '\n') {
        return Err(FieldError::CHARACTERS);
    }
    Ok(if text::is_blank(&bio) { String::new() } else { bio })
}

fn parse_language(text: &str) -> Result<Locale, FieldError> {
    Locale::ALL.into_iter().find(|l| l.tag() == text).ok_or(FieldError::LOCALE)
}

fn parse_who_can_message(text: &str) -> Result<WhoCanMessage, FieldError> {
    match text {
        "everyone" => Ok(WhoCanMessage::Everyone),
        "friends" => Ok(WhoCanMessage::Friends),
        _ => Err(FieldError::CHOICE),
    }
}

/// Returns the update that changes the profile `old` to `new` and increases its version. It writes only the attributes that differ, so that
/// attributes of a newer deployment are kept. `None` if nothing differs.
#[must_use]
pub fn difference(old: &User, new: &User) -> Option<Update> {
    let unchanged = field("version").eq(old.version).and(field("status").eq(Status::Active));
    written(old, new).map(|update| update.add("version", 1).when(unchanged))
}

/// Returns the update of the attributes that differ, without the version. `None` if nothing differs.
fn written(old: &User, new: &User) -> Option<Update> {
    let (mut update, mut changed) = (Update::of(User::key_of(old.id)), false);
    macro_rules! set {
        ($($field:ident)*) => {$(
            if old.$field != new.$field {
                changed = true;
                update = update.set(stringify!($field), &new.$field);
            }
        )*};
    }
    set!(first_name last_name birth_date bio private locale who_can_message found_by_email found_by_phone read_receipts added_by_friends);
    changed.then_some(update)
}

/// Adds the differences between two states of a user to an audit entry, under the names of the API.
#[must_use]
pub fn audited(entry: AuditEntry, old: &User, new: &User) -> AuditEntry {
    MEMBERS
        .into_iter()
        .fold(entry, |entry, member| entry.when_changed(member, value(old, member), value(new, member)))
        .to_version(new.version)
}

/// The members of a profile that can be changed, by their names in the API.
const MEMBERS: [&str; 13] = [
    "first_name",
    "last_name",
    "birth_date",
    "bio",
    "private",
    "language",
    "who_can_message",
    "found_by_email",
    "found_by_phone",
    "read_receipts",
    "added_by_friends",
    "picture",
    "username",
];

/// Returns the value of a profile's member in the audit.
#[must_use]
pub fn value(user: &User, member: &str) -> AuditValue {
    match member {
        "first_name" => user.first_name.audited(),
        "last_name" => user.last_name.audited(),
        "birth_date" => user.birth_date.audited(),
        "bio" => user.bio.as_deref().map(AuditText).audited(),
        "private" => user.private.audited(),
        "language" => user.locale.audited(),
        "who_can_message" => user.who_can_message.audited(),
        "found_by_email" => user.found_by_email.audited(),
        "found_by_phone" => user.found_by_phone.audited(),
        "read_receipts" => user.read_receipts.audited(),
        "added_by_friends" => user.added_by_friends.audited(),
        "picture" => user.picture.audited(),
        "username" => user.username.audited(),
        _ => AuditValue::Nothing,
    }
}

/// A change of a profile by staff.
#[derive(Debug, Default)]
pub struct Edit {
    /// The members that the owner could change too.
    pub patch: ProfilePatch,
    /// The new username.
    pub username: Option<Username>,
    /// The new picture, whose files must exist, or the default one.
    pub picture: PatchMember<PictureId>,
}

/// An edit that was added to a transaction.
#[must_use = "the transaction is committed by it"]
#[derive(Debug)]
pub struct Edited {
    /// The user before the edit.
    pub before: User,
    /// The user after the edit.
    pub user: User,
    /// The audit entry, which [`Edited::commit`] adds.
    pub entry: AuditEntry,
    /// The user item. Refused if it has changed since it was read.
    pub record: Slot,
    /// The claim of the new username. Refused if the name is not free.
    pub free: Option<Slot>,
    /// The conditions on the roles of the staff member and of the person.
    pub allowed: ActorSlots,
}

impl Edit {
    /// Returns the lowest role that may make this edit. `None` if only the owner may change one of its members.
    #[must_use]
    pub fn takes(&self) -> Option<Role> {
        let ProfilePatch { who_can_message, found_by_email, found_by_phone, read_receipts, added_by_friends, .. } = &self.patch;
        let ProfilePatch { birth_date, private, language, .. } = &self.patch;
        let own = [found_by_email, found_by_phone, read_receipts, added_by_friends].into_iter().any(|member| *member != PatchMember::Leave);
        if own || *who_can_message != PatchMember::Leave {
            return None;
        }
        let untouched = (birth_date, private, language) == (&PatchMember::Leave, &PatchMember::Leave, &PatchMember::Leave);
        Some(if untouched { Role::Administrator } else { Role::Superuser })
    }

    /// Adds an edit by staff to a transaction: the user item, if it is unchanged since it was read, the claims of usernames, and a notice
    /// to the person. The differences are added to `entry`. `None` if the edit changes nothing.
    ///
    /// # Errors
    /// [`Kind::Invalid`] as for changes by the owner; [`Kind::AccountProtected`]; [`Kind::AccountState`] if the account is being deleted.
    pub fn add(
        self,
        tx: &mut Tx,
        sys: &Sys,
        (actor, entry): (Actor, AuditEntry),
        (account, former): (&Account, &FormerNames),
        least: MinimumAge,
    ) -> Result<Option<Edited>, Problem> {
        actor.may_change(&account.roles)?;
        let old = &account.user;
        if old.status == Status::Purging {
            return Err(account.refusal());
        }
        let mut new = self.patch.apply(old, sys.now(), least)?;
        new.username = self.username.unwrap_or(new.username);
        match self.picture {
            PatchMember::Leave => {}
            PatchMember::Clear => new.picture = None,
            PatchMember::To(picture) => new.picture = Some(picture),
        }
        let (written, pictured, renamed) = (written(old, &new), old.picture != new.picture, old.username != new.username);
        let changed = written.is_some() || pictured;
        if !changed && !renamed {
            return Ok(None);
        }
        let mut update = written.unwrap_or_else(|| Update::of(old.key()));
        if pictured {
            update = update.set("picture", new.picture);
            if let Some(picture) = old.picture {
                Outbox::add(tx, sys, &PictureRetired { user: old.id, picture });
            }
        }
        if changed {
            notify(tx, sys, old.id, Notice::ProfileChanged);
        }
        let free = renamed.then(|| {
            notify(tx, sys, old.id, Notice::UsernameChanged);
            former.rename(tx, &old.username, &new.username, sys.now())
        });
        if renamed {
            update = update.set("username", &new.username);
        }
        new.version = old.version.saturating_add(1);
        let unchanged = field("version").eq(old.version).and(field("status").ne(Status::Purging));
        let record = tx.update(update.add("version", 1).when(unchanged));
        let allowed = actor.require(tx, old.id);
        let entry = audited(entry, old, &new);
        Ok(Some(Edited { before: old.clone(), user: new, entry, record, free, allowed }))
    }
}

impl Edited {
    /// Commits the transaction with its audit entry and the person's search entries. Returns the user after the edit.
    ///
    /// # Errors
    /// [`Kind::VersionMismatch`] if the user item has changed since it was read; [`Kind::Invalid`] if the username is taken;
    /// [`Kind::Forbidden`] and [`Kind::AccountProtected`] if roles were changed meanwhile; [`Kind::Conflict`].
    pub async fn commit(self, table: &Table, audit: &Audit, mut tx: Tx) -> Result<User, Problem> {
        let Self { before, user, entry, record, free, allowed } = self;
        audit.add(&mut tx, &entry);
        people_search::change(&mut tx, &before, &user).commit(table, tx).await.map_err(|e| match &e {
            CommitError::Refused(r) if r.at(record) => Kind::VersionMismatch.into(),
            CommitError::Refused(r) if free.is_some_and(|free| r.at(free)) => Problem::field("/username", FieldError::USERNAME_TAKEN),
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
            .apply(&anna(), Time::from_millis(1_796_083_200_000), MinimumAge::DEFAULT)
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
        let wrong = patched(&format!(r#"{{"first_name":"","bio":"{long}","language":"xx","private":null,"who_can_message":"nobody"}}"#))
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
        assert!(difference(&old, &patch.apply(&old, Time::ZERO, MinimumAge::DEFAULT).unwrap()).is_none());
    }
}
