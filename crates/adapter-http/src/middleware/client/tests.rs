use actix_web::test::TestRequest;

use super::*;

fn seen(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
    let trusted: Vec<AddressRange> = trusted.iter().map(|range| range.parse().unwrap()).collect();
    let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
    for line in forwarded {
        request = request.append_header(("x-forwarded-for", *line));
    }
    address(&request.to_http_request(), &trusted).unwrap().to_string()
}

#[test]
fn without_trusted_proxies_only_the_connection_counts() {
    assert_eq!(seen(&[], "203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
}

#[test]
fn a_stranger_is_not_believed() {
    assert_eq!(seen(&["10.0.0.0/8"], "203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
}

#[test]
fn a_trusted_proxy_is_believed_about_its_own_client_only() {
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
fn nonsense_ends_the_chain() {
    assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &["198.51.100.1, unknown"]), "10.0.0.1");
    assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &[""]), "10.0.0.1");
}

#[test]
fn networks_name_no_single_person() {
    assert_eq!(network_name("203.0.113.77".parse().unwrap()), "203.0.113.0/24");
    assert_eq!(network_name("2001:db8:1:2:3:4:5:6".parse().unwrap()), "2001:db8:1:2::/64");
    assert_eq!(network_name("::ffff:203.0.113.77".parse().unwrap()), "203.0.113.0/24");
}
