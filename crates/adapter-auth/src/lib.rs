#![doc = include_str!("../README.md")]

mod password;
mod secret;
mod signed_tokens;
mod threads;
mod token;
mod totp;

pub use password::{ArgonHasher, HasherActivity, HasherConfig, HasherError};
pub use secret::{SigningSecret, WeakSecret};
pub use signed_tokens::SignedJoinTokens;
pub use token::{JwtAccessTokens, TokenConfig};
pub use totp::TotpCodes;
