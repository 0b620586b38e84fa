//! What must never stand in a log: everything that tests know about the people in them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Words that no process may print.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<BTreeSet<String>>>);

impl Secrets {
    pub(crate) fn add(&self, text: &str) {
        // Shorter ones would be found in innocent words.
        if text.chars().count() >= 5 {
            self.0.lock().unwrap().insert(text.to_owned());
        }
    }

    /// Everything secret that stands in this text.
    pub(crate) fn found_in(&self, text: &str) -> Vec<String> {
        let known = self.0.lock().unwrap();
        // A link is personal, whoever's it is.
        known
            .iter()
            .map(String::as_str)
            .chain(["#userInfo", "displayName"])
            .filter(|s| text.contains(s))
            .map(str::to_owned)
            .collect()
    }
}
