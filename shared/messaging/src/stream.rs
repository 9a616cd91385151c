//! The handling of the frames of a stream: admission, answer and refusal.

use kernel::{Kind, Locale, Problem, Sys, id::RoomId};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use store::Table;

use crate::{
    Sockets, connection, frame,
    pace::{Cost, InRoom, Owner, Pace},
};

/// A stream, with the clients that its function needs to answer frames.
#[derive(Clone, Copy)]
pub struct Stream<'a> {
    /// Its name.
    pub name: &'static str,
    /// The table.
    pub table: &'a Table,
    /// The clock.
    pub sys: &'a Sys,
    /// The sockets.
    pub sockets: &'a Sockets,
    /// The pace of frames.
    pub pace: &'a Pace,
}

/// A frame as it arrives.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    /// The socket.
    pub socket: &'a str,
    /// The id of the request.
    pub request: &'a str,
    /// The frame.
    pub body: &'a str,
}

/// The answer to an admitted frame.
#[derive(Debug)]
pub struct Answered<A> {
    /// The answer or the refusal.
    pub outcome: Result<A, Problem>,
    /// The person's language.
    pub locale: Locale,
    /// Whether the frame was handled. A frame that was refused without being handled does not count twice.
    pub is_handled: bool,
}

impl Stream<'_> {
    /// Answers one frame. `parse` checks everything that needs no read. Never fails: errors are sent to the client.
    pub async fn handle<P, Act, A, Answering>(
        &self,
        arrived: Arrived<'_>,
        parse: impl FnOnce(P) -> Result<Act, Problem>,
        answer: impl FnOnce(Owner, Act) -> Answering,
    ) -> Value
    where
        P: DeserializeOwned,
        A: Serialize,
        Answering: Future<Output = Answered<A>>,
    {
        let (id, act) = match frame::read::<P>(arrived.body) {
            Ok(asked) => (asked.id, parse(asked.payload)),
            Err(unreadable) => (unreadable.id, Err(unreadable.problem)),
        };
        let Some((outcome, locale)) = self.enter(arrived.socket, act, answer).await else { return frame::reply(None) };
        let reply = match outcome {
            Ok(answer) => Some(frame::write(self.name, id.as_deref(), &answer)),
            Err(problem) => {
                note(&problem);
                let error = frame::error(self.name, id.as_deref(), &problem, locale, arrived.request);
                connection::refuse(self.sockets, arrived.socket, &problem, error).await
            }
        };
        frame::reply(reply)
    }

    /// Answers a frame of an action with a minimum time in between (`often`). If the last action was too recent, the frame is not handled
    /// and takes no AWS call: a typing note gets the given answer and is dropped, because the others still show the previous note, and a
    /// read marker is refused with the time to wait.
    pub async fn handle_limited<A>(
        &self,
        socket: &str,
        locale: Locale,
        often: Option<(RoomId, InRoom)>,
        typing: impl FnOnce(RoomId) -> A,
        answering: impl Future<Output = Answered<A>>,
    ) -> Answered<A> {
        if let Some((room, what)) = often
            && let Err(wait) = self.pace.begin(socket, room, what, self.sys.now())
        {
            let outcome = match what {
                InRoom::Types => Ok(typing(room)),
                InRoom::Reads => Err(Problem::new(Kind::TooManyRequests).retry_after(wait)),
            };
            return Answered { outcome, locale, is_handled: false };
        }
        let answered = answering.await;
        if let Some((room, what)) = often.filter(|_| answered.outcome.is_err()) {
            self.pace.undo(socket, room, what);
        }
        answered
    }

    /// Answers a frame unless it comes too early. `None` if the sockets were closed because of that.
    async fn enter<Act, A, Answering>(
        &self,
        socket: &str,
        act: Result<Act, Problem>,
        answer: impl FnOnce(Owner, Act) -> Answering,
    ) -> Option<(Result<A, Problem>, Locale)>
    where
        Answering: Future<Output = Answered<A>>,
    {
        let cost = if act.is_ok() { Cost::Once } else { Cost::Twice };
        let owner = match self.pace.enter(self.table, socket, cost, self.sys.now()).await {
            Ok(owner) => owner,
            Err(rejected) => {
                let refusal = rejected.settle(self.table, self.sys, self.sockets, socket).await;
                return refusal.map(|(problem, locale)| (Err(problem), locale));
            }
        };
        let act = match act {
            Ok(act) => act,
            Err(problem) => return Some((Err(problem), owner.locale)),
        };
        let Answered { outcome, locale, is_handled } = Box::pin(answer(owner, act)).await;
        if is_handled {
            // Our own failures do not count against the client.
            let refused = outcome.as_ref().is_err_and(|problem| problem.kind.status() < 500);
            self.pace.answered(socket, owner.user, locale, refused, self.sys.now());
        }
        Some((outcome, locale))
    }
}

fn note(problem: &Problem) {
    let (code, cause) = (problem.kind.code(), problem.cause.as_ref().map(ToString::to_string).unwrap_or_default());
    if problem.kind.status() >= 500 {
        tracing::error!(code, cause, at = %problem.at, "a frame failed");
    } else {
        tracing::debug!(code, cause, at = %problem.at, "a frame was refused");
    }
}
