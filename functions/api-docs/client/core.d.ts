// The types of `core.js`: sign-in, calls, pages and uploads, without rooms and sockets.

import type { Factor, FieldProblem, Operations, PasskeyRequest, Picture, Problem, ProblemCode, SignedInUser, SignInStep, SignedIn, UploadStatus, UsedPasskey } from "./api.js";

/** A value with subscribers, as React's `useSyncExternalStore`, Svelte and Vue take it. */
export interface Store<T> {
  readonly current: T;
  /** Calls `subscriber` now and after each change, until the returned function is called. */
  subscribe(subscriber: (value: T) => void): () => void;
}

/** The codes of the API, and those of this client: nobody answered, the caller aborted, nobody is signed in. */
export type Code = ProblemCode | "unreachable" | "aborted" | "signed_out";

/** What went wrong. `code` is for programs, `title` and `detail` are for people, in their language. */
export type StoaProblem<C extends Code = Code> = Omit<Problem, "code" | "request_id"> & {
  code: C;
  /** All wrong fields. */
  fields: FieldProblem[];
  /** Seconds after which a retry makes sense. */
  retryAfter?: number | undefined;
  /** The id of the request, for support. Absent if there was no answer. */
  requestId?: string | undefined;
};

/** A result: one of the two is there. */
export type Result<T, C extends Code = Code> = { data: T; problem?: undefined } | { data?: undefined; problem: StoaProblem<C> };

/** What iterating over pages throws. */
export declare class StoaError extends Error {
  readonly problem: StoaProblem;
}

/** Where the refresh token is kept. It may be shared by several tabs. */
export interface TokenStore {
  get(): string | null | undefined | Promise<string | null | undefined>;
  /** `null` deletes it. */
  set(token: string | null): void | Promise<void>;
}

export interface Options {
  /** The address of the API. */
  url: string;
  /** The language of texts for people. Without it, that of the account, or else that of the browser. */
  locale?: string | undefined;
  /**
   * Where the refresh token is kept. `cookie`: in a cookie that scripts cannot read, for browsers on the same site as the API.
   * `memory`: until the page is closed, the default.
   */
  tokens?: "cookie" | "memory" | TokenStore | undefined;
  /** See {@link Session.onStepUp}. */
  stepUp?: StepUp | undefined;
  /** Replaces `fetch`. */
  fetch?: typeof fetch | undefined;
  /** Replaces `WebSocket`, which Node has from version 22 on. */
  WebSocket?: typeof WebSocket | undefined;
}

/** Proves once more who the user is, with the steps of `flow`. If it returns `false`, the call that needed it fails. */
export type StepUp = (flow: Flow) => boolean | void | Promise<boolean | void>;

/** Who is signed in. After a reload only the id is known until the profile has arrived. */
export type User = { id: string } & Partial<SignedInUser>;

export type SessionState =
  | { state: "unknown" | "signed_out"; user?: undefined; flow?: undefined }
  | { state: "needs_factor"; user?: undefined; flow: Flow }
  | { state: "signed_in"; user: User; flow?: undefined };

/** A sign-in or a step-up. Each step returns the next one. */
export interface Flow {
  /** `signed_in` when it is done. `choose_factor`: call `choose`. `verify`: call `verify`. */
  readonly next: "choose_factor" | "verify" | "signed_in";
  /** Who signed in. */
  readonly user?: SignedInUser | null | undefined;
  /** The path to continue with, as it was given to `signIn`. */
  readonly path?: string | undefined;
  /** The factors to choose from. */
  readonly allowed: Factor[];
  /** Where the code of a factor is sent, such as `a****@example.test`. */
  readonly masked: { [factor in Factor]?: string | null | undefined };
  readonly chosen?: Factor | undefined;
  /** The argument of `PublicKeyCredential.parseRequestOptionsFromJSON`, if a passkey was chosen. */
  readonly passkey?: PasskeyRequest | undefined;
  readonly triesLeft?: number | undefined;
  readonly expiresAt?: string | undefined;
  /** When another code can be sent. */
  readonly resendAt?: string | undefined;
  choose(factor: Factor): Promise<Result<Flow>>;
  /** A code, or `{ password }`, or `{ passkey }`. */
  verify(proof: string | { password: string } | { passkey: UsedPasskey }): Promise<Result<Flow>>;
  resend(): Promise<Result<Flow>>;
}

export interface Session extends Store<SessionState> {
  signIn(given: { login: string; password: string; rememberDevice?: boolean; deviceToken?: string; next?: string }): Promise<Result<Flow>>;
  /** Ends the session. If the server does not answer, the session goes on, and the problem says so. */
  signOut(): Promise<{ problem?: StoaProblem }>;
  /** Finds out whether somebody is signed in. Every call does that by itself if it is not known. */
  restore(): Promise<SessionState>;
  /** A new access token. Every call does that by itself when it is needed. */
  refresh(): Promise<Result<SignedIn>>;
  /** Continues with an answer of the API that asks for another step, such as that of `POST /v1/passkey-sign-ins`. */
  resume(step: SignInStep): Flow;
  /** A call that is answered with `step_up_required` runs this, once, and is then repeated. */
  onStepUp(run: StepUp | undefined): void;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
/** The paths that have this method. */
export type PathOf<M extends Method> = { [P in keyof Operations]: M extends keyof Operations[P] ? P : never }[keyof Operations];
type Operation<M extends Method, P extends PathOf<M>> = M extends keyof Operations[P] ? Operations[P][M] : never;
type Params<O> = Pick<O, Extract<keyof O, "path" | "query" | "header">>;
type Required<T> = {} extends T ? false : true;
/** What a call takes beside its path: parameters and body, as far as the operation has them. */
export type Given<O> = (Required<Params<O>> extends true ? { params: Params<O> } : { params?: Params<O> }) &
  Pick<O, Extract<keyof O, "body">> & { signal?: AbortSignal; headers?: Record<string, string> };
type Rest<O> = Required<Given<O>> extends true ? [given: Given<O>] : [given?: Given<O>];
type DataOf<O> = O extends { data: infer D } ? D : never;
type CodeOf<O> = O extends { code: infer C extends ProblemCode } ? C : never;
/** The result of a call, with the response, if there was one. */
export type Answer<O> = Result<DataOf<O>, CodeOf<O> | "unreachable" | "aborted" | "signed_out"> & { response?: Response };

/** A function for each method. Paths are written as in the OpenAPI document: `api.GET("/v1/users/{username}", { params: { path } })`. */
export type Api = {
  [M in Method]: <P extends PathOf<M>>(path: P, ...rest: Rest<Operation<M, P>>) => Promise<Answer<Operation<M, P>>>;
};

/** The paths that return a list. */
export type ListPath = { [P in PathOf<"GET">]: DataOf<Operation<"GET", P>> extends { items: unknown[] } ? P : never }[PathOf<"GET">];
type ItemOf<P extends ListPath> = DataOf<Operation<"GET", P>> extends { items: (infer I)[] } ? I : never;

/** The items of a list, page by page. */
export interface Pages<I> extends AsyncIterable<I> {
  /** The next page. `more` is false on the last one. */
  page(): Promise<Result<{ items: I[]; more: boolean }>>;
}

export interface Uploads {
  picture: { type: "image/jpeg" | "image/png" | "image/webp"; published: Picture };
  /** A file in a room: see `attach` there. */
  room: { type: string };
  /** A picture of a product, which administrators upload. */
  product: { type: "image/jpeg" | "image/png" | "image/webp"; published: Picture };
}

export interface Core {
  readonly url: string;
  readonly session: Session;
  readonly api: Api;
  /** Iterates over all items, or fetches one page at a time. */
  pages<P extends ListPath>(path: P, given?: Partial<Given<Operation<"GET", P>>> & { query?: Record<string, string | number | undefined> }): Pages<ItemOf<P>>;
  /** Declares a file by its digest, sends it, and waits until it is accepted or refused. `onProgress` gets parts of 1. */
  upload(file: File | Blob, given: { for: keyof Uploads; room?: string; product?: string; onProgress?: (part: number) => void; signal?: AbortSignal }): Promise<Result<UploadStatus>>;
  /** Ends what runs in the background. */
  close(): void;
}

export declare function createCore(options: Options): Core;
