use attune_domain::calendar::LocalTime;
use attune_domain::login_session::LoginSession;
use attune_domain::search::search_text;
use attune_domain::{EmailAddress, LoginSessionId, NotifyLevel, PersonName, Role, User, UserId};
use attune_ports::{
    AttemptKey, Caller, Credentials, LoginSessionView, NewLoginSession, NewUser, PasswordHash, StoreError, TokenHash,
};
use diesel::prelude::*;
use jiff::Timestamp;

use super::{FromRow, instant, language, person_name, time_zone};
use crate::map::{from_millis, millis, number, sound};
use crate::schema::{attempts, login_sessions, refresh_tokens, users};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct UserRow {
    pub(super) id: i64,
    pub(super) email: String,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) preferred_name: Option<String>,
    pub(super) time_zone: Option<String>,
    pub(super) is_admin: bool,
    pub(super) disabled: bool,
    pub(super) password_hash: Option<String>,
    pub(super) language: Option<String>,
    pub(super) email_verified_at: Option<i64>,
    pub(super) created_at: i64,
    pub(super) notify: String,
    pub(super) agenda_at: Option<i64>,
    pub(super) second_factor_at: Option<i64>,
    pub(super) second_factor_due_at: Option<i64>,
    pub(super) version: i64,
}

impl FromRow for User {
    type Row = UserRow;

    fn from_row(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: sound(UserId::new(row.id), "users.id")?,
            email: sound(EmailAddress::restore(&row.email).ok(), "users.email")?,
            first_name: person_name(row.first_name, "users.first_name")?,
            last_name: person_name(row.last_name, "users.last_name")?,
            preferred_name: person_name(row.preferred_name, "users.preferred_name")?,
            time_zone: time_zone(row.time_zone, "users.time_zone")?,
            language: language(row.language, "users.language")?,
            role: if row.is_admin { Role::Admin } else { Role::Client },
            disabled: row.disabled,
            email_verified_at: instant(row.email_verified_at)?,
            second_factor_at: instant(row.second_factor_at)?,
            second_factor_due_at: instant(row.second_factor_due_at)?,
            created_at: from_millis(row.created_at)?,
            notify: sound(NotifyLevel::parse(&row.notify), "users.notify")?,
            agenda_at: row.agenda_at.map(|minute| sound(local_time(minute), "users.agenda_at")).transpose()?,
            version: number(row.version)?,
        })
    }
}

fn local_time(minute: i64) -> Option<LocalTime> {
    LocalTime::from_minutes(u16::try_from(minute).ok()?).ok()
}

impl FromRow for Credentials {
    type Row = UserRow;

    fn from_row(mut row: UserRow) -> Result<Self, StoreError> {
        let password_hash = row.password_hash.take().map(PasswordHash::new);
        Ok(Self { user: User::from_row(row)?, password_hash })
    }
}

#[derive(Clone, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub struct NewUserRow {
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    time_zone: Option<String>,
    is_admin: bool,
    disabled: bool,
    password_hash: Option<String>,
    language: Option<String>,
    email_verified_at: Option<i64>,
    created_at: i64,
    search_text: String,
}

impl From<&NewUser> for NewUserRow {
    fn from(user: &NewUser) -> Self {
        Self {
            email: user.email.as_str().to_owned(),
            first_name: user.first_name.as_ref().map(|n| n.as_str().to_owned()),
            last_name: user.last_name.as_ref().map(|n| n.as_str().to_owned()),
            time_zone: user.time_zone.as_ref().map(|z| z.as_str().to_owned()),
            is_admin: user.role == Role::Admin,
            disabled: false,
            password_hash: user.password_hash.as_ref().map(|hash| hash.as_str().to_owned()),
            language: user.language.map(|language| language.to_string()),
            email_verified_at: user.email_verified_at.map(millis),
            created_at: millis(user.created_at),
            search_text: search_text(&user.email, [None, user.first_name.as_ref(), user.last_name.as_ref()]),
        }
    }
}

#[derive(Clone, AsChangeset)]
#[diesel(table_name = users, treat_none_as_null = true)]
pub struct UserChanges {
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    preferred_name: Option<String>,
    time_zone: Option<String>,
    is_admin: bool,
    disabled: bool,
    language: Option<String>,
    email_verified_at: Option<i64>,
    search_text: String,
    notify: String,
    agenda_at: Option<i64>,
    second_factor_at: Option<i64>,
    second_factor_due_at: Option<i64>,
}

impl From<&User> for UserChanges {
    fn from(user: &User) -> Self {
        Self {
            email: user.email.as_str().to_owned(),
            first_name: user.first_name.as_ref().map(|n| n.as_str().to_owned()),
            last_name: user.last_name.as_ref().map(|n| n.as_str().to_owned()),
            preferred_name: user.preferred_name.as_ref().map(|n| n.as_str().to_owned()),
            time_zone: user.time_zone.as_ref().map(|z| z.as_str().to_owned()),
            is_admin: user.role == Role::Admin,
            disabled: user.disabled,
            language: user.language.map(|language| language.to_string()),
            email_verified_at: user.email_verified_at.map(millis),
            search_text: user.search_text(),
            notify: user.notify.as_str().to_owned(),
            agenda_at: user.agenda_at.map(|time| i64::from(time.minutes())),
            second_factor_at: user.second_factor_at.map(millis),
            second_factor_due_at: user.second_factor_due_at.map(millis),
        }
    }
}

type NameColumns = (i64, String, Option<String>, Option<String>, Option<String>);

/// The id and the search text of each of these accounts. A row that breaks a rule of the domain is left out.
pub fn search_texts(rows: Vec<NameColumns>) -> Vec<(i64, String)> {
    let text = |(id, email, preferred, first, last): NameColumns| {
        let names = [preferred, first, last].map(|name| name.and_then(|name| PersonName::parse(&name).ok().flatten()));
        let email = EmailAddress::restore(&email).ok()?;
        Some((id, search_text(&email, names.each_ref().map(Option::as_ref))))
    };
    rows.into_iter().filter_map(text).collect()
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = login_sessions)]
pub struct LoginSessionRow {
    pub(super) id: i64,
    pub(super) user_id: i64,
    pub(super) generation: i64,
    pub(super) rotated_at: i64,
    pub(super) created_at: i64,
    pub(super) stepped_up_at: Option<i64>,
    pub(super) ended_at: Option<i64>,
}

impl FromRow for LoginSession {
    type Row = LoginSessionRow;

    fn from_row(row: LoginSessionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: sound(LoginSessionId::new(row.id), "login_sessions.id")?,
            user: sound(UserId::new(row.user_id), "login_sessions.user_id")?,
            generation: number(row.generation)?,
            rotated_at: from_millis(row.rotated_at)?,
            created_at: from_millis(row.created_at)?,
            stepped_up_at: instant(row.stepped_up_at)?,
            ended_at: instant(row.ended_at)?,
        })
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = login_sessions)]
pub struct LoginSessionViewRow {
    #[diesel(embed)]
    session: LoginSessionRow,
    network: Option<String>,
    user_agent: Option<String>,
}

impl FromRow for LoginSessionView {
    type Row = LoginSessionViewRow;

    fn from_row(LoginSessionViewRow { session, network, user_agent }: Self::Row) -> Result<Self, StoreError> {
        Ok(Self { session: LoginSession::from_row(session)?, network, user_agent })
    }
}

impl FromRow for Caller {
    type Row = (LoginSessionRow, UserRow);

    fn from_row((session, user): Self::Row) -> Result<Self, StoreError> {
        Ok(Self { user: User::from_row(user)?, session: LoginSession::from_row(session)? })
    }
}

#[derive(Clone, Insertable)]
#[diesel(table_name = login_sessions, treat_none_as_default_value = false)]
pub struct NewLoginSessionRow {
    user_id: i64,
    generation: i64,
    rotated_at: i64,
    created_at: i64,
    network: Option<String>,
    user_agent: Option<String>,
    device: Option<Vec<u8>>,
}

impl From<&NewLoginSession> for NewLoginSessionRow {
    fn from(session: &NewLoginSession) -> Self {
        let created_at = millis(session.created_at);
        Self {
            user_id: session.user.get(),
            generation: 1,
            rotated_at: created_at,
            created_at,
            network: session.network.clone(),
            user_agent: session.user_agent.clone(),
            device: session.device.map(|device| device.0.to_vec()),
        }
    }
}

#[derive(Clone, Insertable)]
#[diesel(table_name = refresh_tokens, treat_none_as_default_value = false)]
pub struct RefreshTokenRow {
    hash: Vec<u8>,
    session_id: i64,
    generation: i64,
    created_at: i64,
}

impl RefreshTokenRow {
    pub fn new(hash: &TokenHash, session: LoginSessionId, generation: u32, now: Timestamp) -> Self {
        Self {
            hash: hash.0.to_vec(),
            session_id: session.get(),
            generation: i64::from(generation),
            created_at: millis(now),
        }
    }
}

#[derive(Clone, Insertable)]
#[diesel(table_name = attempts, treat_none_as_default_value = false)]
pub struct AttemptRow {
    key: Vec<u8>,
    at: i64,
}

impl AttemptRow {
    pub fn new(key: &AttemptKey, now: Timestamp) -> Self {
        Self { key: key.0.to_vec(), at: millis(now) }
    }
}
