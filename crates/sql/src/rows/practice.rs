use std::collections::BTreeMap;

use attune_domain::practice::{AccentColor, LegacyUids, Logo, LogoName, PhoneNumber, WebUrl};
use attune_domain::{
    BookingId, EmailAddress, Formality, Installation, Language, Practice, PracticeName, PracticeTexts, TimeZoneName,
};
use attune_ports::StoreError;
use diesel::prelude::*;

use super::FromRow;
use crate::map::{corrupt, number, sound};
use crate::schema::{installation, logos, practice};

/// Texts by column.
type Texts = BTreeMap<String, String>;

/// Restores translations from a JSON object of languages, each an object of columns.
pub(super) fn read_translations<T>(
    json: &str,
    column: &'static str,
    read: impl Fn(Texts) -> T,
) -> Result<BTreeMap<Language, T>, StoreError> {
    let all: BTreeMap<String, Texts> = serde_json::from_str(json).map_err(|_| corrupt(column))?;
    let translation = |(tag, texts): (String, Texts)| Ok((sound(Language::parse(&tag), column)?, read(texts)));
    all.into_iter().map(translation).collect()
}

/// The reverse of [`read_translations`].
pub(super) fn write_translations<T, const N: usize>(
    translations: &BTreeMap<Language, T>,
    columns: impl Fn(&T) -> [(&'static str, &Option<String>); N],
) -> String {
    let texts = |of: &T| -> BTreeMap<&'static str, String> {
        columns(of).into_iter().filter_map(|(column, text)| Some((column, text.clone()?))).collect()
    };
    let all: BTreeMap<&str, _> = translations.iter().map(|(tag, of)| (tag.as_str(), texts(of))).collect();
    // Maps of strings always have a JSON form.
    serde_json::to_string(&all).unwrap_or_default()
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = practice)]
pub struct StoredPracticeRow {
    #[diesel(embed)]
    practice: PracticeRow,
    version: i64,
}

#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = practice, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct PracticeRow {
    id: i64,
    name: String,
    phone: Option<String>,
    email: Option<String>,
    website: Option<String>,
    imprint: Option<String>,
    privacy: Option<String>,
    accent_color: Option<String>,
    offline_payment: Option<String>,
    translations: String,
    time_zone: String,
    logo_name: Option<String>,
    german_formality: String,
    is_set_up: bool,
}

impl From<&Practice> for PracticeRow {
    fn from(practice: &Practice) -> Self {
        let PracticeTexts { imprint, privacy, offline_payment } = practice.texts.clone();
        Self {
            id: 1,
            name: practice.name.as_str().to_owned(),
            phone: practice.phone.as_ref().map(|it| it.as_str().to_owned()),
            email: practice.email.as_ref().map(|it| it.as_str().to_owned()),
            website: practice.website.as_ref().map(|it| it.as_str().to_owned()),
            imprint,
            privacy,
            accent_color: practice.accent_color.map(|it| it.to_string()),
            offline_payment,
            translations: write_translations(&practice.translations, |texts| {
                [("imprint", &texts.imprint), ("privacy", &texts.privacy), ("offline_payment", &texts.offline_payment)]
            }),
            time_zone: practice.time_zone.as_str().to_owned(),
            logo_name: practice.logo.as_ref().map(|it| it.as_str().to_owned()),
            german_formality: practice.german_formality.as_str().to_owned(),
            is_set_up: practice.is_set_up,
        }
    }
}

impl FromRow for Practice {
    type Row = StoredPracticeRow;

    fn from_row(StoredPracticeRow { practice: row, version }: StoredPracticeRow) -> Result<Self, StoreError> {
        /// The value of an optional column.
        fn read<T, E>(
            text: Option<String>,
            parse: impl FnOnce(&str) -> Result<T, E>,
            column: &'static str,
        ) -> Result<Option<T>, StoreError> {
            text.map(|text| sound(parse(&text).ok(), column)).transpose()
        }
        Ok(Self {
            name: sound(PracticeName::parse(&row.name).ok(), "practice.name")?,
            phone: read(row.phone, PhoneNumber::parse, "practice.phone")?,
            email: read(row.email, EmailAddress::restore, "practice.email")?,
            website: read(row.website, WebUrl::parse, "practice.website")?,
            logo: row.logo_name.map(|name| sound(LogoName::parse(&name), "practice.logo_name")).transpose()?,
            accent_color: read(row.accent_color, AccentColor::parse, "practice.accent_color")?,
            time_zone: sound(TimeZoneName::parse(&row.time_zone).ok(), "practice.time_zone")?,
            german_formality: sound(Formality::parse(&row.german_formality), "practice.german_formality")?,
            texts: PracticeTexts { imprint: row.imprint, privacy: row.privacy, offline_payment: row.offline_payment },
            translations: read_translations(&row.translations, "practice.translations", |mut texts| PracticeTexts {
                imprint: texts.remove("imprint"),
                privacy: texts.remove("privacy"),
                offline_payment: texts.remove("offline_payment"),
            })?,
            is_set_up: row.is_set_up,
            version: number(version)?,
        })
    }
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = logos)]
pub struct LogoRow {
    name: String,
    image: Vec<u8>,
}

impl LogoRow {
    pub fn new(name: &LogoName, logo: &Logo) -> Self {
        Self { name: name.as_str().to_owned(), image: logo.bytes().to_vec() }
    }
}

impl FromRow for Logo {
    type Row = LogoRow;

    fn from_row(row: LogoRow) -> Result<Self, StoreError> {
        sound(Self::new(row.image).ok(), "logos.image")
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = installation)]
pub struct InstallationRow {
    uid_domain: String,
    legacy_last_booking: Option<i64>,
    legacy_uid_domain: Option<String>,
}

impl FromRow for Installation {
    type Row = InstallationRow;

    fn from_row(row: InstallationRow) -> Result<Self, StoreError> {
        let last = row.legacy_last_booking.map(|id| sound(BookingId::new(id), "installation.legacy_last_booking"));
        let legacy = last.transpose()?.zip(row.legacy_uid_domain);
        let legacy_uids = legacy.map(|(last_booking, domain)| LegacyUids { domain, last_booking });
        Ok(Self { id: row.uid_domain, legacy_uids })
    }
}
