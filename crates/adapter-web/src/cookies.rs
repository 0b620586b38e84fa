//! The cookies that the pages set. Their values are secrets.

use actix_web::http::header::{COOKIE, HeaderValue, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse};
use attune_application::accounts::Tokens;
use attune_http_common::Problem;

/// 400 days, the most that browsers allow.
const MAX_AGE: u32 = 400 * 24 * 3600;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The token of the login session. It ends with the browser.
    LoginSession,
    /// The token by which this browser is recognised at the next login.
    Device,
    /// A random text that binds forms to this browser before there is a login session.
    Form,
    /// The language that the reader chose.
    Language,
}

impl Cookie {
    /// With the prefix `__Host-`, no other host and no page over plain http can set it.
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::LoginSession, true) => "__Host-attune",
            (Self::LoginSession, false) => "attune",
            (Self::Device, true) => "__Host-attune-device",
            (Self::Device, false) => "attune-device",
            (Self::Form, true) => "__Host-attune-form",
            (Self::Form, false) => "attune-form",
            (Self::Language, true) => "__Host-attune-language",
            (Self::Language, false) => "attune-language",
        }
    }

    /// The value that the browser sent.
    pub(crate) fn of(self, http: &HttpRequest, secure: bool) -> Option<String> {
        let name = self.name(secure);
        let lines = http.headers().get_all(COOKIE).filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned())
    }

    /// Adds it to a response.
    pub(crate) fn set(self, response: &mut HttpResponse, value: &str, secure: bool) -> Result<(), Problem> {
        let mut text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax", self.name(secure));
        if matches!(self, Self::Device | Self::Language) {
            text.push_str(&format!("; Max-Age={MAX_AGE}"));
        }
        self.add(response, text, secure)
    }

    /// Adds those of a login.
    pub(crate) fn keep_login(response: &mut HttpResponse, tokens: &Tokens, secure: bool) -> Result<(), Problem> {
        Self::LoginSession.set(response, &tokens.refresh_token, secure)?;
        tokens.device_token.as_ref().map_or(Ok(()), |token| Self::Device.set(response, token, secure))
    }

    /// Makes the browser forget it.
    pub(crate) fn remove(self, response: &mut HttpResponse, secure: bool) -> Result<(), Problem> {
        let text = format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0", self.name(secure));
        self.add(response, text, secure)
    }

    fn add(self, response: &mut HttpResponse, mut text: String, secure: bool) -> Result<(), Problem> {
        if secure {
            text.push_str("; Secure");
        }
        let mut header = HeaderValue::try_from(text).map_err(|error| Problem::internal(&error))?;
        header.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, header);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn cookies_are_for_this_host_alone_and_hidden() {
        for (cookie, secure, expected) in [
            (Cookie::LoginSession, true, "__Host-attune=T; Path=/; HttpOnly; SameSite=Lax; Secure"),
            (Cookie::LoginSession, false, "attune=T; Path=/; HttpOnly; SameSite=Lax"),
            (Cookie::Device, true, "__Host-attune-device=T; Path=/; HttpOnly; SameSite=Lax; Max-Age=34560000; Secure"),
            (Cookie::Device, false, "attune-device=T; Path=/; HttpOnly; SameSite=Lax; Max-Age=34560000"),
        ] {
            let mut response = HttpResponse::Ok().finish();
            cookie.set(&mut response, "T", secure).unwrap();
            let header = response.headers().get(SET_COOKIE).unwrap();
            assert_eq!((header.to_str().unwrap(), format!("{header:?}").as_str()), (expected, "Sensitive"));
        }
    }

    #[test]
    fn the_cookie_of_this_name_is_read() {
        for (sent, expected) in [
            (&["attune-device=T"][..], Some("T")),
            (&["attune=A; attune-device=T; other=x"], Some("T")),
            (&["a=b=c;attune-device=T=="], Some("T==")),
            (&["attune=A", "attune-device=T"], Some("T")),
            (&["attune-device"], None),
            (&["__Host-attune-device=T"], None),
            (&[], None),
        ] {
            let request =
                sent.iter().fold(TestRequest::default(), |request, line| request.append_header((COOKIE, *line)));
            assert_eq!(Cookie::Device.of(&request.to_http_request(), false).as_deref(), expected, "{sent:?}");
        }
    }
}
