import { describe, expect, it } from "vitest";
import { query } from "../src/storage/statement.js";
import { eventEpochs, roomEvents } from "../src/storage/tables.js";
import { listenExam, listenRoom } from "./support/listening.js";
import { ADMIN, type LiveHall, openLiveHall, TEACHER } from "./support/live-hall.js";
import { change } from "./support/tables.js";

// After a restore, a copy or a failover, the log may lack events that listeners have received. A new epoch begins.

const BEGIN = 100_000_000_000;

const beginEpoch = (hall: LiveHall): Promise<number> =>
  change(hall.db, query.insert(eventEpochs).values({ begin: BEGIN, startedAt: new Date(0) }));

const speak = async (hall: LiveHall, audioStatus: "silent" | "speaking"): Promise<unknown> =>
  hall.as(TEACHER).room.setAudioStatus({ roomId: hall.room.id, audioStatus });

describe("when a new epoch of the log begins", () => {
  it.each(["room", "exam"] as const)("a subscriber to a %s that resumes gets one snapshot", async (of) => {
    await using hall = await openLiveHall();
    const { id: roomId, examId } = hall.room;
    const listen = (lastEventId: string) =>
      of === "room"
        ? listenRoom(hall, ADMIN, { roomId, lastEventId })
        : listenExam(hall, ADMIN, { examId, lastEventId });
    const { lastEventId } = await hall.as(ADMIN).room.snapshot({ roomId });
    await beginEpoch(hall);
    await using first = await listen(lastEventId);
    const gap = await first.next();
    expect(gap).toMatchObject({ type: "gap", id: String(BEGIN) });
    expect(await hall.as(ADMIN).room.snapshot({ roomId })).toMatchObject({ lastEventId: gap.id });

    await using second = await listen(gap.id);
    const ended = { examId, roomId, type: "room_ended", data: {}, createdAt: new Date(0) } as const;
    await change(hall.db, query.insert(roomEvents).values({ ...ended, id: BEGIN + 1 }));
    await speak(hall, "speaking");
    expect(await second.next()).toMatchObject({ type: "room_ended", id: String(BEGIN + 1) });
  });

  it("a connected subscriber gets a snapshot", async () => {
    await using hall = await openLiveHall();
    const { id: roomId } = hall.room;
    await using subscription = await listenRoom(hall, ADMIN, { roomId });
    await speak(hall, "speaking");
    expect(await subscription.next()).toMatchObject({ type: "audio_status_changed" });
    await beginEpoch(hall);
    await speak(hall, "silent");
    expect(await subscription.next()).toMatchObject({ type: "gap", id: String(BEGIN) });
  });
});
