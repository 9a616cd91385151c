//! Profile pictures: uploading, looking at, removing.

pub mod remove;
pub mod show;
pub mod upload;

use std::sync::Arc;

use files::picture::Size;
use kernel::id::PictureId;
use serde::Serialize;
use utoipa::ToSchema;

/// The addresses of a picture in every size. They stay good for as long as it is somebody's picture.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Picture {
    /// 64 × 64 pixels.
    #[schema(format = "uri")]
    small: String,
    /// 300 × 300 pixels.
    #[schema(format = "uri")]
    medium: String,
    /// 1024 × 1024 pixels.
    #[schema(format = "uri")]
    large: String,
}

impl Picture {
    /// What it looks like.
    pub fn example() -> serde_json::Value {
        let at = |size| format!("https://api.example.test/v1/pictures/pic_01K9ZC4QW8V3T6R1NHXJ5B2MDP/{size}");
        serde_json::json!({"small": at(64), "medium": at(300), "large": at(1024)})
    }
}

/// Where pictures are reached.
#[derive(Clone)]
pub struct Links {
    base: Arc<str>,
}

impl Links {
    pub fn new(public_url: &str) -> Self {
        Self { base: public_url.into() }
    }

    /// The addresses of this picture, or of the one that everybody has who has none.
    pub fn of(&self, picture: Option<PictureId>) -> Picture {
        let name = picture.map_or_else(|| show::DEFAULT.to_owned(), |p| p.to_string());
        let at = |size: Size| format!("{}/v1/pictures/{name}/{}", self.base, size.pixels());
        Picture { small: at(Size::Small), medium: at(Size::Medium), large: at(Size::Large) }
    }
}
