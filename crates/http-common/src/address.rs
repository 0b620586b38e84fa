//! The address of a client, and ranges of addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR};
use ipnet::IpNet;
use thiserror::Error;

/// One IP address, or all with a common prefix: `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange(IpNet);

/// The text is neither an address nor a range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an IP address or a range such as 10.0.0.0/8")]
pub struct InvalidAddressRange;

impl AddressRange {
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Whether it is a range of all IPv4 or all IPv6 addresses.
    pub fn contains_all(&self) -> bool {
        self.0.prefix_len() == 0
    }
}

impl FromStr for AddressRange {
    type Err = InvalidAddressRange;

    fn from_str(text: &str) -> Result<Self, InvalidAddressRange> {
        let network = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address.to_canonical()),
            Err(_) => text.parse::<IpNet>().map_err(|_| InvalidAddressRange)?.trunc(),
        };
        Ok(Self(network))
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The address of the connection, or the one that a trusted proxy reports.
///
/// `X-Forwarded-For` and `Forwarded` (RFC 7239) are read from the right. Each trusted proxy vouches for the entry to its
/// left only, so entries that the client itself added are never reached. An entry that names no address, such as `unknown`
/// or `_hidden`, ends the chain at the proxy that wrote it.
///
/// `Forwarded` is read only without `X-Forwarded-For`: nearly every proxy sets the latter and passes the former on from the
/// client.
pub fn client_address(http: &HttpRequest, trusted: &[AddressRange]) -> Option<IpAddr> {
    let mut address = http.peer_addr()?.ip().to_canonical();
    for hop in hops(http.headers()) {
        if !trusted.iter().any(|range| range.contains(address)) {
            break;
        }
        let Some(next) = hop else { break };
        address = next;
    }
    Some(address)
}

/// The reported addresses, the nearest first; `None` for an entry without an address.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let (name, address): (HeaderName, fn(&str) -> Option<IpAddr>) = if headers.contains_key(X_FORWARDED_FOR) {
        (X_FORWARDED_FOR, |entry| node_address(&unquoted(entry)))
    } else {
        (FORWARDED, |element| node_address(&forwarded_for(element)?))
    };
    // A line that is not text is not skipped, because a proxy may have added its entry to such a line of the client's.
    let lines: Vec<_> = headers.get_all(&name).map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    let entries = lines.iter().rev().flat_map(|line| split_from_right(line, b','));
    // Empty elements of a list mean nothing (RFC 9110, section 5.6.1.2).
    entries.map(str::trim).filter(|entry| !entry.is_empty()).map(address).collect()
}

/// Splits at the separators outside of quotes; the last part comes first.
///
/// From the right, because what a proxy added there is well-formed: an unpaired quote further left, from the client, does
/// not change how it is read.
fn split_from_right(text: &str, separator: u8) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let (mut end, mut quoted) = (text.len(), false);
    for at in (0..text.len()).rev() {
        let is_escaped = || bytes[..at].iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1;
        if bytes[at] == b'"' && !is_escaped() {
            quoted = !quoted;
        } else if bytes[at] == separator && !quoted {
            parts.push(&text[at + 1..end]);
            end = at;
        }
    }
    parts.push(&text[..end]);
    parts
}

/// The one `for` of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<String> {
    let pairs = split_from_right(element, b';').into_iter().filter_map(|pair| pair.split_once('='));
    let mut nodes = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for")).map(|(_, node)| unquoted(node));
    let only = nodes.next()?;
    nodes.next().is_none().then_some(only)
}

/// The content of a quoted string (RFC 9110, section 5.6.4); another text as it is.
fn unquoted(text: &str) -> String {
    let text = text.trim();
    let Some(quoted) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return text.to_owned() };
    let mut escaped = false;
    let kept = quoted.chars().filter(|c| {
        escaped = *c == '\\' && !escaped;
        !escaped
    });
    kept.collect()
}

/// The address in a node (RFC 7239, section 6), also where the brackets of an IPv6 address are missing or it has a zone.
fn node_address(node: &str) -> Option<IpAddr> {
    let address = |text: &str| text.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    let v6 = |text: &str| address(text.split_once('%').map_or(text, |(address, _zone)| address));
    let node = node.trim();
    if let Some(rest) = node.strip_prefix('[') {
        let (inner, port) = rest.split_once(']')?;
        return v6(inner)
            .filter(|_| inner.contains(':') && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)));
    }
    match node.split_once(':') {
        Some((host, port)) if !port.contains(':') => address(host).filter(|_| is_port(port)),
        Some(_) => v6(node),
        None => address(node),
    }
}

/// A port, or a text that stands for a hidden one (RFC 7239, section 6.3).
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(hidden) => !hidden.is_empty() && hidden.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)),
        None => (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()),
    }
}

/// The network as it is stored: truncated so that it identifies no single person (IPv4 /24, IPv6 /64).
pub fn network_name(address: IpAddr) -> String {
    network(address, 24, 64).to_string()
}

/// One IPv4 address, or one IPv6 /64, because every household and every server has at least that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpNet);

impl Network {
    pub fn of(address: IpAddr) -> Self {
        Self(network(address, 32, 64))
    }
}

/// The network of an address, by the length of its prefix for IPv4 and for IPv6.
fn network(address: IpAddr, v4: u8, v6: u8) -> IpNet {
    let address = address.to_canonical();
    let prefix = if address.is_ipv4() { v4 } else { v6 };
    IpNet::new(address, prefix).map_or_else(|_| address.into(), |network| network.trunc())
}

#[cfg(test)]
mod tests;
