//! `attune emails`: what becomes of the emails that a restore has held.

use anyhow::Result;
use attune_application::notifications::HeldNotifications;
use attune_domain::notification::{Notification, NotificationSubject};
use attune_domain::{NotificationId, ViewerId};

use crate::cli::{ChosenEmails, Emails};
use crate::output::print;
use crate::serve::pages_base;
use crate::settings::{ResolvedConfig, Settings};
use crate::wiring::App;

pub(crate) async fn run(settings: &Settings, config: &ResolvedConfig, command: &Emails) -> Result<()> {
    let app = App::build(settings, config, &pages_base(config, config.bind)?).await?;
    let done = perform(&app.use_cases.held_notifications, command).await;
    app.backend.close().await;
    print(&done?)
}

async fn perform(held: &HeldNotifications, command: &Emails) -> Result<String> {
    Ok(match command {
        Emails::Held => held.list().await?.iter().map(line).collect::<Vec<_>>().join("\n"),
        Emails::Release(chosen) => format!("{} emails released", held.release(ids(chosen)).await?),
        Emails::Cancel(chosen) => format!("{} emails cancelled", held.cancel(ids(chosen)).await?),
    })
}

fn ids(chosen: &ChosenEmails) -> Option<&[NotificationId]> {
    (!chosen.all).then_some(&chosen.emails)
}

/// Number, kind, when it was due, subject and recipient, with tabs between them. Names are not needed to decide.
fn line(email: &Notification) -> String {
    let subject = match email.content.subject {
        NotificationSubject::Booking { id, .. } => format!("booking {id}"),
        NotificationSubject::User(user) | NotificationSubject::Day { user, .. } => format!("user {user}"),
    };
    let recipient = match email.content.recipient {
        ViewerId::Account(id) => format!("to user {id}"),
        ViewerId::Participant(id) => format!("to participant {id}"),
    };
    let due = email.next_at;
    format!("{}\t{}\t{due:.0}\t{subject}\t{recipient}", email.id, email.content.kind.as_str())
}
