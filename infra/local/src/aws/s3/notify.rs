//! Notifications of buckets: functions are invoked for new objects.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

use kernel::Timestamp;
use serde_json::{Value, json};

use crate::{
    Core, StartError,
    aws::{call::request_id, glob},
    template::{NotificationSpec, REGION, Template},
};

/// The notifications of every bucket.
pub(super) struct Notifications(Vec<NotificationSpec>);

/// A new object.
struct Object<'a> {
    bucket: &'a str,
    key: &'a str,
    size: i64,
    etag: String,
}

impl Notifications {
    /// Returns the notifications of a template.
    ///
    /// # Errors
    /// If one is for another event than new objects.
    pub(super) fn new(template: &Template) -> Result<Self, StartError> {
        let unknown = template.notifications.iter().find(|n| n.events.iter().any(|e| !e.starts_with("s3:ObjectCreated:")));
        match unknown {
            None => Ok(Self(template.notifications.clone())),
            Some(n) => Err(StartError::Template(format!("notification {}: only s3:ObjectCreated events are known here", n.name))),
        }
    }

    /// Invokes every function with a notification for a new object.
    pub(super) async fn created(&self, core: &Core, operation: &str, bucket: &str, key: &str) {
        let Some(event) = event_of(operation) else { return };
        let wanted: Vec<_> = self.0.iter().filter(|n| wants(n, event, bucket, key)).collect();
        if wanted.is_empty() {
            return;
        }
        let Some(object) = describe(core, bucket, key).await else { return };
        for notification in wanted {
            let records = json!({"Records": [record(core, notification, event, &object)]});
            if let Ok(payload) = serde_json::value::to_raw_value(&records) {
                core.hosts.invoke_async(&notification.function, payload);
            }
        }
    }
}

fn event_of(operation: &str) -> Option<&'static str> {
    Some(match operation {
        "PutObject" => "ObjectCreated:Put",
        "PostObject" => "ObjectCreated:Post",
        "CopyObject" => "ObjectCreated:Copy",
        "CompleteMultipartUpload" => "ObjectCreated:CompleteMultipartUpload",
        _ => return None,
    })
}

fn wants(notification: &NotificationSpec, event: &str, bucket: &str, key: &str) -> bool {
    notification.bucket == bucket
        && key.starts_with(&notification.prefix)
        && key.ends_with(&notification.suffix)
        && notification.events.iter().any(|e| glob::matches(e, &format!("s3:{event}")))
}

/// Describes a new object. `None` if it was deleted in the meantime.
async fn describe<'a>(core: &Core, bucket: &'a str, key: &'a str) -> Option<Object<'a>> {
    let head = core.aws.s3.head(bucket, key).await?;
    let etag = head.e_tag.map(|tag| tag.value().to_owned()).unwrap_or_default();
    Some(Object { bucket, key, size: head.content_length.unwrap_or_default(), etag })
}

fn record(core: &Core, notification: &NotificationSpec, event: &str, object: &Object<'_>) -> Value {
    let id = request_id(&core.sys);
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": REGION,
        "eventTime": Timestamp(core.clock.now()), "eventName": event,
        "userIdentity": {"principalId": "AWS:LOCAL"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": id, "x-amz-id-2": id},
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": notification.name,
            "bucket": {
                "name": object.bucket, "arn": format!("arn:aws:s3:::{}", object.bucket),
                "ownerIdentity": {"principalId": "LOCAL"},
            },
            "object": {"key": encode(object.key), "size": object.size, "eTag": object.etag, "sequencer": format!("{:016X}", core.clock.now().millis())},
        },
    })
}

/// Keys are encoded like forms, except for slashes.
fn encode(key: &str) -> String {
    form_urlencoded::byte_serialize(key.as_bytes()).collect::<String>().replace("%2F", "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_is_sent_for_matching_keys() {
        let notification = NotificationSpec {
            name: "Uploaded".into(),
            bucket: "files".into(),
            function: "upload-processor".into(),
            events: vec!["s3:ObjectCreated:*".into()],
            prefix: "incoming/".into(),
            suffix: String::new(),
        };
        assert!(wants(&notification, "ObjectCreated:Put", "files", "incoming/a"));
        assert!(!wants(&notification, "ObjectCreated:Put", "files", "pictures/a"));
        assert!(!wants(&notification, "ObjectCreated:Put", "other", "incoming/a"));
        assert!(!wants(
            &NotificationSpec { events: vec!["s3:ObjectCreated:Copy".into()], ..notification },
            "ObjectCreated:Put",
            "files",
            "incoming/a"
        ));
    }

    #[test]
    fn keys_are_encoded_like_forms() {
        assert_eq!(encode("incoming/a b+ż.png"), "incoming/a+b%2B%C5%BC.png");
    }
}
