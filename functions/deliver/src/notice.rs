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
    // Nor can anybody be told who gave no address.
    let Some(email) = &person.email else { return Ok(()) };
    let mail = Mail::Notice { name: notice.name(), username: person.username.to_string() };
    Ok(s.mailer.send(email.as_ref(), person.locale, &mail).await?)
}
