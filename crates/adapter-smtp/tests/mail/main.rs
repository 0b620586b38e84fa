//! Complete emails, sent over real sockets and into real files, and read by an independent parser.

mod accounts;
mod content;
mod files;
mod fixtures;
mod hostile;
mod logo;
mod payments;
mod server;
mod templates;
mod tls;
