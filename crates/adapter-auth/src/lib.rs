//! Who somebody is: passwords hashed with Argon2id, access tokens and mailed tickets signed with HMAC-SHA-256.
//!
//! [`ArgonHasher`] keeps its work on threads and in memory of its own, so that a flood of logins slows down logins and
//! nothing else. [`JwtAccessTokens`] issues and checks the tokens that every other request carries, and [`SealedTickets`]
//! the tickets that stand in mailed links.

mod password;
mod secret;
mod threads;
mod ticket;
mod token;

pub use password::{ArgonHasher, HasherConfig, HasherError};
pub use secret::{SigningSecret, WeakSecret};
pub use ticket::SealedTickets;
pub use token::{JwtAccessTokens, TokenConfig};
