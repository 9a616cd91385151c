//! Clock and randomness. Code takes both from a [`Sys`] that is passed in, so that tests can set the clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{Id, Time, timestamp::millis};

/// The clock, the random source and the id source of one process or one local cloud.
///
/// Clones share the clock. A development host can move it.
#[derive(Clone, Debug, Default)]
pub struct Sys(Arc<ClockState>);

#[derive(Debug)]
struct ClockState {
    offset: AtomicI64,
    /// The real time in milliseconds at which the clock was stopped, or [`RUNNING`].
    held: AtomicI64,
}

const RUNNING: i64 = i64::MIN;

impl Default for ClockState {
    fn default() -> Self {
        Self { offset: AtomicI64::new(0), held: AtomicI64::new(RUNNING) }
    }
}

/// Milliseconds since the epoch, by the clock of this machine.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn real() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

impl Sys {
    /// Returns the real clock and the operating system's randomness.
    #[must_use]
    pub fn real() -> Self {
        Self::default()
    }

    /// Returns the current time: the real clock plus the offset that a development host can set.
    #[must_use]
    pub fn now(&self) -> Time {
        let by = match self.0.held.load(Ordering::Relaxed) {
            RUNNING => real(),
            held => held,
        };
        Time::from_millis(by.saturating_add(self.offset_millis()))
    }

    /// Returns the offset of the clock in milliseconds from the real clock, or from the time at which it was stopped.
    #[must_use]
    pub fn offset_millis(&self) -> i64 {
        self.0.offset.load(Ordering::Relaxed)
    }

    /// Sets the clock `offset` milliseconds ahead of the real one. Only for development hosts.
    pub fn set_offset_millis(&self, offset: i64) {
        self.0.offset.store(offset, Ordering::Relaxed);
    }

    /// Stops the clock: from now on only [`Sys::set_offset_millis`] and [`Sys::step`] move it. For tests, whose results must not depend on
    /// the speed of the machine.
    pub fn hold(&self) {
        self.0.held.store(real(), Ordering::Relaxed);
    }

    /// Moves a stopped clock by one millisecond, so that consecutive operations have different times. Does nothing to a running clock.
    pub fn step(&self) {
        let on = |held: i64| (held != RUNNING).then(|| held.saturating_add(1));
        self.0.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, on).unwrap_or_default();
    }

    /// Fills `buf` from the operating system's cryptographic random source.
    ///
    /// # Panics
    /// If the random source fails. The alternative would be predictable secrets.
    #[expect(
        clippy::disallowed_methods,
        clippy::expect_used,
        reason = "the one place that reads randomness; predictable secrets are worse than a crash"
    )]
    pub fn fill(&self, buf: &mut [u8]) {
        getrandom::fill(buf).expect("the operating system's random source works");
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut b = [0; N];
        self.fill(&mut b);
        b
    }

    /// Returns a uniformly distributed number below `bound`, by rejection sampling. Zero if `bound` is zero.
    #[must_use]
    pub fn below(&self, bound: u32) -> u32 {
        let Some(zone) = u32::MAX.checked_rem(bound).map(|r| u32::MAX.saturating_sub(r)) else { return 0 };
        loop {
            let n = u32::from_le_bytes(self.bytes());
            if n < zone {
                return n.checked_rem(bound).unwrap_or(0);
            }
        }
    }

    /// Returns a new id of this type. Ids sort by the time of this clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    pub fn id<I: Id>(&self) -> I {
        let ms = u64::try_from(self.now().millis()).unwrap_or(0);
        let random = u128::from_le_bytes(self.bytes());
        I::from_ulid(ulid::Ulid::from_parts(ms, random))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A chi-squared test with nine degrees of freedom: a fair source exceeds the limit of 56 about once in a hundred million runs.
    #[test]
    fn every_digit_is_as_likely_as_the_others() {
        let (sys, draws) = (Sys::real(), 1_000_000_u64);
        let mut seen = [0_u64; 10];
        for _ in 0..draws {
            if let Some(count) = seen.get_mut(sys.below(10) as usize) {
                *count = count.saturating_add(1);
            }
        }
        let expected = draws / 10;
        let squares: u64 = seen.iter().map(|n| n.abs_diff(expected).pow(2)).sum();
        assert!(squares / expected < 56, "{seen:?}");
        assert_eq!(sys.below(0), 0);
    }

    #[test]
    fn a_held_clock_moves_by_its_offset_and_by_steps() {
        let sys = Sys::real();
        sys.step();
        sys.hold();
        let began = sys.now();
        while real() <= began.millis() {
            std::thread::yield_now();
        }
        assert_eq!(sys.now(), began);
        sys.step();
        assert_eq!(sys.now(), began + Duration::from_millis(1));
        sys.set_offset_millis(3_600_000);
        assert_eq!(sys.now(), began + Duration::from_millis(3_600_001));
    }

    #[test]
    fn numbers_below_a_bound_are_below_it_and_reach_every_value() {
        let sys = Sys::real();
        let mut seen = [false; 10];
        for _ in 0..1000 {
            seen[sys.below(10) as usize] = true;
        }
        assert_eq!(seen, [true; 10]);
        assert_eq!(sys.below(0), 0);
    }
}
