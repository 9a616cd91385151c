//! Something a person is told because it happened to their account.

use accounts::{
    identifier::Contact,
    user::{Recipient, User},
};
use events::Notice;
use function::Failure;
use kernel::id::{EventId, UserId};
use outbound::{Mail, Text};

use crate::State;

pub(crate) async fn send(s: &State, event: EventId, user: UserId, notice: Notice) -> Result<(), Failure> {
    let (person, to) = (User::key_of(user), Recipient::key_of(user, event));
    let mut found = s.table.get_many(vec![person.clone(), to.clone()]).await?;
    // Nobody is left to be told once the account is gone.
    let Some(person) = found.take::<User>(&person)? else { return Ok(()) };
    let to = found.take::<Recipient>(&to)?.map(|r| r.contact()).or_else(|| person.email.clone().map(Contact::Email));
    match to {
        Some(Contact::Email(email)) => {
            let mail = Mail::Notice { name: notice.name(), username: person.username.to_string() };
            Ok(s.mailer.send(email.as_ref(), person.locale, &mail).await?)
        }
        Some(Contact::Phone(phone)) => s.text(phone.as_ref(), person.locale, &Text::Notice { name: notice.name() }).await,
        // Nobody can be told by mail who gave no address.
        None => Ok(()),
    }
}
