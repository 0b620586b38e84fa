//! The address of a client, and ranges of addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use actix_web::HttpRequest;
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
/// `X-Forwarded-For` is read from the right. Each trusted proxy vouches for the entry to its left only, so entries that
/// the client itself added are never reached.
pub fn client_address(http: &HttpRequest, trusted: &[AddressRange]) -> Option<IpAddr> {
    let mut address = http.peer_addr()?.ip().to_canonical();
    let lines: Vec<&str> = http.headers().get_all("x-forwarded-for").filter_map(|line| line.to_str().ok()).collect();
    for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !trusted.iter().any(|range| range.contains(address)) {
            break;
        }
        let Ok(next) = entry.trim().parse::<IpAddr>() else { break };
        address = next.to_canonical();
    }
    Some(address)
}

/// The network as it is stored: truncated so that it identifies no single person (IPv4 /24, IPv6 /64).
pub fn network_name(address: IpAddr) -> String {
    network(address, 24, 64).to_string()
}

/// The network of an address, by the length of its prefix for IPv4 and for IPv6.
pub(crate) fn network(address: IpAddr, v4: u8, v6: u8) -> IpNet {
    let address = address.to_canonical();
    let prefix = if address.is_ipv4() { v4 } else { v6 };
    IpNet::new(address, prefix).map_or_else(|_| address.into(), |network| network.trunc())
}

#[cfg(test)]
mod tests;
