// Written by `cargo xtask sync`. Do not edit.

/** A ban of the person from chat. */
export interface AccountBan {
  created_at: Timestamp;
  ends_at?: (Timestamp | null);
  /** The explanation that the person reads. */
  explanation?: (string | null);
  /** Why. */
  reason: BanReason;
}

/** Everything that staff see of an account. */
export interface AccountDetails {
  ban?: (AccountBan | null);
  /** The text about the person. */
  bio?: (string | null);
  /** Day of birth. For superusers only. */
  birth_date?: (string | null);
  /** The members of the profile that the caller may change. */
  changeable: string[];
  /** When the account was created. */
  created_at: Timestamp;
  deactivated_at?: (Timestamp | null);
  deletion_due_at?: (Timestamp | null);
  /** The devices that are trusted, the most recently used first. At most ten. */
  devices: AccountDevice[];
  /** The e-mail address, masked. */
  email?: (string | null);
  /** First name. */
  first_name?: (string | null);
  /** The language of mails. */
  language: Locale;
  /** Last name. */
  last_name?: (string | null);
  last_seen_at?: (Timestamp | null);
  /** What the caller may do with the account. Everything else is refused. */
  may: AccountRight[];
  /** The last ten orders, the newest first. */
  orders: AccountOrder[];
  /** The phone number, masked. */
  phone?: (string | null);
  picture?: (PictureId | null);
  /** Whether others see only the username and the picture. */
  private: boolean;
  /** The roles of its owner. */
  roles: Role[];
  /** Whether second factors are on. */
  second_step: boolean;
  /** The sessions that have not ended, the most recently used first. At most twenty. */
  sessions: AccountSession[];
  /** The state of the account. */
  state: AccountState;
  support_thread?: (AccountThread | null);
  /** The id of the account. */
  user_id: UserId;
  /** The username. */
  username: string;
  /** The version, which a change names in `If-Match`. */
  version: number;
}

/** A trusted device of an account. */
export interface AccountDevice {
  /** The client in words. */
  agent: Agent;
  created_at: Timestamp;
  id: DeviceId;
  last_used_at: Timestamp;
  /** City and country, if they are known. */
  place?: (string | null);
}

/** An account in a list. */
export interface AccountInfo {
  /** When the account was created. */
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

/** A page of accounts. */
export interface AccountList {
  /** The accounts, the newest first; with `q` in the order of usernames. */
  items: AccountInfo[];
  /** The cursor of the next page. Absent on the last page. A page can have fewer accounts than requested, or none, although there is a next one. */
  next_cursor?: (string | null);
}

/** An order of the person. */
export interface AccountOrder {
  created_at: Timestamp;
  id: OrderId;
  state: OrderState;
  /** The total of the order. */
  total: Money;
}

/** A right of the caller on an account, which can be used if the state of the account allows it. */
export type AccountRight = ("change" | "ban" | "reactivate" | "change_roles");

/** A session of an account. */
export interface AccountSession {
  /** The client address at the sign-in or the last refresh. For superusers only. */
  address?: (string | null);
  /** The client in words. */
  agent: Agent;
  created_at: Timestamp;
  id: SessionId;
  /** When it was last refreshed. */
  last_used_at: Timestamp;
  /** City and country, if they are known. */
  place?: (string | null);
}

/** The state of an account. */
export type AccountState = ("active" | "leaving" | "deactivated" | "purging");

/** The thread of the person with the support team. */
export interface AccountThread {
  /** The room of the thread. */
  room: RoomId;
  state: ThreadState;
}

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

/** An alarm. */
export interface AlarmInfo {
  /** The name. The documentation for operators describes what to do. */
  name: string;
  /** When it came into this state. */
  since: Timestamp;
  /** Its state. */
  state: AlarmState;
}

/** The alarms. */
export interface AlarmList {
  /** The raised alarms first. At most a hundred. */
  items: AlarmInfo[];
}

/** The state of an alarm. CloudWatch writes it in capitals. */
export type AlarmState = ("alarm" | "insufficient_data" | "ok");

/** A payment that staff have to check. */
export interface AlertedPayment {
  /** The requested amount. */
  amount: Money;
  /** The id of the donation, the payment of a plan, or the order. */
  id: string;
  /** Stripe's id of the payment, by which it is found in Stripe's dashboard. */
  intent?: string;
  /** What is paid with it: `donation`, `plan_payment` or `order`. */
  kind: string;
  /** Whether Stripe refuses the refund because the secret key of this system is not allowed to make refunds. It is made when an operator has set that right. */
  not_allowed: boolean;
  /** What is still owed after a failed refund, in the currency that was paid. Absent for other alerts, and in a currency that is not used here. Of an order of a `user` it is in the minor units of what was paid, and staff may give back more: whatever is left. */
  owed?: Money;
  /** When the alert began, more money has come back, or another amount is owed. */
  since: Timestamp;
  /** The payer. Absent for a payment that is not kept, because it differs from the requested payment or its payer's account was deleted, and whose refund Stripe refuses. The refund is requested again until it succeeds, or staff have given the money back outside Stripe. */
  user?: UserId;
  /** The username of the payer. Absent if the account was deleted. */
  username?: string;
  /** Its version, for `If-Match`. It is another one when more money has come back, or another amount is owed. */
  version: number;
}

/** A page of payments. */
export interface AlertedPaymentList {
  /** Donations, then orders, then plans; the oldest of each kind first, with payments that are not kept between them. A page can have fewer payments than requested, or none, although there is a next one. */
  items: AlertedPayment[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** The response times of the team on a day. */
export interface AnswerFigures {
  /** The number of first answers to customers. */
  answers: number;
  /** The day in UTC. */
  day: string;
  /** How long their customers waited on average, in seconds. */
  mean_seconds: number;
}

/** An answer to a ticket. */
export interface AnswerTicket {
  /** 1 to 10,000 characters. */
  text: string;
}

/** An API key. */
export type ApiKeyId = string;

/** A key, without its secret. */
export interface ApiKeyInfo {
  created_at: Timestamp;
  /** When it stops being valid. */
  expires_at: Timestamp;
  id: ApiKeyId;
  last_used_at?: (Timestamp | null);
  name: string;
  /** The first characters of the key. */
  prefix: string;
  /** The scopes that it has. */
  scopes: Scope[];
}

/** The API keys of one person. */
export interface ApiKeyList {
  /** The keys, the newest first. At most 31. */
  items: ApiKeyInfo[];
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

/** A file that is or will be attached to a message. */
export type AttachmentId = string;

/** Links to a file of a message. */
export interface AttachmentLinks {
  /** The file. */
  attachment: MessageAttachment;
  /** When the links expire. Another request returns new ones. */
  expires_at: Timestamp;
  /** For a picture: the address of a JPEG with at most 640 pixels on a side, for `<img>`. */
  preview_url?: string;
  /** The address of the file. Browsers save the file instead of showing it. */
  url: string;
}

/** Why a file cannot be sent. */
export type AttachmentRefusal = ("other_type" | "polyglot" | "too_many_pixels" | "too_large_inside" | "damaged" | "account_closed" | "expired");

/** The state of an upload of a file. */
export type AttachmentUpload = (AttachmentUploadWaiting | AttachmentUploadReady | AttachmentUploadSent | AttachmentUploadRefused);

/** It can be sent. */
export interface AttachmentUploadReady {
  /** The file as the message will show it. */
  attachment: MessageAttachment;
  /** The id. */
  id: AttachmentId;
  state: "ready";
}

/** It was refused and deleted. */
export interface AttachmentUploadRefused {
  /** The id. */
  id: AttachmentId;
  /** Why. */
  reason?: AttachmentRefusal;
  state: "refused";
}

/** It was sent. */
export interface AttachmentUploadSent {
  /** The id. */
  id: AttachmentId;
  /** The number of the message. */
  seq: number;
  state: "sent";
}

/** No file has arrived yet, or it is being checked. Ask again in a second. */
export interface AttachmentUploadWaiting {
  /** The id. */
  id: AttachmentId;
  state: "waiting";
}

/** The kind of change. */
export type AuditAction = ("account_reactivated" | "role_granted" | "role_taken" | "superuser_offered" | "first_superuser" | "chat_banned" | "chat_unbanned" | "message_read" | "message_deleted" | "report_resolved" | "public_room_changed" | "support_thread_read" | "support_note_deleted" | "support_reply_changed" | "product_created" | "product_changed" | "product_deleted" | "category_created" | "category_changed" | "category_deleted" | "comment_changed" | "comment_deleted" | "order_changed" | "refund_made_outside" | "api_key_created" | "api_key_revoked" | "profile_changed" | "username_changed" | "contact_changed" | "contact_restoration_asked" | "contact_restored" | "addresses_changed" | "picture_uploaded" | "picture_removed" | "account_deactivated" | "password_changed" | "password_reset" | "factors_changed" | "recovery_codes_made" | "passkey_added" | "passkey_removed" | "passkey_renamed" | "devices_forgotten" | "export_asked" | "deletion_scheduled" | "deletion_cancelled" | "new_client_signed_in" | "sessions_ended" | "room_closed" | "ticket_read" | "ticket_changed" | "ticket_answered" | "event_redriven");

/** A field before and after a change. */
export interface AuditChangeInfo {
  /** The values after the change, as in `before`. */
  after: AuditValueInfo[];
  /** The values before the change. Empty for none, and, unless the caller is a superuser, for the day of birth. */
  before: AuditValueInfo[];
  /** The name of the field. */
  field: string;
}

/** An entry with its values. */
export interface AuditEntryInfo {
  /** What was done. */
  action: AuditAction;
  /** Who made the change. Absent for operators and the system itself. */
  actor?: UserId;
  /** The actor's current username. Absent if the account was deleted. */
  actor_username?: string;
  /** When it was done. */
  created_at: Timestamp;
  /** Browser and system of the client, if they are known. */
  device?: string;
  /** The names of the changed fields. */
  fields: string[];
  /** The canonical form of the entry: its SHA-256 is the hash of the entry. */
  form: string;
  /** The hash of the entry, in base64url. */
  hash: string;
  id: AuditId;
  /** Whether the entry and its values are unchanged. */
  intact: boolean;
  /** City and country of the client, if they are known. */
  place?: string;
  /** The `X-Request-Id` of the request. */
  request_id?: string;
  /** The account that was changed. */
  subject: UserId;
  /** The current username of the account. Absent if the account was deleted. */
  subject_username?: string;
  /** The values. Absent if the change had none, after 400 days, and after the account was deleted. */
  values?: AuditValuesInfo;
}

/** An audit entry. */
export type AuditId = string;

/** A page of the audit. */
export interface AuditList {
  /** The entries, the newest first. With several parameters a page can have fewer entries than requested, or none, although there is a next page. */
  items: AuditRecordInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** The proof that an entry is in a seal. */
export interface AuditProof {
  /** The canonical form of the entry: its SHA-256 is the hash of the entry. */
  form: string;
  /** The hash of the entry, in base64url. */
  hash: string;
  /** The siblings on the path to the root, from the entry on. */
  path: ProofStep[];
  /** The position of the entry in the seal, from 0. */
  place: number;
  /** The seal. */
  seal: SealInfo;
}

/** The part of an entry that is kept forever, and the current usernames of its people. */
export interface AuditRecordInfo {
  /** What was done. */
  action: AuditAction;
  /** Who made the change. Absent for operators and the system itself. */
  actor?: UserId;
  /** The actor's current username. Absent if the account was deleted. */
  actor_username?: string;
  /** When it was done. */
  created_at: Timestamp;
  /** Browser and system of the client, if they are known. */
  device?: string;
  /** The names of the changed fields. */
  fields: string[];
  id: AuditId;
  /** City and country of the client, if they are known. */
  place?: string;
  /** The `X-Request-Id` of the request. */
  request_id?: string;
  /** The account that was changed. */
  subject: UserId;
  /** The current username of the account. Absent if the account was deleted. */
  subject_username?: string;
}

/** A value before or after a change. */
export interface AuditValueInfo {
  /** The kind of the value. */
  kind: AuditValueKind;
  /** The value as text. */
  value: string;
}

/** The kind of a value. */
export type AuditValueKind = ("id" | "word" | "number" | "flag" | "time" | "amount" | "text");

/** The values of an entry, which are kept for 400 days. */
export interface AuditValuesInfo {
  /** What has changed. */
  changes: AuditChangeInfo[];
  /** The canonical form of the values: its SHA-256 is the commitment in the entry. Absent if it has a value that the caller may not see. */
  form?: string;
  /** The network of the client, if it is known: a /24 or a /48. */
  network?: string;
  /** The reason that the member of staff stated. Absent if none was required. */
  reason?: string;
  /** The version of what was changed, after the change, if it has versions. */
  version?: number;
}

/** What was verified. */
export interface AuditVerification {
  /** The first interval whose seal is not valid. Absent if all are valid. */
  broken?: FlawInfo;
  /** How many entries these seals have. */
  entries: number;
  /** The last valid seal. Its hash depends on all seals before it. */
  head?: SealInfo;
  /** The cursor for continuing. Absent at the end, and if a seal is not valid. */
  next_cursor?: (string | null);
  /** How many seals this request has verified. None after the last seal. */
  seals: number;
}

/** The author of a message. */
export interface Author {
  /** The id of the person. */
  id: UserId;
  /** Their username when they wrote the message. */
  username: string;
}

/** A ban to impose. */
export interface BanFromChat {
  /** An explanation for the person: up to 500 characters. */
  explanation?: string;
  /** How long, in minutes, up to a year. Without it the ban has no end. */
  minutes?: number;
  /** The reason. The person is notified of it. */
  reason: ReportReason;
}

/** A ban from a room. */
export interface BanFromRoom {
  /** An explanation for the banned person: up to 500 characters. */
  explanation?: string;
  /** How long, in minutes, up to a year. Without it the ban has no end. */
  minutes?: number;
}

/** A ban. */
export interface BanInfo {
  /** The moderator. Absent for a ban by the server, and if the moderator's account was deleted. */
  by?: UserId;
  /** When it began. */
  created_at: Timestamp;
  /** When it ends. Absent if it has no end. */
  ends_at?: Timestamp;
  /** The moderator's explanation for them. */
  explanation?: string;
  /** Why. */
  reason: BanReason;
  /** The banned person. */
  user: Author;
}

/** A page of the bans. */
export interface BanList {
  /** Those that end first come first, those without an end last. */
  items: BanInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** Why somebody is banned from chat. */
export type BanReason = ("rate" | "spam" | "harassment" | "hate" | "sexual" | "violence" | "fraud" | "other");

/** The secret of an operator. */
export interface BecomeFirstSuperuser {
  /** The secret that `cargo xtask appoint` printed. */
  secret: string;
}

/** A donation that can be paid now. */
export type BegunDonation = (DonationInfo & { client_secret: string; });

/** The payment of a plan, which can be made now. */
export type BegunPlanPayment = (PlanPaymentInfo & { client_secret: string; });

/** A number up to ten. */
export interface CappedCount {
  /** The number, at most ten. */
  count: number;
  /** Whether there are more. */
  more: boolean;
}

/** The settings with which a page gets the token of a captcha. */
export interface CaptchaSite {
  /** The action that the page names. */
  action: string;
  /** The service, whose script the page runs: `recaptcha`, `turnstile` or `hcaptcha`. */
  service: string;
  /** The key of this site at the service. It is public. */
  site_key: string;
}

/** A cart, at the current prices. */
export interface CartInfo {
  /** After the guest's cart was merged: products whose quantity was limited to 99. */
  capped: ProductId[];
  /** Products of the cart that are no longer sold. They cannot be ordered. */
  gone: ProductId[];
  /** The products, in the order in which they came into the cart. At most 50. */
  items: CartItem[];
  /** After the guest's cart was merged: products that did not fit into the cart. */
  left_out: ProductId[];
  /** The content of the cart before a guest's cart replaced it at the checkout. It is restored after the order. */
  saved: SavedItem[];
  /** The token of a guest's new cart, for the header `Cart-Token`. Only its holder can see or change the cart. */
  token?: string;
  /** The sum of the amounts. */
  total: Money;
}

/** A product in a cart. */
export interface CartItem {
  /** The price of all, with the discount. */
  amount: Money;
  /** The quantity that can be ordered. */
  available: number;
  /** The discount in per cent, if there is one. */
  discount_percent?: number;
  /** Its name. */
  name: string;
  /** The addresses of its picture. */
  picture?: Picture;
  /** The price of one, without the discount. */
  price: Money;
  /** The product. */
  product: ProductId;
  /** How many: 1 to 99. */
  quantity: number;
  /** Its name in addresses. */
  slug: ProductSlug;
}

/** The category of a notification, as people distinguish them. */
export type Category = ("direct" | "mention" | "group" | "support" | "friends" | "orders" | "security");

/** A category of products. */
export type CategoryId = string;

/** A category. */
export interface CategoryInfo {
  /** The id. */
  id: CategoryId;
  /** The name. */
  name: string;
  /** The number of products in the category. */
  products: number;
  /** The version, which a change names in `If-Match`. */
  version: number;
}

/** All categories. */
export interface CategoryList {
  /** The categories, by name. At most 200. */
  items: CategoryInfo[];
}

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

/** The requested state of an order. */
export interface ChangeState {
  /** The next state. */
  state: OrderState;
}

/** A new username. */
export interface ChangeUsername {
  /** The new username. */
  username: Username;
}

/** A public channel. */
export interface ChannelInfo {
  /** The id of the room, with which it can be joined. */
  id: RoomId;
  /** The number of members. */
  members: number;
  /** The name. */
  name: string;
  /** The name in the channel's address. */
  slug: Slug;
  /** The topic. */
  topic?: string;
}

/** The channels of a category. A channel is absent if the category does not use it. */
export interface ChannelSettings {
  /** The channels that are always used. */
  fixed: string[];
  /** The inbox in the app. */
  in_app: boolean;
  /** E-mail. */
  mail?: boolean;
  /** Text messages, which only people without an e-mail address get. They never have the text of a message. */
  sms?: boolean;
}

/** A room with its last message and the number of unread messages. */
export interface Chat {
  /** The last message or system event. Absent if there is none that the caller may read. */
  last_message?: Message;
  /** Whether the caller has muted the room. Sums of unread messages leave muted rooms out. */
  muted: boolean;
  /** The number up to which the caller has read. */
  read_seq: number;
  room: RoomInfo;
  /** How many messages of others the caller has not read. Messages of people whom the caller blocks do not count. */
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

/** The configuration of this deployment for clients. */
export interface ClientConfiguration {
  /** The languages, the default one first. */
  languages: Locale[];
  /** The limits of messages and frames. */
  limits: Limits;
  /** Rooms. */
  rooms: RoomConfiguration;
  /** How to open a socket. */
  socket: SocketConfiguration;
  /** The support desk. */
  support: SupportConfiguration;
}

/** The properties of a group or a channel. */
export interface ClubInfo {
  /** The number of members. */
  members: number;
  /** The name. */
  name: string;
  /** The caller's role. */
  role: RoomRole;
  /** The name in the address of a public channel. */
  slug?: Slug;
  /** The topic. */
  topic?: string;
}

/** Who wrote a comment. */
export interface CommentAuthor {
  /** The id of the person. */
  id: UserId;
  /** Their username. Absent while their account is not in use. */
  username?: string;
}

/** A comment on a product. */
export type CommentId = string;

/** A comment. */
export interface CommentInfo {
  /** Who wrote it. */
  author: CommentAuthor;
  /** When it was written. */
  created_at: Timestamp;
  /** When it was last changed. Absent if it never was. */
  edited_at?: Timestamp;
  /** The id. */
  id: CommentId;
  /** The text, with its swear words masked. */
  text: string;
}

/** A page of comments. */
export interface CommentList {
  /** The comments, the newest first. */
  items: CommentInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** Where the client gets its tokens, and the agreement to the terms. */
export interface CompleteRegistration {
  /** The version of the terms of service that the person has agreed to: 1 to 40 characters, such as a date. Required if this deployment has terms, otherwise ignored. */
  terms?: string;
  token_delivery?: TokenDelivery;
}

/** The settings of the contact form. */
export interface ContactSettings {
  captcha?: (CaptchaSite | null);
  /** The maximum number of characters of the message. */
  message_max: number;
  /** The minimum number of characters of the message. */
  message_min: number;
  /** The maximum number of characters of the name. */
  name_max: number;
  /** The subjects, in their order. */
  subjects: ContactSubject[];
}

/** A subject. */
export interface ContactSubject {
  /** The name, in the language of the response. */
  name: string;
  /** A template for the beginning of a message about it, in the language of the response. */
  template: string;
  /** The value to send with a message. It is the same in every language. */
  value: string;
}

/** The remaining time. Days, hours, minutes and seconds add up to `seconds_left`, from which a client counts down. */
export interface Countdown {
  /** Whole days. */
  days: number;
  /** Hours in addition to the days, from 0 to 23. */
  hours: number;
  /** Minutes in addition to the hours, from 0 to 59. */
  minutes: number;
  /** Seconds in addition to the minutes, from 0 to 59. */
  seconds: number;
  /** The remaining time in seconds. 0 when the deletion is due. */
  seconds_left: number;
  /** The remaining time in words: days and hours, and on the last day hours, minutes and seconds. */
  text: string;
}

/** A country. */
export interface CountryInfo {
  /** The calling code of its phone numbers. Absent if it has no numbering plan of its own. */
  calling_code?: (string | null);
  /** ISO 3166-1 alpha-2, or `XK` for Kosovo. */
  code: string;
  /** The flag, as an emoji. */
  flag: string;
  /** The name, in the language of the response. */
  name: string;
  /** An example of a postal code in the country's format. Absent if none is known. */
  postal_code_example?: (string | null);
  /** Whether an address there needs a postal code. */
  postal_code_required: boolean;
}

/** The countries to choose from. */
export interface CountryList {
  /** In the alphabetical order of their names. */
  items: CountryInfo[];
}

/** A new key. */
export interface CreateApiKey {
  /** The name: 1 to 50 characters. */
  name: string;
  /** The scopes that it has. At least one. */
  scopes: Scope[];
}

/** The declaration of a file. */
export interface CreateAttachment {
  /** The exact number of bytes: up to 10 MiB of a picture, 100 MiB of a video, 25 MiB of a document. */
  bytes: number;
  /** The type of the file. */
  content_type: FileType;
  /** The name. Characters that file names cannot have are left out, and the extension becomes that of the type. */
  name: string;
  /** The SHA-256 of the file, in base64. */
  sha256: string;
}

/** A new model. */
export interface CreateModel {
  /** The token of a captcha with the action `create_model`. Required if this deployment uses captchas, otherwise ignored. While their service is away any text will do: the answer is `proof_of_work_required` then. */
  captcha?: string;
  /** The code of one of the countries of this deployment, in upper or lower case. Absent for the first one. */
  country?: string;
  /** 1 to 100 characters. */
  title: string;
}

/** A new passkey. */
export interface CreatePasskey {
  /** The answer of `navigator.credentials.create`, by its `toJSON()`. */
  credential: CreatedPasskey;
  /** The name: 1 to 50 characters. */
  name: string;
}

/** How the client gets its tokens, and where it continues after the sign-in. */
export interface CreatePasskeySignIn {
  /** The path of the frontend to continue with, such as `/rooms`. */
  next?: (string | null);
  /** Where the refresh token is returned: `cookie` for browsers, `body` otherwise. */
  token_delivery?: TokenDelivery;
}

/** A product to create. */
export interface CreateProduct {
  /** The number of pieces in stock. */
  available?: number;
  /** The category. */
  category: CategoryId;
  /** 1 to 4,000 characters. */
  description: string;
  /** Whether it can be ordered while it is in stock. */
  for_sale?: boolean;
  /** 1 to 100 characters. No other product may have it. */
  name: string;
  /** The price of one: up to 999.99 in the currency of the shop. */
  price: Money;
}

/** A new group or channel. */
export interface CreateRoom {
  /** A group, in which all members write, or a channel, in which only the owner and the administrators write. */
  kind: NewKind;
  /** 1 to 60 characters. */
  name: string;
  /** The name in the address of a channel, which makes it public: 3 to 40 lower-case letters, digits and single hyphens. Without it people join by invitation. Groups have none. */
  slug?: string;
  /** 1 to 200 characters. Empty for none. */
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

/** A new key with its text. */
export interface CreatedApiKey {
  created_at: Timestamp;
  /** When it stops being valid. */
  expires_at: Timestamp;
  id: ApiKeyId;
  /** The key, which is never shown again. Programs send it as `Authorization: Api-Key <key>`. */
  key: string;
  last_used_at?: (Timestamp | null);
  name: string;
  /** The first characters of the key. */
  prefix: string;
  /** The scopes that it has. */
  scopes: Scope[];
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

/** A link for the upload of a file. */
export interface CreatedUpload_AttachmentId {
  /** When the link expires. */
  expires_at: Timestamp;
  /** Headers that must be sent exactly like this. (Browsers set `content-length` themselves, and ignore it here.) */
  headers: Record<string, string>;
  /** A file that is or will be attached to a message. */
  id: string;
  /** The method to send the file with. */
  method: UploadMethod;
  /** The address to send the file to. It needs no access token. */
  url: string;
}

/** A link for the upload of a file. */
export interface CreatedUpload_UploadId {
  /** When the link expires. */
  expires_at: Timestamp;
  /** Headers that must be sent exactly like this. (Browsers set `content-length` themselves, and ignore it here.) */
  headers: Record<string, string>;
  /** An upload before and after it is processed. */
  id: string;
  /** The method to send the file with. */
  method: UploadMethod;
  /** The address to send the file to. It needs no access token. */
  url: string;
}

/** A currency, by its ISO 4217 code. All of these have a hundred minor units. */
export type Currency = ("PLN" | "GBP");

/** An order as staff see it. */
export interface CustomerOrder {
  /** When its state last changed. */
  changed_at: Timestamp;
  /** When it was placed. */
  created_at: Timestamp;
  /** Whether its payment is disputed at the bank, or the payer has won the dispute. A disputed order cannot be shipped. */
  disputed: boolean;
  /** The id, which is its number. */
  id: OrderId;
  /** The ordered products, at the prices of that time. */
  items: OrderItem[];
  /** When the system learned that it is paid by card. */
  paid_at?: Timestamp;
  /** The payment, while the order waits for a payment by card. */
  payment?: OrderPayment;
  /** How it is paid. */
  payment_method: PaymentMethod;
  /** The recipient. */
  recipient: RecipientInfo;
  /** The amount that was given back, at Stripe or outside, if there is one. */
  refunded?: Money;
  /** Its refunds, the oldest first. */
  refunds: RefundInfo[];
  /** Its state. */
  state: OrderState;
  /** The total: the sum of the amounts. */
  total: Money;
  /** The buyer. */
  user: UserId;
}

/** A page of orders. */
export interface CustomerOrderList {
  /** The orders: those of one buyer with the newest first, others with the oldest first. */
  items: CustomerOrder[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** One order, with the name of its buyer. */
export type CustomerOrderRead = (CustomerOrder & { username?: string; });

/** The figures of some days. */
export interface DailyFigures {
  /** Every requested day, the earliest first. */
  days: FiguresOfDay[];
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

/** A dead letter: an event that a function failed to process. */
export type DeadLetterId = string;

/** An event on which a function failed after all retries. */
export interface DeadLetterInfo {
  /** The last error of the function. */
  error: string;
  /** The name of the event. Absent if it cannot be sent again, because it did not come from the bus. */
  event?: string;
  /** The name of the function. */
  function: string;
  /** When the last attempt failed. */
  given_up_at: Timestamp;
  id: DeadLetterId;
}

/** A page of dead letters. */
export interface DeadLetterList {
  /** The latest first. */
  items: DeadLetterInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** One run of the deletion of an account. */
export type DeletionId = string;

/** The response times of the team. */
export interface DeskFigures {
  /** The days that had first answers, in ascending order. */
  days: AnswerFigures[];
}

/** A note of the team, which its customer never sees. */
export interface DeskNote {
  /** The author. Absent when their account is deleted. */
  author?: Author;
  /** When it was written. */
  created_at: Timestamp;
  /** The id. */
  id: NoteId;
  /** The text. */
  text: string;
}

/** A page of notes. */
export interface DeskNoteList {
  /** The notes, the newest first. */
  items: DeskNote[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** A thread as the team sees it. */
export interface DeskThread {
  /** The assignee, a member of the team. */
  assignee?: Author;
  /** How often messages in it were edited or deleted. */
  changes: number;
  /** The customer, with their username when they wrote last. */
  customer: Author;
  /** When the last entry got its number. */
  last_at: Timestamp;
  /** The last number in it. */
  last_seq: number;
  /** The number up to which the team has read. */
  read_seq: number;
  /** The id of the thread. */
  room: RoomId;
  /** The end of the snooze. */
  snoozed_until?: Timestamp;
  /** The state. */
  state: ThreadState;
  /** What it is about. */
  subject: string;
  /** Whether the customer has written something that nobody of the team has read. */
  unread: boolean;
}

/** A page of threads. */
export interface DeskThreadList {
  /** The threads. Those with the latest message first; snoozed ones by the end of the snooze, the last one first. */
  items: DeskThread[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** A thread, with the number of messages that the team has not read. */
export interface DeskThreadRead {
  thread: DeskThread;
  /** The number of messages of the customer that nobody of the team has read. */
  unread: Unread;
}

/** The threads that were found. */
export interface DeskThreadsFound {
  /** The threads. A page can have fewer than asked for, or none, although there is a next one. */
  items: DeskThread[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** Details for support. */
export interface Details {
  deletion_id?: (DeletionId | null);
  /** How many days lie between the scheduling and the beginning of a deletion. */
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

/** A discount. */
export interface Discount {
  /** The price without the discount. */
  full_price: Price;
  /** The lowest price within the thirty days before the discount. */
  lowest_price?: Price;
  /** The reduction of the price, in per cent. */
  percent: number;
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

/** A donation. */
export type DonationId = string;

/** A donation. */
export interface DonationInfo {
  /** The amount. */
  amount: Money;
  /** The country: ISO 3166-1 alpha-2. */
  country: string;
  /** When it was begun. */
  created_at: Timestamp;
  /** Why the last card was refused, for programs: one of Stripe's decline codes. */
  decline?: (string | null);
  /** Whether it is disputed at the bank, or the payer has won the dispute. */
  disputed: boolean;
  /** Its id, which the receipt names. */
  id: DonationId;
  paid_at?: (Timestamp | null);
  /** The postal code, in countries that have one. */
  postal_code?: (string | null);
  refunded?: (Money | null);
  /** Its state. */
  state: PaymentState;
}

/** A page of donations. */
export interface DonationList {
  /** The donations, the newest first. */
  items: DonationInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** The range of donations, and the settings for paying them. */
export interface DonationSettings {
  captcha?: (CaptchaSite | null);
  /** The maximum amount. */
  max: Money;
  /** The minimum amount. */
  min: Money;
  /** The key for Stripe's script in the browser. */
  publishable_key: string;
}

/** A text that an edit has replaced. */
export interface EarlierTextInfo {
  /** When it was replaced. */
  replaced_at: Timestamp;
  /** The text. */
  text: string;
}

/** The code of another person. */
export interface EnterInviteCode {
  /** In upper or lower case, with or without spaces and hyphens. */
  code: string;
  /** Whether the owner of the code may see the caller's phone number. Default: no. */
  shows_phone?: boolean;
}

/** The kind of an entry of a room. */
export type EntryKind = ("text" | "event" | "deleted");

/** The answer to an event. */
export interface EventReceipt {
  /** The outcome. */
  outcome: Outcome;
}

/** An export: an archive of all data about a person. */
export type ExportId = string;

/** An archive of everything about the caller. */
export type ExportStatus = (ExportStatusWaiting | ExportStatusReady | ExportStatusFailed | ExportStatusExpired);

/** It has expired. Request another one. */
export interface ExportStatusExpired {
  /** When it was requested. */
  created_at: Timestamp;
  /** The id of the archive. */
  id: ExportId;
  status: "expired";
}

/** It could not be created. Request another one. */
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
  /** The link to the archive. It is valid for five minutes. Another request returns a new one. */
  url: string;
}

/** It is being created. A mail is sent when it is ready. */
export interface ExportStatusWaiting {
  /** When it was requested. */
  created_at: Timestamp;
  /** The id of the archive. */
  id: ExportId;
  status: "waiting";
}

/** A factor: a way to prove who somebody is. */
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
export type FieldCode = ("attachment_type" | "captcha" | "characters" | "checksum" | "choice" | "code_format" | "country" | "country_blocked" | "currency" | "date" | "day_range" | "email" | "file_size" | "file_type" | "fixed" | "id" | "in_future" | "invite_invalid" | "locale" | "password_breached" | "password_common" | "password_digit" | "password_lower" | "password_personal" | "password_same" | "password_symbol" | "password_upper" | "phone" | "phone_country" | "postal_code" | "profanity" | "range" | "refund_reason" | "required" | "same_time" | "slug_format" | "time_ahead" | "time_of_day" | "time_zone" | "too_long" | "too_old" | "too_short" | "too_young" | "unchanged" | "username_format" | "username_refused" | "username_taken");

/** One wrong field. */
export interface FieldProblem {
  /** Stable and independent of the language. */
  code: FieldCode;
  /** The error, in the client's language. */
  message: string;
  /** RFC 6901 JSON pointer into the request body. */
  pointer: string;
}

/** The figures of a day. */
export interface FiguresOfDay {
  /** The day. */
  date: string;
  /** Deletions of accounts that were completed. */
  deletions: number;
  /** Sent messages. */
  messages: number;
  /** Placed orders. Orders by card count when they are paid. */
  orders: number;
  /** Created accounts. */
  registrations: number;
  /** The sum of these orders, donations and plans, by currency, without what was cancelled, returned or given back of them since. */
  revenue: Money[];
  /** Sessions that began, the first one of a new account included. */
  sign_ins: number;
}

/** The kind of a file, as people distinguish it. */
export type FileKind = ("image" | "video" | "document");

/** The type of a file that can be attached, written as its media type. */
export type FileType = ("image/jpeg" | "image/png" | "image/webp" | "image/gif" | "video/mp4" | "video/webm" | "application/pdf" | "text/plain" | "application/vnd.openxmlformats-officedocument.wordprocessingml.document" | "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");

/** A prepared reply for a thread. */
export interface FilledReply {
  /** The text to send, with its variables filled in. */
  text: string;
}

/** The first interval whose seal is not valid. */
export interface FlawInfo {
  /** Why. */
  flaw: FlawKind;
  /** The number of the seal. */
  n: number;
  /** The seal, if there is one. */
  seal?: SealInfo;
}

/** Why the verification of an interval failed. */
export type FlawKind = ("seal_missing" | "seal_changed" | "chain_broken" | "record_changed" | "record_added" | "record_removed");

/** The secret of a flow, which only its client has: `flw_` and 256 random bits. */
export type FlowToken = string;

/** A person on a list. */
export interface FriendInfo {
  picture?: (Picture | null);
  /** The relation, from the caller's point of view. `sent` and `received` are the two directions of a request. */
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

/** The new assignee of a thread. */
export interface GiveThread {
  /** Another member of the team. */
  to: UserId;
}

/** The answer while the system works. */
export interface Health {
  /** The services that the system depends on, all of which answer: `captcha` (if there are captchas), `data`, `events`, `files`, `mail`, `stripe`, `texts`. */
  dependencies: string[];
}

/** The caller's code. */
export interface InviteCodeInfo {
  /** The code that the caller gives to others. It never changes. */
  code: string;
  inviter?: (InviterInfo | null);
  /** The number of people who have entered the code and still have their account. */
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
  /** When the caller entered the code. */
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
  /** Instructions for the owner, in the reader's language. */
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
  /** Instructions for the owner, in the reader's language. */
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
  /** When the deletion is due. It begins at most a quarter of an hour later, and never earlier. */
  due_at: Timestamp;
  /** Instructions for the owner, in the reader's language. */
  instructions: string[];
  /** The policies that the owner has agreed to, in the reader's language. */
  policies: Policy[];
  /** When it was scheduled. */
  scheduled_at: Timestamp;
  status: "scheduled";
}

/** The limits of the server, so that clients need not guess. */
export interface Limits {
  /** Seconds after which API Gateway closes a socket. Clients should reconnect a little earlier, at random times. */
  connection_seconds: number;
  /** Maximum bytes of a frame from a client. */
  frame_bytes: number;
  /** Frames that an account may send at once, on all its sockets. */
  frames_at_once: number;
  /** Frames a second in the long run. A frame that is refused for its content counts twice. */
  frames_per_second: number;
  /** Maximum characters of a message. */
  message_chars: number;
  /** Maximum messages in any 60 seconds. One more message bans the account. */
  messages_per_minute: number;
  /** Maximum messages of one page. */
  page: number;
  /** Seconds between the `ping` frames of a silent client. A client that sends fewer is shown as offline. */
  ping_seconds: number;
}

/** The account that a link is about. */
export interface LinkOwner {
  due_at?: (Timestamp | null);
  /** When the link expires. */
  expires_at: Timestamp;
  /** The masked address that the link was sent to. */
  target: string;
  /** The username, with which a password manager stores the password. */
  username: string;
}

/** The registration and its link. The answer is the same if nothing was mailed because the address has an account. */
export interface LinkSent {
  /** The id with which the link is requested again: `POST /v1/registrations/{id}/code/resend`. */
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

/** The mails of a day. */
export interface MailDay {
  /** Mails that bounced, because the mailbox does not exist. */
  bounced: number;
  /** Mails about which the recipient complained. */
  complained: number;
  /** The day in UTC. */
  day: string;
  /** Mails that SES rejected. */
  rejected: number;
  /** Mails that SES sent or tried to send. */
  sent: number;
}

/** The mails of the last days. */
export interface MailHealth {
  /** The days with mails, the latest first. At most fifteen. */
  days: MailDay[];
}

/** The whole profile of the caller. */
export interface Me {
  /** Whether friends can add the caller to groups at once. Otherwise they can only invite the caller, as everybody can. */
  added_by_friends: boolean;
  /** Up to 500 characters. */
  bio?: (string | null);
  /** `YYYY-MM-DD`; nobody else sees it. */
  birth_date?: (string | null);
  /** When the account was created. */
  created_at: Timestamp;
  /** The proven e-mail address, which nobody else sees. Absent for an account that signed up with a phone number. */
  email?: (string | null);
  /** 1 to 35 characters; nobody else sees it, but unless the profile is private, people are found by the words in it. */
  first_name?: (string | null);
  /** Whether everybody who knows the e-mail address finds the caller by it. Friends and the inviter always do. */
  found_by_email: boolean;
  /** Whether everybody who knows the phone number finds the caller by it. Friends and the inviter always do. */
  found_by_phone: boolean;
  /** The id of the account. It never changes. */
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
  /** Whether the caller shows read receipts in rooms of up to twenty people, and sees those of others. */
  read_receipts: boolean;
  /** The caller's roles, if they are staff: a page for staff offers what these allow. Empty for everybody else. Absent in the answer to a change of the username or of a contact. */
  roles?: (Role[] | null);
  /** The username, which is unique and in lower case. */
  username: string;
  /** Who may open a direct chat. */
  who_can_message: WhoCanMessage;
}

/** An entry of a room as members see it. Each number of a room has one. */
export interface Message {
  /** Of a message: its files. */
  attachments?: MessageAttachment[];
  /** Of a message: the author. */
  author?: Author;
  /** How often it was edited or deleted. Absent if it never was. Clients ignore a state with a lower number than that of the known one, and every state after a deletion. */
  changes?: number;
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
  /** Of a message: the people whom it mentions. */
  mentions?: UserId[];
  /** The nonce with which it was sent: only in the answer to `send`. */
  nonce?: Nonce;
  /** The author's picture or the default one: only in a direct room, and only when the message is delivered over the socket. */
  picture?: Picture;
  /** Of a message: the number of the message that it answers. */
  reply_to?: number;
  /** The id of the room. */
  room: RoomId;
  /** The number in the room. Clients show entries in this order, and ignore numbers that they already have. */
  seq: number;
  /** Of a message: plain text, 1 to 4,000 characters. Absent if it has only files. */
  text?: string;
  /** Of a system event: the person whom it happened to or, for events about the room, who caused it. */
  who?: Author;
  /** The other person of a direct room: only with its first message, and only when that is delivered over the socket. */
  with?: Author;
}

/** A file of a message. `GET /v1/rooms/{room}/attachments/{attachment}` returns links to it. */
export interface MessageAttachment {
  /** Its length in bytes. */
  bytes: number;
  /** Of a picture: its height in pixels. */
  height?: number;
  /** The id. */
  id: AttachmentId;
  /** The kind of file. */
  kind: FileKind;
  /** The name to save it under. */
  name: string;
  /** Whether there is a preview, which is a small JPEG. */
  preview: boolean;
  /** Its type. */
  type: FileType;
  /** Of a picture: its width in pixels. */
  width?: number;
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

/** The creator of a model. */
export interface ModelCreator {
  /** The id of the account. */
  id: UserId;
  /** Their username. Absent while their account is not in use. */
  username?: (string | null);
}

/** A model of the catalogue. */
export type ModelId = string;

/** A model. */
export interface ModelInfo {
  /** The code of the country (ISO 3166-1). */
  country: string;
  /** When it was created. */
  created_at: Timestamp;
  /** The creator. */
  creator: ModelCreator;
  /** The id. */
  id: ModelId;
  /** The title. */
  title: string;
}

/** A batch of models: either all of them match, or none. It can have fewer than five, or none, although there is a next one. */
export interface ModelList {
  /** Whether these are the first models that do not match: show a divider before them. */
  divider: boolean;
  /** The models, in the order of their titles. */
  items: ModelInfo[];
  /** The cursor of the next batch. Absent after the last one. */
  next_cursor?: (string | null);
  /** Whether these models match. All other models follow after the last matching one. */
  relevant: boolean;
}

/** A message with the information for moderators. */
export interface ModeratedMessage {
  /** The last ten texts that edits have replaced, the oldest first. */
  earlier: EarlierTextInfo[];
  /** The message as it is now. */
  message: Message;
  /** The report. Absent if nobody has reported it. */
  report?: ReportInfo;
  /** The reports of single people, at most a hundred. */
  said: ReportWords[];
}

/** An amount of money, never negative. */
export interface Money {
  /** The amount in minor units, such as grosze and pence. */
  amount: number;
  /** The currency. */
  currency: Currency;
}

/** The caller's plan. Both members are absent if there is none. */
export interface MyPlan {
  paid_at?: (Timestamp | null);
  plan?: (PlanInfo | null);
}

/** The name of a category. */
export interface NameCategory {
  /** 1 to 50 characters. No other category may have it. */
  name: string;
}

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
  /** The relation, from the caller's point of view. */
  relation: Relation;
  /** Their username. */
  username: string;
  /** They are at most about this far away, in kilometres: 1, 2, 5, 10, 20, 50 or 100. From the middle of the caller's cell to the middle of theirs, or of the larger cell around it if fewer than three people share their location there. */
  within_km: number;
}

/** A new donation. */
export interface NewDonation {
  /** The amount: from `min` to `max` of the settings. */
  amount: Money;
  /** The token of a captcha with the action `pay`. Required after `captcha_required`, otherwise ignored. While their service is away any text will do: the answer is `proof_of_work_required` then. */
  captcha?: string;
  /** The donor's country: ISO 3166-1 alpha-2, or `XK` for Kosovo. In upper or lower case. */
  country: string;
  /** The donor's postal code. Not needed in countries without one. */
  postal_code?: (string | null);
}

/** The kinds of rooms that people create. */
export type NewKind = ("group" | "channel");

/** A plan to buy. */
export interface NewPlanPayment {
  /** The token of a captcha with the action `pay`. Required after `captcha_required`, otherwise ignored. While their service is away any text will do: the answer is `proof_of_work_required` then. */
  captcha?: string;
  /** The id of the plan. */
  plan: string;
}

/** A new refund. */
export interface NewRefund {
  /** The amount: the rest of the payment, or a part of it. */
  amount: Money;
  /** The reason. Not `order_ended`, which only automatic refunds have. */
  reason: RefundReason;
}

/** The client's id of a send, which makes repetitions idempotent. It is part of a key, so it has only `A-Za-z0-9_-`. */
export type Nonce = string;

/** A note of the support team on a support thread, which its member does not see. */
export type NoteId = string;

/** A notification in a person's inbox. */
export type NotificationId = string;

/** A notification. */
export interface NotificationInfo {
  /** The category. */
  category: Category;
  /** When it happened. */
  created_at: Timestamp;
  /** The id of the entry in the inbox. Absent in a push about something that the person has done themselves on another device. */
  id?: NotificationId;
  /** In `UPDATE_CHAT`: how many messages waited then, up to 99. */
  messages?: number;
  /** In `NOTICE`: what it is about, such as `new_sign_in`. */
  notice?: string;
  /** Whether it was read. */
  read: boolean;
  /** In `UPDATE_INTEREST`: the relation at that time, from the person's point of view. */
  relation?: Relation;
  /** In a push of `UPDATE_CHAT`: the former entry, which is no longer in the inbox because this one includes its messages. */
  replaces?: NotificationId;
  /** In `UPDATE_CHAT`: the room. Each room and category has one entry: a new entry replaces the former one. */
  room?: RoomId;
  /** In `UPDATE_CHAT`: the number of the last message. The entry is read when the room is read up to it. */
  seq?: number;
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

/** The notification settings of the caller. */
export interface NotificationSettings {
  /** Messages in direct rooms. */
  direct: ChannelSettings;
  /** Friend requests and their answers. */
  friends: ChannelSettings;
  /** Other messages in groups. */
  group: ChannelSettings;
  /** Messages that mention the caller, in any room. */
  mention: ChannelSettings;
  /** Orders and payments. Mails about them ignore the quiet hours. */
  orders: ChannelSettings;
  /** The quiet hours. Absent if there are none. */
  quiet_hours?: QuietHoursInfo;
  /** Sign-ins and changes of the account. Mails about them ignore the quiet hours. */
  security: ChannelSettings;
  /** Answers of the support team. */
  support: ChannelSettings;
}

/** The type of an entry. */
export type NotificationType = ("UPDATE_INTEREST" | "UPDATE_CHAT" | "NOTICE");

/** The other person, by exactly one of these. */
export interface OpenDirectRoom {
  user?: (UserId | null);
  /** Their username, in upper or lower case. */
  username?: (string | null);
}

/** The subject of the thread. */
export interface OpenSupportThread {
  /** 1 to 120 characters. */
  subject: string;
}

/** An order. */
export type OrderId = string;

/** An order. */
export interface OrderInfo {
  /** When its state last changed. */
  changed_at: Timestamp;
  /** When it was placed. */
  created_at: Timestamp;
  /** The id, which is its number. */
  id: OrderId;
  /** The ordered products, at the prices of that time. */
  items: OrderItem[];
  /** When the system learned that it is paid by card. */
  paid_at?: Timestamp;
  /** The payment, while the order waits for a payment by card. */
  payment?: OrderPayment;
  /** How it is paid. */
  payment_method: PaymentMethod;
  /** The recipient. */
  recipient: RecipientInfo;
  /** The amount that was given back, at Stripe or outside, if there is one. */
  refunded?: Money;
  /** Its state. */
  state: OrderState;
  /** The total: the sum of the amounts. */
  total: Money;
}

/** A product of an order, as it was when the order was placed. */
export interface OrderItem {
  /** The price of all, with the discount. */
  amount: Money;
  /** The discount in per cent, if there was one. */
  discount_percent?: number;
  /** Its name. */
  name: string;
  /** The price of one, without the discount. */
  price: Money;
  /** The product, which may have been deleted. */
  product: ProductId;
  /** The quantity. */
  quantity: number;
  /** Its name in addresses. */
  slug: ProductSlug;
}

/** A page of orders. */
export interface OrderList {
  /** The orders, the newest first. */
  items: OrderInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** The payment of an order by card that is not paid yet. */
export interface OrderPayment {
  /** The secret with which Stripe's script in the browser pays it. Only for the buyer's browser. Only in the responses to placing and to paying the order. */
  client_secret?: string;
  /** Why the last card was refused, for programs: one of Stripe's decline codes. */
  decline?: string;
  /** Until when it can be paid. */
  expires_at: Timestamp;
}

/** The state of an order. */
export type OrderState = ("placed" | "shipped" | "delivered" | "cancelled" | "returned" | "pending_payment" | "paid" | "expired" | "refunding" | "refunded");

/** The outcome of an event, which Stripe's dashboard shows. */
export type Outcome = ("applied" | "handled_before" | "ignored");

/** The caller's rating of a product. */
export interface OwnRating {
  /** When it was given. */
  at: Timestamp;
  /** 1 to 5. */
  stars: number;
}

/** The caller's own support thread, with the number of unread messages. */
export interface OwnSupportThread {
  /** The thread. */
  thread: SupportThread;
  /** The number of messages of the team that the caller has not read. */
  unread: Unread;
}

/** A key and its owner. */
export interface OwnedApiKey {
  created_at: Timestamp;
  /** When it stops being valid. */
  expires_at: Timestamp;
  id: ApiKeyId;
  last_used_at?: (Timestamp | null);
  name: string;
  /** The first characters of the key. */
  prefix: string;
  /** The scopes that it has. */
  scopes: Scope[];
  /** The account of its owner. */
  user: UserId;
  /** Their username. Absent if the account is being deleted. */
  username?: string;
}

/** A page of everybody's keys. */
export interface OwnedApiKeyList {
  /** The keys, the newest first. A page can have fewer than requested, or none, although there is a next one. */
  items: OwnedApiKey[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** An algorithm of passkeys. */
export interface PasskeyAlgorithm {
  /** The number of the algorithm in the COSE registry. */
  alg: number;
  /** Always `public-key`. */
  type: PasskeyKind;
}

/** Where an authenticator is. */
export type PasskeyAttachment = ("platform" | "cross-platform");

/** `PublicKeyCredentialCreationOptionsJSON`, for `PublicKeyCredential.parseCreationOptionsFromJSON`. */
export interface PasskeyCreation {
  /** The requested attestation of the authenticator. */
  attestation?: string;
  /** What the authenticator must be able to do. */
  authenticatorSelection?: PasskeySelection;
  /** Base64url. */
  challenge: string;
  /** Existing passkeys, whose authenticators must not make another one. */
  excludeCredentials?: PasskeyDescriptor[];
  /** Extensions. Browsers ignore those that they do not know. */
  extensions?: PasskeyExtensions;
  /** Which kinds of authenticators browsers should offer first. */
  hints?: string[];
  /** The accepted algorithms, the preferred one first. */
  pubKeyCredParams: PasskeyAlgorithm[];
  /** The site of the passkey. */
  rp: PasskeySite;
  /** Milliseconds. */
  timeout?: number;
  /** The owner of the passkey. */
  user: PasskeyOwner;
}

/** How strongly something is required. */
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
  /** Whether the answer states what kind of passkey was made. */
  credProps?: boolean;
  /** The requested protection of the passkey in its authenticator. */
  credentialProtectionPolicy?: string;
  /** Whether the authenticator must support this protection. */
  enforceCredentialProtectionPolicy?: boolean;
  /** Whether the answer states how the user was verified. */
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
  /** The displayed name. */
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
  /** Which kinds of authenticators browsers should offer first. */
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
  /** Whether it has to be part of the device. */
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
  /** The displayed name. */
  name: string;
}

/** Another attempt to pay an order. */
export interface PayOrder {
  /** The token of a captcha with the action `pay`. Required after `captcha_required`, otherwise ignored. While their service is away any text will do: the answer is `proof_of_work_required` then. */
  captcha?: string;
}

/** How an order is paid. */
export type PaymentMethod = ("cash_on_delivery" | "card");

/** The state of a payment. */
export type PaymentState = ("pending_payment" | "paid" | "refunded" | "cancelled");

/** A page of people. */
export interface PeopleList {
  /** People, in the order of their usernames. */
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
  /** The relation, from the caller's point of view. */
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

/** The URLs of a picture in every size. They are valid while the person has the picture. */
export interface Picture {
  /** 1024 × 1024 pixels. */
  large: string;
  /** 300 × 300 pixels. */
  medium: string;
  /** 64 × 64 pixels. */
  small: string;
}

/** A published picture. */
export type PictureId = string;

/** The type of a picture. */
export type PictureType = ("image/jpeg" | "image/png" | "image/webp");

/** A request to order the content of the caller's cart. */
export interface PlaceOrder {
  /** By card: the token of a captcha with the action `pay`. Required after `captcha_required`, otherwise ignored. While their service is away any text will do: the answer is `proof_of_work_required` then. */
  captcha?: string;
  /** How it is paid. */
  payment_method: PaymentMethod;
  /** The total of the cart that the caller has seen. If the current total is different, the order is refused. */
  total: Money;
}

/** A plan. */
export interface PlanInfo {
  /** Its id. */
  id: string;
  /** Its name, in the reader's language. */
  name: string;
  /** The price. It is paid once. */
  price: Money;
}

/** The plans that can be bought, and the settings for paying them. */
export interface PlanList {
  captcha?: (CaptchaSite | null);
  /** The plans. */
  items: PlanInfo[];
  /** The key for Stripe's script in the browser. */
  publishable_key: string;
}

/** A payment of a plan. */
export type PlanPaymentId = string;

/** The payment of a plan. */
export interface PlanPaymentInfo {
  /** The amount. */
  amount: Money;
  /** When it was begun. */
  created_at: Timestamp;
  /** Why the last card was refused, for programs: one of Stripe's decline codes. */
  decline?: (string | null);
  /** Whether it is disputed at the bank, or the payer has won the dispute. */
  disputed: boolean;
  /** Its id, which the receipt names. */
  id: PlanPaymentId;
  /** The name of the plan, in the reader's language. */
  name: string;
  paid_at?: (Timestamp | null);
  /** The id of the plan. */
  plan: string;
  refunded?: (Money | null);
  /** Its state. */
  state: PaymentState;
}

/** A page of payments of plans. */
export interface PlanPaymentList {
  /** The payments, the newest first. */
  items: PlanPaymentInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** A link to a policy. */
export interface Policy {
  /** The title of the policy. */
  name: string;
  /** The address of the policy. */
  url: string;
}

/** A new prepared reply. */
export interface PrepareReply {
  /** 1 to 4,000 characters. `{name}` stands for the customer's username, `{order}` for the number of an order; other braces are refused. */
  text: string;
  /** 1 to 60 characters. */
  title: string;
}

/** A prepared reply. */
export interface PreparedReplyInfo {
  /** The id. */
  id: ReplyId;
  /** The text, with the variables `{name}` and `{order}`. */
  text: string;
  /** The title. */
  title: string;
  /** When it was last changed. */
  updated_at: Timestamp;
  /** The version, which a change names in `If-Match`. */
  version: number;
}

/** All prepared replies. */
export interface PreparedReplyList {
  /** The replies, the oldest first. At most 200. */
  items: PreparedReplyInfo[];
}

/** A price. */
export interface Price {
  /** In minor units. */
  amount: number;
  /** The currency. */
  currency: Currency;
  /** The price as text, in the language of the response. */
  text: string;
}

/** A problem document. */
export interface Problem {
  /** In `unavailable` of the health check: the dependencies that do not answer. */
  away?: string[];
  /** In `proof_of_work_required`: the text to append a number to. */
  challenge?: string;
  /** The code for programs. Stable and independent of the language. */
  code: ProblemCode;
  /** Details, in the client's language. */
  detail?: (string | null);
  /** In `proof_of_work_required`: the zero bits that the digest has to begin with. */
  difficulty?: number;
  /** In `chat_banned` and `room_banned`: the end of the ban. Absent if it has none. */
  ends_at?: Timestamp;
  /** In `undone_already`: the audit entry of the undo. */
  entry?: AuditId;
  /** All wrong fields. */
  errors?: FieldProblem[];
  /** In `chat_banned` and `room_banned`: the text of the moderator or the administrators. */
  explanation?: string;
  /** In `thread_moved_on`: the last number of the thread. */
  last_seq?: number;
  /** In `too_many`, `orders_open`, `friends_full` and `message_length`: the maximum. */
  max?: number;
  /** In `too_large`: the maximum number of bytes. */
  max_bytes?: number;
  /** In `thread_moved_on`: the first new messages, in ascending order. */
  messages?: SupportMessage[];
  /** In `step_up_required`: the factors that are sufficient. */
  methods?: Factor[];
  /** In `contact_required`: the contact that has to be added and proven first. In `order_incomplete`: all missing data, separated by commas. */
  missing?: string;
  /** In `undo_moved_on` and `undo_impossible`: the names of the fields. */
  not_undone?: string[];
  order_state?: OrderState;
  /** In `malformed`: RFC 6901 JSON pointer to the member that is wrong, missing, repeated or unknown; empty for the whole body. */
  pointer?: string;
  /** In `out_of_stock`: products that cannot be ordered in the requested quantity, each with the available quantity. */
  products?: { available: number; product: string; }[];
  reason?: BanReason;
  /** The id of the request, for support. */
  request_id: string;
  /** In `step_required`, and if a name or address was taken in the meantime: the step to continue with. */
  required_step?: (Step | Factor);
  /** Seconds after which a retry makes sense. */
  retry_after?: (number | null);
  state?: AccountState;
  /** The HTTP status. */
  status: number;
  /** The title, in the client's language. */
  title: string;
  total?: Money;
  /** In `code_invalid`: the attempts that are left. */
  tries_left?: number;
  /** A URI reference that identifies the kind of problem: `/problems/<code>`. */
  type: string;
}

/** What is wrong, for programs. */
export type ProblemCode = ("malformed" | "idempotency_key_required" | "reason_required" | "cursor_invalid" | "token_invalid" | "credentials_invalid" | "refresh_invalid" | "api_key_invalid" | "step_up_required" | "forbidden" | "second_factor_required" | "own_roles" | "account_protected" | "origin_refused" | "csrf_header_required" | "edge_required" | "proof_of_work_required" | "captcha_required" | "password_wrong" | "factor_locked" | "chat_banned" | "room_banned" | "chat_not_allowed" | "not_found" | "method_not_allowed" | "step_required" | "username_taken" | "account_exists" | "account_idle" | "invite_used" | "deletion_begun" | "deletion_not_scheduled" | "superuser_stays" | "account_state" | "slug_taken" | "name_taken" | "category_in_use" | "order_incomplete" | "out_of_stock" | "prices_changed" | "orders_open" | "order_state" | "plan_held" | "order_held" | "refund_refused" | "change_too_late" | "owner_stays" | "mfa_enabled" | "mfa_not_enabled" | "contact_required" | "last_factor" | "too_many" | "storage_full" | "friend_exists" | "friend_state" | "friend_paused" | "friends_full" | "location_required" | "thread_moved_on" | "thread_taken" | "conflict" | "version_mismatch" | "too_large" | "unsupported_media_type" | "unsupported_content_encoding" | "invalid" | "code_invalid" | "factor_unavailable" | "passkey_invalid" | "invite_invalid" | "appointment_invalid" | "idempotency_key_reused" | "link_invalid" | "version_required" | "too_many_requests" | "slow_mode" | "resend_too_early" | "internal" | "unavailable" | "frame_invalid" | "message_length" | "attachment_invalid" | "nonce_reused" | "stream_unknown" | "friend_self" | "room_with_self" | "ticket_invalid" | "undone_already" | "undo_moved_on" | "undo_impossible" | "undo_nothing");

/** A product of the shop. */
export type ProductId = string;

/** A product. */
export interface ProductInfo {
  /** The number of pieces in stock. */
  available: number;
  /** The category. */
  category: CategoryId;
  /** When it was created. */
  created_at: Timestamp;
  /** The description. */
  description: string;
  /** The discount that is in the price, if there is one. */
  discount?: Discount;
  /** Whether it is for sale. */
  for_sale: boolean;
  /** The id. */
  id: ProductId;
  /** Whether it can be ordered: it is for sale, and in stock. */
  is_available: boolean;
  /** The name. */
  name: string;
  /** The addresses of its picture. */
  picture?: Picture;
  /** The price of one. */
  price: Price;
  /** The ratings. */
  ratings: Ratings;
  /** The name in addresses, which stays when the product is renamed. */
  slug: ProductSlug;
  /** When it was last changed. */
  updated_at: Timestamp;
}

/** A page of products. */
export interface ProductList {
  /** The products. */
  items: ProductInfo[];
  /** The cursor of the next page. Absent on the last page. With `q`, `availability` or a price a page can have fewer products than asked for, or none, although there is a next one. */
  next_cursor?: (string | null);
}

/** A slug: 1 to 50 of `a-z`, `0-9` and single hyphens between them. */
export type ProductSlug = string;

/** The side of a node. */
export type ProofSide = ("left" | "right");

/** A sibling of a node on the path from an entry to the root of the Merkle tree. */
export interface ProofStep {
  /** The hash of the sibling, in base64url. */
  hash: string;
  /** The side on which the sibling is. */
  side: ProofSide;
}

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
  /** The bio. Absent if there is none or the profile is private. */
  bio?: (string | null);
  /** The id of the account, with which a chat can be opened. It does not change with the name. */
  id: UserId;
  last_seen_at?: (Timestamp | null);
  /** Whether the person is online: with a socket, or active within five minutes. Absent if the profile is private. */
  online?: (boolean | null);
  /** The address of the picture or of the default one. */
  picture: Picture;
  /** The username, which is unique. */
  username: string;
}

/** The new quantity of a product. */
export interface PutInCart {
  /** 1 to 99, or 0 to remove it from the cart. */
  quantity: number;
}

/** A daily time in which only urgent mails and text messages are sent. Others are sent at its end. */
export interface QuietHoursInfo {
  /** When it begins. */
  from: string;
  /** When it ends. A time earlier than `from` is on the next day. */
  to: string;
  /** The IANA name of the time zone. */
  zone: string;
}

/** A rating to give. */
export interface RateProduct {
  /** 1 to 5. */
  stars: number;
}

/** The ratings of a product. */
export interface Ratings {
  /** The number of people who have rated the product. */
  count: number;
  /** The mean of their stars, with two digits. Absent without ratings. */
  mean?: string;
}

/** Marks several notifications as read. */
export interface ReadNotifications {
  /** The newest notification that the caller has seen. All up to it become read. */
  upto: NotificationId;
}

/** The number up to which a member has read. */
export interface ReadUpto {
  /** The number. */
  seq: number;
  /** The member. */
  user: UserId;
}

/** The number of people who gave a reason. */
export interface ReasonCount {
  /** The number of people. */
  count: number;
  /** The reason. */
  reason: ReportReason;
}

/** The read receipts of a room. */
export interface ReceiptList {
  /** One for each of the others who show theirs. */
  items: ReadUpto[];
}

/** The recipient of an order, as it was when the order was placed. */
export interface RecipientInfo {
  /** City. */
  city: string;
  /** ISO 3166-1 alpha-2, or `XK` for Kosovo. */
  country: string;
  /** First name. */
  first_name: string;
  /** Last name. */
  last_name: string;
  /** The phone number, for the delivery. */
  phone: string;
  /** Postal code, in countries that have one. */
  postal_code?: string;
  /** State or province, if the address has one. */
  state?: string;
  /** Street and house. */
  street: string;
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

/** A refund of an order. */
export interface RefundInfo {
  /** The amount. */
  amount: Money;
  /** When it was requested. */
  at: Timestamp;
  /** The reason. */
  reason: RefundReason;
  /** Stripe's id of it, once Stripe has answered. */
  refund?: string;
  /** The state. */
  state: RefundState;
}

/** The reason of a refund. */
export type RefundReason = ("requested_by_customer" | "duplicate" | "fraudulent" | "order_ended");

/** The state of a refund. */
export type RefundState = ("asked" | "done" | "refused" | "failed" | "made_outside");

/** Why an upload did not become a picture. */
export type Refusal = ("not_a_picture" | "other_type" | "polyglot" | "too_many_pixels" | "damaged" | "superseded" | "account_closed" | "product_gone" | "expired");

/** A registration by link. */
export interface RegisterByLink {
  /** The address for the link. */
  email: string;
  locale?: (Locale | null);
  /** At least 12 characters unless configured otherwise, at most 128. */
  password: string;
  /** The version of the terms of service that the person has agreed to: 1 to 40 characters, such as a date. Required if this deployment has terms, otherwise ignored. */
  terms?: string;
  /** The username. */
  username: Username;
}

/** An unfinished registration as its client sees it. */
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

/** The relation of one person to another, as the person sees it. */
export type Relation = ("none" | "sent" | "received" | "friends" | "blocked");

/** The relation of the caller to another person. */
export interface RelationInfo {
  /** The relation, from the caller's point of view. */
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

/** A canned reply of the support team. */
export type ReplyId = string;

/** A reported message. */
export interface ReportInfo {
  /** The author. */
  author: Author;
  /** When it was last reported, or resolved. */
  changed_at: Timestamp;
  /** The id of the message. */
  message: MessageId;
  /** The outcome, if it is resolved. */
  outcome?: ReportOutcome;
  /** The reasons, and how many people gave each. */
  reasons: ReasonCount[];
  /** When it was first reported, or reported again after it was resolved. */
  reported_at: Timestamp;
  /** The room. */
  room: RoomId;
  /** The message's number. */
  seq: number;
  /** Whether it waits for a moderator. */
  state: ReportState;
  /** The text as it was reported. */
  text: string;
}

/** A page of reported messages. */
export interface ReportList {
  /** The oldest first. */
  items: ReportInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** A report of a message. */
export interface ReportMessage {
  /** The reason. */
  reason: ReportReason;
  /** The caller's own words: up to 500 characters. */
  text?: string;
}

/** What the moderators have done about a reported message. */
export type ReportOutcome = ("dismissed" | "message_deleted" | "author_warned" | "author_banned");

/** Why a message is reported. */
export type ReportReason = ("spam" | "harassment" | "hate" | "sexual" | "violence" | "fraud" | "other");

/** Whether a report waits for a moderator. */
export type ReportState = ("open" | "resolved");

/** The reason and the text of one report, without the reporter. */
export interface ReportWords {
  /** When it was reported. */
  created_at: Timestamp;
  /** The reason. */
  reason: ReportReason;
  /** The reporter's own words. */
  text?: string;
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

/** How staff have given the money back. */
export interface ResolvePaymentAlert {
  /** The amount that was given back outside Stripe: at most what is `owed`, or of an order of a `user` at most what is left of its payment. */
  amount: Money;
}

/** The resolution of a report. */
export interface ResolveReport {
  /** The outcome. */
  outcome: ReportOutcome;
}

/** The roles of staff. Each includes the ones before it. */
export type Role = ("moderator" | "administrator" | "superuser");

/** A role to give. */
export interface RoleOfMember {
  /** The role. If somebody is made the owner, the caller is no longer the owner. */
  role: RoomRole;
}

/** Somebody's ban from a room. */
export interface RoomBanInfo {
  /** When the ban began. */
  created_at: Timestamp;
  /** When it ends. Absent if it has no end. */
  ends_at?: Timestamp;
  /** The explanation that the banned person reads. */
  explanation?: string;
  /** The banned person. */
  user: Author;
}

/** A page of a room's bans. */
export interface RoomBanList {
  items: RoomBanInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** The limits of rooms. */
export interface RoomConfiguration {
  /** The most administrators of a group or a channel. */
  administrators: number;
  /** The most members of a group. */
  group_members: number;
  /** The most people that one message mentions. */
  mentions: number;
  /** The most members of a room in which clients see who is typing. */
  typing_members: number;
  /** Up to which number unread messages are counted. */
  unread_counted: number;
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
  /** The properties of a group or a channel. Absent in other rooms. */
  club?: ClubInfo;
  /** When the room was created. Absent for the public room before its first message. */
  created_at?: Timestamp;
  id: RoomId;
  kind: RoomKind;
  /** The number of the last message or system event. */
  last_seq: number;
  /** Whether swear words in new messages are masked. */
  masks_profanity: boolean;
  /** How many seconds everybody waits between two messages, except administrators and staff. Absent without a slow mode. */
  slow_mode_seconds?: number;
  /** The other person in a direct room. Absent when their account is deleted. */
  with?: Author;
}

/** An invitation of the caller. */
export interface RoomInvitation {
  /** Who invited the caller. Absent if that account was deleted. */
  by?: UserId;
  /** When the caller was invited. */
  created_at: Timestamp;
  /** Until when it can be accepted. */
  expires_at: Timestamp;
  /** The kind of the room. */
  kind: RoomKind;
  /** The number of members. */
  members: number;
  /** The name of the room. */
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
export type RoomKind = ("public" | "direct" | "group" | "channel" | "support");

/** A page of the caller's rooms. */
export interface RoomList {
  items: RoomInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** A member of a room. */
export interface RoomMemberInfo {
  /** The role. */
  role: RoomRole;
  /** When they joined. */
  since: Timestamp;
  /** The person. */
  user: Author;
}

/** A page of a room's members. */
export interface RoomMemberList {
  items: RoomMemberInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** Whether the caller gets notices of a room. */
export interface RoomNotices {
  /** Whether the caller gets no notices of the room. */
  muted: boolean;
}

/** The role of a member of a group or a channel. */
export type RoomRole = ("owner" | "admin" | "member");

/** A product that was in the cart before. */
export interface SavedItem {
  /** The product. */
  product: ProductId;
  /** How many: 1 to 99. */
  quantity: number;
}

/** The proof that the owner wants the deletion. */
export interface ScheduleDeletion {
  /** The current password. Not needed for an account without one, nor right after a step-up with it. */
  password?: (string | null);
}

/** A schedule. */
export interface ScheduleInfo {
  /** The function that runs. */
  function: string;
  /** When it last ran successfully. Most functions record it once an hour. */
  last_run_at: Timestamp;
  /** Whether the last run is more than two hours ago. */
  late: boolean;
}

/** The schedules. */
export interface ScheduleList {
  /** The schedules, by function. */
  items: ScheduleInfo[];
}

/** A scope: a group of operations that a key allows. */
export type Scope = ("products:write" | "statistics:read");

/** A seal over all entries of an interval. */
export interface SealInfo {
  /** How many entries the interval has. */
  count: number;
  /** The lowest id of the interval. */
  from: AuditId;
  /** The hash of this seal: the SHA-256, in base64url, of its object in the bucket of seals. */
  hash: string;
  /** The number of the seal, from 0. */
  n: number;
  /** The hash of the seal before it, in base64url. */
  prev: string;
  /** The root of the tree over their hashes, in base64url. */
  root: string;
  /** The lowest id after the interval. */
  to: AuditId;
}

/** Who made a change. */
export type SecurityEventBy = ("you" | "staff" | "system");

/** A change of the caller's account. */
export interface SecurityEventInfo {
  /** What was done. */
  action: AuditAction;
  /** Who made the change. */
  by: SecurityEventBy;
  /** When it was made. */
  created_at: Timestamp;
  /** Browser and system, if they are known and `by` is `you`. */
  device?: string;
  /** The names of what has changed. */
  fields: string[];
  id: AuditId;
  /** City and country, if they are known and `by` is `you`. */
  place?: string;
}

/** A page of the caller's security events. */
export interface SecurityEventList {
  /** The events, the newest first. A page can have fewer than requested, or none, although there is a next one. */
  items: SecurityEventInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** A message to the team. */
export interface SendContactMessage {
  /** The token of a captcha with the action `contact`. Required if this deployment uses captchas, otherwise ignored. */
  captcha?: string;
  /** The address for answers. */
  email: string;
  /** 250 to 10,000 characters after trimming. */
  message: string;
  /** The name of the author: 1 to 100 characters. */
  name: string;
  /** The value of one of the subjects of this deployment. */
  subject: string;
}

/** An answer of the team. */
export interface SendDeskMessage {
  /** Whether to send it even if there are newer messages. */
  force?: boolean;
  /** The client's nonce for this message. Repeating it commits nothing more. */
  nonce: Nonce;
  /** The last number that the author has seen. If there is a higher one the answer is refused. Required without `force`. */
  seen?: number;
  /** 1 to 4,000 characters. */
  text: string;
}

/** A message to send. */
export interface SendMessage {
  /** Files that the person has uploaded for this room (`POST /v1/rooms/{room}/uploads`), each for one message. */
  attachments?: AttachmentId[];
  /** The number of the message that it answers. */
  reply_to?: number;
  /** The text: 1 to 4,000 characters. It may be empty if there are files. */
  text: string;
}

/** A message of the customer. */
export interface SendSupportMessage {
  /** The client's nonce for this message. Repeating it commits nothing more. */
  nonce: Nonce;
  /** 1 to 4,000 characters. */
  text: string;
}

/** Information for a client about a code or link that was sent. */
export interface Sent {
  /** When it expires. */
  expires_at: Timestamp;
  /** The form, so that a client can show the right input. */
  form: SentForm;
  /** When another code or link may be requested. */
  resend_at: Timestamp;
  /** The masked destination. */
  target: string;
  /** Remaining attempts. Attempts at a long code are not limited. */
  tries_left: number;
}

/** A message that was sent to the team. */
export interface SentContactMessage {
  /** The number of its ticket, which is in the subject of mails about it. */
  id: TicketId;
}

/** The form of what was sent. */
export type SentForm = ("code" | "long_code" | "link");

/** A message that is committed. */
export interface SentSupportMessage {
  /** When the message got its number. */
  created_at: Timestamp;
  /** The id of the message. */
  id: MessageId;
  /** The thread. */
  room: RoomId;
  /** The message's number. */
  seq: number;
}

/** A sign-in of one client. */
export type SessionId = string;

/** One session. */
export interface SessionInfo {
  /** The client address at the sign-in or the last refresh. */
  address?: (string | null);
  /** A description of the client in words. */
  agent: Agent;
  created_at: Timestamp;
  /** Whether it is the session of this request. */
  current: boolean;
  /** When the session ends if it is not used. */
  ends_at: Timestamp;
  id: SessionId;
  /** When the session was last refreshed. */
  last_used_at: Timestamp;
  /** City and country, if a proxy in front of the API states them. */
  place?: (string | null);
  /** Whether the session began on a trusted device. */
  trusted_device: boolean;
  /** The `User-Agent` of the client. */
  user_agent: string;
}

/** Sessions of the caller. */
export interface SessionList {
  /** The sessions, the most recently used first. At most 20. */
  items: SessionInfo[];
}

/** Which data of the caller the inviter may see. */
export interface SetInviterConsent {
  /** Whether the inviter may see the caller's phone number. */
  shows_phone: boolean;
}

/** The rules of the public room. */
export interface SetPublicRoom {
  /** Whether swear words in new messages are masked. */
  masks_profanity: boolean;
  /** How many seconds everybody except staff has to wait between two messages. 0 for no slow mode. */
  slow_mode_seconds: number;
}

/** A password. */
export interface SetRegistrationPassword {
  /** At least 12 characters unless configured otherwise, at most 128. It is used exactly as given. */
  password: string;
}

/** The data of the person. */
export interface SetRegistrationPersonal {
  /** At most 120 years ago, and at least 16 unless the deployment sets another age. */
  birth_date: string;
  first_name: string;
  /** An invitation code, if the person has one, in upper or lower case, with or without spaces and hyphens. Empty for none. */
  invite_code?: (string | null);
  last_name: string;
}

/** A username. */
export interface SetRegistrationUsername {
  /** The username. */
  username: Username;
}

/** The new state of a thread. */
export interface SetThreadState {
  /** The last number that the caller has seen. If there is a higher one, nothing changes. */
  seen: number;
  /** The state. */
  state: ThreadState;
  /** The end of the snooze, within 90 days. Required with `snoozed`, and not allowed with other states. */
  until?: string;
}

/** An unfinished set-up. */
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
  /** Always `signed_in`. It distinguishes this response from one that requires another step. */
  step: LastStep;
  /** Always `Bearer`. */
  token_type: TokenType;
  user?: (SignedInUser | null);
  /** The account. */
  user_id: UserId;
}

/** The person who signed in. */
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

/** The slug of a public channel, its name in URLs: 3 to 40 of `a-z`, `0-9` and single hyphens between them. */
export type Slug = string;

/** How to open a socket. */
export interface SocketConfiguration {
  /** The streams. */
  streams: string[];
  /** The subprotocol. */
  subprotocol: string;
  /** The prefix of a ticket in the list of subprotocols. */
  ticket_prefix: string;
  /** How long a ticket can be used, in seconds. */
  ticket_seconds: number;
  /** The address of the WebSocket. */
  url: string;
}

/** A group or a channel, as staff see it: without its messages. */
export interface StaffRoom {
  created_at: Timestamp;
  id: RoomId;
  kind: RoomKind;
  /** The last activity. */
  latest_at: Timestamp;
  /** The number of members. */
  member_count: number;
  /** The name. */
  name: string;
  /** The owner. */
  owner: UserId;
  /** The username of the owner. Absent if the account is gone. */
  owner_username?: string;
  /** The name in the address of a public channel. */
  slug?: (string | null);
  /** The topic. */
  topic?: (string | null);
}

/** A page of groups and channels. */
export interface StaffRoomList {
  /** The newest first. */
  items: StaffRoom[];
  /** The cursor of the next page. Absent on the last page. A page can have fewer rooms than requested, or none, although there is a next one. */
  next_cursor?: (string | null);
}

/** The work that waits for staff. */
export interface StaffWork {
  disputes?: (CappedCount | null);
  failed_refunds?: (CappedCount | null);
  last_sweep?: (Timestamp | null);
  late_payments?: (CappedCount | null);
  orders?: (CappedCount | null);
  overdue_deletions?: (CappedCount | null);
  paid_orders?: (CappedCount | null);
  refunds?: (CappedCount | null);
  /** Reported messages that nobody has resolved. */
  reports: CappedCount;
  /** Support threads in which the team has to do something. */
  support_threads: CappedCount;
  tickets?: (CappedCount | null);
  wrong_payments?: (CappedCount | null);
}

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

/** The stock of a product. `received` is the sum of the other three. */
export interface Stock {
  /** The number of pieces that can be ordered. */
  available: number;
  /** The number of pieces that were put into stock in total. */
  received: number;
  /** The number of pieces in orders that are not shipped yet. */
  reserved: number;
  /** The number of pieces that were sold. */
  sold: number;
}

/** An event of Stripe, of any version, with the members that are read. */
export interface StripeEvent {
  /** The object of the event. */
  data: StripeEventData;
  /** The id. Ids of Stripe have up to 255 characters. */
  id: string;
  /** Whether it is from live mode, with real money. */
  livemode: boolean;
  /** Its type. */
  type: string;
}

/** The object of an event of Stripe. */
export interface StripeEventData {
  /** The object at that time. Only its id is used, or the id of its payment. */
  object: Record<string, unknown>;
}

/** The author of a message in a support thread. */
export interface SupportAuthor {
  /** The id of the person. Absent for customers if the author is of the team. */
  id?: UserId;
  /** The username; for customers `Support` if the team wrote it. */
  username: string;
}

/** The limits of the support desk. It has no opening hours. */
export interface SupportConfiguration {
  /** After how many days without an answer of the customer a thread is closed. */
  closed_after_days: number;
  /** For how many seconds answers are collected before a customer without an open socket gets a mail. */
  mail_after_seconds: number;
  /** How many messages a page of a thread has, unless a client asks for fewer. */
  page: number;
}

/** An entry of a support thread. Each number of a thread has one. */
export interface SupportMessage {
  /** For a message: the author. */
  author?: SupportAuthor;
  /** How often it was edited or deleted. Absent if it never was. Clients ignore a state with a lower number than that of the known one, and every state after a deletion. */
  changes?: number;
  /** When the entry got its number. */
  created_at: Timestamp;
  /** For a message: when it was last edited. Absent if it was never edited. */
  edited_at?: Timestamp;
  /** For a message: the side that wrote it. */
  from?: SupportSide;
  /** For a message: its id. */
  id?: MessageId;
  /** The kind: a message, or a deleted message. */
  kind: EntryKind;
  /** The nonce with which it was sent: only in the answer to `send`. */
  nonce?: Nonce;
  /** For a message: the number of the message that it answers. */
  reply_to?: number;
  /** The id of the thread. */
  room: RoomId;
  /** The number in the thread. Entries are shown in this order, and a known number is a repetition. */
  seq: number;
  /** For a message: plain text, 1 to 4,000 characters. */
  text?: string;
}

/** A page of the messages of a support thread. */
export interface SupportMessageList {
  /** The messages in ascending order, one for each number. */
  items: SupportMessage[];
  /** The cursor of the page before this one. Absent at the beginning of the thread. */
  next_cursor?: (string | null);
  /** The highest number that this page covers: newer messages are read with `sync` from here, over the socket. */
  upto: number;
}

/** A side of a thread. */
export type SupportSide = ("customer" | "team");

/** The state of a thread as its customer sees it. */
export type SupportState = ("open" | "waiting" | "done");

/** The caller's own support thread. */
export interface SupportThread {
  /** How often messages in it were edited or deleted. If this has changed, a client reads the shown messages again. */
  changes: number;
  /** When it was created. */
  created_at: Timestamp;
  /** The last number in it. A client that has a lower one sends `sync`. */
  last_seq: number;
  /** The number up to which the caller has read. */
  read_seq: number;
  /** The id of the thread. */
  room: RoomId;
  /** The state: `waiting` means that the team has answered. */
  state: SupportState;
  /** What it is about. */
  subject: string;
}

/** The state of a thread or a ticket. */
export type ThreadState = ("open" | "waiting" | "snoozed" | "done");

/** A request that was sent with the contact form, with its answers. */
export type TicketId = string;

/** A ticket of the contact form. */
export interface TicketInfo {
  assignee?: (TicketPerson | null);
  /** When it was written. */
  created_at: Timestamp;
  /** The address of the author. */
  email: string;
  /** The id, which is its number. */
  id: TicketId;
  /** The language of the author. */
  locale: Locale;
  /** The number of messages in the ticket. */
  messages: number;
  /** The name of the author. */
  name: string;
  /** The beginning of the message. */
  preview: string;
  /** Whether the author was signed in and this is the address of their account. */
  proven: boolean;
  /** When it came into this state. */
  since: Timestamp;
  snoozed_until?: (Timestamp | null);
  /** The state. */
  state: ThreadState;
  /** The value of the subject. */
  subject: string;
  /** The name of the subject, in the language of the response. */
  subject_name: string;
  user?: (UserId | null);
  /** The username of that account. Absent if it was deleted. */
  username?: (string | null);
}

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

/** A page of tickets. */
export interface TicketList {
  /** The tickets. Open ones by how long they wait, the longest first; snoozed ones by the end of the snooze, the next one first; others by when they came into their state, the latest first. With `q` a page can have fewer than requested, or none, although there is a next one. */
  items: TicketInfo[];
  /** The cursor of the next page. Absent on the last page. */
  next_cursor?: (string | null);
}

/** A message of a ticket. */
export interface TicketMessageInfo {
  /** When it was written. */
  at: Timestamp;
  author?: (TicketPerson | null);
  /** The number. 1 is the message of the contact form; the others are answers of the team. */
  number: number;
  /** The text. */
  text: string;
}

/** A member of the team. */
export interface TicketPerson {
  /** The id of the account. */
  id: UserId;
  /** The username. Absent if the account was deleted. */
  username?: (string | null);
}

/** A ticket with its messages. */
export interface TicketRead {
  /** Its messages, the oldest first. At most fifty. */
  messages: TicketMessageInfo[];
  /** The ticket. */
  ticket: TicketInfo;
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

/** The fields of an entry to undo. */
export interface UndoEntry {
  /** The names of the fields: all of them are undone, or none. */
  fields: string[];
  /** Whether to undo fields that have been changed again since. */
  force?: boolean;
  /** Why: 1 to 500 characters, for the audit. */
  reason: string;
}

/** A field, and what undoing it does. A value that is absent, or that the caller may not see, is an empty list. */
export interface UndoFieldInfo {
  /** Its value after the change. */
  became: AuditValueInfo[];
  /** Its name. */
  field: string;
  /** Its value now. */
  is_now: AuditValueInfo[];
  /** What undoing it does. */
  outcome: UndoOutcome;
  /** Its value before the change. */
  was: AuditValueInfo[];
  /** Its value after the undo, with `force` if that is needed. */
  would_be: AuditValueInfo[];
}

/** What undoing a field does. */
export type UndoOutcome = ("clean" | "same" | "moved_on" | "taken" | "gone" | "never");

/** What undoing an entry does. */
export interface UndoPreview {
  /** The entry. */
  entry: AuditId;
  /** Its fields, by name. */
  fields: UndoFieldInfo[];
  /** The entry of the undo, if the entry was undone. */
  undone_by?: AuditId;
}

/** A change that was undone. */
export interface UndoneEntry {
  /** The entry of the undo, which can itself be undone. */
  entry: AuditId;
  /** The fields that were undone. */
  fields: string[];
}

/** The unread messages of a person in a room. */
export interface Unread {
  /** The number of counted messages that mention the reader. */
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
export interface UpdateAccount {
  /** Up to 500 characters, or `null`. */
  bio?: (string | null);
  /** `YYYY-MM-DD`, at least 16 years ago unless the deployment sets another age, or `null`. For superusers only. */
  birth_date?: (string | null);
  /** 1 to 35 characters, or `null`. */
  first_name?: (string | null);
  /** The language of mails. For superusers only. */
  language?: Locale;
  /** 1 to 35 characters, or `null`. */
  last_name?: (string | null);
  /** `null` for the default picture. No other value is taken. */
  picture?: (string | null);
  /** Whether others only see the username and the picture. For superusers only. */
  private?: boolean;
  /** Another username. The former one stays reserved for the person for 30 days. */
  username?: Username;
}

/** The channels to switch on or off. Absent ones stay as they are. */
export interface UpdateChannels {
  /** The inbox in the app. */
  in_app?: boolean;
  /** E-mail. */
  mail?: boolean;
  /** Text messages. */
  sms?: boolean;
}

/** The members to change. Absent members stay unchanged, and `null` clears members that may be empty. */
export interface UpdateMe {
  /** Whether friends can add the caller to groups directly. Otherwise they have to invite the caller. */
  added_by_friends?: boolean;
  /** Up to 500 characters, or `null`. */
  bio?: (string | null);
  /** `YYYY-MM-DD`, at least 16 years ago unless the deployment sets another age, or `null`. */
  birth_date?: (string | null);
  /** 1 to 35 characters, or `null`. */
  first_name?: (string | null);
  /** Whether everybody who knows the e-mail address can find the caller by it. */
  found_by_email?: boolean;
  /** Whether everybody who knows the phone number can find the caller by it. */
  found_by_phone?: boolean;
  /** The language of mails and of responses. */
  language?: Locale;
  /** 1 to 35 characters, or `null`. */
  last_name?: (string | null);
  /** Whether others see only the username and the picture, and find the person only by the username. */
  private?: boolean;
  /** Whether the other members of rooms of up to twenty see up to where the caller has read. If it is off, the caller does not see it of others either. */
  read_receipts?: boolean;
  /** Who may open a direct chat. */
  who_can_message?: WhoCanMessage;
}

/** The new values. Absent members do not change. */
export interface UpdateModel {
  /** The code of one of the countries of this deployment, in upper or lower case. */
  country?: string;
  /** 1 to 100 characters. */
  title?: string;
}

/** What to change. Absent members stay as they are. */
export interface UpdateNotificationSettings {
  /** Messages in direct rooms. */
  direct?: UpdateChannels;
  /** Friend requests and their answers. */
  friends?: UpdateChannels;
  /** Other messages in groups. */
  group?: UpdateChannels;
  /** Messages that mention the caller. */
  mention?: UpdateChannels;
  /** Orders and payments. */
  orders?: UpdateChannels;
  quiet_hours?: (UpdateQuietHours | null);
  /** Sign-ins and changes of the account. */
  security?: UpdateChannels;
  /** Answers of the support team. */
  support?: UpdateChannels;
}

/** The new values. Absent members do not change. */
export interface UpdateProduct {
  /** The number of pieces in stock, without those in orders. */
  available?: number;
  /** The category. */
  category?: CategoryId;
  /** 1 to 4,000 characters. */
  description?: string;
  /** The discount in per cent, or `null` for none. */
  discount_percent?: (number | null);
  /** Whether it can be ordered while it is in stock. */
  for_sale?: boolean;
  /** 1 to 100 characters. No other product may have it. */
  name?: string;
  /** The price of one without a discount: up to 999.99 in the currency of the shop. */
  price?: Money;
}

/** The quiet hours. Begin and end must be different. */
export interface UpdateQuietHours {
  /** When it begins. */
  from: string;
  /** When it ends. */
  to: string;
  /** The IANA name of the time zone. */
  zone: string;
}

/** The new values. Absent members do not change. */
export interface UpdateRoom {
  /** Whether swear words in new messages are masked. */
  masks_profanity?: boolean;
  /** 1 to 60 characters. */
  name?: string;
  /** How many seconds everybody waits between two messages, except the owner, administrators and staff. 0 for no slow mode. */
  slow_mode_seconds?: number;
  /** 1 to 200 characters. Empty or `null` for none. */
  topic?: (string | null);
}

/** The changes to a ticket. Absent members do not change. */
export interface UpdateTicket {
  assignee?: (UserId | null);
  /** The end of the snooze, within 90 days. Required with `snoozed`, and not allowed with other states. */
  snoozed_until?: string;
  /** The state. A ticket that is done has no assignee. */
  state?: ThreadState;
}

/** An upload before and after it is processed. */
export type UploadId = string;

/** The method of an upload. */
export type UploadMethod = "PUT";

/** The state of an upload. */
export type UploadStatus = (UploadStatusWaiting | UploadStatusPublished | UploadStatusRefused);

/** The file became the picture. A newer picture may have replaced it. */
export interface UploadStatusPublished {
  /** The id of the upload. */
  id: UploadId;
  /** The picture. Absent after it was replaced or removed. */
  picture?: Picture;
  state: "published";
}

/** The file was refused. */
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
  /** For a new account. Empty for none. */
  first_name?: (string | null);
  /** For a new account: an invitation code, in upper or lower case, with or without spaces and hyphens. Empty for none. */
  invite_code?: (string | null);
  /** For a new account. Empty for none. */
  last_name?: (string | null);
  /** After the answer `account_idle`: make a new account instead of the one that the number had. */
  start_afresh?: boolean;
  /** For a new account: the version of the terms of service that the person has agreed to, 1 to 40 characters, such as a date. Required for one if this deployment has terms, otherwise ignored. The code can be sent again with it. */
  terms?: string;
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

/** A postal address, to add or to replace one. */
export interface WriteAddress {
  /** City. */
  city: string;
  /** ISO 3166-1 alpha-2, or `XK` for Kosovo. In upper or lower case. */
  country: string;
  /** The postcode, which is stored as the country writes it. Absent if the country has none. */
  postal_code?: string;
  /** State or province, in countries whose addresses have one. */
  state?: (string | null);
  /** Street and house. */
  street: string;
}

/** The text of a comment. */
export interface WriteComment {
  /** 1 to 500 characters. Swear words in it are masked. */
  text: string;
}

/** A note to write. */
export interface WriteNote {
  /** 1 to 4,000 characters. */
  text: string;
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
    /** Returns how to report a vulnerability (RFC 9116). */
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
    /** Serves the files of the JavaScript client: `stoa.js`, the modules that it imports, and their types. `/docs/client` shows how it is used. */
    GET: { path: { "file": string }; data: string; code: "edge_required" | "internal" | "malformed" | "not_found" | "too_many_requests" | "unavailable" };
  };
  "/contact": {
    /** Serves the page with the contact form. Loading it changes nothing. */
    GET: { data: string; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/docs": {
    /** Serves the page with the documentation of the API, on which operations can be tried out. */
    GET: { data: string; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/docs/{file}": {
    /** Serves the files of the pages. `/docs/flows` shows registration and sign-in as sequence diagrams, `/docs/client` is the guide to the JavaScript client, `/docs/from` lists the operations that replace functions of other projects. */
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
  "/restore-contact": {
    /** Serves the page that the link opens if there is no frontend. Loading it reads and changes nothing. */
    GET: { data: string; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/staff": {
    /** Serves the console for staff, in the language of its reader. What it shows it gets from the API, as whoever signs in there. */
    GET: { data: string; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/staff/{file}": {
    /** Serves the files of the console: its scripts, its style, its texts. */
    GET: { path: { "file": string }; data: Record<string, string> | string; code: "edge_required" | "internal" | "malformed" | "not_found" | "too_many_requests" | "unavailable" };
  };
  "/unsubscribe/{token}": {
    /** Serves the page that the link in a mail opens. Loading it changes nothing. */
    GET: { path: { "token": string }; data: string; code: "edge_required" | "internal" | "link_invalid" | "malformed" | "not_found" | "too_many_requests" | "unavailable" };
    /** Stops the mails of the link's categories at once. Needs no session and ignores its body. The operation can be repeated. */
    POST: { path: { "token": string }; data: string; code: "conflict" | "edge_required" | "internal" | "link_invalid" | "malformed" | "not_found" | "too_many_requests" | "unavailable" };
  };
  "/v1/activations": {
    /** Activates the account and signs its owner in. If the request carries the token of the client's former session, that session ends. */
    POST: { body: ActivateAccount; data: SignedIn; code: "account_exists" | "conflict" | "edge_required" | "internal" | "link_invalid" | "malformed" | "not_found" | "origin_refused" | "password_wrong" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "username_taken" };
  };
  "/v1/activations/link": {
    /** Returns the account that a mailed link activates, so that a page can show it before it asks for the password. The link stays valid. */
    POST: { body: LinkToken; data: LinkOwner; code: "edge_required" | "internal" | "link_invalid" | "malformed" | "origin_refused" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/admin/api-keys": {
    /** Lists the keys of everybody, or of one person, without their secrets. */
    GET: { query?: { "username"?: string; "limit"?: number; "cursor"?: string }; data: OwnedApiKeyList; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/api-keys/{user}/{key}": {
    /** Revokes a key of another person, with effect from its next use. */
    DELETE: { path: { "user": UserId; "key": ApiKeyId }; header: { "Reason": string }; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/dead-letters": {
    /** Lists the dead letters of the last two weeks that nobody has sent again, the latest first: events on which functions failed after all retries. */
    GET: { query?: { "limit"?: number; "cursor"?: string }; data: DeadLetterList; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/dead-letters/{letter}/redrive": {
    /** Sends the event of a dead letter again, and removes the letter from the list. Functions that have processed the event ignore it. If a function fails on it again, it becomes a dead letter again. */
    POST: { path: { "letter": DeadLetterId }; header: { "Reason": string }; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/figures": {
    /** Shows the figures of up to 92 days, by days in UTC: registrations, sign-ins, messages, orders, revenue, deletions. */
    GET: { query?: { "from"?: string; "until"?: string }; data: DailyFigures; code: "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/first": {
    /** Makes the caller the first superuser. Possible only while there is no superuser. */
    POST: { body: BecomeFirstSuperuser; data: undefined; code: "account_state" | "appointment_invalid" | "edge_required" | "internal" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/admin/orders": {
    /** Lists the orders of everybody in one state, or with one alert, the oldest first; or all orders of one buyer, the newest first. For administrators. */
    GET: { query?: { "state"?: ("placed" | "shipped" | "delivered" | "cancelled" | "returned" | "pending_payment" | "paid" | "expired" | "refunding" | "refunded"); "alert"?: ("disputed" | "refund_failed" | "wrong_payment" | "late_payment"); "user"?: string; "limit"?: number; "cursor"?: string }; data: CustomerOrderList; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/orders/{order}": {
    /** Shows an order of anybody, with the username of its buyer. For administrators. */
    GET: { path: { "order": OrderId }; data: CustomerOrderRead; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/orders/{order}/refunds": {
    /** Refunds the payment of an order by card, or a part of it. For administrators with a recent proof by a second factor. */
    POST: { path: { "order": OrderId }; header: { "Idempotency-Key": string }; body: NewRefund; data: CustomerOrder; code: "conflict" | "edge_required" | "forbidden" | "idempotency_key_required" | "idempotency_key_reused" | "internal" | "invalid" | "malformed" | "not_found" | "order_state" | "refund_refused" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/admin/orders/{user}/{order}/state": {
    /** Moves an order to its next state. For administrators with a recent proof by a second factor. */
    PUT: { path: { "user": UserId; "order": OrderId }; header?: { "Reason"?: string }; body: ChangeState; data: CustomerOrder; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "order_held" | "order_state" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/admin/payment-alerts": {
    /** Lists the payments of donations, orders and plans that staff have to check: those that were disputed within the last month, those whose last refund failed, until a refund succeeds or staff have given the money back outside Stripe, and those of the last month that differ from the requested payment or came after the end of their order. For administrators, with a second factor. */
    GET: { query?: { "alert"?: ("disputed" | "refund_failed" | "wrong_payment" | "late_payment"); "limit"?: number; "cursor"?: string }; data: AlertedPaymentList; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/payment-alerts/{payment}/resolution": {
    /** Records that staff have given money back outside Stripe, because its refund had failed, and ends the alert. */
    POST: { path: { "payment": string }; header: { "If-Match": string; "Reason": string }; body: ResolvePaymentAlert; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "order_state" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "version_mismatch" | "version_required" };
  };
  "/v1/admin/rooms": {
    /** Lists the groups and channels of everybody, the newest first. */
    GET: { query?: { "limit"?: number; "cursor"?: string }; data: StaffRoomList; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/rooms/{room}": {
    /** Closes a group or a channel permanently, as its owner can. From then on requests for it get 404. Its members are notified. */
    DELETE: { path: { "room": RoomId }; header: { "Reason": string }; data: undefined; code: "account_protected" | "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/tickets": {
    /** Lists the tickets in one state or of one account, with `q` only those that contain the words. For administrators. With `q` a request examines at most 200 tickets. */
    GET: { query?: { "state"?: ThreadState; "since_from"?: string; "since_until"?: string; "q"?: string; "user"?: string; "limit"?: number; "cursor"?: string }; data: TicketList; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/tickets/{ticket}": {
    /** Shows a ticket with its messages. For administrators. The audit records who read it. */
    GET: { path: { "ticket": TicketId }; data: TicketRead; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Changes the state or the assignee of a ticket: 412 if it has changed since the version in `If-Match`. For administrators with a recent proof by a second factor. */
    PATCH: { path: { "ticket": TicketId }; header: { "If-Match": string }; body: UpdateTicket; data: TicketInfo; code: "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "version_mismatch" | "version_required" };
  };
  "/v1/admin/tickets/{ticket}/answers": {
    /** Answers the author of a ticket by mail. The ticket then waits for the author. For administrators with a recent proof by a second factor. */
    POST: { path: { "ticket": TicketId }; header: { "Idempotency-Key": string }; body: AnswerTicket; data: TicketMessageInfo; code: "conflict" | "edge_required" | "forbidden" | "idempotency_key_required" | "idempotency_key_reused" | "internal" | "invalid" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/admin/users": {
    /** Lists accounts: all, or those with a role, in a state, created within a range of days, or found by words, an address or a number. */
    GET: { query?: { "q"?: string; "role"?: ("moderator" | "administrator" | "superuser"); "state"?: ("active" | "leaving" | "deactivated" | "purging"); "joined_from"?: string; "joined_until"?: string; "limit"?: number; "cursor"?: string }; data: AccountList; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/users/{username}": {
    /** Shows everything that staff see of an account: its profile, state and roles, the sessions and trusted devices, the ban from chat, the last orders and the thread with the support team; and what the caller may do with it. */
    GET: { path: { "username": string }; data: AccountDetails; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Changes somebody's profile, by the same rules as for its owner, who is notified by mail or text message. */
    PATCH: { path: { "username": string }; header: { "If-Match": string; "Reason": string }; body: UpdateAccount; data: AccountDetails; code: "account_protected" | "account_state" | "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "version_mismatch" | "version_required" };
  };
  "/v1/admin/users/{username}/deactivation": {
    /** Deactivates an account. All sessions end, sockets are closed, trusted devices are revoked, and the profile is hidden. The data is kept, and the username, address and number stay taken. Its owner is notified. Only a superuser can reactivate it. A link that was sent to a former address or number is void, also after a reactivation. */
    POST: { path: { "username": string }; header: { "Reason": string }; data: undefined; code: "account_protected" | "account_state" | "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/users/{username}/deletion": {
    /** Cancels the scheduled deletion of an account, whoever has scheduled it, and notifies the owner. */
    DELETE: { path: { "username": string }; data: AccountInfo; code: "account_protected" | "conflict" | "deletion_begun" | "deletion_not_scheduled" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Schedules the deletion of an account, as its owner can. It begins after the same time, and until then staff and the owner can cancel it. The owner gets a mail or a text message with a link that cancels it. No effect if a deletion is scheduled already. */
    PUT: { path: { "username": string }; header: { "Reason": string }; data: AccountInfo; code: "account_protected" | "conflict" | "deletion_begun" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/users/{username}/reactivation": {
    /** Reactivates a deactivated account with all its data. Its former sessions and trusted devices stay revoked: the owner has to sign in again, and is notified by mail or, without an address, by text message. */
    POST: { path: { "username": string }; data: undefined; code: "account_state" | "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/users/{username}/roles/{role}": {
    /** Removes a role from an account, with effect from its next request. If the account does not have the role, nothing changes. Its other roles stay. An account that is no administrator any more has no API keys. */
    DELETE: { path: { "username": string; "role": Role }; header: { "Reason": string }; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "own_roles" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Gives a role to an account. If the account already has the role, nothing changes. */
    PUT: { path: { "username": string; "role": Role }; header: { "Reason": string }; data: undefined; code: "account_state" | "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "own_roles" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/users/{username}/sessions": {
    /** Ends all sessions of somebody, closes their sockets and revokes their trusted devices. The person is notified and has to sign in again. */
    DELETE: { path: { "username": string }; header: { "Reason": string }; data: undefined; code: "account_protected" | "account_state" | "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/admin/work": {
    /** Counts the work that waits for staff, up to ten of each kind. */
    GET: { data: StaffWork; code: "edge_required" | "forbidden" | "internal" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/audit": {
    /** Lists entries of the audit, the newest first: about an account, by an actor, of an action, of a day or a month, or all of these. */
    GET: { query?: { "subject"?: UserId; "actor"?: string; "action"?: ("account_reactivated" | "role_granted" | "role_taken" | "superuser_offered" | "first_superuser" | "chat_banned" | "chat_unbanned" | "message_read" | "message_deleted" | "report_resolved" | "public_room_changed" | "support_thread_read" | "support_note_deleted" | "support_reply_changed" | "product_created" | "product_changed" | "product_deleted" | "category_created" | "category_changed" | "category_deleted" | "comment_changed" | "comment_deleted" | "order_changed" | "refund_made_outside" | "api_key_created" | "api_key_revoked" | "profile_changed" | "username_changed" | "contact_changed" | "contact_restoration_asked" | "contact_restored" | "addresses_changed" | "picture_uploaded" | "picture_removed" | "account_deactivated" | "password_changed" | "password_reset" | "factors_changed" | "recovery_codes_made" | "passkey_added" | "passkey_removed" | "passkey_renamed" | "devices_forgotten" | "export_asked" | "deletion_scheduled" | "deletion_cancelled" | "new_client_signed_in" | "sessions_ended" | "room_closed" | "ticket_read" | "ticket_changed" | "ticket_answered" | "event_redriven"); "day"?: string; "month"?: string; "limit"?: number; "cursor"?: string }; data: AuditList; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/audit/verification": {
    /** Verifies the next seals: reads their entries, computes their roots again, and compares them with the seals before them and with what the bucket has. After the last seal, searches all entries for those that are under no seal. */
    GET: { query?: { "cursor"?: string }; data: AuditVerification; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/audit/{entry}": {
    /** Shows an entry with the values before and after the change. They are kept for 400 days, and not after the account was deleted. */
    GET: { path: { "entry": AuditId }; data: AuditEntryInfo; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/audit/{entry}/proof": {
    /** Proves that an entry is in a seal, whose hash is in the seal after it, in the bucket of seals and in the mail to operators. */
    GET: { path: { "entry": AuditId }; data: AuditProof; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/audit/{entry}/undo": {
    /** Shows what undoing an entry does: for each field its values before the change, after it, now and after the undo, and whether it can be undone. */
    GET: { path: { "entry": AuditId }; data: UndoPreview; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Undoes fields of an entry: all requested fields, or none. The undo has an audit entry of its own. */
    POST: { path: { "entry": AuditId }; header: { "If-Match": string }; body: UndoEntry; data: UndoneEntry; code: "account_protected" | "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many" | "too_many_requests" | "unavailable" | "undo_impossible" | "undo_moved_on" | "undo_nothing" | "undone_already" | "unsupported_content_encoding" | "unsupported_media_type" | "version_mismatch" | "version_required" };
  };
  "/v1/cart": {
    /** Returns the cart of the signed-in caller, or of a guest's `Cart-Token`, at the current prices. */
    GET: { query?: { "checkout"?: boolean }; header?: { "Cart-Token"?: (string | null) }; data: CartInfo; code: "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/cart/items/{product}": {
    /** Sets the quantity of a product in the cart. A guest without a `Cart-Token` gets a new cart, and its token in the response. With `If-Match` the cart is changed only if it has that version, so that a client that adds to a quantity does not overwrite a change by another device. */
    PUT: { path: { "product": ProductId }; header?: { "If-Match"?: (string | null); "Cart-Token"?: (string | null) }; body: PutInCart; data: CartInfo; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "out_of_stock" | "token_invalid" | "too_large" | "too_many" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "version_mismatch" };
  };
  "/v1/categories": {
    /** Lists the categories. */
    GET: { data: CategoryList; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
    /** Creates a category. For administrators with a recent proof by a second factor. */
    POST: { body: NameCategory; data: CategoryInfo; code: "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "name_taken" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/categories/{category}": {
    /** Deletes a category without products. For administrators with a recent proof by a second factor. */
    DELETE: { path: { "category": CategoryId }; header: { "Reason": string }; data: undefined; code: "category_in_use" | "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Renames a category: 412 if it has another name since the version in `If-Match`. For administrators with a recent proof by a second factor. */
    PUT: { path: { "category": CategoryId }; header: { "If-Match": string }; body: NameCategory; data: CategoryInfo; code: "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "name_taken" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "version_mismatch" | "version_required" };
  };
  "/v1/channels/{slug}": {
    /** Shows a public channel, which everybody may join. */
    GET: { path: { "slug": string }; data: ChannelInfo; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/chats": {
    /** Lists the caller's rooms by their last activity, with the last message and the number of unread ones. */
    GET: { query?: { "limit"?: number; "cursor"?: string }; data: ChatList; code: "chat_banned" | "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/client-configuration": {
    /** Returns the configuration of this deployment: languages, streams, limits. It is the same for everybody and can be cached. */
    GET: { data: ClientConfiguration; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/v1/contact-messages": {
    /** Sends a message to the team. Requires a captcha if this deployment uses captchas. */
    POST: { header: { "Idempotency-Key": string }; body: SendContactMessage; data: SentContactMessage; code: "conflict" | "edge_required" | "idempotency_key_required" | "idempotency_key_reused" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/contact-restorations": {
    /** Restores the former address or number of an account, in place of the current one. All sessions end, no device is trusted any more, and the password becomes invalid. The replaced contact is notified, and codes and links that were sent to it become invalid. The client is not signed in. Passkeys and second factors stay. */
    POST: { body: LinkToken; data: undefined; code: "account_exists" | "conflict" | "edge_required" | "internal" | "link_invalid" | "malformed" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/contact-restorations/link": {
    /** Returns the account whose former address or number a link restores, so that a page can show it before it asks for a confirmation. The link stays valid. */
    POST: { body: LinkToken; data: LinkOwner; code: "edge_required" | "internal" | "link_invalid" | "malformed" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/contact-settings": {
    /** Returns the settings of the contact form: its subjects with templates, its limits, and its captcha. */
    GET: { data: ContactSettings; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/v1/countries": {
    /** Lists the countries in which postal addresses are accepted, with their names in the language of the response. The list is the same for everybody and can be cached. */
    GET: { data: CountryList; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/v1/deletion-cancellations": {
    /** Cancels the deletion that the link was sent for, and sends a confirmation to the same contact. The link works once, and only until the deletion is scheduled again. */
    POST: { body: LinkToken; data: undefined; code: "deletion_begun" | "edge_required" | "internal" | "link_invalid" | "malformed" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/deletion-cancellations/link": {
    /** Returns the account whose deletion a mailed link cancels, and when the deletion begins, so that a page can show both before it asks for a confirmation. The link stays valid. */
    POST: { body: LinkToken; data: LinkOwner; code: "deletion_begun" | "edge_required" | "internal" | "link_invalid" | "malformed" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/donation-settings": {
    /** Returns the range of donations, the key for Stripe's script in the browser, and the settings of captchas. */
    GET: { data: DonationSettings; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/v1/donations": {
    /** Lists the caller's donations, the newest first, including unpaid ones. */
    GET: { query?: { "limit"?: number; "cursor"?: string }; data: DonationList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Begins a donation, and creates its payment at Stripe. */
    POST: { header: { "Idempotency-Key": string; "Proof-of-Work"?: string }; body: NewDonation; data: BegunDonation; code: "captcha_required" | "conflict" | "edge_required" | "idempotency_key_required" | "idempotency_key_reused" | "internal" | "invalid" | "malformed" | "proof_of_work_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/donations/{donation}": {
    /** Returns one of the caller's donations. If it is not paid yet, Stripe is asked first, so that a caller who has just paid sees the current state even if Stripe's webhook is late. */
    GET: { path: { "donation": DonationId }; data: DonationInfo; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/friends": {
    /** Lists the caller's friends, the requests that they have sent or received, or the people whom they block. */
    GET: { query?: { "relation"?: ("friends" | "sent" | "received" | "blocked"); "username"?: string; "order"?: ("newest" | "oldest"); "limit"?: number; "cursor"?: string }; data: FriendList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/friends/{user}": {
    /** Ends a friendship. */
    DELETE: { path: { "user": UserId }; data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Reads the relation of the caller to another person. */
    GET: { path: { "user": UserId }; data: RelationInfo; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/friends/{user}/accept": {
    /** Accepts a friend request. The operation can be repeated. */
    POST: { path: { "user": UserId }; data: RelationInfo; code: "conflict" | "edge_required" | "friends_full" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/friends/{user}/block": {
    /** Unblocks somebody. The friendship and the requests that the block has ended do not come back. */
    DELETE: { path: { "user": UserId }; data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Blocks somebody: friendship and requests end, the direct room is hidden from both, and neither can write to the other. The other person is not notified. The operation can be repeated. */
    PUT: { path: { "user": UserId }; data: RelationInfo; code: "conflict" | "edge_required" | "friend_self" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many" | "too_many_requests" | "unavailable" };
  };
  "/v1/friends/{user}/reject": {
    /** Rejects a friend request. Its sender can ask again after seven days. The operation can be repeated. */
    POST: { path: { "user": UserId }; data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/friends/{user}/request": {
    /** Withdraws the caller's friend request. `friend_state` if it was accepted in the meantime. */
    DELETE: { path: { "user": UserId }; data: undefined; code: "conflict" | "edge_required" | "friend_state" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Sends a friend request, or accepts the one that the other person has sent: 201 if the request waits for an answer, 200 if the two are friends now. */
    POST: { path: { "user": UserId }; data: RelationInfo; code: "conflict" | "edge_required" | "friend_exists" | "friend_paused" | "friend_self" | "friend_state" | "friends_full" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many" | "too_many_requests" | "unavailable" };
  };
  "/v1/health": {
    /** Returns whether all services that the system depends on answer. If not, the problem `unavailable` names the others in `away`. Results are kept for ten seconds. */
    GET: { data: Health; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/v1/health/alarms": {
    /** Lists the alarms of this deployment with their states, the raised ones first. An alarm that has never changed is not in the list. */
    GET: { data: AlarmList; code: "edge_required" | "forbidden" | "internal" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/health/live": {
    /** Returns 204 without calling other services. */
    GET: { data: undefined; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/v1/health/mail": {
    /** Returns the numbers of sent, bounced, complained and rejected mails of the last two weeks, by day. Mails that other systems send with the same account of the mail service, in the same region, are included. */
    GET: { data: MailHealth; code: "edge_required" | "forbidden" | "internal" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/health/schedules": {
    /** Lists when the function of each schedule last ran successfully. Most functions record it once an hour, so a new schedule may be missing for an hour. */
    GET: { data: ScheduleList; code: "edge_required" | "forbidden" | "internal" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
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
  "/v1/me/api-keys": {
    /** Lists the caller's keys, without their secrets. */
    GET: { data: ApiKeyList; code: "edge_required" | "forbidden" | "internal" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Creates a key for a program of the caller. It is shown once. It is valid for thirty days, while the caller has the role and their credentials do not change. */
    POST: { body: CreateApiKey; data: CreatedApiKey; code: "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/api-keys/{key}": {
    /** Revokes a key of the caller, with effect from its next use. */
    DELETE: { path: { "key": ApiKeyId }; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/deactivation": {
    /** Deactivates the account. All sessions end, sockets are closed, trusted devices are revoked, and the profile is hidden. The data is kept, and the username, address and number stay taken. Only a superuser can reactivate the account: signing in, registering again or resetting the password does not. Its owner is notified. A superuser cannot be deactivated before another superuser has removed that role. */
    POST: { body: DeactivateMe; data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "password_wrong" | "step_up_required" | "superuser_stays" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/deletion": {
    /** Cancels a scheduled deletion. A confirmation goes by mail, or by text message to a person without an address. */
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
    /** Requests an archive of all data that is stored about the caller: profile, addresses, sessions, rooms, messages, pictures, files of messages. It contains no secrets. */
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
    /** Allows or forbids the person whose code the caller has entered to see the caller's phone number. */
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
  "/v1/me/notification-settings": {
    /** Reads the notification settings of the caller. */
    GET: { data: NotificationSettings; code: "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Changes the notification settings of the caller. */
    PATCH: { body: UpdateNotificationSettings; data: NotificationSettings; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
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
    /** Renames a passkey. It is among the caller's security events. */
    PATCH: { path: { "passkey": PasskeyId }; body: RenamePasskey; data: PasskeyInfo; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
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
    POST: { body: CreateUpload; data: CreatedUpload_UploadId; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/me/picture/uploads/{upload}": {
    /** Reads the state of an upload. */
    GET: { path: { "upload": string }; data: UploadStatus; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/plan": {
    /** Returns the plan that the caller has paid for. A full refund ends it, and a dispute suspends it until it is won. */
    GET: { data: MyPlan; code: "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/room-invitations": {
    /** Lists the rooms that the caller is invited to. */
    GET: { query?: { "limit"?: number; "cursor"?: string }; data: RoomInvitationList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/security-events": {
    /** Lists the caller's security events, the newest first: changes of their credentials, addresses and profile, and changes by staff. */
    GET: { query?: { "limit"?: number; "cursor"?: string }; data: SecurityEventList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/me/username": {
    /** Changes the caller's username, and notifies them by mail or text message. The former name can no longer be used to sign in. It is reserved for 30 days, in which its owner can take it back. */
    PUT: { header: { "If-Match": string }; body: ChangeUsername; data: Me; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "version_mismatch" | "version_required" };
  };
  "/v1/models": {
    /** Searches the catalogue: first the models that match, then the others, each in the order of their titles, in batches of five. Needs no account. */
    GET: { query?: { "search"?: string; "creator"?: string; "creator_id"?: string; "country"?: string; "cursor"?: string }; data: ModelList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "too_many_requests" | "unavailable" };
    /** Creates a model. Requires a captcha if this deployment uses captchas, and a proof of work instead while their service does not answer. */
    POST: { header?: { "Proof-of-Work"?: string }; body: CreateModel; data: ModelInfo; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "proof_of_work_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/models/{model}": {
    /** Deletes one of the caller's models: 412 if it has changed since the version in `If-Match`. */
    DELETE: { path: { "model": ModelId }; header: { "If-Match": string }; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" | "version_mismatch" | "version_required" };
    /** Reads a model. */
    GET: { path: { "model": ModelId }; data: ModelInfo; code: "edge_required" | "internal" | "malformed" | "not_found" | "too_many_requests" | "unavailable" };
    /** Changes one of the caller's models: 412 if it has changed since the version in `If-Match`. */
    PATCH: { path: { "model": ModelId }; header: { "If-Match": string }; body: UpdateModel; data: ModelInfo; code: "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "version_mismatch" | "version_required" };
  };
  "/v1/moderation/bans": {
    /** Lists the people who are banned from chat, in the order in which the bans end. */
    GET: { query?: { "limit"?: number; "cursor"?: string }; data: BanList; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/moderation/bans/{user}": {
    /** Ends a ban early. The person is notified by mail and in their inbox. */
    DELETE: { path: { "user": UserId }; header: { "Reason": string }; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Bans somebody from chat, or replaces their ban by another one. */
    PUT: { path: { "user": UserId }; body: BanFromChat; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/moderation/comments/{product}/{comment}": {
    /** Deletes a comment of somebody else. For moderators with a recent proof by a second factor. */
    DELETE: { path: { "product": ProductId; "comment": CommentId }; header: { "Reason": string }; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Changes a comment of somebody else. For moderators with a recent proof by a second factor. Not for the comment of somebody with a role as high as theirs. */
    PUT: { path: { "product": ProductId; "comment": CommentId }; header: { "Reason": string }; body: WriteComment; data: CommentInfo; code: "account_protected" | "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/moderation/messages/{room}/{seq}": {
    /** Deletes a message in any room, at any time. Its number stays. No effect if it is deleted already. */
    DELETE: { path: { "room": string; "seq": number }; header: { "Reason": string }; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Shows a reported message, or any message of the public room, with its earlier texts and its report. */
    GET: { path: { "room": string; "seq": number }; data: ModeratedMessage; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/moderation/public-room": {
    /** Sets the rules of the public room. They apply to new messages. `GET /v1/rooms/public` shows the current ones. */
    PUT: { body: SetPublicRoom; data: undefined; code: "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/moderation/reports": {
    /** Lists the reported messages, the oldest report first. */
    GET: { query?: { "state"?: ("open" | "resolved"); "limit"?: number; "cursor"?: string }; data: ReportList; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/moderation/reports/{room}/{seq}/resolution": {
    /** Resolves the report of a message. Another report of the message opens it again. */
    POST: { path: { "room": string; "seq": number }; body: ResolveReport; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/notifications": {
    /** Lists the caller's notifications of the last ninety days, the newest first. */
    GET: { query?: { "unread"?: boolean; "limit"?: number; "cursor"?: string }; data: NotificationList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/notifications/read": {
    /** Marks all notifications up to one as read. An earlier one has no effect. The operation can be repeated. */
    POST: { body: ReadNotifications; data: undefined; code: "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/notifications/unread": {
    /** Counts the caller's unread notifications. */
    GET: { data: UnreadCount; code: "edge_required" | "internal" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/notifications/{notification}/read": {
    /** Marks a notification as read. The operation can be repeated. */
    POST: { path: { "notification": NotificationId }; data: undefined; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/orders": {
    /** Lists the caller's orders, the newest first. */
    GET: { query?: { "limit"?: number; "cursor"?: string }; data: OrderList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Orders the content of the caller's cart. The recipient is the name, the phone number and the main address of the account. */
    POST: { header: { "Idempotency-Key": string; "Proof-of-Work"?: string }; body: PlaceOrder; data: OrderInfo; code: "captcha_required" | "conflict" | "edge_required" | "idempotency_key_required" | "idempotency_key_reused" | "internal" | "invalid" | "malformed" | "order_incomplete" | "orders_open" | "out_of_stock" | "prices_changed" | "proof_of_work_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/orders/{order}": {
    /** Returns one of the caller's orders. If it is not paid yet, Stripe is asked first, so that a caller who has just paid sees the current state even if Stripe's webhook is late. */
    GET: { path: { "order": OrderId }; data: OrderInfo; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/orders/{order}/cancellation": {
    /** Cancels one of the caller's orders that is not shipped yet and, if it is by card, not paid. Its products are in stock again. The payment of an order by card is cancelled at Stripe first; while the bank decides about it the order does not change. */
    POST: { path: { "order": OrderId }; data: OrderInfo; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "order_state" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/orders/{order}/payment": {
    /** Returns the secret to pay one of the caller's orders by card, for example in another tab. If Stripe has cancelled the payment, another one is begun. After three refused cards a captcha is required, if this deployment uses captchas, and a proof of work while their service does not answer. */
    POST: { path: { "order": OrderId }; header?: { "Proof-of-Work"?: string }; body?: (PayOrder | null); data: OrderInfo; code: "captcha_required" | "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "order_state" | "proof_of_work_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
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
    /** Returns the account whose password a mailed link changes, so that a page can show it before it asks for the new one. The link stays valid. */
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
  "/v1/plan-payments": {
    /** Lists the caller's payments of plans, the newest first, including unpaid ones. */
    GET: { query?: { "limit"?: number; "cursor"?: string }; data: PlanPaymentList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Begins the payment of a plan, and creates it at Stripe. The amount is the price of the plan. */
    POST: { header: { "Idempotency-Key": string; "Proof-of-Work"?: string }; body: NewPlanPayment; data: BegunPlanPayment; code: "captcha_required" | "conflict" | "edge_required" | "idempotency_key_required" | "idempotency_key_reused" | "internal" | "invalid" | "malformed" | "plan_held" | "proof_of_work_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/plan-payments/{payment}": {
    /** Returns one of the caller's payments of plans. If it is not paid yet, Stripe is asked first, so that a caller who has just paid sees the current state even if Stripe's webhook is late. */
    GET: { path: { "payment": PlanPaymentId }; data: PlanPaymentInfo; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/plans": {
    /** Returns the plans that can be bought, the key for Stripe's script in the browser, and where captchas come from. */
    GET: { data: PlanList; code: "edge_required" | "internal" | "malformed" | "too_many_requests" | "unavailable" };
  };
  "/v1/product-slugs/{slug}": {
    /** Shows the product with this slug. */
    GET: { path: { "slug": string }; data: ProductInfo; code: "edge_required" | "internal" | "malformed" | "not_found" | "too_many_requests" | "unavailable" };
  };
  "/v1/products": {
    /** Lists products. */
    GET: { query?: { "q"?: string; "category"?: CategoryId; "availability"?: ("available" | "unavailable"); "min_price"?: number; "max_price"?: number; "sort"?: ("newest" | "name_asc" | "name_desc" | "price_asc" | "price_desc"); "limit"?: number; "cursor"?: string }; data: ProductList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "too_many_requests" | "unavailable" };
    /** Creates a product. */
    POST: { body: CreateProduct; data: ProductInfo; code: "api_key_invalid" | "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "name_taken" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/products/{product}": {
    /** Deletes a product. */
    DELETE: { path: { "product": ProductId }; header: { "If-Match": string; "Reason"?: string }; data: undefined; code: "api_key_invalid" | "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" | "version_mismatch" | "version_required" };
    /** Shows a product. */
    GET: { path: { "product": ProductId }; data: ProductInfo; code: "edge_required" | "internal" | "malformed" | "not_found" | "too_many_requests" | "unavailable" };
    /** Changes a product. */
    PATCH: { path: { "product": ProductId }; header: { "If-Match": string }; body: UpdateProduct; data: ProductInfo; code: "api_key_invalid" | "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "name_taken" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "version_mismatch" | "version_required" };
  };
  "/v1/products/{product}/comments": {
    /** Lists the comments on a product. A product that does not exist has none. */
    GET: { path: { "product": ProductId }; query?: { "limit"?: number; "cursor"?: string }; data: CommentList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "too_many_requests" | "unavailable" };
    /** Writes a comment on a product. */
    POST: { path: { "product": ProductId }; body: WriteComment; data: CommentInfo; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/products/{product}/comments/{comment}": {
    /** Deletes the caller's own comment. */
    DELETE: { path: { "product": ProductId; "comment": CommentId }; data: undefined; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Changes the caller's own comment. */
    PUT: { path: { "product": ProductId; "comment": CommentId }; body: WriteComment; data: CommentInfo; code: "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/products/{product}/picture": {
    /** Removes the picture of a product. No effect if there is none. People have to state a `Reason`; programs may. */
    DELETE: { path: { "product": ProductId }; header?: { "Reason"?: string }; data: undefined; code: "api_key_invalid" | "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/products/{product}/picture/uploads": {
    /** Returns a link for the upload of a picture of a product. */
    POST: { path: { "product": ProductId }; body: CreateUpload; data: CreatedUpload_UploadId; code: "api_key_invalid" | "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/products/{product}/picture/uploads/{upload}": {
    /** Reads the state of the caller's upload for a product. */
    GET: { path: { "product": ProductId; "upload": string }; data: UploadStatus; code: "api_key_invalid" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/products/{product}/rating": {
    /** Withdraws the caller's rating of a product. No effect if there is none. */
    DELETE: { path: { "product": ProductId }; data: undefined; code: "conflict" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Shows the caller's rating of a product. */
    GET: { path: { "product": ProductId }; data: OwnRating; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Rates a product. Replaces the caller's former rating. */
    PUT: { path: { "product": ProductId }; body: RateProduct; data: undefined; code: "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/products/{product}/stock": {
    /** Shows the stock of a product. For administrators. */
    GET: { path: { "product": ProductId }; data: Stock; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
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
    POST: { path: { "flow": FlowToken }; body: CompleteRegistration; data: SignedIn; code: "account_exists" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "origin_refused" | "step_required" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "username_taken" };
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
    /** Creates a group or a channel. The caller is its owner and its only member. */
    POST: { body: CreateRoom; data: RoomInfo; code: "chat_banned" | "edge_required" | "internal" | "invalid" | "malformed" | "slug_taken" | "token_invalid" | "too_large" | "too_many" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/rooms/direct": {
    /** Opens the direct room with somebody: 201 if it is new, 200 if it existed. */
    POST: { body: OpenDirectRoom; data: RoomInfo; code: "chat_banned" | "chat_not_allowed" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "room_with_self" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/rooms/{room}": {
    /** Deletes a group or a channel with everything in it. Only its owner may do so. */
    DELETE: { path: { "room": string }; data: undefined; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Shows one of the caller's rooms. */
    GET: { path: { "room": string }; data: RoomInfo; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Changes the name, the topic or the rules of a group or a channel. Only its owner and its administrators may do so. */
    PATCH: { path: { "room": string }; body: UpdateRoom; data: RoomInfo; code: "chat_banned" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/rooms/{room}/attachments/{attachment}": {
    /** Returns links to a file of a message that the caller may read, valid for five minutes. */
    GET: { path: { "room": string; "attachment": string }; data: AttachmentLinks; code: "chat_banned" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/rooms/{room}/bans": {
    /** Lists who is banned from a group or a channel. Only its owner and its administrators may do so. */
    GET: { path: { "room": string }; query?: { "limit"?: number; "cursor"?: string }; data: RoomBanList; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/rooms/{room}/bans/{user}": {
    /** Ends a ban early. Only the owner and the administrators may do so. No effect if there is no ban. */
    DELETE: { path: { "room": string; "user": UserId }; data: undefined; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Bans somebody from a group or a channel, or replaces their ban by another one. */
    PUT: { path: { "room": string; "user": UserId }; body: BanFromRoom; data: undefined; code: "chat_banned" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "owner_stays" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/rooms/{room}/invitations/{user}": {
    /** Declines the caller's own invitation, or withdraws that of somebody else, which only the owner and the administrators may do. No effect if there is no invitation. */
    DELETE: { path: { "room": string; "user": UserId }; data: undefined; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Invites somebody to a group or a channel, or adds a friend to a group. Only its owner and its administrators may do so. No effect for a member, or for somebody who is invited already. */
    PUT: { path: { "room": string; "user": UserId }; data: undefined; code: "chat_banned" | "chat_not_allowed" | "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "room_banned" | "token_invalid" | "too_many" | "too_many_requests" | "unavailable" };
  };
  "/v1/rooms/{room}/members": {
    /** Lists the members of one of the caller's rooms. The list of the public room is empty, because everybody is in it. */
    GET: { path: { "room": string }; query?: { "limit"?: number; "cursor"?: string }; data: RoomMemberList; code: "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Makes the caller a member of a public channel, or of a room that they are invited to, unless they are banned from it. No effect for a member. */
    POST: { path: { "room": string }; data: RoomInfo; code: "chat_banned" | "edge_required" | "internal" | "malformed" | "not_found" | "room_banned" | "token_invalid" | "too_many" | "too_many_requests" | "unavailable" };
  };
  "/v1/rooms/{room}/members/{user}": {
    /** Removes a member, or ends the caller's own membership. */
    DELETE: { path: { "room": string; "user": UserId }; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "owner_stays" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Gives a member another role. Only the owner may do so. If somebody else is made the owner, the caller becomes an administrator. */
    PUT: { path: { "room": string; "user": UserId }; body: RoleOfMember; data: undefined; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "owner_stays" | "token_invalid" | "too_large" | "too_many" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/rooms/{room}/messages": {
    /** Lists the messages of one of the caller's rooms, the newest page first, back to the number at which the caller joined. */
    GET: { path: { "room": string }; query?: { "limit"?: number; "cursor"?: string }; data: MessageList; code: "chat_banned" | "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Sends a message to one of the caller's rooms, as `send` does over the socket: for clients whose socket is not open. */
    POST: { path: { "room": string }; header: { "Idempotency-Key": string }; body: SendMessage; data: Message; code: "attachment_invalid" | "chat_banned" | "chat_not_allowed" | "edge_required" | "forbidden" | "idempotency_key_required" | "idempotency_key_reused" | "internal" | "invalid" | "malformed" | "message_length" | "not_found" | "slow_mode" | "token_invalid" | "too_large" | "too_many" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/rooms/{room}/messages/{seq}/reports": {
    /** Reports a message in one of the caller's rooms to the moderators. Nobody sees who reported it. */
    POST: { path: { "room": string; "seq": number }; body: ReportMessage; data: undefined; code: "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/rooms/{room}/notices": {
    /** Mutes or unmutes one of the caller's rooms. */
    PUT: { path: { "room": string }; body: RoomNotices; data: undefined; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/rooms/{room}/receipts": {
    /** Lists up to which message the others in one of the caller's rooms have read. */
    GET: { path: { "room": string }; data: ReceiptList; code: "chat_banned" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/rooms/{room}/uploads": {
    /** Returns a link for the upload of a file, which the caller can then send with a message in this room. */
    POST: { path: { "room": string }; body: CreateAttachment; data: CreatedUpload_AttachmentId; code: "chat_banned" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "storage_full" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/rooms/{room}/uploads/{attachment}": {
    /** Reads the state of one of the caller's uploads. */
    GET: { path: { "room": string; "attachment": string }; data: AttachmentUpload; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/sessions": {
    /** Ends all other sessions of the caller, and closes their sockets. The end is recorded among the caller's security events. */
    DELETE: { data: undefined; code: "edge_required" | "internal" | "malformed" | "origin_refused" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Lists the sessions of the caller. */
    GET: { data: SessionList; code: "edge_required" | "internal" | "malformed" | "origin_refused" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Signs in, or returns the second step that is needed. If the request carries the token of the client's former session, that session ends. */
    POST: { header?: { "Idempotency-Key"?: (string | null); "Proof-of-Work"?: string }; body: CreateSession; data: SignInStep | SignedIn; code: "credentials_invalid" | "edge_required" | "idempotency_key_reused" | "internal" | "malformed" | "origin_refused" | "proof_of_work_required" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
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
    /** Ends one session of the caller and closes its sockets. The end is recorded among the caller's security events, unless it is the session of the request. */
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
    /** Verifies the answer to the chosen factor, which completes a sign-in or a step-up. Instead of a lost passkey the password is accepted, followed by a code. The code is sent to this operation too; if two factors send codes, choose one of them first. A step-up needs the session's access token. It returns a new access token and a new refresh token, in the cookie if the session keeps its token there. The former tokens do not have the new proof, and can no longer be refreshed. The challenge of a passkey can be answered once, correctly or not: choose the passkey again to get another challenge. The same correct answer again within ten seconds gets the same response, and is not counted. */
    POST: { path: { "flow": FlowToken }; body: VerifySignIn; data: SignInStep | SignedIn; code: "code_invalid" | "conflict" | "edge_required" | "factor_locked" | "factor_unavailable" | "internal" | "invalid" | "malformed" | "not_found" | "origin_refused" | "passkey_invalid" | "password_wrong" | "resend_too_early" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/statistics/invites": {
    /** Counts registrations, proven contacts and entered codes by day, and lists the top inviters. */
    GET: { query?: { "days"?: number; "until"?: string }; data: InviteStatistics; code: "api_key_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/step-ups": {
    /** Begins a step-up, which is completed at `/v1/sign-ins/{id}/verify` with the strongest factor of the account, or with the replacement for a lost passkey. For five minutes after it the caller may use the operations that need a recent proof: those on the e-mail address, phone number, password, second factors, deletion and export, and those by which staff change something. */
    POST: { data: SignInStep; code: "conflict" | "edge_required" | "internal" | "malformed" | "origin_refused" | "resend_too_early" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/stripe-events": {
    /** Receives an event of Stripe, signed with a secret of the endpoint. */
    POST: { header: { "Stripe-Signature": string }; body: StripeEvent; data: EventReceipt; code: "conflict" | "edge_required" | "internal" | "malformed" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/support/figures": {
    /** Shows how long customers waited for first answers, by day. For moderators. */
    GET: { query?: { "days"?: number }; data: DeskFigures; code: "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/support/replies": {
    /** Lists the prepared replies of the team. For moderators. */
    GET: { data: PreparedReplyList; code: "edge_required" | "forbidden" | "internal" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Creates a prepared reply for the whole team. The audit records who created it. For moderators with a recent proof by a second factor. */
    POST: { body: PrepareReply; data: PreparedReplyInfo; code: "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/support/replies/{reply}": {
    /** Deletes a prepared reply. No effect if there is none. The audit records who deleted it, and why. For moderators with a recent proof by a second factor. */
    DELETE: { path: { "reply": ReplyId }; header: { "Reason": string }; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Replaces a prepared reply: 412 if it has changed since the version in `If-Match`. The audit records who replaced it. For moderators with a recent proof by a second factor. */
    PUT: { path: { "reply": ReplyId }; header: { "If-Match": string }; body: PrepareReply; data: PreparedReplyInfo; code: "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" | "version_mismatch" | "version_required" };
  };
  "/v1/support/search": {
    /** Searches threads by their customer or their subject. For moderators. */
    GET: { query: { "q": string; "limit"?: number; "cursor"?: string }; data: DeskThreadsFound; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/support/thread": {
    /** Returns the caller's support thread, with the number of unread messages. `not_found` if they have none. */
    GET: { data: OwnSupportThread; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Opens the caller's support thread and sets its subject: 201 if it is new, 200 if it existed. Everybody has at most one thread, with the whole team. */
    PUT: { body: OpenSupportThread; data: SupportThread; code: "chat_banned" | "conflict" | "edge_required" | "internal" | "invalid" | "malformed" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/support/thread/messages": {
    /** Lists the messages of the caller's support thread, the newest page first. */
    GET: { query?: { "limit"?: number; "cursor"?: string }; data: SupportMessageList; code: "chat_banned" | "cursor_invalid" | "edge_required" | "internal" | "invalid" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Sends a message to the support team. It opens a thread that was done. */
    POST: { body: SendSupportMessage; data: SentSupportMessage; code: "chat_banned" | "edge_required" | "internal" | "invalid" | "malformed" | "message_length" | "nonce_reused" | "not_found" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/support/thread/transcript": {
    /** Mails the caller a transcript of their support thread: its last two hundred messages, to the address of their account. */
    POST: { data: undefined; code: "contact_required" | "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/support/threads": {
    /** Lists the threads in a state. For moderators. */
    GET: { query?: { "state"?: ThreadState; "limit"?: number; "cursor"?: string }; data: DeskThreadList; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/support/threads/{thread}": {
    /** Returns a thread. For moderators. The audit records who read it. */
    GET: { path: { "thread": RoomId }; data: DeskThreadRead; code: "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/support/threads/{thread}/give": {
    /** Assigns a thread of the caller to another member of the team. For moderators. */
    POST: { path: { "thread": RoomId }; body: GiveThread; data: DeskThread; code: "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "thread_taken" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/support/threads/{thread}/messages": {
    /** Lists the messages of a thread with their authors, the newest page first. For moderators. The audit records who read them. */
    GET: { path: { "thread": RoomId }; query?: { "limit"?: number; "cursor"?: string }; data: SupportMessageList; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Sends an answer of the team. It is refused with `thread_moved_on` if somebody has written in the meantime, so that only one of two concurrent answers is sent. For moderators. */
    POST: { path: { "thread": RoomId }; body: SendDeskMessage; data: SentSupportMessage; code: "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "message_length" | "nonce_reused" | "not_found" | "second_factor_required" | "step_up_required" | "thread_moved_on" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/support/threads/{thread}/notes": {
    /** Lists the notes on a thread, the newest first. For moderators. */
    GET: { path: { "thread": RoomId }; query?: { "limit"?: number; "cursor"?: string }; data: DeskNoteList; code: "cursor_invalid" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
    /** Adds a note to a thread. Its customer never sees it. For moderators. */
    POST: { path: { "thread": RoomId }; body: WriteNote; data: DeskNote; code: "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/support/threads/{thread}/notes/{note}": {
    /** Deletes a note: the caller's own, or any note for a superuser with a recent proof and a `Reason`. No effect if there is none. The audit records it. For moderators. */
    DELETE: { path: { "thread": RoomId; "note": NoteId }; header?: { "Reason"?: string }; data: undefined; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "reason_required" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/support/threads/{thread}/replies/{reply}": {
    /** Fills the variables of a prepared reply in for a thread. Nothing is sent. For moderators. */
    GET: { path: { "thread": RoomId; "reply": ReplyId }; query?: { "order"?: string }; data: FilledReply; code: "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/support/threads/{thread}/state": {
    /** Changes the state of a thread, unless somebody has written since the caller read it, or it has no message. For moderators. */
    PUT: { path: { "thread": RoomId }; body: SetThreadState; data: DeskThread; code: "conflict" | "edge_required" | "forbidden" | "internal" | "invalid" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "thread_moved_on" | "token_invalid" | "too_large" | "too_many_requests" | "unavailable" | "unsupported_content_encoding" | "unsupported_media_type" };
  };
  "/v1/support/threads/{thread}/take": {
    /** Assigns a thread without an assignee to the caller, unless it is done or has no message. No effect if the caller has it. For moderators. */
    POST: { path: { "thread": RoomId }; data: DeskThread; code: "conflict" | "edge_required" | "forbidden" | "internal" | "malformed" | "not_found" | "second_factor_required" | "step_up_required" | "thread_taken" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
  "/v1/usernames/{username}/availability": {
    /** Returns whether a username is available. A name that another account gave up within the last 30 days is not. */
    GET: { path: { "username": string }; data: UsernameAvailability; code: "edge_required" | "internal" | "malformed" | "not_found" | "origin_refused" | "too_many_requests" | "unavailable" };
  };
  "/v1/users/{username}": {
    /** Reads somebody's public profile. */
    GET: { path: { "username": string }; data: PublicProfile; code: "edge_required" | "internal" | "malformed" | "not_found" | "token_invalid" | "too_many_requests" | "unavailable" };
  };
}
