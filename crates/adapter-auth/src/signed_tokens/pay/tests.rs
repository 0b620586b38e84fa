use super::*;
use crate::signed_tokens::tests::{OTHER, SECRET, secret};

#[test]
fn the_token_of_a_payment_page_has_a_purpose_of_its_own() {
    let (booking, other) = (BookingId::new(12).unwrap(), BookingId::new(13).unwrap());
    let tokens = SignedJoinTokens::new(&secret(SECRET), &[secret(OTHER)]);
    let text = tokens.sign_payment(booking);
    assert_eq!((text.len(), text.as_str()), (34, tokens.sign_payment(booking).as_str()));
    assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{text}");
    assert_eq!(tokens.verify_payment(&text), Some(booking));
    assert_ne!(tokens.sign_payment(other), text);
    let previous = SignedJoinTokens::new(&secret(OTHER), &[]).sign_payment(booking);
    assert_eq!(tokens.verify_payment(&previous), Some(booking));
    assert_eq!(
        tokens.verify_payment(&SignedJoinTokens::new(&secret(&OTHER.replace('Z', "Y")), &[]).sign_payment(booking)),
        None
    );
    for index in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        assert_eq!(tokens.verify_payment(std::str::from_utf8(&changed).unwrap()), None, "character {index}");
    }
    for bad in ["", "pay", &text[1..], &format!("{text}A"), &format!("{text}=")] {
        assert_eq!(tokens.verify_payment(bad), None, "{bad}");
    }
}
