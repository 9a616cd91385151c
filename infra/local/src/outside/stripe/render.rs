//! The objects as Stripe writes them. `async-stripe` reads all of them, which its tests here prove.

use serde_json::{Value, json};

use super::{
    API_VERSION,
    books::{Books, ChargeEntry, CustomerEntry, DisputeEntry, EventEntry, IntentEntry, RefundEntry},
    cards::{Card, Fate},
};

pub(crate) fn customer(id: &str, customer: &CustomerEntry) -> Value {
    json!({
        "id": id, "object": "customer", "address": null, "balance": 0, "created": customer.created, "currency": null,
        "default_source": null, "delinquent": false, "description": null, "discount": null, "email": customer.email,
        "invoice_prefix": "5T0A", "invoice_settings": {
            "custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null,
        },
        "livemode": false, "metadata": customer.metadata, "name": customer.name, "next_invoice_sequence": 1, "phone": null,
        "preferred_locales": [], "shipping": null, "tax_exempt": "none", "test_clock": null,
    })
}

/// A payment, with these of its properties in full.
pub(crate) fn intent(books: &Books, intent: &IntentEntry, expand: &[&str]) -> Value {
    let charge = intent.charge.as_ref().map(|id| match books.charges.get(id) {
        Some(found) if expand.contains(&"latest_charge") => charge(found),
        _ => Value::from(id.as_str()),
    });
    let customer = intent.customer.as_ref().map(|id| match books.customers.get(id) {
        Some(found) if expand.contains(&"customer") && !found.deleted => customer(id, found),
        _ => Value::from(id.as_str()),
    });
    let next_action = (intent.status == "requires_action").then(|| {
        json!({
            "type": "redirect_to_url",
            "redirect_to_url": { "return_url": intent.return_url, "url": format!("https://hooks.stripe.com/redirect/{}", intent.id) },
        })
    });
    json!({
        "id": intent.id, "object": "payment_intent", "amount": intent.amount, "amount_capturable": 0, "amount_details": { "tip": {} },
        "amount_received": intent.received, "application": null, "application_fee_amount": null, "automatic_payment_methods": null,
        "canceled_at": intent.canceled_at, "cancellation_reason": intent.cancellation_reason, "capture_method": "automatic_async",
        "client_secret": intent.client_secret, "confirmation_method": "automatic", "created": intent.created,
        "currency": intent.currency, "customer": customer, "description": intent.description, "last_payment_error": intent.error,
        "latest_charge": charge, "livemode": false, "metadata": intent.metadata, "next_action": next_action, "on_behalf_of": null,
        "payment_method": intent.method, "payment_method_types": ["card"], "processing": null, "receipt_email": null, "review": null,
        "setup_future_usage": null, "shipping": null, "source": null, "statement_descriptor": null,
        "statement_descriptor_suffix": null, "status": intent.status, "transfer_data": null, "transfer_group": null,
    })
}

pub(crate) fn charge(charge: &ChargeEntry) -> Value {
    let card = Card::of_method(&charge.method);
    let (code, reason) = charge.failure.clone().unzip();
    let outcome = json!({
        "network_status": if charge.paid { "approved_by_network" } else { "declined_by_network" }, "reason": reason,
        "risk_level": "normal", "risk_score": 20, "seller_message": if charge.paid { "Payment complete." } else { "The bank declined." },
        "type": if charge.paid { "authorized" } else { "issuer_declined" },
    });
    json!({
        "id": charge.id, "object": "charge", "amount": charge.amount, "amount_captured": if charge.paid { charge.amount } else { 0 },
        "amount_refunded": charge.refunded, "application": null, "application_fee": null, "application_fee_amount": null,
        "balance_transaction": null, "billing_details": { "address": null, "email": null, "name": null, "phone": null, "tax_id": null },
        "calculated_statement_descriptor": "STOA", "captured": charge.paid, "created": charge.created, "currency": charge.currency,
        "customer": charge.customer, "description": null, "disputed": charge.disputed, "failure_balance_transaction": null,
        "failure_code": code, "failure_message": code.as_ref().map(|_| "Your card was declined."), "fraud_details": {},
        "livemode": false, "metadata": charge.metadata, "on_behalf_of": null, "outcome": outcome, "paid": charge.paid,
        "payment_intent": charge.intent, "payment_method": charge.method, "payment_method_details": {
            "type": "card", "card": card.map(|card| json!({
                "amount_authorized": charge.amount, "brand": card.brand, "checks": null, "country": "US", "exp_month": 12, "exp_year": 2034,
                "fingerprint": "8Zr2mV7xN4kQ1pLc", "funding": "credit", "last4": card.last4(), "network": card.brand,
                "three_d_secure": null, "wallet": null,
            })),
        },
        "receipt_email": null, "receipt_number": null, "receipt_url": null, "refunded": charge.paid && charge.refunded == charge.amount,
        "review": null, "shipping": null, "source": null, "source_transfer": null, "statement_descriptor": null,
        "statement_descriptor_suffix": null, "status": if charge.paid { "succeeded" } else { "failed" }, "transfer_data": null,
        "transfer_group": null,
    })
}

pub(crate) fn refund(refund: &RefundEntry) -> Value {
    json!({
        "id": refund.id, "object": "refund", "amount": refund.amount, "balance_transaction": null, "charge": refund.charge,
        "created": refund.created, "currency": refund.currency, "metadata": refund.metadata, "payment_intent": refund.intent,
        "reason": refund.reason, "receipt_number": null, "source_transfer_reversal": null, "status": "succeeded",
        "transfer_reversal": null,
    })
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
        "id": card.method, "object": "payment_method", "billing_details": {
            "address": null, "email": null, "name": null, "phone": null, "tax_id": null,
        },
        "card": {
            "brand": card.brand, "checks": null, "country": "US", "display_brand": card.brand, "exp_month": 12, "exp_year": 2034,
            "funding": "credit", "generated_from": null, "last4": card.last4(), "networks": null,
            "three_d_secure_usage": { "supported": matches!(card.fate, Fate::Confirmed(_)) }, "wallet": null,
        },
        "created": 0, "customer": null, "livemode": false, "metadata": {}, "type": "card",
    })
}

pub(crate) fn list(url: &str, data: Vec<Value>, has_more: bool) -> Value {
    json!({ "object": "list", "data": data, "has_more": has_more, "url": url })
}
