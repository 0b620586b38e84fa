//! The practice's own data, inside a unit of work.

use async_trait::async_trait;
use attune_domain::Practice;
use attune_domain::practice::{Logo, LogoName};

use crate::StoreError;

/// The practice's own data, inside a unit of work.
#[async_trait]
pub trait PracticeData {
    /// The practice, locked: no other unit of work can change it until this one ends. `None` before the first start.
    async fn practice_for_change(&mut self) -> Result<Option<Practice>, StoreError>;

    /// Stores the practice as version 1 unless there is one. Returns whether it was stored.
    async fn add_practice(&mut self, practice: &Practice) -> Result<bool, StoreError>;

    /// Replaces the practice and counts its version up, whatever the given one is. Returns the new version. Errors:
    /// [`crate::Conflict::Stale`] when there is none.
    async fn save_practice(&mut self, practice: &Practice) -> Result<u32, StoreError>;

    /// Stores the image that [`Practice::logo`] names, in place of the one before; `None` removes it.
    async fn replace_logo(&mut self, logo: Option<(&LogoName, &Logo)>) -> Result<(), StoreError>;

    /// Stores the domain in the UIDs of the bookings that exist now, which keep these UIDs. Only the first call has an
    /// effect.
    async fn set_legacy_uid_domain(&mut self, domain: &str) -> Result<(), StoreError>;

    /// Writes the row of this installation again, unchanged. Shows whether the store accepts writes. Errors:
    /// [`crate::Conflict::Stale`] when there is no such row.
    async fn rewrite_installation(&mut self) -> Result<(), StoreError>;
}
