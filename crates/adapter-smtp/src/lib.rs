#![doc = include_str!("../README.md")]

mod account;
mod calendar;
mod composer;
mod config;
mod content;
mod file;
mod logo;
mod one_line;
mod sanitize;
mod smtp;
mod templates;

pub use composer::{ComposerError, MailComposer, MailConfig};
pub use config::{SmtpConfig, SmtpConfigError};
pub use file::{FileNotifier, MailFolderError};
pub use smtp::{SmtpNotifier, SmtpSetupError};
pub use templates::TemplateError;
