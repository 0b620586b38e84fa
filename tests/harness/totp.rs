//! An authenticator app, as RFC 6238 describes it.

use aws_lc_rs::hmac;
use jiff::Timestamp;

const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The code that an app shows at an instant, for the secret of this `otpauth:` URI.
pub fn totp(uri: &str, at: Timestamp) -> String {
    let (_, rest) = uri.split_once("secret=").expect("a secret");
    let (mut bits, mut bytes) = ((0_u32, 0_u32), Vec::new());
    for letter in rest.split('&').next().unwrap_or_default().chars() {
        let value = BASE32.find(letter).expect("Base32");
        bits = ((bits.0 << 5 | u32::try_from(value).unwrap()) & 0xfff, bits.1 + 5);
        if bits.1 >= 8 {
            bits.1 -= 8;
            bytes.push(u8::try_from(bits.0 >> bits.1 & 0xff).unwrap());
        }
    }
    let step = u64::try_from(at.as_second() / 30).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let offset = usize::from(tag.as_ref().last().unwrap() & 15);
    let four: [u8; 4] = tag.as_ref()[offset..offset + 4].try_into().unwrap();
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}
