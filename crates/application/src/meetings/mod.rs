//! Personal links into the practice's video room.

mod links;

pub use links::{MeetingLinkError, MeetingLinks, PersonalView};

#[cfg(test)]
mod tests;
