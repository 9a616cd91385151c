//! The countries in which postal addresses are accepted, with the data that a form for an address needs.

use axum::{extract::State, response::Response};
use countries::{Blocked, Country};
use http::HeaderMap;
use kernel::{Locale, Problem};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Error, Language, Problems};

/// The countries to choose from.
#[derive(Serialize, ToSchema)]
pub struct CountryList {
    /// In the alphabetical order of their names.
    items: Vec<CountryInfo>,
}

/// A country.
#[derive(Serialize, ToSchema)]
pub struct CountryInfo {
    /// ISO 3166-1 alpha-2, or `XK` for Kosovo.
    #[schema(examples("PL"))]
    code: &'static str,
    /// The name, in the language of the response.
    #[schema(examples("Poland"))]
    name: &'static str,
    /// The flag, as an emoji.
    #[schema(examples("🇵🇱"))]
    flag: String,
    /// The calling code of its phone numbers. Absent if it has no numbering plan of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("+48"))]
    calling_code: Option<String>,
    /// Whether an address there needs a postal code.
    postal_code_required: bool,
    /// An example of a postal code in the country's format. Absent if none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("00-950"))]
    postal_code_example: Option<&'static str>,
}

fn info(country: Country, locale: Locale) -> CountryInfo {
    CountryInfo {
        code: country.code(),
        name: country.name(locale),
        flag: country.flag(),
        calling_code: country.calling_code().map(|digits| format!("+{digits}")),
        postal_code_required: country.postcodes().are_required(),
        postal_code_example: country.postcodes().example(),
    }
}

/// Lists the countries in which postal addresses are accepted, with their names in the language of the response. The list is the same for
/// everybody and can be cached.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/v1/countries",
    responses(
        (status = 200, body = CountryList, headers(("ETag" = String, description = "Identifies the version."))),
        (status = 304, description = "It has not changed since the version in `If-None-Match`."),
        Problems,
    ))]
pub async fn list_countries(State(blocked): State<Blocked>, Language(locale): Language, headers: HeaderMap) -> Result<Response, Error> {
    let open = Country::by_name(locale).into_iter().filter(|country| !blocked.has(*country));
    let list = CountryList { items: open.map(|country| info(country, locale)).collect() };
    let bytes = serde_json::to_vec(&list).map_err(Problem::internal)?;
    Ok(web::cached(&headers, "application/json", "public, max-age=3600", bytes))
}
