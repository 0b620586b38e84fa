#![doc = include_str!("../README.md")]

mod claims;
mod deployment;
mod server;
mod signer;
mod webhook;

pub use deployment::{Deployment, InvalidAppId, JaasAppId, Secret, SigningKey};
pub use server::{ServerChoices, ServerSettings, SettingsPart, not_enforceable};
pub use signer::{JitsiSigner, SetupError};
pub use webhook::JaasSignature;

#[cfg(test)]
mod tests;
