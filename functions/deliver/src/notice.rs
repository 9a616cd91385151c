//! Something a person is told because it happened to their account.

use accounts::user::{Former, User};
use events::Notice;
use function::Failure;
use kernel::id::UserId;
use outbound::{Mail, Text};

use crate::State;

pub(crate) async fn send(s: &State, user: UserId, notice: Notice) -> Result<(), Failure> {
    // Nobody is left to be told once the account is gone.
    let Some(person) = s.table.get::<User>(User::key_of(user)).await? else { return Ok(()) };
    let mail = Mail::Notice { name: notice.name(), username: person.username.to_string() };
    // Whoever reads the former contact may be the one who did not want the change.
    let former = match notice {
        Notice::EmailChanged | Notice::PhoneChanged => {
            s.table.get::<Former>(Former::key_of(user, notice == Notice::EmailChanged)).await?.filter(|f| s.sys.now() < f.until)
        }
        _ => None,
    };
    if let Some(Former { email: Some(email), .. }) = &former {
        s.mailer.send(email.as_ref(), person.locale, &mail).await?;
    }
    if let Some(Former { phone: Some(phone), .. }) = &former {
        s.texter.send(phone.as_ref(), person.locale, &Text::PhoneChanged).await?;
    }
    // Nobody can be told by mail who gave no address.
    if let Some(email) = &person.email {
        s.mailer.send(email.as_ref(), person.locale, &mail).await?;
    }
    Ok(())
}
