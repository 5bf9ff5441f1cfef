import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { listenRaw } from "./support/fault-listeners.js";
import { type FaultServers, openFaultServers } from "./support/fault-servers.js";
import { writeLast } from "./support/fault-work.js";

// A decision about the 500 people of a room, which a fault interrupts, and which is repeated at another server.

const ADMIN = { sub: "root", role: "admin" } as const;
const SIZE = 500;
const MINUTES = 10;
const TIMES = { startTime: new Date("2099-02-01T08:00:00Z"), endTime: new Date("2099-02-01T10:00:00Z") };
const EXTENDED = new Date(TIMES.endTime.getTime() + MINUTES * 60_000);
/** So that the fault comes between two commits. */
const COMMIT_MS = 100;

interface Fault {
  readonly begin: (servers: FaultServers) => Promise<void> | void;
  /** What is done when the call has failed. */
  readonly end: (servers: FaultServers) => Promise<void> | void;
}
const FAULTS: Readonly<Record<string, Fault>> = {
  "PostgreSQL crashes": {
    begin: ({ postgres }) => postgres.crash(),
    end: ({ postgres }) => postgres.start(),
  },
  "the server is killed": {
    begin: ({ places: [doomed] }) => doomed.kill(),
    end: () => undefined,
  },
  "the answer of a commit is lost": {
    begin({ places: [doomed] }) {
      doomed.proxy.fateOf = (data) => (doomed.isCommit(data) ? "cut at response" : "pass");
    },
    end({ places: [doomed] }) {
      doomed.proxy.fateOf = () => "pass";
    },
  },
};

describe("a decision about 500 people is made and told once for each of them", () => {
  it.each(Object.entries(FAULTS))("when %s", async (name, fault) => {
    await using servers = await openFaultServers();
    const [doomed, heir] = servers.places;
    const { id: examId } = await heir.as(ADMIN).exam.create({ name: "Exam", ...TIMES });
    const people = Array.from({ length: SIZE }, (_, n) => `e${n}`);
    const { id: roomId } = await heir.as(ADMIN).room.create({
      name: "Room",
      examId,
      participants: people.map((userId) => ({ userId, name: userId, role: "examinee" as const })),
    });
    const { lastEventId } = await heir.as(ADMIN).exam.snapshot({ examId });
    await using listener = await listenRaw([heir], {
      name: "the listener",
      target: { of: "exam", id: examId },
      token: await heir.token(ADMIN),
      lastEventId,
    });
    const client = new Client({ connectionString: servers.databaseUrl });
    client.on("error", () => undefined);
    await client.connect();
    const stored = async (): Promise<number> => {
      const { rows } = await client.query<{ count: string }>("SELECT count(*) FROM exam_entries");
      return Number(rows[0]?.count);
    };

    doomed.proxy.fateOf = (data) => (doomed.isCommit(data) ? COMMIT_MS : "pass");
    const extension = { roomId, minutes: MINUTES, reason: { code: "technical" as const }, key: "power cut" };
    const outcome = doomed
      .as(ADMIN)
      .attempt.extend(extension)
      .then(
        () => "answered",
        () => "failed",
      );
    while ((await stored()) === 0);
    await fault.begin(servers);
    expect(await outcome).toBe("failed");
    await fault.end(servers);
    const ready = async () => (await heir.inject({ url: "/ready" })).statusCode;
    await expect.poll(ready).toBe(200);

    const history = async (): Promise<string[]> => {
      const entries: string[] = [];
      let cursor: number | undefined;
      do {
        const page = await heir.as(ADMIN).exam.entries({ examId, pageSize: 100, cursor });
        entries.push(...page.entries.map(({ userId, kind, minutes }) => `${userId} ${kind} ${minutes}`));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return entries;
    };
    const before = (await history()).length;
    const repeated = () => heir.as(ADMIN).attempt.extend(extension);
    const first = await repeated();
    const again = await repeated();
    // It was interrupted in the middle.
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(SIZE);
    console.log(`${name}: ${before} of ${SIZE} decided before`);
    for (const { people: decided, remaining } of [first, again]) {
      expect(remaining).toBe(0);
      expect(decided.map(({ userId }) => userId).toSorted()).toEqual(people.toSorted());
      expect(new Set(decided.map(({ outcome: of }) => of))).toEqual(new Set(["changed"]));
      expect(new Set(decided.map(({ endsAt }) => endsAt?.getTime()))).toEqual(new Set([EXTENDED.getTime()]));
    }
    expect((await history()).toSorted()).toEqual(
      people.map((userId) => `${userId} extend ${MINUTES}`).toSorted(),
    );

    await writeLast(heir, roomId, "the end");
    await listener.heard("the end");
    const told = listener.events
      .filter(({ type }) => type === "attempt_changed")
      .map(({ userId }) => userId ?? "");
    expect(told.toSorted()).toEqual(people.toSorted());
    await client.end().catch(() => undefined);
  });
});
