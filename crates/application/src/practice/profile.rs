//! Changes what clients learn about the practice.

use std::collections::BTreeMap;
use std::sync::Arc;

use attune_domain::practice::{
    AccentColor, Formality, Logo, LogoName, PhoneNumber, Practice, PracticeName, PracticeTexts, WebUrl,
};
use attune_domain::{EmailAddress, Language, TimeZoneName, UserId};
use attune_ports::{AuditObject, Clock, Store, StoreError, TimeZones, UnitOfWork};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::CurrentPractice;
use crate::audit::{AuditContext, RequestMetadata};
use crate::version::is_outdated;

/// `None` leaves a field unchanged; `Some(None)` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PracticeChanges {
    pub name: Option<PracticeName>,
    pub phone: Option<Option<PhoneNumber>>,
    pub email: Option<Option<EmailAddress>>,
    pub website: Option<Option<WebUrl>>,
    pub accent_color: Option<Option<AccentColor>>,
    pub time_zone: Option<TimeZoneName>,
    pub german_formality: Option<Formality>,
    pub imprint: Option<Option<String>>,
    pub privacy: Option<Option<String>>,
    pub offline_payment: Option<Option<String>>,
    /// Replaces all translations.
    pub translations: Option<BTreeMap<Language, PracticeTexts>>,
    pub is_set_up: Option<bool>,
}

#[derive(Debug, Clone)]
pub struct ChangePracticeCommand {
    pub admin: UserId,
    pub changes: PracticeChanges,
    /// The version that the change is based on; any other is a conflict.
    pub version: Option<u32>,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Clone)]
pub struct ChangeLogoCommand {
    pub admin: UserId,
    /// `None` removes it.
    pub logo: Option<Logo>,
    /// The version that the change is based on; any other is a conflict.
    pub version: Option<u32>,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum PracticeProfileError {
    #[error("the time zone is unknown")]
    UnknownTimeZone,
    #[error("the practice was changed in the meantime")]
    VersionConflict,
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(PracticeProfileError);

#[derive(Clone)]
pub struct ManagePracticeProfile {
    pub store: Arc<dyn Store>,
    pub zones: Arc<dyn TimeZones>,
    pub clock: Arc<dyn Clock>,
    pub practice: CurrentPractice,
}

impl ManagePracticeProfile {
    /// Emails and pages written from now on show the change.
    pub async fn change(&self, command: ChangePracticeCommand) -> Result<Practice, PracticeProfileError> {
        if command.changes.time_zone.as_ref().is_some_and(|zone| self.zones.find(zone).is_none()) {
            return Err(PracticeProfileError::UnknownTimeZone);
        }
        crate::retry::retrying(|| async {
            let (work, before) = self.begin(command.version).await?;
            let practice = command.changes.clone().applied_to(before);
            Ok(self.save(work, practice, command.admin, &command.metadata).await?)
        })
        .await
    }

    /// Emails and pages written from now on show it.
    pub async fn change_logo(&self, command: ChangeLogoCommand) -> Result<Practice, PracticeProfileError> {
        let logo = command.logo.as_ref().map(|logo| (name_of(logo), logo));
        crate::retry::retrying(|| async {
            let (mut work, before) = self.begin(command.version).await?;
            work.replace_logo(logo.as_ref().map(|(name, logo)| (name, *logo))).await?;
            let practice = Practice { logo: logo.as_ref().map(|(name, _)| name.clone()), ..before };
            Ok(self.save(work, practice, command.admin, &command.metadata).await?)
        })
        .await
    }

    /// A unit of work, and the practice that it changes.
    async fn begin(&self, version: Option<u32>) -> Result<(Box<dyn UnitOfWork>, Practice), PracticeProfileError> {
        let mut work = self.store.begin().await?;
        // The configured one, unless one is stored already.
        work.add_practice(&self.practice.configured).await?;
        let before = work.practice_for_change().await?.unwrap_or_else(|| (*self.practice.configured).clone());
        if is_outdated(version, before.version) {
            return Err(PracticeProfileError::VersionConflict);
        }
        Ok((work, before))
    }

    async fn save(
        &self,
        mut work: Box<dyn UnitOfWork>,
        practice: Practice,
        admin: UserId,
        metadata: &RequestMetadata,
    ) -> Result<Practice, StoreError> {
        let version = work.save_practice(&practice).await?;
        AuditContext::new(Some(admin), metadata, self.clock.now())
            .record(&mut *work, "practice.changed", AuditObject::Practice)
            .await?;
        work.commit().await?;
        Ok(Practice { version, ..practice })
    }
}

fn name_of(logo: &Logo) -> LogoName {
    let mut start = [0; 8];
    for (to, from) in start.iter_mut().zip(Sha256::digest(logo.bytes())) {
        *to = from;
    }
    LogoName::new(start, logo.format())
}

impl PracticeChanges {
    fn applied_to(self, before: Practice) -> Practice {
        Practice {
            name: self.name.unwrap_or(before.name),
            phone: self.phone.unwrap_or(before.phone),
            email: self.email.unwrap_or(before.email),
            website: self.website.unwrap_or(before.website),
            logo: before.logo,
            accent_color: self.accent_color.unwrap_or(before.accent_color),
            time_zone: self.time_zone.unwrap_or(before.time_zone),
            german_formality: self.german_formality.unwrap_or(before.german_formality),
            texts: PracticeTexts {
                imprint: self.imprint.unwrap_or(before.texts.imprint),
                privacy: self.privacy.unwrap_or(before.texts.privacy),
                offline_payment: self.offline_payment.unwrap_or(before.texts.offline_payment),
            },
            translations: self.translations.unwrap_or(before.translations),
            is_set_up: self.is_set_up.unwrap_or(before.is_set_up),
            version: before.version,
        }
    }
}
