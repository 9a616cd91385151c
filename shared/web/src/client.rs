//! The client, the language and the id of a request.

use std::{cell::Cell, convert::Infallible, ops::Deref};

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};
use kernel::{FieldError, Kind, Locale, Origin, Problem};

/// The platform's id of a request, returned as `X-Request-Id`, with the client that sent it: what the audit says of it.
#[derive(Clone, Debug, Default)]
pub struct RequestId(pub Origin);

impl Deref for RequestId {
    type Target = kernel::Client;
    fn deref(&self) -> &kernel::Client {
        &self.0.client
    }
}

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

/// The API key of a request, valid or not: `Authorization: Api-Key <key>`.
#[must_use]
pub fn api_key(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let key = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("api-key"));
    key.map(|(_, key)| key.trim())
}

/// The language of the response: `?lang`, else that of the profile of whoever is signed in, else `Accept-Language`, else English.
///
/// As an extractor it must come after that of the caller.
#[derive(Clone, Copy, Debug)]
pub struct Language(pub Locale);

tokio::task_local! {
    /// The language of the person who sent the request, once they are known.
    static SPOKEN: Cell<Option<Locale>>;
}

/// Sets the language of the profile of whoever sent this request.
pub fn speaks(locale: Locale) {
    // Outside of a request, in the handler of a socket, nothing is rendered for the person.
    SPOKEN.try_with(|spoken| spoken.set(Some(locale))).unwrap_or_default();
}

/// Handles a request, within which [`speaks`] can set the language of the response.
pub(crate) async fn spoken<F: Future>(request: F) -> F::Output {
    SPOKEN.scope(Cell::new(None), request).await
}

/// The languages that a request asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    query: Option<Locale>,
    header: Option<Locale>,
    twice: bool,
}

impl Asked {
    pub fn of(parts: &Parts) -> Self {
        let mut tags = parts.uri.query().unwrap_or_default().split('&').filter_map(|p| p.strip_prefix("lang="));
        let query = tags.next().and_then(Locale::from_tag);
        let header = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).and_then(Locale::negotiate);
        Self { query, header, twice: tags.next().is_some() }
    }

    /// Two languages in one query are refused, as every key that is repeated.
    pub const fn refusal(self) -> Option<Kind> {
        if self.twice { Some(Kind::Malformed) } else { None }
    }

    /// The language of the response, as far as is known.
    pub fn language(self) -> Locale {
        let spoken = || SPOKEN.try_with(Cell::get).ok().flatten();
        self.query.or_else(spoken).or(self.header).unwrap_or_default()
    }
}

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
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Asked>().copied().unwrap_or_default().language()))
    }
}
