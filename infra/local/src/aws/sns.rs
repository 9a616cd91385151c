//! SNS: text messages to phone numbers go to the inbox.

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

/// Answers a signed call.
pub(super) async fn answer(call: &Call, body: &[u8]) -> Response {
    let form = form(body);
    let field = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    if field("Action") != Some("Publish") {
        let action = field("Action").unwrap_or_default();
        return call.refuse(action, &AwsError::new(StatusCode::BAD_REQUEST, "InvalidAction", format!("{action:?} is not answered here")));
    }
    let invalid = |message: &str| {
        call.refuse("Publish", &AwsError::new(StatusCode::BAD_REQUEST, "InvalidParameter", format!("Invalid parameter: {message}")))
    };
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
    // On AWS the resource of a phone number is `*`.
    call.perform("Publish", &[Need::new("sns:Publish", "*")], async {
        let draft = Draft {
            channel: Channel::Sms,
            to: to.to_owned(),
            from: attribute(&form, "AWS.SNS.SMS.SenderID").unwrap_or_default(),
            subject: String::new(),
            text: text.to_owned(),
            html: None,
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

/// The fields of a form, decoded.
pub(super) fn form(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

/// The value of a message attribute: `MessageAttributes.entry.N.Value.StringValue` of the `N` whose `Name` is `name`.
fn attribute(form: &[(String, String)], name: &str) -> Option<String> {
    let (key, _) =
        form.iter().find(|(key, value)| key.starts_with("MessageAttributes.entry.") && key.ends_with(".Name") && value == name)?;
    let value = format!("{}.Value.StringValue", key.strip_suffix(".Name")?);
    form.iter().find(|(key, _)| *key == value).map(|(_, v)| v.clone())
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
    fn phone_numbers_are_e164() {
        for (text, expected) in
            [("+48123456789", true), ("48123456789", false), ("+48 123", false), ("+1234567890123456", false), ("+12", false)]
        {
            assert_eq!(is_phone_number(text), expected, "{text}");
        }
    }
}
