import type { ListedEvent } from "@invigil/schema";
import { listedEventTypes } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { parseConfig } from "../src/config/config.js";
import { LOOKED_AT } from "../src/features/delivery/past-events-store.js";
import { createDeliveryStore } from "../src/features/delivery/store.js";
import { query } from "../src/storage/statement.js";
import { eventEpochs, roomEvents } from "../src/storage/tables.js";
import { listenRoom } from "./support/listening.js";
import {
  ADMIN,
  EXAMINEE,
  INSPECTOR,
  type LiveFixture,
  openLiveFixture,
  TEACHER,
} from "./support/live-fixture.js";
import { change, insertRows } from "./support/tables.js";
import { withWrites } from "./support/writes.js";

// What the log still has of a room: `room.listEvents`.

type Filter = { userId?: string; types?: ListedEvent["type"][]; pageSize?: number };

/** Reads all pages. */
const pagesOf = async (
  fixture: Pick<LiveFixture, "as" | "room">,
  caller: TestCaller = ADMIN,
  filter: Filter = {},
) => {
  const pages = [];
  for (let cursor: number | undefined; ; ) {
    const page = await fixture.as(caller).room.listEvents({ roomId: fixture.room.id, ...filter, cursor });
    pages.push(page);
    cursor = page.nextCursor;
    if (cursor === undefined) return pages;
  }
};
const eventsOf = async (...of: Parameters<typeof pagesOf>) =>
  (await pagesOf(...of)).flatMap(({ events }) => events);

const speak = (fixture: LiveFixture, audioStatus: "silent" | "speaking") =>
  fixture.as(TEACHER).room.setAudioStatus({ roomId: fixture.room.id, audioStatus });
/** Lets somebody come and go. */
const visit = async (fixture: LiveFixture, sub: string) => {
  const roomId = fixture.room.id;
  await using watching = await listenRoom(fixture, ADMIN, { roomId });
  const page = await listenRoom(fixture, { sub, role: "examinee" }, { roomId });
  await watching.until(({ type }) => type === "participant_entered");
  await page.leave();
  await watching.until(({ type }) => type === "participant_left");
};

const LISTED: ReadonlySet<string> = new Set(listedEventTypes);
const isListed = (event: { type: string }): event is ListedEvent => LISTED.has(event.type);

describe("room.listEvents", () => {
  it("returns what each caller would have received, the newest first, none twice and none missed", async () => {
    await using fixture = await openLiveFixture();
    const roomId = fixture.room.id;
    const { lastEventId } = await fixture.as(ADMIN).room.snapshot({ roomId });
    const others = {
      roomId: fixture.sibling.id,
      participants: [{ userId: "e9", name: "N", role: "examinee" as const }],
    };
    await visit(fixture, "examinee1");
    await fixture.as(ADMIN).participant.add(others);
    await visit(fixture, "examinee2");
    await fixture.as(TEACHER).im.send({ roomId, type: 30_001, data: {} });
    await fixture.as(ADMIN).cheat.setConfig({ examId: fixture.room.examId, data: "{}" });
    await fixture.as(ADMIN).participant.add({ ...others, roomId });
    await fixture.as(ADMIN).participant.remove({ roomId, userId: "e9" });
    await speak(fixture, "speaking");
    await fixture.as(ADMIN).room.end({ roomId });
    for (const caller of [ADMIN, TEACHER, INSPECTOR, EXAMINEE]) {
      // The page of the listener is an event of its own, which comes after the end.
      await using listening = await listenRoom(fixture, caller, { roomId, lastEventId });
      const received = (await listening.until(({ type }) => type === "room_ended")).filter(isListed);
      await listening.leave();
      const pages = await pagesOf(fixture, caller, { pageSize: 2 });
      const listed = pages.flatMap(({ events }) => events).toReversed();
      const last = Number(received.at(-1)?.id);
      expect(listed.filter(({ id }) => Number(id) > Number(lastEventId) && Number(id) <= last)).toEqual(
        received,
      );
      expect(pages.at(-1)?.completeSince).toBeUndefined();
    }
    const people = (await eventsOf(fixture, EXAMINEE)).flatMap((event) =>
      "userId" in event ? [event.userId] : [],
    );
    expect(new Set(people)).not.toContain("examinee2");
    expect(people).toContain("examinee1");
  });

  it("returns those of a type, and those about a person and the whole room", async () => {
    await using fixture = await openLiveFixture();
    await visit(fixture, "examinee1");
    await visit(fixture, "examinee2");
    await speak(fixture, "speaking");
    const told = async (filter: Filter) => (await eventsOf(fixture, ADMIN, filter)).map(({ type }) => type);
    expect(await told({ userId: "examinee2" })).toEqual([
      "audio_status_changed",
      "participant_left",
      "participant_entered",
    ]);
    expect(await told({ userId: "examinee2", types: ["participant_left"] })).toEqual(["participant_left"]);
    expect(await told({ types: ["participant_left"] })).toEqual(["participant_left", "participant_left"]);
    expect(await told({ userId: "nobody" })).toEqual(["audio_status_changed"]);
  });

  it("says from when on it knows, once older events were deleted or the log was lost", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using fixture = await openLiveFixture({ now: () => now });
    const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000);
    await speak(fixture, "speaking");
    now = later(10);
    await speak(fixture, "silent");
    const whole = await pagesOf(fixture);
    expect(whole).toMatchObject([{ events: [{}, {}] }]);
    expect(whole[0]?.completeSince).toBeUndefined();

    const log = createDeliveryStore(withWrites(fixture.db));
    while (await log.prune(now));
    // The newest of the deleted ones may be left.
    const [kept] = await pagesOf(fixture);
    expect(kept?.events[0]).toMatchObject({ type: "audio_status_changed", audioStatus: "silent" });
    expect(kept?.completeSince).toEqual(kept?.events.at(-1)?.time);

    const begin = 100_000_000_000;
    await change(fixture.db, query.insert(eventEpochs).values({ begin, startedAt: now }));
    now = later(20);
    expect(await pagesOf(fixture)).toEqual([{ events: [], completeSince: now }]);
  });

  it("looks at a limited number of events in a call, which is charged", async () => {
    const limits = parseConfig({ INVIGIL_LIMIT_READ_ROWS: "person=300,admin=100000" }).limits;
    let minutes = 0;
    await using fixture = await openLiveFixture({ config: { limits }, monotonic: () => minutes * 60_000 });
    const { examId, id: roomId } = fixture.room;
    await speak(fixture, "speaking");
    // A call looks at no more of them in a room with 50,000.
    const createdAt = new Date();
    const other = {
      examId,
      roomId,
      type: "cheat_records_added",
      data: { from: 1, to: 1 },
      createdAt,
    } as const;
    await insertRows(
      fixture.db,
      roomEvents,
      Array.from({ length: 2 * LOOKED_AT }, () => other),
    );
    const pages = await pagesOf(fixture);
    expect(pages.map(({ events }) => events.length)).toEqual([0, 0, 1]);
    // What was looked at is complete.
    expect(pages.map(({ completeSince }) => completeSince)).toEqual([createdAt, createdAt, undefined]);

    const list = () => fixture.as(TEACHER).room.listEvents({ roomId });
    minutes += 1;
    await list();
    await list();
    await expect(list()).rejects.toThrow("Too many rows read from teacher1");
  });
});
