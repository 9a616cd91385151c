//! Repeated requests: the same request sent twice, by a double click or after its reply was lost.
//!
//! A request that uses up a code, a link or a flow would be refused the second time. So its answer is kept for ten seconds, and the same
//! request of the same client gets the same answer. The answer is written in the transaction that uses up the proof. So nothing is done
//! twice, and a repetition does not count as a wrong guess.
//!
//! The id of a kept answer is derived from the client's secret, and the key that seals it from that secret and the proof, both with a
//! server key. Only a client that sends the same secrets finds and opens it. The table and the server key alone are not enough to read its
//! tokens.

use accounts::session::LOST_REPLY;
use axum::{
    body::{Body, to_bytes},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderName, HeaderValue, StatusCode};
use kernel::{
    Problem, Secret, Sys, Time,
    crypto::{hkdf_sha256, truncate},
};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Item, Key, Personal, Sealer, Slot, StoreError, Table, Tx, field};

use crate::challenge::{Challenge, CodeKey};

/// The maximum number of bytes of a kept body. Answers with tokens have about two thousand.
const BODY_MAX: usize = 16 * 1024;

/// A response of a handler, as it is sent and kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reply {
    /// # Errors
    /// An internal [`Problem`] for a response that is not text, or is too long.
    async fn of(response: impl IntoResponse) -> Result<Self, Problem> {
        let (parts, body) = response.into_response().into_parts();
        let body = to_bytes(body, BODY_MAX).await.map_err(Problem::internal)?;
        let header = |(name, value): (&HeaderName, &HeaderValue)| Ok((name.to_string(), value.to_str()?.to_owned()));
        let headers = parts.headers.iter().map(header).collect::<Result<_, http::header::ToStrError>>().map_err(Problem::internal)?;
        Ok(Self { status: parts.status.as_u16(), headers, body: String::from_utf8(body.to_vec()).map_err(Problem::internal)? })
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// The kept answer to a request that used something up.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeptAnswer {
    id: String,
    sealed: String,
    expires_at: Time,
}

impl Item for KeptAnswer {
    const KIND: &'static str = "kept_answer";
    const ABOUT: About =
        About::at("KEPT_ANSWER#{request}", "KEPT_ANSWER", Personal::Withheld("sealed for its client, for ten seconds")).expires();
    fn key(&self) -> Key {
        key_of(&self.id)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}

fn key_of(id: &str) -> Key {
    Key::new(format!("KEPT_ANSWER#{id}"), "KEPT_ANSWER")
}

/// A request whose answer is kept for its repetition.
pub struct Repeatable {
    operation: &'static str,
    id: String,
    sealer: Sealer,
    sys: Sys,
}

/// An answer before its transaction is committed.
#[must_use]
pub struct Sealed {
    reply: Reply,
    kept: KeptAnswer,
}

impl Sealed {
    /// Adds the answer to the transaction that uses the proof up.
    pub fn keep(&self, tx: &mut Tx) {
        tx.put_always(&self.kept);
    }

    /// Like [`Sealed::keep`], for operations that use nothing up. The slot is refused while the client has a kept answer.
    pub fn keep_first(&self, tx: &mut Tx) -> Slot {
        let now = self.kept.expires_at - LOST_REPLY;
        tx.put(&self.kept, Cond::Absent.or(field("expires_at").le(now)))
    }

    /// Returns the answer to send after the commit.
    pub fn reply(self) -> Reply {
        self.reply
    }
}

/// The refusal of a request's work.
#[derive(Debug)]
pub struct RefusedWork {
    problem: Problem,
    /// The right code, if the refusal came after it. If a concurrent copy of the request was faster, the code was not a guess.
    proven: Option<Box<Challenge>>,
}

impl RefusedWork {
    /// Returns a refusal after a right code.
    #[must_use]
    pub fn after(proven: Challenge, problem: Problem) -> Self {
        Self { problem, proven: Some(Box::new(proven)) }
    }
}

impl From<Problem> for RefusedWork {
    fn from(problem: Problem) -> Self {
        Self { problem, proven: None }
    }
}

impl From<StoreError> for RefusedWork {
    fn from(e: StoreError) -> Self {
        Problem::from(e).into()
    }
}

impl Repeatable {
    /// Creates a request of an operation. `client` are the secrets that identify the client: of its flow or link, or its session. `proof`
    /// is what the request proves. For each operation a client has one kept answer, to its latest request, and gets it for the same proof.
    ///
    /// A password may be a part only together with a secret of 256 bits, or as its [mark](crate::guesses::mark), because a fast hash of a
    /// password must not be in the table.
    #[must_use]
    pub fn new(key: &CodeKey, sys: &Sys, operation: &'static str, client: &[&str], proof: &[&str]) -> Self {
        let derive = |parts: &[&[&str]], purpose: &str| {
            let (secret, info) = (joined(parts), format!("stoa kept answer v1 {operation} {purpose}"));
            hkdf_sha256(key.secret().expose().as_bytes(), &secret, info.as_bytes())
        };
        let id = BASE64_URL_SAFE_NO_PAD.encode(truncate::<16>(derive(&[client], "id")));
        let sealer = Sealer::new(&Secret::new(BASE64_URL_SAFE_NO_PAD.encode(derive(&[client, proof], "key"))), sys);
        Self { operation, id, sealer, sys: sys.clone() }
    }

    /// Seals the answer. The answer must not depend on the result of the commit.
    ///
    /// # Errors
    /// An internal [`Problem`]
    pub async fn seal(&self, answer: impl IntoResponse) -> Result<Sealed, Problem> {
        let (reply, expires_at) = (Reply::of(answer).await?, self.sys.now() + LOST_REPLY);
        let sealed = self.sealer.seal(self.operation, &reply, expires_at)?;
        Ok(Sealed { reply, kept: KeptAnswer { id: self.id.clone(), sealed, expires_at } })
    }

    /// Returns the key of the kept answer, for a batch with other items.
    #[must_use]
    pub fn key(&self) -> Key {
        key_of(&self.id)
    }

    /// Returns the answer, if it was kept and is not older than ten seconds.
    #[must_use]
    pub fn open(&self, kept: Option<KeptAnswer>) -> Option<Reply> {
        kept.and_then(|kept| self.sealer.open(self.operation, &kept.sealed).ok())
    }

    /// Returns the first answer to this request, if it has been answered within the last ten seconds. One read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn first_answer(&self, table: &Table) -> Result<Option<Reply>, StoreError> {
        Ok(self.open(table.get(self.key()).await?))
    }

    /// Returns the first answer to this request in place of a refusal. One read.
    ///
    /// # Errors
    /// The refusal, for a request that has not been answered before. Also if the table does not work.
    pub async fn instead_of(&self, table: &Table, refusal: Problem) -> Result<Reply, Problem> {
        self.first_answer(table).await.ok().flatten().ok_or(refusal)
    }

    /// Returns the answer of `work` or, if it is refused, the first answer to this request. A refusal and a repetition take one more read.
    ///
    /// # Errors
    /// The errors of [`Repeatable::instead_of`].
    pub async fn answer<R: Into<RefusedWork>>(
        &self,
        table: &Table,
        work: impl Future<Output = Result<Reply, R>>,
    ) -> Result<Reply, Problem> {
        let RefusedWork { problem, proven } = match work.await {
            Ok(reply) => return Ok(reply),
            Err(refusal) => refusal.into(),
        };
        let first = self.instead_of(table, problem).await?;
        if let Some(proven) = proven {
            proven.give_back_guess(table).await;
        }
        Ok(first)
    }
}

/// Returns the parts with their counts and lengths, so that different lists of parts have different bytes.
fn joined(lists: &[&[&str]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for list in lists {
        bytes.extend(list.len().to_be_bytes());
        for part in *list {
            bytes.extend(part.len().to_be_bytes());
            bytes.extend(part.as_bytes());
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use web::NoContent;

    use super::*;

    fn request(sys: &Sys, operation: &'static str, client: &[&str], proof: &[&str]) -> Repeatable {
        let ring = crate::identity_keys::ring(&[("1", "p8Jw2nQ7sT4vX9zB1dF6gH3kL5mN0rYc")]);
        Repeatable::new(&CodeKey::new(&ring), sys, operation, client, proof)
    }

    #[tokio::test]
    async fn only_the_same_request_gets_the_answer_and_only_for_ten_seconds() {
        let sys = Sys::real();
        let first = request(&sys, "a", &["flow"], &["123456"]);
        let answer = (StatusCode::CREATED, [("set-cookie", "a=1"), ("location", "/x")], "{\"token\":\"t\"}");
        let sealed = first.seal(answer).await.unwrap();
        let kept = || Some(KeptAnswer { id: String::new(), sealed: sealed.kept.sealed.clone(), expires_at: sealed.kept.expires_at });
        assert!(!sealed.kept.sealed.contains("token"));
        let again = request(&sys, "a", &["flow"], &["123456"]);
        assert_eq!((again.key(), again.open(kept())), (sealed.kept.key(), Some(sealed.reply.clone())));
        for (operation, client, proof, place) in [
            ("a", ["flow"].as_slice(), ["123457"].as_slice(), true),
            ("a", &["flow"], &["123456", ""], true),
            ("a", &["flow"], &[], true),
            ("b", &["flow"], &["123456"], false),
            ("a", &["other"], &["123456"], false),
            ("a", &["flow1"], &["23456"], false),
            ("a", &["flow", "123456"], &[], false),
            ("a", &["flow123456"], &[], false),
        ] {
            let other = request(&sys, operation, client, proof);
            assert_eq!(other.key() == sealed.kept.key(), place, "{operation} {client:?} {proof:?}");
            assert_eq!(other.open(kept()), None, "{operation} {client:?} {proof:?}");
        }
        sys.set_offset_millis(9_000);
        assert!(again.open(kept()).is_some());
        sys.set_offset_millis(i64::try_from((LOST_REPLY + Duration::from_millis(1)).as_millis()).unwrap());
        assert_eq!(again.open(kept()), None);
        assert_eq!(again.open(None), None);
    }

    #[tokio::test]
    async fn a_kept_answer_is_sent_as_it_was() {
        let response = || (StatusCode::ACCEPTED, [("set-cookie", "a=1; HttpOnly"), ("set-cookie", "b=2")], "zażółć");
        let again = Reply::of(Reply::of(response()).await.unwrap()).await.unwrap();
        assert_eq!(again, Reply::of(response()).await.unwrap());
        assert_eq!((again.status, again.body.as_str()), (202, "zażółć"));
        assert_eq!(Reply::of(NoContent).await.unwrap().into_response().status(), StatusCode::NO_CONTENT);
    }
}
