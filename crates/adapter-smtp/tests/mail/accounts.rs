//! The contents of emails about accounts.

use attune_domain::Role;
use attune_domain::notification::NotificationKind;
use attune_ports::{AccountDetails, Email, Notifier, NotifyError};
use jiff::tz::TimeZone;

use crate::content::{assert_html_is_harmless, html_words};
use crate::fixtures::{ACCOUNT_LINK, LINK, account_email, account_emails, composer, connected, delivered};

const WHEN: &str = "Monday, 15 January 2024 at 10:00 (Europe/Berlin, UTC+01:00)";
const WORKS_ONCE: &str = "The link works once, until Monday, 15 January 2024 at 11:00 (Europe/Berlin, UTC+01:00).";
const IF_NOT_YOU: &str = "If this was you, you do not need to do anything. If it was not, please set a new password at \
                          once and contact the practice.";

/// The same email with other details.
fn with(kind: NotificationKind, change: impl FnOnce(AccountDetails) -> AccountDetails) -> Email {
    let email = account_email(kind);
    Email { account: email.account.map(change), ..email }
}

#[tokio::test]
async fn each_email_says_what_happened_what_its_link_does_and_what_to_do_if_it_was_someone_else() {
    use NotificationKind as K;
    let chosen = "The link leads back to the appointment that you chose: Thursday, 18 January 2024 at 14:00 \
                  (Europe/Berlin, UTC+01:00). It is not reserved for you until you book it.";
    let ignore = "If you did not ask for this, you can ignore this email.";
    let changed = format!("The password of your account was changed on {WHEN}.");
    let app =
        format!("An authenticator app was set up for your account on {WHEN}. From now on, you log in with a code of");
    let no_app =
        format!("The authenticator app was removed from your account on {WHEN}. From now on, you log in without");
    let disabled = format!("Your account was disabled on {WHEN}.");
    let time = ["Monday, 15 January 2024 at 10:00", "Europe/Berlin, UTC+01:00"];
    let login = [time[0], time[1], "Program: Firefox, Linux"];
    let plain = |kind| account_email(kind);
    let no_slot = with(K::EmailVerification, |account| AccountDetails { chosen_start: None, ..account });
    let admin = with(K::RoleChanged, |account| AccountDetails { role: Role::Admin, ..account });
    let unknown = with(K::NewLogin, |account| AccountDetails { user_agent: None, ..account });
    let telling = with(K::NewLogin, |account| AccountDetails { user_agent: Some("evil.example".into()), ..account });
    for (email, opening, details, button, paragraphs) in [
        (
            plain(K::PasswordReset),
            "With this link you can set",
            &[][..],
            Some("Set a new password"),
            vec![WORKS_ONCE, ignore],
        ),
        (
            plain(K::LoginLink),
            "With this link you can log in",
            &[],
            Some("Log in"),
            vec![chosen, WORKS_ONCE, "The link is personal."],
        ),
        (
            plain(K::EmailVerification),
            "An account at Practice Example was created with this email address. With this link",
            &[],
            Some("Confirm this address"),
            vec![chosen, WORKS_ONCE, ignore],
        ),
        (no_slot, "An account at", &[], Some("Confirm this address"), vec![WORKS_ONCE, ignore]),
        (
            plain(K::EmailConfirmation),
            "This email address was entered for an account at Practice Example. With this link",
            &[],
            Some("Use this address"),
            vec![WORKS_ONCE, "Until then, the account keeps its present address."],
        ),
        (
            plain(K::EmailChanged),
            "Your account at Practice Example no longer uses the address to which",
            &["new@example.net"],
            Some("Undo this change"),
            vec![WORKS_ONCE, "If this was you, you do not need to do anything. If it was not, please undo it:"],
        ),
        (
            plain(K::AccountInvitation),
            "Practice Example added an account for you. With this link",
            &[],
            Some("Set a password"),
            vec![WORKS_ONCE, "If you do not want to use the account, you can ignore this email. We send you emails"],
        ),
        (
            plain(K::RegistrationAttempt),
            "Someone, perhaps you, tried to register at Practice Example",
            &[],
            None,
            vec!["If this was you, please log in instead, or ask for a link to set a new password."],
        ),
        (plain(K::PasswordChanged), &changed, &[], None, vec![IF_NOT_YOU]),
        (plain(K::SecondFactorAdded), &app, &[], None, vec![IF_NOT_YOU]),
        (plain(K::SecondFactorRemoved), &no_app, &[], None, vec![IF_NOT_YOU]),
        (
            plain(K::RoleChanged),
            "Your account no longer has the rights",
            &[],
            None,
            vec!["If you did not expect this,"],
        ),
        (admin, "Your account now has the rights", &[], None, vec!["If you did not expect this,"]),
        (
            plain(K::AccountDisabled),
            &disabled,
            &[],
            None,
            vec!["From now on, you cannot log in, the links in our emails no longer work, and you get no further"],
        ),
        (plain(K::NewLogin), "There was a login to your account, from a device", &login, None, vec![IF_NOT_YOU]),
        (unknown, "There was a login", &time, None, vec![IF_NOT_YOU]),
        (telling, "There was a login", &time, None, vec![IF_NOT_YOU]),
    ] {
        let read = delivered(composer(), &email).await;
        let mut blocks: Vec<String> = vec!["Hello John Doe,".to_owned(), opening.to_owned()];
        blocks.extend(Some(details.join("\n")).filter(|details| !details.is_empty()));
        blocks.extend(button.into_iter().flat_map(|label| [format!("{label}:"), ACCOUNT_LINK.to_owned()]));
        blocks.extend(paragraphs.into_iter().map(str::to_owned));
        blocks.push("Kind regards\nPractice Example".to_owned());
        let found: Vec<&str> = read.text.trim_end().split("\n\n").collect();
        assert_eq!(found.len(), blocks.len(), "{}", read.text);
        let words = html_words(&read.html);
        for (found, expected) in found.iter().zip(&blocks) {
            assert!(found.starts_with(expected), "{found}: {expected}");
            let shown = expected != ACCOUNT_LINK;
            assert_eq!(words.contains(&found.trim_end_matches(':').replace('\n', " ")), shown, "{words}: {found}");
        }
        assert_eq!(read.html.matches(&format!("<a href=\"{ACCOUNT_LINK}\"")).count(), usize::from(button.is_some()));
        assert_html_is_harmless(&read.html, email.kind);
        assert_eq!((read.calendar, read.attachments), (None, vec![]));
    }
}

#[tokio::test]
async fn times_are_those_of_the_reader() {
    let zone = TimeZone::get("America/New_York").unwrap();
    let read = delivered(composer(), &Email { zone, ..account_email(NotificationKind::PasswordReset) }).await;
    let until = "The link works once, until Monday, 15 January 2024 at 05:00 (America/New_York, UTC-05:00).";
    assert!(read.text.contains(until), "{}", read.text);
}

#[tokio::test]
async fn an_email_about_an_account_needs_its_details_and_ignores_links_into_rooms() {
    let (sink, notifier) = connected();
    for plain in account_emails() {
        let kind = plain.kind;
        let has_link = kind.one_time_purpose().is_some();
        let without_url = with(kind, |account| AccountDetails { url: None, ..account });
        let without_expiry = with(kind, |account| AccountDetails { expires_at: None, ..account });
        let refused = Err(NotifyError::Unrenderable);
        let without = if has_link { refused } else { Ok(()) };
        assert_eq!(notifier.send(&without_url).await, without, "{kind:?}");
        assert_eq!(notifier.send(&without_expiry).await, without, "{kind:?}");
        assert_eq!(notifier.send(&Email { account: None, ..plain.clone() }).await, refused, "{kind:?}");
        notifier.send(&plain).await.unwrap();
        notifier.send(&Email { join_url: Some(LINK.to_owned()), ..plain }).await.unwrap();
        let messages = sink.messages();
        let [.., first, second] = &messages[..] else { panic!("two emails") };
        assert_eq!(first.raw, second.raw, "{kind:?}");
    }
}
