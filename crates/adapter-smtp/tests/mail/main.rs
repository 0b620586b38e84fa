//! Whole mails, over real sockets and into real files, read back by a parser that is not ours.

mod content;
mod files;
mod fixtures;
mod hostile;
mod money;
mod server;
mod templates;
mod tls;
