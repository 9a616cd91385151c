//! URLs of people's pictures.

use std::sync::Arc;

use kernel::{env::Reader, id::PictureId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The path segment instead of an id for people without a picture.
pub const DEFAULT: &str = "default";

/// The sizes of every picture: squares of this many pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Size {
    /// For lists.
    #[serde(rename = "64")]
    Small,
    /// For a profile.
    #[serde(rename = "300")]
    Medium,
    /// For a view of the picture alone.
    #[serde(rename = "1024")]
    Large,
}

impl Size {
    /// Every size.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// Pixels on each side.
    #[must_use]
    pub const fn pixels(self) -> u32 {
        match self {
            Self::Small => 64,
            Self::Medium => 300,
            Self::Large => 1024,
        }
    }
}

/// The URLs of a picture in every size. They are valid while the person has the picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
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
    /// Returns an example for the API's document.
    #[must_use]
    pub fn example() -> serde_json::Value {
        let at = |size| format!("https://api.example.test/v1/pictures/pic_01K9ZC4QW8V3T6R1NHXJ5B2MDP/{size}");
        serde_json::json!({"small": at(64), "medium": at(300), "large": at(1024)})
    }
}

/// Builds the URLs of pictures.
#[derive(Clone)]
pub struct Links {
    base: Arc<str>,
}

impl Links {
    /// Reads `PUBLIC_URL`, the address of the API, below which the pictures are.
    #[must_use]
    pub fn read(r: &mut Reader<'_>) -> Self {
        Self { base: r.need("PUBLIC_URL").into() }
    }

    /// Returns the URLs of this picture, or of the default picture.
    #[must_use]
    pub fn of(&self, picture: Option<PictureId>) -> Picture {
        let name = picture.map_or_else(|| DEFAULT.to_owned(), |p| p.to_string());
        let at = |size: Size| format!("{}/v1/pictures/{name}/{}", self.base, size.pixels());
        Picture { small: at(Size::Small), medium: at(Size::Medium), large: at(Size::Large) }
    }
}
