//! Verifies tokens as Prosody with Jitsi's modules does: `luajwtjitsi.lib.lua` at login, `mod_token_verification` when a room
//! is entered, `mod_token_affiliation` for the affiliation. It shares no code with the signer.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

pub(super) enum Key {
    Hs256(Vec<u8>),
    Rs256(Vec<u8>),
}

pub(super) struct Prosody {
    pub(super) key: Key,
    pub(super) issuers: Vec<&'static str>,
    pub(super) audiences: Vec<&'static str>,
    /// The XMPP domain, with `enable_domain_verification`.
    pub(super) domain: &'static str,
}

pub(super) struct Parts {
    pub(super) header: Value,
    pub(super) payload: Value,
    signed: String,
    signature: Vec<u8>,
}

pub(super) fn parts(token: &str) -> Result<Parts, &'static str> {
    let pieces: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = pieces[..] else { return Err("Invalid token") };
    let json = |text: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok() };
    Ok(Parts {
        header: json(header).ok_or("Invalid header")?,
        payload: json(payload).ok_or("Invalid body")?,
        signed: format!("{header}.{payload}"),
        signature: URL_SAFE_NO_PAD.decode(signature).map_err(|_| "Invalid signature")?,
    })
}

impl Prosody {
    /// The checks at login, in this order. Returns the payload.
    pub(super) fn login(&self, token: &str, now: i64) -> Result<Value, &'static str> {
        let Parts { header, payload, signed, signature } = parts(token)?;
        let (algorithm, genuine) = match &self.key {
            Key::Hs256(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                ("HS256", hmac::verify(&key, signed.as_bytes(), &signature).is_ok())
            }
            Key::Rs256(public) => {
                let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
                ("RS256", key.verify(signed.as_bytes(), &signature).is_ok())
            }
        };
        if header["typ"] != "JWT" {
            return Err("Invalid typ");
        }
        if header["alg"] != algorithm {
            return Err("Invalid or incorrect alg");
        }
        if !genuine {
            return Err("Invalid signature");
        }
        for time in ["exp", "nbf"] {
            if payload.get(time).is_some_and(|value| !value.is_number()) {
                return Err("a time must be number");
            }
        }
        if payload["exp"].as_i64().is_some_and(|exp| now >= exp) {
            return Err("Not acceptable by exp");
        }
        if payload["nbf"].as_i64().is_some_and(|nbf| now < nbf) {
            return Err("Not acceptable by nbf");
        }
        // Compared with strings, so an array of the right string is refused.
        let accepted = |claim: &Value, list: &[&str]| list.iter().any(|known| *known == "*" || *claim == **known);
        for (name, list) in [("iss", &self.issuers), ("aud", &self.audiences)] {
            let claim = payload.get(name).ok_or("a claim is missing")?;
            if !accepted(claim, list) {
                return Err("invalid claim");
            }
        }
        for name in ["sub", "room"] {
            payload.get(name).and_then(Value::as_str).ok_or("a claim is missing")?;
        }
        Ok(payload)
    }

    pub(super) fn admits(&self, session: &Value, room: &str) -> bool {
        let says = |claim: &str, expected: &str| {
            session[claim].as_str().is_some_and(|text| text == "*" || text.to_lowercase() == expected)
        };
        says("room", room) && says("sub", self.domain)
    }
}

/// Whether `mod_token_affiliation` makes the user an owner of the room.
pub(super) fn owns_the_room(session: &Value) -> bool {
    let user = &session["context"]["user"];
    ["owner", "moderator", "teacher"].iter().any(|name| user["affiliation"] == *name)
        || user["moderator"] == true
        || user["moderator"] == "true"
}

/// A token with a map of features grants only those that are true.
pub(super) fn allows(session: &Value, feature: &str) -> bool {
    let answer = &session["context"]["features"][feature];
    *answer == true || *answer == "true"
}
