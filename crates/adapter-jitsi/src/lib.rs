//! Signed meeting links: JSON Web Tokens as self-hosted Jitsi Meet and as JaaS (8x8.vc) want to read them.
//!
//! Both take the same facts and both are particular about how they are spelled, in different ways. A self-hosted Jitsi
//! refuses an audience in brackets, takes `exp` in milliseconds for a token that never ends and shows `null` as a text;
//! JaaS wants true and false in quotes and its own key's name in the header. None of them says so, a link just does not
//! work, so the spelling is written down here once and tested to the letter.
//!
//! **A token alone picks no moderator on a self-hosted Jitsi.** Its rooms have to load `token_affiliation`, and all
//! automatic promotions have to be off. [`ServerSettings`] writes down everything that such a server has to be told, and
//! [`not_enforceable`] what no server can do.
//!
//! In the other direction, [`JaasSignature`] tells whether a message about a room really came from JaaS.

mod claims;
mod deployment;
mod server;
mod signer;
mod webhook;

pub use deployment::{Deployment, JaasAppId, NotAnAppId, Secret, SigningKey};
pub use server::{ServerChoices, ServerSettings, SettingsPart, not_enforceable};
pub use signer::{JitsiSigner, SetupError};
pub use webhook::JaasSignature;

#[cfg(test)]
mod tests;
