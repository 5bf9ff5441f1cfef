import type { EventType } from "@invigil/schema";
import { expect, it } from "vitest";
import { newEvent, WHOLE_EXAM, wholeExam } from "../src/domain/events.js";
import { roomEvents } from "../src/storage/tables.js";
import { listenExam, listenRoom } from "./support/listening.js";
import { ADMIN, EXAMINEE, openLiveFixture } from "./support/live-fixture.js";
import { insertRows } from "./support/tables.js";

// During an upgrade, a newer server beside this one may write events of types that only it declares.

it.each(["at once", "when they resume"])(
  "such an event is delivered to nobody, and what follows is, %s",
  async (when) => {
    await using fixture = await openLiveFixture();
    const { id: roomId, examId } = fixture.room;
    const { lastEventId } = await fixture.as(ADMIN).room.snapshot({ roomId });
    const listenAll = () =>
      Promise.all([
        listenRoom(fixture, ADMIN, { roomId, lastEventId }),
        listenRoom(fixture, EXAMINEE, { roomId, lastEventId }),
        listenExam(fixture, ADMIN, { examId, lastEventId }),
      ]);
    const early = when === "at once" ? await listenAll() : undefined;
    // Safe: this is what the newer server does.
    const type = "a_type_of_the_future" as EventType;
    const row = { examId, type, data: { userId: "teacher1", role: "teacher" }, createdAt: fixture.clock() };
    await insertRows(fixture.db, roomEvents, [
      { ...row, roomId },
      { ...row, roomId: WHOLE_EXAM },
    ]);
    await fixture.as(ADMIN).room.setAudioStatus({ roomId, audioStatus: "speaking" });
    for (const listener of early ?? (await listenAll())) {
      const received = await listener.until((event) => event.type === "audio_status_changed");
      const others = received.filter((event) => !("camera" in event));
      expect(others.map((event) => event.type)).toEqual(["audio_status_changed"]);
      await listener.leave();
    }
  },
);

it("an event about a room cannot be added as one about the whole exam", () => {
  // @ts-expect-error it has no room
  newEvent(wholeExam("x1"), "room_ended", {}, new Date());
  expect(newEvent(wholeExam("x1"), "cheat_config_changed", {}, new Date()).roomId).toBe(WHOLE_EXAM);
});
