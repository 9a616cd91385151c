// The socket: it is opened with a ticket, opened again when it is lost, and replaced before the platform closes it.

import { createStore, failed, readProblem, someoneElse, wait } from "./core.js";
import { forEachPerson } from "./lists.js";

/** Milliseconds before another attempt: a random part of the second, which grows up to the last. */
const [RETRY_MIN_MS, RETRY_STEP_MS, RETRY_MAX_MS] = [500, 1000, 30_000];
/** Milliseconds to wait for the socket to open, and for an answer. A link that does not answer is dead. */
const PATIENCE_MS = 10_000;
/** Milliseconds between two signs of life, for each second that a client may be silent. */
const BEAT_MS = 850;
/** The part of a socket's life after which it is replaced, at a random time, so that not all clients come back at once. */
const [REPLACE_FROM, REPLACE_TO] = [0.85, 0.97];
/** What applies to the greeting, before the server has told its limits. */
const LIMITS = { frames_at_once: 10, frames_per_second: 2 };

/** What becomes of a frame whose link is lost. A greeting follows, unless the link had been replaced: then it is a timeout. */
const lost = (status = 0) => ({ problem: { ...failed(), status } });

/**
 * `greet(hello)` is called with the first answer of each socket, `push(payload, stream)` with each frame that nobody asked for, and
 * `beat()` whenever a sign of life is due.
 */
export function createLive({ api, session }, { WebSocket = globalThis.WebSocket, greet, push, beat }) {
  const [live, setLive] = createStore("off");
  /** How many sockets were opened. Each is greeted, also one that replaces another without a gap. */
  const [sockets, setSockets] = createStore(0);
  /** Why the state is `refused`. */
  const [refusal, setRefusal] = createStore(undefined);
  let wanted = false;
  /** The socket in use. It is replaced while it still works. */
  let link = null;
  let connecting = false;
  let retry = null;
  let failures = 0;
  let limits = LIMITS;
  // The allowance of frames, which is that of the account.
  let allowance = LIMITS.frames_at_once;
  let counted = Date.now();
  let turn = Promise.resolve();

  /** Waits until one more frame may be sent. Frames keep their order. */
  function pace() {
    return (turn = turn.then(async () => {
      for (;;) {
        const now = Date.now();
        allowance = Math.min(limits.frames_at_once, allowance + ((now - counted) / 1000) * limits.frames_per_second);
        counted = now;
        if (allowance >= 1) return void (allowance -= 1);
        await wait(((1 - allowance) / limits.frames_per_second) * 1000);
      }
    }));
  }

  /** Sends a frame over one socket. The answer is `{ data }` or `{ problem }`. */
  function send(to, payload, stream) {
    if (to?.socket.readyState !== 1) return Promise.resolve(lost());
    return new Promise((then) => {
      const id = String((to.asked += 1));
      const late = setTimeout(() => to.socket.readyState === 1 && drop(to), PATIENCE_MS);
      to.waiting.set(id, (answer) => (clearTimeout(late), to.waiting.delete(id), then(answer)));
      to.socket.send(JSON.stringify({ stream, id, payload }));
    });
  }

  const person = () => session.current.user?.id;

  /**
   * Asks over the current socket. A frame that came too early is sent again after the time that the server says, but never as somebody else
   * who has signed in meanwhile.
   */
  async function ask(payload, stream = "chat") {
    const mine = person();
    for (;;) {
      await pace();
      if (mine !== person()) return someoneElse();
      const answer = await send(link, payload, stream);
      if (answer.problem?.code !== "too_many_requests" || !answer.problem.retryAfter) return answer;
      allowance = 0;
      await wait(answer.problem.retryAfter * 1000);
    }
  }

  /** Ends a link. The rest is as if it had been cut. */
  function drop(old) {
    clearTimeout(old.replace);
    clearInterval(old.beat);
    for (const answer of old.waiting.values()) answer(lost(link === old ? 0 : 504));
    old.socket.onmessage = null;
    old.socket.close();
    if (link === old) {
      link = null;
      reconnect();
    }
  }

  function receive(from, { stream, id, payload }) {
    if (!payload) return;
    const problem = payload.type === "error" ? readProblem(payload.problem) : undefined;
    from.waiting.get(id)?.(problem ? { problem } : { data: payload });
    if (payload.type === "closing" || problem?.code === "token_invalid") return void session.refresh().then(() => drop(from));
    if (problem?.code === "chat_banned") return refuse(problem);
    if (id === undefined && !problem && from === link) push(payload, stream);
    // A socket that was replaced stays until its last answer.
    if (from !== link && from.greeted && from.waiting.size === 0) drop(from);
  }

  /** A new link, greeted; or what was wrong. */
  async function open() {
    const { data: ticket, problem } = await api.POST("/v1/realtime/tickets");
    if (problem) return { problem };
    const made = { socket: new WebSocket(ticket.url, ticket.subprotocols), waiting: new Map(), asked: 0 };
    const early = [];
    const opened = await new Promise((then) => {
      const late = setTimeout(() => then(false), PATIENCE_MS);
      made.socket.onopen = () => (clearTimeout(late), then(true));
      made.socket.onclose = () => (clearTimeout(late), then(false));
    });
    if (!opened) return drop(made), lost();
    made.socket.onclose = () => drop(made);
    // What is pushed before the greeting is complete is kept until then.
    made.socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      made.greeted || frame.id ? receive(made, frame) : early.push(frame);
    };
    await pace();
    const { data: hello, problem: refused } = await send(made, { type: "hello" }, "chat");
    if (refused) return drop(made), { problem: refused };
    limits = hello.limits;
    return { made, hello, early };
  }

  async function connect() {
    if (connecting || !wanted || session.current.state === "signed_out") return;
    connecting = true;
    clearTimeout(retry);
    if (!link) setLive("connecting");
    const mine = person();
    const { made, hello, early, problem } = await open();
    connecting = false;
    if (!made) return problem.status === 403 ? refuse(problem) : link ? undefined : reconnect(problem.retryAfter);
    // Whoever it was opened for may be gone.
    if (!wanted || !person() || (mine && mine !== person())) return drop(made), connect();
    failures = 0;
    const old = link;
    link = made;
    if (old?.waiting.size === 0) drop(old);
    const life = REPLACE_FROM + Math.random() * (REPLACE_TO - REPLACE_FROM);
    made.replace = setTimeout(connect, limits.connection_seconds * 1000 * life);
    made.beat = setInterval(beat, limits.ping_seconds * BEAT_MS);
    made.greeted = true;
    greet(hello);
    for (const frame of early) receive(made, frame);
    setLive("live");
    setSockets(sockets.current + 1);
  }

  function reconnect(seconds) {
    if (!wanted || session.current.state === "signed_out") return setLive("off");
    setLive("waiting");
    const most = Math.min(RETRY_MAX_MS, RETRY_STEP_MS * 2 ** failures);
    failures += 1;
    clearTimeout(retry);
    retry = setTimeout(connect, Math.max(seconds * 1000 || 0, RETRY_MIN_MS + Math.random() * (most - RETRY_MIN_MS)));
  }

  function refuse(problem) {
    stop();
    setRefusal(problem);
    setLive("refused");
  }

  function start() {
    wanted = true;
    setRefusal(undefined);
    if (!link) void connect();
  }

  function stop() {
    wanted = false;
    clearTimeout(retry);
    if (link) drop(link);
    setLive("off");
  }

  /** The network is back, or the page is shown again: now is a better time than the one that was drawn. */
  function awake() {
    if (!wanted || globalThis.document?.hidden) return;
    if (link) beat();
    else if (live.current === "waiting") void connect();
  }

  globalThis.addEventListener?.("online", awake);
  globalThis.document?.addEventListener("visibilitychange", awake);

  // A socket belongs to whoever opened it.
  const forget = forEachPerson(session, () => link && drop(link));
  const unsubscribe = session.subscribe(({ state }) => {
    if (state === "signed_out") clearTimeout(retry), setLive("off");
    else if (state === "signed_in" && !link) void connect();
  });

  function close() {
    stop();
    forget();
    unsubscribe();
    globalThis.removeEventListener?.("online", awake);
    globalThis.document?.removeEventListener("visibilitychange", awake);
  }

  return { live: Object.assign(live, { start, stop, ask, refusal, sockets }), close };
}
