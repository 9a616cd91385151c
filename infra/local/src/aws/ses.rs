//! SES, version 1: mails go to the inbox.

use axum::response::Response;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::StatusCode;
use mail_parser::{Addr, Address, Message, MessageParser};

use super::{
    call::Call,
    calls::Capacity,
    iam::Need,
    service::{AwsError, Service},
    sns::form,
};
use crate::{
    inbox::{Channel, Draft},
    template::{ACCOUNT, REGION},
};

/// The most recipients of one mail.
const MAX_RECIPIENTS: usize = 50;

/// A mail, from either operation.
struct Mail {
    from: String,
    to: Vec<String>,
    subject: String,
    text: String,
    html: Option<String>,
}

/// Answers a signed call.
pub(super) async fn answer(call: &Call, body: &[u8]) -> Response {
    let form = form(body);
    let action = field(&form, "Action").unwrap_or_default();
    let (operation, mail) = match action.as_str() {
        "SendRawEmail" => ("SendRawEmail", raw(&form)),
        "SendEmail" => ("SendEmail", simple(&form)),
        other => {
            return call.refuse(other, &AwsError::new(StatusCode::BAD_REQUEST, "InvalidAction", format!("{other:?} is not answered here")));
        }
    };
    let mail = match mail.ok_or("the mail cannot be read").and_then(|mail| check(&mail).map(|()| mail)) {
        Ok(mail) => mail,
        Err(why) => return call.refuse(operation, &AwsError::new(StatusCode::BAD_REQUEST, "InvalidParameterValue", why)),
    };
    let needs = needs(call, operation, &mail.from);
    call.perform(operation, &needs, async { (deliver(call, operation, mail), Capacity::default()) }).await
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

/// The sender is its own identity or belongs to that of its domain. AWS checks the permission for the one that is verified. No
/// identity is verified here, so either permission is enough, and both are recorded as used if the policy has both.
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

fn check(mail: &Mail) -> Result<(), &'static str> {
    if mail.to.is_empty() || mail.to.len() > MAX_RECIPIENTS {
        return Err("a mail has between 1 and 50 recipients");
    }
    if mail.to.iter().chain([&mail.from]).any(|a| !bare(a).contains('@')) {
        return Err("Missing or malformed address");
    }
    Ok(())
}

fn raw(form: &[(String, String)]) -> Option<Mail> {
    let bytes = BASE64_STANDARD.decode(field(form, "RawMessage.Data")?).ok()?;
    let message = MessageParser::default().parse(&bytes)?;
    let named = list(form, "Destinations.member.");
    let in_headers = || [message.to(), message.cc(), message.bcc()].into_iter().flatten().flat_map(addresses).collect();
    Some(Mail {
        from: field(form, "Source").or_else(|| addresses(message.from()?).into_iter().next())?,
        to: if named.is_empty() { in_headers() } else { named },
        subject: message.subject().unwrap_or_default().to_owned(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        html: html(&message),
    })
}

/// The HTML part. The parser would otherwise convert a plain-text part.
fn html(message: &Message<'_>) -> Option<String> {
    message.html_bodies().find(|part| part.is_text_html()).and_then(|part| part.text_contents()).map(str::to_owned)
}

fn simple(form: &[(String, String)]) -> Option<Mail> {
    let to = ["To", "Cc", "Bcc"].into_iter().flat_map(|kind| list(form, &format!("Destination.{kind}Addresses.member.")));
    Some(Mail {
        from: field(form, "Source")?,
        to: to.collect(),
        subject: field(form, "Message.Subject.Data")?,
        text: field(form, "Message.Body.Text.Data").unwrap_or_default(),
        html: field(form, "Message.Body.Html.Data"),
    })
}

fn addresses(address: &Address<'_>) -> Vec<String> {
    let all: Vec<&Addr<'_>> = match address {
        Address::List(list) => list.iter().collect(),
        Address::Group(groups) => groups.iter().flat_map(|g| &g.addresses).collect(),
    };
    all.into_iter().filter_map(|a| a.address().map(str::to_owned)).collect()
}

/// The address in `Name <address>`.
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
    fn the_address_is_taken_from_a_mailbox() {
        assert_eq!(bare("Stoa <a@b.test>"), "a@b.test");
        assert_eq!(bare("a@b.test"), "a@b.test");
    }
}
