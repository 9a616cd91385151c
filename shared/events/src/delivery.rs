//! Events that lead to a mail or a text message.

use kernel::id::{ChallengeId, DonationId, PlanPaymentId, TicketId, UserId};

use crate::Notice;

crate::event::events! {
    /// A code or link has to be generated and sent. It invalidates those of earlier sendings.
    ChallengeIssued {
        /// The challenge.
        challenge: ChallengeId,
        /// The number of this sending, from 1.
        sending: u32,
    }
    /// A user without an e-mail address has to get a text message about unread messages.
    MissedTextDue {
        /// The recipient.
        user: UserId,
        /// The number of unread messages.
        messages: u32,
    }
    /// A notice has to be sent to a user: to the address or number that is stored for this event's id, if there is one. Otherwise by mail,
    /// or by text message if the user has no address and [`Notice::is_texted`].
    NoticeDue {
        /// The recipient.
        user: UserId,
        /// The notice.
        notice: Notice,
    }
    /// A plan was paid. Its receipt has to be sent by mail.
    PlanReceiptDue {
        /// Who has paid.
        user: UserId,
        /// The payment.
        payment: PlanPaymentId,
    }
    /// A donation was paid. Its receipt has to be sent by mail.
    ReceiptDue {
        /// Who has paid.
        user: UserId,
        /// The donation.
        donation: DonationId,
    }
    /// The team has answered a ticket of the contact form. The answer has to be sent by mail.
    TicketAnswered {
        /// The ticket.
        ticket: TicketId,
        /// The number of the answer among the messages of the ticket.
        message: u32,
    }
    /// The sender of a ticket of the contact form has to get a copy by mail.
    TicketCopyDue {
        /// The ticket.
        ticket: TicketId,
    }
    /// Somebody has written with the contact form. The team has to get the ticket by mail.
    TicketOpened {
        /// The ticket.
        ticket: TicketId,
    }
    /// A customer has requested a transcript of their support thread by mail.
    TranscriptAsked {
        /// The customer.
        user: UserId,
    }
}
