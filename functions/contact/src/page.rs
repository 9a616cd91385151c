//! The page `/contact`, for deployments without a frontend of their own. Its script sends the form to the API, so that a reload sends
//! nothing, an error keeps the typed text, and pressing the button several times sends one message.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use kernel::{Locale, Messages};
use proofs::captcha::Captcha;
use tickets::{ContactSubject, MESSAGE_MIN, NAME_MAX, TEXT_MAX};
use web::{Language, Page, Problems, Widget, escaped};

use crate::CAPTCHA_ACTION;

const TEXTS: Messages = Messages::new(kernel::in_every_language!("page.ftl"));

/// Serves the page with the contact form. Loading it changes nothing.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/contact", responses((status = 200, content_type = "text/html", body = String), Problems))]
pub async fn get_contact_page(State(s): State<crate::State>, Language(locale): Language) -> Response {
    let widget = s.captcha.as_ref().map(Captcha::widget);
    page(locale, s.subjects.all(), widget.as_ref())
}

fn page<'a>(locale: Locale, subjects: impl Iterator<Item = &'a ContactSubject>, widget: Option<&Widget>) -> Response {
    let limits = [("min", MESSAGE_MIN.to_string()), ("max", TEXT_MAX.to_string())];
    let say = |key: &str| escaped(&TEXTS.text(locale, key, &limits));
    let option = |subject: &ContactSubject| {
        let (value, template, name) = (escaped(&subject.value), escaped(&subject.template(locale)), escaped(&subject.name(locale)));
        format!("<option value=\"{value}\" data-template=\"{template}\">{name}</option>")
    };
    let captcha = widget.map(|Widget { class, site_key, .. }| {
        // Compact, so that it fits on the narrowest screens.
        let key = escaped(site_key);
        format!("<div class=\"{class}\" data-sitekey=\"{key}\" data-action=\"{CAPTCHA_ACTION}\" data-size=\"compact\"></div>")
    });
    let title = TEXTS.text(locale, "title", &[]);
    let main = format!(
        include_str!("../assets/page.html"),
        title = escaped(&title),
        lead = say("lead"),
        no_script = say("no-script"),
        no_connection = say("no-connection"),
        name = say("name"),
        name_max = NAME_MAX,
        email = say("email"),
        subject = say("subject"),
        choose = say("choose"),
        subjects = subjects.map(option).collect::<String>(),
        message = say("message"),
        message_hint = say("message-hint"),
        captcha = captcha.unwrap_or_default(),
        button = say("button"),
        // The script inserts the number.
        done = escaped(&TEXTS.text(locale, "done", &[("id", "{id}".to_owned())])),
    );
    Page { locale, title: &title, main: &main, script: include_str!("../assets/page.js"), form: false, widget }.into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use tickets::Subjects;

    use super::*;

    fn subjects() -> Subjects {
        let env: kernel::Env = [("CONTACT_SUBJECTS".to_owned(), "bug_report;odd=<Odd> \"one\"".to_owned())].into_iter().collect();
        env.read(Subjects::read).unwrap()
    }

    async fn read(locale: Locale, widget: Option<&Widget>) -> (String, String) {
        let response = page(locale, subjects().all(), widget);
        let policy = response.headers()[http::header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        (policy, String::from_utf8(to_bytes(response.into_body(), 100_000).await.unwrap().to_vec()).unwrap())
    }

    #[test]
    fn every_language_says_everything() {
        assert_eq!(TEXTS.faults(), [""; 0]);
    }

    #[tokio::test]
    async fn the_page_is_complete_in_every_language() {
        let widget = Widget {
            class: "g-recaptcha",
            site_key: "a\"b".to_owned(),
            script: "https://captcha.example/api.js".to_owned(),
            sources: "https://captcha.example".to_owned(),
        };
        for locale in Locale::ALL {
            for widget in [None, Some(&widget)] {
                let (policy, html) = read(locale, widget).await;
                let body = html.split_once("<body").unwrap().1.split_once("<script>").unwrap().0;
                assert!(!body.replace("{id}", "").contains(['{', '}']), "{body}");
                assert!(body.contains("&lt;Odd&gt; &quot;one&quot;") && body.contains("250"), "{body}");
                assert_eq!(body.contains("data-sitekey=\"a&quot;b\" data-action=\"contact\""), widget.is_some(), "{body}");
                assert_eq!(policy.contains("https://captcha.example"), widget.is_some(), "{policy}");
                assert!(!policy.contains("unsafe"), "{policy}");
                for field in ["name", "email", "subject", "message"] {
                    assert!(body.contains(&format!("<label for=\"{field}\">")), "{field}");
                    assert!(body.contains(&format!("<p id=\"{field}-error\" class=\"error\" role=\"alert\"></p>")), "{field}");
                }
            }
        }
    }
}
