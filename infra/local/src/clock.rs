//! The clock of one local cloud: real time plus an offset that developers and tests can change.
//!
//! All code that waits for a moment waits with this clock, so that the wait ends at once when the clock is moved past the moment.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kernel::{Sys, Time, Timestamp};
use tokio::sync::watch;

use crate::{
    activity::{Activity, Guard},
    storage::{read_file, replace_file},
};

/// Returns a moment as EventBridge writes it: in whole seconds.
pub(crate) fn whole_seconds(at: Time) -> String {
    let text = Timestamp(at).to_string();
    format!("{}Z", text.split('.').next().unwrap_or_default())
}

/// The clock. Cloning shares it.
#[derive(Clone)]
pub struct Clock {
    sys: Sys,
    moved: Arc<watch::Sender<i64>>,
    file: Option<Arc<PathBuf>>,
    activity: Activity,
    /// The offsets in milliseconds since this process started, each with the real time from which it was valid.
    history: Arc<Mutex<Vec<(i64, i64)>>>,
    pending_move: Arc<Mutex<PendingMove>>,
}

/// The guards of the last move of the clock.
#[derive(Default)]
struct PendingMove {
    /// Held until the schedules that it made due have run.
    schedules: Option<Guard>,
    /// Held until the items and objects that it made expire are deleted.
    expiry: Option<Guard>,
}

impl Clock {
    /// Opens the clock that functions use as `sys`. With a `file` the offset survives a restart.
    ///
    /// # Errors
    /// If the file exists and has no offset.
    pub fn open(sys: Sys, file: Option<PathBuf>, activity: Activity) -> io::Result<Self> {
        if let Some(offset) = file.as_deref().map_or(Ok(None), read_file)? {
            sys.set_offset_millis(offset);
        }
        let moved = Arc::new(watch::Sender::new(sys.offset_millis()));
        let history = Arc::new(Mutex::new(vec![(i64::MIN, sys.offset_millis())]));
        Ok(Self { sys, moved, file: file.map(Arc::new), activity, history, pending_move: Arc::default() })
    }

    /// Returns the time source of the functions.
    #[must_use]
    pub fn sys(&self) -> &Sys {
        &self.sys
    }

    /// Returns the current moment.
    #[must_use]
    pub fn now(&self) -> Time {
        self.sys.now()
    }

    /// Returns the time of this clock at a real moment that is known to the second. If it was moved in that second, the later time.
    #[must_use]
    pub(crate) fn shown_at(&self, real_seconds: i64) -> Time {
        let real = real_seconds.saturating_mul(1_000);
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = history.iter().rev().find(|(since, _)| *since < real.saturating_add(1_000)).map_or(0, |(_, ahead)| *ahead);
        Time::from_millis(real.saturating_add(ahead))
    }

    /// Returns the offset to real time, in milliseconds.
    #[must_use]
    pub fn offset_millis(&self) -> i64 {
        self.sys.offset_millis()
    }

    /// Moves it forward and wakes all subscribers.
    ///
    /// # Errors
    /// If the state folder cannot be written. The clock is moved all the same.
    pub fn advance(&self, by: Duration) -> io::Result<()> {
        self.put_offset(self.offset_millis().saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Sets it to a moment.
    ///
    /// # Errors
    /// If the state folder cannot be written. The clock is moved all the same.
    pub fn set(&self, to: Time) -> io::Result<()> {
        let real = self.now().millis().saturating_sub(self.offset_millis());
        self.put_offset(to.millis().saturating_sub(real))
    }

    /// Sets it back to real time.
    ///
    /// # Errors
    /// If the state folder cannot be written. The clock is moved all the same.
    pub fn reset(&self) -> io::Result<()> {
        self.put_offset(0)
    }

    /// Receives the new offset after every move.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<i64> {
        self.moved.subscribe()
    }

    /// Returns when this clock has reached `due`, by the passing of time or by a move.
    pub async fn sleep_until(&self, due: Time) {
        let mut moves = self.subscribe();
        while !due.since(self.now()).is_zero() {
            self.wait(&mut moves, due).await;
            moves.borrow_and_update();
        }
    }

    /// Returns when this clock has reached `due`, or was moved since `moves` was last read.
    pub(crate) async fn wait(&self, moves: &mut watch::Receiver<i64>, due: Time) {
        // The caller checks the time again, after the timeout and after a move.
        drop(tokio::time::timeout(due.since(self.now()), moves.changed()).await);
    }

    /// Called when all schedules that are due at this offset have run.
    pub(crate) fn schedules_have_run(&self, offset: i64) {
        let mut pending_move = self.pending_move();
        if *self.moved.borrow() == offset {
            drop(pending_move.schedules.take());
        }
    }

    /// Called when everything that has expired at this offset is deleted.
    pub(crate) fn expired_is_deleted(&self, offset: i64) {
        let mut pending_move = self.pending_move();
        if *self.moved.borrow() == offset {
            drop(pending_move.expiry.take());
        }
    }

    fn pending_move(&self) -> MutexGuard<'_, PendingMove> {
        self.pending_move.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_offset(&self, offset: i64) -> io::Result<()> {
        let mut pending_move = self.pending_move();
        *pending_move = PendingMove { schedules: Some(self.activity.begin()), expiry: Some(self.activity.begin()) };
        let real = self.now().millis().saturating_sub(self.offset_millis());
        self.history.lock().unwrap_or_else(PoisonError::into_inner).push((real, offset));
        self.sys.set_offset_millis(offset);
        self.moved.send_replace(offset);
        // The lock is still held, so that the later of two concurrent moves is also the one in the file.
        let saved = self.file.as_deref().map_or(Ok(()), |file| replace_file(file, &offset));
        drop(pending_move);
        saved
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_move_is_pending_work_until_everything_that_it_made_due_is_done() {
        let activity = Activity::default();
        let clock = Clock::open(Sys::real(), None, activity.clone()).expect("opened");
        let is_quiet = || activity.quiet().now_or_never().is_some();
        assert!(is_quiet());
        clock.advance(Duration::from_secs(60)).expect("moved");
        clock.schedules_have_run(60_000);
        // Of an earlier move.
        clock.expired_is_deleted(0);
        assert!(!is_quiet());
        clock.expired_is_deleted(60_000);
        assert!(is_quiet());
    }

    #[test]
    fn earlier_times_are_known_after_the_clock_was_moved() {
        let sys = Sys::real();
        let clock = Clock::open(sys.clone(), None, Activity::default()).expect("opened");
        let hour = Duration::from_secs(3600);
        let before = sys.now().seconds();
        clock.advance(hour).expect("moved");
        clock.advance(hour).expect("moved again");
        let shown = |real: i64| clock.shown_at(real).seconds() - before;
        assert_eq!((shown(before - 2), shown(before), shown(before + 9)), (-2, 7_200, 7_209));
    }
}
