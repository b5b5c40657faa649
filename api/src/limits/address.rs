//! From which address a request comes, behind a known number of proxies.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;

/// The address of the client. `proxies` is how many stand in front of the service: each writes at the end of `X-Forwarded-For`
/// who spoke to it, so as many entries from the right can be believed, and not one more: what is left of them was sent by the
/// client. Without proxies, or when they wrote less than they should, it is the peer's own.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: usize) -> IpAddr {
    if proxies == 0 {
        return peer.to_canonical();
    }
    let entries: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    entries
        .len()
        .checked_sub(proxies)
        .and_then(|place| entries.get(place))
        .and_then(|entry| parse(entry))
        .unwrap_or(peer)
        .to_canonical()
}

/// An entry, with a port or without: `192.0.2.7`, `192.0.2.7:50000`, `[2001:db8::1]:443`, `2001:db8::1`.
fn parse(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim_matches('"');
    entry
        .parse()
        .ok()
        .or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .or_else(|| {
            let inner = entry.strip_prefix('[')?.strip_suffix(']')?;
            inner.parse().ok()
        })
}

/// What counts as one client: an address, of IPv6 the network of a household or office (64 bits), which may use any address
/// in it.
pub fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], proxies: usize) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        client_address(peer.parse().unwrap(), &headers, proxies).to_string()
    }

    #[test]
    fn without_trusted_proxies_nobody_may_name_an_address() {
        assert_eq!(client("192.0.2.1", &["198.51.100.9"], 0), "192.0.2.1");
        assert_eq!(client("::ffff:192.0.2.1", &[], 0), "192.0.2.1");
    }

    #[test]
    fn as_many_entries_are_believed_as_there_are_proxies() {
        let forwarded = ["203.0.113.66, 198.51.100.9", "10.0.0.2"];
        assert_eq!(client("10.0.0.1", &forwarded, 1), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &forwarded, 2), "198.51.100.9");
        // The client wrote what is left of it, and may write what it likes.
        assert_ne!(client("10.0.0.1", &forwarded, 2), "203.0.113.66");
    }

    #[test]
    fn proxies_that_wrote_too_little_or_nonsense_leave_the_peer() {
        assert_eq!(client("10.0.0.1", &[], 1), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.9"], 2), "10.0.0.1");
        for nonsense in [
            "unknown",
            "",
            "_hidden",
            "300.1.1.1",
            "[::1",
            "1.2.3.4:99999",
        ] {
            assert_eq!(client("10.0.0.1", &[nonsense], 1), "10.0.0.1", "{nonsense}");
        }
    }

    #[test]
    fn an_entry_may_carry_a_port() {
        for entry in ["198.51.100.9:443", "\"198.51.100.9\"", " 198.51.100.9 "] {
            assert_eq!(client("10.0.0.1", &[entry], 1), "198.51.100.9");
        }
        for entry in ["[2001:db8::7]:443", "2001:db8::7", "[2001:db8::7]"] {
            assert_eq!(client("10.0.0.1", &[entry], 1), "2001:db8::7");
        }
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_client() {
        let of = |text: &str| counted(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
