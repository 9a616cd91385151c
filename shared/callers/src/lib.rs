//! Authentication of requests: extractors for signed-in members, members with a fresh proof, and staff.
//!
//! Every caller, over HTTP or a socket, is authenticated by [`authenticate`].

mod caller;
pub mod staff;

pub use caller::{FRESH, Fresh, Member, MemberWith, MemberWithBoth, Proof, authenticate, bearer, load_with};
pub use staff::Staff;
