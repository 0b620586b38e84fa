use super::*;

fn range(text: &str) -> AddressRange {
    text.parse().unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn ranges_hold_what_begins_alike() {
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
fn a_range_forgets_the_bits_behind_it() {
    assert_eq!(range("10.1.2.3/8"), range("10.0.0.0/8"));
    assert_eq!(range("10.1.2.3/8").to_string(), "10.0.0.0/8");
    assert_eq!(range("2001:db8::1/32").to_string(), "2001:db8::/32");
}

#[test]
fn nonsense_is_refused() {
    for text in ["", "localhost", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0/8", "10.0.0.0/", "/8"] {
        assert_eq!(text.parse::<AddressRange>(), Err(NotAnAddressRange), "{text:?}");
    }
}
