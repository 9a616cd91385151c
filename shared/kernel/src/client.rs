//! The client of a request: its address, software and place.

use std::net::IpAddr;

/// The client, as API Gateway sees it. If an authenticated edge (CDN) is in front of API Gateway, as the edge states it (`Edge::client` in
/// `web`).
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Its IP address.
    pub address: Option<IpAddr>,
    /// The `User-Agent`, at most 255 characters.
    pub user_agent: String,
    /// City and country, if an authenticated edge states them. Shown to people and never used for decisions.
    pub place: Option<String>,
}

/// Where a change comes from, for the audit.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The platform's id of the request, or of the socket's frame.
    pub request: String,
    /// The client. Empty for frames of sockets.
    pub client: Client,
}

impl Client {
    /// Returns the network that rate limits count by: the address itself for IPv4, its /64 for IPv6, which usually belongs to one customer.
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

    /// Returns the larger network around [`Client::network`], for limits on clients with many addresses: the /24 for IPv4, the /48 for
    /// IPv6.
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
