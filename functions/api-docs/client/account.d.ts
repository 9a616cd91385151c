// The types of `account.js`: coming, staying and leaving.

import type {
  AddressInfo, ApiKeyInfo, CreateApiKey, CreatedPasskey, DeviceInfo, ExportStatus, Factor, InviteeInfo, Locale, PasskeyCreation, PasskeyInfo,
  PasskeyRequest, PhoneSignIn, RegisterByLink, Registration, SecurityEventInfo, SendContactMessage, SessionInfo, SetRegistrationPersonal,
  StartPhoneSignIn, UsedPasskey, VerifyPhoneSignIn, WriteAddress,
} from "./api.js";
import type { Flow, Pages, Result, Store } from "./core.js";
import type { List, Of, Stoa } from "./stoa.js";

/** A registration in steps. It is `undefined` until it is started or resumed, and after it is complete. `step` is what comes next. */
export interface RegistrationSteps extends Store<Registration | undefined> {
  start(email: string, locale?: Locale): Of<"POST", "/v1/registrations">;
  /** Goes on with one that was started before, by its id. */
  resume(id: string): Of<"GET", "/v1/registrations/{flow}">;
  setEmail(email: string): Of<"PUT", "/v1/registrations/{flow}/email">;
  /** Proves the e-mail address by the code that was sent to it. */
  verify(code: string): Of<"POST", "/v1/registrations/{flow}/code">;
  /** Sends another code. */
  resend(): Of<"POST", "/v1/registrations/{flow}/code/resend">;
  setPersonal(given: SetRegistrationPersonal): Of<"PUT", "/v1/registrations/{flow}/personal">;
  setUsername(username: string): Of<"PUT", "/v1/registrations/{flow}/username">;
  setPassword(password: string): Of<"PUT", "/v1/registrations/{flow}/password">;
  /** Makes the account and signs in, with the version of the terms that was agreed to, where there are terms. */
  complete(given?: { terms?: string }): Of<"POST", "/v1/registrations/{flow}/complete">;
  available(username: string): Of<"GET", "/v1/usernames/{username}/availability">;
  /** Registers at once, with a link that is mailed. */
  byLink(given: RegisterByLink): Of<"POST", "/v1/registrations/link">;
  /** Uses the token of the mailed link, and signs in. */
  activate(token: string): Of<"POST", "/v1/activations">;
}

/** A sign-in by phone, which waits for its code. */
export interface PhoneFlow extends PhoneSignIn {
  /** Who has no account gets one. Where more is to be proven, the flow says what. */
  verify(code: string, more?: Omit<VerifyPhoneSignIn, "code">): Promise<Result<Flow>>;
  resend(): Of<"POST", "/v1/phone-sign-ins/{flow}/resend">;
}

/** The second factors. `setUp` begins with the app, then `prove` takes a code for each step. */
export interface Factors {
  get(): Of<"GET", "/v1/me/mfa">;
  setUp(password?: string): Of<"POST", "/v1/me/mfa/setup">;
  state(): Of<"GET", "/v1/me/mfa/setup">;
  prove(step: "app" | "email", code: string): Of<"POST", "/v1/me/mfa/setup/app">;
  /** The last step shows the recovery codes. */
  prove(step: "sms", code: string): Of<"POST", "/v1/me/mfa/setup/sms">;
  resend(): Of<"POST", "/v1/me/mfa/setup/resend">;
  cancel(): Of<"DELETE", "/v1/me/mfa/setup">;
  add(factor: Factor): Of<"POST", "/v1/me/mfa/factors/{factor}">;
  confirm(factor: Factor, code: string): Of<"PUT", "/v1/me/mfa/factors/{factor}">;
  remove(factor: Factor): Of<"DELETE", "/v1/me/mfa/factors/{factor}">;
  /** Other recovery codes in place of those that there are. */
  recoveryCodes(): Of<"POST", "/v1/me/mfa/recovery-codes">;
  removeAll(password?: string): Of<"POST", "/v1/me/mfa/removal">;
}

/** A credential of the browser. */
interface Credential<T> {
  toJSON(): T;
}

export interface Passkeys extends List<PasskeyInfo> {
  /** Makes one in this browser. Whoever cancels it gets `aborted`. */
  add(name: string, create?: (options: PasskeyCreation) => Promise<Credential<CreatedPasskey>>): Of<"POST", "/v1/me/passkeys">;
  rename(id: string, name: string): Of<"PATCH", "/v1/me/passkeys/{passkey}">;
  remove(id: string): Of<"DELETE", "/v1/me/passkeys/{passkey}">;
  /** Signs in with one, without a password. */
  signIn(given?: { next?: string; get?: (options: PasskeyRequest) => Promise<Credential<UsedPasskey>> }): Promise<Result<Flow>>;
}

export interface Addresses extends List<AddressInfo> {
  add(address: WriteAddress): Of<"POST", "/v1/me/addresses">;
  get(id: string): Of<"GET", "/v1/me/addresses/{address}">;
  /** Replaces one, in the version that was read last. */
  update(id: string, address: WriteAddress): Of<"PUT", "/v1/me/addresses/{address}">;
  remove(id: string): Of<"DELETE", "/v1/me/addresses/{address}">;
  setMain(id: string): Of<"PUT", "/v1/me/addresses/{address}/main">;
}

export interface Account {
  readonly registration: RegistrationSteps;
  /** Sends a code to a phone. */
  byPhone(given: StartPhoneSignIn): Promise<Result<PhoneFlow>>;
  readonly password: {
    change(password: string, current?: string): Of<"PUT", "/v1/me/password">;
    /** Mails a link, if there is such an account. */
    forgotten(email: string): Of<"POST", "/v1/password-resets">;
    /** Uses the token of the mailed link. */
    reset(token: string, password: string): Of<"POST", "/v1/password-resets/confirm">;
  };
  /** Another address, which is proven by a code. */
  readonly email: {
    change(email: string): Of<"POST", "/v1/me/email-changes">;
    resend(): Of<"POST", "/v1/me/email-changes/resend">;
    verify(code: string): Of<"POST", "/v1/me/email-changes/verify">;
  };
  readonly phone: {
    change(phone: string): Of<"POST", "/v1/me/phone-changes">;
    resend(): Of<"POST", "/v1/me/phone-changes/resend">;
    verify(code: string): Of<"POST", "/v1/me/phone-changes/verify">;
    remove(): Of<"DELETE", "/v1/me/phone">;
  };
  readonly factors: Factors;
  readonly passkeys: Passkeys;
  readonly sessions: List<SessionInfo> & { remove(id: string): Of<"DELETE", "/v1/sessions/{session}">; removeOthers(): Of<"DELETE", "/v1/sessions"> };
  /** Trusted devices. */
  readonly devices: List<DeviceInfo> & { remove(id: string): Of<"DELETE", "/v1/me/devices/{device}">; removeAll(): Of<"DELETE", "/v1/me/devices"> };
  readonly addresses: Addresses;
  /** API keys, of the team. The key itself is in the answer that makes it, and nowhere else. */
  readonly keys: List<ApiKeyInfo> & {
    create(name: string, scopes: CreateApiKey["scopes"]): Of<"POST", "/v1/me/api-keys">;
    remove(id: string): Of<"DELETE", "/v1/me/api-keys/{key}">;
  };
  /** Everything that is stored about the person: waits until the archive is `ready`, or `waiting` still after two minutes. */
  archive(): Promise<Result<ExportStatus>>;
  /** What has happened to the account, the newest first. */
  events(query?: { limit?: number }): Pages<SecurityEventInfo>;
  /** One's invitation code, and that of whoever has invited the person. */
  readonly invitation: {
    get(): Of<"GET", "/v1/me/invite-code">;
    enter(code: string, showsPhone?: boolean): Of<"POST", "/v1/me/inviter">;
    /** Whether the inviter sees the person's phone number. */
    showPhone(shows: boolean): Of<"PUT", "/v1/me/inviter/consent">;
    /** Those who came with one's code. */
    people(query?: { limit?: number }): Pages<InviteeInfo>;
  };
  /** The end of the account, after a time in which it can be cancelled. */
  readonly leaving: {
    get(): Of<"GET", "/v1/me/deletion">;
    schedule(password?: string): Of<"POST", "/v1/me/deletion">;
    cancel(): Of<"DELETE", "/v1/me/deletion">;
    deactivate(password?: string): Of<"POST", "/v1/me/deactivation">;
  };
  /** The contact form, for guests too. */
  readonly contact: {
    settings(): Of<"GET", "/v1/contact-settings">;
    send(message: SendContactMessage, key?: string): Of<"POST", "/v1/contact-messages">;
  };
  close(): void;
}

export declare function createAccount(stoa: Stoa): Account;
