//! Which notifications a person gets, over which channels, and when not.
//!
//! A person has one item with what they have chosen. What they have not chosen follows the defaults of [`Category::offer`], so that
//! most people have no item.

mod category;
mod quiet;
mod settings;
mod unsubscribe;

pub use category::{Category, Channel, Offer};
pub use quiet::{QuietHours, TimeOfDay};
pub use settings::{Settings, Switches, change};
pub use unsubscribe::Unsubscribe;

store::items![settings::Settings];
