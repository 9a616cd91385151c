//! Errors for clients: one catalogue, sent as RFC 9457 problem documents.
//!
//! A [`Kind`] determines the status and the stable `code`. The texts are messages of the same name in every language
//! (`locales/<language>/problems.ftl`: the message `<code>` is the title, its optional attribute `.detail` the detail).

use std::{borrow::Cow, panic::Location};

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{AnyOf, ArrayBuilder, ObjectBuilder, Schema, Type},
    },
};

use crate::{FieldError, Locale};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal;)*) => {
        /// The kind of an error: the complete list of public errors.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 { match self { $(Self::$name => $status,)* } }

            /// Returns the stable code, independent of the language.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }
        }
    };
}

kinds! {
    /// The request is not well-formed: JSON, query, header, path.
    Malformed = 400 "malformed";
    /// The operation needs a key that identifies the request (`Idempotency-Key`): 1 to 255 visible characters of ASCII.
    IdempotencyKeyRequired = 400 "idempotency_key_required";
    /// Staff have to give a reason for this (`Reason`): 1 to 200 characters, percent-encoded.
    ReasonRequired = 400 "reason_required";
    /// A cursor that was forged, has expired or belongs to another list.
    CursorInvalid = 400 "cursor_invalid";
    /// No access token, or one that is forged, expired or revoked.
    TokenInvalid = 401 "token_invalid";
    /// The name is unknown, the password is wrong, or the account cannot sign in. The same answer for all.
    CredentialsInvalid = 401 "credentials_invalid";
    /// A refresh token that is unknown, used or revoked.
    RefreshInvalid = 401 "refresh_invalid";
    /// An API key that is unknown, expired or revoked, or whose owner is not staff any more.
    ApiKeyInvalid = 401 "api_key_invalid";
    /// The operation needs a recent proof of identity; `methods` lists the sufficient ones.
    StepUpRequired = 401 "step_up_required";
    /// The caller may not do this.
    Forbidden = 403 "forbidden";
    /// Staff need a second factor that is not sent by message, and the caller has none.
    SecondFactorRequired = 403 "second_factor_required";
    /// The caller cannot change their own roles.
    OwnRoles = 403 "own_roles";
    /// Staff change neither their own account nor one whose person has a role as high as theirs, nor what is protected like it.
    AccountProtected = 403 "account_protected";
    /// A browser on another site sent the request.
    OriginRefused = 403 "origin_refused";
    /// The refresh token came in a cookie without the header that other sites cannot send.
    CsrfHeaderRequired = 403 "csrf_header_required";
    /// The request did not come through the edge (CDN) in front of the API.
    EdgeRequired = 403 "edge_required";
    /// A proof of work is required; `challenge` and `difficulty` describe it.
    ProofOfWorkRequired = 403 "proof_of_work_required";
    /// The token of a captcha is required. The settings of the page name the service.
    CaptchaRequired = 403 "captcha_required";
    /// The current password is wrong.
    PasswordWrong = 403 "password_wrong";
    /// A hundred codes in a row were wrong. No more are accepted until a recovery code or a passkey was used, or the password was reset.
    FactorLocked = 403 "factor_locked";
    /// The caller is banned from chat; `reason` says why, `explanation` is the text of the moderator, and `ends_at` is the end of the ban,
    /// if it has one.
    ChatBanned = 403 "chat_banned";
    /// The person is banned from this group or channel; `explanation` is the text of its administrators, and `ends_at` is the end of the
    /// ban, if it has one.
    RoomBanned = 403 "room_banned";
    /// The other person does not accept messages from the caller.
    ChatNotAllowed = 403 "chat_not_allowed";
    /// The object does not exist, or the caller may not know of it.
    NotFound = 404 "not_found";
    /// The path exists without this method.
    MethodNotAllowed = 405 "method_not_allowed";
    /// The flow expects another step first; `required_step` names it.
    StepRequired = 409 "step_required";
    /// The username was taken in the meantime.
    UsernameTaken = 409 "username_taken";
    /// An account with the proven address was created since the request began.
    AccountExists = 409 "account_exists";
    /// The number belongs to an account that was not used for a long time and has no other way to sign in.
    AccountIdle = 409 "account_idle";
    /// The caller has already entered an invitation code, which cannot be changed.
    InviteUsed = 409 "invite_used";
    /// The deletion has begun and cannot be cancelled any more.
    DeletionBegun = 409 "deletion_begun";
    /// No deletion is scheduled.
    DeletionNotScheduled = 409 "deletion_not_scheduled";
    /// A superuser cannot delete or deactivate their account: another superuser has to remove the role first, so that one always
    /// remains.
    SuperuserStays = 409 "superuser_stays";
    /// The state of the account does not allow the operation; `state` is its state.
    AccountState = 409 "account_state";
    /// Another channel has this slug.
    SlugTaken = 409 "slug_taken";
    /// Another product or category has this name.
    NameTaken = 409 "name_taken";
    /// There are products in this category.
    CategoryInUse = 409 "category_in_use";
    /// Data for an order are missing; `missing` names all of them: `first_name`, `last_name`, `phone`, `address` and `cart`.
    OrderIncomplete = 409 "order_incomplete";
    /// Some products cannot be ordered in this quantity; `products` lists them, each with the available quantity.
    OutOfStock = 409 "out_of_stock";
    /// The total of the order has changed since the buyer saw it; `total` is the current one.
    PricesChanged = 409 "prices_changed";
    /// The caller has the maximum number of unshipped orders on delivery; `max` is that number.
    OrdersOpen = 409 "orders_open";
    /// The state of the order does not allow the operation; `order_state` is its state.
    OrderState = 409 "order_state";
    /// The caller already has this plan, or a more expensive one.
    PlanHeld = 409 "plan_held";
    /// The order cannot be shipped because its payment is disputed or being refunded.
    OrderHeld = 409 "order_held";
    /// Stripe has refused the refund.
    RefundRefused = 409 "refund_refused";
    /// The author can edit and delete a message only for fifteen minutes.
    ChangeTooLate = 409 "change_too_late";
    /// The owner of a room cannot leave it or change their role before another member is the owner.
    OwnerStays = 409 "owner_stays";
    /// Second factors are already on.
    MfaEnabled = 409 "mfa_enabled";
    /// Second factors are off, or the requested one is.
    MfaNotEnabled = 409 "mfa_not_enabled";
    /// A proven contact is missing on the account; `missing` names it.
    ContactRequired = 409 "contact_required";
    /// The factor is the last of its kind, and something else depends on it.
    LastFactor = 409 "last_factor";
    /// The maximum number is reached; `max` is that number.
    TooMany = 409 "too_many";
    /// The caller's files would exceed the storage of a person.
    StorageFull = 409 "storage_full";
    /// The caller has already sent this person a friend request, or they are friends.
    FriendExists = 409 "friend_exists";
    /// The relation to this person does not allow the operation: it has changed, or the caller blocks them.
    FriendState = 409 "friend_state";
    /// A request to this person was rejected; `retry_after` is the number of seconds until the next one is allowed.
    FriendPaused = 409 "friend_paused";
    /// One of the two people has the maximum number of friends; `max` is that number.
    FriendsFull = 409 "friends_full";
    /// The caller has to share their own location to see people nearby.
    LocationRequired = 409 "location_required";
    /// Somebody else has written into the support thread since the caller read it; `last_seq` is the last number, and `messages` are the
    /// new messages.
    ThreadMovedOn = 409 "thread_moved_on";
    /// Another member of the team has taken the support thread.
    ThreadTaken = 409 "thread_taken";
    /// Two requests collided. The same request can be sent again.
    Conflict = 409 "conflict";
    /// The object changed since the version named in `If-Match`.
    VersionMismatch = 412 "version_mismatch";
    /// The body is larger than the operation accepts.
    TooLarge = 413 "too_large";
    /// The body is not JSON.
    UnsupportedMediaType = 415 "unsupported_media_type";
    /// The body is compressed (`Content-Encoding`).
    UnsupportedContentEncoding = 415 "unsupported_content_encoding";
    /// Some fields break a rule; `errors` lists them all.
    Invalid = 422 "invalid";
    /// A code that is wrong, used, invalidated or expired; `tries_left` is the number of remaining attempts.
    CodeInvalid = 422 "code_invalid";
    /// A factor that cannot be used here.
    FactorUnavailable = 422 "factor_unavailable";
    /// A passkey that is unknown, or whose answer does not match the request.
    PasskeyInvalid = 422 "passkey_invalid";
    /// An invitation code that cannot be entered: unknown, the caller's own, of an inactive account, or of somebody whom the
    /// caller invited. The same answer for all.
    InviteInvalid = 422 "invite_invalid";
    /// The secret for the role of the first superuser is wrong, used or expired, or there is already a superuser. The same answer for all.
    AppointmentInvalid = 422 "appointment_invalid";
    /// An earlier request with the same `Idempotency-Key` had another content.
    IdempotencyKeyReused = 422 "idempotency_key_reused";
    /// A link that is unknown, used or expired.
    LinkInvalid = 422 "link_invalid";
    /// The operation changes a versioned object and needs `If-Match`.
    VersionRequired = 428 "version_required";
    /// Too many attempts; `retry_after` is the number of seconds to wait.
    TooManyRequests = 429 "too_many_requests";
    /// The room has a slow mode; `retry_after` is the number of seconds until the caller may write again.
    SlowMode = 429 "slow_mode";
    /// A new code was requested too early.
    ResendTooEarly = 429 "resend_too_early";
    /// An internal error.
    Internal = 500 "internal";
    /// A dependency does not respond. A retry may succeed later.
    Unavailable = 503 "unavailable";
    /// A socket frame that is not a JSON object of a known form.
    FrameInvalid = 400 "frame_invalid";
    /// A message that is empty or too long.
    MessageLength = 422 "message_length";
    /// A file that cannot be attached to this message: unknown, somebody else's, for another room, not checked yet, refused, or already
    /// sent. The same answer for all.
    AttachmentInvalid = 422 "attachment_invalid";
    /// The nonce belongs to a message with another text.
    NonceReused = 409 "nonce_reused";
    /// A stream that does not exist.
    StreamUnknown = 404 "stream_unknown";
    /// A friend request to the caller themselves, or a block of them.
    FriendSelf = 422 "friend_self";
    /// A direct room with the caller themselves.
    RoomWithSelf = 422 "room_with_self";
    /// A ticket that is forged, expired or used.
    TicketInvalid = 401 "ticket_invalid";
    /// The change was already undone; `entry` is the audit entry of the undo.
    UndoneAlready = 409 "undone_already";
    /// Some of the fields to undo have been changed again since; `not_undone` names them. They can be undone by force.
    UndoMovedOn = 409 "undo_moved_on";
    /// Some of the fields to undo cannot get their former values; `not_undone` names them.
    UndoImpossible = 409 "undo_impossible";
    /// All fields to undo already have their former values.
    UndoNothing = 409 "undo_nothing";
}

/// The codes of all kinds, for the API document.
impl ToSchema for Kind {
    fn name() -> Cow<'static, str> {
        "ProblemCode".into()
    }
}

impl PartialSchema for Kind {
    fn schema() -> RefOr<Schema> {
        codes("What is wrong, for programs.", Self::ALL.iter().map(|kind| kind.code()))
    }
}

/// The codes of all [`FieldError`]s, for the API document.
#[derive(Clone, Copy, Debug)]
pub struct FieldCode;

impl ToSchema for FieldCode {}

impl PartialSchema for FieldCode {
    fn schema() -> RefOr<Schema> {
        codes("What is wrong with a field, for programs.", FieldError::CODES.iter().copied())
    }
}

fn codes(about: &str, codes: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).description(Some(about));
    text.enum_values(Some(codes)).into()
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// An error on its way to the client.
///
/// `cause` and `at` are for the log and are never sent to clients.
#[derive(Debug)]
pub struct Problem {
    /// The kind of error.
    pub kind: Kind,
    /// Wrong fields, by JSON pointer.
    pub fields: Vec<(String, FieldError)>,
    /// Seconds after which a retry makes sense.
    pub retry_after: Option<u64>,
    /// The reached limit: its name, the maximum number of hits, and the window in seconds.
    pub limit: Option<Box<(&'static str, u32, u64)>>,
    /// Additional members of the document, such as `tries_left`.
    pub members: Box<Map<String, Value>>,
    /// The cause, for the log.
    pub cause: Option<Cause>,
    /// The source code location that created it.
    pub at: &'static Location<'static>,
}

/// A problem document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// A URI reference that identifies the kind of problem: `/problems/<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The title, in the client's language.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The code for programs. Stable and independent of the language.
    #[schema(value_type = Kind)]
    pub code: &'static str,
    /// Details, in the client's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The id of the request, for support.
    pub request_id: String,
    /// All wrong fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// Seconds after which a retry makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Additional members of some kinds: [`ProblemMembers`].
    #[serde(flatten)]
    #[schema(value_type = ProblemMembers)]
    pub members: Map<String, Value>,
}

/// The members that some kinds of problems add with [`Problem::with`], for the API document. The end-to-end tests compare every problem
/// with it.
#[derive(Debug, ToSchema)]
pub struct ProblemMembers {
    /// In `malformed`: RFC 6901 JSON pointer to the member that is wrong, missing, repeated or unknown; empty for the whole body.
    #[schema(nullable = false)]
    pub pointer: Option<String>,
    /// In `code_invalid`: the attempts that are left.
    #[schema(nullable = false)]
    pub tries_left: Option<u32>,
    /// In `step_up_required`: the factors that are sufficient.
    #[schema(required = false, schema_with = factors)]
    pub methods: Vec<String>,
    /// In `step_required`, and if a name or address was taken in the meantime: the step to continue with.
    #[schema(required = false, schema_with = step)]
    pub required_step: Option<String>,
    /// In `proof_of_work_required`: the text to append a number to.
    #[schema(nullable = false)]
    pub challenge: Option<String>,
    /// In `proof_of_work_required`: the zero bits that the digest has to begin with.
    #[schema(nullable = false)]
    pub difficulty: Option<u8>,
    /// In `contact_required`: the contact that has to be added and proven first. In `order_incomplete`: all missing data, separated by
    /// commas.
    #[schema(
        nullable = false,
        pattern = "^(first_name|last_name|email|phone|address|cart)(, (first_name|last_name|email|phone|address|cart))*$"
    )]
    pub missing: Option<String>,
    /// In `account_state`: the state of the account.
    #[schema(required = false, schema_with = state)]
    pub state: Option<String>,
    /// In `order_state`: the state of the order.
    #[schema(required = false, schema_with = order_state)]
    pub order_state: Option<String>,
    /// In `out_of_stock`: products that cannot be ordered in the requested quantity, each with the available quantity.
    #[schema(required = false, schema_with = short_products)]
    pub products: Vec<String>,
    /// In `prices_changed`: the current total of the order.
    #[schema(required = false, schema_with = total)]
    pub total: Option<String>,
    /// In `too_many`, `orders_open`, `friends_full` and `message_length`: the maximum.
    #[schema(nullable = false)]
    pub max: Option<u32>,
    /// In `too_large`: the maximum number of bytes.
    #[schema(nullable = false)]
    pub max_bytes: Option<u32>,
    /// In `chat_banned`: the reason.
    #[schema(required = false, schema_with = ban_reason)]
    pub reason: Option<String>,
    /// In `chat_banned` and `room_banned`: the text of the moderator or the administrators.
    #[schema(nullable = false)]
    pub explanation: Option<String>,
    /// In `chat_banned` and `room_banned`: the end of the ban. Absent if it has none.
    #[schema(nullable = false)]
    pub ends_at: Option<crate::Timestamp>,
    /// In `thread_moved_on`: the last number of the thread.
    #[schema(nullable = false)]
    pub last_seq: Option<u64>,
    /// In `thread_moved_on`: the first new messages, in ascending order.
    #[schema(required = false, schema_with = messages)]
    pub messages: Vec<String>,
    /// In `undone_already`: the audit entry of the undo.
    #[schema(nullable = false)]
    pub entry: Option<crate::id::AuditId>,
    /// In `undo_moved_on` and `undo_impossible`: the names of the fields.
    #[schema(required = false)]
    pub not_undone: Vec<String>,
    /// In `unavailable` of the health check: the dependencies that do not answer.
    #[schema(required = false)]
    pub away: Vec<String>,
}

// The types of these members are in crates that depend on this one, so they are referred to by their names in the API document.

fn factors() -> RefOr<Schema> {
    ArrayBuilder::new()
        .items(Ref::from_schema_name("Factor"))
        .description(Some("In `step_up_required`: the factors that are sufficient."))
        .into()
}

fn step() -> RefOr<Schema> {
    let mut any = AnyOf::with_capacity(2);
    any.items = ["Step", "Factor"].map(|name| Ref::from_schema_name(name).into()).into();
    any.description = Some("In `step_required`, and if a name or address was taken in the meantime: the step to continue with.".to_owned());
    Schema::AnyOf(any).into()
}

fn messages() -> RefOr<Schema> {
    ArrayBuilder::new()
        .items(Ref::from_schema_name("SupportMessage"))
        .description(Some("In `thread_moved_on`: the first new messages, in ascending order."))
        .into()
}

fn state() -> RefOr<Schema> {
    Ref::from_schema_name("AccountState").into()
}

fn order_state() -> RefOr<Schema> {
    Ref::from_schema_name("OrderState").into()
}

fn short_products() -> RefOr<Schema> {
    let available = ObjectBuilder::new().schema_type(Type::Integer).description(Some("How many can be ordered."));
    let product = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("product", crate::id::schema("The product.", "prd"))
        .required("product")
        .property("available", available)
        .required("available");
    ArrayBuilder::new()
        .items(product)
        .description(Some(
            "In `out_of_stock`: products that cannot be ordered in the requested quantity, each with the available quantity.",
        ))
        .into()
}

fn total() -> RefOr<Schema> {
    Ref::from_schema_name("Money").into()
}

fn ban_reason() -> RefOr<Schema> {
    Ref::from_schema_name("BanReason").into()
}

/// One wrong field.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    /// RFC 6901 JSON pointer into the request body.
    pub pointer: String,
    /// Stable and independent of the language.
    #[schema(value_type = FieldCode)]
    pub code: &'static str,
    /// The error, in the client's language.
    pub message: String,
}

impl Kind {
    /// Returns a problem of this kind, with a cause for the log, which distinguishes cases with the same answer.
    #[must_use]
    #[track_caller]
    pub fn because(self, cause: &'static str) -> Problem {
        Problem::new(self).because(cause)
    }
}

impl Problem {
    /// Creates a problem of this kind.
    #[must_use]
    #[track_caller]
    pub fn new(kind: Kind) -> Self {
        Self { kind, fields: Vec::new(), retry_after: None, limit: None, members: Box::default(), cause: None, at: Location::caller() }
    }

    /// Returns the problem of an unexpected error: [`Kind::Internal`] for the client, logged with its cause.
    #[must_use]
    #[track_caller]
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(Kind::Internal) }
    }

    /// Returns the problem of a dependency that failed: [`Kind::Unavailable`] for the client, with a retry after a second.
    #[must_use]
    #[track_caller]
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self { cause: Some(cause.into()), retry_after: Some(1), ..Self::new(Kind::Unavailable) }
    }

    /// Returns the problem of one wrong field.
    #[must_use]
    #[track_caller]
    pub fn field(pointer: &str, error: FieldError) -> Self {
        Self { fields: vec![(pointer.to_owned(), error)], ..Self::new(Kind::Invalid) }
    }

    /// Adds a member to the document. Messages can use it by the same name.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Adds the time until a retry, rounded up to whole seconds, at least one second.
    #[must_use]
    pub fn retry_after(mut self, wait: std::time::Duration) -> Self {
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.retry_after = Some(ms.div_ceil(1000).max(1));
        self
    }

    /// Adds the reached limit.
    #[must_use]
    pub fn limited(mut self, name: &'static str, max: u32, window: std::time::Duration) -> Self {
        self.limit = Some(Box::new((name, max, window.as_secs())));
        self
    }

    /// Adds a cause for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Cause>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Returns the document in `locale` for the request `request_id`.
    #[must_use]
    pub fn document(&self, locale: Locale, request_id: &str) -> ProblemDocument {
        let code = self.kind.code();
        let mut args: Vec<(&str, String)> = self.members.iter().map(|(k, v)| (k.as_str(), plain(v))).collect();
        args.extend(self.retry_after.map(|s| ("retry_after", s.to_string())));
        let errors = self
            .fields
            .iter()
            .map(|(pointer, e)| FieldProblem { pointer: pointer.clone(), code: e.code, message: e.text(locale) })
            .collect();
        ProblemDocument {
            kind: format!("/problems/{code}"),
            title: locale.text(code, &args),
            status: self.kind.status(),
            code,
            detail: locale.attribute(code, "detail", &args),
            request_id: request_id.to_owned(),
            errors,
            retry_after: self.retry_after,
            members: (*self.members).clone(),
        }
    }
}

fn plain(v: &Value) -> String {
    v.as_str().map_or_else(|| v.to_string(), str::to_owned)
}

impl From<Kind> for Problem {
    #[track_caller]
    fn from(kind: Kind) -> Self {
        Self::new(kind)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind.code())
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|c| c as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = Kind::ALL.iter().map(|k| k.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Kind::ALL.len());
    }

    #[test]
    fn every_kind_has_a_title_in_every_language() {
        for locale in Locale::ALL {
            for kind in Kind::ALL {
                assert!(locale.has(kind.code()), "{} lacks {}", locale.tag(), kind.code());
            }
        }
    }

    /// Messages for people must not contain the values that programs compare.
    #[test]
    fn names_of_programs_are_in_no_sentence() {
        for (kind, member, values) in [
            (
                Kind::StepRequired,
                "required_step",
                ["app", "code", "email", "password", "personal", "sms", "summary", "username"].as_slice(),
            ),
            (Kind::ContactRequired, "missing", ["email", "phone", "email, phone"].as_slice()),
        ] {
            for locale in Locale::ALL {
                let said = |value: &str| Problem::new(kind).with(member, value).document(locale, "r").detail.unwrap();
                let sentences: std::collections::BTreeSet<String> = values.iter().map(|value| said(value)).collect();
                assert_eq!(sentences.len(), values.len(), "{sentences:?}");
                let other = said("shouted_word");
                assert!(!other.contains("shouted_word"), "{other}");
            }
        }
    }

    #[test]
    fn a_document_is_translated_and_its_code_is_not() {
        let p = Problem::field("/username", FieldError::TOO_SHORT.with("min", 3));
        let (en, pl) = (p.document(Locale::En, "r"), p.document(Locale::Pl, "r"));
        assert_eq!(en.code, pl.code);
        assert_ne!(en.title, pl.title);
        assert!(en.errors.iter().all(|e| e.message.contains('3')));
    }
}
