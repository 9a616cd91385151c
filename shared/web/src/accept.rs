//! Whether a client prefers an HTML page or JSON, by its `Accept` header (RFC 9110 §12.5.1).

use http::{HeaderMap, header};
use kernel::locale::thousandths;

/// Returns whether the client prefers HTML to JSON: by the weights and, for equal weights, by the more specific media range. JSON if
/// neither is preferred.
pub(crate) fn prefers_html(headers: &HeaderMap) -> bool {
    let lines: Vec<_> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let ranges: Vec<(&str, u16)> = lines.iter().flat_map(|line| line.split(',')).map(range).collect();
    let json = ["application/problem+json", "application/json"].map(|kind| suits(&ranges, kind)).into_iter().max().flatten();
    suits(&ranges, "text/html") > json
}

/// Returns a media range with its weight in thousandths.
fn range(text: &str) -> (&str, u16) {
    let mut parts = text.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="))).map_or(1000, thousandths);
    (kind, weight)
}

/// Returns the weight of a media type and the specificity of its range (2 for the type itself, 0 for `*/*`), from the most specific range
/// that contains the type. `None` if it is not accepted.
fn suits(ranges: &[(&str, u16)], kind: &str) -> Option<(u16, u8)> {
    let group = format!("{}/*", kind.split('/').next().unwrap_or_default());
    let of = |wanted: &str, specific: u8| {
        let weights = ranges.iter().filter(|(range, _)| range.eq_ignore_ascii_case(wanted)).map(|(_, weight)| *weight);
        weights.max().map(|weight| (weight, specific))
    };
    of(kind, 2).or_else(|| of(&group, 1)).or_else(|| of("*/*", 0)).filter(|(weight, _)| *weight > 0)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_page_is_for_who_prefers_one() {
        let html = |lines: &[&str]| prefers_html(&lines.iter().map(|l| (header::ACCEPT, HeaderValue::from_str(l).unwrap())).collect());
        for page in [
            &["text/html"][..],
            &["TEXT/HTML"],
            &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
            &["text/html, */*;q=0.8"],
            &["*/*;q=0.8, text/html"],
            &["*/*;q=0.8", "text/html"],
            &["application/json;q=0.5, text/html;q=0.6"],
            &["text/html;charset=utf-8"],
            &["text/html, application/xhtml+xml, */*"],
            &["text/*"],
            &["text/*;q=0.9, application/*;q=0.3"],
            &["application/json;q=0, */*;q=0.1, application/problem+json;q=0"],
            &["text/html;q=0.001"],
        ] {
            assert!(html(page), "{page:?}");
        }
        for json in [
            &[][..],
            &[""],
            &["*/*"],
            &["application/json"],
            &["application/problem+json, text/html;q=0.9"],
            &["text/html, application/json"],
            &["application/json, text/html"],
            &["text/html;q=0"],
            &["text/html;q=0, */*"],
            &["text/html;q=0.000, text/*"],
            &["text/html;q=x, */*;q=0.5"],
            &["text/html;q=0.5, application/json;q=0.8"],
            &["image/avif,image/webp,*/*"],
            &["text/plain"],
            &["text/html5"],
            &["application/xhtml+xml"],
        ] {
            assert!(!html(json), "{json:?}");
        }
    }
}
