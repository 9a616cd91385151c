//! Types that the handshake and the connections share.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Core, http_api::Throttles};

/// The WebSocket API.
pub(super) struct Gateway {
    pub core: Arc<Core>,
    pub throttles: Throttles,
}

/// The response of a function.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct FunctionResponse {
    pub status_code: Option<u16>,
    pub headers: Option<Map<String, Value>>,
    pub body: Option<String>,
}
