//! Events about products.

use kernel::id::{PictureId, ProductId};

crate::event::events! {
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
