import { Client } from "pg";
import { expect } from "vitest";
import { listenRoom } from "./listening.js";
import { type Member, openMember } from "./servers.js";

/** Runs statements in the database `postgres` of a server. */
export const administer = async (url: string, ...statements: readonly string[]): Promise<void> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const text of statements) await client.query(text);
  } finally {
    await client.end();
  }
};

/** How an operator takes a dump of a database, and puts it back after something has gone wrong. */
export interface DumpTools {
  readonly dump: (database: string) => Promise<void>;
  readonly restore: (database: string) => Promise<void>;
}

const ADMIN = { sub: "root", role: "admin" } as const;

/**
 * Takes a dump of an installation, goes on, puts the dump back, and goes on again. Events get ids then that listeners have heard already, unless
 * a new epoch begins. Checks that a listener who resumes learns of it.
 */
export const drill = async (
  serverUrl: string,
  { dump, restore }: DumpTools,
  name = "school",
): Promise<void> => {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const speak = async (member: Member, roomId: string, times: number): Promise<void> => {
    for (let n = 0; n < times; n += 1)
      for (const audioStatus of ["speaking", "silent"] as const)
        await member.as(ADMIN).room.setAudioStatus({ roomId, audioStatus });
  };

  const before = await openMember(url.href);
  const { id: roomId } = await before.as(ADMIN).room.create({ name: "R" });
  await speak(before, roomId, 2);
  await before[Symbol.asyncDispose]();
  await dump(name);

  const lost = await openMember(url.href);
  await speak(lost, roomId, 2);
  const { lastEventId } = await lost.as(ADMIN).room.snapshot({ roomId });
  await lost[Symbol.asyncDispose]();
  await restore(name);

  await using after = await openMember(url.href);
  // As many events again as were lost, and more.
  await speak(after, roomId, 4);
  const { lastEventId: now } = await after.as(ADMIN).room.snapshot({ roomId });
  await using listening = await listenRoom(after, ADMIN, { roomId, lastEventId });
  const gap = await listening.next();
  expect(gap).toMatchObject({ type: "gap", snapshot: { lastEventId: gap.id } });
  // The listener's own arrival may be an event.
  expect(Number(gap.id)).toBeGreaterThanOrEqual(Number(now));
  expect(Number(now)).toBeGreaterThan(Number(lastEventId));
};
