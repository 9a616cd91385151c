//! The steps of a deletion and their order: one line for each feature, whose own crate deletes its data.
//!
//! Sessions and credentials come first, so that the person writes nothing while the purge runs. The account itself comes after all steps
//! that need its names, and before the step of the audit: as long as the account exists, staff can take its roles and keys away, which adds
//! entries to the audit. Flows come last, because anybody can begin one with an address that still has its owner.
//!
//! A step deletes a bounded part and returns whether there is more. It may be interrupted and repeated at any point. Steps are recorded by
//! their names, so that a step of a new deployment also runs for an account that is half purged. Data at Stripe is left to
//! `stripe-webhook`, so that an outage of Stripe does not delay the other steps.
//!
//! Some items have no step, because they identify nobody or expire: outbox items and records of processed events contain only ids and
//! expire, counters of limits have hashed keys and expire within a day, those of orders on delivery within 90 days, and those of
//! consecutive wrong codes within a year. If another member has asked to change to an address or number of this person, that contact is
//! stored with the other member, who cannot prove it. It expires within a day of the last request.

use accounts::{deletion::Deletion, identifier::Contact, purge::Purged, user::User};
use function::Failure;
use futures_util::future::{BoxFuture, FutureExt as _};
use proofs::challenge::{Challenge, Purpose};
use store::Key;

use crate::State;

pub(crate) const ALL: [Step; 15] = [
    step("sessions", |s, d| run(accounts::purge::delete_credentials(&s.table, d.user))),
    step("sockets", |s, d| run(messaging::purge::close(&s.table, &s.sys, &s.sockets, d.user))),
    step("files", |s, d| run(files::purge::purge(&s.table, &s.bucket, d.user))),
    step("chats", |s, d| run(messaging::purge::purge(&s.table, &s.sys, d.user))),
    // Also deletes the items about the person in the partitions of others, of whatever feature (`Index::AboutPerson`).
    step("friends", |s, d| run(accounts::pair::purge(&s.table, d.user))),
    step("products", |s, d| run(commerce::purge::purge(&s.table, d.user))),
    step("orders", |s, d| run(commerce::leaving::purge(&s.table, &s.sys, s.records, d.user))),
    step("contact", |s, d| run(tickets::purge(&s.table, d.user))),
    step("invites", |s, d| run(accounts::purge::delete_invites(&s.table, d.user))),
    step("models", |s, d| run(catalogue::purge(&s.table, d.user))),
    // The search entries are found by the names in the account, so this step comes before `account`.
    step("search", |s, d| run(accounts::people_search::purge(&s.table, d.user))),
    step("payments", |s, d| run(payments::purge::purge(&s.table, &s.sys, s.records, d.user))),
    step("account", |s, d| run(accounts::purge::delete_account(&s.table, d.user, phone_code))),
    // Deletes the values before and after changes. The entries, which contain only ids, stay: their seals depend on them.
    step("audit", |s, d| run(accounts::audit::purge(&s.table, d.user))),
    step("flows", |s, d| run(accounts::purge::delete_owned(&s.table, d.user))),
];

/// Returns the key of the challenge for signing in with the person's number. The challenge does not refer to the account, because it is
/// created without knowing whose number it is.
fn phone_code(user: &User) -> Option<Key> {
    let phone = user.phone.clone().map(Contact::Phone)?;
    Some(Challenge::key_of(Challenge::id_of(Purpose::PhoneLogin, &phone, "")))
}

/// One step.
pub(crate) struct Step {
    /// The name under which the step is recorded as done.
    pub name: &'static str,
    /// Deletes a bounded part.
    pub run: Run,
}

type Run = for<'a> fn(&'a State, &'a Deletion) -> BoxFuture<'a, Result<Purged, Failure>>;

const fn step(name: &'static str, run: Run) -> Step {
    Step { name, run }
}

fn run<'a, P, E>(part: impl Future<Output = Result<P, E>> + Send + 'a) -> BoxFuture<'a, Result<Purged, Failure>>
where
    P: Into<Purged>,
    E: Into<Failure>,
{
    part.map(|outcome| outcome.map(Into::into).map_err(Into::into)).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A superuser who takes a role from somebody whose account is just being deleted gives a reason, which would stay for 400 days.
    #[test]
    fn values_of_the_audit_are_deleted_when_no_more_are_written() {
        let place = |name: &str| ALL.iter().position(|step| step.name == name).unwrap();
        for before in ["chats", "products", "orders", "contact", "account"] {
            assert!(place(before) < place("audit"), "{before}");
        }
    }
}
