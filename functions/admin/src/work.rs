//! The amount of work that waits for staff. It is counted up to ten, because the console shows no more.

use accounts::{
    deletion::{self, SHARDS, SWEEP},
    last_run::LastRun,
    staff::Role,
};
use axum::extract::State;
use callers::{Staff, staff::Moderator};
use commerce::{machine::OrderState, order::in_this_state};
use futures_util::{future::try_join_all, try_join};
use kernel::{Timestamp, conversation::ThreadState};
use messaging::{
    report::{self, ReportState},
    support::thread,
};
use payments::alert::{self, Alert};
use serde::Serialize;
use store::{StoreError, limits::HOUR};
use tickets::Days;
use utoipa::ToSchema;
use web::{Error, Json, Problems};

/// The highest count.
const MAX: u32 = 10;
/// How many items are read: one more than [`MAX`] shows that there are more.
const READ_LIMIT: u32 = MAX.saturating_add(1);

/// A number up to ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CappedCount {
    /// The number, at most ten.
    #[schema(minimum = 0, maximum = 10)]
    count: u32,
    /// Whether there are more.
    more: bool,
}

impl CappedCount {
    fn of(found: usize) -> Self {
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        Self { count: found.min(MAX), more: found > MAX }
    }
}

/// The work that waits for staff.
#[derive(Serialize, ToSchema)]
pub struct StaffWork {
    /// Support threads in which the team has to do something.
    support_threads: CappedCount,
    /// Reported messages that nobody has resolved.
    reports: CappedCount,
    /// Tickets of the contact form in which the team has to do something. For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    tickets: Option<CappedCount>,
    /// Orders in cash that wait to be shipped. For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    orders: Option<CappedCount>,
    /// Orders that are paid by card and wait to be shipped. For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_orders: Option<CappedCount>,
    /// Orders with a partial refund, which have to be shipped or ended. For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    refunds: Option<CappedCount>,
    /// Payments of orders, donations and plans that have been disputed within the last month. For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    disputes: Option<CappedCount>,
    /// Orders whose last refund, and payments whose automatic refund has failed, until the money is given back. For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_refunds: Option<CappedCount>,
    /// Payments within the last month that differed from the requested payment and were refunded. For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong_payments: Option<CappedCount>,
    /// Payments that came after the end of their orders, which were given back, within a month. For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    late_payments: Option<CappedCount>,
    /// Deletions of accounts that should have begun an hour ago. For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    overdue_deletions: Option<CappedCount>,
    /// When the sweep of due deletions last ran. It runs every quarter of an hour. For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sweep: Option<Timestamp>,
}

/// Counts the work that waits for staff, up to ten of each kind.
///
/// For moderators, with a second factor. Some counts are only for administrators.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; then, at once, a query of at most eleven items for threads
/// and one for reports; for administrators also one for tickets, three for orders, four for payments, four for deletions, and a read of
/// the last sweep.
#[utoipa::path(get, path = "/v1/admin/work", responses((status = 200, body = StaffWork), Problems))]
pub async fn get_work(State(s): State<crate::State>, caller: Staff<Moderator>) -> Result<Json<StaffWork>, Error> {
    let moderation = async {
        let threads = thread::list(&s.table, ThreadState::Open, None, READ_LIMIT);
        let reports = report::page(&s.table, ReportState::Open, None, READ_LIMIT);
        let (threads, reports) = try_join!(threads, reports)?;
        Ok::<_, StoreError>((CappedCount::of(threads.items.len()), CappedCount::of(reports.items.len())))
    };
    let administration = async {
        if caller.role < Role::Administrator {
            return Ok::<_, StoreError>(None);
        }
        let orders = |state| in_this_state(&s.table, state, None, READ_LIMIT);
        let alerts = |alert| alert::page(&s.table, alert, s.sys.now(), None, READ_LIMIT);
        let (tickets, placed, paid, refunding, (disputed, _), (failed, _), (wrong, _), (late, _), deletions, swept) = try_join!(
            tickets::list(&s.table, ThreadState::Open, Days::default(), None, READ_LIMIT),
            orders(OrderState::Placed),
            orders(OrderState::Paid),
            orders(OrderState::Refunding),
            alerts(Alert::Disputed),
            alerts(Alert::RefundFailed),
            alerts(Alert::WrongPayment),
            alerts(Alert::LatePayment),
            overdue_deletions(&s),
            s.table.get::<LastRun>(LastRun::key_of(SWEEP))
        )?;
        let [placed, paid, refunding] = [placed, paid, refunding].map(|orders| orders.items.len());
        let [disputed, failed, wrong, late] = [disputed, failed, wrong, late].map(|alerts| alerts.len());
        let counts = [tickets.items.len(), placed, paid, refunding, disputed, failed, wrong, late, deletions].map(CappedCount::of);
        Ok(Some((counts, swept.map(|last| Timestamp::from(last.at)))))
    };
    let ((support_threads, reports), administration) = try_join!(moderation, administration)?;
    let (counts, last_sweep) = administration.map_or(([None; 9], None), |(counts, last_sweep)| (counts.map(Some), last_sweep));
    let [tickets, orders, paid_orders, refunds, disputes, failed_refunds, wrong_payments, late_payments, overdue_deletions] = counts;
    Ok(Json(StaffWork {
        support_threads,
        reports,
        tickets,
        orders,
        paid_orders,
        refunds,
        disputes,
        failed_refunds,
        wrong_payments,
        late_payments,
        overdue_deletions,
        last_sweep,
    }))
}

/// Returns how many deletions are overdue: the sweep should have begun them.
async fn overdue_deletions(s: &crate::State) -> Result<usize, StoreError> {
    let late = s.sys.now() - HOUR;
    let parts = try_join_all((0..SHARDS).map(|shard| deletion::due(&s.table, shard, late, READ_LIMIT, None))).await?;
    Ok(parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.deletions.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_ten_are_not_counted() {
        for (found, count, more) in [(0, 0, false), (10, 10, false), (11, 10, true)] {
            assert_eq!(CappedCount::of(found), CappedCount { count, more });
        }
    }
}
