//! The texts of an email about an account.

use attune_domain::Role;
use attune_domain::notification::NotificationKind;
use attune_ports::{AccountDetails, BoxError, Email};
use attune_wording::Phrases;
use jiff::Timestamp;
use minijinja::Value;

use crate::content::plain;
use crate::sanitize::greeting_name;
use crate::templates::Values;

fn details(email: &Email) -> Result<&AccountDetails, BoxError> {
    email.account.as_ref().ok_or_else(|| "the account is missing".into())
}

/// The attribute of the wording that says what the account can do now.
pub(crate) fn role_opening(email: &Email) -> Result<&'static str, BoxError> {
    Ok(if details(email)?.role == Role::Admin { "opening-admin" } else { "opening" })
}

/// Until when the link of the email works, if it has one.
pub(crate) fn expiry(email: &Email) -> Result<Option<Timestamp>, BoxError> {
    if email.kind.one_time_purpose().is_none() {
        return Ok(None);
    }
    details(email)?.expires_at.map(Some).ok_or_else(|| "the link has no expiry".into())
}

/// The link of the email and what else only its reader may see. Addresses and the names of programs are typed by users.
pub(crate) fn personal_values(email: &Email, message: &str, phrases: Phrases<'_>) -> Result<Values, BoxError> {
    let account = details(email)?;
    let mut values = Values::new();
    let mut paragraphs = Vec::new();
    let leads_back = matches!(email.kind, NotificationKind::EmailVerification | NotificationKind::LoginLink);
    if let Some(start) = account.chosen_start.filter(|_| leads_back) {
        let start = phrases.local_time(start, &email.zone).full;
        paragraphs.push(plain(&phrases.text_with("chosen-slot", &[("start", (&start).into())])));
    }
    if let Some(expires_at) = expiry(email)? {
        let url = account.url.as_deref().ok_or("there is no link")?;
        let label = phrases.text(&format!("{message}.button"));
        values.extend([("account_url", url.into()), ("account_label", label.into())]);
        let expires = phrases.local_time(expires_at, &email.zone).full;
        paragraphs.push(plain(&phrases.text_with("works-once", &[("expires", (&expires).into())])));
    }
    let mut lines = Vec::new();
    if email.kind == NotificationKind::EmailChanged {
        lines.push(account.email.as_str().to_owned());
    } else if email.kind == NotificationKind::NewLogin {
        let time = phrases.local_time(account.at, &email.zone);
        lines.extend([plain(&time.date_and_time), time.place]);
        let program = account.user_agent.as_deref().map(greeting_name).filter(|program| !program.is_empty());
        lines.extend(program.map(|program| phrases.text_with("new-login.program", &[("program", (&program).into())])));
    }
    values.extend([("details", Value::from(lines)), ("paragraphs", paragraphs.into())]);
    Ok(values)
}
