//! The route that the gateway chose for a request.

/// The route of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The gateway chose the route with this template, such as `/v1/users/{username}`, in the syntax of the router. No other route may
    /// answer.
    Chosen(String),
    /// The router chooses by the path. Either no gateway was involved, because `cargo lambda watch` called the function over HTTP, or the
    /// gateway's route is for all paths below a prefix, where the function has several operations.
    Open,
}
