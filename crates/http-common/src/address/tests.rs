use actix_web::test::TestRequest;

use super::*;

fn range(text: &str) -> AddressRange {
    text.parse().unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn ranges_contain_the_addresses_with_their_prefix() {
    assert!(range("10.0.0.0/8").contains(ip("10.255.1.2")));
    assert!(!range("10.0.0.0/8").contains(ip("11.0.0.1")));
    assert!(range("10.0.0.7").contains(ip("10.0.0.7")));
    assert!(!range("10.0.0.7").contains(ip("10.0.0.8")));
    assert!(range("0.0.0.0/0").contains(ip("203.0.113.9")));
    assert!(!range("0.0.0.0/0").contains(ip("2001:db8::1")), "IPv6 is not IPv4");
    assert!(range("fd00::/8").contains(ip("fd12::1")));
    assert!(!range("fd00::/8").contains(ip("fe80::1")));
    assert!(range("::1").contains(ip("::1")));
}

#[test]
fn an_ipv4_address_inside_ipv6_is_the_ipv4_address() {
    assert!(range("10.0.0.0/8").contains(ip("::ffff:10.1.2.3")));
    assert!(range("::ffff:10.1.2.3").contains(ip("10.1.2.3")));
    assert!(!range("::/0").contains(ip("::ffff:10.1.2.3")));
}

#[test]
fn a_range_drops_the_bits_after_its_prefix() {
    assert_eq!(range("10.1.2.3/8"), range("10.0.0.0/8"));
    assert_eq!(range("10.1.2.3/8").to_string(), "10.0.0.0/8");
    assert_eq!(range("2001:db8::1/32").to_string(), "2001:db8::/32");
}

#[test]
fn other_texts_are_rejected() {
    for text in ["", "localhost", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0/8", "10.0.0.0/", "/8"] {
        assert_eq!(text.parse::<AddressRange>(), Err(InvalidAddressRange), "{text:?}");
    }
}

fn seen(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
    let trusted: Vec<AddressRange> = trusted.iter().map(|range| range.parse().unwrap()).collect();
    let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
    for line in forwarded {
        request = request.append_header(("x-forwarded-for", *line));
    }
    client_address(&request.to_http_request(), &trusted).unwrap().to_string()
}

#[test]
fn without_trusted_proxies_only_the_connection_counts() {
    assert_eq!(seen(&[], "203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
}

#[test]
fn other_senders_are_not_trusted() {
    assert_eq!(seen(&["10.0.0.0/8"], "203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
}

#[test]
fn a_trusted_proxy_vouches_for_its_own_client_only() {
    assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &["6.6.6.6, 198.51.100.1"]), "198.51.100.1");
    assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &["6.6.6.6", "198.51.100.1"]), "198.51.100.1");
}

#[test]
fn a_chain_of_trusted_proxies_is_followed() {
    assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &["198.51.100.1, 10.0.0.2"]), "198.51.100.1");
    assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
}

#[test]
fn an_invalid_entry_ends_the_chain() {
    assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &["198.51.100.1, unknown"]), "10.0.0.1");
    assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &[""]), "10.0.0.1");
}

#[test]
fn networks_identify_no_single_person() {
    assert_eq!(network_name("203.0.113.77".parse().unwrap()), "203.0.113.0/24");
    assert_eq!(network_name("2001:db8:1:2:3:4:5:6".parse().unwrap()), "2001:db8:1:2::/64");
    assert_eq!(network_name("::ffff:203.0.113.77".parse().unwrap()), "203.0.113.0/24");
}
