//! Signed meeting links: JSON Web Tokens as self-hosted Jitsi Meet and as JaaS (8x8.vc) want to read them.
//!
//! Both take the same facts and both are particular about how they are spelled, in different ways. A self-hosted Jitsi
//! refuses an audience in brackets, takes `exp` in milliseconds for a token that never ends and shows `null` as a text;
//! JaaS wants true and false in quotes and its own key's name in the header. None of them says so, a link just does not
//! work, so the spelling is written down here once and tested to the letter.
//!
//! **A token alone picks no moderator on a self-hosted Jitsi.** Its rooms have to load `token_affiliation`, and both
//! automatic promotions have to be off (Jicofo's `enable-auto-owner`, `wait_for_host_disable_auto_owners`).

mod claims;
mod deployment;
mod signer;

pub use deployment::{Deployment, JaasAppId, NotAnAppId, Secret, SigningKey};
pub use signer::{JitsiSigner, SetupError};

#[cfg(test)]
mod tests;
