#![doc = include_str!("../README.md")]

mod calendar;
mod composer;
mod config;
mod file;
mod one_line;
mod smtp;
mod templates;
mod wording;

pub use composer::{ComposerError, MailComposer, MailConfig};
pub use config::{SmtpConfig, SmtpConfigError};
pub use file::{FileNotifier, MailFolderError};
pub use smtp::{SmtpNotifier, SmtpSetupError};
pub use templates::TemplateError;
