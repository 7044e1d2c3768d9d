use core::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use vuzo_domain::key::{IpNetwork, Origin};

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the caller, as far as it can be trusted.
pub(crate) fn of(request: &HttpRequest, trusted: &[IpNetwork]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    Some(behind(peer, request.headers(), trusted))
}

/// Where a request comes from.
pub(crate) fn origin(request: &HttpRequest, trusted: &[IpNetwork]) -> Origin {
    Origin {
        address: of(request, trusted),
        page_host: page_host(request.headers()),
    }
}

/// The nearest address that is not a trusted proxy's: each proxy appends the address
/// that it saw, so the list is read from its end, and only as long as whoever wrote
/// the entry is trusted.
fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNetwork]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if trusted.is_empty() || !is_trusted(peer) {
        return peer;
    }
    let values: Vec<_> = headers.get_all(&FORWARDED_FOR).collect();
    let entries = values
        .iter()
        .rev()
        .flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
    let mut nearest = peer;
    for entry in entries {
        match hop(entry.trim()) {
            Some(address) if is_trusted(address) => nearest = address,
            Some(address) => return address,
            // What a trusted proxy wrote is an address; beyond this nothing is sure.
            None => return nearest,
        }
    }
    nearest
}

/// An address, perhaps with a port, perhaps in brackets.
fn hop(text: &str) -> Option<IpAddr> {
    let parsed = text
        .parse::<IpAddr>()
        .or_else(|_no_address| {
            text.parse::<core::net::SocketAddr>()
                .map(|socket| socket.ip())
        })
        .ok();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    parsed
        .or_else(bracketed)
        .map(|address: IpAddr| address.to_canonical())
}

/// The host of the page that calls. A browser sends it and a page cannot forge it.
fn page_host(headers: &HeaderMap) -> Option<String> {
    let value = headers
        .get(header::ORIGIN)
        .or_else(|| headers.get(header::REFERER))?;
    let url = value.to_str().ok()?;
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?.0,
        None => host.split(':').next()?,
    };
    (!name.is_empty()).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn seen(peer: &str, trusted: &[&str], forwarded: &[&str]) -> String {
        let trusted: Vec<IpNetwork> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        let mut request = TestRequest::default().peer_addr(format!("{peer}:4000").parse().unwrap());
        for value in forwarded {
            request = request.append_header(("x-forwarded-for", *value));
        }
        of(&request.to_http_request(), &trusted)
            .unwrap()
            .to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let proxies: &[&str] = &["10.0.0.0/8", "2001:db8::/32"];
        for (peer, trusted, forwarded, expected) in [
            ("10.0.0.1", proxies, vec![], "10.0.0.1"),
            ("10.0.0.1", proxies, vec!["1.2.3.4"], "1.2.3.4"),
            ("9.9.9.9", proxies, vec!["1.2.3.4"], "9.9.9.9"),
            ("10.0.0.1", &[], vec!["1.2.3.4"], "10.0.0.1"),
            ("10.0.0.1", proxies, vec!["8.8.8.8, 1.2.3.4"], "1.2.3.4"),
            (
                "10.0.0.1",
                proxies,
                vec!["8.8.8.8, 1.2.3.4, 10.0.0.9"],
                "1.2.3.4",
            ),
            ("10.0.0.1", proxies, vec!["8.8.8.8", "1.2.3.4"], "1.2.3.4"),
            (
                "10.0.0.1",
                proxies,
                vec!["1.2.3.4, 10.0.0.7", "10.0.0.8"],
                "1.2.3.4",
            ),
            ("10.0.0.1", proxies, vec!["10.0.0.5, 10.0.0.6"], "10.0.0.5"),
            ("10.0.0.1", proxies, vec!["1.2.3.4, unknown"], "10.0.0.1"),
            (
                "10.0.0.1",
                proxies,
                vec!["1.2.3.4, rubbish, 10.0.0.9"],
                "10.0.0.9",
            ),
            ("10.0.0.1", proxies, vec!["1.2.3.4:5678"], "1.2.3.4"),
            ("10.0.0.1", proxies, vec!["[2a00::1]"], "2a00::1"),
            ("10.0.0.1", proxies, vec!["[2a00::1]:443"], "2a00::1"),
            ("[2001:db8::1]", proxies, vec!["::ffff:1.2.3.4"], "1.2.3.4"),
        ] {
            assert_eq!(
                seen(peer, trusted, &forwarded),
                expected,
                "{peer} {forwarded:?}"
            );
        }
    }

    #[test]
    fn the_page_is_named_by_origin_or_referer() {
        for (name, value, expected) in [
            ("origin", "https://App.Example.org", Some("app.example.org")),
            (
                "origin",
                "https://app.example.org:8443",
                Some("app.example.org"),
            ),
            (
                "referer",
                "http://example.org/page?x=http://evil.org",
                Some("example.org"),
            ),
            (
                "referer",
                "https://evil.org@example.org/",
                Some("example.org"),
            ),
            ("origin", "http://[::1]:3000", Some("::1")),
            ("origin", "null", None),
            ("origin", "https://", None),
        ] {
            let request = TestRequest::default()
                .insert_header((name, value))
                .to_http_request();
            assert_eq!(page_host(request.headers()).as_deref(), expected, "{value}");
        }
    }
}
