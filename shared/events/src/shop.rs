//! Events about products and orders.

use kernel::id::{OrderId, PictureId, ProductId, UserId};

crate::event::events! {
    /// An order was placed or, if it is paid by card, was paid. Its buyer has to get a mail.
    OrderPlaced {
        /// The buyer.
        user: UserId,
        /// The order.
        order: OrderId,
    }
    /// A product was deleted. Its comments, ratings and prices have to be deleted.
    ProductDeleted {
        /// The product.
        product: ProductId,
    }
    /// The picture of a product was replaced or removed. Its files have to be deleted.
    ProductPictureRetired {
        /// The product.
        product: ProductId,
        /// The picture.
        picture: PictureId,
    }
}
