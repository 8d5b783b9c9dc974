//! Where a request came from. Behind a proxy that is for the proxy to say, and only for one that the operator trusts.

use std::net::IpAddr;

use http::header::{self, HeaderMap};
use ipnet::IpNet;

/// The most addresses that are looked at, from the last one back.
const MAX_HOPS: usize = 32;

/// The last address on the way that is no trusted proxy's. Whoever connected says where it had the request from, and what
/// stands before that is anybody's word.
pub(super) fn address(connected: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&connected) {
        return connected;
    }
    let mut last = connected;
    for hop in hops(headers).into_iter().rev().take(MAX_HOPS) {
        // A proxy that hides where it had it from is as far as anybody sees.
        let Some(address) = hop else { break };
        last = address;
        if !is_trusted(&address) {
            break;
        }
    }
    last
}

/// What the proxies have written down, in order: `Forwarded` (RFC 7239), or what was there before it.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    if headers.contains_key(header::FORWARDED) {
        values(header::FORWARDED)
            .flat_map(|value| value.split(','))
            .map(|element| {
                let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
                let (_, node) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
                node_address(node.trim_matches('"'))
            })
            .collect()
    } else {
        let forwarded_for = header::HeaderName::from_static("x-forwarded-for");
        values(forwarded_for)
            .flat_map(|value| value.split(','))
            .map(|node| node_address(node.trim()))
            .collect()
    }
}

/// An address with or without a port (RFC 7239 §6).
fn node_address(node: &str) -> Option<IpAddr> {
    let bare = match node.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None if node.matches(':').count() == 1 => node.split(':').next()?,
        None => node,
    };
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn seen(connected: &str, name: &'static str, values: &[&'static str]) -> String {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        address(connected.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_about_the_last_step() {
        let x = "x-forwarded-for";
        for (connected, values, from) in [
            ("192.0.2.1", &["198.51.100.7"][..], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            // What a stranger wrote before stands further left.
            ("10.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["198.51.100.7:1234"], "198.51.100.7"),
            ("10.0.0.1", &["[2001:db9::7]:1234"], "2001:db9::7"),
            ("10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9, unknown"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("2001:db8::1", &["198.51.100.7"], "198.51.100.7"),
        ] {
            assert_eq!(seen(connected, x, values), from, "{values:?}");
        }
        for (values, from) in [
            (&["for=198.51.100.7"][..], "198.51.100.7"),
            (&["for=203.0.113.9, For=\"[2001:db9::7]:80\";proto=https"], "2001:db9::7"),
            (&["for=203.0.113.9;by=10.0.0.2, proto=https"], "10.0.0.1"),
            (&["for=_hidden"], "10.0.0.1"),
        ] {
            assert_eq!(seen("10.0.0.1", "forwarded", values), from, "{values:?}");
        }
    }
}
