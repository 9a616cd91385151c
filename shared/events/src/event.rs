//! The definition of events, and the declaration of the events that a function consumes.

use kernel::{Time, id::EventId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// A type of event. The fields of an existing event never change, because functions of two versions run at the same time during a
/// deployment.
pub trait Event: Serialize + DeserializeOwned {
    /// The name on the bus, in `detail-type` and in `detail`: the name of the type in snake case.
    const NAME: &'static str;
}

/// Defines the events of a domain: a struct for each of them, and `EVENTS`, the list of them.
macro_rules! events {
    ($($(#[$doc:meta])* $event:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
            pub struct $event {
                $($(#[$field_doc])* pub $field: $type,)+
            }

            impl $crate::Event for $event {
                const NAME: &'static str = pastey::paste!(stringify!([<$event:snake>]));
            }
        )+

        pub(crate) const EVENTS: &[$crate::EventType] = &[$($crate::EventType::of::<$event>()),+];
    };
}
pub(crate) use events;

/// Declares what a function hears on the bus: `Heard`, an enum with a variant for each of these events, which is read as the event
/// of an [`Envelope`], and `HEARD`, their names. `cargo xtask check` compares the names with the function's rule in the template.
#[macro_export]
macro_rules! hears {
    ($($event:ident),+ $(,)?) => {
        /// The events that this function consumes.
        #[derive($crate::serde::Serialize, $crate::serde::Deserialize)]
        #[serde(crate = "events::serde", tag = "name", rename_all = "snake_case")]
        enum Heard {
            $($event($event),)+
        }

        /// The names of the events that this function consumes.
        pub const HEARD: &[&str] = &[$(<$event as $crate::Event>::NAME),+];
    };
}

/// An event on the bus: the `detail`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<E> {
    /// The id of the event, by which consumers recognise repetitions.
    pub id: EventId,
    /// When it happened.
    pub at: Time,
    /// The request that caused it, directly or through other events. The host of the consumer adds it to the log lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The event itself: `Heard` of the function.
    pub event: E,
}

/// A type of event, for checks of files that contain events.
#[derive(Clone, Copy, Debug)]
pub struct EventType {
    /// The name on the bus.
    pub name: &'static str,
    /// Parses an event of this type from JSON, and fails if the fields differ.
    pub read: fn(Value) -> Result<(), serde_json::Error>,
}

impl EventType {
    pub(crate) const fn of<E: Event>() -> Self {
        Self { name: E::NAME, read: |event| serde_json::from_value::<E>(event).map(drop) }
    }
}

/// Returns an event with its name, as JSON.
///
/// # Errors
/// If the event cannot be written as JSON.
pub(crate) fn to_json<E: Event>(event: &E) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Named<'a, E> {
        name: &'static str,
        #[serde(flatten)]
        event: &'a E,
    }
    serde_json::to_string(&Named { name: E::NAME, event })
}

#[cfg(test)]
mod tests {
    use crate::{
        accounts::{AccountPurgeDue, SessionsEnded},
        all,
        delivery::{
            ChallengeIssued, MissedTextDue, NoticeDue, PlanReceiptDue, ReceiptDue, TicketAnswered, TicketCopyDue, TicketOpened,
            TranscriptAsked,
        },
        files::{AttachmentsDropped, ExportRequested, PictureRetired},
        people::RelationChanged,
        rooms::{ChatBanned, MemberLeft, MessageChanged, MessagePosted, MessagesMissed, PresenceChanged, RoomDeleted},
        search::SearchUnfinished,
        shop::{OrderPlaced, ProductDeleted, ProductPictureRetired},
    };

    use super::*;

    hears! {
        AccountPurgeDue, AttachmentsDropped, ChallengeIssued, ChatBanned, ExportRequested, MemberLeft, MessageChanged, MessagePosted,
        MessagesMissed, MissedTextDue, NoticeDue, OrderPlaced, PictureRetired, PlanReceiptDue, PresenceChanged, ProductDeleted,
        ProductPictureRetired, ReceiptDue, RelationChanged, RoomDeleted, SearchUnfinished, SessionsEnded, TicketAnswered, TicketCopyDue,
        TicketOpened, TranscriptAsked,
    }

    /// The format of events on the bus and in the outbox of the previous deployment.
    const WRITTEN: [&str; 26] = [
        r#"{"name":"account_purge_due","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","deletion":"del_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"attachments_dropped","attachments":["att_01K9ZC4QW8V3T6R1NHXJ5B2MDP"]}"#,
        r#"{"name":"challenge_issued","challenge":"chl_01K9ZC4QW8V3T6R1NHXJ5B2MDP","sending":1}"#,
        r#"{"name":"chat_banned","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"export_requested","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","export":"exp_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"member_left","room":"rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"message_changed","room":"rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP","seq":7}"#,
        r#"{"name":"message_posted","room":"rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP","seq":7}"#,
        r#"{"name":"messages_missed","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","room":"rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP","kind":"direct","seq":7,"messages":2,"replaces":null}"#,
        r#"{"name":"missed_text_due","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","messages":2}"#,
        r#"{"name":"notice_due","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","notice":"deletion_cancelled"}"#,
        r#"{"name":"order_placed","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","order":"ord_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"picture_retired","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","picture":"pic_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"plan_receipt_due","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","payment":"plp_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"presence_changed","room":"rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"product_deleted","product":"prd_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"product_picture_retired","product":"prd_01K9ZC4QW8V3T6R1NHXJ5B2MDP","picture":"pic_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"receipt_due","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","donation":"don_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"relation_changed","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","other":"usr_01K9ZC7F2E9S4YAW0GKPQ8RT5V","relation":"received","by":"usr_01K9ZC7F2E9S4YAW0GKPQ8RT5V"}"#,
        r#"{"name":"room_deleted","room":"rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"search_unfinished","catalogue":"models","record":"mdl_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"sessions_ended","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"ticket_answered","ticket":"tkt_01K9ZC4QW8V3T6R1NHXJ5B2MDP","message":2}"#,
        r#"{"name":"ticket_copy_due","ticket":"tkt_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"ticket_opened","ticket":"tkt_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
        r#"{"name":"transcript_asked","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#,
    ];

    /// Returns the event that a function hears, as it was emitted.
    fn emitted(heard: &Heard) -> String {
        match heard {
            Heard::AccountPurgeDue(event) => to_json(event),
            Heard::AttachmentsDropped(event) => to_json(event),
            Heard::ChallengeIssued(event) => to_json(event),
            Heard::ChatBanned(event) => to_json(event),
            Heard::ExportRequested(event) => to_json(event),
            Heard::MemberLeft(event) => to_json(event),
            Heard::MessageChanged(event) => to_json(event),
            Heard::MessagePosted(event) => to_json(event),
            Heard::MessagesMissed(event) => to_json(event),
            Heard::MissedTextDue(event) => to_json(event),
            Heard::NoticeDue(event) => to_json(event),
            Heard::OrderPlaced(event) => to_json(event),
            Heard::PictureRetired(event) => to_json(event),
            Heard::PlanReceiptDue(event) => to_json(event),
            Heard::PresenceChanged(event) => to_json(event),
            Heard::ProductDeleted(event) => to_json(event),
            Heard::ProductPictureRetired(event) => to_json(event),
            Heard::ReceiptDue(event) => to_json(event),
            Heard::RelationChanged(event) => to_json(event),
            Heard::RoomDeleted(event) => to_json(event),
            Heard::SearchUnfinished(event) => to_json(event),
            Heard::SessionsEnded(event) => to_json(event),
            Heard::TicketAnswered(event) => to_json(event),
            Heard::TicketCopyDue(event) => to_json(event),
            Heard::TicketOpened(event) => to_json(event),
            Heard::TranscriptAsked(event) => to_json(event),
        }
        .unwrap()
    }

    #[test]
    fn events_are_read_and_written_as_before() {
        for json in WRITTEN {
            assert_eq!(emitted(&serde_json::from_str(json).unwrap()), json);
        }
        let mut names: Vec<&str> = all().map(|event| event.name).collect();
        names.sort_unstable();
        let written: Vec<&str> = WRITTEN.iter().filter_map(|json| json.split('"').nth(3)).collect();
        assert_eq!(names, written, "each event has one name and one line above");
        assert_eq!(HEARD, written);
    }

    #[test]
    fn an_event_that_is_not_declared_is_not_read() {
        mod one {
            use crate::rooms::PresenceChanged;
            hears! { PresenceChanged }
            pub(super) fn reads(json: &str) -> bool {
                serde_json::from_str(json).is_ok_and(|Heard::PresenceChanged(PresenceChanged { .. })| true)
            }
        }
        let read: Vec<&str> = WRITTEN.into_iter().filter(|json| one::reads(json)).collect();
        assert_eq!(read, [r#"{"name":"presence_changed","room":"rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#]);
        assert_eq!(one::HEARD, ["presence_changed"]);
    }

    #[test]
    fn a_type_of_event_reads_its_own_fields() {
        for event in all() {
            let of_type = |json: &&str| json.contains(&format!(r#""name":"{}""#, event.name));
            let json = WRITTEN.into_iter().find(of_type).and_then(|json| serde_json::from_str(json).ok()).unwrap();
            assert!((event.read)(json).is_ok() && (event.read)(Value::Null).is_err(), "{}", event.name);
        }
    }
}
