//! The state machine of orders. Only its steps change the state of an order or the stock of its products.
//!
//! An order that is paid on delivery goes from `placed` to `shipped` and to `delivered`. It can be cancelled until it is shipped, and
//! returned afterwards. An order by card begins as `pending_payment`, and is then `paid` or ends. It can be refunded until it is shipped:
//! after a partial refund it is `refunding` and can still be shipped; after a full refund it ends. The table [`ARROWS`] lists the steps,
//! who may take each, and how it moves the stock.

use serde::{Deserialize, Serialize};
use store::{Slot, Tx, Update, field};
use utoipa::ToSchema;

use crate::{cart::CartLine, product::Product};

/// The state of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Placed. Its products are reserved.
    Placed,
    /// Shipped.
    Shipped,
    /// Delivered and paid.
    Delivered,
    /// Cancelled before it was shipped.
    Cancelled,
    /// Returned by the buyer.
    Returned,
    /// Placed, waiting for the payment by card. Its products are reserved.
    PendingPayment,
    /// Paid by card, and not shipped yet.
    Paid,
    /// Not paid in time.
    Expired,
    /// Paid by card, not shipped, and partly refunded.
    Refunding,
    /// Fully refunded before it was shipped.
    Refunded,
}

impl OrderState {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Placed,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
        Self::Returned,
        Self::PendingPayment,
        Self::Paid,
        Self::Expired,
        Self::Refunding,
        Self::Refunded,
    ];

    /// Returns its name in keys and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
            Self::PendingPayment => "pending_payment",
            Self::Paid => "paid",
            Self::Expired => "expired",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
        }
    }
}

/// Who takes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The buyer.
    Buyer,
    /// Staff.
    Staff,
    /// The system: the step follows from Stripe's state of the payment, or from the deletion of the buyer's account.
    System,
}

/// A move of stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockMove {
    /// From available to reserved.
    Reserve,
    /// From reserved to available.
    Release,
    /// From reserved to sold.
    Sell,
    /// From sold to available.
    TakeBack,
}

impl StockMove {
    /// Returns the attributes of a [`Product`] that it decreases and increases.
    #[must_use]
    pub const fn between(self) -> (&'static str, &'static str) {
        match self {
            Self::Reserve => ("available", "reserved"),
            Self::Release => ("reserved", "available"),
            Self::Sell => ("reserved", "sold"),
            Self::TakeBack => ("sold", "available"),
        }
    }

    /// Returns the update of the product of a line. Refused if there are too few.
    pub(crate) fn update(self, line: CartLine) -> Update {
        let ((from, to), number) = (self.between(), line.quantity.get());
        let by = i64::from(number);
        let update = Update::of(Product::key_of(line.product)).add(from, by.saturating_neg()).add(to, by);
        update.when(field(from).gt(number.saturating_sub(1)))
    }

    /// Adds the update to a transaction.
    pub(crate) fn add(self, tx: &mut Tx, line: CartLine) -> Slot {
        tx.update(self.update(line))
    }
}

/// A step from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// The state it leaves.
    pub from: OrderState,
    /// The state it leads to.
    pub to: OrderState,
    /// Who may take it.
    pub by: &'static [By],
    /// The move of stock, if there is one.
    pub stock: Option<StockMove>,
}

/// All steps.
pub const ARROWS: [Arrow; 14] = [
    arrow(OrderState::Placed, OrderState::Shipped, &[By::Staff], Some(StockMove::Sell)),
    arrow(OrderState::Placed, OrderState::Cancelled, &[By::Buyer, By::Staff, By::System], Some(StockMove::Release)),
    arrow(OrderState::Shipped, OrderState::Delivered, &[By::Staff], None),
    arrow(OrderState::Shipped, OrderState::Returned, &[By::Staff], Some(StockMove::TakeBack)),
    arrow(OrderState::Delivered, OrderState::Returned, &[By::Staff], Some(StockMove::TakeBack)),
    arrow(OrderState::PendingPayment, OrderState::Paid, &[By::System], None),
    arrow(OrderState::PendingPayment, OrderState::Expired, &[By::System], Some(StockMove::Release)),
    arrow(OrderState::PendingPayment, OrderState::Cancelled, &[By::System], Some(StockMove::Release)),
    arrow(OrderState::Paid, OrderState::Shipped, &[By::Staff], Some(StockMove::Sell)),
    arrow(OrderState::Paid, OrderState::Refunding, &[By::System], None),
    arrow(OrderState::Paid, OrderState::Refunded, &[By::System], Some(StockMove::Release)),
    arrow(OrderState::Refunding, OrderState::Paid, &[By::System], None),
    arrow(OrderState::Refunding, OrderState::Shipped, &[By::Staff], Some(StockMove::Sell)),
    arrow(OrderState::Refunding, OrderState::Refunded, &[By::System], Some(StockMove::Release)),
];

const fn arrow(from: OrderState, to: OrderState, by: &'static [By], stock: Option<StockMove>) -> Arrow {
    Arrow { from, to, by, stock }
}

/// Returns the step from one state to another, if it exists and `by` may take it.
#[must_use]
pub fn step(from: OrderState, to: OrderState, by: By) -> Option<Arrow> {
    ARROWS.into_iter().find(|arrow| arrow.from == from && arrow.to == to && arrow.by.contains(&by))
}

kernel::audited_words!(OrderState);

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    struct Stock {
        available: u32,
        reserved: u32,
        sold: u32,
    }

    impl Stock {
        fn column(&mut self, name: &str) -> &mut u32 {
            match name {
                "available" => &mut self.available,
                "reserved" => &mut self.reserved,
                "sold" => &mut self.sold,
                _ => panic!("no number {name}"),
            }
        }

        /// Returns whether there were as many.
        fn moved(&mut self, stock: StockMove, number: u32) -> bool {
            let (from, to) = stock.between();
            let Some(left) = self.column(from).checked_sub(number) else { return false };
            *self.column(from) = left;
            *self.column(to) = self.column(to).saturating_add(number);
            true
        }
    }

    /// Where the products of an order in a state are, written down independently of the table.
    fn held(orders: &[(OrderState, u32)]) -> (u32, u32) {
        let sum = |states: &[OrderState]| orders.iter().filter(|(state, _)| states.contains(state)).map(|(_, number)| number).sum();
        let reserved = [OrderState::Placed, OrderState::PendingPayment, OrderState::Paid, OrderState::Refunding];
        (sum(&reserved), sum(&[OrderState::Shipped, OrderState::Delivered]))
    }

    #[test]
    fn stock_is_where_the_orders_are_after_any_steps() {
        const RECEIVED: u32 = 500;
        const STEPS: u32 = 50_000;
        let sys = Sys::real();
        let below = |n: usize| sys.below(u32::try_from(n).unwrap()) as usize;
        let leaving = |state: OrderState| ARROWS.into_iter().filter(|arrow| arrow.from == state).collect::<Vec<_>>();
        let mut stock = Stock { available: RECEIVED, ..Stock::default() };
        let mut orders: Vec<(OrderState, u32)> = Vec::new();
        let (mut taken, mut refused) = (0, 0);
        while taken < STEPS {
            let is_taken = if orders.is_empty() || below(4) == 0 {
                let number = sys.below(9) + 1;
                let there_are = stock.moved(StockMove::Reserve, number);
                if there_are {
                    orders.push(([OrderState::Placed, OrderState::PendingPayment][below(2)], number));
                }
                there_are
            } else {
                let at = below(orders.len());
                let (from, number) = orders[at];
                let arrows = leaving(from);
                let Arrow { to, by, .. } = arrows[below(arrows.len())];
                // Mostly a step that there is, and sometimes any, by anybody.
                let (to, by) = match below(4) {
                    0 => (OrderState::ALL[below(10)], [By::Buyer, By::Staff, By::System][below(3)]),
                    _ => (to, by[below(by.len())]),
                };
                let arrow = step(from, to, by);
                if let Some(arrow) = arrow {
                    assert!(arrow.stock.is_none_or(|stock_move| stock.moved(stock_move, number)), "step {taken}: {arrow:?} {stock:?}");
                    orders[at].0 = to;
                }
                // What has ended has nothing in stock, and no step leads away from it.
                if leaving(orders[at].0).is_empty() {
                    assert_eq!(held(&[orders.swap_remove(at)]), (0, 0), "step {taken}");
                }
                arrow.is_some()
            };
            *(if is_taken { &mut taken } else { &mut refused }) += 1;
            assert_eq!(stock.available + stock.reserved + stock.sold, RECEIVED, "step {taken}");
            assert_eq!((stock.reserved, stock.sold), held(&orders), "step {taken}");
        }
        assert!(refused > 1_000, "{refused}");
    }

    #[test]
    fn there_are_no_other_steps() {
        let all = |by| {
            let pairs = OrderState::ALL.into_iter().flat_map(|from| OrderState::ALL.map(|to| (from, to)));
            pairs.filter(|(from, to)| step(*from, *to, by).is_some()).map(|(from, to)| (from.as_str(), to.as_str())).collect::<Vec<_>>()
        };
        assert_eq!(all(By::Buyer), [("placed", "cancelled")]);
        assert_eq!(
            all(By::Staff),
            [
                ("placed", "shipped"),
                ("placed", "cancelled"),
                ("shipped", "delivered"),
                ("shipped", "returned"),
                ("delivered", "returned"),
                ("paid", "shipped"),
                ("refunding", "shipped"),
            ]
        );
        assert_eq!(
            all(By::System),
            [
                ("placed", "cancelled"),
                ("pending_payment", "cancelled"),
                ("pending_payment", "paid"),
                ("pending_payment", "expired"),
                ("paid", "refunding"),
                ("paid", "refunded"),
                ("refunding", "paid"),
                ("refunding", "refunded"),
            ]
        );
        for state in OrderState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
