//! Where events may go: any receiver in the town hall's network or outside, but neither what gives machines
//! of a cloud their secrets nor the relay itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use http::Uri;
use suishou_core::error::Problem;

use crate::relay::error::{RelayError, Result};

/// Longest address in bytes.
const MAX_URL_BYTES: usize = 2_000;

/// A receiver's address, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: String,
    /// Speaks TLS.
    pub is_tls: bool,
    /// Its name or number, without brackets.
    pub host: String,
    /// Where it listens.
    pub port: u16,
    /// Host and port as in the header.
    pub authority: String,
    /// Path and query.
    pub path: String,
}

impl Target {
    /// Reads an address; refuses what can't be one of a receiver.
    pub fn read(url: &str) -> Result<Self> {
        let bad =
            || RelayError::invalid(Problem::Malformed("an address of the form https://HOST[:PORT]/PATH"));
        let url = url.trim();
        if url.len() > MAX_URL_BYTES || url.contains('#') {
            return Err(bad());
        }
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad()),
        };
        let authority =
            uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(bad)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let port = match authority.port() {
            Some(port) => port.as_str().parse().ok().filter(|port| *port != 0).ok_or_else(bad)?,
            // A port that is none.
            None if authority.as_str() != authority.host() => return Err(bad()),
            None => {
                if is_tls {
                    443
                } else {
                    80
                }
            }
        };
        if host.is_empty() {
            return Err(bad());
        }
        if let Ok(ip) = host.parse::<IpAddr>()
            && is_forbidden(ip)
        {
            return Err(RelayError::invalid(Problem::Malformed("an address to which the relay may send")));
        }
        Ok(Self {
            url: url.to_owned(),
            is_tls,
            host,
            port,
            authority: authority.as_str().to_owned(),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        })
    }

    /// As it was given.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Numbers that are nobody's in a network, or those under which clouds tell a machine its secrets.
pub fn is_forbidden(ip: IpAddr) -> bool {
    /// Of one cloud, in shared space.
    const METADATA_4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
    /// Of another, in unique local space.
    const METADATA_6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_broadcast()
                || ip == METADATA_4
        }
        IpAddr::V6(ip) => {
            // Old ways to write a number of the other kind.
            let inner = match ip.segments() {
                [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0, 0, 0, 0, 0, 0, high, low] => {
                    let [a, b] = high.to_be_bytes();
                    let [c, d] = low.to_be_bytes();
                    Some(Ipv4Addr::new(a, b, c, d)).filter(|_| !ip.is_loopback())
                }
                _ => None,
            };
            inner.is_some_and(|inner| is_forbidden(inner.into()))
                || ip.is_unicast_link_local()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip == METADATA_6
        }
    }
}

/// One of this machine's addresses at a port where the relay itself listens.
pub fn is_own(address: SocketAddr, own: &[SocketAddr]) -> bool {
    own.iter().any(|own| own.port() == address.port()) && is_of_this_machine(address.ip())
}

/// Only an own address can be listened on.
fn is_of_this_machine(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind((ip.to_canonical(), 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_of_the_town_halls_network_are_taken_and_clouds_secrets_are_not() {
        for good in [
            "https://tickets.example.gov/callback?x=1",
            "http://192.168.1.9:8080/hook",
            "http://10.0.0.1",
            "http://127.0.0.1:9000/",
            "http://[fd12::1]:80/a",
            "http://100.64.0.1/",
        ] {
            assert!(Target::read(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ftp://a/",
            "tickets.example",
            "https://",
            "https://user:word@host/",
            "https://host/#x",
            "https://host:0/",
            "https://host:99999/",
            "http://169.254.169.254/latest",
            "http://[::ffff:169.254.169.254]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
            "http://100.100.100.200/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
        ] {
            assert!(Target::read(bad).is_err(), "{bad}");
        }
        let target = Target::read("https://Host.example/a/b?c").unwrap();
        assert_eq!(
            (target.host.as_str(), target.port, target.path.as_str()),
            ("host.example", 443, "/a/b?c")
        );
    }

    #[test]
    fn the_relay_does_not_send_to_itself() {
        let own = [SocketAddr::from(([0, 0, 0, 0], 8_443)), SocketAddr::from(([127, 0, 0, 1], 8_444))];
        assert!(is_own(SocketAddr::from(([127, 0, 0, 1], 8_443)), &own));
        assert!(is_own(SocketAddr::from(([127, 9, 9, 9], 8_444)), &own));
        assert!(!is_own(SocketAddr::from(([127, 0, 0, 1], 9_000)), &own));
        assert!(!is_own(SocketAddr::from(([203, 0, 113, 5], 8_443)), &own));
    }
}
