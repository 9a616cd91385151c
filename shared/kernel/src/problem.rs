//! Everything that can go wrong and be told to a client: one catalogue, RFC 9457 on the wire.
//!
//! A [`Kind`] fixes the status and the stable `code`; texts are messages of the same name in every language
//! (`locales/<language>/problems.ftl`: the message `<code>` is the title, its attribute `.detail`, if any, the detail).

use std::panic::Location;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{FieldError, Locale};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal;)*) => {
        /// What went wrong. The whole public error vocabulary.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 { match self { $(Self::$name => $status,)* } }

            /// The stable, language-neutral code.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }
        }
    };
}

kinds! {
    /// The request is not well-formed: JSON, query, header, path.
    Malformed = 400 "malformed";
    /// A cursor that was forged, has expired or belongs to another list.
    CursorInvalid = 400 "cursor_invalid";
    /// No access token, or one that is forged, expired or revoked.
    TokenInvalid = 401 "token_invalid";
    /// Unknown person, wrong password or an account that cannot sign in: one answer for all.
    CredentialsInvalid = 401 "credentials_invalid";
    /// A refresh token that is unknown, spent or revoked.
    RefreshInvalid = 401 "refresh_invalid";
    /// What is asked for takes a fresh proof of who asks; `methods` says by what.
    StepUpRequired = 401 "step_up_required";
    /// The caller may not do this.
    Forbidden = 403 "forbidden";
    /// Staff need a second factor that no message carries, and the caller has none.
    SecondFactorRequired = 403 "second_factor_required";
    /// Nobody changes their own roles.
    OwnRoles = 403 "own_roles";
    /// A browser on another site asked.
    OriginRefused = 403 "origin_refused";
    /// Too many sign-ins fail everywhere: work first. `challenge` and `difficulty` say at what.
    ProofOfWorkRequired = 403 "proof_of_work_required";
    /// The current password that was given is wrong.
    PasswordWrong = 403 "password_wrong";
    /// A hundred codes in a row were wrong: no more are taken until a recovery code or a passkey is right, or the password is reset.
    FactorLocked = 403 "factor_locked";
    /// Banned from chat.
    ChatBanned = 403 "chat_banned";
    /// The other person does not take messages from the caller.
    ChatNotAllowed = 403 "chat_not_allowed";
    /// There is nothing here, or nothing the caller may know of.
    NotFound = 404 "not_found";
    /// The path exists, the method does not.
    MethodNotAllowed = 405 "method_not_allowed";
    /// The flow expects another step first; `required_step` names it.
    StepRequired = 409 "step_required";
    /// The username was taken meanwhile.
    UsernameTaken = 409 "username_taken";
    /// The proven address has got an account meanwhile.
    AccountExists = 409 "account_exists";
    /// The number has an account that nobody has used for long and that nothing but the number leads into.
    AccountIdle = 409 "account_idle";
    /// The caller has entered an invitation code before, and it is final.
    InviteUsed = 409 "invite_used";
    /// Deletion has begun and cannot be cancelled any more.
    DeletionBegun = 409 "deletion_begun";
    /// Nothing is scheduled.
    DeletionNotScheduled = 409 "deletion_not_scheduled";
    /// A superuser cannot leave: another one takes the role away first, and the last one stays.
    SuperuserStays = 409 "superuser_stays";
    /// The account is not in the state that this takes; `state` says in which it is.
    AccountState = 409 "account_state";
    /// Second factors are on already.
    MfaEnabled = 409 "mfa_enabled";
    /// Second factors are off, or the one that is asked for is.
    MfaNotEnabled = 409 "mfa_not_enabled";
    /// Something proven is missing on the account; `missing` names it.
    ContactRequired = 409 "contact_required";
    /// It is the last of its kind, and something else depends on it.
    LastFactor = 409 "last_factor";
    /// There are as many as there may be; `max` says how many.
    TooMany = 409 "too_many";
    /// Two requests collided; the same request may be sent again.
    Conflict = 409 "conflict";
    /// The object changed since the version named in `If-Match`.
    VersionMismatch = 412 "version_mismatch";
    /// The body is larger than this operation takes.
    TooLarge = 413 "too_large";
    /// The body is not JSON.
    UnsupportedMediaType = 415 "unsupported_media_type";
    /// Some fields break a rule; `errors` lists them all.
    Invalid = 422 "invalid";
    /// A wrong, spent, burnt or expired code; `tries_left` says how many are left.
    CodeInvalid = 422 "code_invalid";
    /// A factor that does not serve here.
    FactorUnavailable = 422 "factor_unavailable";
    /// A passkey that is unknown here, or an answer of one that does not fit what was asked.
    PasskeyInvalid = 422 "passkey_invalid";
    /// An invitation code that cannot be entered: unknown, one's own, of an account that is not in use, of somebody whom the
    /// caller invited. One answer for all.
    InviteInvalid = 422 "invite_invalid";
    /// A secret that makes nobody the first superuser: wrong, spent or expired, or there is one already. One answer for all.
    AppointmentInvalid = 422 "appointment_invalid";
    /// A link that is unknown, spent or expired.
    LinkInvalid = 422 "link_invalid";
    /// The operation changes a versioned object and needs `If-Match`.
    VersionRequired = 428 "version_required";
    /// Too many attempts; `retry_after` says when to come back.
    TooManyRequests = 429 "too_many_requests";
    /// A new code was asked for too early.
    ResendTooEarly = 429 "resend_too_early";
    /// Something went wrong on our side.
    Internal = 500 "internal";
    /// A part we depend on does not answer; trying again later may help.
    Unavailable = 503 "unavailable";
    /// A socket frame that is not a JSON object of a known form.
    FrameInvalid = 400 "frame_invalid";
    /// A message that is empty or too long.
    MessageLength = 422 "message_length";
    /// The nonce of a message that was committed with another text.
    NonceReused = 409 "nonce_reused";
    /// A stream that does not exist.
    StreamUnknown = 404 "stream_unknown";
    /// A direct room with oneself.
    RoomWithSelf = 422 "room_with_self";
    /// A ticket that is forged, expired or spent.
    TicketInvalid = 401 "ticket_invalid";
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A failure on its way to the client.
///
/// `cause` and `at` are for the log and never leave the process.
#[derive(Debug)]
pub struct Problem {
    /// What went wrong.
    pub kind: Kind,
    /// Wrong fields, by JSON pointer.
    pub fields: Vec<(String, FieldError)>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u64>,
    /// Which limit was reached: its name, how many pass, in how many seconds.
    pub limit: Option<Box<(&'static str, u32, u64)>>,
    /// More members of the document, such as `tries_left`.
    pub members: Box<Map<String, Value>>,
    /// Why, for the log.
    pub cause: Option<Cause>,
    /// Where it was made.
    pub at: &'static Location<'static>,
}

/// The document, as it is sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// A URI reference that names the kind of problem: `/problems/<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What went wrong, in the client's language.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable and language-neutral: what programs compare.
    pub code: &'static str,
    /// More about this occurrence, in the client's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The request this answers, for support.
    pub request_id: String,
    /// Every wrong field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// Seconds after which trying again makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Members that only some kinds have.
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

/// One wrong field.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FieldProblem {
    /// RFC 6901 JSON pointer into the request body.
    pub pointer: String,
    /// Stable and language-neutral.
    pub code: &'static str,
    /// What is wrong, in the client's language.
    pub message: String,
}

impl Kind {
    /// A problem of this kind, with a reason for the log: what a client is told alike, operators tell apart by it.
    #[must_use]
    #[track_caller]
    pub fn because(self, cause: &'static str) -> Problem {
        Problem::new(self).because(cause)
    }
}

impl Problem {
    /// A problem of this kind.
    #[must_use]
    #[track_caller]
    pub fn new(kind: Kind) -> Self {
        Self { kind, fields: Vec::new(), retry_after: None, limit: None, members: Box::default(), cause: None, at: Location::caller() }
    }

    /// An unexpected failure: told as [`Kind::Internal`], logged with its cause.
    #[must_use]
    #[track_caller]
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(Kind::Internal) }
    }

    /// A dependency failed: told as [`Kind::Unavailable`], to be tried again in a second.
    #[must_use]
    #[track_caller]
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self { cause: Some(cause.into()), retry_after: Some(1), ..Self::new(Kind::Unavailable) }
    }

    /// One wrong field.
    #[must_use]
    #[track_caller]
    pub fn field(pointer: &str, error: FieldError) -> Self {
        Self { fields: vec![(pointer.to_owned(), error)], ..Self::new(Kind::Invalid) }
    }

    /// Adds a member to the document; messages may mention it by the same name.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Says when to come back; rounded up to whole seconds, at least one.
    #[must_use]
    pub fn retry_after(mut self, wait: std::time::Duration) -> Self {
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.retry_after = Some(ms.div_ceil(1000).max(1));
        self
    }

    /// Says which limit was reached.
    #[must_use]
    pub fn limited(mut self, name: &'static str, max: u32, window: std::time::Duration) -> Self {
        self.limit = Some(Box::new((name, max, window.as_secs())));
        self
    }

    /// Keeps a reason for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Cause>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The document in `locale`, answering `request_id`.
    #[must_use]
    pub fn document(&self, locale: Locale, request_id: &str) -> ProblemDocument {
        let code = self.kind.code();
        let mut args: Vec<(&str, String)> = self.members.iter().map(|(k, v)| (k.as_str(), plain(v))).collect();
        args.extend(self.retry_after.map(|s| ("retry_after", s.to_string())));
        let errors = self
            .fields
            .iter()
            .map(|(pointer, e)| FieldProblem {
                pointer: pointer.clone(),
                code: e.code,
                message: locale.text(&format!("field-{}", e.code), &e.params.iter().map(|(k, v)| (*k, v.clone())).collect::<Vec<_>>()),
            })
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

/// Why JSON could not be read, for the log: what kind of mistake it is and where, and nothing of what was sent. (The error itself
/// quotes it.)
#[must_use]
pub fn unread(e: &serde_json::Error) -> String {
    format!("{:?} in line {}, column {}", e.classify(), e.line(), e.column())
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

    #[test]
    fn a_document_speaks_the_clients_language_and_keeps_the_code() {
        let p = Problem::field("/username", FieldError::new("too_short").with("min", 3));
        let (en, pl) = (p.document(Locale::En, "r"), p.document(Locale::Pl, "r"));
        assert_eq!(en.code, pl.code);
        assert_ne!(en.title, pl.title);
        assert!(en.errors.iter().all(|e| e.message.contains('3')));
    }
}
