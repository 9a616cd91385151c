//! A notice about an event of a person's account.

use accounts::{
    identifier::{Contact, Phone},
    user::{Recipient, User},
};
use events::{Notice, part};
use function::Failure;
use kernel::{
    Kind, Time,
    id::{EventId, UserId},
};
use outbound::{Mail, Repeated, Text};

use crate::{
    CONSUMER, State,
    throttle::{Turn, turn},
};

/// Sends it, unless the person received one of the same kind within the hour: then it is held back.
pub(crate) async fn send(s: &State, (event, at): (EventId, Time), user: UserId, notice: Notice) -> Result<(), Failure> {
    let (person, to) = (User::key_of(user), Recipient::key_of(user, event));
    let mut found = s.table.get_many(vec![person.clone(), to.clone()]).await?;
    // The account is gone, so there is nobody to notify.
    let Some(person) = found.take::<User>(&person)? else { return Ok(()) };
    let asked = found.take::<Recipient>(&to)?.map(|r| r.contact());
    // A notice without a way to the person is dropped.
    if asked.is_none() && person.email.is_none() && (person.phone.is_none() || !notice.is_texted()) {
        return Ok(());
    }
    let held = || part(CONSUMER, event, "held");
    match turn(&s.table, s.sys.now(), (event, at), (user, notice), asked.as_ref(), held).await? {
        Turn::Now => deliver(s, &person, asked, notice, None).await,
        Turn::Later => Ok(()),
    }
}

/// Sends it to this address or number, or else to the person's own contact.
pub(crate) async fn deliver(
    s: &State,
    person: &User,
    asked: Option<Contact>,
    notice: Notice,
    repeated: Option<Repeated>,
) -> Result<(), Failure> {
    match asked.or_else(|| person.email.clone().map(Contact::Email)) {
        Some(Contact::Email(email)) => {
            let mail = Mail::Notice { name: notice.name(), username: person.username.to_string(), repeated };
            Ok(s.mailer.send(email.as_ref(), person.locale, &mail).await?)
        }
        Some(Contact::Phone(phone)) => text(s, person, &phone, notice, repeated).await,
        None => by_phone(s, person, notice, repeated).await,
    }
}

async fn text(s: &State, person: &User, phone: &Phone, notice: Notice, repeated: Option<Repeated>) -> Result<(), Failure> {
    let times = repeated.map(|r| r.times).filter(|times| *times > 1);
    s.text(phone.as_ref(), person.locale, &Text::Notice { name: notice.name(), times }).await
}

/// Notifies a person without an address by text message of important events, within the limit of notices to the number.
async fn by_phone(s: &State, person: &User, notice: Notice, repeated: Option<Repeated>) -> Result<(), Failure> {
    let Some(phone) = person.phone.as_ref().filter(|_| notice.is_texted()) else { return Ok(()) };
    let permit = match s.sending.notice(&s.table, s.sys.now(), phone).await {
        Ok(permit) => permit,
        Err(problem) if problem.kind == Kind::TooManyRequests => {
            tracing::warn!(user.id = %person.id, notice = notice.name(), "somebody was told too often already");
            return Ok(());
        }
        Err(problem) => return Err(problem.into()),
    };
    let sent = text(s, person, phone, notice, repeated).await;
    if sent.is_err() {
        permit.give_back(&s.table).await;
    }
    sent
}
