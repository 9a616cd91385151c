// Coming, staying and leaving: registration, sign-in by phone and passkey, passwords, contacts, factors, sessions, addresses, the archive of
// one's data, API keys, invitations, the end of the account, and the contact form. It is a part of its own, because only some pages show
// it: `createAccount(stoa)`.

import { createStore, ownProblem, wait } from "./core.js";
import { createList, createVersions, forEachPerson } from "./stoa.js";

/** Milliseconds between looks at an archive that is being made. */
const LOOK_MS = 2000;
const LOOKS = 60;

/** Credentials of this browser. */
const passkeyOf = {
  create: (publicKey) => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) }),
  get: (publicKey) => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) }),
};

/** A credential as it is sent, or why there is none: mostly because the person has cancelled it. */
const asked = async (credential) => {
  try {
    return { data: (await credential).toJSON() };
  } catch (error) {
    return { problem: ownProblem("aborted", String(error)) };
  }
};

/** The steps of a registration. It is a store: what is known of it, and what can be done next. */
function createRegistration({ api }) {
  const [registration, set] = createStore(undefined);
  const of = (body, flow = registration.current?.id) => ({ params: { path: { flow } }, body });
  const shown = async (call) => {
    const answer = await call;
    if (answer.data) set(answer.data);
    return answer;
  };
  const step = (method, place, body) => shown(api[method](`/v1/registrations/{flow}${place}`, of(body)));

  async function resend() {
    const answer = await api.POST("/v1/registrations/{flow}/code/resend", of());
    if (answer.data && registration.current) set({ ...registration.current, code: answer.data });
    return answer;
  }

  async function complete(body = {}) {
    const answer = await api.POST("/v1/registrations/{flow}/complete", of(body));
    if (answer.data) set(undefined);
    return answer;
  }

  Object.assign(registration, {
    start: (email, locale) => shown(api.POST("/v1/registrations", { body: { email, locale } })),
    resume: (id) => shown(api.GET("/v1/registrations/{flow}", of(undefined, id))),
    setEmail: (email) => step("PUT", "/email", { email }),
    verify: (code) => step("POST", "/code", { code }),
    resend,
    setPersonal: (body) => step("PUT", "/personal", body),
    setUsername: (username) => step("PUT", "/username", { username }),
    setPassword: (password) => step("PUT", "/password", { password }),
    complete,
    available: (username) => api.GET("/v1/usernames/{username}/availability", { params: { path: { username } } }),
    byLink: (body) => api.POST("/v1/registrations/link", { body }),
    activate: (token) => api.POST("/v1/activations", { body: { token } }),
  });
  return { registration, forget: () => set(undefined) };
}

/** A sign-in by phone: with its code, which is verified, and sent again. Where more is asked for, the session shows the next step. */
async function signInByPhone({ api, session }, body) {
  const { data, problem } = await api.POST("/v1/phone-sign-ins", { body });
  if (problem) return { problem };
  const path = { flow: data.id };
  const verify = async (code, more) => {
    const answer = await api.POST("/v1/phone-sign-ins/{flow}/verify", { params: { path }, body: { code, ...more } });
    return answer.problem ? { problem: answer.problem } : { data: session.resume(answer.data) };
  };
  return { data: { ...data, verify, resend: () => api.POST("/v1/phone-sign-ins/{flow}/resend", { params: { path } }) } };
}

/** What one proves with a code, such as another address. */
const contact = (api, path, name) => ({
  change: (value) => api.POST(path, { body: { [name]: value } }),
  resend: () => api.POST(`${path}/resend`),
  verify: (code) => api.POST(`${path}/verify`, { body: { code } }),
});

/** The second factors. `setUp` begins all of them; then each step is proven by a code. */
function createFactors(api) {
  const place = "/v1/me/mfa/setup";
  const of = (factor, body) => ({ params: { path: { factor } }, body });
  return {
    get: () => api.GET("/v1/me/mfa"),
    setUp: (password) => api.POST(place, { body: { password } }),
    state: () => api.GET(place),
    prove: (step, code) => api.POST(`${place}/${step}`, { body: { code } }),
    resend: () => api.POST(`${place}/resend`),
    cancel: () => api.DELETE(place),
    add: (factor) => api.POST("/v1/me/mfa/factors/{factor}", of(factor)),
    confirm: (factor, code) => api.PUT("/v1/me/mfa/factors/{factor}", of(factor, { code })),
    remove: (factor) => api.DELETE("/v1/me/mfa/factors/{factor}", of(factor)),
    recoveryCodes: () => api.POST("/v1/me/mfa/recovery-codes"),
    removeAll: (password) => api.POST("/v1/me/mfa/removal", { body: { password } }),
  };
}

/** A list of what one can end, as a store that follows what is done here. `name` is that of its id in paths. */
function createOwn(stoa, path, name) {
  const { list, change, clear, isFollowed } = createList(stoa, path);
  const one = (id) => ({ params: { path: { [name]: id } } });
  async function remove(id) {
    const answer = await stoa.api.DELETE(`${path}/{${name}}`, one(id));
    if (!answer.problem) change((all) => all.filter((other) => other.id !== id));
    return answer;
  }
  /** What changes more than one entry, or makes one: the list is read again if it was read. */
  const followed = async (call) => {
    const answer = await call;
    if (!answer.problem && isFollowed()) void list.reload();
    return answer;
  };
  return { list: Object.assign(list, { remove }), one, followed, clear };
}

export function createAccount(stoa) {
  const { api, pages, session } = stoa;
  const { registration, forget } = createRegistration(stoa);
  const sessions = createOwn(stoa, "/v1/sessions", "session");
  const devices = createOwn(stoa, "/v1/me/devices", "device");
  const passkeys = createOwn(stoa, "/v1/me/passkeys", "passkey");
  const addresses = createOwn(stoa, "/v1/me/addresses", "address");
  const keys = createOwn(stoa, "/v1/me/api-keys", "key");
  const address = createVersions(api, "/v1/me/addresses/{address}", (id) => ({ address: id }));

  async function addPasskey(name, create = passkeyOf.create) {
    const { data, problem } = await api.POST("/v1/me/passkeys/options");
    const made = problem ? { problem } : await asked(create(data.options));
    return made.problem ? made : passkeys.followed(api.POST("/v1/me/passkeys", { body: { name, credential: made.data } }));
  }

  async function signInByPasskey({ next, get = passkeyOf.get } = {}) {
    const { data, problem } = await api.POST("/v1/passkey-sign-ins", { body: { next } });
    if (problem) return { problem };
    const used = await asked(get(data.passkey));
    return used.problem ? used : session.resume(data).verify({ passkey: used.data });
  }

  /** Asks for the archive and looks until it is there, or will not be. */
  async function archive() {
    let answer = await api.POST("/v1/me/exports");
    for (let looks = 0; answer.data?.status === "waiting" && looks < LOOKS; looks += 1) {
      await wait(LOOK_MS);
      answer = await api.GET("/v1/me/exports/{export}", { params: { path: { export: answer.data.id } } });
    }
    return answer;
  }

  return {
    registration,
    byPhone: (body) => signInByPhone(stoa, body),
    password: {
      change: (next, current) => api.PUT("/v1/me/password", { body: { new_password: next, current_password: current } }),
      forgotten: (email) => api.POST("/v1/password-resets", { body: { email } }),
      reset: (token, password) => api.POST("/v1/password-resets/confirm", { body: { token, password } }),
    },
    email: contact(api, "/v1/me/email-changes", "email"),
    phone: { ...contact(api, "/v1/me/phone-changes", "phone"), remove: () => api.DELETE("/v1/me/phone") },
    factors: createFactors(api),
    passkeys: Object.assign(passkeys.list, {
      add: addPasskey,
      rename: (id, name) => passkeys.followed(api.PATCH("/v1/me/passkeys/{passkey}", { ...passkeys.one(id), body: { name } })),
      signIn: signInByPasskey,
    }),
    sessions: Object.assign(sessions.list, { removeOthers: () => sessions.followed(api.DELETE("/v1/sessions")) }),
    devices: Object.assign(devices.list, { removeAll: () => devices.followed(api.DELETE("/v1/me/devices")) }),
    addresses: Object.assign(addresses.list, {
      add: (body) => addresses.followed(api.POST("/v1/me/addresses", { body })),
      get: address.get,
      update: (id, body) => addresses.followed(address.change("PUT", id, body)),
      setMain: (id) => addresses.followed(api.PUT("/v1/me/addresses/{address}/main", addresses.one(id))),
    }),
    keys: Object.assign(keys.list, { create: (name, scopes) => keys.followed(api.POST("/v1/me/api-keys", { body: { name, scopes } })) }),
    archive,
    events: (query) => pages("/v1/me/security-events", { query }),
    invitation: {
      get: () => api.GET("/v1/me/invite-code"),
      enter: (code, shows) => api.POST("/v1/me/inviter", { body: { code, shows_phone: shows } }),
      showPhone: (shows) => api.PUT("/v1/me/inviter/consent", { body: { shows_phone: shows } }),
      people: (query) => pages("/v1/me/invitees", { query }),
    },
    leaving: {
      get: () => api.GET("/v1/me/deletion"),
      schedule: (password) => api.POST("/v1/me/deletion", { body: { password } }),
      cancel: () => api.DELETE("/v1/me/deletion"),
      deactivate: (password) => api.POST("/v1/me/deactivation", { body: { password } }),
    },
    contact: {
      settings: () => api.GET("/v1/contact-settings"),
      /** The same `key` writes and mails it once. */
      send: (body, key = crypto.randomUUID()) => api.POST("/v1/contact-messages", { params: { header: { "Idempotency-Key": key } }, body }),
    },
    close: forEachPerson(session, () => {
      for (const part of [sessions, devices, passkeys, addresses, keys]) part.clear();
      address.forget();
      forget();
    }),
  };
}
