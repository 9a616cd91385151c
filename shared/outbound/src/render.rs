//! Renders the sentences and the two bodies of a mail.

use std::{collections::BTreeMap, time::Duration};

use kernel::{Locale, Messages, Time};
use minijinja::{Environment, Value};

use crate::{
    SendError,
    mail::{Conversation, Happened, Mail, MissedRoom, Occasion, Repeated, ThreadMessage},
};

pub(crate) const TEXTS: Messages = Messages::new(kernel::in_every_language!("outbound.ftl"));

/// The texts of a mail in one language.
pub(crate) struct Letter {
    locale: Locale,
    pub subject: String,
    lead: String,
    /// The lines with details, each with its label.
    facts: Vec<String>,
    note: String,
    code: Option<String>,
    /// The label of the button and its address.
    action: Option<(String, String)>,
    /// The address that stops such mails.
    pub unsubscribe: Option<String>,
    /// The conversation that it belongs to.
    pub conversation: Option<Conversation>,
}

/// Returns what the mail about a notice of this name is called. A page can call the notification the same.
#[must_use]
pub fn heading(notice: &str, locale: Locale) -> String {
    TEXTS.text(locale, &format!("{notice}-subject"), &[])
}

/// The two bodies of a mail.
pub(crate) struct Bodies {
    pub text: String,
    pub html: String,
}

type Args = Vec<(&'static str, String)>;

impl Letter {
    pub fn new(mail: &Mail, locale: Locale) -> Self {
        let (name, args) = (mail.name(), args(mail, locale));
        let say = |part: &str| TEXTS.text(locale, &format!("{name}-{part}"), &args);
        Self {
            locale,
            subject: say("subject"),
            lead: match repeated(mail, locale) {
                Some(often) => format!("{} {often}", say("lead")),
                None => say("lead"),
            },
            facts: facts(mail, locale),
            note: say("note"),
            code: mail.code().map(|code| code.expose().clone()),
            action: mail.link().map(|link| (say("button"), link.expose().clone())),
            unsubscribe: mail.unsubscribe().map(|link| link.expose().clone()),
            conversation: mail.conversation(),
        }
    }

    /// Renders both bodies. The templates are parsed each time, which takes a tenth of a millisecond.
    pub fn bodies(&self) -> Result<Bodies, SendError> {
        let mut environment = Environment::new();
        let templates = [("mail.txt", include_str!("../templates/mail.txt")), ("mail.html", include_str!("../templates/mail.html"))];
        for (name, source) in templates {
            environment.add_template(name, source).map_err(|_| SendError::Compose("a template does not parse"))?;
        }
        // The engine escapes values in templates whose names end with `.html`.
        let render = |name| environment.get_template(name).and_then(|t| t.render(self.values()));
        let broken = |_| SendError::Compose("a template does not render");
        Ok(Bodies { text: render("mail.txt").map_err(broken)?, html: render("mail.html").map_err(broken)? })
    }

    fn values(&self) -> Value {
        let (button, link) = self.action.clone().unzip();
        let fixed = |key| TEXTS.text(self.locale, key, &[]);
        Value::from(BTreeMap::from([
            ("lang", Value::from(self.locale.tag())),
            ("heading", Value::from(self.subject.clone())),
            ("lead", Value::from(self.lead.clone())),
            ("facts", Value::from(self.facts.clone())),
            ("note", Value::from(self.note.clone())),
            ("code", Value::from(self.code.clone())),
            ("button", Value::from(button)),
            ("link", Value::from(link)),
            ("fallback", Value::from(fixed("button-fallback"))),
            ("footer", Value::from(fixed("footer"))),
            ("stop", Value::from(fixed("unsubscribe"))),
            ("unsubscribe", Value::from(self.unsubscribe.clone())),
        ]))
    }
}

/// Returns the sentence that says how often something happened.
fn repeated(mail: &Mail, locale: Locale) -> Option<String> {
    let Mail::Notice { happened: Happened::Often(Repeated { times, since, last }), .. } = mail else { return None };
    let (since, last) = (moment(*since, locale), moment(*last, locale));
    Some(TEXTS.text(locale, "repeated", &[("times", times.to_string()), ("since", since), ("last", last)]))
}

/// Returns the lines between the lead and the note: when, where and with which device something happened, the waiting messages, or the
/// conversation.
fn facts(mail: &Mail, locale: Locale) -> Vec<String> {
    match mail {
        Mail::Missed { rooms, .. } => return rooms.iter().flat_map(|room| waiting(room, locale)).collect(),
        Mail::SupportAnswer { answers: said, .. } | Mail::SupportTranscript { messages: said, .. } => {
            return said.iter().flat_map(|message| message_lines(message, locale)).collect();
        }
        Mail::DonationReceipt { number, paid_at, .. } | Mail::PlanReceipt { number, paid_at, .. } => {
            let label = |key: &str| TEXTS.text(locale, key, &[]);
            let time = format!("{}: {} {} UTC", label("occasion-time"), paid_at.date(), time_of_day(*paid_at));
            return vec![format!("{}: {number}", label(&format!("{}-number", mail.name()))), time];
        }
        Mail::AuditHead { hash, .. } => return vec![format!("SHA-256: {hash}")],
        Mail::OrderConfirmation { number, lines, total, .. } => {
            let label = |key: &str| TEXTS.text(locale, key, &[]);
            let number = format!("{}: {number}", label("order_confirmation-number"));
            let total = format!("{}: {total}", label("order_confirmation-total"));
            return [number].into_iter().chain(lines.iter().cloned()).chain([total]).collect();
        }
        Mail::ContactMessage { about, name, email, proven, text } => {
            let label = |key: &str| TEXTS.text(locale, &format!("contact_message-{key}"), &[]);
            let proof = label(if *proven { "proven" } else { "unproven" });
            let about = format!("{}: {}", label("about"), about.name);
            let sender = [about, format!("{}: {name}", label("name")), format!("{}: {email} ({proof})", label("address")), String::new()];
            return sender.into_iter().chain(text.lines().map(str::to_owned)).collect();
        }
        Mail::ContactCopy { text: Some(text), .. } | Mail::ContactAnswer { text, .. } => return text.lines().map(str::to_owned).collect(),
        _ => {}
    }
    let Mail::Notice { happened: Happened::Once(Occasion { at, device, place }), .. } = mail else { return Vec::new() };
    // The date is in digits, as in a table.
    let time = Some(format!("{} {} UTC", at.date(), time_of_day(*at)));
    let known = [("time", time.as_ref()), ("device", device.as_ref()), ("place", place.as_ref())];
    let line = |(fact, value): (&str, &String)| format!("{}: {value}", TEXTS.text(locale, &format!("occasion-{fact}"), &[]));
    known.into_iter().filter_map(|(fact, value)| Some(line((fact, value?)))).collect()
}

/// Returns the lines about a room: its name, the messages, and how many more there are.
fn waiting(MissedRoom { name, messages, more }: &MissedRoom, locale: Locale) -> Vec<String> {
    let name = name.iter().map(|name| format!("[{name}]"));
    let rest = (*more > 0).then(|| TEXTS.text(locale, "missed-more", &[("messages", more.to_string())]));
    name.chain(messages.iter().map(|(author, text)| format!("{author}: {text}"))).chain(rest).collect()
}

/// Returns the lines of a message. The first one says when it was written, and by whom.
fn message_lines(ThreadMessage { at, by, text }: &ThreadMessage, locale: Locale) -> Vec<String> {
    let by = by.clone().unwrap_or_else(|| TEXTS.text(locale, "support-team", &[]));
    let mut lines = text.lines().map(str::to_owned);
    let first = format!("{} {} UTC, {by}: {}", at.date(), time_of_day(*at), lines.next().unwrap_or_default());
    std::iter::once(first).chain(lines).collect()
}

fn moment(at: Time, locale: Locale) -> String {
    format!("{}, {}", date(at, locale), time_of_day(at))
}

/// Returns the arguments of a mail's sentences.
fn args(mail: &Mail, locale: Locale) -> Args {
    match mail {
        Mail::Code { life, .. } => vec![minutes(*life)],
        Mail::Activation { life, .. } => vec![hours(*life)],
        Mail::ContactRestoration { username, life, .. } => vec![("username", username.clone()), hours(*life)],
        Mail::AddressTaken => vec![],
        Mail::DeletionScheduled { username, due_at, .. } => {
            vec![("username", username.clone()), ("date", date(*due_at, locale)), ("time", time_of_day(*due_at))]
        }
        Mail::DonationReceipt { username, amount, .. } => vec![("username", username.clone()), ("amount", amount.clone())],
        Mail::AuditHead { number, .. } => vec![("number", number.to_string())],
        Mail::PlanReceipt { username, plan, amount, .. } => {
            vec![("username", username.clone()), ("plan", plan.clone()), ("amount", amount.clone())]
        }
        Mail::Missed { messages, .. } => vec![("messages", messages.to_string())],
        Mail::ContactMessage { about, .. } | Mail::ContactCopy { about, .. } | Mail::ContactAnswer { about, .. } => {
            vec![("number", about.number.clone()), ("subject", about.name.clone())]
        }
        Mail::PasswordReset { username, life, .. } => vec![("username", username.clone()), minutes(*life)],
        Mail::Notice { username, .. }
        | Mail::OrderConfirmation { username, .. }
        | Mail::SupportAnswer { username, .. }
        | Mail::SupportTranscript { username, .. } => vec![("username", username.clone())],
    }
}

pub(crate) fn hours(life: Duration) -> (&'static str, String) {
    ("hours", life.as_secs().div_ceil(3600).to_string())
}

pub(crate) fn minutes(life: Duration) -> (&'static str, String) {
    ("minutes", life.as_secs().div_ceil(60).to_string())
}

fn date(at: Time, locale: Locale) -> String {
    let date = at.date();
    let args = [("day", date.day().to_string()), ("month", u8::from(date.month()).to_string()), ("year", date.year().to_string())];
    TEXTS.text(locale, "date", &args)
}

/// `08:05`, in UTC, because the reader's time zone is not known.
pub(crate) fn time_of_day(at: Time) -> String {
    let minutes = at.seconds().rem_euclid(24 * 3600).div_euclid(60);
    format!("{:02}:{:02}", minutes.div_euclid(60), minutes.rem_euclid(60))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use events::Notice;
    use kernel::Secret;

    use super::*;
    use crate::mail::{ContactSubject, Excerpt};

    fn message(by: Option<String>) -> ThreadMessage {
        ThreadMessage { at: Time::from_millis(1_798_358_700_000), by, text: "It is on its way.\nOne <b> day more.".to_owned() }
    }

    #[test]
    fn what_was_said_is_escaped_and_the_team_has_no_names() {
        let mail = Mail::SupportTranscript { username: "ana".to_owned(), messages: vec![message(Some("ana".to_owned())), message(None)] };
        let bodies = Letter::new(&mail, Locale::Pl).bodies().unwrap();
        assert!(bodies.text.contains("2026-12-27 08:05 UTC, ana: It is on its way.\nOne <b> day more.\n"), "{}", bodies.text);
        assert!(bodies.text.contains("UTC, Zespół pomocy: "), "{}", bodies.text);
        assert!(bodies.html.contains("One &lt;b&gt; day more.") && !bodies.html.contains("<b>"), "{}", bodies.html);
    }

    /// Mails with parts of their own, which are neither codes nor notices.
    const SPECIAL: [&str; 16] = [
        "activation",
        "address_taken",
        "audit_head",
        "contact_answer",
        "contact_copy",
        "contact_message",
        "contact_restoration",
        "deletion_scheduled",
        "donation_receipt",
        "missed",
        "order_confirmation",
        "order_paid",
        "password_reset",
        "plan_receipt",
        "support_answer",
        "support_transcript",
    ];

    fn every_mail() -> Vec<Mail> {
        let username = "ana_nowak".to_owned();
        let link = || Secret::new("https://stoa.example/x#token=chl_01.a-b_c".to_owned());
        // Taken from the Fluent messages, so that a new mail is tested too.
        let named = |part: &str| -> Vec<&'static str> {
            let keys = TEXTS.keys(Locale::En);
            keys.iter().filter_map(|key| key.strip_suffix(part)).map(|name| &*name.to_owned().leak()).collect()
        };
        let code = || Secret::new("012345".to_owned());
        let codes = named("_code-lead").into_iter().map(|purpose| Mail::Code { purpose, code: code(), life: Duration::from_secs(600) });
        let plain = named("-lead").into_iter().filter(|name| !name.ends_with("_code") && !SPECIAL.contains(name));
        let (plain, notices): (BTreeSet<&str>, BTreeSet<&str>) = (plain.collect(), Notice::ALL.iter().map(|n| n.name()).collect());
        assert_eq!(plain, notices, "each notice has messages, and nothing else has");
        let often = [1, 2, 5, 120].map(|times| Repeated { times, since: Time::ZERO, last: Time::from_millis(1_798_358_700_000) });
        let notices = plain.into_iter().flat_map(|name| {
            let once = Occasion { at: Time::ZERO, device: Some("Firefox 140, Linux".to_owned()), place: None };
            let happened = [Happened::Once(once)].into_iter().chain(often.map(Happened::Often));
            happened.map(move |happened| Mail::Notice { name, username: "ana_nowak".to_owned(), happened })
        });
        let others = [
            Mail::Activation { link: link(), life: Duration::from_secs(24 * 3600) },
            Mail::AddressTaken,
            Mail::AuditHead { number: 7, hash: "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg".to_owned() },
            Mail::DeletionScheduled { username: username.clone(), due_at: Time::from_millis(1_798_358_700_000), link: link() },
            Mail::PasswordReset { username: username.clone(), link: link(), life: Duration::from_secs(1800) },
            Mail::ContactRestoration { username: username.clone(), link: link(), life: Duration::from_secs(24 * 3600) },
            Mail::DonationReceipt {
                username: username.clone(),
                amount: "PLN\u{a0}12.34".to_owned(),
                number: "don_01K9ZC4QW8V3T6R1NHXJ5B2MDP".to_owned(),
                paid_at: Time::from_millis(1_798_358_700_000),
            },
            Mail::PlanReceipt {
                username: username.clone(),
                plan: "Premium".to_owned(),
                amount: "£50.00".to_owned(),
                number: "plp_01K9ZC4QW8V3T6R1NHXJ5B2MDP".to_owned(),
                paid_at: Time::from_millis(1_798_358_700_000),
            },
            confirmation(&username, false),
            confirmation(&username, true),
            Mail::SupportAnswer {
                username: username.clone(),
                answers: vec![message(None)],
                unsubscribe: Secret::new("https://stoa.example/unsubscribe/a-b_c".to_owned()),
                conversation: Conversation { root: "support.rom_1".to_owned(), mail: "support.rom_1.7".to_owned() },
            },
            Mail::SupportTranscript { username: username.clone(), messages: vec![message(Some(username)), message(None)] },
        ];
        codes.chain(notices).chain(others).chain(contact()).chain([1, 2, 5].map(missed)).collect()
    }

    fn contact() -> [Mail; 4] {
        let about = || ContactSubject { number: "tkt_01K9ZC4QW8V3T6R1NHXJ5B2MDP".to_owned(), name: "Something else".to_owned() };
        let text = || "It does <b>not</b> work.\n\nWhy?".to_owned();
        let (name, email) = ("Ana <i>".to_owned(), "ana@example.test".to_owned());
        [
            Mail::ContactMessage { about: about(), name, email, proven: false, text: text() },
            Mail::ContactCopy { about: about(), text: Some(text()) },
            Mail::ContactCopy { about: about(), text: None },
            Mail::ContactAnswer { about: about(), text: text(), message: 2 },
        ]
    }

    #[test]
    fn what_was_written_to_the_team_is_escaped_and_is_in_no_copy_for_a_stranger() {
        for locale in Locale::ALL {
            for (mail, words) in contact().into_iter().zip([true, true, false, true]) {
                let Bodies { text, html } = Letter::new(&mail, locale).bodies().unwrap();
                assert_eq!(text.contains("It does <b>not</b> work.\n\nWhy?\n"), words, "{text}");
                assert_eq!(html.contains("It does &lt;b&gt;not&lt;&#x2f;b&gt; work."), words, "{html}");
                assert!(!html.contains("<b>") && !html.contains("<i>"), "{html}");
                assert!(text.contains("Something else") && text.contains("tkt_01K9ZC4QW8V3T6R1NHXJ5B2MDP"), "{text}");
            }
        }
        let [to_team, ..] = contact();
        let text = Letter::new(&to_team, Locale::En).bodies().unwrap().text;
        assert!(text.contains("Name: Ana <i>\nAddress: ana@example.test (not proven)\n\nIt does"), "{text}");
    }

    fn confirmation(username: &str, paid: bool) -> Mail {
        Mail::OrderConfirmation {
            username: username.to_owned(),
            number: "ord_01K9ZC4QW8V3T6R1NHXJ5B2MDP".to_owned(),
            lines: vec!["2 × Turtle <b>: PLN\u{a0}12.34".to_owned()],
            total: "PLN\u{a0}12.34".to_owned(),
            paid,
        }
    }

    fn missed(messages: u32) -> Mail {
        let address = |path: &str| Secret::new(format!("https://stoa.example/{path}"));
        let said = ("ben".to_owned(), Excerpt::of("Are you <there>?\nIt is late."));
        let rooms = vec![
            MissedRoom { name: None, messages: vec![said.clone()], more: 0 },
            MissedRoom { name: Some("Agora <b>".to_owned()), messages: vec![said], more: 7 },
        ];
        Mail::Missed { messages, rooms, site: address(""), unsubscribe: address("unsubscribe/a-b_c") }
    }

    #[test]
    fn a_mail_about_missed_messages_has_them_escaped_and_can_be_stopped() {
        for locale in Locale::ALL {
            let Bodies { text, html } = Letter::new(&missed(9), locale).bodies().unwrap();
            assert!(text.contains("[Agora <b>]\nben: Are you <there>? It is late.\n"), "{text}");
            assert!(html.contains("Agora &lt;b&gt;") && html.contains("ben: Are you &lt;there&gt;?") && !html.contains("<b>"), "{html}");
            for body in [text, html] {
                assert!(body.contains("https://stoa.example/unsubscribe/a-b_c") || body.contains("unsubscribe&#x2f;a-b_c"), "{body}");
            }
        }
    }

    #[test]
    fn only_mails_that_can_be_switched_off_can_be_stopped() {
        for mail in every_mail() {
            let stopped = Letter::new(&mail, Locale::En).unsubscribe.is_some();
            assert_eq!(stopped, matches!(mail, Mail::Missed { .. } | Mail::SupportAnswer { .. }), "{mail:?}");
        }
    }

    #[test]
    fn every_language_has_every_message() {
        assert_eq!(TEXTS.faults(), [""; 0]);
    }

    #[test]
    fn every_mail_is_complete_in_every_language() {
        for locale in Locale::ALL {
            for mail in every_mail() {
                let letter = Letter::new(&mail, locale);
                let bodies = letter.bodies().unwrap();
                let (head, rest) = bodies.html.split_once("<style>").unwrap();
                let unstyled = format!("{head}{}", rest.split_once("</style>").unwrap().1);
                for body in [&letter.subject, &bodies.text, &unstyled] {
                    let hole = body.contains(['{', '}']) || body.contains(&*mail.name());
                    assert!(!hole, "{} {}: {body}", locale.tag(), mail.name());
                }
                assert!(bodies.text.starts_with(&letter.subject), "{}", bodies.text);
                assert!(bodies.html.contains(&format!("lang=\"{}\"", locale.tag())), "{}", bodies.html);
                for secret in mail.code().into_iter().chain(mail.link()) {
                    assert!(bodies.text.lines().any(|line| line.trim() == secret.expose()), "on a line of its own:\n{}", bodies.text);
                }
                assert_eq!(bodies.html.contains("href"), mail.link().or(mail.unsubscribe()).is_some());
                // Programs that read mails, such as the inbox of the local cloud, take nothing else for a code.
                assert_eq!(bodies.html.contains("class=\"one-time-code\""), mail.code().is_some());
            }
        }
    }

    #[test]
    fn mails_have_the_colours_of_the_pages() {
        let palette = include_str!("../../web/assets/palette.css");
        let colours: BTreeSet<&str> = include_str!("../templates/mail.html").split('#').skip(1).filter_map(|rest| rest.get(..6)).collect();
        assert!(colours.len() > 10, "{colours:?}");
        for colour in colours {
            assert!(palette.contains(&format!("#{colour};")), "#{colour} is not in the palette");
        }
    }

    #[test]
    fn a_notice_says_how_often_it_happened() {
        let at = Time::from_millis(1_798_358_700_000);
        let said = |locale, times| {
            let happened = Happened::Often(Repeated { times, since: at, last: at + Duration::from_secs(600) });
            Letter::new(&Mail::Notice { name: "new_sign_in", username: "ana".to_owned(), happened }, locale).bodies().unwrap().text
        };
        assert!(said(Locale::En, 1).contains("It happened once since 27 December 2026, 08:05 UTC, at 27 December 2026, 08:15 UTC"));
        assert!(said(Locale::En, 7).contains("It happened 7 times since 27 December 2026, 08:05 UTC, the last time at"));
        assert!(said(Locale::Pl, 7).contains("zdarzyło się to 7 razy"), "{}", said(Locale::Pl, 7));
    }

    #[test]
    fn a_notice_says_when_with_which_device_and_where_it_happened() {
        let at = Time::from_millis(1_798_358_700_000);
        let said = |locale, device: Option<&str>, place: Option<&str>| {
            let occasion = Occasion { at, device: device.map(str::to_owned), place: place.map(str::to_owned) };
            let mail = Mail::Notice { name: "new_sign_in", username: "ana".to_owned(), happened: Happened::Once(occasion) };
            Letter::new(&mail, locale).bodies().unwrap()
        };
        let all = said(Locale::En, Some("Firefox 140, Linux"), Some("<Łódź>, PL (192.0.2.7)"));
        let lines = "Time: 2026-12-27 08:05 UTC\nDevice: Firefox 140, Linux\nPlace: <Łódź>, PL (192.0.2.7)\n";
        assert!(all.text.contains(lines), "{}", all.text);
        assert!(all.html.contains("Place: &lt;Łódź&gt;, PL (192.0.2.7)"), "{}", all.html);
        let time_only = said(Locale::Pl, None, None).text;
        assert!(time_only.contains("Czas: 2026-12-27 08:05 UTC\n\n") && !time_only.contains("Urządzenie"), "{time_only}");
    }

    #[test]
    fn dates_are_written_as_in_each_language() {
        let at = Time::from_millis(1_798_358_700_000);
        assert_eq!((date(at, Locale::En), time_of_day(at)), ("27 December 2026".to_owned(), "08:05".to_owned()));
        assert_eq!(date(at, Locale::Pl), "27 grudnia 2026");
    }

    #[test]
    fn values_in_html_are_escaped() {
        let link = Secret::new("https://stoa.example/\"><script>".to_owned());
        let mail = Mail::DeletionScheduled { username: "<b>ana".to_owned(), due_at: Time::ZERO, link };
        let html = Letter::new(&mail, Locale::En).bodies().unwrap().html;
        assert!(html.contains("&lt;b&gt;ana") && !html.contains("<script>"), "{html}");
    }
}
