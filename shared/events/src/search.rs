//! Events about the lists by which records are found.

crate::event::events! {
    /// A change of a record has more to write in the lists of the search than its transaction had room for.
    SearchUnfinished {
        /// The kind of the record.
        catalogue: String,
        /// Its id.
        record: String,
    }
}
