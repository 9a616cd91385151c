//! The receipt for a donation or a plan, by mail in the payer's language. Payers without an address find their payments in their account.

use accounts::user::{Status, User};
use function::Failure;
use kernel::{Locale, Time, id::UserId};
use outbound::Mail;
use payments::{CardPayment, Donor, Plan, Purpose};

use crate::State;

/// The mail with the receipt for a payment, by its purpose.
pub(crate) trait Receipt: Purpose {
    /// Returns the mail.
    fn mail(&self, username: String, number: String, paid_at: Time, locale: Locale) -> Mail;
}

impl Receipt for Donor {
    fn mail(&self, username: String, number: String, paid_at: Time, locale: Locale) -> Mail {
        Mail::DonationReceipt { username, amount: self.amount.shown(locale), number, paid_at }
    }
}

impl Receipt for Plan {
    fn mail(&self, username: String, number: String, paid_at: Time, locale: Locale) -> Mail {
        Mail::PlanReceipt { username, plan: self.name(locale).to_owned(), amount: self.price.shown(locale), number, paid_at }
    }
}

/// Sends the receipt for a payment to the proven address of the payer's account.
pub(crate) async fn send<P: Receipt>(s: &State, user: UserId, id: P::Id) -> Result<(), Failure> {
    let (person, payment) = (User::key_of(user), CardPayment::<P>::key_of(user, id));
    let mut found = s.table.get_many(vec![person.clone(), payment.clone()]).await?;
    let person = found.take::<User>(&person)?.filter(|person| person.status == Status::Active);
    let (Some(person), Some(payment)) = (person, found.take::<CardPayment<P>>(&payment)?) else { return Ok(()) };
    let (Some(email), Some(paid_at)) = (&person.email, payment.paid_at) else { return Ok(()) };
    let mail = payment.purpose.mail(person.username.to_string(), payment.id.to_string(), paid_at, person.locale);
    Ok(s.mailer.send(email.as_ref(), person.locale, &mail).await?)
}
