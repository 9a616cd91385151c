//! The query of operations that return a list page by page.

use kernel::{PAGE, Problem, page_limit};
use serde::Deserialize;
use utoipa::IntoParams;

/// The requested page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Maximum number of items in the page: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = json!(PAGE))]
    limit: Option<u32>,
    /// `next_cursor` of the previous response. Without it, the first page is returned.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

impl PageQuery {
    /// Returns the maximum number of items in the page.
    ///
    /// # Errors
    /// The errors of [`page_limit`].
    pub fn limit(&self) -> Result<u32, Problem> {
        page_limit(self.limit, PAGE)
    }

    /// Returns the cursor, which `store::Cursors` opens.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }
}
