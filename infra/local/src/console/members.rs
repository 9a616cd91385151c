//! `/_local/members`: makes members who are signed in, without their registration, for programs that need many people.

use std::{net::Ipv4Addr, sync::Arc};

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use futures_util::future::try_join_all;
use kernel::Client;
use proofs::signed_in::SignedIn;
use serde::{Deserialize, Serialize};

use super::ConsoleError;
use crate::{Core, members::Members, visitor::USER_AGENT};

/// How many are made at the same time.
const AT_ONCE: usize = 16;

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/members", post(make))
}

/// `{"usernames": ["ana", "ben"]}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    usernames: Vec<String>,
}

/// The members, each as the answer to a sign-in, in the order of their usernames.
#[derive(Serialize)]
struct Made {
    members: Vec<SignedIn>,
}

/// Makes the members. If a username is taken, those before it may have been made.
async fn make(State(core): State<Arc<Core>>, Json(wanted): Json<Wanted>) -> Result<(StatusCode, Json<Made>), ConsoleError> {
    // Their password is public.
    if !core.development() {
        return Err(ConsoleError::not_found());
    }
    let makes = Members::of(&core).await.map_err(ConsoleError::internal)?;
    let client = Client { address: Some(Ipv4Addr::LOCALHOST.into()), user_agent: USER_AGENT.to_owned(), place: None };
    let mut members = Vec::with_capacity(wanted.usernames.len());
    for some in wanted.usernames.chunks(AT_ONCE) {
        let made = try_join_all(some.iter().map(|username| makes.plain(username, &client))).await;
        members.extend(made.map_err(ConsoleError::bad_request)?);
    }
    Ok((StatusCode::CREATED, Json(Made { members })))
}
