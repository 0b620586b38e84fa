//! Searching for people by what someone remembers of their name or email address.
//!
//! ```
//! use attune_domain::search::PersonSearch;
//!
//! let search = PersonSearch::parse(" MÜLLER ann").expect("two words");
//! assert!(search.matches("anne\nmüller\nanne@example.org"));
//! assert!(!search.matches("anne\nmeier\nanne@example.org"));
//! ```

use idna::AsciiDenyList;
use idna::uts46::{Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;

use crate::{EmailAddress, PersonName, User};

/// The words to look for, folded. `Debug` hides them.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonSearch(Vec<String>);

impl PersonSearch {
    /// Most characters of a search.
    pub const MAX_CHARS: usize = 200;

    /// Splits the text at white space; `None` for a blank one. A whole email address is read like one that is stored.
    pub fn parse(raw: &str) -> Option<Self> {
        let word = |raw: &str| EmailAddress::parse(raw).map_or_else(|_| fold(raw), |email| email.as_str().to_owned());
        let words: Vec<String> = raw.split_whitespace().map(word).filter(|word| !word.is_empty()).collect();
        (!words.is_empty()).then_some(Self(words))
    }

    /// Each of these has to occur in the search text of a person.
    pub fn words(&self) -> &[String] {
        &self.0
    }

    /// Whether a [`search_text`] has every word.
    pub fn matches(&self, search_text: &str) -> bool {
        self.0.iter().all(|word| search_text.contains(word.as_str()))
    }
}

impl std::fmt::Debug for PersonSearch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonSearch(***)")
    }
}

/// What a search for this person looks through: names and email address, folded, in lines of their own. The domain of the
/// address is in it as people read it, too.
pub fn search_text(email: &EmailAddress, names: [Option<&PersonName>; 3]) -> String {
    let mut lines: Vec<String> = names.into_iter().flatten().map(|name| fold(name.as_str())).collect();
    lines.push(email.as_str().to_owned());
    if let Some((_, domain)) = email.as_str().rsplit_once('@')
        && domain.split('.').any(|label| label.starts_with("xn--"))
    {
        let (domain, _) = Uts46::new().to_unicode(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
        lines.push(fold(&domain));
    }
    lines.join("\n")
}

impl User {
    /// See [`search_text`].
    pub fn search_text(&self) -> String {
        search_text(&self.email, [self.preferred_name.as_ref(), self.first_name.as_ref(), self.last_name.as_ref()])
    }
}

/// Makes texts equal that differ only in case or in how their accents are stored. Through upper case, because `ß` and `SS`
/// are the same there, and letter by letter, because a small sigma depends on its place in the word.
fn fold(text: &str) -> String {
    text.nfd().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

#[cfg(test)]
mod tests;
