//! Limits against programs that try stolen cards: few payments in an hour, and a captcha after three refused cards, or a proof of work
//! while the service of captchas does not answer.

use http::HeaderMap;
use kernel::{Client, Kind, Origins, Problem, Time, env::Reader, id::UserId};
use proofs::{
    captcha::{Captcha, CaptchaSite},
    gate::Gate,
};
use store::{
    Sealer, StoreError, Table,
    limits::{self, DAY, HOUR, Quota},
};

/// The limit on payments that a person begins.
pub const PAYMENTS: Quota = Quota::window("payments", 5, HOUR, "payments that a person begins");
/// The limit on payments that are begun from one network.
pub const FROM_NETWORK: Quota = Quota::window("payments_network", 10, HOUR, "payments that are begun from a network");
/// The limit on captchas of a person that are checked before payments, because each is a request to the service.
pub const CAPTCHAS: Quota = Quota::window("payment_captchas", 20, HOUR, "captchas of a person before payments");
/// The number of refused cards of a person after which a payment needs a captcha.
const REFUSED: Quota = Quota::window("cards_refused", 3, DAY, "refused cards of a person").frequent();
/// Like [`REFUSED`], for everybody in one network.
const REFUSED_NETWORK: Quota = Quota::window("cards_refused_network", 3, DAY, "refused cards of a network").frequent();

/// The action that a page names when it gets the token of a captcha.
const ACTION: &str = "pay";

/// Requires captchas before payments after refused cards.
#[derive(Clone)]
pub struct CardGate {
    captcha: Option<Captcha>,
    work: Gate,
}

impl CardGate {
    /// Reads the settings of captchas: see [`Captcha::read`]. Without them refused cards have no effect here.
    pub fn read(r: &mut Reader<'_>, sealer: &Sealer) -> Self {
        let origins = Origins::read(r);
        Self { captcha: Captcha::read(r, &origins), work: Gate::of(sealer) }
    }

    /// Returns the settings with which a page gets the token of a captcha, if this deployment uses captchas.
    #[must_use]
    pub fn captcha(&self) -> Option<CaptchaSite> {
        self.captcha.as_ref().map(|captcha| captcha.site(ACTION))
    }

    /// Requires a captcha if three cards of this person, or in this network, were refused: `token`. While the service of captchas does not
    /// answer, a proof of work in `headers`. The caller calls it for each new payment, but not for a repetition of the same request. If
    /// captchas are on, a batch read; after refused cards also a counter and a request to the service; with a proof of work a write.
    ///
    /// # Errors
    /// [`Kind::CaptchaRequired`] if there is no token where one is needed, [`Kind::ProofOfWorkRequired`], [`Kind::TooManyRequests`], and
    /// the errors of [`Captcha::check`].
    pub async fn check(
        &self,
        table: &Table,
        now: Time,
        user: UserId,
        (client, headers): (&Client, &HeaderMap),
        token: Option<&str>,
    ) -> Result<(), Problem> {
        let Some(captcha) = &self.captcha else { return Ok(()) };
        if !has_refused_cards(table, now, user, &client.network()).await? {
            return Ok(());
        }
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            return Err(Kind::CaptchaRequired.because("three cards were refused"));
        };
        limits::take(table, now, &[CAPTCHAS.of(user)]).await?;
        let Err(refused) = captcha.check(now, token, ACTION).await else { return Ok(()) };
        refused.or_else(self.work.demand_once(table, now, (client, headers), &format!("{ACTION} {user}"))).await
    }
}

async fn has_refused_cards(table: &Table, now: Time, user: UserId, network: &str) -> Result<bool, StoreError> {
    let (own, shared) = (REFUSED.of(user), REFUSED_NETWORK.of(network));
    let mut found = table.get_many(vec![own.key(), shared.key()]).await?;
    Ok(limits::judge(now, &[own.read(&mut found, now)?, shared.read(&mut found, now)?]).is_err())
}

/// Counts a refused card of a person, once, by Stripe's id of the charge.
///
/// # Errors
/// [`StoreError`]
pub async fn card_refused(table: &Table, now: Time, user: UserId, charge: &str) -> Result<(), StoreError> {
    limits::record_different(table, now, &REFUSED.of(user), charge).await
}

/// Like [`card_refused`], of the network that the payment was begun from.
///
/// # Errors
/// [`StoreError`]
pub async fn card_refused_in(table: &Table, now: Time, network: &str, charge: &str) -> Result<(), StoreError> {
    limits::record_different(table, now, &REFUSED_NETWORK.of(network), charge).await
}
