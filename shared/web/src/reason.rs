//! The `Reason` header, in which staff say why they restrict a person or remove something.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::{HeaderMap, request::Parts};
use kernel::{Kind, Problem, audit::ReasonText};
use percent_encoding::percent_decode_str;
use utoipa::openapi::{
    RefOr, Required,
    path::{Operation, ParameterBuilder, ParameterIn},
    schema::{ObjectBuilder, Type},
};

use crate::Error;

/// The name of the header, as the API document spells it.
const HEADER: &str = "Reason";
/// The maximum number of characters of the header: 200 characters of at most four bytes, each of which is encoded as three characters.
const ENCODED_MAX: usize = 2400;

/// The reason of a member of staff, for the audit: 1 to 200 characters in `Reason`, percent-encoded UTF-8 as `encodeURIComponent` writes
/// it. If it is absent or invalid, the answer is 400.
///
/// It is a header so that it is the same for all operations, most of which are `DELETE`. The body of a `DELETE` has no meaning (RFC 9110
/// §9.3.5), and some clients and proxies drop it. A query would be in logs and histories, and a reason can name people.
///
/// A handler takes it after the caller, so that 401 and 403 come first. If programs with an API key may call the operation too, or only
/// some requests need a reason, the handler takes `Option<Reason>`: [`Reason::if_asked`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(pub ReasonText);

impl Reason {
    /// Returns the reason in the headers of a request. `None` without the header.
    fn of(headers: &HeaderMap) -> Result<Option<Self>, Kind> {
        let mut all = headers.get_all(HEADER).iter();
        let Some(sent) = all.next() else { return Ok(None) };
        let alone = Some(sent).filter(|_| all.next().is_none());
        let typed = alone.and_then(|value| value.to_str().ok()).and_then(|text| percent_decode_str(text).decode_utf8().ok());
        let reason = typed.and_then(|typed| ReasonText::parse(&typed).ok()).ok_or(Kind::ReasonRequired)?;
        Ok(Some(Self(reason)))
    }

    /// Returns the reason, which is required only if `asked`.
    ///
    /// # Errors
    /// [`Kind::ReasonRequired`] if it is asked for and there is none.
    pub fn if_asked(reason: Option<Self>, asked: bool) -> Result<Option<ReasonText>, Problem> {
        match reason {
            None if asked => Err(Kind::ReasonRequired.into()),
            reason => Ok(reason.map(|Self(text)| text)),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Reason {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Ok(Self::of(&parts.headers)?.ok_or(Kind::ReasonRequired)?)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Reason {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Error> {
        Ok(Self::of(&parts.headers)?)
    }
}

/// Adds the header and its problem to the description of an operation that takes a reason.
pub(crate) fn describe(operation: &mut Operation, required: Required) {
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(ENCODED_MAX));
    let about = "Why, for the audit: 1 to 200 characters, percent-encoded UTF-8 as `encodeURIComponent` writes it.";
    let when = if required == Required::True { "" } else { " Asked for as the operation says." };
    let parameter = ParameterBuilder::new()
        .name(HEADER)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(format!("{about}{when}")))
        .schema(Some(text))
        .example(Some("Asked%20for%20by%20phone.".into()));
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter.build()));
    let extensions = operation.extensions.get_or_insert_default();
    let problems = extensions.entry("x-problems".to_owned()).or_insert_with(|| Vec::<String>::new().into());
    if let Some(problems) = problems.as_array_mut() {
        problems.push(Kind::ReasonRequired.code().into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_of_percent_encoded_text() {
        let reason = |values: &[&str]| {
            let name = http::HeaderName::from_static("reason");
            let headers: HeaderMap = values.iter().map(|value| (name.clone(), value.parse().unwrap())).collect();
            Reason::of(&headers).map(|reason| reason.map(|Reason(text)| text.to_string()))
        };
        assert_eq!(reason(&[]), Ok(None));
        let (longest, turtles) = ("%F0%9F%90%A2".repeat(200), "🐢".repeat(200));
        assert_eq!(longest.len(), ENCODED_MAX);
        for (sent, read) in [
            ("Spam", "Spam"),
            ("Asked for by phone.", "Asked for by phone."),
            ("Pro%C5%9Bba%20w%C5%82a%C5%9Bciciela", "Prośba właściciela"),
            (longest.as_str(), turtles.as_str()),
        ] {
            assert_eq!(reason(&[sent]), Ok(Some(read.to_owned())), "{sent}");
        }
        for bad in [&[""][..], &["%20"], &["a%0Ab"], &["%FF"], &["a", "b"], &[&"x".repeat(201)]] {
            assert_eq!(reason(bad), Err(Kind::ReasonRequired), "{bad:?}");
        }
    }

    #[test]
    fn a_reason_is_taken_without_being_asked_for() {
        let given = || Some(Reason(ReasonText::parse("Spam").unwrap()));
        for (reason, asked, expected) in
            [(given(), true, Some(true)), (given(), false, Some(true)), (None, false, Some(false)), (None, true, None)]
        {
            assert_eq!(Reason::if_asked(reason, asked).ok().map(|text| text.is_some()), expected);
        }
    }
}
