import type { FastifyBaseLogger } from "fastify";
import type { Entry, Inbox } from "./inbox.js";
import { createRecall } from "./recall.js";
import type { LiveStore, LoggedRow } from "./store.js";
import type { Logged } from "./told.js";

/** Somebody who is handed what is written to the log. */
export interface Follower {
  readonly of: { readonly roomId: string } | { readonly examId: string };
  readonly inbox: Inbox;
  /** Whether it may have to be told of an event of the log. */
  wants(event: Logged): boolean;
}

/** Reads the end of the log, once for all who listen. While nobody does, it reads nothing, and no timer runs. */
export interface Tail {
  /** Resolves when everything that is written from now on is offered to the follower. */
  readonly follow: (follower: Follower) => Promise<void>;
  readonly leave: (follower: Follower) => void;
  /** There may be something new. */
  readonly look: () => void;
  /** Somebody's right to listen may have gone. */
  readonly doubt: () => void;
  /** Ends all that follow, with a failure. */
  readonly end: (error: Error) => void;
}

/** Rows that are read at once. */
const PAGE = 500;
/** How often it looks whether another process wrote, in milliseconds. */
const LOOK_MS = 250;
/** Each follower's right is looked at again at every so many looks: every four seconds, so that five are enough on a busy machine. */
const LOOKS_A_CHECK = 16;

export const createTail = ({ store, log }: { store: LiveStore; log: FastifyBaseLogger }): Tail => {
  const recall = createRecall({ store });
  /** With the looks at which each is checked, so that not all are at the same one. */
  const followers = new Map<Follower, number>();
  const byRoom = new Map<string, Set<Follower>>();
  const byExam = new Set<Follower>();
  let joined = 0;
  let looks = 0;
  let timer: NodeJS.Timeout | undefined;
  /** The last row that was handed out; undefined while nobody follows. */
  let last: number | undefined;
  let othersVersion: number | undefined;
  let reading: Promise<void> | undefined;
  let again = false;

  const handOut = (row: LoggedRow): void => {
    const ofRoom = byRoom.get(row.roomId);
    if (!ofRoom && byExam.size === 0) return;
    // Safe: stores write each type with its own data.
    const event = row as Logged;
    const entry: Entry = { event, told: () => recall(event) };
    for (const group of [ofRoom, byExam])
      for (const follower of group ?? []) if (follower.wants(event)) follower.inbox.offer(entry);
  };

  /** Reads what there is; false when it must look again. */
  const readOn = async (): Promise<boolean> => {
    if (followers.size === 0) return true;
    const from = last ?? (await store.newest());
    last = from;
    const rows = await store.since("all", from, PAGE);
    // Everybody left meanwhile: whoever came since begins anew.
    if (last === undefined) return false;
    if (!rows) {
      const newest = await store.newest();
      if (last === undefined) return false;
      last = newest;
      for (const { inbox } of followers.keys()) inbox.lose();
      return false;
    }
    for (const row of rows) handOut(row);
    last = rows.at(-1)?.id ?? from;
    return rows.length < PAGE;
  };

  const read = async (): Promise<void> => {
    try {
      do again = false;
      while (!(await readOn()) || again);
    } catch (error) {
      log.error({ err: error }, "the log of events could not be read: it is tried again");
    } finally {
      reading = undefined;
    }
  };
  const look = (): Promise<void> => {
    if (reading) again = true;
    else if (followers.size > 0) reading = read();
    return reading ?? Promise.resolve();
  };

  /** Reads on if another process has committed. */
  const lookForOthers = async (): Promise<void> => {
    try {
      const version = await store.othersVersion();
      if (version === othersVersion) return;
      othersVersion = version;
      void look();
    } catch (error) {
      log.error({ err: error }, "whether other processes added events could not be read: it is tried again");
    }
  };

  const lookAround = (): void => {
    looks += 1;
    // Also without a commit: the last read may have failed.
    if (looks % LOOKS_A_CHECK === 0) void look();
    void lookForOthers();
    for (const [{ inbox }, turn] of followers) if (looks % LOOKS_A_CHECK === turn) inbox.doubt();
  };

  const rest = (): void => {
    clearInterval(timer);
    timer = undefined;
    last = undefined;
    // Asked again by the first look of whoever comes next.
    othersVersion = undefined;
  };

  return {
    async follow(follower) {
      joined += 1;
      followers.set(follower, joined % LOOKS_A_CHECK);
      if ("roomId" in follower.of) {
        const { roomId } = follower.of;
        const ofRoom = byRoom.get(roomId) ?? new Set();
        byRoom.set(roomId, ofRoom.add(follower));
      } else byExam.add(follower);
      if (!timer) {
        timer = setInterval(lookAround, LOOK_MS);
        // It keeps no process alive.
        timer.unref();
      }
      while (last === undefined && followers.has(follower)) await look();
    },
    leave(follower) {
      followers.delete(follower);
      byExam.delete(follower);
      if ("roomId" in follower.of) {
        const ofRoom = byRoom.get(follower.of.roomId);
        ofRoom?.delete(follower);
        if (ofRoom?.size === 0) byRoom.delete(follower.of.roomId);
      }
      if (followers.size === 0) rest();
    },
    look: () => void look(),
    doubt() {
      for (const { inbox } of followers.keys()) inbox.doubt();
    },
    end(error) {
      for (const { inbox } of followers.keys()) inbox.end(error);
      for (const group of [followers, byRoom, byExam]) group.clear();
      rest();
    },
  };
};
