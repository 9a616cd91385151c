//! Events about what is sent to people by mail or text message.

use kernel::id::{ChallengeId, DonationId, PlanPaymentId, TicketId, UserId};

use crate::Notice;

crate::event::events! {
    /// A code or link is to be generated and sent. It replaces those of earlier sendings.
    ChallengeIssued {
        /// The challenge.
        challenge: ChallengeId,
        /// The number of this sending, from 1.
        sending: u32,
    }
    /// A user without an address is to be told by text message that messages wait for them.
    MissedTextDue {
        /// The recipient.
        user: UserId,
        /// How many wait.
        messages: u32,
    }
    /// A notice is to be sent to a user: to the address or number that is stored for this event's id, if there is one. Otherwise by
    /// mail, or by text message if the user has no address and [`Notice::is_texted`].
    NoticeDue {
        /// The recipient.
        user: UserId,
        /// What it is about.
        notice: Notice,
    }
    /// A plan was paid: its receipt is to be sent by mail.
    PlanReceiptDue {
        /// Who has paid.
        user: UserId,
        /// The payment.
        payment: PlanPaymentId,
    }
    /// A donation was paid: its receipt is to be sent by mail.
    ReceiptDue {
        /// Who has paid.
        user: UserId,
        /// The donation.
        donation: DonationId,
    }
    /// The team has answered a ticket of the contact form: the answer is to be sent by mail.
    TicketAnswered {
        /// The ticket.
        ticket: TicketId,
        /// The number of the answer among the messages of the ticket.
        message: u32,
    }
    /// Whoever wrote to the team with the contact form is to get a copy by mail.
    TicketCopyDue {
        /// The ticket.
        ticket: TicketId,
    }
    /// Somebody has written to the team with the contact form: the team is to get it by mail.
    TicketOpened {
        /// The ticket.
        ticket: TicketId,
    }
    /// A customer has asked for a transcript of their support thread, by mail.
    TranscriptAsked {
        /// The customer.
        user: UserId,
    }
}
