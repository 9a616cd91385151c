//! The client, the language and the id of a request.

use std::{convert::Infallible, ops::Deref};

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};
use kernel::{FieldError, Locale, Problem};

/// The platform's id of a request, returned as `X-Request-Id`.
#[derive(Clone, Debug, Default)]
pub struct RequestId(pub String);

/// [`kernel::Client`] as an extractor.
#[derive(Clone, Debug)]
pub struct Client(pub kernel::Client);

impl Deref for Client {
    type Target = kernel::Client;
    fn deref(&self) -> &kernel::Client {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get().cloned().unwrap_or_default()))
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// The access token of a request, valid or not.
#[must_use]
pub fn access_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    // Clients of a predecessor system send `JWT`.
    let token = value.split_once(' ').filter(|(scheme, _)| ["bearer", "jwt"].contains(&scheme.to_ascii_lowercase().as_str()));
    token.map(|(_, token)| token.trim())
}

/// The language of the response: `?lang`, else `Accept-Language`, else English.
#[derive(Clone, Copy, Debug)]
pub struct Language(pub Locale);

impl Language {
    /// The language with the tag `asked`, or this one if none is given.
    ///
    /// # Errors
    /// `locale` at `/locale` for an unsupported language.
    pub fn unless(self, asked: Option<&str>) -> Result<Locale, Problem> {
        match asked {
            None => Ok(self.0),
            Some(tag) => Locale::from_tag(tag).ok_or_else(|| Problem::field("/locale", FieldError::new("locale"))),
        }
    }

    pub(crate) fn of(parts: &Parts) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        let asked = query.split('&').find_map(|p| p.strip_prefix("lang=")).and_then(Locale::from_tag);
        let header = || parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).and_then(Locale::negotiate);
        Self(asked.or_else(header).unwrap_or_default())
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().copied().unwrap_or_else(|| Self::of(parts)))
    }
}
