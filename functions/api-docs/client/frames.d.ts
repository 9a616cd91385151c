// Written by `cargo xtask sync`. Do not edit.

import type { AttachmentId, Author, EntryKind, Limits, Message, MessageAttachment, MessageId, Nonce, NotificationInfo, Picture, Problem, RoomEvent, RoomId, RoomKind, SupportAuthor, SupportMessage, SupportSide, SupportThread, ThreadState, Timestamp, UserId } from "./api.js";

/** The answer to `send`: the message is committed. This is how everybody sees it, with the nonce as it was sent: where a room masks swear words, the text differs from what was sent. A repetition gets the message in its current state. */
export interface AnswerAck {
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
  type: "ack";
  /** Of a system event: the person whom it happened to or, for events about the room, who caused it. */
  who?: Author;
  /** The other person of a direct room: only with its first message, and only when that is delivered over the socket. */
  with?: Author;
}

/** The answer to `delete`: what is left of the message. */
export interface AnswerDeleted {
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
  type: "deleted";
  /** Of a system event: the person whom it happened to or, for events about the room, who caused it. */
  who?: Author;
  /** The other person of a direct room: only with its first message, and only when that is delivered over the socket. */
  with?: Author;
}

/** The answer to `edit`: the message in its new state, as everybody sees it. */
export interface AnswerEdited {
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
  type: "edited";
  /** Of a system event: the person whom it happened to or, for events about the room, who caused it. */
  who?: Author;
  /** The other person of a direct room: only with its first message, and only when that is delivered over the socket. */
  with?: Author;
}

/** The answer to `hello`. */
export interface AnswerHello {
  /** The limits of the server. */
  limits: Limits;
  /** Whether there are more rooms than fit into the frame: `GET /v1/rooms` lists them. */
  more: boolean;
  /** The number of other people who are online. */
  online: number;
  /** Whether more are online than were counted. */
  online_more: boolean;
  /** The caller's rooms, the public room first. */
  rooms: RoomState[];
  type: "hello";
}

/** The answer to `history`. */
export interface AnswerHistory {
  /** The number to send as `before` for the page before this one. Absent at the beginning of the room. */
  before?: number;
  /** The messages and system events in ascending order, one for each number. */
  messages: Message[];
  /** The room. */
  room: RoomId;
  type: "history";
  /** The highest number that this page covers: newer messages are read with `sync` from here. */
  upto: number;
}

/** The answer to `online`. */
export interface AnswerOnline {
  /** Whether more are online than were counted. */
  more: boolean;
  /** The number of other people who are online. */
  online: number;
  /** The room. */
  room: RoomId;
  type: "online";
}

/** The answer to `ping`. */
export interface AnswerPong {
  type: "pong";
}

/** The answer to `read`. */
export interface AnswerRead {
  /** The room. */
  room: RoomId;
  /** Where the marker is now. */
  seq: number;
  type: "read";
}

/** The answer to `sync`. */
export interface AnswerSync {
  /** The first number that the person may read. */
  begins_at: number;
  /** Whether the page continues the messages that the client has. False if there are messages in between that the person may not read, because they were no member then. */
  complete: boolean;
  /** The last number in the room. */
  last_seq: number;
  /** The messages and system events in ascending order, one for each number. */
  messages: Message[];
  /** Whether there are more messages to request now. */
  more: boolean;
  /** The room. */
  room: RoomId;
  type: "sync";
  /** The number to send as `since` next. */
  upto: number;
}

/** The answer to `typing`. */
export interface AnswerTyping {
  /** The room. */
  room: RoomId;
  type: "typing";
}

/** Deletes a message: the caller's own within fifteen minutes after it was sent, or any in a room that the caller administrates. No effect if it is deleted already. */
export interface AskDelete {
  /** The room. */
  room: RoomName;
  /** The message's number. */
  seq: number;
  type: "delete";
}

/** Replaces the text of the caller's own message, within fifteen minutes after it was sent. */
export interface AskEdit {
  /** The room. */
  room: RoomName;
  /** The message's number. */
  seq: number;
  /** The new text. */
  text: string;
  type: "edit";
}

/** Asks for the state of the caller's rooms. */
export interface AskHello {
  type: "hello";
}

/** Asks for older messages. */
export interface AskHistory {
  /** Only messages before this number. Absent means the newest. */
  before?: number;
  /** The maximum number of messages. */
  limit?: number;
  /** The room. */
  room: RoomName;
  type: "history";
}

/** Asks how many others are online. */
export interface AskOnline {
  /** The public room. */
  room: RoomName;
  type: "online";
}

/** Keeps the socket open. A client sends it after `ping_seconds` without another frame: a silent client is shown as offline, and after ten minutes without a frame API Gateway closes the socket. */
export interface AskPing {
  type: "ping";
}

/** Moves the person's read marker, and sends it to their other devices. It moves forward only, unless `unread` is true. At most every two seconds for each room and device. Frames in between are refused with `too_many_requests` and the time to wait, after which a client sends its newest marker. In a room of up to twenty the others get a `receipt`, if both sides show receipts. */
export interface AskRead {
  /** The room. */
  room: RoomName;
  /** The number of the last message that was read. */
  seq: number;
  type: "read";
  /** Whether the marker may also go back, so that the messages after it are unread again. */
  unread?: boolean;
}

/** Sends a message. */
export interface AskSend {
  /** Files that the person has uploaded for this room (`POST /v1/rooms/{room}/uploads`), each for one message. */
  attachments?: AttachmentId[];
  /** The client's nonce for this message. The same nonce again does not send another message. */
  nonce: Nonce;
  /** The number of the message that it answers. */
  reply_to?: number;
  /** The room. */
  room: RoomName;
  /** The text: 1 to 4,000 characters. It may be empty if there are files. */
  text: string;
  type: "send";
}

/** Asks for the messages after a number. */
export interface AskSync {
  /** The maximum number of messages. */
  limit?: number;
  /** The room. */
  room: RoomName;
  /** The last number the client has. */
  since: number;
  type: "sync";
}

/** Shows the others in a room of up to twenty that the person is typing: at most every five seconds for each device. Frames in between are dropped. Larger rooms show nothing. */
export interface AskTyping {
  /** The room. */
  room: RoomName;
  type: "typing";
}

/** Why the server closes a socket. */
export type CloseReason = "session_ended";

/** A message that was edited or deleted, in its new state. */
export interface PushChanged {
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
  type: "changed";
  /** Of a system event: the person whom it happened to or, for events about the room, who caused it. */
  who?: Author;
  /** The other person of a direct room: only with its first message, and only when that is delivered over the socket. */
  with?: Author;
}

/** Many messages of a room were deleted, such as with the account of their author. Clients read again what they show of the room, at a random moment of the next seconds. */
export interface PushChanges {
  /** How often messages in it were edited or deleted, as in the answer to `hello`. */
  changes: number;
  /** The room. */
  room: RoomId;
  type: "changes";
}

/** The recipient is not a member of a room any more, because they left or were removed, or the room was deleted. Clients drop their data of the room, and later pushes of it. */
export interface PushLeft {
  /** The room. */
  room: RoomId;
  type: "left";
}

/** A new entry of a room: a message or a system event. */
export interface PushMessage {
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
  type: "message";
  /** Of a system event: the person whom it happened to or, for events about the room, who caused it. */
  who?: Author;
  /** The other person of a direct room: only with its first message, and only when that is delivered over the socket. */
  with?: Author;
}

/** The number of other online people has changed. */
export interface PushOnline {
  /** Whether there are more than were counted. */
  more: boolean;
  /** The number of other people, each counted once. */
  online: number;
  /** The room. */
  room: RoomId;
  type: "online";
}

/** The recipient has read a room up to this number on another device, or has marked it as unread from this number. */
export interface PushRead {
  /** The room. */
  room: RoomId;
  /** The number. */
  seq: number;
  type: "read";
}

/** Somebody in a room of up to twenty members has read it up to this number. Sent only to people who show their own receipts. */
export interface PushReceipt {
  /** The room. */
  room: RoomId;
  /** The number. */
  seq: number;
  type: "receipt";
  /** Who. */
  user: UserId;
}

/** Somebody is typing. Clients show it for a few seconds, or until the message arrives. */
export interface PushTyping {
  /** The room. */
  room: RoomId;
  type: "typing";
  /** Who. */
  user: Author;
}

/** How clients name a room: its id, or `public`. */
export type RoomName = string;

/** The state of a room, for catching up. */
export interface RoomState {
  /** The first number that the person may read: that of their joining, or 1. */
  begins_at: number;
  /** How often messages in the room were edited or deleted. If this has changed, a client reads the shown messages again. */
  changes: number;
  /** The kind of room. */
  kind: RoomKind;
  /** The number of the last message or system event. A client whose last number is lower sends `sync`. */
  last_seq: number;
  /** The number up to which the person has read it. */
  read_seq: number;
  /** The room. */
  room: RoomId;
  /** The username of the other person in a direct room. */
  with?: Author;
}

/** The answer to `send`: the message is committed. It has the nonce as it was sent. A repetition gets the message in its current state. */
export interface SupportAnswerAck {
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
  type: "ack";
}

/** The answer to `delete`: what is left of the message. */
export interface SupportAnswerDeleted {
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
  type: "deleted";
}

/** The answer to `edit`: the message in its new state. */
export interface SupportAnswerEdited {
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
  type: "edited";
}

/** The answer to `hello`. */
export interface SupportAnswerHello {
  /** Whether the socket now gets the threads of the desk: it belongs to a member of the team, and was opened with the proof that staff need. */
  team: boolean;
  /** The caller's own thread. Absent if they have none. */
  thread?: SupportThread;
  type: "hello";
}

/** The answer to `history`. */
export interface SupportAnswerHistory {
  /** The number to send as `before` for the page before this one. Absent at the beginning of the thread. */
  before?: number;
  /** The messages in ascending order, one for each number. */
  messages: SupportMessage[];
  /** The thread. */
  room: RoomId;
  type: "history";
  /** The highest number that this page covers: newer messages are read with `sync` from here. */
  upto: number;
}

/** The answer to `read`. */
export interface SupportAnswerRead {
  /** The thread. */
  room: RoomId;
  /** Where the marker is now. */
  seq: number;
  type: "read";
}

/** The answer to `sync`. */
export interface SupportAnswerSync {
  /** The last number in the thread. */
  last_seq: number;
  /** The messages in ascending order, one for each number. */
  messages: SupportMessage[];
  /** Whether there are more messages to request now. */
  more: boolean;
  /** The thread. */
  room: RoomId;
  type: "sync";
  /** The number to send as `since` next. */
  upto: number;
}

/** The answer to `typing`. */
export interface SupportAnswerTyping {
  /** The thread. */
  room: RoomId;
  type: "typing";
}

/** Deletes the caller's own message, within fifteen minutes after it was sent. No effect if it is deleted already. */
export interface SupportAskDelete {
  /** The thread. */
  room?: RoomId;
  /** The message's number. */
  seq: number;
  type: "delete";
}

/** Replaces the text of the caller's own message, within fifteen minutes after it was sent. */
export interface SupportAskEdit {
  /** The thread. */
  room?: RoomId;
  /** The message's number. */
  seq: number;
  /** The new text. */
  text: string;
  type: "edit";
}

/** Requests the caller's own thread. From then on a socket of the team gets the messages and changes of all threads. */
export interface SupportAskHello {
  type: "hello";
}

/** Asks for older messages. */
export interface SupportAskHistory {
  /** Only messages before this number. Absent means the newest. */
  before?: number;
  /** The maximum number of messages. */
  limit?: number;
  /** The thread. */
  room?: RoomId;
  type: "history";
}

/** Moves the read marker forward: the caller's own, or that of the whole team. At most every two seconds for each thread and device. Frames in between are refused with `too_many_requests` and the time to wait. */
export interface SupportAskRead {
  /** The thread. */
  room?: RoomId;
  /** The number of the last message that was read. */
  seq: number;
  type: "read";
}

/** Sends a message. */
export interface SupportAskSend {
  /** For the team: whether to send it even if there are newer messages. */
  force?: boolean;
  /** The client's nonce for this message. Repeating it commits nothing more. */
  nonce: Nonce;
  /** The number of the message that it answers. */
  reply_to?: number;
  /** The thread. */
  room?: RoomId;
  /** For the team: the last number that the author has seen. If there is a higher one the answer is refused. */
  seen?: number;
  /** The text. */
  text: string;
  type: "send";
}

/** Asks for the messages after a number. */
export interface SupportAskSync {
  /** The maximum number of messages. */
  limit?: number;
  /** The thread. */
  room?: RoomId;
  /** The last number the client has. */
  since: number;
  type: "sync";
}

/** Shows the other side that the person is typing: at most every five seconds for each device. Frames in between are dropped. */
export interface SupportAskTyping {
  /** The thread. */
  room?: RoomId;
  type: "typing";
}

/** A message that was edited or deleted, as it is now. */
export interface SupportPushChanged {
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
  type: "changed";
}

/** Many messages of a thread were deleted with the account of their author, a former member of the team. Clients read again what they show of the thread, at a random moment of the next seconds. */
export interface SupportPushChanges {
  /** How often messages in it were edited or deleted. */
  changes: number;
  /** The thread. */
  room: RoomId;
  type: "changes";
}

/** A new message in a thread. */
export interface SupportPushMessage {
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
  type: "message";
}

/** A thread was read up to this number: by the recipient on another device, or by the team. */
export interface SupportPushRead {
  /** The thread. */
  room: RoomId;
  /** The number. */
  seq: number;
  type: "read";
}

/** A thread whose state or assignee has changed. Only the team gets it. */
export interface SupportPushThread {
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
  type: "thread";
  /** Whether the customer has written something that nobody of the team has read. */
  unread: boolean;
}

/** Somebody of the other side is typing. Clients show it for a few seconds, until a message comes. */
export interface SupportPushTyping {
  /** The person who is typing. */
  author: SupportAuthor;
  /** The thread. */
  room: RoomId;
  type: "typing";
}

/** The socket is about to be closed. */
export interface ToldClosing {
  /** The close code of the reason. API Gateway always closes sockets with 1000, so the code is sent here. */
  code: number;
  /** Why. */
  reason: CloseReason;
  type: "closing";
}

/** A frame was refused. The socket stays open, except after `token_invalid`, `chat_banned` and a pause. */
export interface ToldError {
  /** The problem, as over HTTP. The stream of the frame is that of the refused frame, or `error`. */
  problem: Problem;
  type: "error";
}

/** What can be asked, by `type`. */
export interface Asks {
  delete: { ask: AskDelete; answer: AnswerDeleted };
  edit: { ask: AskEdit; answer: AnswerEdited };
  hello: { ask: AskHello; answer: AnswerHello };
  history: { ask: AskHistory; answer: AnswerHistory };
  online: { ask: AskOnline; answer: AnswerOnline };
  ping: { ask: AskPing; answer: AnswerPong };
  read: { ask: AskRead; answer: AnswerRead };
  send: { ask: AskSend; answer: AnswerAck };
  sync: { ask: AskSync; answer: AnswerSync };
  typing: { ask: AskTyping; answer: AnswerTyping };
}

/** What can be asked, by `type`. */
export interface SupportAsks {
  delete: { ask: SupportAskDelete; answer: SupportAnswerDeleted };
  edit: { ask: SupportAskEdit; answer: SupportAnswerEdited };
  hello: { ask: SupportAskHello; answer: SupportAnswerHello };
  history: { ask: SupportAskHistory; answer: SupportAnswerHistory };
  read: { ask: SupportAskRead; answer: SupportAnswerRead };
  send: { ask: SupportAskSend; answer: SupportAnswerAck };
  sync: { ask: SupportAskSync; answer: SupportAnswerSync };
  typing: { ask: SupportAskTyping; answer: SupportAnswerTyping };
}

/** The frames that nobody asked for. */
export type Push = NotificationInfo | PushChanged | PushChanges | PushLeft | PushMessage | PushOnline | PushRead | PushReceipt | PushTyping | ToldClosing | ToldError;

/** The frames that nobody asked for. */
export type SupportPush = SupportPushChanged | SupportPushChanges | SupportPushMessage | SupportPushRead | SupportPushThread | SupportPushTyping;
