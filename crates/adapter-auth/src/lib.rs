//! Who somebody is: passwords hashed with Argon2id, access tokens and mailed tickets signed with HMAC-SHA-256.
//!
//! [`ArgonHasher`] keeps its work on threads and in memory of its own, so that a flood of logins slows down logins and
//! nothing else. [`JwtAccessTokens`] issues and checks the tokens that every other request carries, and [`SignedJoinTokens`]
//! the tickets that stand in mailed links.

mod join_token;
mod password;
mod secret;
mod threads;
mod token;

pub use join_token::SignedJoinTokens;
pub use password::{ArgonHasher, HasherConfig, HasherError};
pub use secret::{SigningSecret, WeakSecret};
pub use token::{JwtAccessTokens, TokenConfig};
