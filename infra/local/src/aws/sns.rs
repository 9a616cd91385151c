//! SNS: text messages to phone numbers go to the inbox.

use std::collections::BTreeMap;

use axum::response::Response;
use http::StatusCode;

use super::{
    call::Call,
    calls::Capacity,
    iam::Need,
    service::{AwsError, Service},
};
use crate::inbox::{Channel, Draft};

/// The most characters of a text message.
const MAX_LENGTH: usize = 1600;

/// The operation that returns the settings of text messages. There are none here.
const SETTINGS: &str = "GetSMSAttributes";

/// Answers a signed call.
pub(super) async fn answer(call: &Call, body: &[u8]) -> Response {
    let form = form(body);
    let field = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    if field("Action") == Some(SETTINGS) {
        let run = async { (Service::Sns.query_result(SETTINGS, &[], &call.request_id), Capacity::default()) };
        return call.perform(SETTINGS, &[Need::new(format!("sns:{SETTINGS}"), "*")], run).await;
    }
    if field("Action") != Some("Publish") {
        let action = field("Action").unwrap_or_default();
        return call.refuse(action, &AwsError::new(StatusCode::BAD_REQUEST, "InvalidAction", format!("{action:?} is not answered here")));
    }
    let invalid = |message: &str| {
        call.refuse("Publish", &AwsError::new(StatusCode::BAD_REQUEST, "InvalidParameter", format!("Invalid parameter: {message}")))
    };
    if ["PhoneNumber", "TopicArn", "TargetArn"].iter().filter(|name| field(name).is_some()).count() > 1 {
        return invalid("only one of TopicArn, TargetArn and PhoneNumber may be given");
    }
    if let Some(topic) = field("TopicArn").or_else(|| field("TargetArn")) {
        // There are no topics, but the permission to publish to one is checked all the same.
        let missing = AwsError::new(StatusCode::NOT_FOUND, "NotFound", "Topic does not exist");
        let run = async { (Service::Sns.refuse(&missing, &call.request_id), Capacity::default()) };
        return call.perform("Publish", &[Need::new("sns:Publish", topic)], run).await;
    }
    let (Some(to), Some(text)) = (field("PhoneNumber"), field("Message")) else {
        return invalid("PhoneNumber and Message");
    };
    if !is_phone_number(to) {
        return invalid("PhoneNumber Reason: not in E.164 format");
    }
    if text.is_empty() || text.chars().count() > MAX_LENGTH {
        return invalid("Message");
    }
    if let Err(why) = check_attributes(&form) {
        return invalid(&why);
    }
    // On AWS the resource of a phone number is `*`.
    call.perform("Publish", &[Need::new("sns:Publish", "*")], async {
        let draft = Draft {
            channel: Channel::Sms,
            to: to.to_owned(),
            from: attribute(&form, "AWS.SNS.SMS.SenderID").unwrap_or_default(),
            subject: String::new(),
            text: text.to_owned(),
            html: None,
            headers: BTreeMap::new(),
        };
        let response = match call.core.inbox.receive(draft) {
            Ok(message) => Service::Sns.query_result("Publish", &[("MessageId", &format!("{:032}", message.id))], &call.request_id),
            Err(e) => {
                Service::Sns.refuse(&AwsError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", e.to_string()), &call.request_id)
            }
        };
        (response, Capacity::default())
    })
    .await
}

/// Returns the fields of a form, decoded.
pub(super) fn form(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

/// Returns the value of a message attribute: `MessageAttributes.entry.N.Value.StringValue` of the `N` whose `Name` is `name`.
fn attribute(form: &[(String, String)], name: &str) -> Option<String> {
    let (key, _) =
        form.iter().find(|(key, value)| key.starts_with("MessageAttributes.entry.") && key.ends_with(".Name") && value == name)?;
    let value = format!("{}.Value.StringValue", key.strip_suffix(".Name")?);
    form.iter().find(|(key, _)| *key == value).map(|(_, v)| v.clone())
}

/// Checks the attributes of a text message.
/// <https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html>
fn check_attributes(form: &[(String, String)]) -> Result<(), String> {
    for (key, name) in form.iter().filter(|(key, _)| key.starts_with("MessageAttributes.entry.") && key.ends_with(".Name")) {
        let member = |part: &str| {
            let wanted = format!("{}.Value.{part}", key.trim_end_matches(".Name"));
            form.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
        };
        if member("DataType").is_none() {
            return Err(format!("The message attribute '{name}' must contain non-empty message attribute type."));
        }
        let Some(value) = member("StringValue").or_else(|| member("BinaryValue")) else {
            return Err(format!("The message attribute '{name}' must contain non-empty message attribute value."));
        };
        let right = match name.as_str() {
            "AWS.SNS.SMS.SenderID" => is_sender_id(value),
            "AWS.SNS.SMS.SMSType" => matches!(value, "Promotional" | "Transactional"),
            "AWS.SNS.SMS.MaxPrice" => value.parse::<f64>().is_ok_and(|price| price > 0.0),
            _ => true,
        };
        if !right {
            return Err(format!("{name} Reason: {value:?} is not valid"));
        }
    }
    Ok(())
}

/// Returns whether a text is a sender id: up to eleven letters, digits and hyphens, with at least one letter.
/// <https://docs.aws.amazon.com/sms-voice/latest/userguide/sender-id.html>
fn is_sender_id(text: &str) -> bool {
    let fits = (1..=11).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits && text.bytes().any(|b| b.is_ascii_alphabetic())
}

/// E.164: a plus sign and up to fifteen digits.
fn is_phone_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_found_by_its_name() {
        let form = form(
            b"MessageAttributes.entry.1.Name=AWS.SNS.SMS.SMSType&MessageAttributes.entry.1.Value.StringValue=Transactional\
              &MessageAttributes.entry.2.Name=AWS.SNS.SMS.SenderID&MessageAttributes.entry.2.Value.StringValue=Stoa",
        );
        assert_eq!(attribute(&form, "AWS.SNS.SMS.SenderID").as_deref(), Some("Stoa"));
        assert_eq!(attribute(&form, "other"), None);
    }

    #[test]
    fn attributes_that_aws_refuses_are_refused() {
        let attribute = |name: &str, kind: &str, value: &str| {
            let entry = |part: &str| format!("MessageAttributes.entry.1.{part}");
            [("Name", name), ("Value.DataType", kind), ("Value.StringValue", value)].map(|(part, text)| (entry(part), text.to_owned()))
        };
        for (name, kind, value, good) in [
            ("AWS.SNS.SMS.SenderID", "String", "Stoa", true),
            ("AWS.SNS.SMS.SenderID", "String", "Stoa-2", true),
            ("AWS.SNS.SMS.SenderID", "String", "12345678901", false),
            ("AWS.SNS.SMS.SenderID", "String", "StoaStoaStoa", false),
            ("AWS.SNS.SMS.SenderID", "String", "My Stoa", false),
            ("AWS.SNS.SMS.SenderID", "String", "Stoá", false),
            ("AWS.SNS.SMS.SenderID", "String", "", false),
            ("AWS.SNS.SMS.SenderID", "", "Stoa", false),
            ("AWS.SNS.SMS.SMSType", "String", "Transactional", true),
            ("AWS.SNS.SMS.SMSType", "String", "transactional", false),
            ("AWS.SNS.SMS.MaxPrice", "Number", "0.05", true),
            ("AWS.SNS.SMS.MaxPrice", "Number", "free", false),
            ("other", "String", "x", true),
        ] {
            assert_eq!(check_attributes(&attribute(name, kind, value)).is_ok(), good, "{name} {value}");
        }
    }

    #[test]
    fn phone_numbers_are_e164() {
        for (text, expected) in
            [("+48123456789", true), ("48123456789", false), ("+48 123", false), ("+1234567890123456", false), ("+12", false)]
        {
            assert_eq!(is_phone_number(text), expected, "{text}");
        }
    }
}
