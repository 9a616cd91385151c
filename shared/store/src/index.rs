//! The generic indexes of the table.

/// The generic sparse indexes of the table, named by their purpose. Several of them share one DynamoDB index; the prefixes of their
/// partition keys differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// Deletions of accounts by due time: `gsi1`.
    DueDeletions,
    /// Notices that were held back, by due time: `gsi1`.
    DueNotices,
    /// Unpaid payments, by the time of their next check: `gsi1`.
    DuePayments,
    /// Files that are not in a message, by the time of their deletion: `gsi1`.
    DueAttachments,
    /// Room memberships of absent members with unread messages, by the time at which a digest mail is due: `gsi2`.
    DueDigests,
    /// The rooms of a member: `gsi1`.
    RoomsOfMember,
    /// The invitations of a person to rooms: `gsi1`.
    InvitationsToRooms,
    /// The invitations to rooms that a person has sent: `gsi2`.
    InvitationsBySender,
    /// Current bans from chat, by end: `gsi1`.
    CurrentBans,
    /// The bans from chat that a moderator has imposed: `gsi2`.
    BansByAuthor,
    /// Reported messages, by state and time: `gsi1`.
    ReportedMessages,
    /// The reported messages of an author: `gsi2`.
    ReportsOfAuthor,
    /// The reports of one message: `gsi1`.
    ReportsOfMessage,
    /// The messages of an author, and the room events that name this person: `gsi1`.
    MessagesByAuthor,
    /// People who are online, by the time after which they count as offline: `gsi1`.
    Online,
    /// The unread notifications of a person: `gsi1`.
    UnreadNotifications,
    /// Items in the partitions of others that are about a person, such as notifications. The step `friends` of the account purge deletes
    /// all of them, whatever feature they belong to. Who writes one checks that this account stays: `gsi2`.
    AboutPerson,
    /// The locations of people, by area: `gsi1`.
    Nearby,
    /// Items outside a person's partition that belong to the person: `gsi2`.
    Owner,
    /// The threads of the support desk, by state and last activity: `gsi1`.
    SupportThreads,
    /// The threads of the support desk whose customer will get a mail, by due time: `gsi2`.
    SupportMails,
    /// The notes on support threads, by author: `gsi1`.
    NotesByAuthor,
    /// The orders in each state, by age: `gsi2`.
    OrdersByState,
    /// The tickets of the contact form in each state, by the time of the last change of state: `gsi1`.
    TicketsByState,
    /// The pairs (relations of two people) in which this person has the lower id: `gsi1`.
    PairsOfLow,
    /// The pairs (relations of two people) in which this person has the higher id: `gsi2`.
    PairsOfHigh,
    /// The lists of the search index that are not in the base table, and the lists of products by name: `gsi1`.
    SearchFirst,
    /// Further lists of the search index that are not in the base table, and the lists of products by price: `gsi2`.
    SearchSecond,
    /// The records of the audit, by day: `gsi1` of its table.
    AuditByDay,
    /// The records of the audit, by actor and month: `gsi2` of its table.
    AuditByActor,
    /// The records of the audit, by action and month: `gsi4` of its table.
    AuditByAction,
    /// Everybody who has a role: `gsi1`.
    Staff,
    /// All API keys, by age: `gsi1`.
    ApiKeys,
    /// The accounts that are deactivated, scheduled for deletion or being purged: `gsi2`.
    AccountsInState,
}

impl Index {
    pub(crate) const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::AuditByDay
            | Self::ApiKeys
            | Self::DueDeletions
            | Self::DueNotices
            | Self::DuePayments
            | Self::DueAttachments
            | Self::RoomsOfMember
            | Self::InvitationsToRooms
            | Self::MessagesByAuthor
            | Self::Online
            | Self::PairsOfLow
            | Self::Nearby
            | Self::SearchFirst
            | Self::Staff
            | Self::NotesByAuthor
            | Self::SupportThreads
            | Self::TicketsByState
            | Self::UnreadNotifications
            | Self::CurrentBans
            | Self::ReportedMessages
            | Self::ReportsOfMessage => ("gsi1", "gsi1pk", "gsi1sk"),
            Self::AuditByAction => ("gsi4", "gsi4pk", "gsi4sk"),
            Self::Owner
            | Self::AuditByActor
            | Self::PairsOfHigh
            | Self::OrdersByState
            | Self::AboutPerson
            | Self::InvitationsBySender
            | Self::BansByAuthor
            | Self::ReportsOfAuthor
            | Self::DueDigests
            | Self::SearchSecond
            | Self::AccountsInState
            | Self::SupportMails => ("gsi2", "gsi2pk", "gsi2sk"),
        }
    }

    /// Returns its name in DynamoDB. The attributes of its keys are this name followed by `pk` and `sk`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.names().0
    }
}

/// The index of rankings, `gsi3`, whose sort key is a number. Only [`crate::Update::rank`] changes the number, so that one update counts
/// and moves the item to its new position.
pub(crate) const RANKING: (&str, &str, &str) = ("gsi3", "gsi3pk", "gsi3sk");
