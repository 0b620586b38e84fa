//! What belongs to the practice: a page of links, and the practice's own data with its logo.

use std::collections::BTreeMap;

use actix_multipart::Multipart;
use actix_web::HttpRequest;
use actix_web::web::{Bytes, Data, Payload};
use attune_application::practice::{ChangeLogoCommand, ChangePracticeCommand, PracticeChanges};
use attune_domain::practice::{AccentColor, Formality, Logo, PhoneNumber, PracticeName, PracticeTexts, WebUrl};
use attune_domain::{EmailAddress, Language, Practice, TimeZoneName};
use attune_http_common::{Code, HandlerResult, Problem};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{TherapistVisit, VERSION, open, paths, receive};
use crate::blocks::{Block, FormBlock, Row};
use crate::fields::{Control, Field};
use crate::forms::{Form, refuse_forged};
use crate::typed::Typed;
use crate::visit::Section;
use crate::web::Web;

pub(crate) use super::paths::{LOGO, PRACTICE as PATH, PROFILE};

/// As in the API.
const MAX_TEXT_CHARS: usize = 20_000;
const MAX_OFFLINE_PAYMENT_CHARS: usize = 1_000;

/// An image, and what a form adds to it.
const MAX_LOGO_FORM: usize = Logo::MAX_BYTES + 10_000;

/// `GET /practice`
pub(crate) async fn menu(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| {
        let rows = [
            (paths::HOURS, "hours-title", "practice-hours"),
            (paths::WHY, "why-title", "practice-why"),
            (paths::SERVICES, "services-title", "practice-services"),
            (paths::POLICY, "policy-title", "practice-policy"),
            (PROFILE, "profile-title", "practice-profile"),
            (paths::MONEY, "money-title", "practice-money"),
            (paths::EMAILS, "emails-title", "practice-emails"),
            (paths::TEAM, "team-title", "practice-team"),
        ];
        let row = |(path, title, about): (&str, &str, &str)| Row {
            title: visit.text(title),
            href: Some(visit.view().href(path)),
            details: vec![visit.text(about)],
            ..Row::default()
        };
        let blocks = vec![Block::Rows(rows.map(row).into())];
        visit.respond(visit.text("tab-practice"), Section::Practice, None, &Typed::default(), blocks)
    })
    .await
}

/// `GET /practice/profile`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit, Typed::default()).await).await
}

/// `POST /practice/profile`
pub(crate) async fn change(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, PROFILE, async |visit, mut typed| {
        let typed = match save(visit, &mut typed).await {
            Ok(true) => return visit.done(PROFILE),
            Ok(false) => typed,
            Err(problem) => typed.refused(visit.view(), problem)?,
        };
        page(visit, typed).await
    })
    .await
}

/// `GET /practice/logo`
pub(crate) async fn back(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    crate::visit::back_to(PROFILE, &web, &http).await
}

/// `POST /practice/logo`
pub(crate) async fn change_logo(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    if let Some(refusal) = refuse_forged(&web, &http).await {
        return refusal;
    }
    let visit = match TherapistVisit::of(&web, &http, PROFILE).await? {
        Ok(visit) => visit,
        Err(response) => return Ok(response),
    };
    let outcome = async {
        let (mut form, image) = read_upload(&web, &http, payload).await?;
        visit.visit.check_form(&mut form, LOGO)?;
        let logo = match form.get(crate::blocks::BUTTON) {
            "remove" => None,
            _ => Some(Logo::new(image).map_err(|_| Code::InvalidImage)?),
        };
        let command =
            ChangeLogoCommand { admin: visit.caller.user.id, logo, version: None, metadata: visit.metadata() };
        web.use_cases.profile.change_logo(command).await?;
        Ok(())
    };
    let outcome = match outcome.await {
        Ok(()) => visit.done(PROFILE),
        Err(problem) => match Typed::default().refused(visit.view(), problem) {
            Ok(typed) => page(&visit, typed).await,
            Err(problem) => Err(problem),
        },
    };
    visit.respond_with(outcome)
}

/// The fields of a form with an image (RFC 7578).
async fn read_upload(web: &Web, http: &HttpRequest, payload: Payload) -> Result<(Form, Vec<u8>), Problem> {
    let bytes = web.settings.requests.read_up_to(MAX_LOGO_FORM, http, &mut payload.into_inner()).await?;
    let body = stream::iter([Ok::<_, actix_web::error::PayloadError>(Bytes::from(bytes))]);
    let mut parts = Multipart::new(http.headers(), body);
    let (mut fields, mut image) = (Vec::new(), Vec::new());
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| Problem::from(Code::BadRequest))?;
        let name = part.name().unwrap_or_default().to_owned();
        let content = part.try_fold(Vec::new(), async |mut content, chunk| {
            content.extend_from_slice(&chunk);
            Ok(content)
        });
        let content = content.await.map_err(|_| Problem::from(Code::BadRequest))?;
        if name == "logo" {
            image = content;
        } else {
            fields.push((name, String::from_utf8_lossy(&content).into_owned()));
        }
    }
    Ok((Form::of(fields), image))
}

/// Whether it was saved; not if something that was typed is wrong.
async fn save(visit: &TherapistVisit<'_>, typed: &mut Typed) -> Result<bool, Problem> {
    let view = visit.view();
    let name = typed.read(view, "name", "field-name-invalid", |text| PracticeName::parse(text).ok());
    let phone = typed.read_optional(view, "phone", "field-phone-invalid", |text| PhoneNumber::parse(text).ok());
    let email = typed.read_optional(view, "email", "field-email-invalid", |text| EmailAddress::parse(text).ok());
    let website = typed.read_optional(view, "website", "field-url-invalid", |text| WebUrl::parse(text).ok());
    let color = typed.read_optional(view, "color", "field-color-invalid", |text| AccentColor::parse(text).ok());
    let zone =
        typed.read(view, "zone", "account-zone-invalid", |text| TimeZoneName::parse(&text.replace(' ', "_")).ok());
    let formality = typed.read(view, "formality", "refused-out-of-range", Formality::parse);
    let texts = read_texts(visit, typed, None);
    let mut translations = BTreeMap::new();
    for language in Language::ALL {
        let texts = read_texts(visit, typed, Some(language));
        if texts != PracticeTexts::default() {
            translations.insert(language, texts);
        }
    }
    let (Some(name), Some(phone), Some(email), Some(website)) = (name, phone, email, website) else { return Ok(false) };
    let (Some(accent_color), Some(time_zone), Some(formality)) = (color, zone, formality) else { return Ok(false) };
    if typed.is_refused() {
        return Ok(false);
    }
    let changes = PracticeChanges {
        name: Some(name),
        phone: Some(phone),
        email: Some(email),
        website: Some(website),
        accent_color: Some(accent_color),
        time_zone: Some(time_zone),
        german_formality: Some(formality),
        imprint: Some(texts.imprint),
        privacy: Some(texts.privacy),
        offline_payment: Some(texts.offline_payment),
        translations: Some(translations),
        is_set_up: None,
    };
    let command = ChangePracticeCommand {
        admin: visit.caller.user.id,
        changes,
        version: typed.get(VERSION).parse().ok(),
        metadata: visit.metadata(),
    };
    visit.web.use_cases.profile.change(command).await?;
    Ok(true)
}

/// The texts of a practice: names of the fields and of their labels, and the most characters.
const TEXTS: [(&str, &str, usize); 3] = [
    ("imprint", "profile-imprint", MAX_TEXT_CHARS),
    ("privacy", "profile-privacy", MAX_TEXT_CHARS),
    ("offline", "profile-offline", MAX_OFFLINE_PAYMENT_CHARS),
];

/// The name of a field for a translation.
fn in_language(name: &str, language: Option<Language>) -> String {
    language.map_or_else(|| name.to_owned(), |language| format!("{name}_{language}"))
}

fn read_texts(visit: &TherapistVisit<'_>, typed: &mut Typed, language: Option<Language>) -> PracticeTexts {
    let [imprint, privacy, offline_payment] = TEXTS.map(|(name, _, most)| {
        typed
            .read_optional(visit.view(), &in_language(name, language), "field-too-long", |text| {
                let text = text.replace("\r\n", "\n");
                (text.chars().count() <= most).then_some(text)
            })
            .flatten()
    });
    PracticeTexts { imprint, privacy, offline_payment }
}

async fn page(visit: &TherapistVisit<'_>, typed: Typed) -> HandlerResult {
    let practice = visit.web.use_cases.practice.load().await?;
    let mut blocks = vec![Block::Form(profile_form(visit, &typed, &practice))];
    blocks.push(Block::Heading(visit.text("profile-logo")));
    let accept = Control::File { accept: "image/png,image/jpeg,image/webp" };
    let field = Field::with("logo", visit.text("profile-logo-file"), accept).hint(visit.text("profile-logo-hint"));
    let mut form: FormBlock = visit.form(LOGO, vec![field], "upload", "profile-logo-button");
    form.has_file = true;
    blocks.push(Block::Form(form.action(visit.view().href(LOGO))));
    if practice.logo.is_some() {
        let mut form = visit.form(LOGO, Vec::new(), "remove", "profile-logo-remove");
        form.has_file = true;
        blocks.push(Block::Form(form.quiet().action(visit.view().href(LOGO))));
    }
    let back = visit.link(PATH, "tab-practice");
    visit.respond(visit.text("profile-title"), Section::Practice, Some(back), &typed, blocks)
}

pub(super) fn profile_form(visit: &TherapistVisit<'_>, typed: &Typed, practice: &Practice) -> FormBlock {
    let view = visit.view();
    let or_empty = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let phone = or_empty(practice.phone.as_ref().map(PhoneNumber::as_str));
    let email = or_empty(practice.email.as_ref().map(EmailAddress::as_str));
    let website = or_empty(practice.website.as_ref().map(WebUrl::as_str));
    let color = practice.accent_color.map(|color| color.to_string()).unwrap_or_default();
    let formality = Formality::ALL.map(|it| (it.as_str().to_owned(), visit.text(&format!("formality.{it}")))).to_vec();
    let mut fields = vec![
        typed.input(view, "name", "text", "profile-name", practice.name.as_str()),
        typed.input(view, "phone", "tel", "profile-phone", &phone).optional(),
        typed.input(view, "email", "email", "field-email", &email).optional(),
        typed.input(view, "website", "url", "profile-website", &website).optional(),
        typed.input(view, "color", "text", "profile-color", &color).hint(view.text("profile-color-hint")).optional(),
        typed
            .input(view, "zone", "text", "field-zone", practice.time_zone.as_str())
            .suggestions(crate::pages::account::ZONES),
        typed.radios(view, "formality", "profile-formality", practice.german_formality.as_str(), formality),
    ];
    let text_fields = |texts: &PracticeTexts, language: Option<Language>| {
        let stored = [&texts.imprint, &texts.privacy, &texts.offline_payment];
        let field = |((name, label, _), stored): ((&str, &str, usize), &Option<String>)| {
            let text = visit.text(label);
            let label = match language {
                Some(language) => view.text_with(
                    "profile-text-in",
                    &[("text", (&text).into()), ("language", crate::language::name(language).into())],
                ),
                None => text,
            };
            let stored = stored.as_deref().unwrap_or_default();
            typed.area_labelled(view, &in_language(name, language), label, stored)
        };
        TEXTS.into_iter().zip(stored).map(field).collect::<Vec<Field>>()
    };
    fields.extend(text_fields(&practice.texts, None));
    for language in Language::ALL {
        let texts = practice.translations.get(&language).cloned().unwrap_or_default();
        fields.extend(text_fields(&texts, Some(language)));
    }
    visit.form(PROFILE, fields, "profile", "save").versioned(practice.version).action(view.href(PROFILE))
}
