//! What this crate stores about a person, for themselves, and the archive that everything about them goes into.

use std::time::Duration;

use accounts::{Resource, user::partition};
use kernel::{
    Sys, Time,
    id::{ExportId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{
    About, Cond, Item, Key, Personal, Range, Row, Slot, StoreError, Table, Tx, Update, field,
    limits::{DAY, Reached},
};

use crate::{
    Bucket, FilesError, State, Upload,
    picture::{self, Size},
};

/// How long an archive can be downloaded.
pub const KEPT: Duration = Duration::from_secs(24 * 3600);
/// An archive that is not ready by then never will be.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);
/// The largest picture that is ours.
const PICTURE_MAX: u32 = 8 * 1024 * 1024;

/// An archive of everything about a person, from its being asked for until it is gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Export {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub id: ExportId,
    /// When it was asked for.
    pub created_at: Time,
    /// Since when it can be downloaded.
    pub ready_at: Option<Time>,
}

/// How far an archive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is being made.
    Waiting,
    /// It can be downloaded until then.
    Ready(Time),
    /// It could not be made.
    Failed,
    /// It is gone.
    Expired,
}

impl Export {
    /// Adds the asking for an archive to a transaction. The slot is refused where it is too early to ask: [`too_early`].
    pub fn ask(tx: &mut Tx, sys: &Sys, user: UserId) -> (Self, Slot) {
        let (id, now) = (sys.id(), sys.now());
        let export = Self { user, id, created_at: now, ready_at: None };
        tx.create(&export);
        let turn = Turn { user, export: id, until: now + PATIENCE };
        (export, tx.put(&turn, Cond::Absent.or(field("until").le(now))))
    }

    /// Where a person's archive is noted.
    #[must_use]
    pub fn key_of(user: UserId, id: ExportId) -> Key {
        Key::new(partition(user), format!("EXPORT#{id}"))
    }

    /// Where in the bucket it lies.
    #[must_use]
    pub fn object_key(user: UserId, id: ExportId) -> String {
        format!("exports/{user}/{id}.zip")
    }

    /// How far it is, by the clock.
    #[must_use]
    pub fn progress(&self, now: Time) -> Progress {
        match self.ready_at.map(|at| at + KEPT) {
            Some(until) if now < until => Progress::Ready(until),
            Some(_) => Progress::Expired,
            None if now < self.created_at + PATIENCE => Progress::Waiting,
            None => Progress::Failed,
        }
    }

    /// Marks it ready, in a transaction whose slot is refused if it is not waited for. Only now it is the one of its day.
    pub fn finish(&self, tx: &mut Tx, now: Time) -> Slot {
        let until = self.created_at + DAY;
        tx.update(Update::of(Turn::key_of(self.user)).set("until", until).expires(until).when(field("export").eq(self.id)));
        let waited_for = field("created_at").eq(self.created_at).and(field("ready_at").absent());
        tx.update(Update::of(self.key()).set("ready_at", now).expires(now + KEPT).when(waited_for))
    }
}

/// When another archive may be asked for. One that could not be made does not count: the turn is its own for as long as it
/// may take, and the day's once it is ready.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Turn {
    user: UserId,
    export: ExportId,
    until: Time,
}

impl Turn {
    fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "EXPORT_TURN")
    }
}

impl Item for Turn {
    const KIND: &'static str = "export_turn";
    const ABOUT: About = About::beside_user("EXPORT_TURN", Personal::Exported(&["until"])).expires();
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// What whoever asked too early is told, by what refused it.
///
/// # Errors
/// [`StoreError::Corrupt`]
pub fn too_early(refused: Option<Row>, now: Time) -> Result<Reached, StoreError> {
    let turn = refused.map(Row::decode::<Turn>).transpose()?;
    Ok(Reached { name: "export", wait: turn.map_or(PATIENCE, |turn| turn.until.since(now)), max: 1, window: DAY })
}

impl Item for Export {
    const KIND: &'static str = "export";
    const ABOUT: About =
        About::beside_user("EXPORT#{export}", Personal::Exported(&["id", "created_at", "ready_at"])).expires().removed_by("files");
    fn key(&self) -> Key {
        Self::key_of(self.user, self.id)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.created_at + PATIENCE + KEPT)
    }
}

impl Resource for Export {
    type Path = ExportId;
    fn find(caller: UserId, path: ExportId) -> Option<Key> {
        Some(Self::key_of(caller, path))
    }
}

/// The pictures of a person in their largest size, by what they are called: the published one, and those in the trash that the
/// bucket has not emptied yet. A query, and a request for each.
///
/// # Errors
/// [`FilesError`]
pub async fn pictures(table: &Table, bucket: &Bucket, user: UserId) -> Result<Vec<(String, Vec<u8>)>, FilesError> {
    let uploads = table.query::<Upload>(Range::of(partition(user)).prefix("UPLOAD#")).await?;
    let mut pictures = Vec::new();
    for upload in uploads.items.iter().filter(|u| u.state == State::Published) {
        let (published, trashed) = (picture::key(upload.picture(), Size::Large), picture::trash_key(upload.picture(), Size::Large));
        let key = if upload.retired_at.is_some() { trashed } else { published };
        match bucket.read(&key, PICTURE_MAX).await {
            Ok(jpeg) => pictures.push((format!("{}.jpg", upload.picture()), jpeg)),
            // It is not there: the lifecycle rule took it, or it is on its way to the trash at this moment.
            Err(FilesError::Refused(_)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(pictures)
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    #[test]
    fn an_archive_is_there_for_a_day_by_the_clock() {
        let sys = Sys::real();
        let export = Export { user: sys.id(), id: sys.id(), created_at: sys.now(), ready_at: None };
        let (asked, second) = (export.created_at, Duration::from_secs(1));
        assert_eq!(export.progress(asked), Progress::Waiting);
        assert_eq!(export.progress(asked + PATIENCE), Progress::Failed);
        let ready = Export { ready_at: Some(asked + second), ..export };
        assert_eq!(ready.progress(asked + KEPT), Progress::Ready(asked + second + KEPT));
        assert_eq!(ready.progress(asked + second + KEPT), Progress::Expired);
    }
}
