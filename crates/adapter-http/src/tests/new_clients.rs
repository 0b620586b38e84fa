//! Booking as a new client by page: the form, the mailed link, and the way back to the chosen slot.

use attune_application::accounts::Registration;
use attune_domain::OneTimePurpose;
use attune_ports::Provider;
use jiff::SignedDuration;
use reqwest::Method;

use super::harness::*;

/// [`SLOT`] with the therapist, in a time zone other than the practice's.
const CHOSEN: &str = "service=1&therapist=1&zone=America%2FNew_York&at=1705312800";
const FORM: &str = "/book/new-client";

/// A visitor's browser, with the cookies that it was given.
#[derive(Default)]
struct Browser {
    cookies: Vec<String>,
}

impl Browser {
    async fn open(&mut self, practice: &Practice, path: &str) -> Reply {
        self.send(practice, Method::GET, path, "").await
    }

    async fn send(&mut self, practice: &Practice, method: Method, path: &str, body: &str) -> Reply {
        let call = practice.request(method.clone(), path).header("Accept", "text/html").header("Cookie", &self.sent());
        let reply = if method == Method::POST { call.form(body).send().await } else { call.send().await };
        let set = reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        self.cookies.extend(set.map(|line| line.split(';').next().unwrap().to_owned()));
        reply
    }

    /// The newest value of a cookie counts.
    fn sent(&self) -> String {
        self.cookies.iter().rev().cloned().collect::<Vec<_>>().join("; ")
    }

    /// Fills the form of a new client.
    async fn register(&mut self, practice: &Practice, email: &str) -> Reply {
        let page = self.open(practice, &format!("/book/summary?{CHOSEN}")).await;
        let token = page.text.split("name=\"form_token\" value=\"").nth(1).expect("a form").split('"').next().unwrap();
        let names = "first_name=Zo%C3%AB&last_name=Nguy%E1%BB%85n";
        self.send(practice, Method::POST, FORM, &format!("form_token={token}&{CHOSEN}&{names}&email={email}")).await
    }
}

impl Reply {
    fn assert_leads_to(&self, path: &str) {
        assert_eq!(self.assert_status(303).header("location"), Some(path));
    }
}

async fn practice(registration: Registration) -> Practice {
    Parts { registration, ..Parts::new() }.provider(Provider::None).without_limits().open().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mailed_link_logs_in_and_leads_to_the_summary_of_the_slot() {
    for registration in [Registration::Open, Registration::Verified] {
        let practice = practice(registration).await;
        let mut browser = Browser::default();
        let mailed = browser.register(&practice, "zoe%40example.org").await;
        mailed.assert_status(202).assert_contains(&["Please look into your mailbox", "05:00", "not reserved for you"]);
        assert!(browser.cookies.iter().all(|cookie| !cookie.starts_with("attune=")), "no one is logged in");
        let link = format!("/verify/{}", practice.mailed_token(2, OneTimePurpose::VerifyEmail).await);
        // The mailbox is read on another device.
        let mut phone = Browser::default();
        phone.open(&practice, &link).await.assert_status(200).assert_contains(&["Confirm the address"]);
        let path = format!("/book/summary?{CHOSEN}");
        phone.send(&practice, Method::POST, &link, "").await.assert_leads_to(&path);
        let summary = phone.open(&practice, &path).await;
        summary.assert_status(200).assert_contains(&[
            "Is everything right?",
            "Zoë Nguyễn",
            "05:00",
            "For the practice",
        ]);
        phone.send(&practice, Method::POST, &link, "").await.assert_status(410);
        // Another client takes the slot in the meantime.
        let ada = practice.client("Ada").await;
        practice.book(&ada, SLOT).await;
        // The time zone that was chosen is that of the account.
        phone.open(&practice, &path).await.assert_leads_to("/book?from=2024-01-15&taken=1705312800");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_address_sees_the_same_page_and_its_owner_goes_on_with_a_login_link() {
    for registration in [Registration::Open, Registration::Verified] {
        let practice = practice(registration).await;
        practice.client("Ada").await;
        let (mut browser, mut texts) = (Browser::default(), Vec::new());
        for email in ["ada%40example.org", "zoe%40example.org"] {
            practice.advance(SignedDuration::from_secs(1));
            let reply = browser.register(&practice, email).await;
            texts.push(reply.assert_status(202).text.clone());
        }
        assert_eq!(texts[0], texts[1]);
        assert_eq!(practice.count_emails("registration_attempt").await, 0);
        let link = format!("/login/{}", practice.mailed_token(2, OneTimePurpose::LogIn).await);
        let path = format!("/book/summary?{CHOSEN}");
        browser.send(&practice, Method::POST, &link, "").await.assert_leads_to(&path);
        browser.open(&practice, &path).await.assert_contains(&["Is everything right?", "Ada Client"]);
        // The form that is still open in another tab leads there as well.
        browser.send(&practice, Method::POST, FORM, CHOSEN).await.assert_leads_to(&path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_and_what_was_typed_is_kept() {
    let practice = practice(Registration::Verified).await;
    let mut browser = Browser::default();
    let wrong = browser.register(&practice, "zoe%40example").await;
    wrong.assert_status(422).assert_contains(&[
        "<title>Error: Who are you?",
        "<a class=\"link\" href=\"#email\">Please enter an address like name@example.org.</a>",
        "value=\"Zoë\"",
        "value=\"Nguyễn\"",
        "value=\"zoe@example\"",
        "name=\"zone\" value=\"America/New_York\"",
    ]);
    browser.send(&practice, Method::POST, FORM, "email=zoe%40example.org").await.assert_status(303);
    let body = format!("{CHOSEN}&email=zoe%40example.org");
    browser.send(&practice, Method::POST, FORM, &body).await.assert_status(403);
    let forged = practice.request(Method::POST, FORM).header("Origin", "https://evil.example").form(&body).send().await;
    forged.assert_status(403);
    assert_eq!(practice.count_emails("email_verification").await, 0);
    let reloaded = browser.open(&practice, &format!("{FORM}?lang=de&{CHOSEN}")).await;
    reloaded.assert_leads_to(&format!("/book/summary?lang=de&{CHOSEN}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_is_lost_while_the_form_is_filled_leads_back_to_the_picker() {
    let practice = practice(Registration::Verified).await;
    let mut browser = Browser::default();
    let page = browser.open(&practice, &format!("/book/summary?{CHOSEN}")).await;
    let token = page.text.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let ada = practice.client("Ada").await;
    practice.book(&ada, SLOT).await;
    let body = format!("form_token={token}&{CHOSEN}&email=zoe%40example.org");
    let lost = browser.send(&practice, Method::POST, FORM, &body).await;
    lost.assert_leads_to("/book?zone=America/New_York&from=2024-01-15&taken=1705312800");
    assert_eq!(practice.count_emails("email_verification").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_practice_adds_accounts_where_registration_is_closed() {
    let practice = practice(Registration::Closed).await;
    let page = Browser::default().open(&practice, &format!("/book/summary?{CHOSEN}")).await;
    page.assert_contains(&["The practice adds new accounts"]);
    page.assert_lacks(&["name=\"email\""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn registrations_from_one_network_are_limited() {
    let parts = Parts { registration: Registration::Verified, ..Parts::new() };
    let practice = parts.settings(|settings| settings.limits.registrations_per_hour = 2).open().await;
    let mut browser = Browser::default();
    for (email, status) in [("a%40example.org", 202), ("b%40example.org", 202), ("c%40example.org", 429)] {
        browser.register(&practice, email).await.assert_status(status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_a_password_sets_one_on_the_page_of_the_account() {
    let practice = practice(Registration::Verified).await;
    let mut browser = Browser::default();
    browser.register(&practice, "zoe%40example.org").await.assert_status(202);
    let link = format!("/verify/{}", practice.mailed_token(2, OneTimePurpose::VerifyEmail).await);
    browser.send(&practice, Method::POST, &link, "").await.assert_status(303);
    let set = async |browser: &mut Browser, password: &str| {
        let page = browser.open(&practice, "/account").await;
        let form = page.text.split("action=\"/account/password\"").nth(1).expect("a form");
        let token = form.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let body = format!("form_token={token}&new_password={password}");
        practice.advance(SignedDuration::from_mins(6));
        browser.send(&practice, Method::POST, "/account/password", &body).await
    };
    browser.open(&practice, "/account/second-factor").await.assert_contains(&["You need an authenticator app"]);
    set(&mut browser, "short").await.assert_status(422).assert_contains(&["Please use at least 12"]);
    let late = set(&mut browser, "crooked+lighthouse").await;
    late.assert_status(422).assert_contains(&["within ten minutes", "Send me a link to set a password"]);
    let factor = browser.open(&practice, "/account/second-factor").await;
    factor.assert_contains(&["Please set one first"]);
}
