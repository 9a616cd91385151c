// The types of `stoa.js`.

import type {
  Author, BanFromRoom, Chat, ClubInfo, CreateRoom, FriendInfo, Message, NotificationInfo, Operations, PersonInfo, RoomBanInfo, RoomInvitation, RoomKind,
  RoomMemberInfo, RoomRole, ShareLocation, Unread, UnreadCount, UpdateMe, UpdateRoom, UploadStatus,
} from "./api.js";
import type { Answer, Core, Options, Pages, PathOf, Method, Result, Store, StoaProblem } from "./core.js";
import type { Asks, Push, SupportAsks, SupportPush, ToldClosing, ToldError } from "./frames.js";

export type * from "./api.js";
export type * from "./frames.js";
export * from "./core.js";

/** The answer of an operation. */
export type Of<M extends Method, P extends PathOf<M>> = Promise<Answer<M extends keyof Operations[P] ? Operations[P][M] : never>>;

/** A list of the server. It is empty until its first page is read. */
export interface List<T, I = T> extends Store<T[]> {
  /** Reads the next page, which is the first one if none was read. */
  more(): Promise<Result<{ items: I[]; more: boolean }>>;
  /** Reads the first page again. */
  reload(): Promise<Result<{ items: I[]; more: boolean }>>;
}

/** `waiting`: for the next attempt. `refused`: banned, or not from this origin; `start` tries again. */
export type LiveState = "off" | "connecting" | "live" | "waiting" | "refused";

/** What can be asked, by stream. */
export interface StreamAsks {
  chat: Asks;
  support: SupportAsks;
}

/** The frames that nobody asked for, by stream. */
export interface StreamPushes {
  chat: Exclude<Push, NotificationInfo | ToldClosing | ToldError>;
  notification: NotificationInfo;
  support: SupportPush;
}

type Asked<A, T extends keyof A> = { type: T } & (A[T] extends { ask: infer P } ? P : never);
type Answered<A, T extends keyof A> = Promise<Result<A[T] extends { answer: infer P } ? P : never>>;

/** The socket. It is opened by the first room, opened again when it is lost, and keeps to the limits of the server. */
export interface Live extends Store<LiveState> {
  /** How many sockets were opened. It changes after each greeting, also when a socket has replaced another one without a gap. */
  readonly sockets: Store<number>;
  /** Why the state is `refused`, such as a ban with its reason. */
  readonly refusal: Store<StoaProblem | undefined>;
  start(): void;
  stop(): void;
  /** Sends a frame and waits for its answer. Without a stream it is a frame of the chat. */
  ask<T extends keyof Asks>(payload: Asked<Asks, T>): Answered<Asks, T>;
  ask<S extends keyof StreamAsks, T extends keyof StreamAsks[S]>(payload: Asked<StreamAsks[S], T>, stream: S): Answered<StreamAsks[S], T>;
  /** Gets each frame that nobody asked for, until the returned function is called. */
  on(listener: (...frame: { [S in keyof StreamPushes]: [payload: StreamPushes[S], stream: S] }[keyof StreamPushes]) => void): () => void;
  on(listener: (payload: StreamPushes[keyof StreamPushes]) => void): () => void;
}

/** A message. One's own is there from the moment it is sent, with a nonce, and without a number until the server has it. */
export interface RoomMessage extends Omit<Message, "room" | "seq" | "id" | "author" | "reply_to" | "attachments"> {
  room?: string;
  seq?: number;
  id?: string;
  author?: Partial<Author>;
  reply_to?: number | undefined;
  attachments?: Attachment[] | undefined;
  nonce?: string;
  state: "sending" | "sent" | "failed";
  /** Why it was refused. */
  problem?: StoaProblem | undefined;
}

/** A file of a message. */
export type Attachment = Message extends { attachments?: (infer A extends { id: string })[] } ? A : { id: string };

/** What became of a file that was uploaded for a room. */
export interface AttachedFile {
  id: string;
  state: "waiting" | "ready" | "sent" | "refused";
  attachment?: Attachment;
  /** Why it was refused. */
  reason?: string;
}

/** A room that is followed. Its messages are in order, complete and without repetitions, whatever happens to the connection. */
export interface Room {
  /** Its id, or `public`. */
  readonly name: string;
  /** Ascending; one's own that are not yet sent are last. Of a room that is open for long the newest thousand, and what `older` has read. */
  readonly messages: Store<RoomMessage[]>;
  /** Whether the messages begin with the first one of the room. */
  readonly complete: Store<boolean>;
  /** How many others are online, in the public room. */
  readonly online: Store<{ online: number; more: boolean } | undefined>;
  /** Who types, in rooms of up to twenty. */
  readonly typists: Store<string[]>;
  /** The number up to which the person has read, on any device. */
  readonly readUpto: Store<number | undefined>;
  /** How many messages are unread: counted by the server in the list of rooms, and by this client from then on. */
  readonly unread: Store<Unread | undefined>;
  /** Up to which message the others have read: in rooms of up to twenty, among people who show it. Empty until `readBy` is called. */
  readonly receipts: Store<{ user: string; seq: number }[]>;
  /** Whether the person is no member any more, because they left, were removed or the room was deleted. Then the room is closed. */
  readonly gone: Store<boolean>;
  /** The members of a group or a channel. */
  readonly members: RoomMembers;
  /** Sends a text. It stays in order with the others, and is sent again until the server has it or has refused it. */
  send(text: string, options?: { replyTo?: number; attachments?: Attachment[] }): Promise<Result<RoomMessage>>;
  /** Uploads a file for this room. It is `ready` or `refused`; what is ready is sent in `attachments` of one message. */
  attach(file: File, options?: { onProgress?: (part: number) => void; signal?: AbortSignal }): Promise<Result<AttachedFile>>;
  /** The links to a file of a message, which are valid for a few minutes. */
  file(id: string): Promise<Result<{ attachment: Attachment; url: string; preview_url?: string; expires_at: string }>>;
  /** Replaces the text of one's own message, within fifteen minutes. */
  edit(seq: number, text: string): Promise<{ problem?: StoaProblem }>;
  /** Deletes a message: one's own within fifteen minutes, or any in a room that one administrates. */
  remove(seq: number): Promise<{ problem?: StoaProblem }>;
  /** Tells the others that one types. May be called at every key. */
  typing(): void;
  /** Marks the messages up to this number as read, by default all. May be called often. */
  read(seq?: number): void;
  /** Marks this message and those after it as unread. */
  markUnread(seq: number): Promise<{ problem?: StoaProblem }>;
  /** Asks up to where the others have read. What changes then is in `receipts`. */
  readBy(): Promise<{ problem?: StoaProblem }>;
  /** One message, such as the one that another one answers. */
  at(seq: number): Promise<Result<RoomMessage | undefined>>;
  /** Sends a message again that was refused. */
  again(nonce: string): Promise<void>;
  /** Removes a message that was refused. */
  discard(nonce: string): void;
  /** Reads older messages. `more` is false at the beginning of the room. */
  older(): Promise<Result<{ more: boolean }>>;
  /** Changes the name or the topic of a group or a channel that one administrates. */
  update(changed: UpdateRoom): Of<"PATCH", "/v1/rooms/{room}">;
  /** Reports a message to the moderators, with a few words of one's own. Nobody is told who reported it. */
  report(seq: number, reason: string, text?: string): Promise<{ problem?: StoaProblem }>;
  /** Ends one's membership. An owner hands the room over first, or deletes it. */
  leave(): Of<"DELETE", "/v1/rooms/{room}/members/{user}">;
  /** Deletes a group or a channel that one owns, with everything in it. */
  destroy(): Of<"DELETE", "/v1/rooms/{room}">;
  /** Stops following the room. */
  close(): void;
}

/** The members of a group or a channel. People are named by their ids. */
export interface RoomMembers {
  pages(options?: { query?: { limit?: number } }): Pages<RoomMemberInfo>;
  /** Invites somebody, as its owner or an administrator. */
  invite(user: string): Of<"PUT", "/v1/rooms/{room}/invitations/{user}">;
  /** Takes an invitation back. */
  withdraw(user: string): Of<"DELETE", "/v1/rooms/{room}/invitations/{user}">;
  /** Gives a member another role, as its owner. `owner` hands the room over. */
  setRole(user: string, role: RoomRole): Of<"PUT", "/v1/rooms/{room}/members/{user}">;
  /** Removes a member. */
  remove(user: string): Of<"DELETE", "/v1/rooms/{room}/members/{user}">;
  /** Who is banned from the room. */
  bans(options?: { query?: { limit?: number } }): Pages<RoomBanInfo>;
  /** Removes somebody, and keeps them out for as long as is said, or for good. */
  ban(user: string, ban?: BanFromRoom): Of<"PUT", "/v1/rooms/{room}/bans/{user}">;
  unban(user: string): Of<"DELETE", "/v1/rooms/{room}/bans/{user}">;
}

export interface RoomEntry {
  id: string;
  kind: RoomKind;
  last_seq: number;
  with?: Author | null | undefined;
  /** What a group or a channel has, as far as that is known. */
  club?: ClubInfo | undefined;
  /** When the last message was sent, as far as that is known. */
  active_at?: string | null | undefined;
  /** The last message, as far as that is known. */
  last?: Message | undefined;
  /** The number up to which the person has read. */
  read_seq: number;
  /** How many messages are unread. Absent until the list was read. */
  unread?: Unread | undefined;
  /** Whether the person wants no notice of the room. Absent until the list was read. */
  muted?: boolean | undefined;
}

/**
 * One's rooms: the public one first, then those with the last activity. Those of the greeting are there once the socket is open; `more`
 * reads their names, their last messages and how many are unread, and from then on that is kept up to date.
 */
export interface Rooms extends List<RoomEntry, Chat> {
  /** How many messages are unread in the rooms of the list that are not muted, of each room at most 99. */
  readonly unread: Store<number>;
  /** Opens the room with another person. */
  direct(username: string): Promise<Result<Room>>;
  /** Makes a group or a channel and opens it. */
  create(made: CreateRoom): Promise<Result<Room>>;
  /** Becomes a member of a public channel, or of a room that one is invited to, and opens it. */
  join(id: string): Promise<Result<Room>>;
  /** A public channel, by the name in its address. */
  channel(slug: string): Of<"GET", "/v1/channels/{slug}">;
  /** Whether one wants no notice of a room. */
  mute(id: string, muted: boolean): Of<"PUT", "/v1/rooms/{room}/notices">;
  /** The rooms that one is invited to. `join` accepts an invitation. */
  readonly invitations: List<RoomInvitation>;
  decline(id: string): Of<"DELETE", "/v1/rooms/{room}/invitations/{user}">;
}

type Settings = "/v1/me/notification-settings";
type SettingsOf<M extends Method> = Settings extends PathOf<M> ? Of<M, Settings> : Promise<Result<Record<string, unknown>>>;

/** The inbox of notifications, the newest first. It grows by what comes over the socket once its first page was read. */
export interface Notifications extends List<NotificationInfo> {
  /** How many are unread. It is known once the socket is open, or `count` was called. */
  readonly unread: Store<UnreadCount>;
  count(): Of<"GET", "/v1/notifications/unread">;
  read(id: string): Of<"POST", "/v1/notifications/{notification}/read">;
  /** Marks all as read that are in the list, and those before them. */
  readAll(): Promise<{ problem?: StoaProblem }>;
  /** What one is told of, and how. */
  settings(): SettingsOf<"GET">;
  setSettings(changed: Record<string, unknown>): SettingsOf<"PATCH">;
  /** Gets each notification as it comes, until the returned function is called. */
  on(listener: (entry: NotificationInfo) => void): () => void;
}

/** One's friends, and other people. People are named by their ids, except where it says otherwise. */
export interface People extends List<FriendInfo> {
  /** Whom one has asked to become friends. */
  readonly sent: List<FriendInfo>;
  /** Who has asked. */
  readonly received: List<FriendInfo>;
  /** Each connection reads its first page: messages of these people are not counted as unread. */
  readonly blocked: List<FriendInfo>;
  /** Finds people by the beginnings of words of their names, or by a whole e-mail address or phone number. */
  search(q: string, query?: { limit?: number }): Pages<PersonInfo>;
  /** The profile of somebody, by their username. */
  profile(username: string): Of<"GET", "/v1/users/{username}">;
  /** People nearby, if one shares one's location. */
  nearby(withinKm?: number): Of<"GET", "/v1/people/nearby">;
  /** Shares one's location for a day. What `navigator.geolocation` gives can be passed: `share(position.coords)`. */
  share(position: ShareLocation): Of<"PUT", "/v1/me/location">;
  /** Stops sharing it. */
  hide(): Of<"DELETE", "/v1/me/location">;
  /** How one stands to somebody. */
  relation(user: string): Of<"GET", "/v1/friends/{user}">;
  /** Sends a friend request, or accepts theirs. */
  request(user: string): Of<"POST", "/v1/friends/{user}/request">;
  /** Takes one's request back. */
  cancel(user: string): Of<"DELETE", "/v1/friends/{user}/request">;
  accept(user: string): Of<"POST", "/v1/friends/{user}/accept">;
  reject(user: string): Of<"POST", "/v1/friends/{user}/reject">;
  /** Ends a friendship. */
  remove(user: string): Of<"DELETE", "/v1/friends/{user}">;
  block(user: string): Of<"PUT", "/v1/friends/{user}/block">;
  unblock(user: string): Of<"DELETE", "/v1/friends/{user}/block">;
}

/** One's own profile. */
export interface Me {
  get(): Of<"GET", "/v1/me">;
  /** Changes it, in the version that was read last. `version_mismatch`: it has changed in the meantime; `get` reads it again. */
  update(changed: UpdateMe): Of<"PATCH", "/v1/me">;
  setUsername(username: string): Of<"PUT", "/v1/me/username">;
  setPicture(file: File | Blob, options?: { onProgress?: (part: number) => void; signal?: AbortSignal }): Promise<Result<UploadStatus>>;
  removePicture(): Of<"DELETE", "/v1/me/picture">;
}

export interface Stoa extends Core {
  readonly live: Live;
  readonly rooms: Rooms;
  readonly notifications: Notifications;
  readonly people: People;
  readonly me: Me;
  /** Follows a room: the same object for the same room, until it is closed. Closed rooms are empty. */
  room(id: string): Room;
}

export declare function createStoa(options: Options): Stoa;
