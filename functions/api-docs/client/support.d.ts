// The types of `support.js`: the support desk, for its customers and for the team.

import type { DeskNote, DeskThread, FilledReply, PreparedReplyInfo, SupportMessage, SupportThread } from "./api.js";
import type { Pages, Result, Store, StoaProblem } from "./core.js";
import type { List, Room, RoomMessage, Stoa } from "./stoa.js";

/** A message of a thread. Customers see the team as "Support", without an id. */
export type ThreadMessage = Omit<RoomMessage, "author"> & Partial<Pick<SupportMessage, "from">> & { author?: { id?: string; username?: string } };

type Shared = "complete" | "typists" | "readUpto" | "again" | "discard" | "edit" | "remove" | "typing" | "read" | "older" | "close";

/** A thread that is followed, complete and in order as rooms are. */
export interface Thread extends Pick<Room, Shared> {
  readonly messages: Store<ThreadMessage[]>;
  send(text: string, options?: { replyTo?: number }): Promise<Result<ThreadMessage>>;
  at(seq: number): Promise<Result<ThreadMessage | undefined>>;
}

type State = DeskThread["state"];

/**
 * The thread of a customer, for the team. An answer says up to where its author has read. If something newer is there, it fails with
 * `thread_moved_on`: `again` sends it as one that has seen that, `force` whatever came.
 */
export interface TeamThread extends Thread {
  readonly info: Store<DeskThread | undefined>;
  force(nonce: string): Promise<void>;
  take(): Promise<Result<DeskThread>>;
  /** Gives it to another member of the team, by their id. */
  give(to: string): Promise<Result<DeskThread>>;
  /** `until`: the end of `snoozed`. */
  setState(state: State, until?: string): Promise<Result<DeskThread>>;
  /** Notes, which customers never see. */
  notes(options?: { query?: { limit?: number } }): Pages<DeskNote>;
  note(text: string): Promise<Result<DeskNote>>;
  /** Deletes a note: one's own, or any as a superuser, who says why. */
  removeNote(id: string, reason?: string): Promise<{ problem?: StoaProblem }>;
  /** A prepared reply with the values of this thread. */
  filled(reply: string, order?: string): Promise<Result<FilledReply>>;
}

export interface Support {
  /** One's own thread, as far as that is known. */
  readonly thread: Store<SupportThread | undefined>;
  /** Whether this connection is at the desk: it is of the team, and was opened after the proof that the team needs. */
  readonly team: Store<boolean>;
  /** Opens one's own thread, or changes what it is about, and follows it. */
  open(subject: string): Promise<Result<Thread>>;
  /** Follows one's own thread, which there is after `open`. */
  mine(): Thread;
  /** Mails the whole conversation to the person. */
  transcript(): Promise<{ problem?: StoaProblem }>;
  /** For the team: the threads in each state. They follow what happens once their first page was read. */
  readonly threads: { readonly [S in State]: List<DeskThread> };
  /** Follows the thread of a customer. */
  of(id: string): TeamThread;
  /** By a whole e-mail address, a username, or the beginnings of words of the subject. */
  search(q: string): Pages<DeskThread>;
  /** How fast customers were answered on the last days. */
  figures(days?: number): Promise<Result<{ days: { day: string; answers: number; mean_seconds: number }[] }>>;
  /** Replies that the team has prepared. */
  readonly replies: {
    all(): Promise<Result<{ items: PreparedReplyInfo[] }>>;
    create(reply: { title: string; text: string }): Promise<Result<PreparedReplyInfo>>;
    /** 412 if somebody else has changed it since it was read. */
    replace(known: Pick<PreparedReplyInfo, "id" | "version">, reply: { title: string; text: string }): Promise<Result<PreparedReplyInfo>>;
    /** Deletes a reply. The audit records why. */
    remove(id: string, reason: string): Promise<{ problem?: StoaProblem }>;
  };
  close(): void;
}

export declare function createSupport(stoa: Stoa): Support;
