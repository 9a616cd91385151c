//! The objects as JSON of Stripe's API. The tests read all of them with `async-stripe`.

use serde_json::{Value, json};

use super::{
    API_VERSION,
    banks::Bank,
    cards::{Card, CardOutcome},
    objects::{Books, ChargeEntry, CustomerEntry, DisputeEntry, EventEntry, IntentEntry, RefundEntry},
};

/// Returns an object with these members too, which are null.
fn with_nulls(mut object: Value, names: &[&str]) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.extend(names.iter().map(|name| ((*name).to_owned(), Value::Null)));
    }
    object
}

pub(crate) fn customer(id: &str, customer: &CustomerEntry) -> Value {
    let object = json!({
        "id": id, "object": "customer", "balance": 0, "created": customer.created, "delinquent": false, "email": customer.email,
        "invoice_prefix": "5T0A", "invoice_settings": {
            "custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null,
        },
        "livemode": false, "metadata": customer.metadata, "name": customer.name, "next_invoice_sequence": 1, "preferred_locales": [],
        "tax_exempt": "none",
    });
    with_nulls(object, &["address", "currency", "default_source", "description", "discount", "phone", "shipping", "test_clock"])
}

/// Returns a payment, with these properties expanded.
pub(crate) fn intent(books: &Books, intent: &IntentEntry, expand: &[&str]) -> Value {
    let paid_by = intent.charge.as_ref().map(|id| match books.charges.get(id) {
        Some(found) if expand.contains(&"latest_charge.refunds") => with_refunds(books, found),
        Some(found) if expand.contains(&"latest_charge") => charge(found),
        _ => Value::from(id.as_str()),
    });
    let payer = intent.customer.as_ref().map(|id| match books.customers.get(id) {
        Some(found) if expand.contains(&"customer") && !found.deleted => customer(id, found),
        _ => Value::from(id.as_str()),
    });
    let next_action = (intent.status == "requires_action").then(|| match intent.method.as_deref().and_then(Bank::of_method) {
        Some(Bank::Blik) => json!({ "type": "blik_authorize", "blik_authorize": {} }),
        Some(Bank::P24) | None => json!({
            "type": "redirect_to_url",
            "redirect_to_url": { "return_url": intent.return_url, "url": format!("https://hooks.stripe.com/redirect/{}", intent.id) },
        }),
    });
    let object = json!({
        "id": intent.id, "object": "payment_intent", "amount": intent.amount, "amount_capturable": 0, "amount_details": { "tip": {} },
        "amount_received": intent.received, "canceled_at": intent.canceled_at, "cancellation_reason": intent.cancellation_reason,
        "capture_method": "automatic_async", "client_secret": intent.client_secret, "confirmation_method": "automatic",
        "created": intent.created, "currency": intent.currency, "customer": payer, "description": intent.description,
        "last_payment_error": intent.error, "latest_charge": paid_by, "livemode": false, "metadata": intent.metadata,
        "next_action": next_action, "payment_method": intent.method, "payment_method_types": intent.methods, "status": intent.status,
    });
    let nulls = [
        "application",
        "application_fee_amount",
        "automatic_payment_methods",
        "on_behalf_of",
        "processing",
        "receipt_email",
        "review",
        "setup_future_usage",
        "shipping",
        "source",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
        "transfer_group",
    ];
    with_nulls(object, &nulls)
}

pub(crate) fn charge(charge: &ChargeEntry) -> Value {
    let (code, reason) = charge.failure.clone().unzip();
    let failed = code.as_ref().map(|_| "Your card was declined.");
    let outcome = json!({
        "network_status": if charge.paid { "approved_by_network" } else { "declined_by_network" }, "reason": reason,
        "risk_level": "normal", "risk_score": 20, "seller_message": if charge.paid { "Payment complete." } else { "The bank declined." },
        "type": if charge.paid { "authorized" } else { "issuer_declined" },
    });
    let object = json!({
        "id": charge.id, "object": "charge", "amount": charge.amount, "amount_captured": if charge.paid { charge.amount } else { 0 },
        "amount_refunded": charge.refunded, "billing_details": nobody(), "calculated_statement_descriptor": "STOA",
        "captured": charge.paid, "created": charge.created, "currency": charge.currency, "customer": charge.customer,
        "disputed": charge.disputed, "failure_code": code, "failure_message": failed, "fraud_details": {}, "livemode": false,
        "metadata": charge.metadata, "outcome": outcome, "paid": charge.paid, "payment_intent": charge.intent,
        "payment_method": charge.method, "payment_method_details": details(charge),
        "refunded": charge.paid && charge.refunded == charge.amount, "status": if charge.paid { "succeeded" } else { "failed" },
    });
    let nulls = [
        "application",
        "application_fee",
        "application_fee_amount",
        "balance_transaction",
        "description",
        "failure_balance_transaction",
        "on_behalf_of",
        "receipt_email",
        "receipt_number",
        "receipt_url",
        "review",
        "shipping",
        "source",
        "source_transfer",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
        "transfer_group",
    ];
    with_nulls(object, &nulls)
}

/// Returns a charge with its last ten refunds.
fn with_refunds(books: &Books, found: &ChargeEntry) -> Value {
    let mut refunds: Vec<&RefundEntry> = books.refunds.values().filter(|refund| refund.charge == found.id).collect();
    refunds.sort_by_key(|refund| std::cmp::Reverse(refund.created));
    let data: Vec<Value> = refunds.iter().take(10).map(|entry| refund(entry)).collect();
    let mut object = charge(found);
    if let Some(members) = object.as_object_mut() {
        members.insert("refunds".to_owned(), list(&format!("/v1/charges/{}/refunds", found.id), data, refunds.len() > 10));
    }
    object
}

/// Returns how a charge was paid.
fn details(charge: &ChargeEntry) -> Value {
    match Bank::of_method(&charge.method) {
        Some(Bank::Blik) => return json!({ "type": "blik", "blik": { "buyer_id": null } }),
        Some(Bank::P24) => return json!({ "type": "p24", "p24": { "bank": null, "reference": "P24-000-111-222", "verified_name": null } }),
        None => {}
    }
    let card = Card::of_method(&charge.method).map(|card| {
        json!({
            "amount_authorized": charge.amount, "brand": card.brand, "checks": null, "country": "US", "exp_month": 12, "exp_year": 2034,
            "fingerprint": "8Zr2mV7xN4kQ1pLc", "funding": "credit", "last4": card.last4(), "network": card.brand,
            "three_d_secure": null, "wallet": null,
        })
    });
    json!({ "type": "card", "card": card })
}

/// Returns the billing details of a payer without any data.
fn nobody() -> Value {
    with_nulls(json!({}), &["address", "email", "name", "phone", "tax_id"])
}

pub(crate) fn refund(refund: &RefundEntry) -> Value {
    let object = json!({
        "id": refund.id, "object": "refund", "amount": refund.amount, "charge": refund.charge, "created": refund.created,
        "currency": refund.currency, "metadata": refund.metadata, "payment_intent": refund.intent, "reason": refund.reason,
        "status": if refund.failed { "failed" } else { "succeeded" },
    });
    with_nulls(object, &["balance_transaction", "receipt_number", "source_transfer_reversal", "transfer_reversal"])
}

pub(crate) fn dispute(dispute: &DisputeEntry) -> Value {
    json!({
        "id": dispute.id, "object": "dispute", "amount": dispute.amount, "balance_transactions": [], "charge": dispute.charge,
        "created": dispute.created, "currency": dispute.currency, "enhanced_eligibility_types": [],
        "evidence": { "enhanced_evidence": {} },
        "evidence_details": {
            "due_by": dispute.created.saturating_add(7 * 24 * 3600), "enhanced_eligibility": {}, "has_evidence": false, "past_due": false,
            "submission_count": 0,
        },
        "is_charge_refundable": false, "livemode": false, "metadata": {}, "network_reason_code": null,
        "payment_intent": dispute.intent, "reason": dispute.reason, "status": dispute.status,
    })
}

pub(crate) fn event(event: &EventEntry) -> Value {
    json!({
        "id": event.id, "object": "event", "api_version": API_VERSION, "created": event.created, "data": { "object": event.object },
        "livemode": false, "pending_webhooks": u32::from(!event.delivered), "request": { "id": null, "idempotency_key": null },
        "type": event.kind,
    })
}

pub(crate) fn method(card: Card) -> Value {
    json!({
        "id": card.method, "object": "payment_method", "billing_details": nobody(),
        "card": {
            "brand": card.brand, "checks": null, "country": "US", "display_brand": card.brand, "exp_month": 12, "exp_year": 2034,
            "funding": "credit", "generated_from": null, "last4": card.last4(), "networks": null,
            "three_d_secure_usage": { "supported": matches!(card.outcome, CardOutcome::Confirmed(_)) }, "wallet": null,
        },
        "created": 0, "customer": null, "livemode": false, "metadata": {}, "type": "card",
    })
}

pub(crate) fn bank_method(bank: Bank) -> Value {
    let mut object = json!({
        "id": bank.method(), "object": "payment_method", "billing_details": nobody(), "created": 0, "customer": null, "livemode": false,
        "metadata": {}, "type": bank.kind(),
    });
    let details = match bank {
        Bank::Blik => json!({ "buyer_id": null }),
        Bank::P24 => json!({ "bank": null }),
    };
    if let Some(members) = object.as_object_mut() {
        members.insert(bank.kind().to_owned(), details);
    }
    object
}

pub(crate) fn list(url: &str, data: Vec<Value>, has_more: bool) -> Value {
    json!({ "object": "list", "data": data, "has_more": has_more, "url": url })
}
