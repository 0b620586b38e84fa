//! The practice's logo inside emails.

use std::sync::Arc;

use attune_domain::notification::NotificationKind;
use attune_domain::practice::Logo;
use attune_ports::{Email, Notifier};
use attune_test_smtp::{ReceivedMail, SmtpSink};

use crate::fixtures::{composer, composer_with, connected, delivered, email, every_email, practice};

const SHOWN: &str = "<img class=\"logo\" src=\"cid:logo@practice.example.org\" alt=\"Practice Example\"";

fn png(length: usize) -> Logo {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.resize(length, 0xff);
    Logo::new(bytes).expect("a logo")
}

fn with(logo: Logo, email: Email) -> Email {
    Email { logo: Some(Arc::new(logo)), ..email }
}

async fn received(sink: &SmtpSink, notifier: &impl Notifier, email: &Email) -> ReceivedMail {
    notifier.send(email).await.expect("the sink accepts every email");
    sink.messages().pop().expect("an email was sent")
}

#[tokio::test]
async fn every_email_shows_the_logo_and_says_the_same_as_without() {
    let (sink, notifier) = connected();
    for email in every_email() {
        let plain = received(&sink, &notifier, &email).await.decode();
        let raw = received(&sink, &notifier, &with(png(100), email)).await;
        let read = raw.decode();
        assert!(read.html.contains(SHOWN), "{}", read.html);
        let (before, rest) = read.html.split_once("\n<p style=\"margin:0 0 24px\"><img").unwrap();
        assert_eq!(format!("{before}{}", rest.split_once("</p>").unwrap().1), plain.html);
        assert_eq!((&read.text, &read.calendar, &read.subject), (&plain.text, &plain.calendar, &plain.subject));
        assert_eq!(read.images, [("logo@practice.example.org".to_owned(), png(100).bytes().to_vec())]);
        let mut attachments = plain.attachments;
        attachments.insert(0, "logo.png".to_owned());
        assert_eq!(read.attachments, attachments);
        let raw = String::from_utf8(raw.raw).unwrap().replace("\r\n ", " ");
        let outer = raw.find("multipart/alternative").unwrap();
        let related = raw.find("multipart/related; boundary=\"=_attune_related\"; type=\"text/html\"").unwrap();
        assert!(outer < raw.find("text/plain").unwrap() && raw.find("text/plain").unwrap() < related);
        assert_eq!(raw.matches("Content-Disposition: inline").count(), 1);
    }
}

#[tokio::test]
async fn formats_that_mail_programs_do_not_show_are_left_out() {
    let (sink, notifier) = connected();
    let email = email(NotificationKind::MeetingInfo);
    let plain = received(&sink, &notifier, &email).await.raw;
    let jpeg = with(Logo::new(vec![0xff, 0xd8, 0xff, 1]).unwrap(), email.clone());
    let read = received(&sink, &notifier, &jpeg).await.decode();
    assert!(read.html.contains(SHOWN) && read.attachments.contains(&"logo.jpg".to_owned()));
    let webp = with(Logo::new(b"RIFF\0\0\0\0WEBPVP8 ".to_vec()).unwrap(), email);
    assert_eq!(received(&sink, &notifier, &webp).await.raw, plain);
}

#[tokio::test]
async fn the_largest_logo_makes_no_large_email() {
    let (sink, notifier) = connected();
    let email = with(png(Logo::MAX_BYTES), email(NotificationKind::MeetingInfo));
    let raw = received(&sink, &notifier, &email).await.raw;
    assert!((266_000..300_000).contains(&raw.len()), "{}", raw.len());
}

#[tokio::test]
async fn a_template_decides_whether_the_logo_is_sent() {
    let files = tempfile::tempdir().unwrap();
    let email = || with(png(100), email(NotificationKind::MeetingInfo));
    for (template, attachments) in [
        ("<p>{{ practice }}</p>", &["appointment.ics"][..]),
        ("{% if logo_url %}<img src=\"{{ logo_url }}\" alt=\"\">{% endif %}", &["logo.png", "appointment.ics"]),
    ] {
        std::fs::write(files.path().join("meeting_info.html"), template).unwrap();
        assert_eq!(delivered(composer_with(files.path()), &email()).await.attachments, attachments, "{template}");
    }
    let named = attune_domain::Practice {
        name: attune_domain::PracticeName::parse("Müller \"& <Söhne>\"").unwrap(),
        ..practice()
    };
    let read = delivered(composer(), &Email { practice: Arc::new(named), ..email() }).await;
    assert!(read.html.contains("alt=\"Müller &quot;&amp; &lt;Söhne&gt;&quot;\""), "{}", read.html);
}
