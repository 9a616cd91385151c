//! Events about the search index.

crate::event::events! {
    /// A change of a record needs more writes in the search index than its transaction had room for.
    SearchUnfinished r#"{"name":"search_unfinished","catalogue":"models","record":"mdl_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The kind of the record.
        catalogue: String,
        /// Its id.
        record: String,
    }
}
