//! Personal data and secrets of the tests, which must not appear in any output.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<BTreeSet<String>>>);

impl Secrets {
    pub(crate) fn add(&self, text: &str) {
        // Shorter texts would match by chance.
        if text.chars().count() >= 5 {
            self.0.lock().unwrap().insert(text.to_owned());
        }
    }

    pub(crate) fn found_in(&self, text: &str) -> Vec<String> {
        let known = self.0.lock().unwrap();
        // Every personal link is a secret.
        known
            .iter()
            .map(String::as_str)
            .chain(["#userInfo", "displayName"])
            .filter(|s| text.contains(s))
            .map(str::to_owned)
            .collect()
    }
}
