//! The confirmation of an order, by mail in the buyer's language. Buyers without an address find their orders in their account.

use accounts::user::{Status, User};
use commerce::order::{Order, PaymentMethod};
use function::Failure;
use kernel::id::{OrderId, UserId};
use outbound::Mail;

use crate::State;

/// Sends the confirmation of an order to the proven address of the buyer's account.
pub(crate) async fn send(s: &State, user: UserId, order: OrderId) -> Result<(), Failure> {
    let (person, order) = (User::key_of(user), Order::key_of(user, order));
    let mut found = s.table.get_many(vec![person.clone(), order.clone()]).await?;
    let person = found.take::<User>(&person)?.filter(|person| person.status == Status::Active);
    let (Some(person), Some(order)) = (person, found.take::<Order>(&order)?) else { return Ok(()) };
    let Some(email) = &person.email else { return Ok(()) };
    let lines = order.lines.iter().map(|line| {
        let (number, name, amount) = (line.quantity.get(), line.name.as_str(), line.amount.shown(person.locale));
        format!("{number} × {name}: {amount}")
    });
    let mail = Mail::OrderConfirmation {
        username: person.username.to_string(),
        number: order.id.to_string(),
        lines: lines.collect(),
        total: order.total.shown(person.locale),
        paid: order.payment_method == PaymentMethod::Card,
    };
    Ok(s.mailer.send(email.as_ref(), person.locale, &mail).await?)
}
