//! Throttling: a token bucket for each route.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use kernel::Time;

use crate::template::{HttpApiSpec, ThrottleSpec};

/// Tokens are counted in thousandths, so that the refill of a millisecond is a whole number.
const TOKEN: u64 = 1_000;

/// The buckets of an API.
pub(crate) struct Throttles {
    default: Option<ThrottleSpec>,
    routes: BTreeMap<String, ThrottleSpec>,
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: u64,
    filled: Time,
}

impl Throttles {
    pub fn new(api: &HttpApiSpec) -> Self {
        Self { default: api.throttle, routes: api.route_throttles.clone(), buckets: Mutex::default() }
    }

    /// Buckets of one size for every route.
    pub fn for_all(spec: Option<ThrottleSpec>) -> Self {
        Self { default: spec, routes: BTreeMap::new(), buckets: Mutex::default() }
    }

    /// Takes a token of a route. False if there is none.
    pub fn admit(&self, route: &str, now: Time) -> bool {
        let Some(spec) = self.routes.get(route).copied().or(self.default) else { return true };
        let full = u64::from(spec.burst).saturating_mul(TOKEN);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(route.to_owned()).or_insert(Bucket { tokens: full, filled: now });
        let elapsed = u64::try_from(now.since(bucket.filled).as_millis()).unwrap_or(u64::MAX);
        // A thousand thousandths a second are one thousandth a millisecond.
        bucket.tokens = bucket.tokens.saturating_add(elapsed.saturating_mul(spec.rate.into())).min(full);
        bucket.filled = now;
        let left = bucket.tokens.checked_sub(TOKEN);
        bucket.tokens = left.unwrap_or(bucket.tokens);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_limits() {
        let throttle = Some(ThrottleSpec { rate: 2, burst: 3 });
        let throttles = Throttles::new(&HttpApiSpec { throttle, ..HttpApiSpec::default() });
        let at = Time::from_millis;
        assert_eq!([0, 0, 0, 0].map(|ms| throttles.admit("GET /", at(ms))), [true, true, true, false]);
        assert!(throttles.admit("GET /other", at(0)), "routes do not share a bucket");
        assert_eq!([499, 500, 501].map(|ms| throttles.admit("GET /", at(ms))), [false, true, false]);
    }
}
