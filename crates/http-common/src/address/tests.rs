use actix_web::http::header::HeaderValue;
use actix_web::test::TestRequest;

use super::*;

fn range(text: &str) -> AddressRange {
    text.parse().unwrap()
}

#[test]
fn ranges_contain_the_addresses_with_their_prefix() {
    for (network, address, contained) in [
        ("10.0.0.0/8", "10.255.1.2", true),
        ("10.0.0.0/8", "11.0.0.1", false),
        ("10.0.0.7", "10.0.0.7", true),
        ("10.0.0.7", "10.0.0.8", false),
        ("0.0.0.0/0", "203.0.113.9", true),
        ("fd00::/8", "fd12::1", true),
        ("fd00::/8", "fe80::1", false),
        ("::1", "::1", true),
        // IPv6 is not IPv4, but an IPv4 address inside IPv6 is the IPv4 address.
        ("0.0.0.0/0", "2001:db8::1", false),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ("::ffff:10.1.2.3", "10.1.2.3", true),
        ("::/0", "::ffff:10.1.2.3", false),
    ] {
        assert_eq!(range(network).contains(address.parse().unwrap()), contained, "{address} in {network}");
    }
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

fn seen(trusted: &[&str], peer: &str, headers: &[(&str, &[u8])]) -> String {
    let trusted: Vec<AddressRange> = trusted.iter().map(|range| range.parse().unwrap()).collect();
    let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
    for (name, line) in headers {
        request = request.append_header((*name, HeaderValue::from_bytes(line).unwrap()));
    }
    client_address(&request.to_http_request(), &trusted).unwrap().to_string()
}

/// What a proxy at 10.0.0.1 reports, where all of 10.0.0.0/8 is trusted.
fn reported(name: &str, lines: &[&str]) -> String {
    let headers: Vec<_> = lines.iter().map(|line| (name, line.as_bytes())).collect();
    seen(&["10.0.0.0/8"], "10.0.0.1", &headers)
}

#[test]
fn a_trusted_proxy_vouches_for_its_own_client_only() {
    let line: &[(&str, &[u8])] = &[("x-forwarded-for", b"198.51.100.1"), ("forwarded", b"for=198.51.100.1")];
    for header in line.chunks(1) {
        assert_eq!(seen(&[], "203.0.113.9", header), "203.0.113.9", "without trusted proxies");
        assert_eq!(seen(&["10.0.0.0/8"], "203.0.113.9", header), "203.0.113.9", "another sender is not trusted");
    }
    for (case, lines, client) in [
        ("a trusted proxy", vec!["198.51.100.1"], "198.51.100.1"),
        ("an entry of the client itself", vec!["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("a line of the client itself", vec!["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        ("an unpaired quote of the client itself", vec!["6.6.6.6\", 198.51.100.1"], "198.51.100.1"),
        ("two trusted proxies", vec!["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("two trusted proxies with ports", vec!["198.51.100.1:80, 10.0.0.2:443"], "198.51.100.1"),
        ("two trusted proxies with a line each", vec!["6.6.6.6, 198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("trusted proxies only", vec!["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("an invalid entry ends the chain", vec!["198.51.100.1, unknown"], "10.0.0.1"),
        ("a hidden entry ends the chain", vec!["198.51.100.1, _gateway, 10.0.0.2"], "10.0.0.2"),
        ("empty elements", vec!["198.51.100.1,", ", ,", ""], "198.51.100.1"),
        ("an empty line", vec![""], "10.0.0.1"),
    ] {
        assert_eq!(reported("x-forwarded-for", &lines), client, "{case}");
    }
}

#[test]
fn every_form_of_an_address_is_read() {
    for (form, client) in [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:51234", "203.0.113.9"),
        ("  203.0.113.9:1\t", "203.0.113.9"),
        ("203.0.113.9:_hidden", "203.0.113.9"),
        ("2001:db8::9", "2001:db8::9"),
        ("[2001:db8::9]", "2001:db8::9"),
        ("[2001:db8::9]:51234", "2001:db8::9"),
        ("[2001:db8::9]:_hidden", "2001:db8::9"),
        ("2001:DB8:0:0:0:0:0:9", "2001:db8::9"),
        ("fe80::9%eth0", "fe80::9"),
        ("[fe80::9%25eth0]:443", "fe80::9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[::ffff:203.0.113.9]:443", "203.0.113.9"),
    ] {
        for quoted in [form.to_owned(), format!("\"{form}\"")] {
            assert_eq!(reported("x-forwarded-for", &[&quoted]), client, "{quoted}");
            assert_eq!(
                reported("x-forwarded-for", &[&format!("6.6.6.6 , {quoted} ,10.0.0.2:8080")]),
                client,
                "{quoted}"
            );
            assert_eq!(reported("forwarded", &[&format!("for={quoted};proto=https")]), client, "{quoted}");
        }
    }
}

#[test]
fn what_is_no_address_ends_the_chain() {
    for form in [
        "unknown",
        "_x",
        "_SEVKISEK",
        "203.0.113",
        "203.0.113.9:",
        "203.0.113.9:123456",
        "203.0.113.9:http",
        "203.0.113.9:_",
        "203.0.113.09",
        "203.0.113.9 51234",
        "[203.0.113.9]:80",
        "[2001:db8::9",
        "[2001:db8::9]80",
        "[2001:db8::9]:",
        "2001:db8::9]:80",
        "client.example",
        "\"",
    ] {
        assert_eq!(reported("x-forwarded-for", &[&format!("198.51.100.1, {form}, 10.0.0.2")]), "10.0.0.2", "{form}");
        let elements = format!("for=198.51.100.1, for={form}, for=10.0.0.2");
        assert_eq!(reported("forwarded", &[&elements]), "10.0.0.2", "{form}");
    }
}

#[test]
fn forwarded_is_read_like_its_older_counterpart() {
    for (case, lines, client) in [
        ("other parameters", vec!["By=10.0.0.1; For = 198.51.100.1;proto=http"], "198.51.100.1"),
        ("an entry of the client itself", vec!["for=6.6.6.6, for=198.51.100.1"], "198.51.100.1"),
        ("a line of the client itself", vec!["for=6.6.6.6", "for=198.51.100.1"], "198.51.100.1"),
        ("two trusted proxies", vec!["for=198.51.100.1, for=\"10.0.0.2:80\";by=\"[2001:db8::1]:443\""], "198.51.100.1"),
        ("separators and escapes inside quotes", vec!["for=198.51.100.1;x=\",;for=6.6.6.6\\\",\""], "198.51.100.1"),
        ("escapes in an address", vec![r#"for="198\.51.100.1""#], "198.51.100.1"),
        ("a quote that the client did not close", vec!["for=6.6.6.6;x=\", for=\"198.51.100.1\""], "198.51.100.1"),
        ("an escape of the client at the end", vec!["for=6.6.6.6;x=\"\\, for=\"198.51.100.1\""], "198.51.100.1"),
        ("an element without an address", vec!["for=198.51.100.1, proto=https"], "10.0.0.1"),
        ("two addresses in one element", vec!["for=198.51.100.1;for=6.6.6.6"], "10.0.0.1"),
        ("no parameter at all", vec!["198.51.100.1"], "10.0.0.1"),
    ] {
        assert_eq!(reported("forwarded", &lines), client, "{case}");
    }
}

#[test]
fn with_both_headers_only_the_one_that_proxies_set_counts() {
    for (older, client) in [
        ("198.51.100.1", "198.51.100.1"),
        ("198.51.100.1:80", "198.51.100.1"),
        ("unknown", "10.0.0.1"),
        ("", "10.0.0.1"),
    ] {
        let both: [(&str, &[u8]); 2] = [("forwarded", b"for=6.6.6.6"), ("x-forwarded-for", older.as_bytes())];
        assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &both), client, "{older:?}");
    }
}

#[test]
fn a_line_that_is_not_text_hides_no_entry_of_the_proxy() {
    for (name, lines) in [
        ("x-forwarded-for", [&b"6.6.6.6"[..], b"\xff\xfe, 198.51.100.1:80"]),
        ("forwarded", [b"for=6.6.6.6", b"for=\xff, for=198.51.100.1"]),
    ] {
        assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &lines.map(|line| (name, line))), "198.51.100.1", "{name}");
    }
}

#[test]
fn networks_identify_no_single_person() {
    assert_eq!(network_name("203.0.113.77".parse().unwrap()), "203.0.113.0/24");
    assert_eq!(network_name("2001:db8:1:2:3:4:5:6".parse().unwrap()), "2001:db8:1:2::/64");
    assert_eq!(network_name("::ffff:203.0.113.77".parse().unwrap()), "203.0.113.0/24");
}
