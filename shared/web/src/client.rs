//! The client, the language and the id of a request.

use std::{cell::Cell, convert::Infallible, ops::Deref};

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};
use kernel::{FieldError, Kind, Locale, Origin, Problem};

/// The platform's id of a request, which is returned as `X-Request-Id`, and the client that sent it, as the audit records them.
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

/// Returns the access token of a request, not verified.
#[must_use]
pub fn access_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    // Clients of a predecessor system send `JWT`.
    let token = value.split_once(' ').filter(|(scheme, _)| ["bearer", "jwt"].contains(&scheme.to_ascii_lowercase().as_str()));
    token.map(|(_, token)| token.trim())
}

/// Returns the API key of a request, not verified: `Authorization: Api-Key <key>`.
#[must_use]
pub fn api_key(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let key = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("api-key"));
    key.map(|(_, key)| key.trim())
}

/// The language of the response: `?lang`, else the language in the caller's profile, else `Accept-Language`, else English.
///
/// The extractor must come after the caller's extractor, which sets the language of the profile.
#[derive(Clone, Copy, Debug)]
pub struct Language(pub Locale);

tokio::task_local! {
    /// The language in the profile of the caller, once they are authenticated.
    static PROFILE_LANGUAGE: Cell<Option<Locale>>;
}

/// Tells the language in the caller's profile, for the response to this request.
pub fn set_profile_language(locale: Locale) {
    // In the handlers of sockets there is no request, and no response to render.
    PROFILE_LANGUAGE.try_with(|profile| profile.set(Some(locale))).unwrap_or_default();
}

/// Handles a request within which [`set_profile_language`] has an effect.
pub(crate) async fn with_profile_language<F: Future>(request: F) -> F::Output {
    PROFILE_LANGUAGE.scope(Cell::new(None), request).await
}

/// The languages that a request asks for, in its query and in its header.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RequestedLanguages {
    query: Option<Locale>,
    header: Option<Locale>,
    twice: bool,
}

impl RequestedLanguages {
    pub fn of(parts: &Parts) -> Self {
        let mut tags = parts.uri.query().unwrap_or_default().split('&').filter_map(|p| p.strip_prefix("lang="));
        let query = tags.next().and_then(Locale::from_tag);
        let header = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).and_then(Locale::negotiate);
        Self { query, header, twice: tags.next().is_some() }
    }

    /// Returns the problem of a repeated `lang`, which is refused like any repeated key of a query.
    pub const fn refusal(self) -> Option<Kind> {
        if self.twice { Some(Kind::Malformed) } else { None }
    }

    /// Returns the language of the response, from what is known so far.
    pub fn language(self) -> Locale {
        let profile = || PROFILE_LANGUAGE.try_with(Cell::get).ok().flatten();
        self.query.or_else(profile).or(self.header).unwrap_or_default()
    }
}

impl Language {
    /// Returns the language with the tag `asked`, or this one if none is given.
    ///
    /// # Errors
    /// `locale` at `/locale` for an unsupported language.
    pub fn unless(self, asked: Option<&str>) -> Result<Locale, Problem> {
        match asked {
            None => Ok(self.0),
            Some(tag) => Locale::from_tag(tag).ok_or_else(|| Problem::field("/locale", FieldError::LOCALE)),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<RequestedLanguages>().copied().unwrap_or_default().language()))
    }
}
