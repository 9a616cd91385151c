//! Text messages.

use std::time::Duration;

use aws_sdk_sns::{Client, types::MessageAttributeValue};
use function::Aws;
use kernel::{Locale, Secret};

use crate::{
    SendError,
    render::{TEXTS, minutes},
};

/// A text message, by what it is about.
#[derive(Clone, Debug)]
pub enum Text {
    /// A code that proves a number.
    Code {
        /// The digits.
        code: Secret,
        /// How long they are good for.
        life: Duration,
    },
    /// Something that the owner of the number must know.
    Notice {
        /// Its name in the messages.
        name: &'static str,
    },
}

/// Sends text messages.
#[derive(Clone)]
pub struct Texter {
    client: Client,
}

impl Texter {
    /// Through SNS.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        let mut config = aws_sdk_sns::config::Builder::from(aws.sdk()).interceptor(aws.interceptor());
        config.set_endpoint_url(aws.endpoint("AWS_ENDPOINT_URL_SNS"));
        Self { client: Client::from_conf(config.build()) }
    }

    /// Sends a text message to a number in E.164 form. One request to SNS.
    ///
    /// # Errors
    /// [`SendError`]
    pub async fn send(&self, to: &str, locale: Locale, text: &Text) -> Result<(), SendError> {
        // Codes go by the routes that are paid for arriving.
        let kind = MessageAttributeValue::builder().data_type("String").string_value("Transactional").build();
        let kind = kind.map_err(|_| SendError::Compose("an attribute is not well-formed"))?;
        let publish = self.client.publish().phone_number(to).message(words(text, locale));
        let sent = publish.message_attributes("AWS.SNS.SMS.SMSType", kind).send().await;
        sent.map(drop).map_err(|e| SendError::refused("SNS", &e))
    }
}

fn words(text: &Text, locale: Locale) -> String {
    match text {
        // The code stands first, where a preview shows it.
        Text::Code { code, life } => format!("{} {}", code.expose(), TEXTS.text(locale, "code-sms", &[minutes(*life)])),
        Text::Notice { name } => TEXTS.text(locale, &format!("{name}-sms"), &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_keeps_its_zeros_and_fits_one_segment() {
        let text = Text::Code { code: Secret::new("004213".to_owned()), life: Duration::from_secs(120) };
        for locale in Locale::ALL {
            let words = words(&text, locale);
            assert!(words.starts_with("004213 ") && words.is_ascii() && words.len() <= 160, "{words}");
            for name in ["contact_change_asked", "email_changed", "phone_changed"] {
                let notice = super::words(&Text::Notice { name }, locale);
                assert!(notice.contains("Stoa") && notice.is_ascii() && notice.len() <= 160, "{notice}");
            }
        }
    }
}
