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

/// Defines the events of a domain: a struct for each of them, and `EVENTS`, the list of them. Behind the name of an event is an example of
/// it as JSON, which states the format on the bus and in the outbox. It never changes, so that functions read what those of the previous
/// deployment have written.
macro_rules! events {
    ($($(#[$doc:meta])* $event:ident $example:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty,)+ })+) => {
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

        pub(crate) const EVENTS: &[$crate::EventType] = &[$($crate::EventType::of::<$event>($example)),+];
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
    /// An example in the format on the bus and in the outbox.
    pub example: &'static str,
    /// Parses an event of this type from JSON, and returns it as it is emitted. Fails if the fields differ.
    pub rewrite: fn(Value) -> Result<String, serde_json::Error>,
}

impl EventType {
    pub(crate) const fn of<E: Event>(example: &'static str) -> Self {
        Self { name: E::NAME, example, rewrite: |event| to_json(&serde_json::from_value::<E>(event)?) }
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
    use std::collections::BTreeSet;

    use super::*;
    use crate::all;

    #[test]
    fn events_are_read_and_written_as_their_examples() {
        let mut names = BTreeSet::new();
        for event in all() {
            let example = serde_json::from_str(event.example).unwrap();
            assert_eq!((event.rewrite)(example).unwrap(), event.example);
            assert!((event.rewrite)(Value::Null).is_err(), "{}", event.name);
            assert!(names.insert(event.name), "two events have the name {}", event.name);
        }
    }

    #[test]
    fn a_function_reads_the_events_that_it_declares_and_no_others() {
        mod one {
            use crate::rooms::PresenceChanged;
            hears! { PresenceChanged }
            pub(super) fn reads(json: &str) -> bool {
                serde_json::from_str(json).is_ok_and(|Heard::PresenceChanged(PresenceChanged { .. })| true)
            }
        }
        let read: Vec<&str> = all().filter(|event| one::reads(event.example)).map(|event| event.name).collect();
        assert_eq!(read, ["presence_changed"]);
        assert_eq!(one::HEARD, ["presence_changed"]);
    }
}
