//! Events about products and orders.

use kernel::id::{OrderId, PictureId, ProductId, UserId};

crate::event::events! {
    /// An order was placed, or, if it is paid by card, was paid: its buyer is to be told by mail.
    OrderPlaced {
        /// The buyer.
        user: UserId,
        /// The order.
        order: OrderId,
    }
    /// A product was deleted: its comments, ratings and prices are to be deleted.
    ProductDeleted {
        /// The product.
        product: ProductId,
    }
    /// The picture of a product was replaced or removed: its files are to be deleted.
    ProductPictureRetired {
        /// The product.
        product: ProductId,
        /// The picture.
        picture: PictureId,
    }
}
