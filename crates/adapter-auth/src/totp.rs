//! The codes of authenticator apps: TOTP (RFC 6238) with the parameters that every app supports.
//!
//! A secret is stored encrypted with AES-256-GCM:
//!
//! | bytes | content |
//! |---|---|
//! | 1 | version of this layout, 1 |
//! | 12 | nonce |
//! | 20 | secret, encrypted |
//! | 16 | tag, also over the user id |

use std::sync::Arc;

use attune_domain::UserId;
use attune_ports::{BoxError, Random, Totp, TotpSetup};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac::Tag;
use jiff::Timestamp;
use qrcode::render::svg;
use qrcode::types::QrError;
use qrcode::{EcLevel, QrCode};
use thiserror::Error;
use totp_rs::{Algorithm, TOTP};

use crate::SigningSecret;

const LAYOUT: u8 = 1;
/// 160 bits (RFC 4226, section 4).
const SECRET_BYTES: usize = 20;
const DIGITS: usize = 6;
const STEP_SECONDS: u64 = 30;
/// Steps before and after the current one whose codes are accepted, for clocks that differ (RFC 6238, section 5.2).
const DRIFT_STEPS: u8 = 1;
/// The smallest width and height of a QR code in pixels.
const QR_PIXELS: u32 = 200;

/// Derives a separate key, so that nothing else that is made with the signing secret can be taken for a secret of ours.
const KEY_LABEL: &[u8] = b"attune authenticator secret key";
/// Stands before the user id, so that a row that is copied to another user cannot be decrypted.
const USER_LABEL: &[u8] = b"attune authenticator secret\0";

/// Creates and checks the codes of authenticator apps.
///
/// Their secrets stay encrypted as they are when the signing secret is replaced, so it has to remain among the previous
/// ones as long as someone uses an authenticator app that was set up before.
#[derive(derive_more::Debug)]
#[debug("TotpCodes(***)")]
pub struct TotpCodes {
    key: Tag,
    previous_keys: Vec<Tag>,
    random: Arc<dyn Random>,
}

/// Contains neither secrets nor who they belong to.
#[derive(Debug, Error)]
enum Failure {
    #[error("the secret of an authenticator app cannot be encrypted")]
    Encryption(#[source] Unspecified),
    #[error("the stored secret of an authenticator app cannot be decrypted with any signing secret")]
    Decryption,
    #[error("the stored secret of an authenticator app is too short")]
    TooShort,
    #[error("the URI for the authenticator app does not fit into a QR code")]
    QrCode(#[source] QrError),
}

impl TotpCodes {
    /// Encrypts with a key of `secret`, and also decrypts with those of the `previous` ones.
    pub fn new(secret: &SigningSecret, previous: &[SigningSecret], random: Arc<dyn Random>) -> Self {
        let derive = |secret: &SigningSecret| secret.derive(KEY_LABEL);
        Self { key: derive(secret), previous_keys: previous.iter().map(derive).collect(), random }
    }

    fn seal(&self, user: UserId, secret: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce);
        let mut encrypted = secret.to_vec();
        let key = cipher(&self.key)?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), associated(user), &mut encrypted)?;
        Ok([&[LAYOUT], &nonce[..], &encrypted].concat())
    }

    fn open(&self, user: UserId, sealed: &[u8]) -> Option<Vec<u8>> {
        let (&LAYOUT, rest) = sealed.split_first()? else { return None };
        let (nonce, encrypted) = rest.split_first_chunk::<NONCE_LEN>()?;
        std::iter::once(&self.key).chain(&self.previous_keys).find_map(|key| {
            let mut bytes = encrypted.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let secret = cipher(key).ok()?.open_in_place(nonce, associated(user), &mut bytes).ok()?;
            Some(secret.to_vec())
        })
    }
}

impl Totp for TotpCodes {
    fn new_secret(&self, user: UserId, account: &str, issuer: &str) -> Result<TotpSetup, BoxError> {
        let mut secret = vec![0; SECRET_BYTES];
        self.random.fill(&mut secret);
        let sealed_secret = self.seal(user, &secret).map_err(Failure::Encryption)?;
        let uri = generator(secret, account, issuer)?.get_url();
        // On a screen nothing gets dirty, and fewer modules are easier to scan.
        let code = QrCode::with_error_correction_level(&uri, EcLevel::L).map_err(Failure::QrCode)?;
        let qr_svg = code.render::<svg::Color<'_>>().min_dimensions(QR_PIXELS, QR_PIXELS).build();
        Ok(TotpSetup { sealed_secret, uri, qr_svg })
    }

    fn step_of(&self, user: UserId, sealed_secret: &[u8], code: &str, now: Timestamp) -> Result<Option<u64>, BoxError> {
        let secret = self.open(user, sealed_secret).ok_or(Failure::Decryption)?;
        let generator = generator(secret, "", "")?;
        let Ok(seconds) = u64::try_from(now.as_second()) else { return Ok(None) };
        let code: String = code.split_whitespace().collect();
        let current = seconds / STEP_SECONDS;
        let drift = u64::from(DRIFT_STEPS);
        let mut newest_first = (current.saturating_sub(drift)..=current + drift).rev();
        Ok(newest_first.find(|step| {
            let expected = generator.generate(step * STEP_SECONDS);
            verify_slices_are_equal(expected.as_bytes(), code.as_bytes()).is_ok()
        }))
    }
}

fn cipher(key: &Tag) -> Result<LessSafeKey, Unspecified> {
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref())?))
}

fn associated(user: UserId) -> Aad<Vec<u8>> {
    Aad::from([USER_LABEL, &user.get().to_be_bytes()].concat())
}

/// Account and issuer are for the URI only, in which neither may contain a colon: apps split the label there.
fn generator(secret: Vec<u8>, account: &str, issuer: &str) -> Result<TOTP, Failure> {
    let [account, issuer] = [account, issuer].map(|name| name.replace(':', ""));
    TOTP::new(Algorithm::SHA1, DIGITS, DRIFT_STEPS, STEP_SECONDS, secret, Some(issuer), account)
        // The library's error could quote a name.
        .map_err(|_| Failure::TooShort)
}

#[cfg(test)]
mod tests;
