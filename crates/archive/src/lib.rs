#![doc = include_str!("../README.md")]

mod digest;
mod manifest;
mod reader;
mod writer;

pub use manifest::{Manifest, Secrets};
pub use reader::{ArchiveReader, Identities};
pub use writer::{ArchiveWriter, Output, Recipient};

#[cfg(test)]
mod tests;
