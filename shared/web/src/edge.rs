//! The edge: a CDN such as CloudFront that an operator can put in front of the API.
//!
//! Any client can send any header. An edge therefore authenticates itself by a secret header, which it adds to every request in place of a
//! client's header of the same name. Its headers about the client are used only together with the secret. If an operator has set a secret,
//! requests without it are refused.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderMap, HeaderName, header};
use kernel::{Client, Secret, Sys, env::Reader, secret::same};

/// The header with the edge's secret: `OriginCustomHeaders` of CloudFront's origin.
pub const PROOF: HeaderName = HeaderName::from_static("x-edge-secret");

/// The maximum number of valid secrets: the new and the old one during a rotation.
const SECRETS_MAX: usize = 2;

/// The settings of the edge: its secrets. Also has the clock of the function.
#[derive(Clone)]
pub struct Edge {
    pub(crate) sys: Sys,
    secrets: Arc<[Secret]>,
}

impl Edge {
    /// Reads `EDGE_SECRETS`: one secret, or two separated by a comma. Empty means that there is no edge.
    pub fn read(r: &mut Reader<'_>, sys: &Sys) -> Self {
        const NAME: &str = "EDGE_SECRETS";
        let given = r.list(NAME);
        for secret in &given {
            r.strong(NAME, secret);
        }
        if given.len() > SECRETS_MAX {
            r.wrong(format!("{NAME} has more than {SECRETS_MAX} secrets"));
        }
        if !given.iter().all(|secret| secret.bytes().all(|b| b.is_ascii_graphic())) {
            r.wrong(format!("{NAME} must be printable ASCII without spaces: it travels in a header"));
        }
        Self { sys: sys.clone(), secrets: given.into_iter().map(Secret::new).collect() }
    }

    /// Without an edge.
    #[cfg(test)]
    pub(crate) fn none(sys: Sys) -> Self {
        Self { sys, secrets: Arc::default() }
    }

    /// Returns whether a request came through the edge. False without secrets.
    #[must_use]
    pub fn proven(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(PROOF).map_or(&[][..], |value| value.as_bytes());
        // All secrets are compared, so that the time does not reveal which one matches.
        self.secrets.iter().fold(false, |proven, secret| proven | same(secret.expose().as_bytes(), given))
    }

    /// Returns whether a request may be answered: it came through the edge, or no edge is configured. Requests directly to the API's own
    /// address would bypass the edge's filters.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        self.secrets.is_empty() || self.proven(headers)
    }

    /// Returns the client: the platform's `peer` or, for a request through the edge, what the edge states.
    #[must_use]
    pub fn client(&self, headers: &HeaderMap, peer: Option<&str>) -> Client {
        // A `User-Agent` that is not UTF-8 is kept, with replacement characters.
        let agent = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default();
        let peer = peer.and_then(|ip| ip.parse().ok()).map(|ip: IpAddr| ip.to_canonical());
        let (address, place) = if self.proven(headers) {
            let viewer = text(headers, &VIEWER_ADDRESS).and_then(viewer);
            if viewer.is_none() {
                tracing::warn!("the edge does not say where a request comes from: all of its clients count as one");
            }
            (viewer.or(peer), place(headers))
        } else {
            (peer, None)
        };
        Client { address, user_agent: agent.chars().take(255).collect(), place }
    }
}

/// A header of CloudFront about the client
/// (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html>).
const VIEWER_ADDRESS: HeaderName = HeaderName::from_static("cloudfront-viewer-address");
const VIEWER_PLACE: [HeaderName; 2] =
    [HeaderName::from_static("cloudfront-viewer-city"), HeaderName::from_static("cloudfront-viewer-country")];

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Parses an address with a port, `198.51.100.7:46532`. CloudFront writes IPv6 addresses without brackets; brackets are accepted too.
fn viewer(value: &str) -> Option<IpAddr> {
    let (ip, port) = value.rsplit_once(':')?;
    let _: u16 = port.parse().ok()?;
    let ip = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip);
    Some(ip.parse::<IpAddr>().ok()?.to_canonical())
}

/// City and country. The city is percent-encoded.
fn place(headers: &HeaderMap) -> Option<String> {
    let part = |name| {
        let value = percent_encoding::percent_decode_str(text(headers, name)?).decode_utf8_lossy();
        let text: String = value.chars().filter(|c| !c.is_control()).take(60).collect();
        Some(text).filter(|t| !t.is_empty())
    };
    let parts: Vec<String> = VIEWER_PLACE.iter().filter_map(part).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use kernel::{ConfigError, Env};

    use super::*;

    const NEW: &str = "p8Jw2nQ7sT4vX9zB1dF6gH3kL5mN0rYc";
    const OLD: &str = "q9Kx3oR8tU5wY0aC2eG7hI4lM6nO1sZd";

    fn edge(secrets: &str) -> Result<Edge, ConfigError> {
        let env: Env = [("EDGE_SECRETS".to_owned(), secrets.to_owned())].into_iter().collect();
        env.read(|r| Edge::read(r, &Sys::real()))
    }

    fn headers(given: &[(&'static str, &str)]) -> HeaderMap {
        given.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn secrets_must_be_strong_and_at_most_two() {
        for good in ["", NEW, &format!("{NEW},{OLD}"), &format!("{NEW}, {OLD}")] {
            assert!(edge(good).is_ok(), "{good}");
        }
        for bad in
            [&NEW[..31], &"a".repeat(64), &format!("{NEW},short"), &format!("{NEW},{OLD},{NEW}"), &format!("{NEW} x"), &format!("{NEW}ż")]
        {
            let error = edge(bad).err().unwrap().to_string();
            assert!(error.contains("EDGE_SECRETS") && !error.contains(&bad[..8]), "{error}");
        }
    }

    #[test]
    fn only_a_secret_proves_the_edge() {
        let both = edge(&format!("{NEW},{OLD}")).unwrap();
        for good in [NEW, OLD] {
            assert!(both.proven(&headers(&[("x-edge-secret", good)])));
        }
        for bad in ["", "x", &NEW[1..], &format!("{NEW}x"), &format!("{NEW},{OLD}"), &NEW.to_ascii_lowercase()] {
            assert!(!both.proven(&headers(&[("x-edge-secret", bad)])), "{bad}");
        }
        assert!(!both.proven(&HeaderMap::new()));
        let none = edge("").unwrap();
        assert!(!none.proven(&headers(&[("x-edge-secret", "")])) && !none.proven(&HeaderMap::new()));
    }

    #[test]
    fn the_name_of_a_client_may_be_any_octets() {
        for (sent, named) in [(&b"Firefox"[..], "Firefox"), ("Przeglądarka".as_bytes(), "Przeglądarka"), (b"Caf\xe9", "Caf\u{fffd}")] {
            let sent = HeaderMap::from_iter([(header::USER_AGENT, http::HeaderValue::from_bytes(sent).unwrap())]);
            assert_eq!(Edge::none(Sys::real()).client(&sent, None).user_agent, named);
        }
        assert_eq!(Edge::none(Sys::real()).client(&HeaderMap::new(), None).user_agent, "");
    }

    #[test]
    fn the_headers_of_a_proven_edge_determine_the_client() {
        let one = edge(NEW).unwrap();
        let client = |proof: &str, viewer: &str| {
            let all = [("x-edge-secret", proof), ("cloudfront-viewer-address", viewer), ("cloudfront-viewer-city", "Krak%C3%B3w")];
            let client = one.client(&headers(&all), Some("192.0.2.1"));
            (client.address.map(|a| a.to_string()).unwrap_or_default(), client.place)
        };
        let place = Some("Kraków".to_owned());
        for (viewer, address) in [
            ("198.51.100.7:46532", "198.51.100.7"),
            ("2001:db8:1:2:3:4:5:6:46532", "2001:db8:1:2:3:4:5:6"),
            ("2001:db8::7:443", "2001:db8::7"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("::ffff:198.51.100.7:443", "198.51.100.7"),
            // Values that are not an address with a port are ignored.
            ("198.51.100.7", "192.0.2.1"),
            ("198.51.100.7:65536", "192.0.2.1"),
            ("198.51.100.7:1,198.51.100.8:2", "192.0.2.1"),
            ("unknown:1", "192.0.2.1"),
            ("", "192.0.2.1"),
        ] {
            assert_eq!(client(NEW, viewer), (address.to_owned(), place.clone()), "{viewer}");
            assert_eq!(client(OLD, viewer), ("192.0.2.1".to_owned(), None), "{viewer}");
        }
        assert_eq!(one.client(&HeaderMap::new(), Some("::ffff:192.0.2.1")).address, "192.0.2.1".parse().ok());
    }
}
