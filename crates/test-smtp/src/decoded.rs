//! An email decoded by a parser that shares no code with the sender.

use mail_parser::{Message, MessageParser, MimeHeaders};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedMail {
    pub headers: Vec<(String, String)>,
    pub subject: String,
    pub from_name: Option<String>,
    pub from: Vec<String>,
    pub recipients: Vec<String>,
    pub text: String,
    pub html: String,
    pub calendar: Option<String>,
    pub attachments: Vec<String>,
    /// The images that the HTML part shows, by Content-ID.
    pub images: Vec<(String, Vec<u8>)>,
}

impl DecodedMail {
    pub fn parse(raw: &[u8]) -> Self {
        let message = MessageParser::default().parse(raw).expect("this is no mail");
        assert_eq!((message.text_body_count(), message.html_body_count()), (1, 1), "one text part and one HTML part");
        let body = |found: Option<std::borrow::Cow<'_, str>>| found.unwrap_or_default().replace("\r\n", "\n");
        let calendar = message
            .attachments()
            .find(|part| part.content_type().is_some_and(|t| t.ctype() == "text" && t.subtype() == Some("calendar")));
        Self {
            headers: message.headers_raw().map(|(name, value)| (name.to_owned(), unfold(value))).collect(),
            subject: message.subject().unwrap_or_default().to_owned(),
            from_name: message.from().and_then(|from| from.first()).and_then(|a| a.name.clone()).map(Into::into),
            from: addresses(message.from()),
            recipients: [message.to(), message.cc(), message.bcc()].into_iter().flat_map(addresses).collect(),
            text: body(message.body_text(0)),
            html: body(message.body_html(0)),
            calendar: calendar.map(|part| String::from_utf8_lossy(part.contents()).into_owned()),
            attachments: attachment_names(&message),
            images: message
                .attachments()
                .filter_map(|part| Some((part.content_id()?.to_owned(), part.contents().to_vec())))
                .collect(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

fn addresses(header: Option<&mail_parser::Address<'_>>) -> Vec<String> {
    header.into_iter().flat_map(|all| all.iter()).filter_map(|a| a.address()).map(str::to_owned).collect()
}

fn attachment_names(message: &Message<'_>) -> Vec<String> {
    message.attachments().map(|part| part.attachment_name().unwrap_or_default().to_owned()).collect()
}

fn unfold(value: &str) -> String {
    value.replace("\r\n", "").trim().to_owned()
}
