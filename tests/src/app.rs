//! An authenticator app.

use std::{collections::BTreeSet, sync::Mutex, time::Duration};

use kernel::Time;
use local::Stack;
use totp_rs::{Builder, Secret};

/// An authenticator app with one secret.
pub struct App {
    secret: Secret,
    shown: Mutex<BTreeSet<i64>>,
}

impl App {
    /// Creates an app with this secret in Base32, as a person would type it.
    ///
    /// # Panics
    /// If the secret is not valid Base32.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self { secret: Secret::try_from_base32(secret.replace(' ', "")).expect("base32"), shown: Mutex::default() }
    }

    /// Returns the code that it shows at a moment.
    ///
    /// # Panics
    /// If the secret is not valid for an app.
    #[must_use]
    pub fn at(&self, moment: Time) -> String {
        let totp = Builder::new().with_secret(self.secret.clone()).build().expect("a secret of 160 bits");
        totp.generate(u64::try_from(moment.seconds()).expect("a moment after 1970")).to_string()
    }

    /// Returns a code that was not returned before: the clock is moved until the app shows another one.
    ///
    /// # Panics
    /// If the clock cannot be moved.
    pub fn code(&self, cloud: &Stack) -> String {
        let step = |at: Time| at.seconds().div_euclid(30);
        let mut shown = self.shown.lock().expect("nobody panics here");
        while !shown.insert(step(cloud.sys.now())) {
            cloud.clock.advance(Duration::from_secs(30)).expect("the clock moves");
        }
        self.at(cloud.sys.now())
    }

    /// Returns a code that it shows neither now nor in the steps before and after, which count too.
    ///
    /// # Panics
    /// If the secret is not valid for an app.
    #[must_use]
    pub fn wrong(&self, cloud: &Stack) -> String {
        let (now, step) = (cloud.sys.now(), Duration::from_secs(30));
        let shown = [now - step, now, now + step].map(|moment| self.at(moment));
        (0..4).map(|n| format!("{n:06}")).find(|code| !shown.contains(code)).expect("three codes at most are right")
    }
}
