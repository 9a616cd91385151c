//! The kinds of changes in the audit.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditAction)]
pub enum Action {
    /// A deactivated account was reactivated.
    AccountReactivated,
    /// A role was given.
    RoleGranted,
    /// A role was removed.
    RoleTaken,
    /// An operator offered the role of the first superuser.
    SuperuserOffered,
    /// Somebody became the first superuser.
    FirstSuperuser,
    /// Somebody was banned from chat.
    ChatBanned,
    /// A ban from chat was ended.
    ChatUnbanned,
    /// A moderator read a reported message and its earlier texts.
    MessageRead,
    /// A moderator deleted a message of somebody else.
    MessageDeleted,
    /// A moderator resolved the reports of a message.
    ReportResolved,
    /// The rules of the public room were changed. The entry is about the account that changed them.
    PublicRoomChanged,
    /// A member of the support team read a customer's thread.
    SupportThreadRead,
    /// A note of the support team on a customer's thread was deleted.
    SupportNoteDeleted,
    /// A canned reply of the support team was written or deleted. The entry is about the account that did it.
    SupportReplyChanged,
    /// A product was created. The entries about the shop are about the account that changed it.
    ProductCreated,
    /// A product was changed.
    ProductChanged,
    /// A product was deleted.
    ProductDeleted,
    /// A category of products was created.
    CategoryCreated,
    /// A category was renamed.
    CategoryChanged,
    /// A category was deleted.
    CategoryDeleted,
    /// A moderator changed a comment of somebody else on a product.
    CommentChanged,
    /// A moderator deleted a comment of somebody else on a product.
    CommentDeleted,
    /// The state of an order was changed by staff. The entry is about its buyer.
    OrderChanged,
    /// Staff have given money back outside Stripe, because its refund had failed. The entry is about the payer, or about the account of the
    /// member of staff if the payment names nobody any more.
    RefundMadeOutside,
    /// An API key was made.
    ApiKeyCreated,
    /// An API key was revoked.
    ApiKeyRevoked,
    /// A profile was changed by its owner or by staff.
    ProfileChanged,
    /// Somebody changed their username.
    UsernameChanged,
    /// Somebody's e-mail address or phone number was changed or removed.
    ContactChanged,
    /// Staff had a link sent to a person's former address or number, which restores it.
    ContactRestorationAsked,
    /// A person restored a former address or number by a link that was sent there.
    ContactRestored,
    /// Somebody added, changed or removed a postal address.
    AddressesChanged,
    /// Somebody began to upload a picture. It replaces their picture after it has been uploaded and checked.
    PictureUploaded,
    /// Somebody removed their picture.
    PictureRemoved,
    /// An account was deactivated by its owner, by staff, or by the system because its phone number now belongs to somebody else.
    AccountDeactivated,
    /// Somebody changed their password.
    PasswordChanged,
    /// A password was changed by a mailed link.
    PasswordReset,
    /// Second factors were turned on, changed, or turned off.
    FactorsChanged,
    /// New recovery codes replaced the old ones.
    RecoveryCodesMade,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// A passkey was renamed.
    PasskeyRenamed,
    /// Trust in devices was revoked.
    DevicesForgotten,
    /// Somebody requested an export of their data.
    ExportAsked,
    /// The deletion of an account was scheduled.
    DeletionScheduled,
    /// A scheduled deletion was cancelled.
    DeletionCancelled,
    /// Somebody signed in with a client that was not known.
    NewClientSignedIn,
    /// Staff ended all sessions of a person, or a person ended some of their other sessions.
    SessionsEnded,
    /// Staff closed a group or a channel. The entry is about its owner.
    RoomClosed,
    /// Staff read a ticket of the contact form. Entries for tickets are about the account of the writer, or about the staff member's own if
    /// the writer had none.
    TicketRead,
    /// Staff changed the state or the assignment of a ticket of the contact form.
    TicketChanged,
    /// Staff answered a ticket of the contact form.
    TicketAnswered,
    /// A dead letter was sent again. The entry is about the account that did it.
    EventRedriven,
}

impl Action {
    /// Returns whether the person whom an entry is about sees it in their list of security events. They do not see what staff read, nor
    /// what staff do in the shop and in rooms.
    #[must_use]
    pub const fn is_told_to_subject(self) -> bool {
        match self {
            Self::AccountReactivated
            | Self::RoleGranted
            | Self::RoleTaken
            | Self::SuperuserOffered
            | Self::FirstSuperuser
            | Self::ChatBanned
            | Self::ChatUnbanned
            | Self::MessageDeleted
            | Self::CommentChanged
            | Self::CommentDeleted
            | Self::OrderChanged
            | Self::RefundMadeOutside
            | Self::ApiKeyCreated
            | Self::ApiKeyRevoked
            | Self::ProfileChanged
            | Self::UsernameChanged
            | Self::ContactChanged
            | Self::ContactRestorationAsked
            | Self::ContactRestored
            | Self::AddressesChanged
            | Self::PictureUploaded
            | Self::PictureRemoved
            | Self::AccountDeactivated
            | Self::PasswordChanged
            | Self::PasswordReset
            | Self::FactorsChanged
            | Self::RecoveryCodesMade
            | Self::PasskeyAdded
            | Self::PasskeyRemoved
            | Self::PasskeyRenamed
            | Self::DevicesForgotten
            | Self::ExportAsked
            | Self::DeletionScheduled
            | Self::DeletionCancelled
            | Self::NewClientSignedIn
            | Self::SessionsEnded
            | Self::RoomClosed => true,
            Self::MessageRead
            | Self::ReportResolved
            | Self::PublicRoomChanged
            | Self::SupportThreadRead
            | Self::SupportNoteDeleted
            | Self::SupportReplyChanged
            | Self::ProductCreated
            | Self::ProductChanged
            | Self::ProductDeleted
            | Self::CategoryCreated
            | Self::CategoryChanged
            | Self::CategoryDeleted
            | Self::TicketRead
            | Self::TicketChanged
            | Self::TicketAnswered
            | Self::EventRedriven => false,
        }
    }

    /// Returns the stored name.
    #[must_use]
    pub fn name(self) -> String {
        let name = serde_json::to_value(self).ok();
        name.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    }
}
