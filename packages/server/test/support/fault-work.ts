import { setTimeout as pause } from "node:timers/promises";
import type { TestCaller } from "../../src/app/testing.js";
import { rest, type TrpcAnswer, trpc } from "./calls.js";
import type { Outcome } from "./fault-checks.js";
import type { Place } from "./fault-servers.js";

// Writers and readers that work on while servers and the database fail.

const ADMIN: TestCaller = { sub: "root", role: "admin" };

/** The outcome of a write, or `unsent`: no server was there. */
type Attempt = Outcome | "unsent";

/** How long writers and readers wait after a failure, and readers between two passes. */
const PAUSE_MS = 50;
/** How long a writer waits for an answer. Calls are answered within the time limit of statements and a second. */
const ANSWER_MS = 60_000;
const NOT_SENT = /ECONNREFUSED/;

/** Nothing of a call that was refused is stored, unless its message says that it may be. */
const outcomeOfRefusal = (message: string): Attempt =>
  /may (not )?have been stored/.test(message) ? "unknown" : "refused";
const outcomeOf = ({ error }: TrpcAnswer): Attempt =>
  error ? outcomeOfRefusal(String(error.message)) : "acknowledged";

/** Returns the outcome of a call whose connection may be lost. */
const attempt = async (call: Promise<Attempt>): Promise<Attempt> => {
  const late = new AbortController();
  try {
    return await Promise.race([
      call,
      pause(ANSWER_MS, undefined, { signal: late.signal }).then((): Attempt => {
        throw new Error("there was no answer");
      }),
    ]);
  } catch (error) {
    return NOT_SENT.test(String(error)) ? "unsent" : "unknown";
  } finally {
    late.abort();
  }
};

/** Writes a row with a key. */
type Write = (at: Place, roomId: string, key: string) => Promise<Attempt>;

const sendMessage: Write = async (at, roomId, data) => {
  // Each message has a sender of its own, because the messages of one sender are limited.
  const token = await at.token({ ...ADMIN, sub: `admin-${data}` });
  return outcomeOf(await trpc(at, token).mutate("im.send", { roomId, type: 30_001, data }));
};
const addRecord: Write = async (at, roomId, extraInfo) => {
  const detection = {
    userId: "e0",
    isMainMonitor: true,
    detectType: "manyPeople",
    detectTime: Date.now(),
    extraInfo,
  };
  const answer = await rest(at, await at.token(ADMIN)).post("cheat/addCheatRecord", {
    roomId,
    data: [detection],
  });
  return answer.body.success ? "acknowledged" : outcomeOfRefusal(answer.body.errorMsg);
};
const addPerson: Write = async (at, roomId, userId) => {
  const participants = [{ userId, name: userId, role: "examinee" }];
  return outcomeOf(await trpc(at, await at.token(ADMIN)).mutate("participant.add", { roomId, participants }));
};
/** How often each kind of write happens. */
const WRITES: readonly Write[] = [sendMessage, addRecord, sendMessage, addRecord, addPerson];

export interface WritersOptions {
  readonly places: readonly Place[];
  readonly rooms: readonly string[];
  /** The first part of the keys. */
  readonly name: string;
}

/** One writer for each pair of a server and a room. */
export const startWriters = ({ places, rooms, name }: WritersOptions) => {
  const writes = new Map<string, Outcome>();
  const acknowledgedAt = new Map<Place, number>(places.map((place) => [place, 0]));
  let isStopped = false;
  let settled = 0;
  let waiting: (() => void)[] = [];

  const settle = (): void => {
    settled += 1;
    const calls = waiting;
    waiting = [];
    for (const look of calls) look();
  };
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo())
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
  };
  const work = async (at: Place, roomId: string, writer: string): Promise<void> => {
    for (let n = 0; !isStopped; n += 1) {
      const key = `${name}-${writer}-${n}`;
      const write = WRITES[n % WRITES.length] ?? sendMessage;
      const outcome = await attempt(write(at, roomId, key));
      // As clients do, so that they do not hinder a server that starts.
      if (outcome !== "acknowledged") await pause(PAUSE_MS);
      if (outcome === "unsent") continue;
      writes.set(key, outcome);
      if (outcome === "acknowledged") acknowledgedAt.set(at, (acknowledgedAt.get(at) ?? 0) + 1);
      settle();
    }
  };
  const working = Promise.all(
    places.flatMap((at, place) => rooms.map((roomId, room) => work(at, roomId, `${place}${room}`))),
  );
  return {
    writes,
    /** Resolves when so many writes more have ended, in whatever way. */
    settled(count: number): Promise<void> {
      const from = settled;
      return until(() => settled >= from + count);
    },
    /** Resolves when each server has acknowledged so many writes more. */
    async acknowledged(count: number): Promise<void> {
      const from = new Map(acknowledgedAt);
      await until(() => places.every((at) => (acknowledgedAt.get(at) ?? 0) >= (from.get(at) ?? 0) + count));
    },
    async stop(): Promise<void> {
      isStopped = true;
      await working;
    },
  };
};

/** Writes a message and repeats it until it is acknowledged. */
export const writeLast = async (at: Place, roomId: string, key: string): Promise<void> => {
  const token = await at.token(ADMIN);
  for (;;) {
    const { error } = await trpc(at, token).mutate("im.send", { roomId, type: 30_001, data: key, key });
    if (!error) return;
    await pause(PAUSE_MS);
  }
};

interface Page<Row> {
  readonly rows: readonly Row[];
  readonly nextCursor: number | undefined;
}
/** A row with its id and the key of its write. */
interface Stored {
  readonly id: number;
  readonly key: string;
}

const recordsPage = async (at: Place, roomId: string, cursor?: number): Promise<Page<Stored>> => {
  const { data, error } = await trpc(at, await at.token(ADMIN)).query("cheat.listRecords", {
    roomId,
    pageSize: 50,
    cursor,
  });
  if (error) throw new Error(error.message);
  const rows = data.records.map(({ id, extraInfo }: { id: number; extraInfo: string }) => ({
    id,
    key: extraInfo,
  }));
  return { rows, nextCursor: data.nextCursor };
};
const messagesPage = async (at: Place, roomId: string, cursor?: number): Promise<Page<Stored>> => {
  const { data, error } = await trpc(at, await at.token(ADMIN)).query("im.history", {
    roomId,
    pageSize: 50,
    cursor,
  });
  if (error) throw new Error(error.message);
  const rows = data.messages.map(({ id, data: key }: { id: number; data: string }) => ({ id, key }));
  return { rows, nextCursor: data.nextCursor };
};
const PAGES = { records: recordsPage, messages: messagesPage } as const;
export type PagedKind = keyof typeof PAGES;

/** Turns all pages, each at the next server. A page that is refused is asked for again. */
export const turnPages = async (
  places: readonly Place[],
  kind: PagedKind,
  roomId: string,
  isStopped: () => boolean = () => false,
): Promise<Stored[]> => {
  const rows: Stored[] = [];
  let cursor: number | undefined;
  for (let turn = 0; ; turn += 1) {
    const up = places.filter((place) => place.isUp());
    const at = up[turn % up.length];
    try {
      if (!at) throw new Error("no server is up");
      const page = await PAGES[kind](at, roomId, cursor);
      rows.push(...page.rows);
      cursor = page.nextCursor;
      if (cursor === undefined) return rows;
    } catch {
      if (isStopped()) return rows;
      await pause(PAUSE_MS);
    }
  }
};

/** Turns the pages of a room again and again. */
export const startReader = (places: readonly Place[], kind: PagedKind, roomId: string) => {
  const passes: number[][] = [];
  let isStopped = false;
  const reading = (async () => {
    while (!isStopped) {
      const rows = await turnPages(places, kind, roomId, () => isStopped);
      if (isStopped) return;
      passes.push(rows.map(({ id }) => id));
      await pause(PAUSE_MS * 4);
    }
  })();
  return {
    passes,
    async stop(): Promise<void> {
      isStopped = true;
      await reading;
    },
  };
};

/** The people of a room that writers have added. */
export const addedPeople = async (at: Place, roomId: string): Promise<string[]> => {
  const { members } = await at.as(ADMIN).room.snapshot({ roomId });
  return members.map(({ userId }) => userId).filter((userId) => /-\d/.test(userId));
};
