//! Values of the audit. Only types that implement [`Auditable`] can be recorded. Types of secrets, passwords and private messages do not
//! implement it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::Time;

/// A value of the audit, with its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditValue {
    /// No value.
    Nothing,
    /// An id.
    Id(String),
    /// A fixed word of the code, such as a role or a state.
    Word(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// A point in time.
    Time(Time),
    /// An amount of money in minor units.
    Amount {
        /// The minor units.
        amount: u64,
        /// The code of the currency in ISO 4217.
        currency: String,
    },
    /// A text that its type allows in the audit.
    Text(String),
    /// Several values.
    List(Vec<AuditValue>),
}

/// A type whose values may be in the audit.
///
/// Implemented beside the type, by the crate that defines it. There is deliberately no blanket implementation for `Serialize` types and
/// none for `String`: they would let secrets into the audit unnoticed.
pub trait Auditable {
    /// Returns the value in the form that the audit stores.
    fn audited(&self) -> AuditValue;
}

impl<T: Auditable + ?Sized> Auditable for &T {
    fn audited(&self) -> AuditValue {
        (**self).audited()
    }
}

impl Auditable for AuditValue {
    fn audited(&self) -> AuditValue {
        self.clone()
    }
}

impl Auditable for () {
    fn audited(&self) -> AuditValue {
        AuditValue::Nothing
    }
}

impl<T: Auditable> Auditable for Option<T> {
    fn audited(&self) -> AuditValue {
        self.as_ref().map_or(AuditValue::Nothing, Auditable::audited)
    }
}

impl<T: Auditable> Auditable for Vec<T> {
    fn audited(&self) -> AuditValue {
        AuditValue::List(self.iter().map(Auditable::audited).collect())
    }
}

impl<T: Auditable> Auditable for BTreeSet<T> {
    fn audited(&self) -> AuditValue {
        AuditValue::List(self.iter().map(Auditable::audited).collect())
    }
}

impl<A: Auditable, B: Auditable> Auditable for (A, B) {
    fn audited(&self) -> AuditValue {
        AuditValue::List(vec![self.0.audited(), self.1.audited()])
    }
}

impl Auditable for bool {
    fn audited(&self) -> AuditValue {
        AuditValue::Flag(*self)
    }
}

impl Auditable for u32 {
    fn audited(&self) -> AuditValue {
        AuditValue::Number(i64::from(*self))
    }
}

impl Auditable for u64 {
    fn audited(&self) -> AuditValue {
        AuditValue::Number(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

impl Auditable for crate::Locale {
    fn audited(&self) -> AuditValue {
        AuditValue::Word(self.tag().to_owned())
    }
}

/// Marks a plain text as allowed in the audit, such as what people write about themselves.
#[derive(Clone, Copy, Debug)]
pub struct AuditText<'a>(pub &'a str);

impl Auditable for AuditText<'_> {
    fn audited(&self) -> AuditValue {
        AuditValue::Text(self.0.to_owned())
    }
}

impl Auditable for Time {
    fn audited(&self) -> AuditValue {
        AuditValue::Time(*self)
    }
}

crate::lines! {
    /// Why a member of staff did something, in their own words.
    ReasonText 1 200;
}

/// Implements [`Auditable`] for types whose `as_str` is a fixed word of the code, such as roles and states: `audited_words!(Role, Status);`
#[macro_export]
macro_rules! audited_words {
    ($($name:ty),+ $(,)?) => {$(
        impl $crate::audit::Auditable for $name {
            fn audited(&self) -> $crate::audit::AuditValue {
                $crate::audit::AuditValue::Word(self.as_str().to_owned())
            }
        }
    )+};
}

/// Implements [`Auditable`] for text types that are allowed in the audit, by their `as_str`: `audited_texts!(ProductName);`
#[macro_export]
macro_rules! audited_texts {
    ($($name:ty),+ $(,)?) => {$(
        impl $crate::audit::Auditable for $name {
            fn audited(&self) -> $crate::audit::AuditValue {
                $crate::audit::AuditValue::Text(self.as_str().to_owned())
            }
        }
    )+};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_types() {
        let written = |value: AuditValue| serde_json::to_string(&value).unwrap_or_default();
        assert_eq!(written(().audited()), r#""nothing""#);
        assert_eq!(written(None::<u32>.audited()), r#""nothing""#);
        assert_eq!(written(vec![1_u32, 2].audited()), r#"{"list":[{"number":1},{"number":2}]}"#);
        assert_eq!(written((true, Time::from_millis(5)).audited()), r#"{"list":[{"flag":true},{"time":5}]}"#);
        let amount = AuditValue::Amount { amount: 7, currency: "PLN".to_owned() };
        assert_eq!(serde_json::from_str::<AuditValue>(&written(amount.clone())).ok(), Some(amount));
    }
}
