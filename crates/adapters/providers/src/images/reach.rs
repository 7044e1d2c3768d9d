//! Where images may be fetched from.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use vuzo_domain::key::IpNetwork;

use super::Refusal;

/// Which addresses may be asked for an image. Without any, none is.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Whether all of the internet may that anybody could ask.
    pub public: bool,
    /// What else may, although it is private.
    pub networks: Vec<IpNetwork>,
}

const ELSEWHERE: Refusal = "is at an address that is not fetched from";

impl Reach {
    /// Whether anything may be fetched at all.
    pub fn is_empty(&self) -> bool {
        !self.public && self.networks.is_empty()
    }

    /// Refuses what is no plain web address, and addresses out of reach. Names are looked
    /// at when they are resolved.
    pub(super) fn check(&self, url: &Url) -> Result<(), Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err("has no address that begins with http:// or https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("has an address with a password in it");
        }
        let host = url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let literal = bare.parse::<IpAddr>().ok();
        if literal.is_some_and(|address| !self.contains(address)) {
            return Err(ELSEWHERE);
        }
        // Other ports are those of other services, unless the network is the operator's.
        let is_usual = matches!(url.port_or_known_default(), Some(80 | 443));
        let is_own = literal.is_some_and(|address| self.names(address));
        if !is_usual && !is_own {
            return Err("is not at port 80 or 443");
        }
        Ok(())
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.names(address) || (self.public && is_public(address))
    }

    fn names(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|known| known.contains(address))
    }
}

/// Resolves names to addresses within reach. The connection goes to one of those that are
/// answered here, so that a name cannot point elsewhere a moment later.
#[derive(Debug)]
pub(super) struct Resolver(Arc<Reach>);

impl Resolver {
    pub(super) fn new(reach: Arc<Reach>) -> Self {
        Self(reach)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            // One address out of reach is reason enough: such names are made on purpose.
            if found.iter().any(|at| !reach.contains(at.ip())) {
                return Err(ELSEWHERE.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether anybody on the internet could ask there. What is not known to be public is not.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_reserved = matches!(
        (first, second, third),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !is_reserved
}

/// Only `2000::/3` is given out, and of it not what leads to other networks or nowhere:
/// `2001::/23` (Teredo and its like), `2001:db8::/32`, `2002::/16` (6to4) and `3fff::/20`.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let is_given_out = first & 0xe000 == 0x2000;
    let is_special = (first == 0x2001 && (second < 0x0200 || second == 0x0db8))
        || first == 0x2002
        || (first == 0x3fff && second < 0x1000);
    is_given_out && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &[&str] = &[
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "198.17.0.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450:4001::200e",
        "::ffff:8.8.8.8",
    ];

    const PRIVATE: &[&str] = &[
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];

    #[test]
    fn only_what_anybody_could_ask_is_public() {
        for (addresses, expected) in [(PUBLIC, true), (PRIVATE, false)] {
            for text in addresses {
                let address: IpAddr = text.parse().unwrap();
                assert_eq!(is_public(address), expected, "{text}");
            }
        }
    }

    #[test]
    fn addresses_are_looked_at_however_they_are_written() {
        let public = Reach {
            public: true,
            networks: vec!["10.9.0.0/16".parse().unwrap()],
        };
        for (text, is_fetched) in [
            ("https://example.org/a.png", true),
            ("http://8.8.8.8/a.png", true),
            ("https://[2606:4700::1111]/", true),
            ("https://10.9.1.1:9000/a.png", true),
            ("https://example.org:443/a.png", true),
            ("https://example.org:8443/a.png", false),
            ("http://example.org:22/", false),
            ("http://10.8.0.1/", false),
            ("http://127.0.0.1/", false),
            ("http://127.1/", false),
            ("http://2130706433/", false),
            ("http://0x7f000001/", false),
            ("http://0177.0.0.1/", false),
            ("http://①②⑦.0.0.1/", false),
            ("http://[::1]/", false),
            ("http://[::ffff:7f00:1]/", false),
            ("http://169.254.169.254/latest/meta-data", false),
            ("https://user:secret@example.org/", false),
            ("https://user@example.org/", false),
            ("ftp://example.org/a.png", false),
            ("file:///etc/passwd", false),
            ("gopher://example.org/", false),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(public.check(&url).is_ok(), is_fetched, "{text}");
            let nowhere = Reach::default();
            assert!(nowhere.is_empty());
            let literal = text.contains("8.8.8.8") || text.contains("2606");
            assert!(!literal || nowhere.check(&url).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn names_are_resolved_within_reach_alone() {
        let resolve = async |networks: &[&str]| {
            let reach = Reach {
                public: true,
                networks: networks.iter().map(|text| text.parse().unwrap()).collect(),
            };
            let resolver = Resolver::new(Arc::new(reach));
            resolver.resolve("localhost".parse().unwrap()).await.is_ok()
        };
        assert!(!resolve(&[]).await);
        assert!(resolve(&["127.0.0.0/8", "::1"]).await);
    }
}
