// Written by `cargo xtask sync`. Do not edit.

/** An account as staff see it. */
export interface AccountInfo {
  /** When the account was made. */
  created_at: Timestamp;
  deactivated_at?: (Timestamp | null);
  deletion_due_at?: (Timestamp | null);
  /** The e-mail address, masked. */
  email?: (string | null);
  /** The phone number, masked. */
  phone?: (string | null);
  /** The roles of its owner. */
  roles: Role[];
  /** Whether second factors are on. */
  second_step: boolean;
  /** The state of the account. */
  state: AccountState;
  /** The id of the account. */
  user_id: UserId;
  /** The username. */
  username: string;
}

/** The state of an account. */
export type AccountState = ("active" | "leaving" | "deactivated" | "purging");

/** The mailed token, with the password chosen at registration. */
export interface ActivateAccount {
  /** The password chosen at registration. */
  password: string;
  /** The part after `#token=` in the link. */
  token: string;
  token_delivery?: TokenDelivery;
}

/** A postal address. */
export type AddressId = string;

/** A postal address. */
export interface AddressInfo {
  city: string;
  /** ISO 3166-1 alpha-2, or `XK` for Kosovo. */
  country: string;
  created_at: Timestamp;
  id: AddressId;
  /** Whether it is the main address. There is exactly one. */
  main: boolean;
  /** Absent if the country has none. */
  postal_code?: (string | null);
  state?: (string | null);
  street: string;
}

/** The caller's addresses. */
export interface AddressList {
  /** The addresses, the main one first, then the newest. At most 20. */
  items: AddressInfo[];
}

/** A client as described by its `User-Agent`. */
export interface Agent {
  /** The browser and its version. */
  browser?: (string | null);
  /** The kind of device. */
  device: Device;
  /** The operating system. */
  system?: (string | null);
}

/** The secret for an authenticator app. It is shown once: if it is lost, begin the set-up again. */
export interface AppSecret {
  /** The same as a QR code: an SVG as a `data:` URL. */
  qr: string;
  /** For typing: Base32, in groups of four. */
  secret: string;
  /** The same as a link that opens an authenticator app. */
  uri: string;
}

/** The author of a message. */
export interface Author {
  /** The id of the person. */
  id: UserId;
  /** Their username when they wrote the message. */
  username: string;
}

/** The secret of an operator. */
export interface BecomeFirstSuperuser {
  /** The secret that `cargo xtask appoint` printed. */
  secret: string;
}

/** What an entry is about, as a category that people can tell apart. */
export type Category = ("friends" | "security");

/** A new e-mail address. */
export interface ChangeEmail {
  /** The address for the code. */
  email: string;
}

/** The current password, and the new one. */
export interface ChangePassword {
  /** The current password. Not needed for an account without one, nor right after a step-up with it. */
  current_password?: (string | null);
  /** At least 12 characters unless configured otherwise, at most 128, and different from the current one. */
  new_password: string;
}

/** A new phone number. */
export interface ChangePhone {
  /** The number for the code: with `+` and the country code, or as it is dialled at home. */
  phone: string;
}

/** Another address for the same registration. */
export interface ChangeRegistrationEmail {
  /** The new address for the code. */
  email: string;
}

/** A new username. */
export interface ChangeUsername {
  /** The new username. */
  username: Username;
}

/** A public channel. */
export interface ChannelInfo {
  /** The id of the room, to join it by. */
  id: RoomId;
  /** The number of members. */
  members: number;
  /** Its name. */
  name: string;
  /** The name in its address. */
  slug: Slug;
  /** What it is about. */
  topic?: string;
}

/** A room and what is new in it. */
export interface Chat {
  /** The last message or system event. Absent if there is none that the caller may read. */
  last_message?: Message;
  /** Whether they want no notice of the room. Sums of unread messages leave it out. */
  muted: boolean;
  /** The number up to which they have read. */
  read_seq: number;
  room: RoomInfo;
  /** How many messages of others the caller has not read. */
  unread: Unread;
}

/** A page of the caller's chats. */
export interface ChatList {
  items: Chat[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** The factor for the next step. */
export interface ChooseFactor {
  /** One of the factors that the sign-in offers. */
  factor: Factor;
}

/** What a group or a channel has. */
export interface ClubInfo {
  /** The number of members. */
  members: number;
  /** Its name. */
  name: string;
  /** The caller's role. */
  role: RoomRole;
  /** The name in the address of a public channel. */
  slug?: Slug;
  /** What it is about. */
  topic?: string;
}

/** How the new member's client keeps its tokens. */
export interface CompleteRegistration {
  token_delivery?: TokenDelivery;
}

/** The remaining time. The parts add up to `seconds_left`, with which a client starts its countdown. */
export interface Countdown {
  /** Whole days. */
  days: number;
  /** Whole hours of the rest. */
  hours: number;
  /** Whole minutes of the rest. */
  minutes: number;
  /** Seconds of the rest. */
  seconds: number;
  /** The whole remaining time in seconds, zero when it is over. */
  seconds_left: number;
  /** In words: days and hours, on the last day hours, minutes and seconds. */
  text: string;
}

/** A new passkey. */
export interface CreatePasskey {
  /** The answer of `navigator.credentials.create`, by its `toJSON()`. */
  credential: CreatedPasskey;
  /** Its name: 1 to 50 characters. */
  name: string;
}

/** The options of the client for the time after the sign-in. */
export interface CreatePasskeySignIn {
  /** The path of the frontend to continue with, such as `/rooms`. */
  next?: (string | null);
  /** Where the refresh token is returned: `cookie` for browsers, `body` otherwise. */
  token_delivery?: TokenDelivery;
}

/** A group or a channel to make. */
export interface CreateRoom {
  /** A group, in which all members write, or a channel, which readers only read. */
  kind: NewKind;
  /** 1 to 60 characters. */
  name: string;
  /** The name in the address of a channel, which makes it public: 3 to 40 lower-case letters, digits and single hyphens. Without it people join by invitation. Groups have none. */
  slug?: string;
  /** 1 to 200 characters. */
  topic?: string;
}

/** A name and a password. */
export interface CreateSession {
  /** The token of a trusted device, unless it is in its cookie. */
  device_token?: (string | null);
  /** Username or e-mail address, in upper or lower case. */
  login: string;
  /** The path of the frontend to continue with, such as `/rooms`. Anything else is replaced by `/`. */
  next?: (string | null);
  /** The password. */
  password: string;
  /** Whether to trust this device from now on: it skips the second step for thirty days. */
  remember_device?: boolean;
  /** Where the refresh token is returned: `cookie` for browsers, `body` otherwise. A trusted device's token is returned in the same way. */
  token_delivery?: TokenDelivery;
}

/** The declaration of the file. */
export interface CreateUpload {
  /** The exact number of bytes, up to 25 MiB. */
  bytes: number;
  /** The type of the file. */
  content_type: PictureType;
  /** The SHA-256 of the file, in base64. */
  sha256: string;
}

/** `RegistrationResponseJSON`: `toJSON()` of what `navigator.credentials.create` returned. */
export interface CreatedPasskey {
  /** Where the authenticator is. */
  authenticatorAttachment?: string;
  /** The answers to extensions. */
  clientExtensionResults?: PasskeyExtensionResults;
  /** Base64url. */
  id: string;
  /** The same as `id`. */
  rawId: string;
  /** The answer of the authenticator. */
  response: CreatedPasskeyResponse;
  /** Always `public-key`. */
  type: string;
}

/** The answer of an authenticator that made a passkey. Browsers add members that are not read. */
export interface CreatedPasskeyResponse {
  /** Base64url. */
  attestationObject: string;
  /** Base64url. */
  clientDataJSON: string;
  /** How to reach the authenticator. */
  transports?: string[];
}

/** A link for the upload. */
export interface CreatedUpload {
  /** When the link expires. */
  expires_at: Timestamp;
  /** Headers that must be sent exactly like this. (Browsers set `content-length` themselves, and ignore it here.) */
  headers: Record<string, string>;
  /** The id of the upload, with which its state is read. */
  id: UploadId;
  /** The method to send the file with. */
  method: UploadMethod;
  /** The address to send the file to. It needs no access token. */
  url: string;
}

/** The counts of a day. */
export interface DayStatistics {
  /** The day. */
  date: string;
  /** Invitation codes entered. */
  invites: number;
  /** Accounts made. */
  registrations: number;
  /** Addresses and phone numbers proven for a registration. */
  verifications: number;
}

/** The proof that the owner wants the deactivation. */
export interface DeactivateMe {
  /** The current password. Not needed for an account without one, nor right after a step-up with it. */
  password?: (string | null);
}

/** One run of the deletion of an account. */
export type DeletionId = string;

/** Details for support. */
export interface Details {
  deletion_id?: (DeletionId | null);
  /** Days between scheduling and beginning. */
  interval_days: number;
  /** The id of the account. */
  user_id: UserId;
  /** The username of the account. */
  username: string;
}

/** The kind of device of a client. */
export type Device = ("desktop" | "mobile" | "tablet" | "bot" | "unknown");

/** A device that is trusted to skip the second step. */
export type DeviceId = string;

/** A trusted device. */
export interface DeviceInfo {
  /** The client address of its last use. */
  address?: (string | null);
  /** A description in words. */
  agent: Agent;
  created_at: Timestamp;
  /** Whether the session of this request began on it. */
  current: boolean;
  /** When it stops being trusted. */
  expires_at: Timestamp;
  /** Whether that is within a week. */
  expires_soon: boolean;
  id: DeviceId;
  last_used_at: Timestamp;
  /** City and country of that address, if they are known. */
  place?: (string | null);
}

/** Trusted devices of the caller. */
export interface DeviceList {
  /** The devices, the most recently used first. At most ten. */
  items: DeviceInfo[];
}

/** The properties of this issuer. */
export interface Discovery {
  /** The signature algorithms of the tokens. */
  id_token_signing_alg_values_supported: string[];
  /** The issuer of the tokens. */
  issuer: string;
  /** The address of the keys. */
  jwks_uri: string;
  /** The address of the documentation. */
  service_documentation: string;
  subject_types_supported: string[];
}

/** The code of another person. */
export interface EnterInviteCode {
  /** In upper or lower case, with or without spaces and hyphens. */
  code: string;
  /** Whether its owner may see the caller's phone number. Default: no. */
  shows_phone?: boolean;
}

/** What an entry of a room is. */
export type EntryKind = ("text" | "event" | "deleted");

/** An archive of everything that is kept about a person. */
export type ExportId = string;

/** An archive of everything about the caller. */
export type ExportStatus = (ExportStatusWaiting | ExportStatusReady | ExportStatusFailed | ExportStatusExpired);

/** It has expired. Ask for another one. */
export interface ExportStatusExpired {
  /** When it was requested. */
  created_at: Timestamp;
  /** The id of the archive. */
  id: ExportId;
  status: "expired";
}

/** It could not be made. Ask for another one. */
export interface ExportStatusFailed {
  /** When it was requested. */
  created_at: Timestamp;
  /** The id of the archive. */
  id: ExportId;
  status: "failed";
}

/** It can be downloaded. */
export interface ExportStatusReady {
  /** When it was requested. */
  created_at: Timestamp;
  /** Until when it can be downloaded. */
  expires_at: Timestamp;
  /** The id of the archive. */
  id: ExportId;
  status: "ready";
  /** The link to the archive. It is valid for five minutes: ask again for another one. */
  url: string;
}

/** It is being made. A mail says when it is ready. */
export interface ExportStatusWaiting {
  /** When it was requested. */
  created_at: Timestamp;
  /** The id of the archive. */
  id: ExportId;
  status: "waiting";
}

/** A way to prove who somebody is. */
export type Factor = ("password" | "passkey" | "app" | "email" | "sms" | "recovery_code");

/** A factor that can be chosen. */
export interface FactorChoice {
  /** The factor. */
  factor: Factor;
  /** The masked destination of its code. */
  target?: (string | null);
}

/** A second factor that is on. */
export interface FactorInfo {
  factor: Factor;
  /** The address or number of its codes, masked. */
  target?: (string | null);
}

/** What is wrong with a field, for programs. */
export type FieldCode = ("characters" | "checksum" | "choice" | "code_format" | "country" | "country_blocked" | "date" | "email" | "file_size" | "file_type" | "in_future" | "invite_invalid" | "locale" | "password_breached" | "password_common" | "password_digit" | "password_lower" | "password_personal" | "password_same" | "password_symbol" | "password_upper" | "phone" | "phone_country" | "postal_code" | "profanity" | "range" | "required" | "slug_format" | "too_long" | "too_old" | "too_short" | "too_young" | "unchanged" | "username_format" | "username_refused" | "username_taken");

/** One wrong field. */
export interface FieldProblem {
  /** Stable and independent of the language. */
  code: FieldCode;
  /** The error, in the client's language. */
  message: string;
  /** RFC 6901 JSON pointer into the request body. */
  pointer: string;
}

/** The secret of a flow, known to its client only: `flw_` and 256 random bits. */
export type FlowToken = string;

/** A person on a list. */
export interface FriendInfo {
  picture?: (Picture | null);
  /** How the caller stands to them. `sent` and `received` are the two directions of a request. */
  relation: Relation;
  /** Since when. */
  since: Timestamp;
  /** The id of the account. */
  user: UserId;
  /** Their username. Absent, like the picture, while their account is not in use. */
  username?: (string | null);
}

/** A page of people. */
export interface FriendList {
  items: FriendInfo[];
  /** The cursor of the next page. Absent on the last page. In a search a page can have fewer people than asked for, or none, although there is a next one. */
  next_cursor?: (string | null);
}

/** The caller's code. */
export interface InviteCodeInfo {
  /** The code to give to others. It never changes. */
  code: string;
  inviter?: (InviterInfo | null);
  /** How many people have entered it and still have their account. */
  used: number;
}

/** The statistics. */
export interface InviteStatistics {
  /** Every requested day, the earliest first. */
  days: DayStatistics[];
  /** The ten people with the most entries of their codes by accounts that still exist, of all time. */
  top_inviters: TopInviter[];
}

/** A person who entered the caller's code. */
export interface InviteeInfo {
  /** When they entered it. */
  entered_at: Timestamp;
  id?: (UserId | null);
  /** Their phone number, if they have one: its country and the last three digits, or the whole number if they allow it. */
  phone?: (string | null);
  picture?: (Picture | null);
  /** Their username. Absent, like everything but the date, while their account is not in use. */
  username?: (string | null);
}

/** A page of people who entered the caller's code. */
export interface InviteeList {
  /** The people, newest first. */
  items: InviteeInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** The person whose code was entered. */
export interface InviterInfo {
  /** When the caller entered it. */
  entered_at: Timestamp;
  picture?: (Picture | null);
  /** Whether they may see the caller's phone number. */
  shows_phone: boolean;
  /** Their username. Absent if their account is no longer in use. */
  username?: (string | null);
}

/** The public keys that verify access tokens. */
export interface KeySet {
  /** The current one first. */
  keys: PublicKey[];
}

/** The step of an answer that completes a sign-in. */
export type LastStep = "signed_in";

/** The state of the caller's account deletion. */
export type Leaving = (LeavingNotScheduled | LeavingScheduled | LeavingPurging);

/** No deletion is scheduled. */
export interface LeavingNotScheduled {
  /** Details for support. */
  details: Details;
  /** What the owner should know and can do, in the reader's language. */
  instructions: string[];
  /** The policies that the owner has agreed to, in the reader's language. */
  policies: Policy[];
  status: "not_scheduled";
}

/** The deletion has begun. */
export interface LeavingPurging {
  /** Details for support. */
  details: Details;
  /** When it was due. */
  due_at: Timestamp;
  /** What the owner should know and can do, in the reader's language. */
  instructions: string[];
  /** The policies that the owner has agreed to, in the reader's language. */
  policies: Policy[];
  /** When it was scheduled. */
  scheduled_at: Timestamp;
  status: "purging";
}

/** The deletion begins when it is due. */
export interface LeavingScheduled {
  /** The remaining time in which it can be cancelled. */
  countdown: Countdown;
  /** Details for support. */
  details: Details;
  /** When the deletion begins: not earlier, and a quarter of an hour later at most. */
  due_at: Timestamp;
  /** What the owner should know and can do, in the reader's language. */
  instructions: string[];
  /** The policies that the owner has agreed to, in the reader's language. */
  policies: Policy[];
  /** When it was scheduled. */
  scheduled_at: Timestamp;
  status: "scheduled";
}

/** Whose account a link is about. */
export interface LinkOwner {
  due_at?: (Timestamp | null);
  /** When the link expires. */
  expires_at: Timestamp;
  /** The masked address that the link was sent to. */
  target: string;
  /** The username, which a password manager stores the password with. */
  username: string;
}

/** The registration, with what was mailed or would have been. */
export interface LinkSent {
  /** The id with which the link is asked for again: `POST /v1/registrations/{id}/code/resend`. */
  id: FlowToken;
  /** The link. */
  link: Sent;
}

/** The mailed token. */
export interface LinkToken {
  /** The part after `#token=` in the link. */
  token: string;
}

/** A supported language. */
export type Locale = ("en" | "pl");

/** Until when the caller's location is shared. */
export interface LocationInfo {
  expires_at: Timestamp;
}

/** The whole profile of the caller. */
export interface Me {
  /** Up to 500 characters. */
  bio?: (string | null);
  /** `YYYY-MM-DD`; nobody else sees it. */
  birth_date?: (string | null);
  /** When the account was made. */
  created_at: Timestamp;
  /** The proven e-mail address, which nobody else sees. Absent for an account that signed up with a phone number. */
  email?: (string | null);
  /** 1 to 35 characters; nobody else sees it, but unless the profile is private, people are found by the words in it. */
  first_name?: (string | null);
  /** Whether everybody who knows the e-mail address finds the caller by it. Friends and the inviter always do. */
  found_by_email: boolean;
  /** Whether everybody who knows the phone number finds the caller by it. Friends and the inviter always do. */
  found_by_phone: boolean;
  /** Never changes. */
  id: UserId;
  /** The language of mails. */
  language: Locale;
  /** 1 to 35 characters; nobody else sees it, but unless the profile is private, people are found by the words in it. */
  last_name?: (string | null);
  last_seen_at?: (Timestamp | null);
  /** Whether the caller is online. Reading their own profile makes them online. */
  online: boolean;
  /** The proven phone number, which nobody else sees. */
  phone?: (string | null);
  /** The address of the picture or of the default one. */
  picture: Picture;
  /** Whether others only see the username and the picture, and find the person only by the username. */
  private: boolean;
  /** Unique, lower case. */
  username: string;
  /** Who may open a direct chat. */
  who_can_message: WhoCanMessage;
}

/** An entry of a room as members see it. Each number of a room has one. */
export interface Message {
  /** Of a message: the author. */
  author?: Author;
  /** When the number was taken. */
  created_at: Timestamp;
  /** Of a message: when it was edited last. Absent if it never was. */
  edited_at?: Timestamp;
  /** Of a system event: what happened. */
  event?: RoomEvent;
  /** Of a message: its id. */
  id?: MessageId;
  /** What it is. */
  kind: EntryKind;
  /** Of a message: whom it mentions. */
  mentions?: UserId[];
  /** The author's picture or the default one: only in a direct room, and only when the message is delivered over the socket. */
  picture?: Picture;
  /** Of a message: the number of the one that it answers. */
  reply_to?: number;
  /** The id of the room. */
  room: RoomId;
  /** The number in the room. Entries are shown in this order, and a known number is a repetition. */
  seq: number;
  /** Of a message: plain text, 1 to 4,000 characters. */
  text?: string;
  /** Of a system event: whom it happened to; for events about the room who did it. */
  who?: Author;
}

/** A chat message. */
export type MessageId = string;

/** A page of a room's messages and system events. */
export interface MessageList {
  /** The messages and system events in ascending order, one for each number. */
  items: Message[];
  /** The cursor of the page before this one. Absent at the beginning of the room. */
  next_cursor?: (string | null);
  /** The highest number that this page covers: newer messages are read with `sync` from here, over the socket. */
  upto: number;
}

/** The proofs of the account besides the password. */
export interface Mfa {
  /** Whether signing in takes a second step. */
  enabled: boolean;
  /** The second factors that are on. */
  factors: FactorInfo[];
  /** What has to be proven before second factors can be turned on. */
  missing: Missing[];
  /** The number of passkeys. */
  passkeys: number;
  /** The number of unused recovery codes. */
  recovery_codes_left: number;
}

/** What an account needs before second factors can be turned on. */
export type Missing = ("email" | "phone");

/** People nearby. */
export interface NearbyList {
  /** At most fifty, by distance, and in an arbitrary but fixed order within the same distance. */
  items: NearbyPerson[];
  /** Whether there are more, which a smaller distance may show. */
  more: boolean;
}

/** A person nearby. */
export interface NearbyPerson {
  /** The id of the account, with which a chat can be opened or a friend request sent. */
  id: UserId;
  /** The address of the picture or of the default one. */
  picture: Picture;
  /** How the caller stands to them. */
  relation: Relation;
  /** Their username. */
  username: string;
  /** They are at most about this far away, in kilometres: 1, 2, 5, 10, 20, 50 or 100. From the middle of the caller's cell to the middle of theirs, or of the larger cell around it if fewer than three people share their location there. */
  within_km: number;
}

/** The kinds of rooms that are made. */
export type NewKind = ("group" | "channel");

/** An entry of somebody's inbox of notifications. */
export type NotificationId = string;

/** A notification. */
export interface NotificationInfo {
  /** The category. */
  category: Category;
  /** When it happened. */
  created_at: Timestamp;
  /** The id of the entry in the inbox. Absent in a push about something that the person has done themselves on another device. */
  id?: NotificationId;
  /** In `NOTICE`: what it is about, such as `new_sign_in`. */
  notice?: string;
  /** Whether it was read. */
  read: boolean;
  /** In `UPDATE_INTEREST`: how the person stood to the other one then. */
  relation?: Relation;
  /** What happened. More types will come: ignore unknown ones. */
  type: NotificationType;
  /** In `UPDATE_INTEREST`: the other person. */
  user?: UserId;
  /** In `UPDATE_INTEREST`: their username. Absent while their account is not in use. */
  username?: string;
}

/** A page of the inbox. */
export interface NotificationList {
  /** The notifications, the newest first. */
  items: NotificationInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** The type of an entry. */
export type NotificationType = ("UPDATE_INTEREST" | "NOTICE");

/** The other person, by exactly one of these. */
export interface OpenDirectRoom {
  user?: (UserId | null);
  /** Their username, in upper or lower case. */
  username?: (string | null);
}

/** An algorithm of passkeys. */
export interface PasskeyAlgorithm {
  /** Of the COSE registry. */
  alg: number;
  /** Always `public-key`. */
  type: PasskeyKind;
}

/** Where an authenticator is. */
export type PasskeyAttachment = ("platform" | "cross-platform");

/** `PublicKeyCredentialCreationOptionsJSON`, for `PublicKeyCredential.parseCreationOptionsFromJSON`. */
export interface PasskeyCreation {
  /** What is to be proven about the authenticator. */
  attestation?: string;
  /** What the authenticator must be able to do. */
  authenticatorSelection?: PasskeySelection;
  /** Base64url. */
  challenge: string;
  /** Existing passkeys: their authenticators do not make another one. */
  excludeCredentials?: PasskeyDescriptor[];
  /** Extensions. Browsers ignore those that they do not know. */
  extensions?: PasskeyExtensions;
  /** What browsers should offer first. */
  hints?: string[];
  /** The accepted algorithms, the preferred one first. */
  pubKeyCredParams: PasskeyAlgorithm[];
  /** This site. */
  rp: PasskeySite;
  /** Milliseconds. */
  timeout?: number;
  /** The owner of the passkey. */
  user: PasskeyOwner;
}

/** How much something is wanted. */
export type PasskeyDemand = ("required" | "preferred" | "discouraged");

/** A passkey that exists. */
export interface PasskeyDescriptor {
  /** Base64url. */
  id: string;
  /** How to reach its authenticator. */
  transports?: string[];
  /** Always `public-key`. */
  type: PasskeyKind;
}

/** The answers of a browser to extensions. */
export interface PasskeyExtensionResults {
  /** Whether the id of a former U2F key was used. */
  appid?: boolean;
  /** What kind of passkey was made. */
  credProps?: PasskeyProperties;
}

/** Extensions of a request. Browsers ignore those that they do not know. */
export interface PasskeyExtensions {
  /** The application id of former U2F keys. */
  appid?: string;
  /** Whether the answer tells what kind of passkey was made. */
  credProps?: boolean;
  /** What protects the passkey in its authenticator. */
  credentialProtectionPolicy?: string;
  /** Whether that must be supported. */
  enforceCredentialProtectionPolicy?: boolean;
  /** Whether the answer tells how the user was verified. */
  uvm?: boolean;
}

/** A passkey. */
export type PasskeyId = string;

/** A passkey. */
export interface PasskeyInfo {
  created_at: Timestamp;
  id: PasskeyId;
  last_used_at?: (Timestamp | null);
  name: string;
}

/** The kind of credential. */
export type PasskeyKind = "public-key";

/** Passkeys of the caller. */
export interface PasskeyList {
  /** The passkeys, oldest first. At most ten. */
  items: PasskeyInfo[];
}

/** The argument for `navigator.credentials.create`. */
export interface PasskeyOptions {
  /** When the challenge expires. */
  expires_at: Timestamp;
  /** For `PublicKeyCredential.parseCreationOptionsFromJSON`. */
  options: PasskeyCreation;
}

/** The owner of a passkey. */
export interface PasskeyOwner {
  /** The name for people. */
  displayName: string;
  /** Base64url. */
  id: string;
  /** The username. */
  name: string;
}

/** What kind of passkey was made. */
export interface PasskeyProperties {
  /** Whether the authenticator stores it. */
  rk?: boolean;
}

/** `PublicKeyCredentialRequestOptionsJSON`, for `PublicKeyCredential.parseRequestOptionsFromJSON`. */
export interface PasskeyRequest {
  /** The passkeys that are accepted. Empty or absent: any of this site. */
  allowCredentials?: PasskeyDescriptor[];
  /** Base64url. */
  challenge: string;
  /** Extensions. Browsers ignore those that they do not know. */
  extensions?: PasskeyExtensions;
  /** What browsers should offer first. */
  hints?: string[];
  /** The domain of the site. */
  rpId?: string;
  /** Milliseconds. */
  timeout?: number;
  /** Whether the authenticator has to verify its user. */
  userVerification?: PasskeyDemand;
}

/** What an authenticator must be able to do. */
export interface PasskeySelection {
  /** Whether it is a part of the device. */
  authenticatorAttachment?: PasskeyAttachment;
  /** The same for older browsers. */
  requireResidentKey?: boolean;
  /** Whether it has to store the passkey. */
  residentKey?: PasskeyDemand;
  /** Whether it has to verify its user. */
  userVerification?: PasskeyDemand;
}

/** The site that passkeys belong to. */
export interface PasskeySite {
  /** The domain. */
  id: string;
  /** The name for people. */
  name: string;
}

/** A page of people. */
export interface PeopleList {
  /** People, in the order of the words by which they are found. */
  items: PersonInfo[];
  /** The cursor of the next page. Absent on the last page. A page can have fewer people than asked for, or none, although there is a next one. */
  next_cursor?: (string | null);
}

/** A person as others find them. */
export interface PersonInfo {
  /** The id of the account, with which a chat can be opened or a friend request sent. */
  id: UserId;
  /** The address of the picture or of the default one. */
  picture: Picture;
  /** How the caller stands to them. */
  relation: Relation;
  /** Their username. */
  username: string;
}

/** A code that was sent. */
export interface PhoneSignIn {
  /** Continues this sign-in; keep it secret. */
  id: FlowToken;
  /** The code. */
  sent: Sent;
}

/** The addresses of a picture in every size. They are valid while the person has the picture. */
export interface Picture {
  /** 1024 × 1024 pixels. */
  large: string;
  /** 300 × 300 pixels. */
  medium: string;
  /** 64 × 64 pixels. */
  small: string;
}

/** The type of a picture. */
export type PictureType = ("image/jpeg" | "image/png" | "image/webp");

/** A link to a policy. */
export interface Policy {
  /** The title of the policy. */
  name: string;
  /** The address of the policy. */
  url: string;
}

/** A problem document. */
export interface Problem {
  /** In `proof_of_work_required`: the text to append a number to. */
  challenge?: string;
  /** Stable and independent of the language: for programs. */
  code: ProblemCode;
  /** Details, in the client's language. */
  detail?: (string | null);
  /** In `proof_of_work_required`: the zero bits that the digest has to begin with. */
  difficulty?: number;
  /** All wrong fields. */
  errors?: FieldProblem[];
  /** In `too_many`, `friends_full` and `message_length`: the maximum. */
  max?: number;
  /** In `too_large`: the maximum number of bytes. */
  max_bytes?: number;
  /** In `step_up_required`: the factors that are sufficient. */
  methods?: Factor[];
  /** In `contact_required`: what has to be added and proven first, separated by commas. */
  missing?: string;
  /** In `malformed`: RFC 6901 JSON pointer to the member that is wrong, missing, repeated or unknown; empty for the whole body. */
  pointer?: string;
  /** The id of the request, for support. */
  request_id: string;
  /** In `step_required`, and if something was taken in the meantime: the step to continue with. */
  required_step?: (Step | Factor);
  /** Seconds after which a retry makes sense. */
  retry_after?: (number | null);
  state?: AccountState;
  /** The HTTP status. */
  status: number;
  /** The title, in the client's language. */
  title: string;
  /** In `code_invalid`: the attempts that are left. */
  tries_left?: number;
  /** A URI reference that identifies the kind of problem: `/problems/<code>`. */
  type: string;
}

/** What is wrong, for programs. */
export type ProblemCode = ("malformed" | "cursor_invalid" | "token_invalid" | "credentials_invalid" | "refresh_invalid" | "step_up_required" | "forbidden" | "second_factor_required" | "own_roles" | "origin_refused" | "csrf_header_required" | "edge_required" | "proof_of_work_required" | "password_wrong" | "factor_locked" | "chat_banned" | "chat_not_allowed" | "not_found" | "method_not_allowed" | "step_required" | "username_taken" | "account_exists" | "account_idle" | "invite_used" | "deletion_begun" | "deletion_not_scheduled" | "superuser_stays" | "account_state" | "slug_taken" | "change_too_late" | "owner_stays" | "mfa_enabled" | "mfa_not_enabled" | "contact_required" | "last_factor" | "too_many" | "friend_exists" | "friend_state" | "friend_paused" | "friends_full" | "location_required" | "conflict" | "version_mismatch" | "too_large" | "unsupported_media_type" | "unsupported_content_encoding" | "invalid" | "code_invalid" | "factor_unavailable" | "passkey_invalid" | "invite_invalid" | "appointment_invalid" | "link_invalid" | "version_required" | "too_many_requests" | "resend_too_early" | "internal" | "unavailable" | "frame_invalid" | "message_length" | "nonce_reused" | "stream_unknown" | "friend_self" | "room_with_self" | "ticket_invalid");

/** A code. */
export interface ProveFactor {
  /** Six digits. */
  code: string;
}

/** One public key. */
export interface PublicKey {
  /** Always `EdDSA`. */
  alg: string;
  /** Always `Ed25519`. */
  crv: string;
  /** The id of the key. */
  kid: string;
  /** Always `OKP`. */
  kty: string;
  /** Always `sig`. */
  use: string;
  /** The key, base64url. */
  x: string;
}

/** The profile of a person as others see it. */
export interface PublicProfile {
  /** A few words about themselves. Absent if there are none or the profile is private. */
  bio?: (string | null);
  /** The id of the account, with which a chat can be opened. It does not change with the name. */
  id: UserId;
  last_seen_at?: (Timestamp | null);
  /** Whether they are online: with a socket, or active within five minutes. Absent if the profile is private. */
  online?: (boolean | null);
  /** The address of the picture or of the default one. */
  picture: Picture;
  /** Unique. */
  username: string;
}

/** Up to which notification all are read. */
export interface ReadNotifications {
  /** The newest notification that the caller has seen. */
  upto: NotificationId;
}

/** Ten codes, each valid once. They are shown only now. */
export interface RecoveryCodesShown {
  /** The codes. */
  recovery_codes: string[];
}

/** The refresh token, unless it is in the cookie. */
export interface RefreshSession {
  /** The token as it was returned. Absent if it is in the cookie. */
  refresh_token?: (string | null);
}

/** Why an upload did not become a picture. */
export type Refusal = ("not_a_picture" | "other_type" | "polyglot" | "too_many_pixels" | "damaged" | "superseded" | "account_closed" | "expired");

/** An account to be opened by mail. */
export interface RegisterByLink {
  /** The address for the link. */
  email: string;
  locale?: (Locale | null);
  /** At least 12 characters unless configured otherwise, at most 128. */
  password: string;
  /** The username. */
  username: Username;
}

/** A registration as its client sees it. */
export interface Registration {
  /** The steps that are allowed now: the next one, and a repetition of earlier ones. */
  allowed: Step[];
  /** As given. */
  birth_date?: (string | null);
  code?: (Sent | null);
  /** The address, masked. */
  email: string;
  /** When the registration expires. */
  expires_at: Timestamp;
  /** As given. */
  first_name?: (string | null);
  /** Continues this registration; keep it secret. */
  id: FlowToken;
  /** The invitation code as given, in capitals. */
  invite_code?: (string | null);
  /** As given. */
  last_name?: (string | null);
  /** The progress in percent: 33, 50, 67, 83 or 100. */
  progress: number;
  /** The next step. */
  step: Step;
  /** As given. */
  username?: (string | null);
}

/** How one person stands to another, as they see it. */
export type Relation = ("none" | "sent" | "received" | "friends" | "blocked");

/** How the caller stands to another person. */
export interface RelationInfo {
  /** How the caller stands to them. */
  relation: Relation;
  since?: (Timestamp | null);
  /** The other person. */
  user: UserId;
}

/** The proof that is needed in addition to the step-up. */
export interface RemoveMfa {
  /** The current password. Not needed for an account without one, nor right after a step-up with it. */
  password?: (string | null);
}

/** The new name. */
export interface RenamePasskey {
  /** 1 to 50 characters. */
  name: string;
}

/** The account whose password was forgotten. */
export interface RequestPasswordReset {
  /** The address of the account. */
  email: string;
}

/** The mailed token, and the new password. */
export interface ResetPassword {
  /** At least 12 characters unless configured otherwise, at most 128, and different from the former one. */
  password: string;
  /** The part after `#token=` in the link. */
  token: string;
}

/** The masked address that the link was sent to, if it has an account. */
export interface ResetRequested {
  target: string;
}

/** The roles of staff. Each includes the ones before it. */
export type Role = ("moderator" | "administrator" | "superuser");

/** A role to give. */
export interface RoleOfMember {
  /** The role. Making somebody the owner hands the room over. */
  role: RoomRole;
}

/** What can happen to a room or to its members. */
export type RoomEvent = (RoomEventCreated | RoomEventJoined | RoomEventLeft | RoomEventRemoved | RoomEventRenamed | RoomEventTopicChanged | RoomEventPromoted | RoomEventDemoted | RoomEventNewOwner);

/** The room was made. Always number 1. */
export interface RoomEventCreated {
  type: "created";
}

/** An administrator became a member without that role. */
export interface RoomEventDemoted {
  type: "demoted";
}

/** Somebody became a member. */
export interface RoomEventJoined {
  type: "joined";
}

/** A member left. */
export interface RoomEventLeft {
  type: "left";
}

/** A member became the owner. */
export interface RoomEventNewOwner {
  type: "new_owner";
}

/** A member became an administrator. */
export interface RoomEventPromoted {
  type: "promoted";
}

/** A member was removed. */
export interface RoomEventRemoved {
  type: "removed";
}

/** The room got another name. */
export interface RoomEventRenamed {
  /** The new name. */
  name: string;
  type: "renamed";
}

/** The room got another topic. */
export interface RoomEventTopicChanged {
  /** The new topic. Absent if the room has none any more. */
  topic?: string;
  type: "topic_changed";
}

/** A chat room. */
export type RoomId = string;

/** A room the caller is in. */
export interface RoomInfo {
  /** What a group or a channel has. Absent in other rooms. */
  club?: ClubInfo;
  /** When the room was made. Absent for the public room before its first message. */
  created_at?: Timestamp;
  id: RoomId;
  kind: RoomKind;
  /** The number of the last message or system event. */
  last_seq: number;
  /** The other person in a direct room. Absent when their account is deleted. */
  with?: Author;
}

/** An invitation of the caller. */
export interface RoomInvitation {
  /** Who invited the caller. */
  by: UserId;
  /** When. */
  created_at: Timestamp;
  /** Until when it can be accepted. */
  expires_at: Timestamp;
  /** Its kind. */
  kind: RoomKind;
  /** The number of members. */
  members: number;
  /** Its name. */
  name: string;
  /** The room. */
  room: RoomId;
}

/** A page of the caller's invitations. */
export interface RoomInvitationList {
  items: RoomInvitation[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** The kind of a room. */
export type RoomKind = ("public" | "direct" | "group" | "channel");

/** A page of the caller's rooms. */
export interface RoomList {
  items: RoomInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** A member of a room. */
export interface RoomMemberInfo {
  /** Their role. */
  role: RoomRole;
  /** When they joined. */
  since: Timestamp;
  /** Who. */
  user: Author;
}

/** A page of a room's members. */
export interface RoomMemberList {
  items: RoomMemberInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** What the caller wants to be told of a room. */
export interface RoomNotices {
  /** Whether they want no notice of it. */
  muted: boolean;
}

/** What a member is in a group or a channel. */
export type RoomRole = ("owner" | "admin" | "member");

/** The proof that the owner wants the deletion. */
export interface ScheduleDeletion {
  /** The current password. Not needed for an account without one, nor right after a step-up with it. */
  password?: (string | null);
}

/** Information for a client about a code or link that was sent. */
export interface Sent {
  /** When it expires. */
  expires_at: Timestamp;
  /** The form, so that a client can show the right input. */
  form: SentForm;
  /** When another one may be requested. */
  resend_at: Timestamp;
  /** The masked destination. */
  target: string;
  /** Remaining attempts. Attempts at a long code are not limited. */
  tries_left: number;
}

/** The form of what was sent. */
export type SentForm = ("code" | "long_code" | "link");

/** A sign-in of one client. */
export type SessionId = string;

/** One session. */
export interface SessionInfo {
  /** The address of its sign-in or last refresh. */
  address?: (string | null);
  /** A description of the client in words. */
  agent: Agent;
  created_at: Timestamp;
  /** Whether it is the session of this request. */
  current: boolean;
  /** When it ends if it is not used. */
  ends_at: Timestamp;
  id: SessionId;
  /** When it was last refreshed. */
  last_used_at: Timestamp;
  /** City and country, if an edge in front of the API states them. */
  place?: (string | null);
  /** Whether it began on a trusted device. */
  trusted_device: boolean;
  /** The `User-Agent` of the client. */
  user_agent: string;
}

/** Sessions of the caller. */
export interface SessionList {
  /** The sessions, the most recently used first. At most 20. */
  items: SessionInfo[];
}

/** What the inviter may see of the caller. */
export interface SetInviterConsent {
  /** Whether they may see the caller's phone number. */
  shows_phone: boolean;
}

/** A password. */
export interface SetRegistrationPassword {
  /** At least 12 characters unless configured otherwise, at most 128. It is used exactly as given. */
  password: string;
}

/** The data of the person. */
export interface SetRegistrationPersonal {
  /** At least 16 and at most 120 years ago. */
  birth_date: string;
  first_name: string;
  /** An invitation code, if the person has one, in upper or lower case, with or without spaces and hyphens. */
  invite_code?: (string | null);
  last_name: string;
}

/** A username. */
export interface SetRegistrationUsername {
  /** The username. */
  username: Username;
}

/** A set-up that is under way. */
export type SetupState = (SetupStateApp | SetupStateEmail | SetupStateSms);

/** Prove the authenticator app, with a code that it shows. */
export interface SetupStateApp {
  /** The secret for the authenticator app, only in the answer that begins the set-up. */
  app?: AppSecret;
  /** When the set-up expires. */
  expires_at: Timestamp;
  /** The number of the current step. The password was the first. */
  number: number;
  /** The number of steps. */
  of: number;
  step: "app";
}

/** Prove the mailbox, with a code. */
export interface SetupStateEmail {
  /** The code that was sent, in the answer that sent it. */
  code?: Sent;
  /** When the set-up expires. */
  expires_at: Timestamp;
  /** The number of the current step. The password was the first. */
  number: number;
  /** The number of steps. */
  of: number;
  step: "email";
}

/** Prove the phone, with a code. */
export interface SetupStateSms {
  /** The code that was sent, in the answer that sent it. */
  code?: Sent;
  /** When the set-up expires. */
  expires_at: Timestamp;
  /** The number of the current step. The password was the first. */
  number: number;
  /** The number of steps. */
  of: number;
  step: "sms";
}

/** A position. Only its cell is stored, which is about a kilometre wide. */
export interface ShareLocation {
  /** Degrees north. */
  latitude: number;
  /** Degrees east. */
  longitude: number;
}

/** A sign-in in progress, for its client. */
export type SignInStep = (SignInStepChooseFactor | SignInStepVerify);

/** Choose one of the factors. */
export interface SignInStepChooseFactor {
  /** When the sign-in expires. */
  expires_at: Timestamp;
  /** The factors to choose from. */
  factors: FactorChoice[];
  /** The secret that continues this sign-in. */
  id: FlowToken;
  /** The progress in percent: 66 or 100. */
  progress: number;
  step: "choose_factor";
  /** Wrong answers that are still allowed. */
  tries_left: number;
}

/** Prove the chosen one: with a code, the password or the passkey. */
export interface SignInStepVerify {
  /** The chosen factor. */
  chosen: Factor;
  /** The code that was sent, if the chosen factor sends codes. */
  code?: Sent;
  /** When the sign-in expires. */
  expires_at: Timestamp;
  /** The factors to choose from. */
  factors: FactorChoice[];
  /** The secret that continues this sign-in. */
  id: FlowToken;
  /** The argument of `PublicKeyCredential.parseRequestOptionsFromJSON`, if a passkey was chosen. */
  passkey?: PasskeyRequest;
  /** The progress in percent: 66 or 100. */
  progress: number;
  step: "verify";
  /** Wrong answers that are still allowed. */
  tries_left: number;
}

/** The response to a completed sign-in. */
export interface SignedIn {
  /** The access token, for the header `Authorization: Bearer <access_token>`. */
  access_token: string;
  /** The token that this device shows at its next sign-in to skip the second step, once. Absent if the device is not trusted, or if the token is in a cookie. */
  device_token?: (string | null);
  /** Seconds until the access token expires. */
  expires_in: number;
  /** The path with which the frontend continues, as given in the first step; `/` if that was not a path of the frontend. */
  next?: (string | null);
  /** The refresh token, which can be used once. Absent if it is in a cookie. */
  refresh_token?: (string | null);
  /** The new or continued session. */
  session_id: SessionId;
  /** Always `signed_in`. It tells this answer from those that ask for another step. */
  step: LastStep;
  /** Always `Bearer`. */
  token_type: TokenType;
  user?: (SignedInUser | null);
  /** The account. */
  user_id: UserId;
}

/** Who signed in. */
export interface SignedInUser {
  /** As given. */
  first_name?: (string | null);
  /** The language of the person's messages. */
  language: Locale;
  /** As given. */
  last_name?: (string | null);
  /** The username. */
  username: string;
}

/** The name of a public channel in addresses: 3 to 40 of `a-z`, `0-9` and single hyphens between them. */
export type Slug = string;

/** The first step. */
export interface StartMfaSetup {
  /** The current password. Not needed for an account without one, nor right after a step-up with it. */
  password?: (string | null);
}

/** A number to sign in with. */
export interface StartPhoneSignIn {
  locale?: (Locale | null);
  /** The path of the frontend to continue with, such as `/rooms`. Anything else is replaced by `/`. */
  next?: (string | null);
  /** With the country code: `+44…` or `0044…`. Spaces, hyphens and brackets are ignored. */
  phone: string;
  /** Whether to trust this device from then on: it skips the second step for thirty days. */
  remember_device?: boolean;
  /** Where the refresh token will be returned: `cookie` for browsers, `body` otherwise. A trusted device's token is returned in the same way. */
  token_delivery?: TokenDelivery;
}

/** An address to register with. */
export interface StartRegistration {
  /** The address for the code. */
  email: string;
  locale?: (Locale | null);
}

/** The steps after the first one, which takes the address. */
export type Step = ("code" | "personal" | "username" | "password" | "summary");

/** A ticket for a socket. */
export interface TicketIssued {
  /** When the ticket expires. */
  expires_at: Timestamp;
  /** The value of `Sec-WebSocket-Protocol`: `new WebSocket(url, subprotocols)`. The server selects the first. */
  subprotocols: string[];
  /** The ticket. It is valid for one handshake until `expires_at`. */
  ticket: string;
  /** The address to connect to. */
  url: string;
}

/** A point in time on the wire: RFC 3339, UTC, with millisecond precision, such as `2030-01-01T12:00:00.000Z`. */
export type Timestamp = string;

/** Where the refresh token is delivered. */
export type TokenDelivery = ("body" | "cookie");

/** The scheme of access tokens (RFC 6750). */
export type TokenType = "Bearer";

/** A person whose code many people have entered. */
export interface TopInviter {
  /** The number of entries. */
  used: number;
  /** The id of the person. */
  user_id: UserId;
  /** The username. */
  username?: (string | null);
}

/** How many messages somebody has not read. */
export interface Unread {
  /** How many of the counted messages mention the reader. */
  mentions: number;
  /** The number of messages, up to 99. */
  messages: number;
  /** Whether there are more. */
  more: boolean;
}

/** The number of unread notifications. */
export interface UnreadCount {
  /** Whether there are more. */
  more: boolean;
  /** The number, at most 99. */
  unread: number;
}

/** The members to change. Absent ones stay as they are, and `null` clears those that may be empty. */
export interface UpdateMe {
  /** Up to 500 characters, or `null`. */
  bio?: (string | null);
  /** `YYYY-MM-DD`, at least 16 years ago, or `null`. */
  birth_date?: (string | null);
  /** 1 to 35 characters, or `null`. */
  first_name?: (string | null);
  /** Whether everybody who knows the e-mail address finds the caller by it. */
  found_by_email?: boolean;
  /** Whether everybody who knows the phone number finds the caller by it. */
  found_by_phone?: boolean;
  /** The language of mails. */
  language?: Locale;
  /** 1 to 35 characters, or `null`. */
  last_name?: (string | null);
  /** Whether others see nothing but the username and the picture, and find the person only by the username. */
  private?: boolean;
  /** Who may open a direct chat. */
  who_can_message?: WhoCanMessage;
}

/** What to change of a room. What is absent stays. */
export interface UpdateRoom {
  /** 1 to 60 characters. */
  name?: string;
  /** 1 to 200 characters; empty for none. */
  topic?: string;
}

/** An upload before and after it is processed. */
export type UploadId = string;

/** The method of an upload. */
export type UploadMethod = "PUT";

/** The state of an upload. */
export type UploadStatus = (UploadStatusWaiting | UploadStatusPublished | UploadStatusRefused);

/** It became the picture, which a newer one may have replaced. */
export interface UploadStatusPublished {
  /** The id of the upload. */
  id: UploadId;
  /** The picture that was made of it. Absent after it was replaced or removed. */
  picture?: Picture;
  state: "published";
}

/** It was refused. */
export interface UploadStatusRefused {
  /** The id of the upload. */
  id: UploadId;
  /** Why it was refused. */
  reason?: Refusal;
  state: "refused";
}

/** No file has arrived yet, or it is being checked. Ask again in a second. */
export interface UploadStatusWaiting {
  /** The id of the upload. */
  id: UploadId;
  state: "waiting";
}

/** `AuthenticationResponseJSON`: `toJSON()` of what `navigator.credentials.get` returned. */
export interface UsedPasskey {
  /** Where the authenticator is. */
  authenticatorAttachment?: string;
  /** The answers to extensions. */
  clientExtensionResults?: PasskeyExtensionResults;
  /** Base64url. */
  id: string;
  /** The same as `id`. */
  rawId: string;
  /** The answer of the authenticator. */
  response: UsedPasskeyResponse;
  /** Always `public-key`. */
  type: string;
}

/** The answer of an authenticator that was asked for a passkey. */
export interface UsedPasskeyResponse {
  /** Base64url. */
  authenticatorData: string;
  /** Base64url. */
  clientDataJSON: string;
  /** Base64url. */
  signature: string;
  /** Base64url: the owner. */
  userHandle?: string;
}

/** A person. */
export type UserId = string;

/** 3 to 30 of `a-z 0-9 _`, in upper or lower case. It begins with a letter, does not end with `_`, and has no `__`. */
export type Username = string;

/** Whether a username is available. */
export interface UsernameAvailability {
  /** Whether it is available. */
  available: boolean;
  code?: (FieldCode | null);
  /** The reason in the client's language. */
  message?: (string | null);
  /** The normal form of the name. Absent if it is no username. */
  username?: (string | null);
}

/** The code that was sent. */
export interface VerifyContact {
  /** Six digits, or the letters and digits of a long code. */
  code: string;
}

/** The code, and data for a new account. */
export interface VerifyPhoneSignIn {
  /** The code of the text message: digits, or the letters and digits of a long code. */
  code: string;
  /** The token of a trusted device, unless it is in its cookie. */
  device_token?: (string | null);
  /** For a new account. */
  first_name?: (string | null);
  /** For a new account: an invitation code, in upper or lower case, with or without spaces and hyphens. */
  invite_code?: (string | null);
  /** For a new account. */
  last_name?: (string | null);
  /** After the answer `account_idle`: make a new account instead of the one that the number had. */
  start_afresh?: boolean;
}

/** The code that was mailed. */
export interface VerifyRegistrationCode {
  /** Six digits, or the letters and digits of a long code. */
  code: string;
}

/** The answer to the chosen factor: exactly one of these. */
export type VerifySignIn = ({ code: string; } | { passkey: UsedPasskey; } | { password: string; });

/** Who may open a direct chat with the person. */
export type WhoCanMessage = ("everyone" | "friends");

/** A postal address, given or changed. */
export interface WriteAddress {
  /** City. */
  city: string;
  /** ISO 3166-1 alpha-2, or `XK` for Kosovo. In upper or lower case. */
  country: string;
  /** The postcode, which is stored as the country writes it. Absent if the country has none. */
  postal_code?: string;
  /** State, province or the like, where addresses have one. */
  state?: (string | null);
  /** Street and house. */
  street: string;
}

/** Every operation, by path and method: what is sent, and what is returned. */
export interface Operations {
  "/": {
    /** Redirects to the documentation. */
    GET: { data: undefined; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/.well-known/change-password": {
    /** Redirects to the page for changing a password, which password managers look up here. */
    GET: { data: undefined; code: "edge_required" | "internal" | "malformed" | "origin_refused" | "too_many_requests" | "unavailable" };
  };
  "/.well-known/jwks.json": {
    /** The keys that verify access tokens (RFC 7517). */
    GET: { data: KeySet; code: "edge_required" | "internal" | "malformed" | "origin_refused" | "too_many_requests" | "unavailable" };
  };
  "/.well-known/openid-configuration": {
    /** Describes the issuer of the access tokens, with those members of OpenID Connect Discovery that apply to it. */
    GET: { data: Discovery; code: "edge_required" | "internal" | "malformed" | "origin_refused" | "too_many_requests" | "unavailable" };
  };
  "/.well-known/security.txt": {
    /** Says how to report a vulnerability (RFC 9116). */
    GET: { data: string; code: "edge_required" | "internal" | "malformed" | "origin_refused" | "too_many_requests" | "unavailable" };
  };
  "/activate": {
    /** Serves the page that the mailed link opens if there is no frontend. Loading it reads and changes nothing. */
    GET: { data: string; code: "edge_required" | "internal" | "malformed" | "origin_refused" | "too_many_requests" | "unavailable" };
  };
  "/asyncapi.json": {
    /** Describes the socket: its frames, answers and close codes. */
    GET: { data: Record<string, unknown>; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/cancel-deletion": {
    /** Serves the page that the link opens if there is no frontend. Loading it reads and changes nothing. */
    GET: { data: string; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/client/{file}": {
    /** Serves the files of the JavaScript client: `stoa.js`, what it imports, and their types. `/docs/client` shows how it is used. */
    GET: { path: { "file": string }; data: string; code: "edge_required" | "internal" | "malformed" | "not_found" | "too_many_requests" | "unavailable" };
  };
  "/docs": {
    /** Serves a page on which the API can be read and tried out. */
    GET: { data: string; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/docs/{file}": {
    /** Serves the files of the pages. `/docs/flows` shows registration and sign-in as sequence diagrams, `/docs/client` is the guide to the JavaScript client. */
    GET: { path: { "file": string }; data: string; code: "edge_required" | "internal" | "malformed" | "not_found" | "too_many_requests" | "unavailable" };
  };
  "/openapi.json": {
    /** Describes the API. */
    GET: { data: Record<string, unknown>; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/problems/{code}": {
    /** Explains a kind of problem. */
    GET: { path: { "code": string }; data: string; code: "edge_required" | "internal" | "malformed" | "not_found" | "too_many_requests" | "unavailable" };
  };
  "/reset-password": {
    /** Serves the page that the mailed link opens if there is no frontend. Loading it reads and changes nothing. */
    GET: { data: string; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/v1/activations": {
    /** Opens the account and signs its owner in. If the request carries the token of the client's former session, that session ends. */
    POST: { body: ActivateAccount; data: SignedIn; code: "account_exists" | "conflict" | "edge_required" | "internal" | "link_invalid" | "malformed" | "not_found" | "origin_refused" | "password_wrong" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "username_taken" };
  };
  "/v1/activations/link": {
    /** Tells whose account a mailed link activates, so that a page can show it before it asks for the password. The link stays valid. */
    POST: { body: LinkToken; data: LinkOwner; code: "edge_required" | "internal" | "link_invalid" | "malformed" | "origin_refused" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/admin/first": {
    /** Makes the caller the first superuser. Possible only while there is no superuser. */
    POST: { body: BecomeFirstSuperuser; data: undefined; code: "account_state" | "appointment_invalid" | "edge_required" | "internal" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/admin/users/{username}": {
    /** Shows the state and the roles of an account. */
    GET: { path: { "username": string }; data: AccountInfo; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/users/{username}/reactivation": {
    /** Reactivates a deactivated account with all its data. Its former sessions and trusted devices stay revoked: the owner has to sign in again, and is notified by mail or, without an address, by text message. */
    POST: { path: { "username": string }; data: undefined; code: "account_state" | "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/users/{username}/roles/{role}": {
    /** Removes a role from an account, with effect from its next request. If the account does not have the role, nothing changes. Its other roles stay. */
    DELETE: { path: { "username": string; "role": Role }; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "own_roles" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Gives a role to an account. If the account already has the role, nothing changes. */
    PUT: { path: { "username": string; "role": Role }; data: undefined; code: "account_state" | "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "own_roles" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/channels/{slug}": {
    /** Shows a public channel, which everybody may join. */
    GET: { path: { "slug": string }; data: ChannelInfo; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/chats": {
    /** Lists the caller's rooms by their last activity, with the last message and the number of unread ones. */
    GET: { query?: { "limit"?: number; "cursor"?: string }; data: ChatList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/deletion-cancellations": {
    /** Cancels the deletion that the link was sent for, and confirms that in the same way. The link works once, and only until the deletion is scheduled again. */
    POST: { body: LinkToken; data: undefined; code: "deletion_begun" | "edge_required" | "internal" | "link_invalid" | "malformed" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/deletion-cancellations/link": {
    /** Tells whose deletion a mailed link cancels and when it begins, so that a page can show it before it asks. The link stays valid. */
    POST: { body: LinkToken; data: LinkOwner; code: "deletion_begun" | "edge_required" | "internal" | "link_invalid" | "malformed" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/friends": {
    /** Lists the caller's friends, the requests that they have sent or received, or the people whom they block. */
    GET: { query?: { "relation"?: ("friends" | "sent" | "received" | "blocked"); "username"?: string; "order"?: ("newest" | "oldest"); "limit"?: number; "cursor"?: string }; data: FriendList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/friends/{user}": {
    /** Ends a friendship. */
    DELETE: { path: { "user": UserId }; data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Reads how the caller stands to somebody. */
    GET: { path: { "user": UserId }; data: RelationInfo; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/friends/{user}/accept": {
    /** Accepts a friend request. It can be repeated. */
    POST: { path: { "user": UserId }; data: RelationInfo; code: "conflict" | "edge_required" | "friends_full" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/friends/{user}/block": {
    /** Ends the block of somebody. Friendship and requests that it ended do not come back. */
    DELETE: { path: { "user": UserId }; data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Blocks somebody: friendship and requests end, their direct room disappears, and neither can write to the other. The other person is not told. It can be repeated. */
    PUT: { path: { "user": UserId }; data: RelationInfo; code: "conflict" | "edge_required" | "friend_self" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many" | "too_many_requests" | "unavailable" };
  };
  "/v1/friends/{user}/reject": {
    /** Rejects a friend request. Its sender can ask again after seven days. It can be repeated. */
    POST: { path: { "user": UserId }; data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/friends/{user}/request": {
    /** Takes the caller's friend request back. `friend_state` if it was accepted in the meantime. */
    DELETE: { path: { "user": UserId }; data: undefined; code: "conflict" | "edge_required" | "friend_state" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Sends a friend request, or accepts the one that the other person has sent: 201 if it waits for its answer, 200 if the two are friends now. */
    POST: { path: { "user": UserId }; data: RelationInfo; code: "conflict" | "edge_required" | "friend_exists" | "friend_paused" | "friend_self" | "friend_state" | "friends_full" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many" | "too_many_requests" | "unavailable" };
  };
  "/v1/me": {
    /** Reads the caller's profile. */
    GET: { data: Me; code: "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Changes the caller's profile. */
    PATCH: { header: { "If-Match": string }; body: UpdateMe; data: Me; code: "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "version_mismatch" | "version_required" };
  };
  "/v1/me/addresses": {
    /** Lists the caller's addresses. */
    GET: { data: AddressList; code: "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Adds an address. The first one becomes the main address. */
    POST: { body: WriteAddress; data: AddressInfo; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_large" | "too_many" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/addresses/{address}": {
    /** Deletes one of the caller's addresses. If it was the main address, the newest of the others replaces it. */
    DELETE: { path: { "address": AddressId }; data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Reads one of the caller's addresses. The `ETag` is its version. */
    GET: { path: { "address": AddressId }; data: AddressInfo; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Replaces one of the caller's addresses: 412 if it has changed since the version in `If-Match`. */
    PUT: { path: { "address": AddressId }; header: { "If-Match": string }; body: WriteAddress; data: AddressInfo; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "version_mismatch" | "version_required" };
  };
  "/v1/me/addresses/{address}/main": {
    /** Makes one of the caller's addresses the main one, instead of the former main address. */
    PUT: { path: { "address": AddressId }; data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/deactivation": {
    /** Deactivates the account. All sessions end, sockets are closed, trusted devices are revoked, and the profile is hidden. The data is kept, and the username, address and number stay taken. Only a superuser can reactivate the account: signing in, registering again or resetting the password does not. Its owner is notified. A superuser cannot be deactivated before another superuser has removed that role. */
    POST: { body: DeactivateMe; data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "password_wrong" | "step_up_required" | "superuser_stays" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/deletion": {
    /** Cancels a scheduled deletion, and confirms that by mail, or by text message to a person without an address. */
    DELETE: { data: Leaving; code: "conflict" | "deletion_begun" | "deletion_not_scheduled" | "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Reads the state of the caller's account deletion. */
    GET: { data: Leaving; code: "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Schedules the deletion of the caller's account. If it is already scheduled, the time starts again. A mail, or a text message to a person without an address, confirms it and has a link that cancels it. All other sessions end. The deletion of a superuser cannot be scheduled before another superuser has removed that role. */
    POST: { body: ScheduleDeletion; data: Leaving; code: "conflict" | "deletion_begun" | "edge_required" | "internal" | "malformed" | "password_wrong" | "step_up_required" | "superuser_stays" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/devices": {
    /** Revokes trust in all devices, and ends the sessions that began on them, except the session of this request. */
    DELETE: { data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Lists the trusted devices. */
    GET: { data: DeviceList; code: "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/devices/{device}": {
    /** Revokes trust in a device, and ends the sessions that began on it. */
    DELETE: { path: { "device": DeviceId }; data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/email-changes": {
    /** Mails a code to a new address. The current address stays in use until the code is verified, and is notified. An account without an address is notified by text message: while the limits allow none, the change is refused. */
    POST: { body: ChangeEmail; data: Sent; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "resend_too_early" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/email-changes/resend": {
    /** Mails another code to the new address. The previous one becomes invalid. */
    POST: { data: Sent; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "resend_too_early" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/email-changes/verify": {
    /** Proves the new address, which replaces the former one. All other sessions end, and the former address is notified. Codes and links that were sent to it become invalid. If a deletion is scheduled, another link to cancel it is mailed to the new address. The same request again within ten seconds after it succeeded gets the same answer. */
    POST: { body: VerifyContact; data: Me; code: "account_exists" | "code_invalid" | "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/exports": {
    /** Requests an archive of all data that is stored about the caller: profile, addresses, sessions, rooms, messages, pictures. It contains no secrets. */
    POST: { data: ExportStatus; code: "conflict" | "edge_required" | "internal" | "malformed" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/exports/{export}": {
    /** Returns the state of the archive, and a link when it is ready. The link is valid for five minutes. */
    GET: { path: { "export": string }; data: ExportStatus; code: "edge_required" | "internal" | "malformed" | "not_found" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/invite-code": {
    /** Shows the caller's invitation code, how many people have entered it, and whose code the caller has entered. */
    GET: { data: InviteCodeInfo; code: "conflict" | "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/invitees": {
    /** Lists the people who entered the caller's code, the newest first. */
    GET: { query?: { "limit"?: number; "cursor"?: string }; data: InviteeList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/inviter": {
    /** Enters the code of the person who invited the caller. */
    POST: { body: EnterInviteCode; data: InviteCodeInfo; code: "conflict" | "edge_required" | "internal" | "invalid" | "invite_invalid" | "invite_used" | "malformed" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/inviter/consent": {
    /** Allows the person whose code the caller has entered to see the caller's phone number, or withdraws that. */
    PUT: { body: SetInviterConsent; data: undefined; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/location": {
    /** Stops sharing the caller's location, at once. */
    DELETE: { data: undefined; code: "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Shares the caller's location for a day. */
    PUT: { body: ShareLocation; data: LocationInfo; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/mfa": {
    /** Shows the state of the second factors. */
    GET: { data: Mfa; code: "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/mfa/factors/{factor}": {
    /** Turns one factor off. The last one cannot be turned off alone: use `POST /v1/me/mfa/removal`. All other sessions end. */
    DELETE: { path: { "factor": Factor }; data: undefined; code: "conflict" | "edge_required" | "internal" | "last_factor" | "malformed" | "mfa_not_enabled" | "not_found" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Begins to add a factor, or to replace the app: returns the secret of the app, or sends a code. The enabled factors do not change until the new one is proven. */
    POST: { path: { "factor": Factor }; data: SetupState; code: "conflict" | "edge_required" | "factor_unavailable" | "internal" | "malformed" | "mfa_enabled" | "mfa_not_enabled" | "not_found" | "resend_too_early" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Proves the new factor, which turns it on. A new app replaces the former one. All other sessions end. */
    PUT: { path: { "factor": Factor }; body: ProveFactor; data: undefined; code: "code_invalid" | "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "mfa_not_enabled" | "not_found" | "step_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/mfa/recovery-codes": {
    /** Makes new recovery codes, which replace the former ones. All other sessions end. */
    POST: { data: RecoveryCodesShown; code: "conflict" | "edge_required" | "internal" | "malformed" | "mfa_not_enabled" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/mfa/removal": {
    /** Turns second factors off, and deletes the app's secret and the recovery codes. Passkeys stay. All other sessions end. */
    POST: { body: RemoveMfa; data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "mfa_not_enabled" | "password_wrong" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/mfa/setup": {
    /** Cancels the set-up that was begun after the same step-up, if there is one. Enabled factors do not change. */
    DELETE: { data: undefined; code: "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Shows the current set-up, so that it can be resumed after a reload. The secret of the authenticator app is not included: it is shown only when the set-up begins. */
    GET: { data: SetupState; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Begins the set-up with the password, and returns the secret for the authenticator app. An earlier set-up ends. */
    POST: { body: StartMfaSetup; data: SetupState; code: "conflict" | "contact_required" | "edge_required" | "internal" | "malformed" | "mfa_enabled" | "password_wrong" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/mfa/setup/app": {
    /** Proves the app, and mails a code. */
    POST: { body: ProveFactor; data: SetupState; code: "code_invalid" | "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "resend_too_early" | "step_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/mfa/setup/email": {
    /** Proves the mailbox, and sends a code by text message. */
    POST: { body: ProveFactor; data: SetupState; code: "code_invalid" | "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "resend_too_early" | "step_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/mfa/setup/resend": {
    /** Sends another code of the current step. The previous one becomes invalid. */
    POST: { data: SetupState; code: "conflict" | "edge_required" | "factor_unavailable" | "internal" | "malformed" | "not_found" | "resend_too_early" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/mfa/setup/sms": {
    /** Proves the phone, which turns second factors on. Returns the recovery codes, which are shown only once. All other sessions end. */
    POST: { body: ProveFactor; data: RecoveryCodesShown; code: "code_invalid" | "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "step_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/passkeys": {
    /** Lists the passkeys. */
    GET: { data: PasskeyList; code: "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Registers the new passkey. All other sessions end. A refused answer also uses the challenge up: request another one. */
    POST: { body: CreatePasskey; data: PasskeyInfo; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "passkey_invalid" | "token_invalid" | "too_large" | "too_many" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/passkeys/options": {
    /** Returns a challenge for a new passkey. */
    POST: { data: PasskeyOptions; code: "conflict" | "edge_required" | "internal" | "malformed" | "step_up_required" | "token_invalid" | "too_many" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/passkeys/{passkey}": {
    /** Removes a passkey, which is refused from now on. All other sessions end, because any of them may have begun with it. */
    DELETE: { path: { "passkey": PasskeyId }; data: undefined; code: "conflict" | "edge_required" | "internal" | "last_factor" | "malformed" | "not_found" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Renames a passkey. */
    PATCH: { path: { "passkey": PasskeyId }; body: RenamePasskey; data: PasskeyInfo; code: "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/password": {
    /** Changes the password. The session of this request stays, all other sessions end, and trusted devices are revoked. The same request again within ten seconds after it succeeded gets the same answer. */
    PUT: { body: ChangePassword; data: undefined; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "password_wrong" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/phone": {
    /** Removes the phone number, unless second factors need it or there is no other way to sign in. All other sessions end. */
    DELETE: { data: undefined; code: "conflict" | "edge_required" | "internal" | "last_factor" | "malformed" | "not_found" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/phone-changes": {
    /** Sends a code to a new number. The current number stays in use until the code is verified, and is notified. */
    POST: { body: ChangePhone; data: Sent; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "resend_too_early" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/phone-changes/resend": {
    /** Sends another code to the new number. The previous one becomes invalid. */
    POST: { data: Sent; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "resend_too_early" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/phone-changes/verify": {
    /** Proves the new number, which replaces the former one. All other sessions end, and the former number is notified. Codes that were sent to it become invalid. If a deletion is scheduled and the account has no address, another link to cancel it is sent to the new number. The same request again within ten seconds after it succeeded gets the same answer. */
    POST: { body: VerifyContact; data: Me; code: "account_exists" | "code_invalid" | "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/picture": {
    /** Removes the caller's picture. */
    DELETE: { data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/picture/uploads": {
    /** Returns a link for the upload of a new picture. */
    POST: { body: CreateUpload; data: CreatedUpload; code: "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/picture/uploads/{upload}": {
    /** Reads the state of an upload. */
    GET: { path: { "upload": string }; data: UploadStatus; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/room-invitations": {
    /** Lists the rooms that the caller is invited to. */
    GET: { query?: { "limit"?: number; "cursor"?: string }; data: RoomInvitationList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/username": {
    /** Changes the caller's username, and notifies them by mail or text message. The former name can no longer be used to sign in. It is reserved for 30 days, in which its owner can take it back. */
    PUT: { header: { "If-Match": string }; body: ChangeUsername; data: Me; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "version_mismatch" | "version_required" };
  };
  "/v1/notifications": {
    /** Lists the caller's notifications of the last ninety days, the newest first. */
    GET: { query?: { "unread"?: boolean; "limit"?: number; "cursor"?: string }; data: NotificationList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/notifications/read": {
    /** Marks all notifications up to one as read. It only moves forward, and can be repeated. */
    POST: { body: ReadNotifications; data: undefined; code: "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/notifications/unread": {
    /** Counts the caller's unread notifications. */
    GET: { data: UnreadCount; code: "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/notifications/{notification}/read": {
    /** Marks a notification as read. It can be repeated. */
    POST: { path: { "notification": NotificationId }; data: undefined; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/passkey-sign-ins": {
    /** Returns a challenge for a passkey. Pass it to `navigator.credentials.get` and send the answer to `/v1/sign-ins/{id}/verify`. The challenge is valid for one answer, right or wrong. */
    POST: { body: CreatePasskeySignIn; data: SignInStep; code: "edge_required" | "internal" | "malformed" | "origin_refused" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/password-resets": {
    /** Mails a link if the address belongs to an active account. The answer is the same if it does not. At most one link is mailed in a minute. */
    POST: { header?: { "Proof-of-Work"?: string }; body: RequestPasswordReset; data: ResetRequested; code: "edge_required" | "internal" | "invalid" | "malformed" | "proof_of_work_required" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/password-resets/confirm": {
    /** Changes the password with the token of the mailed link. All sessions end, and the client is not signed in. Second factors stay on, but codes to the same mailbox are not accepted until a sign-in with another factor. */
    POST: { body: ResetPassword; data: undefined; code: "conflict" | "edge_required" | "internal" | "invalid" | "link_invalid" | "malformed" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/password-resets/link": {
    /** Tells whose password a mailed link changes, so that a page can show it before it asks for the new one. The link stays valid. */
    POST: { body: LinkToken; data: LinkOwner; code: "edge_required" | "internal" | "link_invalid" | "malformed" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/people": {
    /** Finds people by the beginnings of words of their usernames, and of their first and last names unless their profile is private; or by a whole e-mail address or phone number. */
    GET: { query: { "q": string; "limit"?: number; "cursor"?: string }; data: PeopleList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/people/nearby": {
    /** Lists people nearby who share their location, to a caller who does too. */
    GET: { query?: { "within_km"?: number }; data: NearbyList; code: "edge_required" | "internal" | "invalid" | "location_required" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/phone-sign-ins": {
    /** Sends a code to a phone number, for signing in or registering. */
    POST: { header?: { "Proof-of-Work"?: string }; body: StartPhoneSignIn; data: PhoneSignIn; code: "edge_required" | "internal" | "invalid" | "malformed" | "origin_refused" | "proof_of_work_required" | "resend_too_early" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/phone-sign-ins/{flow}/resend": {
    /** Sends another code to the same number. The previous one becomes invalid. */
    POST: { path: { "flow": FlowToken }; header?: { "Proof-of-Work"?: string }; data: Sent; code: "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "origin_refused" | "proof_of_work_required" | "resend_too_early" | "too_many_requests" | "unavailable" };
  };
  "/v1/phone-sign-ins/{flow}/verify": {
    /** Signs in with the code. If the number has no account, one is created with a random username. An account with second factors needs a second step. */
    POST: { path: { "flow": FlowToken }; body: VerifyPhoneSignIn; data: SignInStep | SignedIn; code: "account_idle" | "code_invalid" | "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "origin_refused" | "resend_too_early" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/pictures/{picture}/{size}": {
    /** Shows a picture. */
    GET: { path: { "picture": string; "size": ("64" | "300" | "1024") }; data: string; code: "edge_required" | "internal" | "malformed" | "not_found" | "too_many_requests" | "unavailable" };
  };
  "/v1/realtime/tickets": {
    /** Issues a ticket for the socket. */
    POST: { data: TicketIssued; code: "edge_required" | "internal" | "malformed" | "origin_refused" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/registrations": {
    /** Begins a registration and mails a code. */
    POST: { header?: { "Proof-of-Work"?: string }; body: StartRegistration; data: Registration; code: "edge_required" | "internal" | "invalid" | "malformed" | "origin_refused" | "proof_of_work_required" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/registrations/link": {
    /** Registers and mails a link. The answer is the same whether the address has an account or not. */
    POST: { header?: { "Proof-of-Work"?: string }; body: RegisterByLink; data: LinkSent; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "origin_refused" | "proof_of_work_required" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/registrations/{flow}": {
    /** Shows a registration, so that it can be resumed after a reload. */
    GET: { path: { "flow": FlowToken }; data: Registration; code: "edge_required" | "internal" | "malformed" | "not_found" | "origin_refused" | "too_many_requests" | "unavailable" };
  };
  "/v1/registrations/{flow}/code": {
    /** Proves the address with the mailed code. */
    POST: { path: { "flow": FlowToken }; body: VerifyRegistrationCode; data: Registration; code: "code_invalid" | "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "origin_refused" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/registrations/{flow}/code/resend": {
    /** Mails another code, or the link again. The previous one becomes invalid. */
    POST: { path: { "flow": FlowToken }; header?: { "Proof-of-Work"?: string }; data: Sent; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "origin_refused" | "proof_of_work_required" | "resend_too_early" | "too_many_requests" | "unavailable" };
  };
  "/v1/registrations/{flow}/complete": {
    /** Creates the account and signs its owner in. If the request carries the token of the client's former session, that session ends. */
    POST: { path: { "flow": FlowToken }; body: CompleteRegistration; data: SignedIn; code: "account_exists" | "edge_required" | "internal" | "malformed" | "not_found" | "origin_refused" | "step_required" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "username_taken" };
  };
  "/v1/registrations/{flow}/email": {
    /** Goes back to step one with another address, which has to be proven. All data is kept except the password. */
    PUT: { path: { "flow": FlowToken }; header?: { "Proof-of-Work"?: string }; body: ChangeRegistrationEmail; data: Registration; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "origin_refused" | "proof_of_work_required" | "resend_too_early" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/registrations/{flow}/password": {
    /** Chooses a password. */
    PUT: { path: { "flow": FlowToken }; body: SetRegistrationPassword; data: Registration; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "origin_refused" | "step_required" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/registrations/{flow}/personal": {
    /** Sets names and day of birth, and an invitation code. */
    PUT: { path: { "flow": FlowToken }; body: SetRegistrationPersonal; data: Registration; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "origin_refused" | "step_required" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/registrations/{flow}/username": {
    /** Chooses a username. */
    PUT: { path: { "flow": FlowToken }; body: SetRegistrationUsername; data: Registration; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "origin_refused" | "step_required" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/rooms": {
    /** Lists the caller's rooms. */
    GET: { query?: { "limit"?: number; "cursor"?: string }; data: RoomList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Makes a group or a channel, of which the caller is the owner and the only member. */
    POST: { body: CreateRoom; data: RoomInfo; code: "edge_required" | "internal" | "invalid" | "malformed" | "slug_taken" | "token_invalid" | "too_large" | "too_many" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/rooms/direct": {
    /** Opens the direct room with somebody: 201 if it is new, 200 if it existed. */
    POST: { body: OpenDirectRoom; data: RoomInfo; code: "chat_not_allowed" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "room_with_self" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/rooms/{room}": {
    /** Deletes a group or a channel with everything in it. Its owner may. */
    DELETE: { path: { "room": string }; data: undefined; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Shows one of the caller's rooms. */
    GET: { path: { "room": string }; data: RoomInfo; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Changes the name or the topic of a group or a channel. Its owner and its administrators may. */
    PATCH: { path: { "room": string }; body: UpdateRoom; data: RoomInfo; code: "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/rooms/{room}/invitations/{user}": {
    /** Declines the caller's own invitation, or withdraws somebody's. The owner and the administrators withdraw. No effect if there is none. */
    DELETE: { path: { "room": string; "user": UserId }; data: undefined; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Invites somebody to a group or a channel. Its owner and its administrators may. No effect for a member, or if they are invited. */
    PUT: { path: { "room": string; "user": UserId }; data: undefined; code: "chat_not_allowed" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/rooms/{room}/members": {
    /** Lists the members of one of the caller's rooms. That of the public room is empty: everybody is in it. */
    GET: { path: { "room": string }; query?: { "limit"?: number; "cursor"?: string }; data: RoomMemberList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Makes the caller a member of a public channel, or of a room that they are invited to. No effect for a member. */
    POST: { path: { "room": string }; data: RoomInfo; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many" | "too_many_requests" | "unavailable" };
  };
  "/v1/rooms/{room}/members/{user}": {
    /** Removes a member, or ends the caller's own membership. */
    DELETE: { path: { "room": string; "user": UserId }; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "owner_stays" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Gives a member another role. The owner may. Who is made the owner takes the room over, and the caller becomes an administrator. */
    PUT: { path: { "room": string; "user": UserId }; body: RoleOfMember; data: undefined; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "owner_stays" | "token_invalid" | "too_large" | "too_many" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/rooms/{room}/messages": {
    /** Lists the messages of one of the caller's rooms, the newest page first, back to the number at which the caller joined. */
    GET: { path: { "room": string }; query?: { "limit"?: number; "cursor"?: string }; data: MessageList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/rooms/{room}/notices": {
    /** Mutes one of the caller's rooms, or ends that. */
    PUT: { path: { "room": string }; body: RoomNotices; data: undefined; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/sessions": {
    /** Ends all other sessions of the caller, and closes their sockets. */
    DELETE: { data: undefined; code: "edge_required" | "internal" | "malformed" | "origin_refused" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Lists the sessions of the caller. */
    GET: { data: SessionList; code: "edge_required" | "internal" | "malformed" | "origin_refused" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Signs in, or returns the second step that is needed. If the request carries the token of the client's former session, that session ends. */
    POST: { header?: { "Proof-of-Work"?: string }; body: CreateSession; data: SignInStep | SignedIn; code: "credentials_invalid" | "edge_required" | "internal" | "malformed" | "origin_refused" | "proof_of_work_required" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/sessions/current": {
    /** Signs out: ends the session of this request, closes its sockets and removes the cookie. */
    DELETE: { data: undefined; code: "edge_required" | "internal" | "malformed" | "not_found" | "origin_refused" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/sessions/refresh": {
    /** Exchanges the refresh token for a new one, which is returned where the old one was sent: in the body or in the cookie. */
    POST: { header?: { "x-stoa-csrf"?: (string | null) }; body?: (RefreshSession | null); data: SignedIn; code: "csrf_header_required" | "edge_required" | "internal" | "malformed" | "origin_refused" | "refresh_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/sessions/{session}": {
    /** Ends one session of the caller and closes its sockets. */
    DELETE: { path: { "session": SessionId }; data: undefined; code: "edge_required" | "internal" | "malformed" | "not_found" | "origin_refused" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/sign-ins/{flow}": {
    /** Shows a sign-in in progress, so that it can be resumed after a reload. */
    GET: { path: { "flow": FlowToken }; data: SignInStep; code: "edge_required" | "internal" | "malformed" | "not_found" | "origin_refused" | "too_many_requests" | "unavailable" };
  };
  "/v1/sign-ins/{flow}/code/resend": {
    /** Sends another code of the chosen factor. The previous one becomes invalid. */
    POST: { path: { "flow": FlowToken }; data: Sent; code: "conflict" | "edge_required" | "factor_unavailable" | "internal" | "malformed" | "not_found" | "origin_refused" | "resend_too_early" | "too_many_requests" | "unavailable" };
  };
  "/v1/sign-ins/{flow}/factor": {
    /** Chooses a factor: sends a code, or returns a challenge for a passkey. Another one may be chosen at any time. A code that was sent a moment ago is not sent again. It is valid only in the sign-in for which it was sent: another sign-in has to wait before it can request its own code. */
    PUT: { path: { "flow": FlowToken }; body: ChooseFactor; data: SignInStep; code: "conflict" | "edge_required" | "factor_unavailable" | "internal" | "malformed" | "not_found" | "origin_refused" | "resend_too_early" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/sign-ins/{flow}/verify": {
    /** Verifies the answer to the chosen factor, which completes a sign-in or a step-up. Instead of a lost passkey the password is accepted, followed by a code. The code is answered here too; if two factors send codes, choose one of them first. A step-up needs the session's access token. It returns a new access token and a new refresh token, in the cookie if the session's is there. The former tokens do not get the new proof, and can no longer be refreshed. The challenge of a passkey can be answered once, correctly or not: choose the passkey again to get another challenge. The same right answer again within ten seconds gets the same response, and is not counted. */
    POST: { path: { "flow": FlowToken }; body: VerifySignIn; data: SignInStep | SignedIn; code: "code_invalid" | "conflict" | "edge_required" | "factor_locked" | "factor_unavailable" | "internal" | "invalid" | "malformed" | "not_found" | "origin_refused" | "passkey_invalid" | "password_wrong" | "resend_too_early" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/statistics/invites": {
    /** Counts registrations, proven contacts and entered codes by day, and lists the top inviters. */
    GET: { query?: { "days"?: number; "until"?: string }; data: InviteStatistics; code: "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/step-ups": {
    /** Begins a step-up, which is completed at `/v1/sign-ins/{id}/verify` with the strongest factor of the account, or with the replacement for a lost passkey. For five minutes after it the caller may use the operations that need a recent proof: those on the e-mail address, phone number, password, second factors, deletion and export. */
    POST: { data: SignInStep; code: "conflict" | "edge_required" | "internal" | "malformed" | "origin_refused" | "resend_too_early" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/usernames/{username}/availability": {
    /** Tells whether a username is available. A name that another account gave up within the last 30 days is not. */
    GET: { path: { "username": string }; data: UsernameAvailability; code: "edge_required" | "internal" | "malformed" | "not_found" | "origin_refused" | "too_many_requests" | "unavailable" };
  };
  "/v1/users/{username}": {
    /** Reads somebody's public profile. */
    GET: { path: { "username": string }; data: PublicProfile; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
}
