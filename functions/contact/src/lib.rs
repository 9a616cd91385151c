//! The contact form: anybody can write to the team, with or without an account, and the team answers.
//!
//! A message is stored as a ticket and mailed to the team. A reply to that mail goes to its author. An answer that is written here is
//! stored with the ticket and mailed. The system receives no mails: a reply to an answer goes to the address of the team. The author gets a
//! copy. It contains the message only if the address is the proven address of their account, so that nobody can send texts to strangers in
//! the name of the system.
//!
//! Reading tickets takes the proof of a second factor within the shift (`callers::staff`). Changing and answering them takes a recent one:
//! an answer is a mail to somebody outside.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/contact-settings` | none |
//! | `POST /v1/contact-messages` | the caller, if they are signed in; a read of the key; five counters; a transaction. With captchas also a request to their service |
//! | `GET /contact` | none |
//! | `GET /v1/admin/tickets` | the caller and their roles in one; a query; a batch read of the assignees, if there are any |
//! | `GET /v1/admin/tickets/{ticket}` | the caller and their roles in one; a query; an entry of the audit; a batch read of the people in it, if there are any |
//! | `PATCH /v1/admin/tickets/{ticket}` | the caller and their roles in one; a read; a batch read of the new assignee and their roles; a transaction; a batch read of the assignee, if there is one |
//! | `POST /v1/admin/tickets/{ticket}/answers` | the caller and their roles in one; a counter; a batch read of the key and the ticket; a transaction |

mod answer;
mod change;
mod desk;
mod page;
mod send;
mod settings;
mod shown;

use accounts::{audit::Audit, token::Tokens};
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::{Origins, Sys};
use proofs::captcha::Captcha;
use store::{Sealer, Table};
use tickets::Subjects;

/// The action that a page names when it gets the token of a captcha.
const CAPTCHA_ACTION: &str = "contact";

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
    audit: Audit,
    subjects: Subjects,
    /// The captcha that a message needs, if captchas are on.
    captcha: Option<Captcha>,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "contact", "The contact form, and its tickets.", State =>
    settings::get_contact_settings,
    send::send_contact_message,
    page::get_contact_page,
    desk::list_tickets,
    desk::get_ticket,
    change::update_ticket,
    answer::answer_ticket,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer("contact").await?;
    let state = boot.env.read(|r| {
        // The page of this function is on the origin of the API itself.
        let origins = Origins::read(r).and(r.need("PUBLIC_URL"));
        let captcha = Captcha::read(r, &origins);
        if captcha.as_ref().is_some_and(|captcha| captcha.site_key().is_empty()) {
            r.wrong("CAPTCHA_SITE_KEY is missing: pages cannot get the tokens that CAPTCHA_SECRET asks for".to_owned());
        }
        State {
            table: tokens.table().clone(),
            tokens: tokens.clone(),
            sealer,
            audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
            subjects: Subjects::read(r),
            captcha,
            sys: sys.clone(),
        }
    })?;
    web::function(&boot, routes(), state)
}
