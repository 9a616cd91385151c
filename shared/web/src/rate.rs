//! The general limit on the requests of one client.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kernel::{Client, Kind, Problem, Time, env::Reader};
use lru::LruCache;

/// The name of the limit in `RateLimit-Policy`.
pub const CLIENT_RATE: &str = "client_rate";
/// The value of the stage variable [`CLIENT_RATE`] that switches the limit off. Clients cannot set stage variables. The local cloud sets it
/// when its limits are switched off.
pub const LIFTED: &str = "lifted";
/// The default of requests per second.
const DEFAULT: u32 = 20;
/// The size of a burst in seconds' worth of requests. Pages start with many requests.
const BURST_SECONDS: u32 = 4;
/// The maximum number of clients that are counted. A client that drops out of the cache starts with a full burst again.
const CLIENTS: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// The limit on requests of one client to this process.
///
/// Requests are counted in the memory of the process, without AWS calls. Each process counts only the requests that it serves, so the limit
/// stops clients that never pause but is not exact. Operations that cost money or reveal something have exact limits in the table.
#[derive(Clone)]
pub struct ClientRate {
    burst: u32,
    interval: Duration,
    /// The time at which each client may send a full burst again.
    full_at: Arc<Mutex<LruCache<String, Time>>>,
}

impl ClientRate {
    /// Reads `CLIENT_RATE`: requests per second, 1 to 1000.
    pub fn read(r: &mut Reader<'_>) -> Self {
        const NAME: &str = "CLIENT_RATE";
        let given: u32 = r.or(NAME, DEFAULT);
        if !(1..=1000).contains(&given) {
            r.wrong(format!("{NAME} is not between 1 and 1000"));
        }
        Self::new(given)
    }

    fn new(per_second: u32) -> Self {
        Self {
            burst: per_second.saturating_mul(BURST_SECONDS),
            interval: Duration::from_secs(1).checked_div(per_second).unwrap_or_default(),
            full_at: Arc::new(Mutex::new(LruCache::new(CLIENTS))),
        }
    }

    /// Counts a request. Requests without an address are not counted.
    ///
    /// # Errors
    /// [`Kind::TooManyRequests`]
    pub(crate) fn take(&self, client: &Client, now: Time) -> Result<(), Problem> {
        if client.address.is_none() {
            return Ok(());
        }
        let window = self.interval.saturating_mul(self.burst);
        let mut clients = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = clients.get_or_insert_mut(client.network(), || now);
        // A time later than a window from now means that the clock was set back.
        let begin = if *full_at > now + window { now } else { (*full_at).max(now) };
        let next = begin + self.interval;
        let wait = next.since(now + window);
        if !wait.is_zero() {
            return Err(Problem::new(Kind::TooManyRequests).retry_after(wait).limited(CLIENT_RATE, self.burst, window));
        }
        *full_at = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use kernel::Env;

    use super::*;

    fn client(address: &str) -> Client {
        Client { address: address.parse().ok(), ..Client::default() }
    }

    #[test]
    fn a_client_that_never_pauses_is_slowed_down() {
        let rate = ClientRate::new(20);
        let at = |ms: i64| Time::from_millis(1_893_499_200_000_i64.saturating_add(ms));
        let served = |address: &str, ms: i64| (0..120).filter(|_| rate.take(&client(address), at(ms)).is_ok()).count();
        assert_eq!(served("203.0.113.1", 0), 80);
        assert_eq!(served("203.0.113.1", 0), 0, "refusals count nothing");
        assert_eq!(served("203.0.113.2", 0), 80, "each client has its own");
        assert_eq!((served("203.0.113.1", 49), served("203.0.113.1", 50), served("203.0.113.1", 1050)), (0, 1, 20));
        assert_eq!(served("203.0.113.1", 60_000), 80);
        assert_eq!(served("203.0.113.1", -60_000), 80, "the clock was set back");
        assert_eq!((served("2001:db8::1", 0), served("2001:db8::2", 0), served("2001:db8:0:1::1", 0)), (80, 0, 80));
        assert_eq!(served("unknown", 0), 120);
        let refused = rate.take(&client("203.0.113.2"), at(0)).unwrap_err();
        assert_eq!(
            (refused.kind, refused.retry_after, refused.limit),
            (Kind::TooManyRequests, Some(1), Some(Box::new((CLIENT_RATE, 80, 4))))
        );
    }

    #[test]
    fn a_rate_is_between_one_and_a_thousand() {
        let read = |text: &str| {
            let env: Env = [("CLIENT_RATE".to_owned(), text.to_owned())].into_iter().collect();
            env.read(ClientRate::read).map(|rate| (rate.burst, rate.interval))
        };
        for (text, burst, micros) in [("", 80, 50_000), ("1", 4, 1_000_000), ("30", 120, 33_333), ("1000", 4000, 1000)] {
            assert_eq!(read(text).map(|(burst, interval)| (burst, interval.as_micros())), Ok((burst, micros)), "{text}");
        }
        for bad in ["0", "1001", "-1", "x", "1.5"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
