//! Plans: which plans can be bought, their prices, and which plans a person has.
//!
//! A price is the server's alone: a request names the plan, and nothing else. Whoever has paid has the plan from then on, without an end,
//! until all of it is given back or the payment is disputed; a dispute that was won brings it back. Of several plans the most expensive one
//! counts. Prices in different currencies cannot be compared: after a change of the plans' currency, the plans in the currency of the last
//! payment count. A payment of what the payer has already, which was begun in another tab before that was paid, is given back ([`Beside`]).

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use accounts::user::partition;
use countries::Country;
use events::{Outbox, delivery::PlanReceiptDue};
use kernel::{
    FieldError, Locale, Sys, Time,
    env::Reader,
    id::{PlanPaymentId, UserId},
};
use money::{Currency, Money};
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal, Range, StoreError, Table, Tx};

use crate::{Beside, CardPayment, PaidFor, PaymentState, Purpose, history};

/// The payment of a plan.
pub type PlanPayment = CardPayment<Plan>;

/// The maximum number of characters of a plan's id and of its names.
const TEXT_MAX: usize = 32;
/// The prefix of the sort keys of [`HeldPlan`]s.
const HELD: &str = "HELD_PLAN#";
/// The maximum number of a person's plans that are read. Each needs a separate payment.
const AT_ONCE: u32 = 40;

/// A plan, as it was when it was bought, or as it is sold now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id, which requests name: lower-case letters, digits and hyphens.
    pub id: String,
    /// Its names by the tags of their languages. That of the default language stands in for one that is missing.
    pub names: BTreeMap<String, String>,
    /// Its price.
    pub price: Money,
}

impl Plan {
    /// Returns whether one of these plans is this plan, at any price, or costs at least as much in the same currency.
    #[must_use]
    pub fn is_covered(&self, held: &[HeldPlan]) -> bool {
        held.iter().any(|HeldPlan { plan, .. }| {
            let same_currency = plan.price.currency() == self.price.currency();
            plan.id == self.id || (same_currency && plan.price.amount() >= self.price.amount())
        })
    }

    /// Returns a plan, as settings write it: `basic:1225:Basic:pl=Podstawowy`, with the price in minor units.
    fn parse(text: &str, currency: Currency) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').map(str::trim).collect();
        let [id, price, names @ ..] = parts.as_slice() else { return None };
        let is_name = |text: &str| (1..=TEXT_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        let is_id = id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let price = price.parse::<u64>().ok().filter(|price| currency.by_card().contains(price))?;
        let price = Money::new(price, currency).ok()?;
        let names = Locale::names(names).filter(|names| names.values().all(|name| is_name(name)))?;
        (is_id && is_name(id)).then(|| Self { id: (*id).to_owned(), names, price })
    }

    /// Returns its name in this language.
    #[must_use]
    pub fn name(&self, locale: Locale) -> &str {
        locale.name_of(&self.names).unwrap_or(&self.id)
    }
}

/// The plans that are sold.
#[derive(Clone)]
pub struct Plans(Arc<[Plan]>);

impl Plans {
    /// Reads `PLANS`, a list such as `basic:1225:Basic:pl=Podstawowy`, in minor units of `PLAN_CURRENCY`. It may be empty.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let currency = currency(r, "PLAN_CURRENCY", Currency::Gbp);
        let texts = r.list("PLANS");
        let plans: Vec<Plan> = texts.iter().filter_map(|text| Plan::parse(text, currency)).collect();
        if plans.len() < texts.len() {
            r.wrong("PLANS has a plan that is not id:price:name or id:price:name:tag=name, with a price that Stripe takes".to_owned());
        }
        let mut ids: Vec<&str> = plans.iter().map(|plan| plan.id.as_str()).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            r.wrong("PLANS has two plans with one id".to_owned());
        }
        Self(plans.into())
    }

    /// Returns all of them, in the order of the settings.
    #[must_use]
    pub fn all(&self) -> &[Plan] {
        &self.0
    }

    /// Returns the plan with this id.
    ///
    /// # Errors
    /// `choice`
    pub fn find(&self, id: &str) -> Result<Plan, FieldError> {
        self.0.iter().find(|plan| plan.id == id).cloned().ok_or(FieldError::CHOICE)
    }
}

/// Reads the code of a currency.
pub(crate) fn currency(r: &mut Reader<'_>, name: &'static str, default: Currency) -> Currency {
    let code: String = r.or(name, default.code().to_owned());
    if let Some(currency) = Currency::ALL.into_iter().find(|currency| currency.code() == code) {
        return currency;
    }
    r.wrong(format!("{name} is no currency that is known here"));
    default
}

impl PlanPayment {
    /// Returns whether the payer has the plan.
    #[must_use]
    pub fn gives(&self) -> bool {
        self.state == PaymentState::Paid && !self.back.disputed
    }
}

impl Purpose for Plan {
    type Id = PlanPaymentId;
    const KIND: &'static str = "plan_payment";
    const PREFIX: &'static str = "PLAN_PAYMENT#";
    const SORT: &'static str = "PLAN_PAYMENT#{plan_payment}";
    const DUE: &'static str = "DUE_PLAN_PAYMENTS";
    const DESCRIPTION: &'static str = "Plan";
    fn paid_for(id: PlanPaymentId) -> PaidFor {
        PaidFor::Plan(id)
    }
    fn amount(&self) -> Money {
        self.price
    }
    fn country(&self) -> Option<Country> {
        None
    }
    // The price is not part of the fingerprint, so that a repetition gets the former answer even if the price has changed.
    fn fingerprint(&self) -> String {
        self.id.clone()
    }
    // The unpaid payments are read before the plans: a payment that is paid after the first read changes its version, and one that was paid
    // before is among the plans.
    async fn beside(table: &Table, payment: &PlanPayment) -> Result<Beside, StoreError> {
        let others = history::<Self>(table, payment.user, None, AT_ONCE).await?.items;
        let unmade = others.into_iter().filter(|other| other.id != payment.id && other.paid_at.is_none());
        let unmade = unmade.map(|other| (other.key(), other.version)).collect();
        // Another event may have written this payment in the meantime, so that its own plan is there.
        let held: Vec<HeldPlan> = HeldPlan::of(table, payment.user).await?.into_iter().filter(|held| held.payment != payment.id).collect();
        let is_held = payment.purpose.is_covered(&held);
        Ok(Beside { is_held, unmade })
    }
    fn follow(tx: &mut Tx, sys: &Sys, before: &CardPayment<Self>, after: &CardPayment<Self>) {
        // A payment that was refunded before it gave the plan gets no receipt.
        if before.is_paid_by(after) && after.state == PaymentState::Paid {
            Outbox::add(tx, sys, &PlanReceiptDue { user: after.user, payment: after.id });
        }
        if before.gives() && !after.gives() {
            tx.delete(HeldPlan::key_of(after.user, after.id));
        }
        if after.gives() && !before.gives() {
            tx.put_always(&HeldPlan {
                user: after.user,
                payment: after.id,
                plan: after.purpose.clone(),
                paid_at: after.paid_at.unwrap_or_else(|| sys.now()),
            });
        }
    }
}

/// A plan that a person has because of a payment. The item exists exactly while the payment gives the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldPlan {
    user: UserId,
    /// The payment.
    pub payment: PlanPaymentId,
    /// The plan.
    pub plan: Plan,
    /// Since when.
    pub paid_at: Time,
}

impl HeldPlan {
    fn key_of(user: UserId, payment: PlanPaymentId) -> Key {
        Key::new(partition(user), format!("{HELD}{payment}"))
    }

    /// Returns a person's plans: the most expensive one first, and of equal ones the oldest. Plans in the currency of the last payment come
    /// before others. One query.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of(table: &Table, user: UserId) -> Result<Vec<Self>, StoreError> {
        let held = table.query::<Self>(Range::of(partition(user)).prefix(HELD).limit(AT_ONCE)).await?.items;
        Ok(Self::best_first(held))
    }

    fn best_first(mut held: Vec<Self>) -> Vec<Self> {
        let last = held.iter().max_by_key(|held| held.paid_at).map(|held| held.plan.price.currency());
        held.sort_by_key(|held| {
            let price = held.plan.price;
            (last != Some(price.currency()), price.currency().code(), Reverse(price.amount()), held.paid_at)
        });
        held
    }
}

impl Item for HeldPlan {
    const KIND: &'static str = "held_plan";
    const ABOUT: About =
        About::beside_user("HELD_PLAN#{plan_payment}", Personal::Exported(&["payment", "plan", "paid_at"])).removed_by("payments");
    fn key(&self) -> Key {
        Self::key_of(self.user, self.payment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MoneyBack;

    fn plans(text: &str) -> Option<Plans> {
        let env: kernel::Env = [("PLANS".to_owned(), text.to_owned())].into_iter().collect();
        env.read(Plans::read).ok()
    }

    #[test]
    fn plans_are_settings() {
        let sold = plans("basic:1225:Basic:pl=Podstawowy, premium : 5000 : Premium : pl = Premium").unwrap();
        let basic = sold.find("basic").unwrap();
        assert_eq!((basic.price, basic.name(Locale::Pl)), (Money::new(1225, Currency::Gbp).unwrap(), "Podstawowy"));
        assert_eq!((sold.all().len(), sold.find("gold").map_err(|e| e.code)), (2, Err("choice")));
        let one = plans("basic:1225:Basic").unwrap().find("basic").unwrap();
        assert!(Locale::ALL.into_iter().all(|locale| one.name(locale) == "Basic"), "a name may be for all languages");
        assert!(plans("").is_some_and(|none| none.all().is_empty()), "a deployment may sell none");
        for wrong in [
            "basic",
            "basic:12.25:a",
            "basic:29:a",
            "basic:100000000:a",
            "basic:-1:a",
            "Basic:99:a",
            "basic:99",
            "basic:99::pl=b",
            "basic:99:a:b",
            "basic:99:a:xx=b",
            "a:99:a,a:98:c",
        ] {
            assert!(plans(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn prices_in_different_currencies_say_nothing_about_each_other() {
        let sys = Sys::real();
        let plan = |text: &str, currency| Plan::parse(text, currency).unwrap();
        let held = |text: &str, currency, at: i64| HeldPlan {
            user: UserId::NIL,
            payment: sys.id(),
            plan: plan(text, currency),
            paid_at: Time::from_millis(at),
        };
        let best = |held: Vec<HeldPlan>| HeldPlan::best_first(held).into_iter().map(|held| held.plan.id).collect::<Vec<_>>();
        let (premium, basic) = (held("premium:5000:a", Currency::Gbp, 1), held("basic:6000:b", Currency::Pln, 2));
        let standard = held("standard:12000:c", Currency::Pln, 3);
        // The currency of the last payment counts, so that nobody pays for a plan without effect.
        assert_eq!(best(vec![premium.clone(), basic.clone(), standard.clone()]), ["standard", "basic", "premium"]);
        assert_eq!(best(vec![basic.clone(), held("gold:100:d", Currency::Gbp, 4), premium.clone()]), ["premium", "gold", "basic"]);
        for (wanted, currency, expected) in [
            ("basic:6000:a", Currency::Pln, false),
            ("premium:25000:a", Currency::Pln, true),
            ("premium:9000:a", Currency::Gbp, true),
            ("standard:5000:a", Currency::Gbp, true),
            ("gold:5001:a", Currency::Gbp, false),
        ] {
            assert_eq!(plan(wanted, currency).is_covered(std::slice::from_ref(&premium)), expected, "{wanted}");
        }
    }

    #[test]
    fn whoever_has_paid_has_the_plan_until_it_is_given_back_or_disputed() {
        let plan = Plan::parse("basic:1225:Basic:pl=Podstawowy", Currency::Gbp).unwrap();
        let pending = PlanPayment::new(&Sys::real(), UserId::NIL, String::new(), plan);
        let paid = PlanPayment { state: PaymentState::Paid, ..pending.clone() };
        for (payment, gives) in [
            (pending.clone(), false),
            (pending.cancelled(), false),
            (paid.clone(), true),
            (PlanPayment { back: MoneyBack { refunded: 25, ..MoneyBack::default() }, ..paid.clone() }, true),
            (PlanPayment { state: PaymentState::Refunded, ..paid.clone() }, false),
            (PlanPayment { back: MoneyBack { disputed: true, ..MoneyBack::default() }, ..paid }, false),
        ] {
            assert_eq!(payment.gives(), gives, "{payment:?}");
        }
    }
}
