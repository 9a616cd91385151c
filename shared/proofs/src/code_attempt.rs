//! Attempts at codes that were sent.

use kernel::{Kind, Problem, Time, id::ChallengeId};
use store::{Cond, Conditional as _, Table, Update, field};

use crate::{
    challenge::{Challenge, CodeKey, Form, Purpose},
    code::TypedCode,
    sending,
};

/// Compares a typed code. The caller has to consume the returned challenge in the transaction that the code permits. One update, or one
/// read for a long code. A right code by text message takes one more update, which counts that it came back.
///
/// # Errors
/// [`Kind::CodeInvalid`] for codes that are wrong, used, expired, never sent or of another length, and after too many attempts,
/// so that the answer hides which; with `tries_left` if an attempt was counted.
pub async fn attempt(
    table: &Table,
    now: Time,
    key: &CodeKey,
    purpose: Purpose,
    id: ChallengeId,
    code: &TypedCode,
) -> Result<Challenge, Problem> {
    CodeAttempt { table, now, key, purpose, id, flow: None }.check(code).await
}

/// Like [`attempt`], in a flow: only the flow that requested the current code can use it or its attempts.
///
/// # Errors
/// The errors of [`attempt`].
pub async fn attempt_in(
    flow: ChallengeId,
    table: &Table,
    now: Time,
    key: &CodeKey,
    purpose: Purpose,
    id: ChallengeId,
    code: &TypedCode,
) -> Result<Challenge, Problem> {
    CodeAttempt { table, now, key, purpose, id, flow: Some(flow) }.check(code).await
}

/// An attempt at a code, for any flow or for one.
struct CodeAttempt<'a> {
    table: &'a Table,
    now: Time,
    key: &'a CodeKey,
    purpose: Purpose,
    id: ChallengeId,
    flow: Option<ChallengeId>,
}

impl CodeAttempt<'_> {
    async fn check(&self, code: &TypedCode) -> Result<Challenge, Problem> {
        let challenge = match code {
            TypedCode::Short(code) => self.short(code).await?,
            TypedCode::Long(code) => self.long(code).await?,
        };
        sending::came_back(self.table, &challenge).await;
        Ok(challenge)
    }

    async fn short(&self, code: &str) -> Result<Challenge, Problem> {
        let digits = u32::try_from(code.len()).map_err(|_| Kind::CodeInvalid)?;
        let former = field("tries_max").absent().and(field("tries").lt(Challenge::former_tries()));
        let count = Update::of(Challenge::key_of(self.id))
            .add("tries", 1)
            .when(field("purpose").eq(self.purpose).and(field("form").eq(Form::Code { digits })).and(field("long").ne(true)))
            .when(field("hash").exists().and(field("expires_at").gt(self.now)))
            .when(field("tries").lt_field("tries_max").or(former))
            .when(self.flow.map_or(Cond::Exists, |flow| field("flow").eq(flow)));
        let challenge: Challenge = self.table.update(count).await.unless_refused()?.ok_or(Kind::CodeInvalid)?.decode()?;
        if challenge.is_proven_by(self.key, code) {
            Ok(challenge)
        } else {
            Err(Problem::new(Kind::CodeInvalid).with("tries_left", challenge.sent().tries_left))
        }
    }

    async fn long(&self, code: &str) -> Result<Challenge, Problem> {
        let challenge = self.table.get::<Challenge>(Challenge::key_of(self.id)).await?.ok_or(Kind::CodeInvalid)?;
        let fits = challenge.long && challenge.purpose == self.purpose && self.now < challenge.expires_at;
        let here = self.flow.is_none_or(|flow| challenge.flow == Some(flow));
        if fits && here && challenge.is_proven_by(self.key, code) { Ok(challenge) } else { Err(Kind::CodeInvalid.into()) }
    }
}
