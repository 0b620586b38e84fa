#![doc = include_str!("../README.md")]

mod claims;
mod deployment;
mod end_meeting;
mod server;
mod signer;
mod webhook;

pub use deployment::{Deployment, InvalidAppId, JaasAppId, Secret, SigningKey};
pub use end_meeting::{EndMeeting, EndMeetingConfig, EndMeetingError};
pub use server::{ServerChoices, ServerSettings, SettingsPart, not_enforceable};
pub use signer::{JitsiSigner, SetupError};
pub use webhook::JaasSignature;
