//! Something a person is told because it happened to their account.

use accounts::user::User;
use events::Notice;
use function::Failure;
use kernel::id::UserId;
use outbound::Mail;

use crate::State;

pub(crate) async fn send(s: &State, user: UserId, notice: Notice) -> Result<(), Failure> {
    // Nobody is left to be told once the account is gone.
    let Some(person) = s.table.get::<User>(User::key_of(user)).await? else { return Ok(()) };
    let username = person.username.to_string();
    let mail = match notice {
        Notice::DeletionCancelled => Mail::DeletionCancelled { username },
        Notice::NewSignIn => Mail::NewSignIn { username },
        Notice::SessionReused => Mail::SessionReused { username },
    };
    Ok(s.mailer.send(person.email.as_ref(), person.locale, &mail).await?)
}
