//! Events about the search index.

crate::event::events! {
    /// A change of a record needs more writes in the search index than its transaction had room for.
    SearchUnfinished {
        /// The kind of the record.
        catalogue: String,
        /// Its id.
        record: String,
    }
}
