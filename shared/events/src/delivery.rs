//! Events that lead to a mail or a text message.

use kernel::id::{ChallengeId, DonationId, PlanPaymentId, TicketId, UserId};

use crate::Notice;

crate::event::events! {
    /// A code or link has to be generated and sent. It invalidates those of earlier sendings.
    ChallengeIssued r#"{"name":"challenge_issued","challenge":"chl_01K9ZC4QW8V3T6R1NHXJ5B2MDP","sending":1}"# {
        /// The challenge.
        challenge: ChallengeId,
        /// The number of this sending, from 1.
        sending: u32,
    }
    /// A user without an e-mail address has to get a text message about unread messages.
    MissedTextDue r#"{"name":"missed_text_due","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","messages":2}"# {
        /// The recipient.
        user: UserId,
        /// The number of unread messages.
        messages: u32,
    }
    /// A notice has to be sent to a user: to the address or number that is stored for this event's id, if there is one. Otherwise by mail,
    /// or by text message if the user has no address and [`Notice::is_texted`].
    NoticeDue r#"{"name":"notice_due","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","notice":"deletion_cancelled"}"# {
        /// The recipient.
        user: UserId,
        /// The notice.
        notice: Notice,
    }
    /// A plan was paid. Its receipt has to be sent by mail.
    PlanReceiptDue r#"{"name":"plan_receipt_due","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","payment":"plp_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// Who has paid.
        user: UserId,
        /// The payment.
        payment: PlanPaymentId,
    }
    /// A donation was paid. Its receipt has to be sent by mail.
    ReceiptDue r#"{"name":"receipt_due","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","donation":"don_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// Who has paid.
        user: UserId,
        /// The donation.
        donation: DonationId,
    }
    /// The team has answered a ticket of the contact form. The answer has to be sent by mail.
    TicketAnswered r#"{"name":"ticket_answered","ticket":"tkt_01K9ZC4QW8V3T6R1NHXJ5B2MDP","message":2}"# {
        /// The ticket.
        ticket: TicketId,
        /// The number of the answer among the messages of the ticket.
        message: u32,
    }
    /// The sender of a ticket of the contact form has to get a copy by mail.
    TicketCopyDue r#"{"name":"ticket_copy_due","ticket":"tkt_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The ticket.
        ticket: TicketId,
    }
    /// Somebody has written with the contact form. The team has to get the ticket by mail.
    TicketOpened r#"{"name":"ticket_opened","ticket":"tkt_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The ticket.
        ticket: TicketId,
    }
    /// A customer has requested a transcript of their support thread by mail.
    TranscriptAsked r#"{"name":"transcript_asked","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The customer.
        user: UserId,
    }
}
