//! Who sends a request: extractors that let nobody in but a signed-in member, a freshly proven one, or staff.
//!
//! Every caller, over HTTP or a socket, passes [`authenticate`].

mod caller;
pub mod staff;

pub use caller::{FRESH, Fresh, Member, MemberWith, Proof, authenticate, bearer};
pub use staff::Staff;
