// Written by `cargo xtask sync`. Do not edit.

import type { Author, Message, MessageId, Problem, RoomId, RoomKind, Timestamp } from "./api.js";

/** The answer to `send`: the message is committed. A repetition gets the same answer. */
export interface AnswerAck {
  /** When its number was taken. */
  created_at: Timestamp;
  /** The id of the message. */
  id: MessageId;
  /** The nonce as it was sent. */
  nonce: Nonce;
  /** The room. */
  room: RoomId;
  /** The message's number. */
  seq: number;
  type: "ack";
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
  /** The messages in ascending order. */
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

/** The answer to `sync`. */
export interface AnswerSync {
  /** The last number in the room. */
  last_seq: number;
  /** The messages in ascending order. */
  messages: Message[];
  /** Whether there are more messages to ask for now. */
  more: boolean;
  /** Seconds to wait before asking again, because a message is still being written. */
  retry_after?: number;
  /** The room. */
  room: RoomId;
  type: "sync";
  /** The number to send as `since` next. */
  upto: number;
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

/** A sign of life, for clients that are silent otherwise: the platform closes a socket after ten minutes without a frame. */
export interface AskPing {
  type: "ping";
}

/** Sends a message. */
export interface AskSend {
  /** The client's nonce for this message. Repeating it commits nothing more. */
  nonce: Nonce;
  /** The room. */
  room: RoomName;
  /** The text. */
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

/** Why the server closes a socket. */
export type CloseReason = "session_ended";

/** The limits of the server, so that clients need not guess. */
export interface Limits {
  /** Seconds after which the platform closes a socket. Clients reconnect a little earlier, at random times. */
  connection_seconds: number;
  /** Maximum bytes of a frame from a client. */
  frame_bytes: number;
  /** Frames that an account may send at once, on all its sockets. */
  frames_at_once: number;
  /** Frames a second in the long run. A frame that is refused for its content counts twice. */
  frames_per_second: number;
  /** Maximum characters of a message. */
  message_chars: number;
  /** Maximum messages in any 60 seconds. One more bans the account. */
  messages_per_minute: number;
  /** Maximum messages of one page. */
  page: number;
  /** Seconds between the `ping` frames of a silent client. */
  ping_seconds: number;
}

/** The client's id of a send, so that a repetition commits nothing. It becomes part of a key, so it has only `A-Za-z0-9_-`. */
export type Nonce = string;

/** A new message. */
export interface PushMessage {
  /** The author. */
  author: Author;
  /** When it was sent. */
  created_at: Timestamp;
  /** The id of the message. */
  id: MessageId;
  /** The id of the room. */
  room: RoomId;
  /** The number in the room. Messages are shown in this order, and a known number is a repetition. */
  seq: number;
  /** Plain text, 1 to 4,000 characters. */
  text: string;
  type: "message";
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

/** How clients name a room: its id, or `public`. */
export type RoomName = string;

/** The state of a room, for catching up. */
export interface RoomState {
  /** The kind of room. */
  kind: RoomKind;
  /** The last number in it. A client that has a lower one asks with `sync`. */
  last_seq: number;
  /** The room. */
  room: RoomId;
  /** The username of the other person in a direct room. */
  with?: Author;
}

/** The socket is about to be closed. */
export interface ToldClosing {
  /** The close code of that reason. The platform closes a socket with 1000 whatever the reason, so the code is told here. */
  code: number;
  /** Why. */
  reason: CloseReason;
  type: "closing";
}

/** A frame was refused. The socket stays open, except after `token_invalid`, `chat_banned` and a pause. */
export interface ToldError {
  /** What is wrong, as over HTTP. Its stream is that of the refused frame, or `error`. */
  problem: Problem;
  type: "error";
}

/** What can be asked, by `type`. */
export interface Asks {
  hello: { ask: AskHello; answer: AnswerHello };
  history: { ask: AskHistory; answer: AnswerHistory };
  online: { ask: AskOnline; answer: AnswerOnline };
  ping: { ask: AskPing; answer: AnswerPong };
  send: { ask: AskSend; answer: AnswerAck };
  sync: { ask: AskSync; answer: AnswerSync };
}

/** The frames that nobody asked for. */
export type Push = PushMessage | PushOnline | ToldClosing | ToldError;
