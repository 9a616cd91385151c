//! The numbers of a room's messages, and how readers treat numbers without an item.
//!
//! A writer adds one to the room's counter, which gives it a number, and then creates the message under that number. In
//! between, and for ever if the writer is killed, the number is a hole. A reader may not skip a hole, because it would miss a
//! message that is still being written, and may not wait for ever. So a hole is *young* until there is proof that its number
//! was taken [`GRACE`] ago, and readers stop before it. A reader that finds an *old* hole stores a tombstone there, under the
//! condition that the number has no item. A late writer fails the same condition and takes a new number.

use std::{collections::BTreeMap, time::Duration};

use kernel::Time;

/// The time that a writer has between taking a number and committing the message. It is far more than a writer needs. A later
/// writer loses only the number.
pub const GRACE: Duration = Duration::from_secs(10);

/// How far a reader may go, and the tombstones it has to store before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The last number before the first young hole. Everything up to here is settled.
    pub upto: u64,
    /// The old holes up to that number, ascending.
    pub holes: Vec<u64>,
}

/// Settles the window `from..=to` of a room. `held` has the time at which each existing item took its number (items after `to`
/// count as proof too), and `latest` the time of the room's latest number.
///
/// Numbers are taken in order, so an item after a hole proves that the hole is at least as old as the item.
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
    fn a_hole_is_old_when_the_room_was_quiet_or_a_later_item_is_old() {
        assert_eq!(judged(1, 3, &[(1, 60), (3, 20)], 20), (3, vec![2]));
        assert_eq!(judged(1, 4, &[(1, 60), (3, 10), (4, 0)], 0), (4, vec![2]));
        assert_eq!(judged(1, 3, &[(1, 60)], 10), (3, vec![2, 3]));
        // An age of nine seconds is no proof.
        assert_eq!(judged(1, 3, &[(1, 60), (3, 9)], 9), (1, vec![]));
    }

    #[test]
    fn items_after_the_window_count_as_proof() {
        assert_eq!(judged(5, 5, &[(6, 11)], 0), (5, vec![5]));
        assert_eq!(judged(5, 5, &[(6, 1)], 0), (4, vec![]));
    }

    #[test]
    fn old_holes_after_a_young_one_are_left_to_later_readers() {
        // 2 is young although 4 is known to be a hole: an item proves only the age of the numbers before it.
        assert_eq!(judged(1, 5, &[(1, 60), (3, 60), (5, 1)], 1), (3, vec![2]));
        assert_eq!(judged(1, 6, &[(2, 60), (6, 0)], 0), (2, vec![1]));
    }

    /// Tries every history of a small room: what a reader has seen stays true, and every hole is settled after a wait.
    #[test]
    fn what_was_shown_never_changes_and_no_reader_waits_for_ever() {
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
