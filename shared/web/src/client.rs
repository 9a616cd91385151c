//! Who is asking, as far as the platform knows.

use std::{convert::Infallible, net::IpAddr};

use axum::extract::FromRequestParts;
use http::{header, request::Parts};
use kernel::{FieldError, Locale, Problem};

/// The platform's id of a request, echoed as `X-Request-Id`.
#[derive(Clone, Debug, Default)]
pub struct RequestId(pub String);

/// The client, by what API Gateway saw, or by what a proven edge before it says: see [`crate::Edge::client`].
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Its address.
    pub address: Option<IpAddr>,
    /// The `User-Agent`, at most 255 characters.
    pub user_agent: String,
    /// City and country, if a proven edge says so; nothing else is asked. Shown to people, and never judged by.
    pub place: Option<String>,
}

impl Client {
    /// The network that limits count for: the address itself for IPv4, the /64 for IPv6, which is what one customer gets.
    #[must_use]
    pub fn network(&self) -> String {
        match self.address {
            Some(IpAddr::V4(a)) => a.to_string(),
            Some(IpAddr::V6(a)) => {
                let [a, b, c, d, ..] = a.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            None => "unknown".to_owned(),
        }
    }

    /// The neighbourhood of that network, for limits on those who have many addresses: the /24 for IPv4, the /48 for IPv6.
    #[must_use]
    pub fn neighbourhood(&self) -> String {
        match self.address {
            Some(IpAddr::V4(a)) => {
                let [a, b, c, _] = a.octets();
                format!("{a}.{b}.{c}.0/24")
            }
            Some(IpAddr::V6(a)) => {
                let [a, b, c, ..] = a.segments();
                format!("{a:x}:{b:x}:{c:x}::/48")
            }
            None => "unknown".to_owned(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// The language to answer in: `?lang`, else `Accept-Language`, else English.
#[derive(Clone, Copy, Debug)]
pub struct Language(pub Locale);

impl Language {
    /// The language of this tag, if one is asked for; else this one.
    ///
    /// # Errors
    /// `locale` at `/locale` for a language that there is not.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_their_neighbourhoods() {
        for (address, network, neighbourhood) in
            [("203.0.113.7", "203.0.113.7", "203.0.113.0/24"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48")]
        {
            let client = Client { address: address.parse().ok(), user_agent: String::new(), place: None };
            assert_eq!((client.network().as_str(), client.neighbourhood().as_str()), (network, neighbourhood));
        }
    }
}
