//! The local cloud: one process that deploys `template.yaml` to this machine.
//!
//! [`Stack::start`] reads the template, opens the state, listens, starts every function and returns. Every part holds the same
//! [`Core`]; nothing is global, so that any number of stacks can run in one process.

pub mod activity;
pub mod aws;
pub mod clock;
pub mod console;
pub mod credentials;
pub mod functions;
pub mod hosts;
mod http_api;
pub mod inbox;
pub mod outside;
pub mod schedules;
pub mod secrets;
pub mod seed;
pub mod socket_api;
mod stack;
pub mod storage;
pub mod template;
pub mod tour;
pub mod visitor;

use std::collections::BTreeMap;

use activity::Activity;
use clock::Clock;
use credentials::{Credentials, OPERATOR};
use hosts::{Hosts, Patience};
use inbox::Inbox;
use kernel::Sys;
use schedules::Schedules;
use socket_api::Connections;
pub use stack::{Options, Ports, Stack, at_root};
pub use storage::Storage;
use template::Template;

/// Where everything listens, without a slash at the end.
#[derive(Clone, Debug, Default)]
pub struct Urls {
    /// The HTTP API.
    pub api: String,
    /// The WebSocket API, with its stage: `ws://…/development`.
    pub socket: String,
    /// The console.
    pub console: String,
    /// The AWS endpoints, all of them; `@connections` is below `/<stage>/@connections/`.
    pub aws: String,
    /// The stand-ins for services that are not AWS's, each below a path of its own.
    pub outside: String,
    /// The API's documentation.
    pub docs: String,
}

/// Why a stack does not start. The message is one line that says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The template cannot be deployed.
    #[error("template: {0}")]
    Template(String),
    /// Something is wrong with the state folder.
    #[error("state: {0}")]
    State(String),
    /// An address cannot be listened on.
    #[error("{0}")]
    Listen(String),
    /// A function does not start.
    #[error("function {0}: {1}")]
    Function(String, String),
}

/// What the parts of one local cloud share. Always within an [`std::sync::Arc`].
pub struct Core {
    /// What the stack is for: `development`, unless a parameter says otherwise.
    pub stage: String,
    /// What is deployed.
    pub template: Template,
    /// Where it listens.
    pub urls: Urls,
    /// Where it keeps its state.
    pub storage: Storage,
    /// The clock, randomness and ids, as the functions see them.
    pub sys: Sys,
    /// The same clock, to be moved and waited for.
    pub clock: Clock,
    /// What the template's secrets have been drawn to.
    pub secrets: secrets::Secrets,
    /// Who signs with which key.
    pub credentials: Credentials,
    /// Invokes functions.
    pub hosts: Hosts,
    /// How long it waits for them.
    pub patience: Patience,
    /// The open WebSockets.
    pub connections: Connections,
    /// The schedules.
    pub schedules: Schedules,
    /// Mails and text messages.
    pub inbox: Inbox,
    /// What is still under way.
    pub activity: Activity,
    /// What stands behind the AWS endpoints: tables, objects, calls, faults, dead letters.
    pub aws: aws::State,
    /// The stand-ins for services that are not AWS's.
    pub outside: outside::State,
}

impl Core {
    /// Whether the template is deployed for development, where replies say what they cost.
    #[must_use]
    pub fn development(&self) -> bool {
        self.stage == "development"
    }

    /// The environment in which an SDK acts on this cloud as its operator; with a state folder it is left there, in `operator.env`.
    #[must_use]
    pub fn operator(&self) -> BTreeMap<String, String> {
        self.account_of(OPERATOR)
    }

    /// The environment in which an SDK acts on this cloud as a function does, by its logical id. Empty if there is no such function.
    #[must_use]
    pub fn account_of(&self, function: &str) -> BTreeMap<String, String> {
        self.credentials.of(function).map(|credential| hosts::account(credential, &self.urls)).unwrap_or_default()
    }

    /// Returns when everything that the clock has made due has been done, and all that followed from it.
    pub async fn settle(&self) {
        self.activity.quiet().await;
    }
}
