//! Something a person is told because it happened to their account.

use accounts::{
    identifier::{Contact, Phone},
    user::{Recipient, User},
};
use events::Notice;
use function::Failure;
use kernel::{
    Kind,
    id::{EventId, UserId},
};
use outbound::{Mail, Text};

use crate::State;

pub(crate) async fn send(s: &State, event: EventId, user: UserId, notice: Notice) -> Result<(), Failure> {
    let (person, to) = (User::key_of(user), Recipient::key_of(user, event));
    let mut found = s.table.get_many(vec![person.clone(), to.clone()]).await?;
    // Nobody is left to be told once the account is gone.
    let Some(person) = found.take::<User>(&person)? else { return Ok(()) };
    let asked = found.take::<Recipient>(&to)?.map(|r| r.contact());
    match asked.or_else(|| person.email.clone().map(Contact::Email)) {
        Some(Contact::Email(email)) => {
            let mail = Mail::Notice { name: notice.name(), username: person.username.to_string() };
            Ok(s.mailer.send(email.as_ref(), person.locale, &mail).await?)
        }
        Some(Contact::Phone(phone)) => text(s, &person, &phone, notice).await,
        None => by_phone(s, &person, notice).await,
    }
}

async fn text(s: &State, person: &User, phone: &Phone, notice: Notice) -> Result<(), Failure> {
    s.text(phone.as_ref(), person.locale, &Text::Notice { name: notice.name() }).await
}

/// Tells somebody who has no address by text message what is worth one, as often as the number may be told something.
async fn by_phone(s: &State, person: &User, notice: Notice) -> Result<(), Failure> {
    let Some(phone) = person.phone.as_ref().filter(|_| notice.is_texted()) else { return Ok(()) };
    let permit = match s.sending.notice(&s.table, s.sys.now(), phone).await {
        Ok(permit) => permit,
        Err(problem) if problem.kind == Kind::TooManyRequests => {
            tracing::warn!(user.id = %person.id, notice = notice.name(), "somebody was told too often already");
            return Ok(());
        }
        Err(problem) => return Err(problem.into()),
    };
    let sent = text(s, person, phone, notice).await;
    if sent.is_err() {
        permit.give_back(&s.table).await;
    }
    sent
}
