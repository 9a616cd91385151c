//! Text messages.

use std::{sync::Arc, time::Duration};

use aws_sdk_sns::{Client, types::MessageAttributeValue};
use function::Aws;
use kernel::{Locale, Secret, Time, env::Reader};

use crate::{
    SendError,
    render::{TEXTS, hours, minutes, time_of_day},
};

/// A text message of one kind, with its contents.
#[derive(Clone, Debug)]
pub enum Text {
    /// A code that verifies a number.
    Code {
        /// The digits.
        code: Secret,
        /// How long it is valid.
        life: Duration,
    },
    /// A deletion was scheduled. Has two segments, because of the link.
    DeletionScheduled {
        /// When it begins.
        due_at: Time,
        /// The link that cancels it.
        link: Secret,
    },
    /// The link that restores a former number of an account. Has two segments.
    ContactRestoration {
        /// The link.
        link: Secret,
        /// How long it is valid.
        life: Duration,
    },
    /// Unread messages wait for the owner of the number.
    Missed {
        /// How many.
        messages: u32,
    },
    /// A notice to the owner of the number.
    Notice {
        /// The event. It is the prefix of the names of the Fluent messages.
        name: &'static str,
        /// The number of times that it happened, if more than once.
        times: Option<u32>,
    },
}

/// The length of the longest domain with which every message with a code fits into one segment.
const LONGEST: usize = 60;

/// Sends text messages.
#[derive(Clone)]
pub struct Texter {
    client: Client,
    /// The domain whose pages may read the code from a message.
    domain: Option<Arc<str>>,
}

impl Texter {
    /// Reads `SMS_DOMAIN`, the domain of the pages into which codes are typed. If it is empty, the domain is the host of `links`, the
    /// address that links begin with.
    pub fn read(r: &mut Reader<'_>, aws: &Aws, links: &str) -> Self {
        let given = r.or("SMS_DOMAIN", String::new());
        let domain = domain(if given.is_empty() { host(links) } else { &given });
        if !given.is_empty() && domain.is_none() {
            r.wrong(format!("SMS_DOMAIN is no domain of at most {LONGEST} characters"));
        }
        let mut config = aws_sdk_sns::config::Builder::from(aws.sdk()).interceptor(aws.interceptor()).retry_partition(aws.retries("sns"));
        config.set_endpoint_url(aws.endpoint("AWS_ENDPOINT_URL_SNS"));
        Self { client: Client::from_conf(config.build()), domain: domain.map(Into::into) }
    }

    /// Sends a text message to a number in E.164 form. One request to SNS.
    ///
    /// # Errors
    /// [`SendError`]
    pub async fn send(&self, to: &str, locale: Locale, text: &Text) -> Result<(), SendError> {
        // Transactional messages take more reliable routes.
        let kind = MessageAttributeValue::builder().data_type("String").string_value("Transactional").build();
        let kind = kind.map_err(|_| SendError::Compose("an attribute is not well-formed"))?;
        let publish = self.client.publish().phone_number(to).message(words(text, locale, self.domain.as_deref()));
        let sent = publish.message_attributes("AWS.SNS.SMS.SMSType", kind).send().await;
        sent.map(drop).map_err(|e| SendError::refused("SNS", &e))
    }
}

fn words(text: &Text, locale: Locale, domain: Option<&str>) -> String {
    match text {
        // The code comes first, where a preview shows it, and again in the last line with its domain, where browsers read it.
        // <https://wicg.github.io/sms-one-time-codes/>
        Text::Code { code, life } => {
            let (code, said) = (code.expose(), TEXTS.text(locale, "code-sms", &[minutes(*life)]));
            let bound = domain.map(|domain| format!("\n\n@{domain} #{code}")).unwrap_or_default();
            format!("{code} {said}{bound}")
        }
        Text::DeletionScheduled { due_at, link } => {
            let args = [("date", due_at.date().to_string()), ("time", time_of_day(*due_at))];
            format!("{}\n{}", TEXTS.text(locale, "deletion_scheduled-sms", &args), link.expose())
        }
        Text::ContactRestoration { link, life } => {
            format!("{}\n{}", TEXTS.text(locale, "contact_restoration-sms", &[hours(*life)]), link.expose())
        }
        Text::Missed { messages } => TEXTS.text(locale, "missed-sms", &[("messages", messages.to_string())]),
        Text::Notice { name, times } => {
            let said = TEXTS.text(locale, &format!("{name}-sms"), &[]);
            times.map_or_else(|| said.clone(), |times| format!("({times}x) {said}"))
        }
    }
}

/// Returns the host of an address, without the port.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or_default()
}

/// Returns the domain in the spelling that browsers compare, if it is short enough. An IP address is not a domain.
fn domain(text: &str) -> Option<&str> {
    let label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let named = text.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()));
    (text.len() <= LONGEST && named && text.split('.').all(label)).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use events::Notice;

    use super::*;

    #[test]
    fn a_code_keeps_its_zeros_and_fits_one_segment() {
        let longest = format!("{}.example", "a".repeat(LONGEST - 8));
        for (code, life, domain) in [("004213", 120, None), ("004213", 60, Some("stoa.example")), ("00421377", 900, Some(longest.as_str()))]
        {
            let text = Text::Code { code: Secret::new(code.to_owned()), life: Duration::from_secs(life) };
            for locale in Locale::ALL {
                let words = words(&text, locale, domain);
                assert!(words.starts_with(&format!("{code} ")) && one_segment(&words), "{words}");
                let last = domain.map(|domain| format!("@{domain} #{code}"));
                assert_eq!(words.split_once("\n\n").map(|(_, last)| last.to_owned()), last, "{words}");
            }
        }
        for locale in Locale::ALL {
            for messages in [1, 2, 5, 99] {
                let missed = words(&Text::Missed { messages }, locale, None);
                assert!(missed.contains("Stoa") && missed.contains(&messages.to_string()) && one_segment(&missed), "{missed}");
            }
            for name in texted() {
                let notice = words(&Text::Notice { name, times: Some(99) }, locale, Some("stoa.example"));
                assert!(notice.contains("Stoa") && !notice.contains('@') && one_segment(&notice), "{notice}");
            }
        }
    }

    fn texted() -> impl Iterator<Item = &'static str> {
        Notice::ALL.iter().filter(|notice| notice.is_texted()).map(|notice| notice.name())
    }

    #[test]
    fn exactly_the_notices_that_are_texted_have_a_message() {
        let keys = TEXTS.keys(Locale::En);
        let messages: BTreeSet<&str> = keys.iter().filter_map(|key| key.strip_suffix("-sms")).collect();
        let texts: BTreeSet<&str> = texted().chain(["code", "contact_restoration", "deletion_scheduled", "missed"]).collect();
        assert_eq!(messages, texts);
    }

    /// Returns at most 160 characters of the basic character set of GSM 03.38.
    fn one_segment(text: &str) -> bool {
        is_basic(text) && text.len() <= 160
    }

    /// Returns the basic character set of GSM 03.38 has all of ASCII but these.
    fn is_basic(text: &str) -> bool {
        text.is_ascii() && !text.contains(['`', '^', '{', '}', '[', ']', '~', '|', '\\'])
    }

    /// A segment of several has 153 characters.
    #[test]
    fn a_scheduled_deletion_fits_two_segments_with_its_link() {
        let link = format!("https://{}.example/cancel-deletion#token=chl_01K9ZC4QW8V3T6R1NHXJ5B2MDP.{}", "a".repeat(22), "x".repeat(43));
        for locale in Locale::ALL {
            let text = Text::DeletionScheduled { due_at: Time::from_millis(1_798_358_700_000), link: Secret::new(link.clone()) };
            let words = words(&text, locale, Some("stoa.example"));
            assert!(is_basic(&words) && words.len() <= 2 * 153, "{} {words}", words.len());
            assert!(words.contains("2026-12-27") && words.contains("08:05 UTC") && words.lines().any(|line| line == link), "{words}");
        }
    }

    #[test]
    fn a_former_number_fits_two_segments_with_its_link() {
        let link = format!("https://{}.example/restore-contact#token=chl_01K9ZC4QW8V3T6R1NHXJ5B2MDP.{}", "a".repeat(22), "x".repeat(43));
        for locale in Locale::ALL {
            let text = Text::ContactRestoration { link: Secret::new(link.clone()), life: Duration::from_secs(24 * 3600) };
            let words = words(&text, locale, Some("stoa.example"));
            assert!(is_basic(&words) && words.len() <= 2 * 153, "{} {words}", words.len());
            assert!(words.contains("24") && words.lines().any(|line| line == link), "{words}");
        }
    }

    #[test]
    fn codes_belong_to_a_domain() {
        for (links, expected) in [
            ("https://stoa.example/app", Some("stoa.example")),
            ("http://localhost:5173", Some("localhost")),
            ("http://127.0.0.1:4000", None),
            ("http://[::1]:4000", None),
            ("https://Stoa.example", None),
            ("https://a..example", None),
            (&format!("https://{}.example", "a".repeat(LONGEST)), None),
            ("", None),
        ] {
            assert_eq!(domain(host(links)), expected, "{links}");
        }
    }
}
