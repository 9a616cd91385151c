//! A text message about unread messages. It has their number and never their text.

use accounts::user::{Status, User};
use function::Failure;
use kernel::id::UserId;
use outbound::Text;

use crate::{State, notice::text_within_limit};

/// Sends the text message, unless the person has got an address in the meantime, their account is not active, or a limit is reached.
pub(crate) async fn text(s: &State, user: UserId, messages: u32) -> Result<(), Failure> {
    let person = s.table.get::<User>(User::key_of(user)).await?.filter(|person| person.status == Status::Active && person.email.is_none());
    let Some(person) = person else { return Ok(()) };
    let Some(phone) = &person.phone else { return Ok(()) };
    text_within_limit(s, &person, phone, &Text::Missed { messages }).await?;
    Ok(())
}
