//! The receipt for a donation, by mail in the donor's language. Donors without an address find their donations in their account.

use accounts::user::{Status, User};
use function::Failure;
use kernel::id::{DonationId, UserId};
use outbound::Mail;
use payments::Donation;

use crate::State;

/// Sends the receipt for a donation to the proven address of the donor's account.
pub(crate) async fn send(s: &State, user: UserId, donation: DonationId) -> Result<(), Failure> {
    let (person, donation) = (User::key_of(user), Donation::key_of(user, donation));
    let mut found = s.table.get_many(vec![person.clone(), donation.clone()]).await?;
    let person = found.take::<User>(&person)?.filter(|person| person.status == Status::Active);
    let (Some(person), Some(donation)) = (person, found.take::<Donation>(&donation)?) else { return Ok(()) };
    let (Some(email), Some(paid_at)) = (&person.email, donation.paid_at) else { return Ok(()) };
    let mail = Mail::DonationReceipt {
        username: person.username.to_string(),
        amount: donation.donor.amount.shown(person.locale),
        number: donation.id.to_string(),
        paid_at,
    };
    Ok(s.mailer.send(email.as_ref(), person.locale, &mail).await?)
}
