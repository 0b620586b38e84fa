//! The address of the client.

use std::net::IpAddr;

use actix_web::HttpRequest;

use crate::settings::{AddressRange, shorten};

/// The address of the connection, or the one that a trusted proxy reports.
///
/// `X-Forwarded-For` is read from the right. Each trusted proxy vouches for the entry to its left only, so entries that
/// the client itself added are never reached.
pub(crate) fn address(http: &HttpRequest, trusted: &[AddressRange]) -> Option<IpAddr> {
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
pub(crate) fn network_name(address: IpAddr) -> String {
    let network = shorten(address, 24, 64);
    format!("{network}/{}", if network.is_ipv4() { 24 } else { 64 })
}

#[cfg(test)]
mod tests;
