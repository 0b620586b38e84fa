#![doc = include_str!("../README.md")]

mod join_token;
mod password;
mod secret;
mod threads;
mod token;

pub use join_token::SignedJoinTokens;
pub use password::{ArgonHasher, HasherConfig, HasherError};
pub use secret::{SigningSecret, WeakSecret};
pub use token::{JwtAccessTokens, TokenConfig};
