//! SES, version 1: mails go to the inbox.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::Response;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::StatusCode;
use mail_parser::{Addr, Address, Message, MessageParser};

use super::{
    call::Call,
    calls::Capacity,
    iam::Need,
    service::{AwsError, Service, xml_reply},
    sns::form,
};
use crate::{
    inbox::{Channel, Draft},
    template::{ACCOUNT, REGION},
};

/// The most recipients of one mail.
const MAX_RECIPIENTS: usize = 50;
/// The most bytes of one mail. <https://docs.aws.amazon.com/ses/latest/dg/quotas.html>
const MAX_BYTES: usize = 10 * 1024 * 1024;

/// The operation that returns whether the account may send mails. Here it always may.
const ENABLED: &str = "GetAccountSendingEnabled";

/// The operation that returns how many mails were sent, bounced and complained about.
const STATISTICS: &str = "GetSendStatistics";
/// Mails to these addresses of AWS count as bounced, or as complained about. The inbox has them nevertheless.
/// <https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html>
const BOUNCES: &str = "bounce@simulator.amazonses.com";
const COMPLAINS: &str = "complaint@simulator.amazonses.com";

/// A mail, from either operation.
struct Mail {
    from: String,
    /// The sender in the headers of a raw mail, if it is another one.
    also_from: Option<String>,
    to: Vec<String>,
    bytes: usize,
    subject: String,
    text: String,
    html: Option<String>,
    /// The headers in [`KEPT`].
    headers: BTreeMap<String, String>,
}

/// The headers that programs act on. The inbox keeps and shows them.
const KEPT: [&str; 6] = ["in-reply-to", "list-unsubscribe", "list-unsubscribe-post", "message-id", "references", "reply-to"];

/// Answers a signed call.
pub(super) async fn answer(call: &Call, body: &[u8]) -> Response {
    let form = form(body);
    let action = field(&form, "Action").unwrap_or_default();
    if action == ENABLED {
        let run = async { (Service::Ses.query_result(ENABLED, &[("Enabled", "true")], &call.request_id), Capacity::default()) };
        return call.perform(ENABLED, &[Need::new(format!("ses:{ENABLED}"), "*")], run).await;
    }
    if action == STATISTICS {
        let run = async { (statistics(call), Capacity::default()) };
        return call.perform(STATISTICS, &[Need::new(format!("ses:{STATISTICS}"), "*")], run).await;
    }
    let (operation, mail) = match action.as_str() {
        "SendRawEmail" => ("SendRawEmail", raw(&form)),
        "SendEmail" => ("SendEmail", simple(&form)),
        other => {
            return call.refuse(other, &AwsError::new(StatusCode::BAD_REQUEST, "InvalidAction", format!("{other:?} is not answered here")));
        }
    };
    let mail = match mail.ok_or_else(|| "the mail cannot be read".to_owned()).and_then(|mail| check(&mail).map(|()| mail)) {
        Ok(mail) => mail,
        Err(why) => return call.refuse(operation, &AwsError::new(StatusCode::BAD_REQUEST, "InvalidParameterValue", why)),
    };
    let needs = needs(call, operation, &mail.from);
    call.perform(operation, &needs, async {
        let response = match unverified(&call.core.aws.identities, &mail) {
            Some(sender) => {
                let message = format!(
                    "Email address is not verified. The following identities failed the check in region {}: {sender}",
                    REGION.to_uppercase()
                );
                Service::Ses.refuse(&AwsError::new(StatusCode::BAD_REQUEST, "MessageRejected", message), &call.request_id)
            }
            None => deliver(call, operation, mail),
        };
        (response, Capacity::default())
    })
    .await
}

/// Answers with a data point for each mail of the inbox.
fn statistics(call: &Call) -> Response {
    let mails = call.core.inbox.list(None, 0).into_iter().filter(|message| message.channel == Channel::Mail);
    let point = |mail: crate::inbox::Message| {
        let is = |address: &str| u8::from(mail.to.eq_ignore_ascii_case(address));
        format!(
            "<member><Timestamp>{}</Timestamp><DeliveryAttempts>1</DeliveryAttempts><Bounces>{}</Bounces><Complaints>{}</Complaints>\
             <Rejects>0</Rejects></member>",
            mail.at,
            is(BOUNCES),
            is(COMPLAINS)
        )
    };
    let points: String = mails.map(point).collect();
    let xml = format!(
        "<{STATISTICS}Response xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><{STATISTICS}Result><SendDataPoints>{points}\
         </SendDataPoints></{STATISTICS}Result><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{STATISTICS}Response>",
        call.request_id
    );
    xml_reply(StatusCode::OK, &xml, &call.request_id)
}

/// Returns the sender, if neither the address nor its domain nor a parent domain is verified.
fn unverified<'a>(identities: &BTreeSet<String>, mail: &'a Mail) -> Option<&'a str> {
    let verified = |address: &str| {
        let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain).to_lowercase();
        let parents = domain.match_indices('.').filter_map(|(dot, _)| domain.get(dot.saturating_add(1)..));
        identities.contains(address) || [domain.as_str()].into_iter().chain(parents).any(|domain| identities.contains(domain))
    };
    [Some(mail.from.as_str()), mail.also_from.as_deref()].into_iter().flatten().map(bare).find(|address| !verified(address))
}

fn deliver(call: &Call, operation: &str, mail: Mail) -> Response {
    let mut id = 0;
    for to in mail.to {
        let draft = Draft {
            channel: Channel::Mail,
            to,
            from: mail.from.clone(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            html: mail.html.clone(),
            headers: mail.headers.clone(),
        };
        match call.core.inbox.receive(draft) {
            Ok(message) => id = message.id,
            Err(e) => {
                let refusal = AwsError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", e.to_string());
                return Service::Ses.refuse(&refusal, &call.request_id);
            }
        }
    }
    Service::Ses.query_result(operation, &[("MessageId", &format!("{id:032}"))], &call.request_id)
}

/// Returns the permissions for a sender. AWS checks the permission for the verified identity: the address or its domain. Here either
/// permission is enough, and both are recorded as used if the policy has both.
fn needs(call: &Call, operation: &str, from: &str) -> Vec<Need> {
    let address = bare(from);
    let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain);
    let identity = |name: &str| Need {
        context: vec![("ses:FromAddress", vec![address.to_owned()])],
        ..Need::new(format!("ses:{operation}"), format!("arn:aws:ses:{REGION}:{ACCOUNT}:identity/{name}"))
    };
    let allowed: Vec<Need> = [address, domain].map(identity).into_iter().filter(|n| call.core.aws.may(&call.function, n)).collect();
    if allowed.is_empty() { vec![identity(address)] } else { allowed }
}

fn check(mail: &Mail) -> Result<(), String> {
    if mail.to.is_empty() || mail.to.len() > MAX_RECIPIENTS {
        return Err("a mail has between 1 and 50 recipients".to_owned());
    }
    if mail.bytes > MAX_BYTES {
        return Err(format!("Message length is more than {MAX_BYTES} bytes long: '{}'.", mail.bytes));
    }
    mail.to.iter().chain([&mail.from]).chain(&mail.also_from).try_for_each(|address| check_address(address).map_err(str::to_owned))
}

/// Checks a mailbox: `address`, or `Name <address>` with the name encoded as RFC 2047 says.
/// <https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html>
fn check_address(mailbox: &str) -> Result<(), &'static str> {
    let blank = |c: char| c.is_control() || c.is_whitespace();
    if mailbox.chars().any(char::is_control) {
        return Err("Local address contains control or whitespace");
    }
    if !mailbox.is_ascii() {
        return Err("Local address contains illegal character");
    }
    let Some((local, domain)) = bare(mailbox).rsplit_once('@') else { return Err("Missing final '@domain'") };
    match (local, domain) {
        ("", _) => Err("Missing local name"),
        (_, "") => Err("Missing domain"),
        (local, _) if local.contains(blank) && !local.starts_with('"') => Err("Local address contains control or whitespace"),
        (_, domain) if domain.contains(blank) => Err("Domain contains control or whitespace"),
        (_, domain) if domain.starts_with('.') => Err("Domain starts with dot"),
        (_, domain) if domain.ends_with('.') => Err("Domain ends with dot"),
        (_, domain) if !domain.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)) => Err("Domain contains illegal character"),
        _ => Ok(()),
    }
}

fn raw(form: &[(String, String)]) -> Option<Mail> {
    let bytes = BASE64_STANDARD.decode(field(form, "RawMessage.Data")?).ok()?;
    let message = MessageParser::default().parse(&bytes)?;
    let named = list(form, "Destinations.member.");
    let in_from = message.from().and_then(|from| addresses(from).into_iter().next());
    let in_headers = || [message.to(), message.cc(), message.bcc()].into_iter().flatten().flat_map(addresses).collect();
    Some(Mail {
        from: field(form, "Source").or_else(|| in_from.clone())?,
        also_from: in_from,
        bytes: bytes.len(),
        to: if named.is_empty() { in_headers() } else { named },
        subject: message.subject().unwrap_or_default().to_owned(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        html: html(&message),
        headers: KEPT.into_iter().filter_map(|name| Some((name.to_owned(), unfolded(message.header_raw(name)?)))).collect(),
    })
}

/// Returns a header in one line (RFC 5322 §2.2.3).
fn unfolded(raw: &str) -> String {
    raw.replace("\r\n", "").trim().to_owned()
}

/// Returns the HTML part, if the mail has one. (The parser's own accessor converts a plain-text part.)
fn html(message: &Message<'_>) -> Option<String> {
    message.html_bodies().find(|part| part.is_text_html()).and_then(|part| part.text_contents()).map(str::to_owned)
}

fn simple(form: &[(String, String)]) -> Option<Mail> {
    let to = ["To", "Cc", "Bcc"].into_iter().flat_map(|kind| list(form, &format!("Destination.{kind}Addresses.member.")));
    let (subject, text) = (field(form, "Message.Subject.Data")?, field(form, "Message.Body.Text.Data").unwrap_or_default());
    let html = field(form, "Message.Body.Html.Data");
    let bytes = [subject.len(), text.len(), html.as_ref().map_or(0, String::len)].into_iter().fold(0, usize::saturating_add);
    Some(Mail { from: field(form, "Source")?, also_from: None, to: to.collect(), bytes, subject, text, html, headers: BTreeMap::new() })
}

fn addresses(address: &Address<'_>) -> Vec<String> {
    let all: Vec<&Addr<'_>> = match address {
        Address::List(list) => list.iter().collect(),
        Address::Group(groups) => groups.iter().flat_map(|g| &g.addresses).collect(),
    };
    all.into_iter().filter_map(|a| a.address().map(str::to_owned)).collect()
}

/// Returns the address in `Name <address>`.
fn bare(address: &str) -> &str {
    address.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(address, |(inside, _)| inside).trim()
}

fn field(form: &[(String, String)], name: &str) -> Option<String> {
    form.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone())
}

fn list(form: &[(String, String)], prefix: &str) -> Vec<String> {
    form.iter().filter(|(n, _)| n.starts_with(prefix)).map(|(_, v)| v.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_mail_is_parsed() {
        let mime = "From: Stoa <no-reply@stoa.test>\r\nTo: Anna <anna@example.test>\r\nSubject: =?utf-8?B?S29kOiA0NzEx?=\r\nMIME-Version: 1.0\r\n\
                    Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\
                    Content-Transfer-Encoding: quoted-printable\r\n\r\nZa=C5=BC=C3=B3=C5=82=C4=87\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hi</p>\r\n--x--\r\n";
        let form = |extra: &[(&str, &str)]| {
            let data = [("RawMessage.Data".to_owned(), BASE64_STANDARD.encode(mime))].into_iter();
            data.chain(extra.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).collect::<Vec<_>>()
        };
        let mail = raw(&form(&[])).expect("mail");
        assert_eq!((mail.from.as_str(), mail.subject.as_str(), mail.text.trim()), ("no-reply@stoa.test", "Kod: 4711", "Zażółć"));
        assert_eq!(mail.to, ["anna@example.test"]);
        assert_eq!(mail.html.as_deref().map(str::trim), Some("<p>Hi</p>"));
        let mail = raw(&form(&[("Destinations.member.1", "bert@example.test")])).expect("mail");
        assert_eq!(mail.to, ["bert@example.test"], "the envelope counts, not the header");
    }

    #[test]
    fn addresses_that_aws_refuses_are_refused() {
        for (mailbox, good) in [
            ("a@b.test", true),
            ("Stoa <a@b.test>", true),
            ("=?utf-8?B?xbtvxYI=?= <a@b.test>", true),
            ("a+b@xn--bcher-kva.test", true),
            ("ana", false),
            ("@b.test", false),
            ("a@", false),
            ("a b@b.test", false),
            ("a@b.test\r\nBcc: eve@evil.test", false),
            ("Sto\r\na <a@b.test>", false),
            ("żółw@b.test", false),
            ("a@bücher.test", false),
            ("Stoá <a@b.test>", false),
            ("a@b test", false),
            ("a@.test", false),
            ("a@b.test.", false),
            ("a@b.test%!", false),
        ] {
            assert_eq!(check_address(mailbox).is_ok(), good, "{mailbox:?}");
        }
    }

    #[test]
    fn a_sender_is_verified_itself_or_by_its_domain() {
        let identities: BTreeSet<String> = ["stoa.test".to_owned(), "ana@mail.test".to_owned()].into();
        for (from, also_from, refused) in [
            ("no-reply@stoa.test", None, None),
            ("Stoa <no-reply@mail.stoa.test>", Some("no-reply@stoa.test"), None),
            ("ana@mail.test", None, None),
            ("ben@mail.test", None, Some("ben@mail.test")),
            ("a@notstoa.test", None, Some("a@notstoa.test")),
            ("no-reply@stoa.test", Some("eve@evil.test"), Some("eve@evil.test")),
        ] {
            let mail = Mail {
                from: from.to_owned(),
                also_from: also_from.map(str::to_owned),
                to: Vec::new(),
                bytes: 0,
                subject: String::new(),
                text: String::new(),
                html: None,
                headers: BTreeMap::new(),
            };
            assert_eq!(unverified(&identities, &mail), refused, "{from}");
        }
    }

    #[test]
    fn the_address_is_taken_from_a_mailbox() {
        assert_eq!(bare("Stoa <a@b.test>"), "a@b.test");
        assert_eq!(bare("a@b.test"), "a@b.test");
    }
}
