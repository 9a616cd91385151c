//! Sending a code or a link: draws it, stores its hash, and sends it.

use accounts::{
    deletion::{Deletion, Stage},
    identifier::{Channel, Contact, Login},
    user::{Status, User, resolve},
};
use function::Failure;
use kernel::{Secret, Time, id::ChallengeId};
use outbound::{Mail, Text};
use proofs::{
    challenge::{Challenge, DrawnCode, Form, Purpose, draw},
    contact_link,
    sending::note_unsent,
};

use crate::{State, notice::text_within_limit};

pub(crate) async fn send(s: &State, id: ChallengeId, sending: u32) -> Result<(), Failure> {
    let (challenge, sent) = match draw(&s.table, &s.sys, &s.code_key, id, sending, |to| s.test_phones.code_of(to)).await? {
        DrawnCode::Fresh { challenge, secret } => {
            let sent = send_secret(s, &challenge, secret).await;
            (challenge, sent)
        }
        DrawnCode::Decoy(challenge) if challenge.channel == Channel::Email => {
            let sent = tell_owner(s, &challenge).await;
            (challenge, sent)
        }
        // A decoy by text message sends nothing, because text messages cost money. For a stale challenge a later sending is on its way, or
        // the contact was proven already.
        DrawnCode::Decoy(_) | DrawnCode::Stale => return Ok(()),
    };
    if sent.is_err() {
        note_unsent(&s.table, s.sys.now(), &challenge).await?;
    }
    sent
}

/// Notifies the owner of an address that somebody has entered it in a registration. Uses the spelling and the language of the owner's
/// account.
async fn tell_owner(s: &State, decoy: &Challenge) -> Result<(), Failure> {
    let Contact::Email(given) = decoy.contact() else { return Ok(()) };
    let Some(owner) = resolve(&s.table, &Login::Email(given)).await? else { return Ok(()) };
    let Some(User { email: Some(email), locale, .. }) = s.table.get(User::key_of(owner)).await? else { return Ok(()) };
    Ok(s.mailer.send(email.as_ref(), locale, &Mail::AddressTaken).await?)
}

async fn send_secret(s: &State, challenge: &Challenge, secret: Secret) -> Result<(), Failure> {
    let (to, locale, life) = (&challenge.destination, challenge.locale, challenge.life());
    match (challenge.channel, challenge.form, challenge.purpose) {
        (Channel::Sms, Form::Code { .. }, _) => {
            s.text(to, locale, &Text::Code { code: secret, life }).await?;
        }
        (Channel::Email, Form::Code { .. }, purpose) => {
            s.mailer.send(to, locale, &Mail::Code { purpose: purpose.name(), code: secret, life }).await?;
        }
        (Channel::Email, Form::Link, Purpose::Activation) => {
            s.mailer.send(to, locale, &Mail::Activation { link: link(s, challenge.purpose, &secret), life }).await?;
        }
        (_, Form::Link, Purpose::DeletionCancel) => {
            if let Some((person, due_at)) = deletion_scheduled(s, challenge).await? {
                let link = link(s, challenge.purpose, &secret);
                match challenge.contact() {
                    Contact::Email(_) => {
                        let mail = Mail::DeletionScheduled { username: person.username.to_string(), due_at, link };
                        s.mailer.send(to, locale, &mail).await?;
                    }
                    Contact::Phone(phone) => {
                        text_within_limit(s, &person, &phone, &Text::DeletionScheduled { due_at, link }).await?;
                    }
                }
            }
        }
        (Channel::Email, Form::Link, Purpose::PasswordReset) => {
            if let Some(person) = person(s, challenge).await? {
                let mail = Mail::PasswordReset { username: person.username.to_string(), link: link(s, challenge.purpose, &secret), life };
                s.mailer.send(to, locale, &mail).await?;
            }
        }
        (_, Form::Link, Purpose::ContactRestoration) => {
            if let Some(person) = person(s, challenge).await? {
                offer_contact(s, challenge, &person, link(s, challenge.purpose, &secret)).await?;
            }
        }
        (_, Form::Link, _) => return Err("no link is sent for this, or not this way".into()),
    }
    Ok(())
}

/// Sends the link that gives a former contact back, to that contact. It is void if it is not sent: staff see then that the change can be
/// undone again.
async fn offer_contact(s: &State, challenge: &Challenge, person: &User, link: Secret) -> Result<(), Failure> {
    let life = challenge.life();
    let sent = match challenge.contact() {
        // An account that is no longer active gets no contact back.
        _ if person.status != Status::Active => false,
        Contact::Email(email) => {
            let mail = Mail::ContactRestoration { username: person.username.to_string(), link, life };
            s.mailer.send(email.as_ref(), challenge.locale, &mail).await?;
            true
        }
        Contact::Phone(phone) => text_within_limit(s, person, &phone, &Text::ContactRestoration { link, life }).await?,
    };
    if sent { Ok(()) } else { Ok(contact_link::void(&s.table, person, challenge).await?) }
}

/// Returns the person of the challenge, if the account still exists.
async fn person(s: &State, challenge: &Challenge) -> Result<Option<User>, Failure> {
    let id = challenge.user.ok_or("a link of this kind is somebody's")?;
    Ok(s.table.get::<User>(User::key_of(id)).await?)
}

/// Returns the person, and when their deletion begins. `None` if the deletion of this link is no longer scheduled.
async fn deletion_scheduled(s: &State, challenge: &Challenge) -> Result<Option<(User, Time)>, Failure> {
    let user = challenge.user.ok_or("a deletion is somebody's")?;
    let (user, deletion) = (User::key_of(user), Deletion::key_of(user));
    let mut found = s.table.get_many(vec![user.clone(), deletion.clone()]).await?;
    let deletion = found.take::<Deletion>(&deletion)?.filter(|d| d.stage == Stage::Scheduled && d.cancel == Some(challenge.id));
    Ok(found.take::<User>(&user)?.zip(deletion.map(|deletion| deletion.due_at)))
}

/// Returns the address of the link. The token is in the fragment, which browsers do not send to servers.
fn link(s: &State, purpose: Purpose, secret: &Secret) -> Secret {
    Secret::new(format!("{}{}#token={}", s.link_base, purpose.path(), secret.expose()))
}
