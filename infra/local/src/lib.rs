//! The local cloud: one process that deploys `template.yaml` to this machine.
//!
//! [`Stack::start`] reads the template, opens the state, listens, starts every function and returns. All parts share one [`Core`].
//! Nothing is global, so any number of stacks can run in one process.

pub mod activity;
pub mod aws;
pub mod clock;
pub mod console;
pub mod credentials;
pub mod functions;
pub mod hosts;
mod http_api;
pub mod inbox;
pub mod limits;
mod listeners;
pub mod logs;
pub mod members;
pub mod outside;
pub mod requests;
pub mod schedules;
pub mod secrets;
pub mod seed;
pub mod socket_api;
mod stack;
pub mod storage;
pub mod template;
pub mod tour;
mod trace;
pub mod visitor;

use std::collections::BTreeMap;

use activity::Activity;
use clock::Clock;
use credentials::{Credentials, OPERATOR};
use hosts::{Hosts, Patience};
pub use http_api::Routes;
use inbox::Inbox;
use kernel::Sys;
use limits::Limits;
pub use listeners::Ports;
use requests::Requests;
use schedules::Schedules;
use socket_api::Connections;
pub use stack::{Options, Stack, at_root};
pub use storage::Storage;
use template::Template;

/// A phone number that is reserved for examples, and its fixed code, for programs that cannot read messages: nothing is sent to it.
pub const TEST_PHONE: (&str, &str) = ("+447700900999", "123456");

/// The addresses of the listeners, without a slash at the end.
#[derive(Clone, Debug, Default)]
pub struct Urls {
    /// The HTTP API.
    pub api: String,
    /// The WebSocket API, with its stage: `ws://…/development`.
    pub socket: String,
    /// The console.
    pub console: String,
    /// All AWS endpoints. `@connections` is under `/<stage>/@connections/`.
    pub aws: String,
    /// The stand-ins for services outside AWS, each with its own path.
    pub outside: String,
    /// The API of Stripe: its stand-in, if the parameters name no other.
    pub stripe: String,
    /// The API's documentation.
    pub docs: String,
    /// The console for staff.
    pub staff: String,
}

impl Urls {
    /// Returns whether payments are made at the stand-in for Stripe.
    #[must_use]
    pub fn stands_in_for_stripe(&self) -> bool {
        self.stripe == outside::stripe::url(&self.outside)
    }
}

/// Why a stack does not start. The message is one line, which says how to solve the problem.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The template cannot be deployed.
    #[error("template: {0}")]
    Template(String),
    /// Something is wrong with the state folder.
    #[error("state: {0}")]
    State(String),
    /// A port cannot be listened on.
    #[error("{0}")]
    Listen(String),
    /// A function does not start.
    #[error("function {0}: {1}")]
    Function(String, String),
}

/// What all parts of one local cloud share. Always in an [`std::sync::Arc`].
pub struct Core {
    /// The stage: `development`, unless a parameter names another.
    pub stage: String,
    /// The deployed template.
    pub template: Template,
    /// The addresses of the listeners.
    pub urls: Urls,
    /// The storage of the state.
    pub storage: Storage,
    /// The clock, randomness and ids of the functions.
    pub sys: Sys,
    /// The same clock, for moving it and for waiting.
    pub clock: Clock,
    /// The generated secrets of the template.
    pub secrets: secrets::Secrets,
    /// The credentials of the functions and of the operator.
    pub credentials: Credentials,
    /// Invokes functions.
    pub hosts: Hosts,
    /// How long the platform waits for functions.
    pub patience: Patience,
    /// The open WebSockets.
    pub connections: Connections,
    /// The schedules.
    pub schedules: Schedules,
    /// Mails and text messages.
    pub inbox: Inbox,
    /// Pending work.
    pub activity: Activity,
    /// Whether the rate limits are lifted.
    pub limits: Limits,
    /// The last requests to the APIs.
    pub requests: Requests,
    /// The state of the AWS endpoints: tables, objects, calls, faults, dead letters.
    pub aws: aws::State,
    /// The stand-ins for services outside AWS.
    pub outside: outside::State,
}

impl Core {
    /// Returns whether the stage is `development`, where replies have the number of their AWS calls.
    #[must_use]
    pub fn development(&self) -> bool {
        self.stage == "development"
    }

    /// Returns the environment for an SDK that acts as the operator. With a state folder it is also written to `operator.env` there.
    #[must_use]
    pub fn operator(&self) -> BTreeMap<String, String> {
        self.account_of(OPERATOR)
    }

    /// Returns the environment for an SDK that acts as a function, by logical id. Empty if there is no such function.
    #[must_use]
    pub fn account_of(&self, function: &str) -> BTreeMap<String, String> {
        self.credentials.of(function).map(|credential| hosts::account(credential, &self.urls)).unwrap_or_default()
    }

    /// Deletes the counters of the limits, if the limits are lifted. Called before each request, so that each request counts as the first
    /// one.
    pub(crate) async fn lift_limits(&self) {
        if !self.limits.lifted() {
            return;
        }
        if let Err(e) = self.aws.dynamodb.forget_counters("").await {
            tracing::warn!(error = %e, "the limits cannot be lifted");
        }
    }

    /// Returns when all schedules that are due have run, everything that has expired is deleted, and no work is pending.
    pub async fn settle(&self) {
        self.activity.quiet().await;
    }
}
