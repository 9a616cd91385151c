//! The service of breached passwords: for the first five digits of a SHA-1 it returns the other digits of all hashes that begin with them.
//! <https://haveibeenpwned.com/API/v3#PwnedPasswords>

use std::{
    collections::{BTreeSet, VecDeque},
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use sha1::{Digest as _, Sha1};

use super::mode::Mode;
use crate::{
    Core, StartError,
    storage::{damaged, read_file, replace_file},
};

/// The path of the service on the listener.
pub(crate) const PATH: &str = "/breached-passwords";

/// The passwords that are breached at first. No other rule for passwords refuses them.
const INITIAL: [&str; 3] = ["purple elephants sing", "seven sleepy otters", "my router ate the map"];
/// The count that is returned with each hash.
const COUNT: u32 = 3;
/// The lines of a padded response.
const PADDED: usize = 800;
/// The most requests that are remembered.
const REMEMBERED: usize = 200;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RangeRequest {
    /// The digits of the hash in it.
    pub digits: String,
    /// Whether it asked for padding.
    pub padded: bool,
}

/// The breached passwords, the mode and the last requests. Cloning shares them.
#[derive(Clone)]
pub struct Breached(Arc<Shared>);

struct Shared {
    file: Option<PathBuf>,
    kept: Mutex<BreachedState>,
}

struct BreachedState {
    passwords: BTreeSet<String>,
    mode: Mode,
    asked: VecDeque<RangeRequest>,
}

impl Breached {
    /// Opens the passwords in `file`, or the initial ones if it does not exist.
    ///
    /// # Errors
    /// [`StartError::State`] if the file is damaged.
    pub(super) fn open(file: Option<PathBuf>) -> Result<Self, StartError> {
        let kept = file.as_deref().map_or(Ok(None), read_file).map_err(damaged(file.as_deref()))?;
        let passwords = kept.unwrap_or_else(|| INITIAL.map(str::to_owned).into());
        Ok(Self(Arc::new(Shared { file, kept: Mutex::new(BreachedState { passwords, mode: Mode::Well, asked: VecDeque::new() }) })))
    }

    /// Returns the breached passwords, sorted.
    #[must_use]
    pub fn passwords(&self) -> Vec<String> {
        self.kept().passwords.iter().cloned().collect()
    }

    /// Adds a password.
    ///
    /// # Errors
    /// If the state folder cannot be written. The password is added in memory all the same.
    pub fn add(&self, password: &str) -> io::Result<()> {
        self.change(|passwords| passwords.insert(password.to_owned()))
    }

    /// Removes a password.
    ///
    /// # Errors
    /// If the state folder cannot be written. The password is removed in memory all the same.
    pub fn remove(&self, password: &str) -> io::Result<()> {
        self.change(|passwords| passwords.remove(password))
    }

    /// Returns the current mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.kept().mode
    }

    /// Sets the mode, until the next call or the end of the process.
    pub fn be(&self, mode: Mode) {
        self.kept().mode = mode;
    }

    /// Returns the last requests, oldest first.
    #[must_use]
    pub fn asked(&self) -> Vec<RangeRequest> {
        self.kept().asked.iter().cloned().collect()
    }

    fn change(&self, change: impl FnOnce(&mut BTreeSet<String>) -> bool) -> io::Result<()> {
        let mut kept = self.kept();
        let changed = change(&mut kept.passwords);
        match &self.0.file {
            Some(file) if changed => replace_file(file, &kept.passwords),
            _ => Ok(()),
        }
    }

    fn kept(&self) -> MutexGuard<'_, BreachedState> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a request and returns how to answer it.
    fn note(&self, asked: RangeRequest) -> Mode {
        let mut kept = self.kept();
        kept.asked.push_back(asked);
        while kept.asked.len() > REMEMBERED {
            kept.asked.pop_front();
        }
        kept.mode
    }

    /// Returns every hash that begins with these digits, without them, and its count.
    fn range(&self, digits: &str) -> Vec<String> {
        let hashes = self.kept().passwords.iter().map(|password| hash(password)).collect::<Vec<_>>();
        hashes.iter().filter_map(|hash| Some(format!("{}:{COUNT}", hash.strip_prefix(digits)?))).collect()
    }
}

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/range/{digits}", get(range))
}

async fn range(State(core): State<Arc<Core>>, Path(digits): Path<String>, headers: HeaderMap) -> Response {
    if digits.len() != 5 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return (StatusCode::BAD_REQUEST, "The hash prefix was not in a valid format").into_response();
    }
    let padded = headers.get("add-padding").is_some_and(|v| v == "true");
    let mode = core.outside.breached.note(RangeRequest { digits: digits.clone(), padded });
    mode.answer(move || found(&core.outside.breached, &digits, padded)).await
}

/// Returns the hashes that begin with these digits, together with random ones, so that the number of lines does not reveal how many there
/// are.
fn found(breached: &Breached, digits: &str, padded: bool) -> Response {
    let mut lines = breached.range(&digits.to_ascii_uppercase());
    // A response of the real service is never empty. Padding lines have the count zero.
    let others = if padded { PADDED.saturating_sub(lines.len()) } else { 1 };
    lines.extend((0..others).map(|n| hash(&format!("{digits} {n}"))).filter_map(|hash| Some(format!("{}:0", hash.get(5..)?))));
    lines.sort_unstable();
    lines.join("\r\n").into_response()
}

fn hash(password: &str) -> String {
    Sha1::digest(password).iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_survive_a_restart_and_are_found_by_their_hash_prefix() {
        let folder = tempfile::tempdir().expect("folder");
        let file = Some(folder.path().join("breached.json"));
        let breached = Breached::open(file.clone()).expect("opened");
        breached.add("password").expect("added");
        breached.remove(INITIAL[0]).expect("removed");
        breached.be(Mode::Down);
        let again = Breached::open(file).expect("opened again");
        assert_eq!(again.passwords(), ["my router ate the map", "password", "seven sleepy otters"]);
        assert_eq!(again.mode(), Mode::Well);
        // The well-known hash of `password`.
        assert_eq!(again.range("5BAA6"), ["1E4C9B93F3F0682250B6CF8331B7EE68FD8:3"]);
        assert!(again.range("00000").is_empty());
    }
}
