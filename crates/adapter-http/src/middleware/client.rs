//! Where a request came from.

use std::net::IpAddr;

use actix_web::HttpRequest;

use crate::settings::{AddressRange, shorten};
use crate::state::State;

/// The client's address: that of the connection, or what a trusted proxy says.
///
/// `X-Forwarded-For` is read from the right. Each trusted proxy vouches for the entry to its left only, so whatever a
/// client wrote into the header itself is never reached.
pub(crate) fn address(http: &HttpRequest) -> Option<IpAddr> {
    let mut address = http.peer_addr()?.ip().to_canonical();
    let Ok(state) = State::of(http) else { return Some(address) };
    let trusted = |address: IpAddr, ranges: &[AddressRange]| ranges.iter().any(|range| range.contains(address));
    let ranges = &state.settings.trusted_proxies;
    let lines: Vec<&str> = http.headers().get_all("x-forwarded-for").filter_map(|line| line.to_str().ok()).collect();
    for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !trusted(address, ranges) {
            break;
        }
        let Ok(next) = entry.trim().parse::<IpAddr>() else { break };
        address = next.to_canonical();
    }
    Some(address)
}

/// The network as it is kept: shortened so that it names no single person (IPv4 /24, IPv6 /64).
pub(crate) fn network_name(address: IpAddr) -> String {
    let network = shorten(address, 24, 64);
    format!("{network}/{}", if network.is_ipv4() { 24 } else { 64 })
}

#[cfg(test)]
mod tests;
