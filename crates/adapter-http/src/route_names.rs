//! The route of a path, for the access log.
//!
//! The framework knows it as well, but tries one pattern after the other, which takes longer than authenticating the
//! request.

use matchit::Router;

/// For paths without a route.
const NONE: &str = "(none)";

pub(crate) struct RouteNames(Router<&'static str>);

impl RouteNames {
    pub(crate) fn new(patterns: impl Iterator<Item = &'static str>) -> Self {
        let mut router = Router::new();
        for pattern in patterns {
            // The remainder of a path has another syntax here. A pattern that conflicts with another one is ignored; a
            // test checks that there is none.
            let _ = router.insert(pattern.replace("{file:.*}", "{*file}"), pattern);
        }
        Self(router)
    }

    /// The pattern of the route, such as `/api/bookings/{id}`.
    pub(crate) fn of(&self, path: &str) -> &'static str {
        self.0.at(path).map_or(NONE, |found| *found.value)
    }
}

#[cfg(test)]
mod tests;
