//! People and how they prove who they are: identifiers, passwords, codes and links, sessions, tokens, the signed-in caller.
//!
//! Everything that mints a session passes [`session::Opening`]; everything that is sent as a code or a link is a
//! [`challenge::Challenge`]; every caller, over HTTP or a socket, passes [`authenticate`].

pub mod address;
pub mod agent;
pub mod audit;
mod breached;
mod caller;
pub mod challenge;
pub mod code;
pub mod common;
pub mod deletion;
pub mod device;
mod eddsa;
pub mod entry;
pub mod export;
pub mod factor;
pub mod first;
mod flow_token;
pub mod gate;
mod guessable;
pub mod guesses;
pub mod identifier;
pub mod invite;
mod keyring;
pub mod known;
mod new_account;
pub mod notice;
pub mod password;
pub mod picture;
pub mod profanity;
pub mod purge;
pub mod seen;
pub mod sending;
pub mod session;
pub mod sign_in;
pub mod signed_in;
pub mod staff;
pub mod statistics;
pub mod token;
pub mod user;
pub mod username;

pub use caller::{FRESH, Fresh, Member, MemberAnd, Proof, Subject, authenticate, bearer};
pub use flow_token::FlowToken;
pub use keyring::{IdentityKeys, Keyring};
pub use new_account::{NewAccount, NotMade};
pub use staff::Staff;
