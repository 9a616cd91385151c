//! Authentication of requests: extractors for signed-in members, members with a fresh proof, staff, and programs of staff.
//!
//! Every caller, over HTTP or a socket, is authenticated by [`authenticate`].

pub mod api_key;
mod caller;
pub mod staff;

pub use api_key::StaffOrKey;
pub use caller::{FRESH_MAX_AGE, Fresh, Member, MemberWith, MemberWithBoth, Proof, Proves, authenticate, bearer, load_with};
pub use staff::Staff;
