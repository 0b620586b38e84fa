//! The practice as it is stored, for everything that people read.

use std::sync::{Arc, Mutex, PoisonError};

use attune_domain::practice::{Logo, LogoName};
use attune_domain::{Practice, TimeZoneName};
use attune_ports::{Queries, StoreError, TimeZones};
use jiff::tz::TimeZone;

#[derive(Clone)]
pub struct CurrentPractice {
    pub queries: Arc<dyn Queries>,
    pub zones: Arc<dyn TimeZones>,
    /// The practice of the configuration: stored at the first start, current until then.
    pub configured: Arc<Practice>,
    pub last_logo: LastLogo,
}

/// The logo that was read last. An image never changes under its name.
pub type LastLogo = Arc<Mutex<Option<(LogoName, Arc<Logo>)>>>;

impl CurrentPractice {
    pub async fn load(&self) -> Result<Arc<Practice>, StoreError> {
        Ok(self.queries.practice().await?.map_or_else(|| self.configured.clone(), Arc::new))
    }

    /// The practice's logo, which is read once.
    pub async fn logo(&self, practice: &Practice) -> Result<Option<Arc<Logo>>, StoreError> {
        let Some(name) = &practice.logo else { return Ok(None) };
        let known = self.last_logo.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, logo)) = known.filter(|(known, _)| known == name) {
            return Ok(Some(logo));
        }
        let Some(logo) = self.queries.logo(name).await?.map(Arc::new) else { return Ok(None) };
        *self.last_logo.lock().unwrap_or_else(PoisonError::into_inner) = Some((name.clone(), logo.clone()));
        Ok(Some(logo))
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
