//! A person's preferences: which notifications they get, by which channels, and their quiet hours.
//!
//! A person has one item with their choices. For everything else the defaults of [`Category::offer`] apply, so that most people have no
//! item.

mod category;
mod quiet;
mod settings;
mod unsubscribe;

pub use category::{Category, Channel, Offer};
pub use quiet::{QuietHours, TimeOfDay};
pub use settings::{Settings, Switches, change};
pub use unsubscribe::Unsubscribe;

store::items![settings::Settings];
