//! The algebra of a room's numbers.
//!
//! A number is taken by adding to the room's counter, then the message is put at it. In between, and for ever if the writer
//! dies, the number is a hole. A reader may not pass a hole, or it would miss the message that still comes; it may not wait
//! for ever either. So: a hole is *young* until there is proof that it was taken [`GRACE`] ago; readers stop before it. An
//! *old* hole is filled with a tombstone by whoever meets it, under the condition that nothing stands there; the late writer
//! fails the same condition and takes a new number.

use std::{collections::BTreeMap, time::Duration};

use kernel::Time;

/// How long a writer has between taking a number and committing the message. Far more than it needs; a writer that is later
/// than this loses nothing but the number.
pub const GRACE: Duration = Duration::from_secs(10);

/// How far a reader may go, and what it must bury on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The last number before the first young hole: everything up to here is decided.
    pub upto: u64,
    /// Old holes up to there, ascending.
    pub holes: Vec<u64>,
}

/// Judges the window `from..=to` of a room, given when each entry that is there took its number (entries beyond `to` count
/// as proof) and when the room's latest number was taken.
///
/// Numbers are taken in order, so whatever was taken after a hole proves that the hole is at least as old.
#[must_use]
pub fn settle(from: u64, to: u64, held: &BTreeMap<u64, Time>, latest: Time, now: Time) -> Settled {
    let old = |at: Time| now.since(at) >= GRACE;
    let beyond = held.range(to.saturating_add(1)..).any(|(_, at)| old(*at));
    let mut proven = old(latest) || beyond;
    let mut settled = Settled { upto: to, holes: Vec::new() };
    for seq in (from..=to).rev() {
        match held.get(&seq) {
            Some(at) => proven |= old(*at),
            None if proven => settled.holes.push(seq),
            None => settled = Settled { upto: seq.saturating_sub(1), holes: Vec::new() },
        }
    }
    settled.holes.reverse();
    settled
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_000_000);

    fn ago(seconds: u64) -> Time {
        NOW - Duration::from_secs(seconds)
    }

    fn judged(from: u64, to: u64, held: &[(u64, u64)], latest_ago: u64) -> (u64, Vec<u64>) {
        let held = held.iter().map(|(seq, s)| (*seq, ago(*s))).collect();
        let Settled { upto, holes } = settle(from, to, &held, ago(latest_ago), NOW);
        (upto, holes)
    }

    #[test]
    fn without_holes_everything_is_shown() {
        assert_eq!(judged(1, 3, &[(1, 0), (2, 0), (3, 0)], 0), (3, vec![]));
        assert_eq!(judged(4, 3, &[], 0), (3, vec![]));
    }

    #[test]
    fn a_reader_stops_before_a_young_hole() {
        assert_eq!(judged(1, 4, &[(1, 60), (2, 5), (4, 1)], 1), (2, vec![]));
        assert_eq!(judged(1, 2, &[], 0), (0, vec![]));
        assert_eq!(judged(7, 9, &[(8, 1), (9, 1)], 1), (6, vec![]));
    }

    #[test]
    fn a_hole_is_old_when_the_room_has_been_quiet_or_a_later_entry_is_old() {
        assert_eq!(judged(1, 3, &[(1, 60), (3, 20)], 20), (3, vec![2]));
        assert_eq!(judged(1, 4, &[(1, 60), (3, 10), (4, 0)], 0), (4, vec![2]));
        assert_eq!(judged(1, 3, &[(1, 60)], 10), (3, vec![2, 3]));
        // Nine seconds prove nothing.
        assert_eq!(judged(1, 3, &[(1, 60), (3, 9)], 9), (1, vec![]));
    }

    #[test]
    fn proof_may_lie_beyond_the_window() {
        assert_eq!(judged(5, 5, &[(6, 11)], 0), (5, vec![5]));
        assert_eq!(judged(5, 5, &[(6, 1)], 0), (4, vec![]));
    }

    #[test]
    fn old_holes_behind_a_young_one_are_left_for_later_readers() {
        // 2 is young although 4 is buried knowledge: an entry proves only what was taken before it.
        assert_eq!(judged(1, 5, &[(1, 60), (3, 60), (5, 1)], 1), (3, vec![2]));
        assert_eq!(judged(1, 6, &[(2, 60), (6, 0)], 0), (2, vec![1]));
    }

    /// Every history of a small room: whatever a reader is shown stays true, and waiting always gets it past every hole.
    #[test]
    fn what_was_shown_never_changes_and_nobody_waits_for_ever() {
        for pattern in 0_u32..1 << 8 {
            let held: BTreeMap<u64, Time> = (0..8).filter(|i| pattern >> i & 1 == 1).map(|i| (i + 1, ago(20 - i))).collect();
            let now = settle(1, 8, &held, ago(12), NOW);
            assert_eq!(now.upto, 8);
            assert_eq!(now.holes.len() + held.len(), 8);
            let early = settle(1, 8, &held, ago(0), NOW);
            let shown: Vec<u64> = held.range(1..=early.upto).map(|(s, _)| *s).collect();
            assert!(early.holes.iter().all(|h| *h <= early.upto && !held.contains_key(h)));
            assert_eq!(shown.len() + early.holes.len(), usize::try_from(early.upto).unwrap());
        }
    }
}
