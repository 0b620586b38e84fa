//! The texts of an email, finished, as the variables of its templates.

use attune_domain::notification::NotificationKind;
use attune_domain::practice::WebUrl;
use attune_domain::{BookingId, CancelledPayment, EmailAddress, Money};
use attune_ports::{BoxError, CancelledBy, CancelledPaymentDetails, ChangeDetails, Email, PaymentDetails};
use attune_wording::{Arg, NARROW_NO_BREAK_SPACE, NO_BREAK_SPACE, Phrases};
use jiff::Timestamp;
use minijinja::Value;
use url::Url;

use crate::account;
use crate::logo::ShownLogo;
use crate::sanitize::greeting_name;
use crate::templates::Values;

/// The texts that a subject may use, too: they contain nothing that a client typed.
pub(crate) fn public_values(email: &Email, phrases: Phrases<'_>, pages: &Url) -> Result<Values, BoxError> {
    let practice = email.practice.name.as_str();
    let instant = email.account.as_ref().map_or(email.starts_at, |account| account.at);
    let start = phrases.local_time(instant, &email.zone);
    let mut texts = vec![
        ("practice", practice.to_owned()),
        ("date", plain(&start.date)),
        ("short_date", plain(&start.short_date)),
        ("time", plain(&start.time)),
        ("zone", plain(&start.zone)),
        ("offset", plain(&start.offset)),
        ("when", plain(&start.full)),
        ("begins", plain(&start.date_and_time)),
        ("place", plain(&start.place)),
        ("duration", plain(&phrases.minutes(email.minutes))),
    ];
    if let NotificationKind::Reminder { minutes_before } = email.kind {
        let left = email.starts_at.duration_since(email.sent_at).as_mins();
        texts.push(("starts_in", plain(&phrases.starts_in(minutes_before, left))));
    }
    let mut values = Values::from([
        ("language", Value::from(phrases.language().as_str())),
        ("minutes", Value::from(email.minutes)),
        ("contact", contact(email, phrases, pages)),
    ]);
    if let Some(name) = &email.therapist_name {
        texts.push(("therapist", greeting_name(name)));
    }
    let (message, opening, after) = if email.others.is_empty() {
        let (message, opening, after) = message(email)?;
        (message.to_owned(), opening, after)
    } else {
        let (message, opening) = series_message(email)?;
        let count = email.others.len().saturating_add(1);
        texts.extend([("count", count.to_string()), ("total", total(email, phrases))]);
        (message, opening, "after")
    };
    if let Some(expires_at) = account::expiry(email)? {
        texts.push(("expires", plain(&phrases.local_time(expires_at, &email.zone).full)));
    }
    if let Some(ChangeDetails::Moved { was }) = email.change {
        let was =
            was.filter(|was| *was != email.starts_at).map(|was| plain(&phrases.local_time(was, &email.zone).full));
        let before = was.as_ref().map(|was| phrases.text_with("rescheduled.was", &[("was", was.into())]));
        texts.extend([("was", was.unwrap_or_default()), ("before", before.unwrap_or_default())]);
    }
    let is_unpaid = matches!(email.payment, Some(PaymentDetails::NotReceived { .. }));
    if let Some(payment) = email.payment.filter(|_| email.kind.is_about_payment() || is_unpaid) {
        let (booking, more) = payment_texts(email, payment, phrases);
        texts.extend(more);
        if let Some(booking) = booking {
            texts.push(("booking", booking.to_string()));
            values.insert("booking", Value::from(booking.get()));
        }
        if email.kind == NotificationKind::PaymentInstructions {
            let own = email.practice.text(email.language, |texts| texts.offline_payment.as_ref());
            values.insert("instructions", own.map_or_else(|| phrases.text("pay-practice"), str::to_owned).into());
        }
        if email.kind == NotificationKind::PaymentProblem {
            let will_be_refunded = matches!(payment, PaymentDetails::RefundScheduled { .. });
            values.insert("will_be_refunded", Value::from(will_be_refunded));
        }
    }
    let args: Vec<(&'static str, Arg<'_>)> = texts.iter().map(|(name, text)| (*name, Arg::from(text))).collect();
    for (name, part) in [("subject", "subject"), ("heading", "heading"), ("opening", opening), ("after", after)] {
        values.insert(name, plain(&phrases.text_with(&format!("{message}.{part}"), &args)).into());
    }
    for name in ["closing", "colon"] {
        values.insert(name, phrases.text(name).into());
    }
    // Most cancelled appointments have no payment to name, so templates cannot rely on it.
    let only_in_texts =
        if email.kind == NotificationKind::Cancelled { &["amount", "booking", "received"][..] } else { &[] };
    values.retain(|name, _| !only_in_texts.contains(name));
    texts.retain(|(name, _)| !only_in_texts.contains(name));
    for (name, text) in texts {
        values.entry(name).or_insert_with(|| Value::from(text));
    }
    Ok(values)
}

/// The logo, and the texts that contain what the recipient typed, and their link.
pub(crate) fn personal_values(email: &Email, phrases: Phrases<'_>, domain: &str) -> Result<Values, BoxError> {
    let name = greeting_name(&email.to_name);
    let greeting = if name.is_empty() {
        phrases.text("greeting-without-name")
    } else {
        phrases.text_with("greeting", &[("name", (&name).into())])
    };
    let mut values = Values::from([("name", name.into()), ("greeting", greeting.into())]);
    values.insert("logo_url", ShownLogo::of(email, domain).map_or_else(String::new, |logo| logo.url()).into());
    let mut paragraphs = Vec::new();
    if let (NotificationKind::Cancelled, Some(ChangeDetails::Cancelled { reason, payment, .. })) =
        (email.kind, &email.change)
    {
        let reason =
            reason.as_deref().map(|reason| phrases.text_with("cancelled.reason", &[("reason", reason.into())]));
        // Of several appointments, each one says it.
        let payment = payment.filter(|_| email.others.is_empty());
        let money = payment.map(|payment| cancelled_payment(email, payment, phrases));
        for (name, text) in [("reason", reason), ("money", money), ("book_again", Some(book_again(email, phrases)))] {
            let text = text.unwrap_or_default();
            values.insert(name, text.clone().into());
            paragraphs.extend(Some(text).filter(|text| !text.is_empty()));
        }
    }
    if email.others.is_empty() {
        match own_link(email)? {
            Some(OwnLink::Pay(url)) => {
                values.extend([("pay_url", url.into()), ("pay_label", phrases.text("pay-label").into())]);
            }
            Some(OwnLink::Join(url)) => {
                values.extend([("join_url", url.into()), ("join_label", phrases.text("join-label").into())]);
            }
            None => {}
        }
    } else {
        let all = std::iter::once(email).chain(&email.others);
        let appointments: Vec<Value> = all.map(|one| appointment(one, phrases)).collect::<Result<_, BoxError>>()?;
        values.insert("appointments", appointments.into());
    }
    values.insert("paragraphs", paragraphs.into());
    if email.kind.is_about_account() {
        let (message, ..) = message(email)?;
        values.extend(account::personal_values(email, message, phrases)?);
    }
    if email.kind.is_for_therapist() {
        let client = email.client_name.as_deref().ok_or("the client's name is missing")?;
        values.insert("client", client_name(client, phrases).into());
        values.insert(
            "client_line",
            phrases.text_with("client", &[("client", (&client_name(client, phrases)).into())]).into(),
        );
    }
    if email.kind == NotificationKind::Agenda {
        let sessions = email.agenda.iter().map(|entry| {
            let time = |instant| phrases.local_time(instant, &email.zone).time;
            Value::from_pairs([
                ("time", format!("{}–{}", time(entry.starts_at), time(entry.ends_at))),
                ("client", client_name(&entry.client_name, phrases)),
                ("payment", phrases.text(&format!("payment-status.{}", entry.payment.as_str()))),
                ("url", entry.join_url.clone().unwrap_or_default()),
            ])
        });
        values.insert("sessions", sessions.collect());
        values.insert("join_label", phrases.text("join-label").into());
    }
    Ok(values)
}

/// The link of an email about an appointment.
enum OwnLink<'a> {
    Pay(&'a str),
    Join(&'a str),
}

/// Emails about a cancelled appointment or a payment have no link into the room, whatever the core passes; the others need
/// one.
fn own_link(email: &Email) -> Result<Option<OwnLink<'_>>, BoxError> {
    Ok(if matches!(email.kind, NotificationKind::PaymentRequest | NotificationKind::PaymentReminder) {
        Some(OwnLink::Pay(email.pay_url.as_deref().ok_or("there is no page to pay on")?))
    } else if email.kind.has_link() {
        Some(OwnLink::Join(email.join_url.as_deref().ok_or("there is no link")?))
    } else {
        None
    })
}

/// One of several appointments of a series: `begins`, `notes`, a list of texts, and `url` with its `label`, which are empty
/// if there is no link.
fn appointment(email: &Email, phrases: Phrases<'_>) -> Result<Value, BoxError> {
    let begins = phrases.local_time(email.starts_at, &email.zone).date_and_time;
    let mut notes = Vec::new();
    match email.change {
        Some(ChangeDetails::Moved { was: Some(was) }) if was != email.starts_at => {
            let was = phrases.local_time(was, &email.zone).full;
            notes.push(phrases.text_with("rescheduled.was", &[("was", (&was).into())]));
        }
        Some(ChangeDetails::Cancelled { payment: Some(payment), .. }) => {
            notes.push(cancelled_payment(email, payment, phrases));
        }
        _ => {}
    }
    if let Some(payment) = email.payment {
        let (booking, mut texts) = payment_texts(email, payment, phrases);
        texts.extend(booking.map(|booking| ("booking", booking.to_string())));
        let args: Vec<(&'static str, Arg<'_>)> = texts.iter().map(|(name, text)| (*name, Arg::from(text))).collect();
        let note = |part: &str| phrases.text_with(&format!("series-payment.{part}"), &args);
        match payment {
            PaymentDetails::Received { .. } => notes.push(note("received")),
            PaymentDetails::Due { .. } => notes.push(note("due")),
            PaymentDetails::NotReceived { received, .. } => {
                if email.kind == NotificationKind::Cancelled {
                    notes.push(note("no-longer-due"));
                } else {
                    notes.push(note("not-received"));
                }
                notes.extend(received.map(|_| note("returned")));
            }
            PaymentDetails::Failed { .. }
            | PaymentDetails::RefundScheduled { .. }
            | PaymentDetails::Refunded { .. } => return Err("no series has an email about such a payment".into()),
        }
    }
    let (url, label) = match own_link(email)? {
        Some(OwnLink::Pay(url)) => (url, phrases.text("pay-label")),
        Some(OwnLink::Join(url)) => (url, phrases.text("join-label")),
        None => ("", String::new()),
    };
    let notes: Vec<String> = notes.iter().map(|note| plain(note)).collect();
    Ok(Value::from_pairs([
        ("begins", Value::from(plain(&begins))),
        ("notes", notes.into()),
        ("url", url.into()),
        ("label", label.into()),
    ]))
}

/// The message of the wording for an email about several bookings, and its opening.
fn series_message(email: &Email) -> Result<(String, &'static str), BoxError> {
    let (single, opening, _) = message(email)?;
    // What differs between them stands at each of them.
    let message = match single {
        "cancelled-unpaid" => "cancelled",
        "moved-back" => "rescheduled",
        message => message,
    };
    Ok((format!("{message}-series"), opening))
}

/// The sum of what several appointments are about; empty if they are about no money.
fn total(email: &Email, phrases: Phrases<'_>) -> String {
    let amount = |email: &Email| match email.payment? {
        PaymentDetails::Received { amount, .. } | PaymentDetails::Due { amount, .. } => Some(amount),
        PaymentDetails::NotReceived { .. }
        | PaymentDetails::Failed { .. }
        | PaymentDetails::RefundScheduled { .. }
        | PaymentDetails::Refunded { .. } => None,
    };
    let amounts: Vec<Money> = std::iter::once(email).chain(&email.others).filter_map(amount).collect();
    let Some(currency) = amounts.first().map(|amount| amount.currency()) else { return String::new() };
    let sum = Money::new(amounts.iter().map(|amount| amount.minor()).sum(), currency);
    sum.map_or_else(|_| String::new(), |sum| plain(&phrases.money(sum)))
}

/// A client's name as a therapist reads it. Without a name, a client is known by their address.
fn client_name(name: &str, phrases: Phrases<'_>) -> String {
    let shown = greeting_name(name);
    match EmailAddress::parse(name) {
        _ if !shown.is_empty() => shown,
        Ok(address) => address.as_str().to_owned(),
        Err(_) => phrases.text("client-without-name"),
    }
}

/// With plain spaces, as people type them to search for an email.
pub(crate) fn plain(text: &str) -> String {
    text.replace([NO_BREAK_SPACE, NARROW_NO_BREAK_SPACE], " ")
}

/// What becomes of the payment of a cancelled appointment, in one sentence.
fn cancelled_payment(email: &Email, details: CancelledPaymentDetails, phrases: Phrases<'_>) -> String {
    let CancelledPaymentDetails { payment: CancelledPayment { refund, kept, free_until }, by_hand } = details;
    let sentence = match (refund.is_zero(), kept.is_zero(), by_hand) {
        (true, _, _) => "cancelled.kept",
        (false, true, false) => "cancelled.refund",
        (false, true, true) => "cancelled.refund-by-hand",
        (false, false, false) => "cancelled.part",
        (false, false, true) => "cancelled.part-by-hand",
    };
    let (refund, kept) = (phrases.money(refund), phrases.money(kept));
    let free_until = phrases.local_time(free_until, &email.zone).full;
    let values = [("refund", (&refund).into()), ("kept", (&kept).into()), ("free_until", (&free_until).into())];
    plain(&phrases.text_with(sentence, &values))
}

/// How the reader gets another appointment.
fn book_again(email: &Email, phrases: Phrases<'_>) -> String {
    let practice = &email.practice;
    match &practice.website {
        Some(website) => {
            let website = shown(website);
            phrases.text_with("cancelled.book-again-at", &[("website", website.into())])
        }
        None if practice.phone.is_some() || practice.email.is_some() => phrases.text("cancelled.book-again-contact"),
        None => phrases.text("cancelled.book-again"),
    }
}

/// The message of the wording, and which of its attributes stand above and below the appointment. Without payment details
/// an email about a payment has nothing to say, and details of another kind would be wrong.
fn message(email: &Email) -> Result<(&'static str, &'static str, &'static str), BoxError> {
    let message = match (email.kind, email.payment) {
        (NotificationKind::MeetingInfo, _) => "meeting-info",
        (NotificationKind::Reminder { .. }, _) => "reminder",
        (NotificationKind::Invitation, _) => "invitation",
        (NotificationKind::Rescheduled, _) => match email.change {
            Some(ChangeDetails::Moved { was }) if was == Some(email.starts_at) => "moved-back",
            Some(ChangeDetails::Moved { .. }) => "rescheduled",
            _ => return Err("the earlier time is missing".into()),
        },
        (NotificationKind::Cancelled, payment) => {
            let opening = cancelled_opening(email)?;
            return Ok(match payment {
                Some(PaymentDetails::NotReceived { received: Some(_), .. }) => {
                    ("cancelled-unpaid", opening, "after-part")
                }
                Some(PaymentDetails::NotReceived { .. }) => ("cancelled-unpaid", opening, "after"),
                _ => ("cancelled", opening, "after"),
            });
        }
        (NotificationKind::Reassigned, _) => return Ok(("reassigned", reassigned_opening(email), "after")),
        (NotificationKind::Updated, _) => "updated",
        (NotificationKind::MeetingLink, _) => "meeting-link",
        (NotificationKind::TherapistBooked, _) => "therapist-booked",
        (NotificationKind::TherapistRescheduled, _) => match email.change {
            Some(ChangeDetails::Moved { .. }) => "therapist-rescheduled",
            _ => return Err("the earlier time is missing".into()),
        },
        (NotificationKind::TherapistCancelled, _) => {
            return Ok(("therapist-cancelled", cancelled_opening(email)?, "after"));
        }
        (NotificationKind::TherapistReassigned, _) => {
            return Ok(("therapist-reassigned", reassigned_opening(email), "after"));
        }
        (NotificationKind::TherapistUpdated, _) => "therapist-updated",
        (NotificationKind::TherapistPayment, Some(PaymentDetails::Received { .. })) => "therapist-payment",
        (NotificationKind::TherapistPaymentReview, _) => "therapist-payment-review",
        (NotificationKind::Agenda, _) => "agenda",
        (NotificationKind::Receipt, Some(PaymentDetails::Received { left: Some(_), .. })) => {
            return Ok(("receipt", "opening", "after-part"));
        }
        (NotificationKind::Receipt, Some(PaymentDetails::Received { .. })) => "receipt",
        (NotificationKind::PaymentProblem, Some(PaymentDetails::Failed { retry_until: Some(_), .. })) => {
            return Ok(("payment-failed", "opening", "after-while-held"));
        }
        (NotificationKind::PaymentProblem, Some(PaymentDetails::Failed { .. })) => "payment-failed",
        (NotificationKind::PaymentProblem, Some(PaymentDetails::RefundScheduled { .. })) => "payment-will-be-refunded",
        (NotificationKind::Refund, Some(PaymentDetails::Refunded { .. })) => "refund",
        (NotificationKind::PaymentInstructions, Some(PaymentDetails::Due { .. })) => "payment-instructions",
        (NotificationKind::PaymentRequest, Some(PaymentDetails::Due { .. })) => "payment-request",
        (NotificationKind::PaymentReminder, Some(PaymentDetails::Due { .. })) => "payment-reminder",
        (NotificationKind::HoldExpired, Some(PaymentDetails::NotReceived { received: Some(_), .. })) => {
            return Ok(("hold-expired", "opening", "after-part"));
        }
        (NotificationKind::HoldExpired, Some(PaymentDetails::NotReceived { .. })) => "hold-expired",
        (NotificationKind::PasswordReset, _) => "password-reset",
        (NotificationKind::LoginLink, _) => "login-link",
        (NotificationKind::EmailVerification, _) => "email-verification",
        (NotificationKind::EmailConfirmation, _) => "email-confirmation",
        (NotificationKind::EmailChanged, _) => "email-changed",
        (NotificationKind::AccountInvitation, _) => "account-invitation",
        (NotificationKind::RegistrationAttempt, _) => "registration-attempt",
        (NotificationKind::PasswordChanged, _) => "password-changed",
        (NotificationKind::SecondFactorAdded, _) => "second-factor-added",
        (NotificationKind::SecondFactorRemoved, _) => "second-factor-removed",
        (NotificationKind::RoleChanged, _) => return Ok(("role-changed", account::role_opening(email)?, "after")),
        (NotificationKind::AccountDisabled, _) => "account-disabled",
        (NotificationKind::NewLogin, _) => "new-login",
        _ => return Err("payment details are missing or of another kind".into()),
    };
    Ok((message, "opening", "after"))
}

/// The attribute of the wording that says who takes the session.
fn reassigned_opening(email: &Email) -> &'static str {
    let has_name = email.therapist_name.as_deref().is_some_and(|name| !greeting_name(name).is_empty());
    if has_name { "opening" } else { "opening-without-name" }
}

/// The attribute of the wording that says who cancelled.
fn cancelled_opening(email: &Email) -> Result<&'static str, BoxError> {
    match email.change {
        Some(ChangeDetails::Cancelled { by: CancelledBy::Recipient, .. }) => Ok("opening-by-recipient"),
        Some(ChangeDetails::Cancelled { by: CancelledBy::Practice, .. }) => Ok("opening-by-practice"),
        Some(ChangeDetails::Cancelled { by: CancelledBy::Client, .. }) => Ok("opening"),
        _ => Err("the cancellation is missing".into()),
    }
}

fn payment_texts(
    email: &Email,
    payment: PaymentDetails,
    phrases: Phrases<'_>,
) -> (Option<BookingId>, Vec<(&'static str, String)>) {
    let time = |instant: Timestamp| plain(&phrases.local_time(instant, &email.zone).full);
    let amount = |amount: Money| ("amount", plain(&phrases.money(amount)));
    match payment {
        PaymentDetails::Received { booking, amount: received, at, left } => {
            let rest = left.map_or_else(String::new, |left| plain(&phrases.money(left.amount)));
            let until = left.map_or_else(String::new, |left| time(left.until));
            (Some(booking), vec![amount(received), ("received_at", time(at)), ("left", rest), ("pay_until", until)])
        }
        PaymentDetails::Due { booking, amount: due, until } => {
            (Some(booking), vec![amount(due), ("pay_until", time(until))])
        }
        PaymentDetails::NotReceived { booking, amount: due, received } => {
            let received = received.map_or_else(String::new, |received| plain(&phrases.money(received)));
            (Some(booking), vec![amount(due), ("received", received)])
        }
        PaymentDetails::Failed { amount: due, retry_until } => {
            (None, vec![amount(due), ("retry_until", retry_until.map_or_else(String::new, time))])
        }
        PaymentDetails::RefundScheduled { amount: received } => {
            (None, vec![amount(received), ("retry_until", String::new())])
        }
        PaymentDetails::Refunded { booking, amount: refunded, at } => {
            (Some(booking), vec![amount(refunded), ("refunded_at", time(at))])
        }
    }
}

/// A website as people write it.
fn shown(website: &WebUrl) -> &str {
    website.as_str().trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/')
}

/// How the practice is reached, and its legal texts: entries with a `text` and, unless it is empty, a `url`.
fn contact(email: &Email, phrases: Phrases<'_>, pages: &Url) -> Value {
    let practice = &email.practice;
    let mut entries = Vec::new();
    if let Some(phone) = &practice.phone {
        let text = phrases.text_with("phone", &[("phone", phone.as_str().into())]);
        entries.push((text, String::new()));
    }
    if let Some(address) = &practice.email {
        entries.push((address.as_str().to_owned(), format!("mailto:{}", address.as_str())));
    }
    if let Some(website) = &practice.website {
        entries.push((shown(website).to_owned(), website.as_str().to_owned()));
    }
    let imprint = practice.text(email.language, |texts| texts.imprint.as_ref());
    let privacy = practice.text(email.language, |texts| texts.privacy.as_ref());
    for (page, text) in [("imprint", imprint), ("privacy", privacy)] {
        if let Some(text) = text {
            let url = WebUrl::only(text).map_or_else(
                || format!("{}/{page}", pages.as_str().trim_end_matches('/')),
                |url| url.as_str().to_owned(),
            );
            entries.push((phrases.text(page), url));
        }
    }
    entries.into_iter().map(|(text, url)| Value::from_pairs([("text", plain(&text)), ("url", url)])).collect()
}
