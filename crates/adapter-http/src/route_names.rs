//! Which address a path belongs to, for the log.
//!
//! The framework knows it, too, but finds it out by trying one pattern after the other, which costs a request more than
//! looking up who asks.

use matchit::Router;

/// What is said of a path that belongs to no address.
const NONE: &str = "(none)";

/// The names of all addresses.
pub(crate) struct RouteNames(Router<&'static str>);

impl RouteNames {
    pub(crate) fn new(patterns: impl Iterator<Item = &'static str>) -> Self {
        let mut router = Router::new();
        for pattern in patterns {
            // The rest of a path is written in another way here. An address that cannot be told from another has no name;
            // a test sees to it that there is none.
            let _ = router.insert(pattern.replace("{file:.*}", "{*file}"), pattern);
        }
        Self(router)
    }

    /// The pattern of the address, such as `/api/bookings/{id}`.
    pub(crate) fn of(&self, path: &str) -> &'static str {
        self.0.at(path).map_or(NONE, |found| *found.value)
    }
}

#[cfg(test)]
mod tests;
