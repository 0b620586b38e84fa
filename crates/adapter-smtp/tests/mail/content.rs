//! The contents of emails.

use std::collections::BTreeSet;
use std::sync::Arc;

use attune_adapter_smtp::{ComposerError, MailComposer, MailConfig};
use attune_domain::notification::NotificationKind;
use attune_domain::practice::{PhoneNumber, WebUrl};
use attune_domain::{
    BookingId, CancelledPayment, EmailAddress, Formality, Language, PaymentStatus, Practice, PracticeName,
    PracticeTexts,
};
use attune_ports::{
    AgendaEntry, CancelledBy, CancelledPaymentDetails, ChangeDetails, Email, Notifier, NotifyError, PaymentDetails,
};
use attune_wording::Wording;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::fixtures::{
    KINDS, LINK, PAGE_LINK, REMINDER, cancelled, composed, composer, config, connected, delivered, email, every_email,
    instant, linked_kinds, money, practice,
};

/// The text part of an email without a link.
pub(crate) fn text_part(opening: &str, after: &str) -> String {
    format!("{HELLO}{opening}\n\n{APPOINTMENT}\n\n{after}\n\nKind regards\nPractice Example")
}

const HELLO: &str = "Hello John Doe,\n\n";
const APPOINTMENT: &str = "Monday, 15 January 2024 at 10:00\nEurope/Berlin, UTC+01:00\n50 minutes";

#[tokio::test]
async fn an_internationalised_domain_is_mailed_in_ascii() {
    for (typed, mailed) in [
        ("info@b\u{fc}cher.example", "info@xn--bcher-kva.example"),
        ("a@\u{4f8b}\u{3048}.\u{30c6}\u{30b9}\u{30c8}", "a@xn--r8jz45g.xn--zckzah"),
        ("a@fa\u{df}.example", "a@xn--fa-hia.example"),
    ] {
        let to = EmailAddress::parse(typed).unwrap();
        let read = delivered(composer(), &Email { to, ..email(REMINDER) }).await;
        assert_eq!(read.recipients, [mailed]);
        assert!(read.header("to").is_some_and(|to| to.contains(mailed)), "{:?}", read.headers);
    }
}

#[tokio::test]
async fn the_texts_of_emails_with_a_link() {
    let usual = "The link is personal. Please do not pass it on. The attached calendar entry does not contain it, so please \
                 keep this email.";
    let invited = &format!("You do not need an account. {usual}");
    let again = &format!("Links in earlier emails may no longer work; please use this one. {usual}");
    for (kind, subject, heading, opening, after) in [
        (
            NotificationKind::MeetingInfo,
            "Your appointment",
            "Your appointment is confirmed",
            "We look forward to seeing you:",
            usual,
        ),
        (
            REMINDER,
            "Reminder: your appointment",
            "Your appointment begins soon",
            "Your appointment begins in 24 hours:",
            usual,
        ),
        (
            NotificationKind::Invitation,
            "Invitation: appointment",
            "You are invited to an appointment",
            "Practice Example invites you to this appointment:",
            invited,
        ),
        (
            NotificationKind::MeetingLink,
            "Your link for the appointment",
            "Your link",
            "Here is your link for this appointment again:",
            again,
        ),
    ] {
        let read = delivered(composer(), &email(kind)).await;
        assert_eq!(read.subject, format!("{subject} on 15 January, 10:00 (UTC+01:00)"));
        let with_link = format!("Join the appointment:\n\n{LINK}\n\n{after}");
        assert_eq!(read.text.trim_end(), text_part(opening, &with_link));
        assert_eq!(html_words(&read.html), html_part(heading, opening, &format!("Join the appointment {after}")));
    }
}

#[tokio::test]
async fn a_cancellation_has_no_button_and_no_link() {
    let given = Email { join_url: Some(LINK.to_owned()), ..email(NotificationKind::Cancelled) };
    for email in [email(NotificationKind::Cancelled), given] {
        let read = delivered(composer(), &email).await;
        assert_eq!(read.subject, "Cancelled: your appointment on 15 January, 10:00 (UTC+01:00)");
        for joining in ["<a", "href", "//", "Join", "link", "attune-7f3a9c"] {
            assert!(!read.html.contains(joining), "{joining}");
        }
    }
}

#[tokio::test]
async fn a_move_says_the_time_before_and_the_time_now() {
    let usual = "The link is personal. Please do not pass it on. The attached calendar entry";
    let new_time = "Your appointment was rescheduled. The new time is:";
    let before = "Before: Friday, 12 January 2024 at 15:00 (Europe/Berlin, UTC+01:00)";
    let same = "Your appointment was moved and then moved back. It takes place at the time you know:";
    for (was, subject, opening, line) in [
        (Some("2024-01-12T14:00:00Z"), "New time", new_time, Some(before)),
        (None, "New time", new_time, None),
        (Some("2024-01-15T09:00:00Z"), "Unchanged", same, None),
    ] {
        let change = Some(ChangeDetails::Moved { was: was.map(instant) });
        let read = delivered(composer(), &Email { change, ..email(NotificationKind::Rescheduled) }).await;
        assert_eq!(read.subject, format!("{subject}: your appointment on 15 January, 10:00 (UTC+01:00)"));
        let line_below = line.map(|line| format!("{line}\n\n")).unwrap_or_default();
        let expected =
            format!("{HELLO}{opening}\n\n{APPOINTMENT}\n\n{line_below}Join the appointment:\n\n{LINK}\n\n{usual}");
        assert!(read.text.starts_with(&expected), "{}", read.text);
        let words = html_words(&read.html);
        let in_card = line.map(|line| format!("{line} ")).unwrap_or_default();
        let card = format!("{opening} {} {in_card}Join the appointment", APPOINTMENT.replace('\n', " "));
        assert!(words.contains(&card), "{words}");
        assert_html_is_harmless(&read.html, NotificationKind::Rescheduled);
    }
}

#[tokio::test]
async fn a_cancellation_says_who_why_what_becomes_of_the_money_and_how_to_book_again() {
    let amounts = |refund, kept, by_hand| {
        let (refund, kept) = (money(refund, "EUR"), money(kept, "EUR"));
        let free_until = instant("2024-01-14T09:00:00Z");
        Some(CancelledPaymentDetails { payment: CancelledPayment { refund, kept, free_until }, by_hand })
    };
    let because = "because free cancellation ended on Sunday, 14 January 2024 at 10:00 (Europe/Berlin, UTC+01:00).";
    let you = "You cancelled this appointment:";
    for (by, reason, payment, opening, paragraphs) in [
        (CancelledBy::Client, None, None, "This appointment was cancelled:", vec![]),
        (CancelledBy::Recipient, None, None, you, vec![]),
        (
            CancelledBy::Practice,
            Some("The heating is broken.\nWe are <sorry>."),
            amounts("100.00", "0.00", false),
            "We cancelled this appointment:",
            vec![
                "Our reason: The heating is broken.\nWe are <sorry>.".to_owned(),
                "Your payment of €100.00 will be refunded in full, usually within 5 to 10 days.".to_owned(),
            ],
        ),
        (
            CancelledBy::Recipient,
            None,
            amounts("100.00", "0.00", true),
            you,
            vec!["Your payment of €100.00 will be refunded in full; we will return it to you ourselves.".to_owned()],
        ),
        (
            CancelledBy::Recipient,
            None,
            amounts("30.00", "70.00", false),
            you,
            vec![format!(
                "€30.00 of your payment will be refunded, usually within 5 to 10 days; we keep €70.00, {because}"
            )],
        ),
        (
            CancelledBy::Recipient,
            None,
            amounts("30.00", "70.00", true),
            you,
            vec![format!(
                "€30.00 of your payment will be refunded, and we will return it to you ourselves; we keep €70.00, {because}"
            )],
        ),
        (
            CancelledBy::Recipient,
            None,
            amounts("0.00", "100.00", false),
            you,
            vec![format!("We keep your payment of €100.00, {because}")],
        ),
    ] {
        let change = Some(cancelled(by, reason, payment));
        let read = delivered(composer(), &Email { change, ..email(NotificationKind::Cancelled) }).await;
        assert_eq!(read.subject, "Cancelled: your appointment on 15 January, 10:00 (UTC+01:00)");
        let mut said = paragraphs;
        said.extend([BOOK_AGAIN.to_owned(), CHECK_CALENDAR.to_owned()]);
        assert_eq!(read.text.trim_end(), text_part(opening, &said.join("\n\n")));
        let words = html_words(&read.html).replace("&lt;", "<").replace("&gt;", ">");
        let said = said.join(" ").replace('\n', " ");
        assert_eq!(words, html_part("Your appointment is cancelled", opening, &said));
        assert_html_is_harmless(&read.html, NotificationKind::Cancelled);
    }
    for (practice, expected) in [
        (
            Practice { website: Some(WebUrl::parse("https://practice.example.org/").unwrap()), ..practice() },
            "If you would like another appointment, you can book it at practice.example.org.",
        ),
        (
            Practice { phone: Some(PhoneNumber::parse("+49 30 23125 123").unwrap()), ..practice() },
            "If you would like another appointment, please contact us. How to reach us is at the end of this email.",
        ),
    ] {
        let email = Email { practice: Arc::new(practice), ..email(NotificationKind::Cancelled) };
        let read = delivered(composer(), &email).await;
        assert!(read.text.contains(&format!("\n\n{expected}\n\n")), "{}", read.text);
    }
}

const BOOK_AGAIN: &str = "If you would like another appointment, please book again.";
const CHECK_CALENDAR: &str = "The attached calendar entry is marked as cancelled. Please check that the appointment has \
                              been removed from your calendar.";

#[tokio::test]
async fn emails_to_therapists_name_the_client_in_the_text_only() {
    let paid = PaymentDetails::Received {
        booking: BookingId::new(12).unwrap(),
        amount: money("100.00", "EUR"),
        at: instant("2024-01-13T09:00:00Z"),
        left: None,
    };
    for (kind, subject, opening, has_entry) in [
        (
            NotificationKind::TherapistBooked,
            "Booked: appointment",
            "This appointment was booked in your calendar:",
            true,
        ),
        (
            NotificationKind::TherapistRescheduled,
            "New time: appointment",
            "This appointment in your calendar was rescheduled. It now takes place at this time:",
            true,
        ),
        (
            NotificationKind::TherapistCancelled,
            "Cancelled: appointment",
            "The client cancelled this appointment in your calendar:",
            true,
        ),
        (
            NotificationKind::TherapistPayment,
            "Payment received: appointment",
            "A payment of €100.00 was received on Saturday, 13 January 2024 at 10:00 (Europe/Berlin, UTC+01:00). It is for \
             booking number 12:",
            false,
        ),
        (
            NotificationKind::TherapistPaymentReview,
            "Payment to review: appointment",
            "Something about the payment of this appointment does not match what is due, or a refund failed:",
            false,
        ),
    ] {
        let payment = (kind == NotificationKind::TherapistPayment).then_some(paid);
        let join_url = has_entry.then(|| PAGE_LINK.to_owned());
        let read = delivered(composer(), &Email { payment, join_url, ..email(kind) }).await;
        assert_eq!(read.subject, format!("{subject} on 15 January, 10:00 (UTC+01:00)"));
        let start = format!("{HELLO}{opening}\n\n{APPOINTMENT}\nClient: Jane Rowland\n\n");
        assert!(read.text.starts_with(&start), "{}", read.text);
        let before = "\n\nBefore: Friday, 12 January 2024 at 15:00 (Europe/Berlin, UTC+01:00)\n\n";
        assert_eq!(read.text.contains(before), kind == NotificationKind::TherapistRescheduled, "{}", read.text);
        let has_link = has_entry && kind != NotificationKind::TherapistCancelled;
        assert_eq!((read.text.contains(PAGE_LINK), read.html.contains(PAGE_LINK)), (has_link, has_link), "{kind:?}");
        assert!(html_words(&read.html).contains(" 50 minutes Client: Jane Rowland "), "{}", read.html);
        assert_html_is_harmless(&read.html, kind);
        assert_eq!(read.calendar.is_some(), has_entry);
        let calendar = read.calendar.unwrap_or_default();
        let headers = read.headers.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("\n");
        for public in [&read.subject, &headers, &calendar] {
            assert!(!public.contains("Rowland") && !public.to_lowercase().contains("therap"), "{public}");
        }
    }
    for (name, shown) in
        [("jane@example.org", "Client: jane@example.org\n"), ("https://evil.example", "Client: without a name\n")]
    {
        let client_name = Some(name.to_owned());
        let read = delivered(composer(), &Email { client_name, ..email(NotificationKind::TherapistBooked) }).await;
        assert!(read.text.contains(shown), "{}", read.text);
    }
}

#[tokio::test]
async fn another_therapist_and_another_length_are_named() {
    use NotificationKind::{Reassigned, TherapistReassigned, TherapistUpdated, Updated};
    for (kind, name, sentence, entry) in [
        (Reassigned, Some("Carl Rogers"), "Carl Rogers takes your appointment. Everything else", "CONFIRMED"),
        (Reassigned, Some("https://evil.example"), "A colleague takes your appointment. Everything", "CONFIRMED"),
        (TherapistReassigned, Some("Carl Rogers"), "Carl Rogers takes this appointment, which was in", "CANCELLED"),
        (TherapistReassigned, None, "A colleague takes this appointment, which was in", "CANCELLED"),
        (Updated, None, "Your appointment now takes 80 minutes:", "CONFIRMED"),
        (TherapistUpdated, None, "This appointment in your calendar now takes 80 minutes:", "CONFIRMED"),
    ] {
        let therapist_name = name.map(str::to_owned);
        let read = delivered(composer(), &Email { therapist_name, minutes: 80, ..email(kind) }).await;
        assert!(read.text.contains(sentence), "{}", read.text);
        let calendar = read.calendar.unwrap();
        assert!(calendar.contains(&format!("STATUS:{entry}")) && !calendar.contains("Carl"), "{calendar}");
        assert!(!read.subject.contains("Carl"), "{}", read.subject);
        assert_eq!(read.text.contains(LINK), kind != TherapistReassigned);
    }
}

/// An email about three appointments, a week apart.
fn series(kind: NotificationKind, payment: impl Fn(i64) -> Option<PaymentDetails>) -> Email {
    let one = |week: i64| Email {
        starts_at: email(kind).starts_at + SignedDuration::from_hours(week * 7 * 24),
        calendar_uid: format!("booking-{}@installation", 12 + week),
        join_url: email(kind).join_url.map(|url| format!("{url}{week}")),
        pay_url: Some(format!("https://practice.example.org/pay/{week}")),
        payment: payment(week),
        ..email(kind)
    };
    Email { others: vec![one(1), one(2)], ..one(0) }
}

#[tokio::test]
async fn a_series_is_one_email_with_all_dates_and_one_calendar_file() {
    let read = delivered(composer(), &series(NotificationKind::MeetingInfo, |_| None)).await;
    assert_eq!(read.subject, "Your 3 appointments from 15 January");
    let days =
        ["Monday, 15 January 2024 at 10:00", "Monday, 22 January 2024 at 10:00", "Monday, 29 January 2024 at 10:00"];
    for (week, day) in days.iter().enumerate() {
        assert!(read.text.contains(&format!("{day}\nJoin the appointment: {LINK}{week}\n")), "{}", read.text);
        assert!(read.html.contains(day), "{}", read.html);
    }
    let calendar = read.calendar.unwrap();
    assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 3);
    assert_eq!(calendar.matches("BEGIN:VCALENDAR").count(), 1);
    for booking in 12..15 {
        assert_eq!(calendar.matches(&format!("UID:booking-{booking}@installation")).count(), 1);
    }
    assert!(!calendar.contains("meet."), "{calendar}");

    // A cancellation of several events is published, because CANCEL has one UID (RFC 5546, section 3.2.5).
    let cancelled = delivered(composer(), &series(NotificationKind::Cancelled, |_| None)).await;
    assert_eq!(cancelled.subject, "Cancelled: your 3 appointments from 15 January");
    let calendar = cancelled.calendar.unwrap();
    assert!(calendar.contains("METHOD:PUBLISH") && !calendar.contains("CONFIRMED"), "{calendar}");
    assert_eq!(calendar.matches("STATUS:CANCELLED").count(), 3);
}

#[tokio::test]
async fn a_series_says_what_is_due_for_each_appointment_and_in_total() {
    let due = |week: i64| {
        let booking = BookingId::new(12 + week).unwrap();
        Some(PaymentDetails::Due { booking, amount: money("100.00", "EUR"), until: instant("2024-01-14T09:30:00Z") })
    };
    let read = delivered(composer(), &series(NotificationKind::PaymentRequest, due)).await;
    assert!(read.text.contains("Please pay for each of them in time, €300.00 in total:"), "{}", read.text);
    for week in 0..3 {
        let each = format!(
            "€100.00 to pay by Sunday, 14 January 2024 at 10:30 (Europe/Berlin, UTC+01:00), booking number {}\n\
             View and pay: https://practice.example.org/pay/{week}\n",
            12 + week
        );
        assert!(read.text.contains(&each), "{}", read.text);
    }
    assert!(read.calendar.is_none());
}

#[tokio::test]
async fn an_agenda_lists_time_client_payment_and_link() {
    let entry = |start: &str, client: &str, payment, join_url: Option<&str>| AgendaEntry {
        starts_at: instant(start),
        ends_at: instant(start) + SignedDuration::from_mins(50),
        client_name: client.to_owned(),
        payment,
        join_url: join_url.map(str::to_owned),
    };
    let agenda = vec![
        entry("2024-01-15T09:00:00Z", "Jane <Rowland>", PaymentStatus::Succeeded, Some(PAGE_LINK)),
        entry("2024-01-15T13:30:00Z", "jane@example.org", PaymentStatus::NotRequired, None),
    ];
    let starts_at = instant("2024-01-14T23:00:00Z");
    let email = Email { agenda, starts_at, minutes: 0, join_url: None, ..email(NotificationKind::Agenda) };
    let read = delivered(composer(), &email).await;
    assert_eq!(read.subject, "Your agenda for Monday, 15 January 2024");
    assert!(read.attachments.is_empty());
    let expected = format!(
        "{HELLO}These are your appointments of the day:\n\n\
         10:00–10:50, Jane <Rowland>, paid\n{PAGE_LINK}\n\n\
         14:30–15:20, jane@example.org, no payment due\n\n\
         Europe/Berlin, UTC+01:00\n\nThe links are your own."
    );
    assert!(read.text.starts_with(&expected), "{}", read.text);
    let words = html_words(&read.html).replace("&lt;", "<").replace("&gt;", ">");
    let listed = "10:00–10:50 Jane <Rowland> paid Join the appointment 14:30–15:20 jane@example.org no payment due \
                  Europe/Berlin, UTC+01:00 The links";
    assert!(words.contains(listed), "{words}");
    assert_eq!(read.html.matches("<a ").count(), 1);
}

/// The words of the body, without markup and with single spaces.
pub(crate) fn html_words(html: &str) -> String {
    let (_, body) = html.split_once("<body").expect("a body");
    let mut words = String::new();
    for piece in body.split('<').skip(1) {
        words.push(' ');
        words.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
    }
    let words = words.replace("&#x2f;", "/").replace("&#x27;", "'").replace("&quot;", "\"").replace("&amp;", "&");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What [`html_words`] finds.
pub(crate) fn html_part(heading: &str, opening: &str, after: &str) -> String {
    let appointment = APPOINTMENT.replace('\n', " ");
    format!("{heading} Hello John Doe, {opening} {appointment} {after} Kind regards Practice Example")
}

#[tokio::test]
async fn every_email_says_how_the_practice_is_reached_and_replies_go_there() {
    let reached = Arc::new(Practice {
        phone: Some(PhoneNumber::parse("+49 30 23125 123").unwrap()),
        email: Some(EmailAddress::parse("hello@practice.example.org").unwrap()),
        website: Some(WebUrl::parse("https://practice.example.org/").unwrap()),
        texts: PracticeTexts {
            imprint: Some("Practice Example, Main Street 1".to_owned()),
            privacy: Some("https://practice.example.org/privacy".to_owned()),
            offline_payment: None,
        },
        ..practice()
    });
    for email in every_email() {
        let read = delivered(composer(), &Email { practice: reached.clone(), ..email.clone() }).await;
        assert_eq!(read.header("Reply-To"), Some("hello@practice.example.org"));
        let (text, contact) = read.text.trim_end().rsplit_once("Practice Example\n\n").unwrap();
        assert!(text.ends_with("Kind regards\n"), "{text}");
        assert_eq!(
            contact,
            "Phone +49 30 23125 123\nhello@practice.example.org\npractice.example.org\n\
             Imprint: https://booking.example.org/imprint\nPrivacy: https://practice.example.org/privacy"
        );
        let words = html_words(&read.html);
        let contact = "Phone +49 30 23125 123 · hello@practice.example.org · practice.example.org · Imprint · Privacy";
        assert!(words.ends_with(contact), "{words}");
        for link in [
            "mailto:hello@practice.example.org",
            "https://practice.example.org/",
            "https://booking.example.org/imprint",
            "https://practice.example.org/privacy",
        ] {
            let escaped = link.replace('/', "&#x2f;");
            assert_eq!(read.html.matches(&format!("<a href=\"{escaped}\"")).count(), 1, "{link}: {}", read.html);
        }
        let plain = delivered(composer(), &email).await;
        assert_eq!(plain.header("Reply-To"), None);
        assert!(plain.text.trim_end().ends_with("Kind regards\nPractice Example"), "{}", plain.text);
    }
}

/// In the pseudo-language messages are between `⟦` and `⟧`; a word outside of them is in no message.
#[tokio::test]
async fn every_word_of_an_email_can_be_translated() {
    const NAMES: [&str; 9] = ["John", "Doe", "Carl", "Rogers", "Practice", "Example", "UTC", "Firefox", "Linux"];
    let mut left = BTreeSet::new();
    // The practice writes its payment instructions itself.
    for email in every_email().into_iter().filter(|email| email.kind != NotificationKind::PaymentInstructions) {
        let pseudo = MailComposer::new(config(), Arc::new(Wording::pseudo().unwrap())).unwrap();
        let read = delivered(pseudo, &email).await;
        for text in [read.subject, read.text, html_words(&read.html)] {
            assert!(text.contains('⟦'), "{:?}: {text}", email.kind);
            let outside: String = text.split('⟧').map(|part| part.split('⟦').next().unwrap_or_default()).collect();
            // URLs, addresses and time zones are not translated.
            let words = outside.split_whitespace().filter(|word| !word.contains(['/', '@']));
            let words = words.map(|word| word.trim_matches(|letter: char| !letter.is_alphabetic()));
            let words = words.filter(|word| word.chars().count() > 1 && !NAMES.contains(word));
            left.extend(words.map(|word| format!("{word} in {:?}", email.kind)));
        }
    }
    assert_eq!(left, BTreeSet::new());
}

#[tokio::test]
async fn german_addresses_its_reader_as_the_practice_does() {
    for (german_formality, subject, beginning, keep) in [
        (
            Formality::Formal,
            "Ihr Termin am 15. Januar",
            "Guten Tag John Doe!\n\nWir freuen uns auf Sie:",
            "geben Sie ihn",
        ),
        (Formality::Informal, "Dein Termin am 15. Januar", "Hallo John Doe!\n\nWir freuen uns auf dich:", "gib ihn"),
    ] {
        let practice = Arc::new(Practice { german_formality, ..practice() });
        let email = Email { language: Language::German, practice, ..email(NotificationKind::MeetingInfo) };
        let read = delivered(composer(), &email).await;
        assert!(read.subject.starts_with(subject), "{}", read.subject);
        assert!(read.text.starts_with(beginning) && read.text.contains(keep), "{}", read.text);
        assert!(read.html.contains(keep), "{}", read.html);
    }
}

#[tokio::test]
async fn a_colon_is_spaced_as_the_language_does() {
    for (language, label) in
        [(Language::French, "Rejoindre le rendez-vous\u{a0}:\n\n"), (Language::German, "Am Termin teilnehmen:\n\n")]
    {
        let read = delivered(composer(), &Email { language, ..email(NotificationKind::MeetingInfo) }).await;
        assert!(read.text.contains(&format!("{label}{LINK}")), "{}", read.text);
    }
}

#[tokio::test]
async fn an_email_that_needs_a_link_is_not_sent_without_one() {
    let (sink, notifier) = connected();
    for kind in linked_kinds() {
        let email = Email { join_url: None, ..email(kind) };
        assert_eq!(notifier.send(&email).await, Err(NotifyError::Unrenderable), "{kind:?}");
    }
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn the_html_part_has_a_button_and_hides_the_raw_link() {
    for (kind, link) in linked_kinds().flat_map(|kind| [(kind, LINK), (kind, PAGE_LINK)]) {
        let html = delivered(composer(), &Email { join_url: Some(link.to_owned()), ..email(kind) }).await.html;
        let (before, rest) = html.split_once("<a href=\"").unwrap();
        let (href, rest) = rest.split_once('"').unwrap();
        let (_, rest) = rest.split_once('>').unwrap();
        let (label, after) = rest.split_once("</a>").unwrap();
        assert_eq!(label, "Join the appointment");
        assert_eq!(href, link.replace('&', "&amp;"), "nothing but & needs escaping in a link");
        assert!(!before.contains("//") && !after.contains("//"), "no other link, no remote content: {kind:?}");
        assert!(html.contains("personal") && html.contains("Please do not pass it on."));
        assert_html_is_harmless(&html, kind);
    }
}

/// The HTML part is complete, and nothing in it runs or loads anything.
pub(crate) fn assert_html_is_harmless(html: &str, kind: NotificationKind) {
    assert!(html.contains("<html lang=\"en\">") && html.contains("<p>Hello John Doe,</p>"));
    let has_appointment =
        html_words(html).contains(" Monday, 15 January 2024 at 10:00 Europe/Berlin, UTC+01:00 50 minutes ");
    assert_eq!(has_appointment, !kind.is_about_account(), "{kind:?}");
    let lower = html.to_lowercase();
    for tag in lower.split('<').skip(1) {
        let name = tag.trim_start_matches('/').split([' ', '>']).next().expect("even an empty piece has a first word");
        assert!(HARMLESS_TAGS.contains(&name), "{kind:?}: <{name}>");
    }
    for loading in ["src", "background=", "url(", "@import", "http-equiv", "javascript:"] {
        assert!(!lower.contains(loading), "{kind:?}: {loading}");
    }
    let handlers = lower.split_whitespace().filter(|word| word.starts_with("on") && word.contains('='));
    assert_eq!(handlers.count(), 0, "{kind:?}");
}

/// None of these runs, loads or sends anything.
const HARMLESS_TAGS: [&str; 15] = [
    "!doctype", "html", "head", "meta", "title", "style", "body", "main", "h1", "div", "p", "strong", "span", "br", "a",
];

#[tokio::test]
async fn the_text_part_has_the_link_alone_on_its_line_and_no_other() {
    for (kind, link) in linked_kinds().flat_map(|kind| [(kind, LINK), (kind, PAGE_LINK)]) {
        let text = delivered(composer(), &Email { join_url: Some(link.to_owned()), ..email(kind) }).await.text;
        assert_eq!(text.lines().filter(|line| line.contains("//")).collect::<Vec<_>>(), [link], "{kind:?}");
    }
}

#[tokio::test]
async fn an_email_names_only_its_recipient_and_the_practice() {
    for first in every_email() {
        let kind = first.kind;
        let (sink, notifier) = connected();
        let mary = Email {
            to: EmailAddress::parse("mary@example.org").unwrap(),
            to_name: "Mary Major".to_owned(),
            join_url: first.join_url.as_ref().map(|_| PAGE_LINK.to_owned()),
            ..first.clone()
        };
        // Over the same connection: nothing of the first email is in the second.
        for email in [&first, &mary] {
            notifier.send(email).await.unwrap();
        }
        let received = &sink.messages()[1];
        assert_eq!(received.recipients, ["mary@example.org"]);
        let read = received.decode();
        let headers = read.headers.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("\n");
        let whole = [headers, read.subject, read.text, read.html, read.calendar.unwrap_or_default()].join("\n");
        for other in ["John", "Doe", "john", "attune-7f3a9c"] {
            assert!(!whole.contains(other), "{kind:?}: {other}");
        }
        for telling in ["therap", "client", "patient", "treatment", "counsel", "video"] {
            assert!(!whole.to_lowercase().contains(telling), "{kind:?}: {telling}");
        }
        let contains = |word| whole.to_lowercase().contains(word);
        let names_appointment = !kind.is_about_account()
            || matches!(
                kind,
                NotificationKind::EmailVerification | NotificationKind::LoginLink | NotificationKind::AccountInvitation
            );
        assert_eq!((contains("session"), contains("appointment")), (false, names_appointment), "{kind:?}");
        let mut addresses: Vec<_> = whole
            .split(|c: char| !c.is_ascii_alphanumeric() && !"@.-_".contains(c))
            // A rule of the style sheet.
            .filter(|word| word.contains('@') && *word != "@media")
            .collect();
        addresses.sort_unstable();
        let mut expected =
            vec!["mary@example.org", "meeting_info-12-v1@practice.example.org", "office@practice.example.org"];
        if kind == NotificationKind::EmailChanged {
            // In both parts.
            expected.splice(2..2, ["new@example.net"; 2]);
        }
        if !kind.is_about_payment() && !kind.is_about_account() && first.payment.is_none() {
            expected.splice(0..0, ["appointments@attune.invalid", "booking-12@installation"]);
        }
        assert_eq!(addresses, expected, "{kind:?}");
    }
}

#[tokio::test]
async fn headers_are_complete_and_the_same_at_every_attempt() {
    let (sink, notifier) = connected();
    for _ in 0..2 {
        notifier.send(&email(NotificationKind::MeetingInfo)).await.unwrap();
    }
    let emails = sink.messages();
    assert_eq!(emails[0].raw, emails[1].raw, "byte for byte");
    assert!(emails[0].raw.is_ascii());
    assert!(emails[0].raw.split(|&b| b == b'\n').all(|line| line.len() <= 78 + 1 && !line[..].ends_with(b" \r")));
    assert_eq!(
        (emails[0].sender.as_str(), &emails[0].recipients[..]),
        ("office@practice.example.org", &["john@example.org".to_owned()][..])
    );

    let read = emails[0].decode();
    assert_eq!(read.header("From"), Some("\"Practice Example\" <office@practice.example.org>"));
    assert_eq!(read.header("To"), Some("john@example.org"), "no name: headers contain nothing that a client typed");
    assert_eq!(read.header("Date"), Some("Sun, 14 Jan 2024 09:00:00 +0000"));
    assert_eq!(read.header("Message-ID"), Some("<meeting_info-12-v1@practice.example.org>"));
    assert_eq!(read.header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(read.header("MIME-Version"), Some("1.0"));
    assert_eq!(read.headers.len(), 8, "{:?}", read.headers);
}

#[tokio::test]
async fn the_calendar_entry_contains_no_link_and_no_name() {
    for kind in KINDS {
        let read = delivered(composer(), &email(kind)).await;
        assert_eq!(read.attachments, ["appointment.ics"]);
        let calendar = read.calendar.unwrap();
        assert!(calendar.starts_with("BEGIN:VCALENDAR\r\n") && calendar.ends_with("END:VCALENDAR\r\n"));
        let (method, status) = if kind == NotificationKind::Cancelled {
            ("METHOD:CANCEL", "STATUS:CANCELLED")
        } else {
            ("METHOD:PUBLISH", "STATUS:CONFIRMED")
        };
        for line in [
            method,
            status,
            "UID:booking-12@installation",
            "SEQUENCE:1",
            "DTSTAMP:20240114T090000Z",
            "DTSTART:20240115T090000Z",
            "DTEND:20240115T095000Z",
            "SUMMARY:Your appointment",
        ] {
            assert_eq!(calendar.matches(&format!("\r\n{line}\r\n")).count(), 1, "{kind:?}: {line}");
        }
        for secret in ["http", "John", "Practice Example", "attune-7f3a9c", "office@"] {
            assert!(!calendar.contains(secret), "{secret}");
        }
    }
}

#[tokio::test]
async fn times_are_in_the_recipients_time_zone() {
    let at = async |starts_at: &str, zone: &str| {
        let starts_at: Timestamp = starts_at.parse().unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let read = delivered(composer(), &Email { starts_at, zone, ..email(REMINDER) }).await;
        let lines: Vec<_> = read.text.lines().skip(4).take(2).collect();
        (read.subject, lines.join("; "))
    };
    let (subject, when) = at("2024-07-01T23:00:00Z", "America/New_York").await;
    assert_eq!(subject, "Reminder: your appointment on 1 July, 19:00 (UTC-04:00)");
    assert_eq!(when, "Monday, 1 July 2024 at 19:00; America/New_York, UTC-04:00");
    let (subject, when) = at("2024-12-31T23:00:00Z", "Asia/Kolkata").await;
    assert_eq!(subject, "Reminder: your appointment on 1 January, 04:30 (UTC+05:30)");
    assert_eq!(when, "Wednesday, 1 January 2025 at 04:30; Asia/Kolkata, UTC+05:30");
}

#[tokio::test]
async fn a_very_long_link_survives() {
    let join_url = format!("https://meet.example.org/r#userInfo.displayName=%22{}%22&a=b", "%5Cu4e2d".repeat(300));
    let read = delivered(composer(), &Email { join_url: Some(join_url.clone()), ..email(REMINDER) }).await;
    assert_eq!(read.text.lines().filter(|line| *line == join_url).count(), 1);
    assert!(read.html.contains(&format!("href=\"{}\"", join_url.replace('&', "&amp;"))));
}

#[tokio::test]
async fn every_practice_name_is_shown() {
    for name in [
        "Praxis Müller & Söhne",
        "\"Quoted\" <x@y.z>",
        "a, b; c: d@e.f",
        "(comment) \\ back",
        "=?utf-8?q?evil?=",
        "心理",
        "😀",
        "A.",
        "'",
        "Evil\r\nBcc: eve@evil.example\0",
    ] {
        let name = PracticeName::parse(name).unwrap();
        let practice = Arc::new(Practice { name: name.clone(), ..practice() });
        let read = delivered(composer(), &Email { practice, ..email(REMINDER) }).await;
        let name = name.as_str();
        assert_eq!(read.from, ["office@practice.example.org"], "{name}");
        assert_eq!(read.recipients, ["john@example.org"], "{name}");
        assert_eq!(read.headers.len(), 8, "{name}");
        if !name.starts_with("=?") {
            assert_eq!(read.from_name.as_deref(), Some(name));
        }
    }
}

#[test]
fn bad_configuration_is_found_at_start() {
    for message_domain in ["", "localhost", "a b.example", "x@y.example", "evil\r\n.example", "https://x.example"] {
        let error = composed(MailConfig { message_domain: message_domain.to_owned(), ..config() }).err();
        assert!(matches!(error, Some(ComposerError::MessageDomain)), "{message_domain}");
    }
}

#[tokio::test]
async fn impossible_instants_are_refused_without_a_panic() {
    let (sink, notifier) = connected();
    let before_1970 = Email { sent_at: Timestamp::MIN, ..email(REMINDER) };
    let beyond_the_last_date = Email { starts_at: Timestamp::MAX, ..email(REMINDER) };
    for email in [before_1970, beyond_the_last_date] {
        assert_eq!(notifier.send(&email).await, Err(NotifyError::Unrenderable));
    }
    assert_eq!(sink.connections(), 0);
}
