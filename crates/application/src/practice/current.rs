//! The practice as it is stored, for everything that people read.

use std::sync::Arc;

use attune_domain::{Practice, TimeZoneName};
use attune_ports::{Queries, StoreError, TimeZones};
use jiff::tz::TimeZone;

#[derive(Clone)]
pub struct CurrentPractice {
    pub queries: Arc<dyn Queries>,
    pub zones: Arc<dyn TimeZones>,
    /// The practice of the configuration: stored at the first start, current until then.
    pub configured: Arc<Practice>,
}

impl CurrentPractice {
    pub async fn load(&self) -> Result<Arc<Practice>, StoreError> {
        Ok(self.queries.practice().await?.map_or_else(|| self.configured.clone(), Arc::new))
    }

    pub async fn zone(&self) -> Result<TimeZone, StoreError> {
        Ok(self.zone_of(&*self.load().await?))
    }

    /// The practice's time zone. Both its names were checked when they were set, but another machine may have older time
    /// zone data.
    pub fn zone_of(&self, practice: &Practice) -> TimeZone {
        let find = |name| self.zones.find(name);
        find(&practice.time_zone).or_else(|| find(&self.configured.time_zone)).unwrap_or(TimeZone::UTC)
    }

    /// A person's own time zone, or else the practice's, which is read only then.
    pub async fn zone_for(&self, own: Option<&TimeZoneName>) -> Result<TimeZone, StoreError> {
        match self.own_zone(own) {
            Some(zone) => Ok(zone),
            None => self.zone().await,
        }
    }

    /// The same, for a practice that was read.
    pub fn zone_in(&self, practice: &Practice, own: Option<&TimeZoneName>) -> TimeZone {
        self.own_zone(own).unwrap_or_else(|| self.zone_of(practice))
    }

    fn own_zone(&self, own: Option<&TimeZoneName>) -> Option<TimeZone> {
        own.and_then(|name| self.zones.find(name))
    }
}
