//! Showing a picture: its address never changes. For pages it redirects to a short-lived link, and scripts get the picture itself.

use std::{str::FromStr, time::Duration};

use accounts::picture::DEFAULT;
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use files::{
    Bucket, FilesError,
    picture::{self, Size},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Kind, Problem, Sys, Time, id::PictureId};
use serde::{Deserialize, Deserializer, de::Error as _};
use web::{Error, Path, Problems};

/// How long a link to the bucket is valid.
const LINK_LIFE: Duration = Duration::from_secs(1800);
/// Links are signed for the beginning of a span of ten minutes. Within a span all clients get the same link, so that browsers fetch a
/// picture once.
const SPAN: Duration = Duration::from_secs(600);
/// The most bytes of a picture that is served. Published pictures have less: the largest would have three million without compression.
const PICTURE_MAX_BYTES: u32 = 4 * 1024 * 1024;
/// A reply may be cached for ten minutes. Its link is valid for longer than that.
const KEEP: &str = "public, max-age=600";

/// Which picture an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestedPicture {
    /// The default picture.
    Default,
    /// A person's picture.
    Of(PictureId),
}

impl<'de> Deserialize<'de> for RequestedPicture {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        if text == DEFAULT { Ok(Self::Default) } else { PictureId::from_str(&text).map(Self::Of).map_err(D::Error::custom) }
    }
}

/// Shows a picture.
///
/// Needs no access token: everybody may see every picture, and ids cannot be guessed. For `<img src>` it redirects. The redirect
/// may be cached for ten minutes, and its target is valid for longer. If the picture no longer exists, the target answers with an
/// error.
///
/// Scripts (`fetch`, `<img crossorigin>`), which send `Origin`, get the picture itself, because browsers send `Origin: null` after a
/// redirect to a third origin.
///
/// AWS calls: none for a redirect. The link is computed here, and needs no check: a file under this name is the current picture,
/// as it is moved away when it no longer is. One for a script, which reads the file.
#[utoipa::path(
    get, path = "/v1/pictures/{picture}/{size}", operation_id = "get_picture",
    params(
        ("picture" = String, Path, max_length = 30, description = "The id of a picture, or `default`.", example = "default"),
        ("size" = inline(Size), Path, description = "Pixels on each side.", example = "300"),
    ),
    extensions(("x-problems" = json!(["not_found"]))),
    responses(
        (status = 200, description = "The picture, for a script, or the default picture.", content_type = "image/jpeg", body = String, example = "the bytes of a JPEG"),
        (
            status = 302, description = "A redirect to the picture.",
            headers(("Location" = String, description = "A link to the picture, valid for 20 to 30 minutes."), ("Cache-Control" = String, description = "How long the redirect may be cached."))
        ),
        Problems,
    )
)]
pub async fn get_picture(
    Path((which, size)): Path<(RequestedPicture, Size)>,
    State(bucket): State<Bucket>,
    State(sys): State<Sys>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let jpeg = |kept: &'static str| [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, kept)];
    match which {
        RequestedPicture::Default => Ok((jpeg("public, max-age=86400"), default(size)).into_response()),
        RequestedPicture::Of(id) if headers.contains_key(header::ORIGIN) => {
            let picture = bucket.read(&picture::key(id, size), PICTURE_MAX_BYTES).await.map_err(|e| match e {
                FilesError::Refused(_) => Problem::new(Kind::NotFound).because(e),
                e => e.into(),
            })?;
            Ok((jpeg(KEEP), picture).into_response())
        }
        RequestedPicture::Of(id) => {
            let link = bucket.download_link(&picture::key(id, size), span(sys.now()), LINK_LIFE).await?;
            let location = HeaderValue::try_from(link.url).map_err(Problem::internal)?;
            let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static(KEEP))];
            Ok((StatusCode::FOUND, headers).into_response())
        }
    }
}

const fn default(size: Size) -> &'static [u8] {
    match size {
        Size::Small => include_bytes!("../../assets/default-64.jpg"),
        Size::Medium => include_bytes!("../../assets/default-300.jpg"),
        Size::Large => include_bytes!("../../assets/default-1024.jpg"),
    }
}

/// Returns the beginning of the span that contains `now`.
fn span(now: Time) -> Time {
    let ms = i64::try_from(SPAN.as_millis()).unwrap_or(1);
    Time::from_millis(now.millis().saturating_sub(now.millis().rem_euclid(ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_outlives_every_reply_that_is_kept() {
        for ms in [0, 1, 599_999, 600_000, 1_900_000_123_456] {
            let now = Time::from_millis(ms);
            let kept_until = now + SPAN;
            let good_until = span(now) + LINK_LIFE;
            assert!(good_until.since(kept_until) >= SPAN, "{ms}");
        }
        assert!(KEEP.ends_with(&SPAN.as_secs().to_string()));
    }

    #[test]
    fn an_address_names_a_picture_or_the_default_one() {
        let id: PictureId = Sys::real().id();
        let parse = |text: &str| serde_json::from_value::<RequestedPicture>(text.into()).ok();
        assert_eq!(parse("default"), Some(RequestedPicture::Default));
        assert_eq!(parse(&id.to_string()), Some(RequestedPicture::Of(id)));
        assert_eq!(parse("../incoming/x"), None);
    }
}
