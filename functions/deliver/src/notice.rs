//! Sending a notice about an event of a person's account.

use accounts::{
    agent::Agent,
    identifier::{Contact, Phone},
    user::{NoticeDetails, User},
};
use events::{Notice, mark_part};
use function::Failure;
use kernel::{
    Time,
    id::{EventId, UserId},
};
use outbound::{Happened, Mail, Occasion, Text};
use proofs::sending::NOTICES;
use store::limits::LimitError;

use crate::{
    CONSUMER, State,
    throttle::{Decision, decide},
};

/// Sends the notice. If the person received one of the same kind within the last hour, it is held back instead, unless notices of this kind
/// are never held back.
pub(crate) async fn send(s: &State, (event, at): (EventId, Time), user: UserId, notice: Notice) -> Result<(), Failure> {
    let (person, details) = (User::key_of(user), NoticeDetails::key_of(user, event));
    let mut found = s.table.get_many(vec![person.clone(), details.clone()]).await?;
    // The account was deleted.
    let Some(person) = found.take::<User>(&person)? else { return Ok(()) };
    let details = found.take::<NoticeDetails>(&details)?;
    let addressed = details.as_ref().and_then(NoticeDetails::contact);
    // There is no contact that this notice may be sent to.
    if addressed.is_none() && person.email.is_none() && (person.phone.is_none() || !notice.is_texted()) {
        return Ok(());
    }
    let happened = Happened::Once(occasion(at, details));
    if notice.is_never_held_back() {
        return deliver(s, &person, addressed, notice, happened).await;
    }
    let held = || mark_part(CONSUMER, event, "held");
    match decide(&s.table, s.sys.now(), (event, at), (user, notice), addressed.as_ref(), held).await? {
        Decision::Send => deliver(s, &person, addressed, notice, happened).await,
        Decision::Delay => Ok(()),
    }
}

fn occasion(at: Time, details: Option<NoticeDetails>) -> Occasion {
    let Some(NoticeDetails { user_agent, client_address, place, .. }) = details else { return Occasion { at, device: None, place: None } };
    let device =
        user_agent.map(|agent| Agent::of(&agent)).map(|agent| [agent.browser, agent.system].into_iter().flatten().collect::<Vec<_>>());
    let place = match (place, client_address) {
        (Some(place), Some(address)) => Some(format!("{place} ({address})")),
        (place, address) => place.or(address),
    };
    Occasion { at, device: device.filter(|known| !known.is_empty()).map(|known| known.join(", ")), place }
}

/// Sends the notice to `addressed`, or if that is `None` to the person's own address or number.
pub(crate) async fn deliver(
    s: &State,
    person: &User,
    addressed: Option<Contact>,
    notice: Notice,
    happened: Happened,
) -> Result<(), Failure> {
    match addressed.or_else(|| person.email.clone().map(Contact::Email)) {
        Some(Contact::Email(email)) => {
            let mail = Mail::Notice { name: notice.name(), username: person.username.to_string(), happened };
            Ok(s.mailer.send(email.as_ref(), person.locale, &mail).await?)
        }
        Some(Contact::Phone(phone)) => text(s, person, &phone, notice, &happened).await,
        None => text_person(s, person, notice, &happened).await,
    }
}

async fn text(s: &State, person: &User, phone: &Phone, notice: Notice, happened: &Happened) -> Result<(), Failure> {
    s.text(phone.as_ref(), person.locale, &words(notice, happened)).await
}

fn words(notice: Notice, happened: &Happened) -> Text {
    let times = match happened {
        Happened::Often(repeated) => Some(repeated.times).filter(|times| *times > 1),
        Happened::Once(_) => None,
    };
    Text::Notice { name: notice.name(), times }
}

/// Notifies a person without an address by text message.
async fn text_person(s: &State, person: &User, notice: Notice, happened: &Happened) -> Result<(), Failure> {
    let Some(phone) = person.phone.as_ref().filter(|_| notice.is_texted()) else { return Ok(()) };
    text_within_limit(s, person, phone, &words(notice, happened)).await?;
    Ok(())
}

/// Sends a text message that was not counted before, within the limit of notices to the number. False if the limit is reached. If no more
/// text messages may be sent to anybody now, this fails, and an operator can have the message sent later; except that about unread messages,
/// which would be wrong then. Three counters.
pub(crate) async fn text_within_limit(s: &State, person: &User, phone: &Phone, text: &Text) -> Result<bool, Failure> {
    let permit = match s.sending.notice(&s.table, s.sys.now(), phone).await {
        Ok(permit) => permit,
        Err(LimitError::Reached(reached)) if reached.quota == NOTICES || matches!(text, Text::Missed { .. }) => {
            tracing::warn!(user.id = %person.id, limit = reached.quota.name, ?text, "a text message is dropped, because a limit is reached");
            return Ok(false);
        }
        Err(e) => return Err(e.into()),
    };
    let sent = s.text(phone.as_ref(), person.locale, text).await;
    if sent.is_err() {
        permit.give_back(&s.table).await;
    }
    sent.map(|()| true)
}
