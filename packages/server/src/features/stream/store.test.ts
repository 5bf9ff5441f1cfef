import { eq } from "drizzle-orm";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openTestDatabase, type TestDatabase } from "../../../test/support/database.js";
import { addSmallRoom } from "../../../test/support/small-room.js";
import { change, rowsOf } from "../../../test/support/tables.js";
import { createEventLog } from "../../domain/events.js";
import { createMessageLog } from "../../domain/messages.js";
import { createOutbox } from "../../domain/outbox/outbox.js";
import { createTaskLog } from "../../domain/vendor-tasks.js";
import { createIds } from "../../platform/ids.js";
import type { Storage } from "../../storage/port.js";
import { query } from "../../storage/statement.js";
import { messages, participants, roomEvents, streamEvents, streamNames } from "../../storage/tables.js";
import { createStreamStore, type NewEvent } from "./store.js";

const NOW = new Date("2026-01-02T03:04:05Z");
const NO_TASKS = { aliyun_new: [], aliyun_old: [], rong_cloud: [] };

let db: TestDatabase;
beforeEach(async () => {
  db = await openTestDatabase();
  await addSmallRoom(db.storage, { userIds: ["e1", "e2"], imServer: ["aliyun_new"], now: NOW });
});
afterEach(() => db.close());

const openStore = (storage = db.storage) => {
  const events = createEventLog({ added: () => undefined });
  const ids = createIds({ clock: () => NOW });
  const tasks = createTaskLog({
    kinds: NO_TASKS,
    ids,
    outbox: createOutbox({ ids, added: () => undefined }),
    events,
    messages: createMessageLog({ events }),
  });
  return createStreamStore({ storage, tasks });
};
const report = (stream: string, action: NewEvent["action"], at: number): NewEvent => ({
  stream,
  original: stream.endsWith("_copy") ? stream.slice(0, -"_copy".length) : undefined,
  action,
  eventTime: new Date(NOW.getTime() + at * 1000),
  ip: "192.0.2.1",
  node: "node",
  width: null,
  height: null,
  now: NOW,
});

it("judges reports that arrive together as if they came one after the other", async () => {
  const store = openStore();
  const send = (...args: Parameters<typeof store.report>) => store.report(...args);
  const outcomes = await Promise.all(
    [
      report("e1-main", "publish", 1),
      report("e1-main", "publish_done", 2),
      report("e1-main", "publish", 1),
      report("e1-main", "publish", 0),
      report("e1-pc", "publish", 1),
      report("e1-main_copy", "publish", 3),
      report("nobody", "publish", 3),
      report("e2-main", "publish", 1),
    ].map(send),
  );
  expect(outcomes).toEqual(["kept", "kept", "repeat", "kept", "kept", "copy", "unknown", "kept"]);
  expect(await rowsOf(db, streamEvents)).toHaveLength(5);
  const people = await rowsOf(db, participants);
  expect(people.map((person) => [person.userId, person.mainPublishStatus, person.pcPublishStatus])).toEqual([
    ["e1", "stopped", "publishing"],
    ["e2", "publishing", "idle"],
  ]);
  const changes = (await rowsOf(db, roomEvents)).filter(({ type }) => type === "publish_status_changed");
  expect(changes.map(({ data }) => data)).toMatchObject([
    { userId: "e1", camera: "main", status: "publishing" },
    { userId: "e1", camera: "main", status: "stopped" },
    { userId: "e1", camera: "pc", status: "publishing" },
    { userId: "e2", camera: "main", status: "publishing" },
  ]);
  // Each change sends one signal.
  expect(await rowsOf(db, messages)).toHaveLength(changes.length);
});

it("remembers from one group to the next what was reported", async () => {
  const store = openStore();
  const send = (...args: Parameters<typeof store.report>) => store.report(...args);
  expect(await send(report("e1-main", "publish_done", 2))).toBe("kept");
  expect(
    await Promise.all([report("e1-main", "publish_done", 2), report("e1-main", "publish", 1)].map(send)),
  ).toEqual(["repeat", "kept"]);
  const [person] = await rowsOf(db, participants);
  expect(person?.mainPublishStatus).toBe("stopped");
});

/** Runs something between the moment when the owner of a stream is read and the group that stores the report. */
const beforeGroups = (run: () => Promise<unknown>): Storage => ({
  ...db.storage,
  grouped(writeAll, grouping) {
    const write = db.storage.grouped(writeAll, grouping);
    return async (call) => {
      await run();
      return write(call);
    };
  },
});

it("stores a report for the owner that the stream has at the time of the commit", async () => {
  const owner = (userId: string) =>
    query.update(streamNames).set({ userId }).where(eq(streamNames.name, "e1-main"));
  let changes = [
    () => change(db, query.delete(streamNames).where(eq(streamNames.name, "e2-main"))),
    () => change(db, owner("e2")),
  ];
  const store = openStore(beforeGroups(async () => changes.shift()?.()));
  expect(await store.report(report("e2-pc", "publish", 1))).toBe("kept");
  expect(await store.report(report("e1-main", "publish", 1))).toBe("kept");
  changes = [() => change(db, query.delete(streamNames).where(eq(streamNames.name, "e1-main")))];
  expect(await store.report(report("e1-main", "publish_done", 2))).toBe("unknown");
  expect(await rowsOf(db, streamEvents)).toMatchObject([
    { userId: "e2", camera: "pc" },
    { userId: "e2", camera: "main" },
  ]);
  const people = await rowsOf(db, participants);
  expect(people.map((person) => [person.userId, person.mainPublishStatus, person.pcPublishStatus])).toEqual([
    ["e1", "idle", "idle"],
    ["e2", "publishing", "publishing"],
  ]);
});
