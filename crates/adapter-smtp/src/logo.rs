//! The practice's logo inside an email.

use attune_domain::practice::{ImageFormat, Logo};
use attune_ports::{BoxError, Email};
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Attachment, Body, MultiPart, SinglePart};

/// A logo that mail programs show.
pub(crate) struct ShownLogo<'a> {
    logo: &'a Logo,
    content_id: String,
}

impl<'a> ShownLogo<'a> {
    /// `None` for a WebP, which Outlook for Windows and older versions of other programs do not show.
    pub(crate) fn of(email: &'a Email, domain: &str) -> Option<Self> {
        let logo = email.logo.as_deref()?;
        match logo.format() {
            ImageFormat::Png | ImageFormat::Jpeg => Some(Self { logo, content_id: format!("logo@{domain}") }),
            ImageFormat::Webp => None,
        }
    }

    /// The URL of the image for the HTML part (RFC 2392).
    pub(crate) fn url(&self) -> String {
        format!("cid:{}", self.content_id)
    }

    /// The HTML part with the image that it shows (RFC 2387).
    pub(crate) fn beside(self, html: SinglePart) -> Result<MultiPart, BoxError> {
        let Self { logo, content_id } = self;
        let body = Body::new_with_encoding(logo.bytes().to_vec(), ContentTransferEncoding::Base64);
        let image = Attachment::new_inline_with_name(content_id, format!("logo.{}", logo.format()))
            .body(body.map_err(|_| "the logo cannot be encoded")?, ContentType::parse(logo.format().media_type())?);
        let related = ContentType::parse("multipart/related; boundary=\"=_attune_related\"; type=\"text/html\"")?;
        Ok(MultiPart::builder().header(related).singlepart(html).singlepart(image))
    }
}
