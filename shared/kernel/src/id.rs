//! Ids: a prefix for the type, and a ULID, which is ordered by time. `usr_01J…`
//!
//! Ids are not secrets. Secrets are tokens: random bytes, stored as a hash.

use ulid::Ulid;
use utoipa::openapi::{
    RefOr,
    schema::{ObjectBuilder, Schema, Type},
};

use crate::Time;

/// A typed id. Implemented by [`id!`] only.
pub trait Id: Sized {
    /// The prefix, without the underscore.
    const PREFIX: &'static str;
    /// Returns the id with this ULID.
    fn from_ulid(ulid: Ulid) -> Self;
    /// Returns the ULID of this id.
    fn ulid(&self) -> Ulid;
}

/// Returns the greatest id that is less than this one. `None` if there is none.
#[must_use]
pub fn before<I: Id>(id: &I) -> Option<I> {
    u128::from(id.ulid()).checked_sub(1).map(|less| I::from_ulid(Ulid::from(less)))
}

/// A text that is not an id of the expected type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct BadId;

/// Parses `<prefix>_<ULID>`. The ULID has 26 characters in upper case.
///
/// # Errors
/// [`BadId`] for any other text. Lower case is an error too, so that each id has one spelling.
pub fn parse<I: Id>(text: &str) -> Result<I, BadId> {
    let rest = text.strip_prefix(I::PREFIX).and_then(|r| r.strip_prefix('_')).ok_or(BadId)?;
    let ulid = Ulid::from_string(rest).map_err(|_| BadId)?;
    if ulid.to_string() == rest { Ok(I::from_ulid(ulid)) } else { Err(BadId) }
}

/// Returns when an id was made.
#[must_use]
pub fn time_of<I: Id>(id: &I) -> Time {
    Time::from_millis(i64::try_from(id.ulid().timestamp_ms()).unwrap_or(i64::MAX))
}

/// Returns the lowest id of a time, for range queries: all ids made earlier are lower, all others are not.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the end of a range, not the id of an object")]
pub fn first_at<I: Id>(at: Time) -> I {
    I::from_ulid(Ulid::from_parts(u64::try_from(at.millis()).unwrap_or(0), 0))
}

/// Returns the lowest id that is greater than this one.
#[must_use]
pub fn after<I: Id>(id: &I) -> I {
    I::from_ulid(id.ulid().increment().unwrap_or_else(|last| last))
}

/// Returns the OpenAPI schema of ids with this prefix. The first character of a ULID is at most `7`, and a ULID has no `I`, `L`, `O` and
/// `U`.
#[doc(hidden)]
#[must_use]
pub fn schema(about: &str, prefix: &str) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).description(Some(about.trim()));
    let text = text.min_length(Some(30)).max_length(Some(30)).pattern(Some(format!("^{prefix}_[0-7][0-9A-HJKMNP-TV-Z]{{25}}$")));
    text.examples([format!("{prefix}_01K9ZC4QW8V3T6R1NHXJ5B2MDP")]).into()
}

/// Declares id types: `id!(UserId "usr");`
#[macro_export]
macro_rules! id {
    ($($(#[doc = $doc:literal])* $name:ident $prefix:literal;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(ulid::Ulid);

        impl utoipa::ToSchema for $name {}
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::id::schema(concat!($($doc),*), $prefix)
            }
        }

        impl $name {
            /// The id of all zeros, for an object that exists once in every deployment.
            pub const NIL: Self = Self(ulid::Ulid::nil());
        }
        impl $crate::id::Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_ulid(ulid: ulid::Ulid) -> Self { Self(ulid) }
            fn ulid(&self) -> ulid::Ulid { self.0 }
        }
        impl $crate::audit::Auditable for $name {
            fn audited(&self) -> $crate::audit::AuditValue { $crate::audit::AuditValue::Id(self.to_string()) }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}_{}", $prefix, self.0)
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::id::BadId;
            fn from_str(s: &str) -> Result<Self, Self::Err> { $crate::id::parse(s) }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                <std::borrow::Cow<'de, str>>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

// The prefixes of all types.
id! {
    /// A person.
    UserId "usr";
    /// A sign-in of one client.
    SessionId "ses";
    /// A flow: registration or sign-in in several steps.
    FlowId "flw";
    /// A code or link that was sent.
    ChallengeId "chl";
    /// A domain event in the outbox and on the bus.
    EventId "evt";
    /// A chat room.
    RoomId "rom";
    /// A chat message.
    MessageId "msg";
    /// An upload before and after it is processed.
    UploadId "upl";
    /// A file that is or will be attached to a message.
    AttachmentId "att";
    /// A published picture.
    PictureId "pic";
    /// One run of the deletion of an account.
    DeletionId "del";
    /// An audit entry.
    AuditId "aud";
    /// An API key.
    ApiKeyId "apk";
    /// The `jti` of an access token.
    TokenId "tok";
    /// A device that is trusted to skip the second step.
    DeviceId "dev";
    /// A passkey.
    PasskeyId "pky";
    /// An export: an archive of all data about a person.
    ExportId "exp";
    /// A notification in a person's inbox.
    NotificationId "ntf";
    /// A postal address.
    AddressId "adr";
    /// A note of the support team on a support thread, which its member does not see.
    NoteId "nte";
    /// A canned reply of the support team.
    ReplyId "rpl";
    /// A model of the catalogue.
    ModelId "mdl";
    /// A product of the shop.
    ProductId "prd";
    /// A category of products.
    CategoryId "cat";
    /// A comment on a product.
    CommentId "cmt";
    /// A donation.
    DonationId "don";
    /// A payment of a plan.
    PlanPaymentId "plp";
    /// An order.
    OrderId "ord";
    /// A request that was sent with the contact form, with its answers.
    TicketId "tkt";
    /// A dead letter: an event that a function failed to process.
    DeadLetterId "dlt";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id: UserId = crate::Sys::real().id();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().to_lowercase().parse::<UserId>().is_err());
        assert!(id.to_string().parse::<SessionId>().is_err());
        assert!("usr_".parse::<UserId>().is_err());
    }

    #[test]
    fn ids_are_in_the_order_of_their_times() {
        let (sys, before) = (crate::Sys::real(), crate::Sys::real().now());
        let id: UserId = sys.id();
        assert!(time_of(&id) >= before && first_at::<UserId>(time_of(&id)) <= id);
        assert!(first_at::<UserId>(time_of(&id) + std::time::Duration::from_millis(1)) > id);
        assert!(after(&id) > id && time_of(&first_at::<UserId>(before)) == before);
    }

    #[test]
    fn ids_lie_between_the_first_of_their_moment_and_that_of_the_next() {
        let sys = crate::Sys::real();
        sys.hold();
        let (id, now): (UserId, Time) = (sys.id(), sys.now());
        let next: UserId = first_at(now + std::time::Duration::from_millis(1));
        assert!(first_at::<UserId>(now) <= id && id < next && Some(id) <= before(&next));
        assert_eq!((before(&UserId::NIL), first_at(Time::ZERO)), (None, UserId::NIL));
    }
}
