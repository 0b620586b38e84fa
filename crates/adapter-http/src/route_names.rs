//! The route of a path, for the access log and the counts of the route.
//!
//! The framework knows it as well, but tries one pattern after the other, which takes longer than authenticating the
//! request.

use std::sync::Arc;

use attune_http_common::RouteTraffic;
use matchit::Router;

/// For paths without a route.
const NONE: &str = "(none)";

pub(crate) struct RouteNames {
    routes: Router<Arc<RouteTraffic>>,
    none: Arc<RouteTraffic>,
    all: Vec<Arc<RouteTraffic>>,
}

impl RouteNames {
    pub(crate) fn new(patterns: impl Iterator<Item = &'static str>) -> Self {
        let mut routes = Router::new();
        let none = Arc::new(RouteTraffic::new(NONE));
        let mut all = vec![Arc::clone(&none)];
        for pattern in patterns {
            // The remainder of a path has another syntax here. A pattern that conflicts with another one is ignored; a
            // test checks that there is none.
            let route = Arc::new(RouteTraffic::new(pattern));
            let _ = routes.insert(pattern.replace("{file:.*}", "{*file}"), Arc::clone(&route));
            all.push(route);
        }
        Self { routes, none, all }
    }

    /// All routes, and what stands for paths without one.
    pub(crate) fn all(&self) -> &[Arc<RouteTraffic>] {
        &self.all
    }

    /// The route, known by its pattern, such as `/api/bookings/{id}`.
    pub(crate) fn of(&self, path: &str) -> &Arc<RouteTraffic> {
        self.routes.at(path).map_or(&self.none, |found| found.value)
    }
}

#[cfg(test)]
mod tests;
