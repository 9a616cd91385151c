// Sign-in, typed calls, pages and uploads. Importing this touches nothing; `createCore` needs `fetch`, and uploads `crypto.subtle`.

/** Milliseconds before the end of an access token from which on it is not used any more. */
const SPARE_MS = 15_000;
/** The operations whose body says where the refresh token is returned. `cargo xtask check` compares them with the document. */
const DELIVERING = ["/v1/activations", "/v1/passkey-sign-ins", "/v1/phone-sign-ins", "/v1/registrations/{flow}/complete", "/v1/sessions"];
/** What can be uploaded, where, and how the path of its state calls it. */
const UPLOADS = {
  picture: ["/v1/me/picture/uploads", "upload"],
  room: ["/v1/rooms/{room}/uploads", "attachment"],
  product: ["/v1/products/{product}/picture/uploads", "upload"],
};
/** Milliseconds between questions whether an uploaded file was accepted, and the maximum number of them. */
const UPLOAD_POLL_MS = 700;
const UPLOAD_POLLS = 90;

/** A value with subscribers, and the function that replaces it. Subscribers run alone: nothing waits for them. */
export function createStore(current) {
  const subscribers = new Set();
  const store = {
    get current() {
      return current;
    },
    subscribe(call) {
      const subscriber = { call };
      subscribers.add(subscriber);
      call(current);
      return () => void subscribers.delete(subscriber);
    },
  };
  const set = (value) => {
    if (value === current) return;
    current = value;
    for (const subscriber of subscribers) queueMicrotask(() => subscribers.has(subscriber) && subscriber.call(current));
  };
  return [store, set];
}

/** A problem that this client found itself. */
export const ownProblem = (code, title) => ({ type: `/problems/${code}`, code, title, status: 0, fields: [] });

/** Why there is no answer. */
export const failed = (signal) => (signal?.aborted ? ownProblem("aborted", "The request was aborted") : ownProblem("unreachable", "The server did not answer"));

export const readProblem = (document, header) => ({
  ...document,
  fields: document.errors ?? [],
  requestId: document.request_id,
  retryAfter: document.retry_after ?? (Number(header) || undefined),
});

/** What becomes of what somebody has asked for who is not signed in any more. */
export const someoneElse = () => ({ problem: ownProblem("signed_out", "Somebody else is signed in") });

/** What iteration throws, because it has no other way to report a problem. */
export class StoaError extends Error {
  constructor(problem) {
    super(`${problem.code}: ${problem.title}`);
    this.name = "StoaError";
    this.problem = problem;
  }
}

export const wait = (ms) => new Promise((then) => setTimeout(then, ms));

/** Runs `work` unless it is running already: everybody gets the result of the same run. */
export function single(work) {
  let running = null;
  return () => (running ??= work().finally(() => (running = null)));
}

/** The answer to a task of the server: a text whose digest begins with enough zero bits. It takes seconds. */
async function solve({ challenge, difficulty }) {
  for (let number = 0; ; number += 1) {
    const text = `${challenge}.${number}`;
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    if (Math.clz32(new DataView(digest).getUint32(0)) >= difficulty) return text;
  }
}

const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

export function createCore({ url, locale, tokens = "memory", stepUp, fetch = globalThis.fetch.bind(globalThis) }) {
  const root = url.replace(/\/+$/, "");
  const inCookie = tokens === "cookie";
  let remembered = null;
  /** Where the refresh token is. `null` if it is in a cookie, which scripts cannot read. */
  const vault = inCookie ? null : tokens === "memory" ? { get: () => remembered, set: (token) => void (remembered = token) } : tokens;
  const [session, setSession] = createStore({ state: tokens === "memory" ? "signed_out" : "unknown" });
  /** The access token, its owner and its last moment, by this machine's clock. */
  let access = null;
  let stepUpWith = stepUp;

  // ── Tabs ── They share a session, so what one learns is told to the others. Nothing depends on its arrival.
  const channel = tokens === "memory" || !globalThis.BroadcastChannel ? null : new BroadcastChannel(`stoa ${root}`);
  channel?.unref?.();
  if (channel) channel.onmessage = ({ data }) => (data ? adopt(data) : forget());

  function adopt(token) {
    const user = token.user ?? (session.current.user?.id === token.userId ? session.current.user : { id: token.userId });
    access = token;
    setSession({ state: "signed_in", user });
  }

  function forget() {
    access = null;
    setSession({ state: "signed_out" });
  }

  /** Takes the tokens of an answer. */
  async function take({ access_token: text, expires_in: seconds, user_id: userId, refresh_token: refresh, user }) {
    if (refresh) await vault?.set(refresh);
    adopt({ text, userId, until: Date.now() + seconds * 1000, user: user && { id: userId, ...user } });
    channel?.postMessage(access);
  }

  // ── Requests ──

  /** One request, without any repetition. */
  async function request(method, path, { body, params = {}, headers, signal } = {}) {
    const place = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params.path?.[name]));
    // The language of an account would come before that of the header.
    const query = new URLSearchParams(Object.entries({ lang: locale, ...params.query }).filter(([, value]) => value != null)).toString();
    const told = { ...params.header, ...headers };
    if (locale) told["accept-language"] = locale;
    if (access) told.authorization = `Bearer ${access.text}`;
    if (inCookie && DELIVERING.includes(path)) body = { token_delivery: "cookie", ...body };
    if (body !== undefined) told["content-type"] = "application/json";
    let response;
    try {
      const sent = { method, headers: told, signal, credentials: inCookie ? "include" : "omit", body: body && JSON.stringify(body) };
      response = await fetch(root + place + (query && `?${query}`), sent);
      const text = await response.text();
      const json = /json/.test(response.headers.get("content-type") ?? "");
      const data = text && json ? JSON.parse(text) : text || undefined;
      if (response.ok) return { data, response };
      if (data?.code) return { problem: readProblem(data, response.headers.get("retry-after")), response };
    } catch {
      // Nothing that can be read.
    }
    return { problem: failed(signal), response };
  }

  async function refreshOnce() {
    const token = await vault?.get();
    if (vault && !token) return forget(), { problem: ownProblem("signed_out", "Nobody is signed in") };
    const sent = vault ? { body: { refresh_token: token } } : { headers: { "x-stoa-csrf": "1" } };
    const answer = await request("POST", "/v1/sessions/refresh", sent);
    if (answer.data) await take(answer.data);
    if (answer.problem?.code !== "refresh_invalid") return answer;
    // Another tab may have stored a newer token in the meantime. Each tab finds out by itself that the session is over: one that
    // was slow must not sign out those that go on with another session.
    if ((await vault?.get()) !== token) return refreshOnce();
    await vault?.set(null);
    forget();
    return answer;
  }

  const refresh = single(async () => {
    const answer = await refreshOnce();
    if (answer.data && !session.current.user?.username) {
      const { data } = await request("GET", "/v1/me");
      if (data && session.current.user?.id === data.id) setSession({ state: "signed_in", user: { ...data } });
    }
    return answer;
  });

  const stepUpOnce = single(async () => {
    const { data, problem } = await call("POST", "/v1/step-ups", {}, true);
    // An application that fails has not stepped up.
    return !problem && Promise.resolve(flowOf(data)).then(stepUpWith).then((done) => done !== false, () => false);
  });

  /** A request with a valid access token, repeated once after a refresh, and once after a step-up. */
  async function call(method, path, options, steppedUp = false) {
    const signsIn = DELIVERING.includes(path) || path.startsWith("/v1/sign-ins/");
    const who = session.current.user?.id;
    /** Whether another tab has signed in somebody else in the meantime. What one person asks for is not done as another one. */
    const isOther = () => who && session.current.user && session.current.user.id !== who;
    if (!signsIn && (access ? access.until - SPARE_MS < Date.now() : session.current.state === "unknown")) await refresh();
    if (isOther()) return someoneElse();
    let used;
    const send = (given) => ((used = access), request(method, path, given));
    let answer = await send(options);
    if (answer.problem?.code === "token_invalid" && used && (access !== used || (await refresh()).data) && !isOther()) {
      answer = await send(options);
    }
    if (answer.problem?.code === "proof_of_work_required") {
      answer = await send({ ...options, headers: { ...options?.headers, "proof-of-work": await solve(answer.problem) } });
    }
    if (answer.problem?.code === "step_up_required" && stepUpWith && !steppedUp) {
      // Another call has stepped up while this one was asked.
      const isOld = access !== used;
      if ((isOld || (await stepUpOnce())) && !isOther()) return call(method, path, options, !isOld);
    }
    if (answer.data?.access_token) await take(answer.data);
    return answer;
  }

  const api = {};
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) api[method] = (path, options) => call(method, path, options);

  // ── Signing in ──

  /** A step of a sign-in, with what can be done next. */
  function flowOf(step) {
    const path = { flow: step.id };
    const next = async (method, place, body) => {
      const { data, problem } = await call(method, `/v1/sign-ins/{flow}${place}`, { params: { path }, body });
      return problem ? { problem } : { data: enter(place === "/code/resend" ? { ...step, code: data } : data) };
    };
    return {
      next: step.step,
      user: step.user,
      path: step.next ?? undefined,
      chosen: step.chosen,
      allowed: step.factors?.map(({ factor }) => factor) ?? [],
      masked: Object.fromEntries(step.factors?.map(({ factor, target }) => [factor, target]) ?? []),
      passkey: step.passkey,
      triesLeft: step.code?.tries_left ?? step.tries_left,
      resendAt: step.code?.resend_at,
      expiresAt: step.code?.expires_at ?? step.expires_at,
      choose: (factor) => next("PUT", "/factor", { factor }),
      verify: (proof) => next("POST", "/verify", typeof proof === "string" ? { code: proof } : proof),
      resend: () => next("POST", "/code/resend"),
    };
  }

  /** The flow of an answer. It is shown as the session's state, unless somebody is signed in and only steps up. */
  function enter(step) {
    const flow = flowOf(step);
    if (!access && step.step !== "signed_in") setSession({ state: "needs_factor", flow });
    return flow;
  }

  /** The sign-in whose answer is awaited, or was lost. The same again makes no second session. */
  let entering = null;

  async function signIn({ login, password, rememberDevice, deviceToken, next }) {
    const body = { login, password, remember_device: rememberDevice, device_token: deviceToken, next };
    const text = JSON.stringify(body);
    if (entering?.text !== text) entering = { text, key: base64(crypto.getRandomValues(new Uint8Array(15))) };
    const mine = entering;
    const { data, problem } = await call("POST", "/v1/sessions", { body, params: { header: { "Idempotency-Key": mine.key } } });
    if (entering === mine && problem?.code !== "unreachable") entering = null;
    return problem ? { problem } : { data: enter(data) };
  }

  /** Ends the session. If the server does not answer, it has not ended, and this client stays signed in. */
  async function signOut() {
    const { problem } = await call("DELETE", "/v1/sessions/current");
    if (problem && problem.status !== 401) return { problem };
    await vault?.set(null);
    forget();
    channel?.postMessage(null);
    return {};
  }

  // ── Pages and uploads ──

  function pages(path, options = {}) {
    let cursor;
    let more = true;
    async function page() {
      if (!more) return { data: { items: [], more } };
      const params = { ...options.params, query: { ...options.query, ...options.params?.query, cursor } };
      const { data, problem } = await call("GET", path, { ...options, params });
      if (problem) return { problem };
      cursor = data.next_cursor ?? undefined;
      more = cursor !== undefined;
      return { data: { ...data, more } };
    }
    return {
      page,
      async *[Symbol.asyncIterator]() {
        while (more) {
          const { data, problem } = await page();
          if (problem) throw new StoaError(problem);
          yield* data.items;
        }
      },
    };
  }

  /** Sends the file to the bucket. Only XMLHttpRequest tells how far an upload is, and only browsers have it. */
  function put({ url: place, method, headers }, file, onProgress, signal) {
    if (!onProgress || !globalThis.XMLHttpRequest) return fetch(place, { method, headers, body: file, signal }).then(({ ok }) => ok);
    return new Promise((then, fail) => {
      const sent = new XMLHttpRequest();
      sent.open(method, place);
      for (const [name, value] of Object.entries(headers)) if (name.toLowerCase() !== "content-length") sent.setRequestHeader(name, value);
      sent.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
      sent.onload = () => then(sent.status < 300);
      sent.onerror = sent.onabort = fail;
      signal?.addEventListener("abort", () => sent.abort());
      sent.send(file);
    });
  }

  async function upload(file, { for: purpose, room, product, onProgress, signal }) {
    const [place, one] = UPLOADS[purpose];
    const path = { room, product };
    const sha256 = base64(new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer())));
    // Only files in rooms keep their names.
    const body = { content_type: file.type, bytes: file.size, sha256, name: room && file.name };
    const link = await call("POST", place, { params: { path }, body, signal });
    if (link.problem) return link;
    if (!(await put(link.data, file, onProgress, signal).catch(() => false))) {
      return { problem: failed(signal) };
    }
    for (let asked = 0; ; asked += 1) {
      const state = await call("GET", `${place}/{${one}}`, { params: { path: { ...path, [one]: link.data.id } }, signal });
      if (state.problem || state.data.state !== "waiting" || asked === UPLOAD_POLLS) return state;
      await wait(UPLOAD_POLL_MS);
    }
  }

  Object.assign(session, {
    signIn,
    signOut,
    refresh,
    /** Finds out whether somebody is signed in. */
    restore: async () => (session.current.state === "unknown" && (await refresh()), session.current),
    /** Continues with an answer of the API that asks for another step. */
    resume: enter,
    /** Replaces the step-up that the options have. */
    onStepUp: (run) => void (stepUpWith = run),
  });

  return { url: root, session, api, pages, upload, close: () => channel?.close() };
}
