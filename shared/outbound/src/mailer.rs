//! Sending mails by SES.

use aws_sdk_ses::{Client, primitives::Blob, types::RawMessage};
use function::Aws;
use kernel::{Locale, Sys, env::Reader};
use lettre::{Address, message::Mailbox};

use crate::{Mail, SendError, mail::Answers, mime, render::Letter};

/// Sends mails.
#[derive(Clone)]
pub struct Mailer {
    client: Client,
    from: Option<Mailbox>,
    reply_to: Option<Mailbox>,
    team: Option<Mailbox>,
    sys: Sys,
}

impl Mailer {
    /// Reads `MAIL_FROM`, the sender, `MAIL_REPLY_TO`, the address for answers if it is not the sender, and `CONTACT_MAIL`, the address of
    /// the team if it is not the address for answers.
    pub fn read(r: &mut Reader<'_>, aws: &Aws, sys: &Sys) -> Self {
        let mut config = aws_sdk_ses::config::Builder::from(aws.sdk()).interceptor(aws.interceptor()).retry_partition(aws.retries("ses"));
        config.set_endpoint_url(aws.endpoint("AWS_ENDPOINT_URL_SES"));
        let from = r.need("MAIL_FROM");
        let from = mailbox(r, "MAIL_FROM", &from);
        let reply_to = r.or("MAIL_REPLY_TO", String::new());
        let reply_to = mailbox(r, "MAIL_REPLY_TO", &reply_to);
        let team = r.or("CONTACT_MAIL", String::new());
        let team = mailbox(r, "CONTACT_MAIL", &team).or_else(|| reply_to.clone()).or_else(|| from.clone());
        Self { client: Client::from_conf(config.build()), from, reply_to, team, sys: sys.clone() }
    }

    /// Sends a mail to the team. One request to SES.
    ///
    /// # Errors
    /// [`SendError`]
    pub async fn send_to_team(&self, locale: Locale, mail: &Mail) -> Result<(), SendError> {
        let team = self.team.as_ref().ok_or(SendError::Compose("there is no address of the team"))?;
        self.send(team.email.as_ref(), locale, mail).await
    }

    /// Sends a mail to one address. One request to SES.
    ///
    /// # Errors
    /// [`SendError`]
    pub async fn send(&self, to: &str, locale: Locale, mail: &Mail) -> Result<(), SendError> {
        let from = self.from.as_ref().ok_or(SendError::Compose("there is no sender"))?;
        let raw = mime::compose(from, self.answered_at(mail).as_ref(), to, self.sys.now(), &Letter::new(mail, locale))?;
        let message = RawMessage::builder().data(Blob::new(raw)).build().map_err(|_| SendError::Compose("the message is empty"))?;
        let sent = self.client.send_raw_email().source(from.email.to_string()).destinations(to).raw_message(message).send().await;
        sent.map(drop).map_err(|e| SendError::refused("SES", &e))
    }

    /// Returns the `Reply-To` of a mail, if answers do not go to the sender.
    fn answered_at(&self, mail: &Mail) -> Option<Mailbox> {
        match mail.answers() {
            Answers::AsUsual => self.reply_to.clone(),
            Answers::ToTeam => self.team.clone(),
            // An address that does not parse gets no `Reply-To`. The text of the mail has it anyway.
            Answers::To(address) => address.parse::<Address>().ok().map(|address| Mailbox::new(None, address)),
        }
    }
}

fn mailbox(r: &mut Reader<'_>, name: &'static str, address: &str) -> Option<Mailbox> {
    if address.is_empty() {
        return None;
    }
    let parsed = address.parse::<Address>().ok();
    if parsed.is_none() {
        r.wrong(format!("{name} is not an e-mail address"));
    }
    parsed.map(|address| Mailbox::new(Some("Stoa".to_owned()), address))
}
