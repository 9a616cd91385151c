// The types of `stoa.js`.

import type { Author, ClubInfo, Message, RoomInfo, RoomKind } from "./api.js";
import type { Core, Options, Result, Store, StoaProblem } from "./core.js";
import type { Asks, Push } from "./frames.js";

export type * from "./api.js";
export type * from "./frames.js";
export * from "./core.js";

/** `waiting`: for the next attempt. `refused`: banned, or not from this origin; `start` tries again. */
export type LiveState = "off" | "connecting" | "live" | "waiting" | "refused";

type Asked<T extends keyof Asks> = { type: T } & Asks[T]["ask"];

/** The socket. It is opened by the first room, opened again when it is lost, and keeps to the limits of the server. */
export interface Live extends Store<LiveState> {
  start(): void;
  stop(): void;
  /** Sends a frame and waits for its answer. */
  ask<T extends keyof Asks>(payload: Asked<T>, stream?: string): Promise<Result<Asks[T]["answer"]>>;
  /** Gets each frame that nobody asked for, until the returned function is called. */
  on(listener: (payload: Push, stream: string) => void): () => void;
}

/** A message. One's own is there from the moment it is sent, with a nonce, and without a number until the server has it. */
export interface RoomMessage extends Omit<Message, "room" | "seq" | "id" | "author" | "reply_to"> {
  room?: string;
  seq?: number;
  id?: string;
  author?: Partial<Author>;
  reply_to?: number | undefined;
  nonce?: string;
  state: "sending" | "sent" | "failed";
  /** Why it was refused. */
  problem?: StoaProblem | undefined;
}

/** A room that is followed. Its messages are in order, complete and without repetitions, whatever happens to the connection. */
export interface Room {
  /** Its id, or `public`. */
  readonly name: string;
  /** Ascending; one's own that are not yet sent are last. */
  readonly messages: Store<RoomMessage[]>;
  /** Whether the messages begin with the first one of the room. */
  readonly complete: Store<boolean>;
  /** How many others are online, in the public room. */
  readonly online: Store<{ online: number; more: boolean } | undefined>;
  /** Who types, in rooms of up to twenty. */
  readonly typists: Store<string[]>;
  /** The number up to which the person has read, on any device. */
  readonly readUpto: Store<number | undefined>;
  /** Sends a text. It stays in order with the others, and is sent again until the server has it or has refused it. */
  send(text: string, options?: { replyTo?: number }): Promise<Result<RoomMessage>>;
  /** Replaces the text of one's own message, within fifteen minutes. */
  edit(seq: number, text: string): Promise<{ problem?: StoaProblem }>;
  /** Deletes a message: one's own within fifteen minutes, or any in a room that one administrates. */
  remove(seq: number): Promise<{ problem?: StoaProblem }>;
  /** Tells the others that one types. May be called at every key. */
  typing(): void;
  /** Marks the messages up to this number as read, by default all. May be called often. */
  read(seq?: number): void;
  /** Sends a message again that was refused. */
  again(nonce: string): Promise<void>;
  /** Removes a message that was refused. */
  discard(nonce: string): void;
  /** Reads older messages. `more` is false at the beginning of the room. */
  older(): Promise<Result<{ more: boolean }>>;
  /** Stops following the room. */
  close(): void;
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
  /** The last message that came since the connection was opened. */
  last?: Message | undefined;
}

/** One's rooms: the public one first, then those with the last activity. */
export interface Rooms extends Store<RoomEntry[]> {
  /** Reads more of them. */
  more(): Promise<Result<{ items: RoomInfo[]; more: boolean }>>;
  /** Opens the room with another person. */
  direct(username: string): Promise<Result<Room>>;
}

export interface Stoa extends Core {
  readonly live: Live;
  readonly rooms: Rooms;
  /** Follows a room: the same object for the same room, until it is closed. Closed rooms are empty. */
  room(id: string): Room;
}

export declare function createStoa(options: Options): Stoa;
