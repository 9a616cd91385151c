// A page of calls that must compile with the types that are generated from infra/openapi.json. CI puts them beside it as `api.d.ts`.
// Nothing here is run.

import createClient from "openapi-fetch";

import type { components, paths } from "./api";

type Schemas = components["schemas"];

const api = createClient<paths>({ baseUrl: "http://127.0.0.1:8000" });

/** Fails to compile where a union has a member that is not handled. */
function never(value: never): never {
  throw new Error(`unhandled: ${String(value)}`);
}

/** Signing in: one more step, or the tokens. */
export async function signIn(login: string, password: string): Promise<string> {
  const { data, error } = await api.POST("/v1/sessions", { body: { login, password, token_delivery: "cookie" } });
  if (error) throw new Error(explained(error));
  return data.step === "signed_in" ? data.access_token : secondStep(data);
}

async function secondStep(step: Schemas["SignInStep"]): Promise<string> {
  switch (step.step) {
    case "choose_factor": {
      const first = step.factors[0];
      if (!first) throw new Error("no factor");
      const { data, error } = await api.PUT("/v1/sign-ins/{flow}/factor", {
        params: { path: { flow: step.id }, query: { lang: "pl" } },
        body: { factor: first.factor },
      });
      if (error) throw new Error(explained(error));
      return secondStep(data);
    }
    case "verify": {
      const body = step.passkey ? { passkey: await usedPasskey(step.passkey) } : { code: "042617" };
      const { data, error } = await api.POST("/v1/sign-ins/{flow}/verify", { params: { path: { flow: step.id } }, body });
      if (error) {
        if (error.code === "code_invalid") throw new Error(`${error.tries_left ?? 0} tries are left`);
        throw new Error(explained(error));
      }
      return data.step === "signed_in" ? data.access_token : secondStep(data);
    }
    default:
      return never(step);
  }
}

/** An answer has exactly one of its forms. */
export const answers: Schemas["VerifySignIn"][] = [
  { code: "042617" },
  { password: "tall giraffes dance" },
  // @ts-expect-error two of them
  { code: "042617", password: "tall giraffes dance", passkey: 1 },
  // @ts-expect-error none of them
  {},
];

async function usedPasskey(options: Schemas["PasskeyRequest"]): Promise<Schemas["UsedPasskey"]> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey });
  if (!(credential instanceof PublicKeyCredential)) throw new Error("no passkey");
  return credential.toJSON();
}

/** Registering a passkey. */
export async function addPasskey(): Promise<Schemas["PasskeyInfo"]> {
  const asked = await api.POST("/v1/me/passkeys/options");
  if (asked.error) throw new Error(explained(asked.error));
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked.data.options);
  const made = await navigator.credentials.create({ publicKey });
  if (!(made instanceof PublicKeyCredential)) throw new Error("no passkey");
  const credential: Schemas["CreatedPasskey"] = made.toJSON();
  const { data, error } = await api.POST("/v1/me/passkeys", { body: { name: "My phone", credential } });
  if (error) throw new Error(explained(error));
  return data;
}

/** A picture: declared, uploaded, and asked for until it is published. */
export async function publish(file: File, sha256: string): Promise<Schemas["Picture"] | undefined> {
  const type = (["image/jpeg", "image/png", "image/webp"] as const).find((known) => known === file.type);
  if (!type) throw new Error("another type");
  const { data, error } = await api.POST("/v1/me/picture/uploads", { body: { content_type: type, bytes: file.size, sha256 } });
  if (error) throw new Error(explained(error));
  const method: "PUT" = data.method;
  await fetch(data.url, { method, headers: data.headers, body: file });
  for (;;) {
    const { data: upload } = await api.GET("/v1/me/picture/uploads/{upload}", { params: { path: { upload: data.id } } });
    if (!upload) return undefined;
    switch (upload.state) {
      case "waiting":
        continue;
      case "published":
        return upload.picture;
      case "refused":
        throw new Error(upload.reason);
      default:
        never(upload);
    }
  }
}

/** Leaving, and the archive before it. */
export async function leave(password: string): Promise<string> {
  const archive = await api.POST("/v1/me/exports");
  if (archive.data?.status === "ready") return archive.data.url;
  const { data, error } = await api.POST("/v1/me/deletion", { body: { password } });
  if (error) throw new Error(explained(error));
  switch (data.status) {
    case "not_scheduled":
      return "stays";
    case "scheduled":
      return `${data.countdown.text}, until ${data.due_at}`;
    case "purging":
      return `since ${data.due_at}`;
    default:
      return never(data);
  }
}

/** Turning second factors on. */
export async function setUp(password: string): Promise<string | undefined> {
  const { data, error } = await api.POST("/v1/me/mfa/setup", { body: { password } });
  if (error) {
    if (error.code === "step_up_required") return error.methods?.join(", ");
    throw new Error(explained(error));
  }
  switch (data.step) {
    case "app":
      return data.app?.uri;
    case "email":
    case "sms":
      return data.code?.target;
    default:
      return never(data);
  }
}

/** Registering, with a proof of work if one is asked for. */
export async function register(email: string, work?: string): Promise<Schemas["Registration"]> {
  const { data, error, response } = await api.POST("/v1/registrations", {
    params: { header: work === undefined ? {} : { "Proof-of-Work": work } },
    body: { email, locale: "pl" },
  });
  if (!error) return data;
  if (error.code === "proof_of_work_required" && error.challenge !== undefined && error.difficulty !== undefined) {
    return register(email, `${error.challenge}.${solved(error.challenge, error.difficulty)}`);
  }
  throw new Error(`${explained(error)} (${response.headers.get("X-Request-Id") ?? ""})`);
}

declare function solved(challenge: string, difficulty: number): number;

/** Codes are a union, and so are those of fields. */
function explained(problem: Schemas["Problem"]): string {
  const code: Schemas["ProblemCode"] = problem.code;
  // @ts-expect-error no code of this API
  if (code === "no_such_code") return "";
  const fields = (problem.errors ?? []).map((field) => {
    const wrong: Schemas["FieldCode"] = field.code;
    return `${field.pointer}: ${wrong === "too_short" ? "longer!" : field.message}`;
  });
  return [code, problem.detail, ...fields].join(" ");
}

/** Each answer lists the codes that it can have. */
export async function rename(username: string): Promise<void> {
  const { error } = await api.POST("/v1/me/inviter", { body: { code: username } });
  // @ts-expect-error not one of this operation's codes
  if (error?.code === "chat_banned") return;
  if (error?.code === "invite_used") return;
}

/** Counts are numbers, also those of 64 bits. */
export async function count(): Promise<number> {
  const { data } = await api.GET("/v1/rooms", { params: { query: { limit: 10 } } });
  return (data?.items ?? []).reduce((sum, room) => sum + room.last_seq, 0);
}
