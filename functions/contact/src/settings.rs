//! The settings that a page with the contact form needs.

use axum::extract::State;
use kernel::Locale;
use proofs::captcha::CaptchaSite;
use serde::Serialize;
use tickets::{MESSAGE_MIN, NAME_MAX, TEXT_MAX};
use utoipa::ToSchema;
use web::{Json, Language, Problems};

use crate::CAPTCHA_ACTION;

/// The settings of the contact form.
#[derive(Serialize, ToSchema)]
pub struct ContactSettings {
    /// The subjects, in their order.
    subjects: Vec<ContactSubject>,
    /// The maximum number of characters of the name.
    #[schema(examples(100))]
    name_max: usize,
    /// The minimum number of characters of the message.
    #[schema(examples(250))]
    message_min: usize,
    /// The maximum number of characters of the message.
    #[schema(examples(10000))]
    message_max: usize,
    /// The captcha that a message needs. Absent if this deployment uses none.
    #[serde(skip_serializing_if = "Option::is_none")]
    captcha: Option<CaptchaSite>,
}

/// A subject.
#[derive(Serialize, ToSchema)]
pub struct ContactSubject {
    /// The value to send with a message. It is the same in every language.
    #[schema(examples("bug_report"))]
    value: String,
    /// The name, in the language of the response.
    #[schema(examples("Something does not work"))]
    name: String,
    /// A template for the beginning of a message about it, in the language of the response.
    #[schema(examples("Hello,\n\nmy name is Forename Surname.\n\nSomething does not work.\n"))]
    template: String,
}

impl ContactSubject {
    fn of(subject: &tickets::ContactSubject, locale: Locale) -> Self {
        Self { value: subject.value.clone(), name: subject.name(locale), template: subject.template(locale) }
    }
}

/// Returns the settings of the contact form: its subjects with templates, its limits, and its captcha.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/v1/contact-settings", responses((status = 200, body = ContactSettings), Problems))]
pub async fn get_contact_settings(State(s): State<crate::State>, Language(locale): Language) -> Json<ContactSettings> {
    let captcha = s.captcha.as_ref().map(|captcha| captcha.site(CAPTCHA_ACTION));
    let subjects = s.subjects.all().map(|subject| ContactSubject::of(subject, locale)).collect();
    Json(ContactSettings { subjects, name_max: NAME_MAX, message_min: MESSAGE_MIN, message_max: TEXT_MAX, captcha })
}
