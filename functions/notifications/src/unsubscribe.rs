//! Stopping mails with the link in them, without a session (RFC 8058). Programs that scan mails open links, so `GET` only shows a page
//! with a button. `POST` stops the mails at once.

use axum::extract::State;
use kernel::{Kind, Locale, Messages, Problem};
use preferences::{Channel, Settings, Unsubscribe};
use web::{ButtonPage, Error, Language, Path, Problems};

const TEXTS: Messages = Messages::new(kernel::in_every_language!("unsubscribe.ftl"));

/// Returns the person and the categories of a link.
fn parse_link(s: &crate::State, token: &str) -> Result<Unsubscribe, Problem> {
    Unsubscribe::open(&s.sealer, token).map_err(|_| Kind::LinkInvalid.because("the seal does not open"))
}

/// Returns a sentence with the names of the categories.
fn sentence(key: &str, link: &Unsubscribe, locale: Locale) -> String {
    let names: Vec<String> =
        link.categories.iter().map(|category| TEXTS.text(locale, &format!("about-{}", category.name()), &[])).collect();
    TEXTS.text(locale, key, &[("what", names.join(", "))])
}

/// Serves the page that the link in a mail opens. Loading it changes nothing.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/unsubscribe/{token}",
    params(("token" = String, Path, max_length = 1000, description = "The token of the link.", example = "q83vEjRWeJC6q83vEjRWeJC6")),
    extensions(("x-problems" = json!(["link_invalid"]))),
    responses((status = 200, description = "The page.", content_type = "text/html", body = String, example = "<!doctype html>"), Problems))]
pub async fn get_unsubscribe_page(
    State(s): State<crate::State>,
    Path(token): Path<String>,
    Language(locale): Language,
) -> Result<ButtonPage, Error> {
    let lead = sentence("page-lead", &parse_link(&s, &token)?, locale);
    let text = |key: &str| TEXTS.text(locale, key, &[]);
    Ok(ButtonPage { locale, title: text("page-title"), lead, button: Some(text("page-button")) })
}

/// Stops the mails of the link's categories at once. Needs no session and ignores its body. The operation can be repeated.
///
/// AWS calls: a read of the settings; a transaction, which also checks the account, unless the mails are stopped already.
#[utoipa::path(post, path = "/unsubscribe/{token}",
    params(("token" = String, Path, max_length = 1000, description = "The token of the link.", example = "q83vEjRWeJC6q83vEjRWeJC6")),
    extensions(("x-problems" = json!(["link_invalid", "conflict"]))),
    responses((status = 200, description = "A page that says so.", content_type = "text/html", body = String, example = "<!doctype html>"), Problems))]
pub async fn unsubscribe(
    State(s): State<crate::State>,
    Path(token): Path<String>,
    Language(locale): Language,
) -> Result<ButtonPage, Error> {
    let link = parse_link(&s, &token)?;
    let read = s.table.get::<Settings>(Settings::key_of(link.user)).await?;
    let stop = |settings: &mut Settings| {
        for category in &link.categories {
            settings.set(*category, Channel::Mail, false);
        }
        Ok(())
    };
    match preferences::change(&s.table, link.user, read, stop).await {
        Ok(_) => {}
        // An account that is not active gets no mails anyway.
        Err(problem) if problem.kind == Kind::NotFound => {}
        Err(problem) => return Err(problem.into()),
    }
    let lead = sentence("done-lead", &link, locale);
    Ok(ButtonPage { locale, title: TEXTS.text(locale, "done-title", &[]), lead, button: None })
}

#[cfg(test)]
mod tests {
    use kernel::Sys;
    use preferences::Category;

    use super::*;

    #[test]
    fn every_language_names_every_category() {
        assert_eq!(TEXTS.faults(), [""; 0]);
        let link = Unsubscribe { user: Sys::real().id(), categories: Category::ALL.to_vec() };
        for locale in Locale::ALL {
            let said = sentence("page-lead", &link, locale);
            assert_eq!(said.matches(", ").count(), Category::ALL.len() - 1, "{said}");
            assert!(!said.contains("about-"), "{said}");
        }
    }
}
