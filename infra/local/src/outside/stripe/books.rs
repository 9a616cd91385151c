//! Payments, refunds and disputes: each operation changes the stored objects and adds the events about the change.

use std::collections::BTreeMap;

use kernel::{Sys, Time};
use serde_json::Value;

use super::{
    banks::Bank,
    cards::{Card, CardOutcome},
    objects::{Books, ChargeEntry, DisputeEntry, EventEntry, IntentEntry, RefundEntry, new_id},
    refusal::{Declined, Refusal},
    render,
};

/// The seconds in which a payer confirms a payment with BLIK.
const BLIK_SECONDS: i64 = 60;

/// A payer's method, and the address to which the payer returns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Confirmation {
    pub method: Option<String>,
    pub return_url: Option<String>,
}

impl Books {
    fn intent_mut(&mut self, id: &str) -> Result<&mut IntentEntry, Refusal> {
        self.intents.get_mut(id).ok_or_else(|| Refusal::missing("payment_intent", id, "id"))
    }

    /// Uses a payer's card for a payment, or asks the payer's bank.
    pub fn confirm(&mut self, sys: &Sys, id: &str, with: Confirmation) -> Result<(), Refusal> {
        let intent = self.intent(id, "id")?.clone();
        if !["requires_payment_method", "requires_confirmation"].contains(&intent.status.as_str()) {
            return Err(Refusal::state("confirm", &intent.status));
        }
        let Some(method) = with.method.or(intent.method) else {
            let message = "You cannot confirm this PaymentIntent because it's missing a payment method.";
            return Err(Refusal::invalid(message).code("payment_intent_unexpected_state"));
        };
        if let Some(bank) = Bank::of_method(&method) {
            return self.ask(sys, id, bank, with.return_url);
        }
        let Some(card) = Card::of_method(&method) else { return Err(Refusal::missing("PaymentMethod", &method, "payment_method")) };
        self.intent_mut(id)?.return_url = with.return_url;
        match card.outcome {
            CardOutcome::Confirmed(_) => {
                let intent = self.intent_mut(id)?;
                (intent.status, intent.method, intent.error) = ("requires_action".to_owned(), Some(method), None);
                self.add_intent_event(sys, id, "payment_intent.requires_action");
                Ok(())
            }
            CardOutcome::Declined(code, reason) => self.decline(sys, id, card.method, code, reason),
            CardOutcome::Pays => self.pay(sys, id, card.method),
            CardOutcome::Disputed(reason) => {
                self.pay(sys, id, card.method)?;
                self.dispute(sys, id, reason)
            }
        }
    }

    /// Asks the payer's bank to pay. The payer has to confirm the payment.
    fn ask(&mut self, sys: &Sys, id: &str, bank: Bank, return_url: Option<String>) -> Result<(), Refusal> {
        let now = sys.now().seconds();
        let intent = self.intent_mut(id)?;
        if !intent.methods.iter().any(|kind| kind == bank.kind()) {
            let message = format!("The payment method type \"{}\" is not allowed for this PaymentIntent.", bank.kind());
            return Err(Refusal::invalid(message).code("payment_intent_invalid_parameter").param("payment_method"));
        }
        if bank == Bank::P24 && return_url.is_none() {
            return Err(Refusal::invalid("Missing required param: return_url.").code("parameter_missing").param("return_url"));
        }
        (intent.status, intent.error, intent.return_url) = ("requires_action".to_owned(), None, return_url);
        (intent.method, intent.asked_at) = (Some(bank.method().to_owned()), now);
        self.add_intent_event(sys, id, "payment_intent.requires_action");
        Ok(())
    }

    /// Acts as a payer who confirms a payment, or fails to confirm it. With BLIK it may be too late.
    pub fn authenticate(&mut self, sys: &Sys, id: &str, confirmed: bool) -> Result<(), Refusal> {
        let intent = self.intent(id, "id")?;
        let method = intent.method.clone().filter(|_| intent.status == "requires_action");
        let Some(method) = method else { return Err(Refusal::state("authenticate", &intent.status)) };
        let late = sys.now().seconds().saturating_sub(intent.asked_at) > BLIK_SECONDS;
        match (Bank::of_method(&method), Card::of_method(&method).map(|card| card.outcome)) {
            (Some(Bank::Blik), _) if late || !confirmed => {
                self.decline(sys, id, &method, "payment_intent_payment_attempt_failed", "generic_decline")
            }
            _ if !confirmed => self.decline(sys, id, &method, "payment_intent_authentication_failure", "authentication_not_handled"),
            (Some(Bank::P24), _) => {
                "processing".clone_into(&mut self.intent_mut(id)?.status);
                self.add_intent_event(sys, id, "payment_intent.processing");
                Ok(())
            }
            (_, Some(CardOutcome::Confirmed(Some((code, reason))))) => self.decline(sys, id, &method, code, reason),
            _ => self.pay(sys, id, &method),
        }
    }

    /// Acts as a payer's bank that has decided whether it pays.
    pub fn decide(&mut self, sys: &Sys, id: &str, pays: bool) -> Result<(), Refusal> {
        let intent = self.intent(id, "id")?;
        let method = intent.method.clone().filter(|_| intent.status == "processing");
        let Some(method) = method else { return Err(Refusal::state("decide about", &intent.status)) };
        if pays {
            return self.pay(sys, id, &method);
        }
        self.decline(sys, id, &method, "payment_intent_payment_attempt_failed", "generic_decline")
    }

    fn pay(&mut self, sys: &Sys, id: &str, method: &str) -> Result<(), Refusal> {
        let charge = self.charge(sys, id, method, None)?;
        let intent = self.intent_mut(id)?;
        intent.received = intent.amount;
        (intent.status, intent.error) = ("succeeded".to_owned(), None);
        (intent.method, intent.charge) = (Some(method.to_owned()), Some(charge.clone()));
        self.add_charge_event(sys, &charge, "charge.succeeded");
        self.add_intent_event(sys, id, "payment_intent.succeeded");
        Ok(())
    }

    fn decline(&mut self, sys: &Sys, id: &str, method: &str, code: &'static str, reason: &'static str) -> Result<(), Refusal> {
        let charge = self.charge(sys, id, method, Some((code, reason)))?;
        let message = if Bank::of_method(method).is_some() { "The payment was declined." } else { "Your card was declined." };
        let refusal = |intent| {
            let declined = Declined { reason, charge: charge.clone(), intent };
            Refusal { declined: Some(Box::new(declined)), ..Refusal::new(402, "card_error", message).code(code) }
        };
        let error = refusal(None).body().get("error").cloned();
        let intent = self.intent_mut(id)?;
        (intent.status, intent.method, intent.error) = ("requires_payment_method".to_owned(), None, error);
        intent.charge = Some(charge.clone());
        self.add_charge_event(sys, &charge, "charge.failed");
        self.add_intent_event(sys, id, "payment_intent.payment_failed");
        Err(refusal(self.intents.get(id).map(|intent| render::intent(self, intent, &[]))))
    }

    fn charge(&mut self, sys: &Sys, id: &str, method: &str, failure: Option<(&str, &str)>) -> Result<String, Refusal> {
        let intent = self.intent(id, "id")?.clone();
        let charge = ChargeEntry {
            id: new_id(sys, "ch"),
            created: sys.now().seconds(),
            amount: intent.amount,
            currency: intent.currency,
            intent: intent.id,
            customer: intent.customer,
            metadata: intent.metadata,
            paid: failure.is_none(),
            refunded: 0,
            disputed: false,
            failure: failure.map(|(code, reason)| (code.to_owned(), reason.to_owned())),
            method: method.to_owned(),
        };
        let id = charge.id.clone();
        self.charges.insert(id.clone(), charge);
        Ok(id)
    }

    /// Cancels a payment.
    pub fn cancel(&mut self, sys: &Sys, id: &str, reason: Option<String>) -> Result<(), Refusal> {
        let intent = self.intent_mut(id)?;
        if ["processing", "succeeded", "canceled"].contains(&intent.status.as_str()) {
            return Err(Refusal::state("cancel", &intent.status));
        }
        (intent.status, intent.canceled_at, intent.cancellation_reason) = ("canceled".to_owned(), Some(sys.now().seconds()), reason);
        self.add_intent_event(sys, id, "payment_intent.canceled");
        Ok(())
    }

    /// Refunds the rest of a charge, or a part of it.
    pub fn refund(
        &mut self,
        sys: &Sys,
        charge: &str,
        amount: Option<i64>,
        reason: Option<String>,
        metadata: BTreeMap<String, String>,
    ) -> Result<String, Refusal> {
        let Some(found) = self.charges.get_mut(charge) else { return Err(Refusal::missing("charge", charge, "charge")) };
        let left = found.amount.saturating_sub(found.refunded);
        if !found.paid {
            return Err(Refusal::invalid("This charge has failed and cannot be refunded.").code("charge_not_refundable"));
        }
        if self.intents.get(&found.intent).is_some_and(|intent| intent.refuses_refunds) {
            return Err(Refusal::invalid(format!("Charge {charge} cannot be refunded.")).code("charge_not_refundable"));
        }
        if self.disputes.values().any(|dispute| dispute.charge == charge && dispute.status != "won") {
            return Err(Refusal::invalid(format!("Charge {charge} has been charged back; cannot issue a refund.")).code("charge_disputed"));
        }
        if left == 0 {
            return Err(Refusal::invalid(format!("Charge {charge} has already been refunded.")).code("charge_already_refunded"));
        }
        let amount = amount.unwrap_or(left);
        if amount > left {
            return Err(
                Refusal::invalid(format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})")).param("amount")
            );
        }
        found.refunded = found.refunded.saturating_add(amount);
        let (currency, intent) = (found.currency.clone(), found.intent.clone());
        let id = new_id(sys, "re");
        let created = sys.now().seconds();
        let charged = charge.to_owned();
        let refund = RefundEntry { id: id.clone(), created, amount, currency, intent, charge: charged, reason, metadata, failed: false };
        self.refunds.insert(id.clone(), refund);
        if let Some(object) = self.refunds.get(&id).map(render::refund) {
            self.add_event(sys, "refund.created", object);
        }
        self.add_charge_event(sys, charge, "charge.refunded");
        Ok(id)
    }

    /// Acts as a payer's bank that refuses the refunds of a payment, or those of this amount, for example because the card is closed.
    pub fn fail_refunds(&mut self, sys: &Sys, intent: &str, amount: Option<i64>) -> Result<(), Refusal> {
        let mut failed = Vec::new();
        let these = |refund: &&mut RefundEntry| refund.intent == intent && !refund.failed && amount.is_none_or(|one| one == refund.amount);
        for refund in self.refunds.values_mut().filter(these) {
            refund.failed = true;
            if let Some(charge) = self.charges.get_mut(&refund.charge) {
                charge.refunded = charge.refunded.saturating_sub(refund.amount);
            }
            failed.push(render::refund(refund));
        }
        if failed.is_empty() {
            return Err(Refusal::invalid("There is no refund to refuse."));
        }
        for object in failed {
            self.add_event(sys, "refund.failed", object);
        }
        Ok(())
    }

    /// Refuses all refunds of a payment from now on, or accepts them again.
    pub fn refuse_refunds(&mut self, intent: &str, refuses: bool) -> Result<(), Refusal> {
        self.intent_mut(intent)?.refuses_refunds = refuses;
        Ok(())
    }

    /// Acts as a payer who disputes a payment at the bank.
    pub fn dispute(&mut self, sys: &Sys, intent: &str, reason: &str) -> Result<(), Refusal> {
        let charge = self.intent(intent, "id")?.charge.clone().unwrap_or_default();
        let Some(found) = self.charges.get_mut(&charge).filter(|charge| charge.paid && !charge.disputed) else {
            return Err(Refusal::invalid("There is no payment to dispute."));
        };
        found.disputed = true;
        let (amount, currency) = (found.amount, found.currency.clone());
        let id = new_id(sys, "dp");
        let (created, status) = (sys.now().seconds(), "needs_response".to_owned());
        let (intent, reason) = (intent.to_owned(), reason.to_owned());
        let dispute = DisputeEntry { id: id.clone(), created, amount, currency, intent, charge, reason, status };
        let object = render::dispute(&dispute);
        self.disputes.insert(id, dispute);
        self.add_event(sys, "charge.dispute.created", object);
        Ok(())
    }

    /// Ends the dispute of a payment: `won` or `lost`. The charge stays marked as disputed.
    pub fn end_dispute(&mut self, sys: &Sys, intent: &str, end: &str) -> Result<(), Refusal> {
        let open = self.disputes.values_mut().find(|dispute| dispute.intent == intent && dispute.status == "needs_response");
        let Some(dispute) = open else { return Err(Refusal::invalid("There is no open dispute.")) };
        end.clone_into(&mut dispute.status);
        let object = render::dispute(dispute);
        self.add_event(sys, "charge.dispute.closed", object);
        Ok(())
    }

    fn add_charge_event(&mut self, sys: &Sys, charge: &str, kind: &str) {
        if let Some(object) = self.charges.get(charge).map(render::charge) {
            self.add_event(sys, kind, object);
        }
    }

    /// Adds an event about a payment.
    pub fn add_intent_event(&mut self, sys: &Sys, id: &str, kind: &str) {
        if let Some(object) = self.intents.get(id).map(|intent| render::intent(self, intent, &[])) {
            self.add_event(sys, kind, object);
        }
    }

    /// Adds an event that is not delivered yet.
    pub fn add_event(&mut self, sys: &Sys, kind: &str, object: Value) {
        let (id, created, kind) = (new_id(sys, "evt"), sys.now().seconds(), kind.to_owned());
        let new = EventEntry { id, created, kind, object, delivered: false, attempts: 0, due: None, is_being_sent: false, times: 1 };
        self.events.push(new);
    }

    /// Returns when the next delivery is due that is not being made.
    pub fn next_due(&self) -> Option<Time> {
        self.events.iter().filter(|event| !event.is_being_sent).filter_map(|event| event.due).min()
    }

    /// Begins the deliveries that are due. Returns the id of the event of each.
    pub fn begin_due(&mut self, now: Time) -> Vec<String> {
        let is_due = |event: &&mut EventEntry| !event.is_being_sent && event.due.is_some_and(|at| at <= now);
        let mut begun = Vec::new();
        for event in self.events.iter_mut().filter(is_due) {
            event.is_being_sent = true;
            begun.extend((0..event.times).map(|_| event.id.clone()));
        }
        begun
    }
}
