use super::*;
use crate::SigningSecret;

fn signer(first: u8) -> SignedJoinTokens {
    SignedJoinTokens::new(&secret(first), &[])
}

fn secret(first: u8) -> SigningSecret {
    SigningSecret::new((first..first + 40).collect::<Vec<u8>>()).unwrap()
}

#[test]
fn a_token_is_for_one_visitor_one_purpose_and_one_key() {
    let tokens = signer(1);
    let token = tokens.sign_form("visitor", "login");
    assert_eq!(token.len(), 23);
    assert!(tokens.is_genuine_form(&token, "visitor", "login"));
    for (visitor, purpose) in [("other", "login"), ("visitor", "logout"), ("", "login"), ("login", "visitor")] {
        assert!(!tokens.is_genuine_form(&token, visitor, purpose), "{visitor} {purpose}");
    }
    for text in ["", "x", &token[1..], &format!("{token}A"), &token.replace('A', "B")] {
        assert!(!tokens.is_genuine_form(text, "visitor", "login"), "{text}");
    }
    assert!(!signer(2).is_genuine_form(&token, "visitor", "login"));
    let renewed = SignedJoinTokens::new(&secret(2), &[secret(1)]);
    assert!(renewed.is_genuine_form(&token, "visitor", "login"), "a form that was open when the secret changed");
}
