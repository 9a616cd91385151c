//! The route that the gateway chose for a request.

/// The route of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The route with this template, such as `/v1/users/{username}`, in the syntax of the router. The gateway chose it, and no
    /// other may answer.
    Chosen(String),
    /// The router chooses by the path. No gateway was involved, because `cargo lambda watch` called the function over HTTP; or it is a
    /// route for all paths below a prefix, of which the gateway has one for each function with several operations there.
    Open,
}
