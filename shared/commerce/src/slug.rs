//! Slugs: the names of products in URLs. A slug is created once, and does not change when the product is renamed.

use std::fmt;

use kernel::{Id as _, id::ProductId};
use search::normal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The maximum number of characters of a slug.
const MAX: usize = 50;
/// The maximum number of characters of a slug without its number.
const STEM_MAX: usize = 44;
/// The number of characters of the id in a slug that is made from it.
const OF_ID: usize = 8;

/// A slug: 1 to 50 of `a-z`, `0-9` and single hyphens between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 50, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", examples("garden-turtle"))]
pub struct ProductSlug(String);

/// A text that is not a slug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSlug;

impl fmt::Display for BadSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a slug has 1 to 50 of a-z 0-9 and single hyphens")
    }
}

impl ProductSlug {
    /// Returns the slug of a name: its Latin letters and digits. A name in another script gets one from the product's id.
    #[must_use]
    pub fn of(name: &str, product: ProductId) -> Self {
        let mut slug = String::new();
        for word in normal(name).split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
            let length = slug.len().saturating_add(usize::from(!slug.is_empty())).saturating_add(word.len());
            if length > STEM_MAX && !slug.is_empty() {
                break;
            }
            if !slug.is_empty() {
                slug.push('-');
            }
            slug.extend(word.chars().take(STEM_MAX));
        }
        if slug.is_empty() { Self::of_id(product) } else { Self(slug) }
    }

    /// Returns the slug of a product whose name has no Latin letters and digits.
    #[must_use]
    pub fn of_id(product: ProductId) -> Self {
        let ulid = product.ulid().to_string().to_ascii_lowercase();
        let last: String = ulid.chars().skip(ulid.len().saturating_sub(OF_ID)).collect();
        Self(format!("product-{last}"))
    }

    /// This slug with a number, because another product has it.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        Self(format!("{}-{number}", self.0))
    }
}

impl TryFrom<String> for ProductSlug {
    type Error = BadSlug;
    fn try_from(text: String) -> Result<Self, BadSlug> {
        let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if text.len() <= MAX && text.split('-').all(word) { Ok(Self(text)) } else { Err(BadSlug) }
    }
}

impl From<ProductSlug> for String {
    fn from(slug: ProductSlug) -> Self {
        slug.0
    }
}

impl fmt::Display for ProductSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    #[test]
    fn every_name_gives_a_slug() {
        let id = Sys::real().id();
        let of = |name: &str| ProductSlug::of(name, id).to_string();
        for (name, slug) in [
            ("Żółw ogrodowy", "zolw-ogrodowy"),
            ("  P 00 ", "p-00"),
            ("Straße & Øl", "strasse-ol"),
            ("桜 100", "100"),
            ("--x--", "x"),
            ("C'est l'été!", "c-est-l-ete"),
        ] {
            assert_eq!(of(name), slug, "{name}");
        }
        for name in ["桜", "Чай", "…", "🐢"] {
            assert!(of(name).starts_with("product-"), "{}", of(name));
        }
    }

    #[test]
    fn every_slug_is_one_and_fits() {
        let id = Sys::real().id();
        let long = "Słoń ".repeat(20);
        for name in ["桜", "a", &"x".repeat(100), &long, "ß".repeat(50).as_str(), "a-b-c"] {
            let slug = ProductSlug::of(name, id);
            for slug in [slug.clone(), slug.numbered(1), slug.numbered(99)] {
                assert_eq!(ProductSlug::try_from(slug.to_string()), Ok(slug));
            }
        }
        for bad in ["", "-a", "a-", "a--b", "A", "ż", "a b", &"x".repeat(51)] {
            assert_eq!(ProductSlug::try_from(bad.to_owned()), Err(BadSlug), "{bad}");
        }
    }
}
