//! Conditional reads: 304 and 412 for `GetObject` and `HeadObject`, which s3s-fs does not know.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html>, RFC 9110 §13.

use axum::{body::Body, response::Response};
use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{CACHE_CONTROL, ETAG, EXPIRES, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, LAST_MODIFIED},
};
use time::{PrimitiveDateTime, macros::format_description};

use crate::aws::service::{AwsError, Service};

/// The conditions of a request.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    matches: Option<String>,
    none_matches: Option<String>,
    modified_since: Option<PrimitiveDateTime>,
    unmodified_since: Option<PrimitiveDateTime>,
}

/// The response instead of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConditionalResponse {
    NotModified,
    PreconditionFailed,
}

impl Conditions {
    pub fn of(headers: &HeaderMap) -> Self {
        Self {
            matches: text(headers, &IF_MATCH),
            none_matches: text(headers, &IF_NONE_MATCH),
            // A date that cannot be read is no condition.
            modified_since: date(headers, &IF_MODIFIED_SINCE),
            unmodified_since: date(headers, &IF_UNMODIFIED_SINCE),
        }
    }

    /// Returns the response to a read. `response` is the one with the object.
    pub fn apply(&self, operation: &str, response: Response, id: &str) -> Response {
        if !matches!(operation, "GetObject" | "HeadObject") || !response.status().is_success() {
            return response;
        }
        match self.judge(response.headers()) {
            None => response,
            Some(ConditionalResponse::NotModified) => {
                let mut unchanged = Response::new(Body::empty());
                *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
                for name in [ETAG, LAST_MODIFIED, CACHE_CONTROL, EXPIRES] {
                    if let Some(value) = response.headers().get(&name) {
                        unchanged.headers_mut().insert(name, value.clone());
                    }
                }
                unchanged
            }
            Some(ConditionalResponse::PreconditionFailed) => {
                let message = "At least one of the pre-conditions you specified did not hold";
                Service::S3.refuse(&AwsError::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message), id)
            }
        }
    }

    /// In the order of RFC 9110 §13.2.2.
    fn judge(&self, object: &HeaderMap) -> Option<ConditionalResponse> {
        let (tag, written) = (text(object, &ETAG).unwrap_or_default(), date(object, &LAST_MODIFIED));
        match (&self.matches, self.unmodified_since) {
            (Some(wanted), _) if !names(wanted, &tag) => return Some(ConditionalResponse::PreconditionFailed),
            (None, Some(since)) if written.is_some_and(|written| written > since) => return Some(ConditionalResponse::PreconditionFailed),
            _ => {}
        }
        match (&self.none_matches, self.modified_since) {
            (Some(known), _) if names(known, &tag) => Some(ConditionalResponse::NotModified),
            (None, Some(since)) if written.is_some_and(|written| written <= since) => Some(ConditionalResponse::NotModified),
            _ => None,
        }
    }
}

/// Returns whether a list of entity tags, or `*`, has this one. S3 also takes tags without quotes.
fn names(list: &str, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    list.split(',').any(|one| one.trim() == "*" || bare(one) == bare(tag))
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<PrimitiveDateTime> {
    let form = format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    PrimitiveDateTime::parse(&text(headers, name)?, form).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const EARLIER: &str = "Tue, 01 Jan 2030 11:59:59 GMT";
    const WRITTEN: &str = "Tue, 01 Jan 2030 12:00:00 GMT";
    const LATER: &str = "Tue, 01 Jan 2030 12:00:01 GMT";

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn conditions_are_judged_in_the_order_of_the_standard() {
        let object = headers(&[(ETAG, "\"a\""), (LAST_MODIFIED, WRITTEN)]);
        for (conditions, expected) in [
            (vec![], None),
            (vec![(IF_NONE_MATCH, "\"a\"")], Some(ConditionalResponse::NotModified)),
            (vec![(IF_NONE_MATCH, "\"b\", W/\"a\"")], Some(ConditionalResponse::NotModified)),
            (vec![(IF_NONE_MATCH, "*")], Some(ConditionalResponse::NotModified)),
            (vec![(IF_NONE_MATCH, "a")], Some(ConditionalResponse::NotModified)),
            (vec![(IF_NONE_MATCH, "\"b\"")], None),
            (vec![(IF_MODIFIED_SINCE, WRITTEN)], Some(ConditionalResponse::NotModified)),
            (vec![(IF_MODIFIED_SINCE, EARLIER)], None),
            (vec![(IF_MODIFIED_SINCE, "yesterday")], None),
            // The entity tag decides, if there is one.
            (vec![(IF_NONE_MATCH, "\"b\""), (IF_MODIFIED_SINCE, LATER)], None),
            (vec![(IF_NONE_MATCH, "\"a\""), (IF_MODIFIED_SINCE, EARLIER)], Some(ConditionalResponse::NotModified)),
            (vec![(IF_MATCH, "\"a\"")], None),
            (vec![(IF_MATCH, "\"b\"")], Some(ConditionalResponse::PreconditionFailed)),
            (vec![(IF_MATCH, "\"a\""), (IF_UNMODIFIED_SINCE, EARLIER)], None),
            (vec![(IF_UNMODIFIED_SINCE, EARLIER)], Some(ConditionalResponse::PreconditionFailed)),
            (vec![(IF_UNMODIFIED_SINCE, WRITTEN)], None),
            (vec![(IF_MATCH, "\"b\""), (IF_NONE_MATCH, "\"a\"")], Some(ConditionalResponse::PreconditionFailed)),
        ] {
            assert_eq!(Conditions::of(&headers(&conditions)).judge(&object), expected, "{conditions:?}");
        }
    }
}
