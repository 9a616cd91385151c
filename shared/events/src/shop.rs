//! Events about products and orders.

use kernel::id::{OrderId, PictureId, ProductId, UserId};

crate::event::events! {
    /// An order was placed or, if it is paid by card, was paid. Its buyer has to get a mail.
    OrderPlaced r#"{"name":"order_placed","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","order":"ord_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The buyer.
        user: UserId,
        /// The order.
        order: OrderId,
    }
    /// A product was deleted. Its comments, ratings and prices have to be deleted.
    ProductDeleted r#"{"name":"product_deleted","product":"prd_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The product.
        product: ProductId,
    }
    /// The picture of a product was replaced or removed. Its files have to be deleted.
    ProductPictureRetired r#"{"name":"product_picture_retired","product":"prd_01K9ZC4QW8V3T6R1NHXJ5B2MDP","picture":"pic_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The product.
        product: ProductId,
        /// The picture.
        picture: PictureId,
    }
}
