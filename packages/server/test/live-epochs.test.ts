import { describe, expect, it } from "vitest";
import { query } from "../src/storage/statement.js";
import { eventEpochs, roomEvents } from "../src/storage/tables.js";
import { listenExam, listenRoom } from "./support/listening.js";
import { ADMIN, type LiveFixture, openLiveFixture, TEACHER } from "./support/live-fixture.js";
import { change } from "./support/tables.js";

// After a restore, a copy or a failover, the log may lack events that listeners have received. A new epoch begins.

const BEGIN = 100_000_000_000;

const beginEpoch = (fixture: LiveFixture): Promise<number> =>
  change(fixture.db, query.insert(eventEpochs).values({ begin: BEGIN, startedAt: new Date(0) }));

const speak = async (fixture: LiveFixture, audioStatus: "silent" | "speaking"): Promise<unknown> =>
  fixture.as(TEACHER).room.setAudioStatus({ roomId: fixture.room.id, audioStatus });

describe("when a new epoch of the log begins", () => {
  it.each(["room", "exam"] as const)("a subscriber to a %s that resumes gets one snapshot", async (of) => {
    await using fixture = await openLiveFixture();
    const { id: roomId, examId } = fixture.room;
    const listen = (lastEventId: string) =>
      of === "room"
        ? listenRoom(fixture, ADMIN, { roomId, lastEventId })
        : listenExam(fixture, ADMIN, { examId, lastEventId });
    const { lastEventId } = await fixture.as(ADMIN).room.snapshot({ roomId });
    await beginEpoch(fixture);
    await using first = await listen(lastEventId);
    const gap = await first.next();
    expect(gap).toMatchObject({ type: "gap", id: String(BEGIN) });
    expect(await fixture.as(ADMIN).room.snapshot({ roomId })).toMatchObject({ lastEventId: gap.id });

    await using second = await listen(gap.id);
    const ended = { examId, roomId, type: "room_ended", data: {}, createdAt: new Date(0) } as const;
    await change(fixture.db, query.insert(roomEvents).values({ ...ended, id: BEGIN + 1 }));
    await speak(fixture, "speaking");
    expect(await second.next()).toMatchObject({ type: "room_ended", id: String(BEGIN + 1) });
  });

  it("a connected subscriber gets a snapshot", async () => {
    await using fixture = await openLiveFixture();
    const { id: roomId } = fixture.room;
    await using subscription = await listenRoom(fixture, ADMIN, { roomId });
    await speak(fixture, "speaking");
    expect(await subscription.next()).toMatchObject({ type: "audio_status_changed" });
    await beginEpoch(fixture);
    await speak(fixture, "silent");
    expect(await subscription.next()).toMatchObject({ type: "gap", id: String(BEGIN) });
  });
});
