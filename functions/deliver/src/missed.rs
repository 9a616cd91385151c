//! A text message about messages that wait for somebody. It never has the text of a message.

use accounts::user::{Status, User};
use function::Failure;
use kernel::id::UserId;
use outbound::Text;

use crate::{State, notice::text_within_limit};

/// Sends it, unless the person has another way by now or their account is not in use.
pub(crate) async fn text(s: &State, user: UserId, messages: u32) -> Result<(), Failure> {
    let person = s.table.get::<User>(User::key_of(user)).await?.filter(|person| person.status == Status::Active && person.email.is_none());
    let Some(person) = person else { return Ok(()) };
    let Some(phone) = &person.phone else { return Ok(()) };
    text_within_limit(s, &person, phone, &Text::Missed { messages }).await
}
