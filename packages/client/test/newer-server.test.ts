import { describe, expect, it } from "vitest";
import { createInvigilClient } from "../src/index.js";
import { liveWorld, transports, until, untilStatus } from "./live-world.js";

// A newer server sends events of types that a client does not know. Here, a proxy gives them such a type. The client of 0.1 is a file, so
// that this test needs neither the history nor a network, and cannot be skipped. Clients between it and this one passed as "this client".

// Safe: a later client can do what an earlier one could.
const older = (await import(/* @vite-ignore */ `${import.meta.dirname}/older/client-0.1.js`)) as {
  createInvigilClient: typeof createInvigilClient;
};
const clients = [
  { name: "this client", create: createInvigilClient },
  { name: "the client of 0.1", create: older.createInvigilClient },
];

const ADMIN = { sub: "a1", role: "admin" } as const;

/** Gives events another type of the same length. */
const renamed = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.toString("latin1").replaceAll("audio_status_changed", "a_type_of_the_future"), "latin1");

interface Heard {
  readonly type: string;
  readonly id: string;
}

describe.each(clients)("$name", ({ create }) => {
  it.each(transports)("goes on when it meets a type that it does not know: $name", async ({ WebSocket }) => {
    await using fixture = await liveWorld();
    const { room, teacher, proxy } = fixture;
    proxy.change = renamed;
    const { open, openExam } = await fixture.client(ADMIN, { live: { WebSocket } }, create);
    const [ofRoom, ofExam] = [open(room.id), openExam(room.examId)];
    const feeds = [ofRoom, ofExam];
    await Promise.all(feeds.map((feed) => feed.ready()));
    const connections = proxy.asked.length;
    const told: string[] = [];
    ofRoom.on("room_ended", () => told.push(`of the room, ${ofRoom.status}`));
    ofExam.on("room_ended", () => told.push(`of the exam, ${ofExam.status}`));
    const loops = feeds.map((feed): AsyncIterator<Heard> => feed[Symbol.asyncIterator]());
    const typesOf = (events: readonly Heard[]) =>
      events.map(({ type }) => type).filter((type) => type !== "participant_entered");

    await teacher.room.setAudioStatus({ roomId: room.id, audioStatus: "speaking" });
    await teacher.room.end({ roomId: room.id });
    const heard = await Promise.all(loops.map((loop) => until(loop, ({ type }) => type === "room_ended")));
    expect(heard.map(typesOf)).toEqual([
      ["a_type_of_the_future", "room_ended"],
      ["a_type_of_the_future", "room_ended"],
    ]);
    // It is still connected, and only what it knows has changed its state.
    expect(told.toSorted()).toEqual(["of the exam, live", "of the room, live"]);
    expect(proxy.asked.length).toBe(connections);
    expect(ofRoom.state?.room).toMatchObject({ status: "ended", audioStatus: "silent" });
    expect(ofExam.state?.rooms).toMatchObject([{ status: "ended", audioStatus: "silent" }]);
  });

  it.each(transports)("continues after it: $name", async ({ WebSocket }) => {
    await using fixture = await liveWorld();
    const { room, teacher, proxy } = fixture;
    proxy.change = renamed;
    const { open } = await fixture.client(ADMIN, { live: { WebSocket } }, create);
    const feed = open(room.id);
    await feed.ready();
    const loop: AsyncIterator<Heard> = feed[Symbol.asyncIterator]();
    await teacher.room.setAudioStatus({ roomId: room.id, audioStatus: "speaking" });
    const [unknown] = (await until(loop, ({ type }) => type === "a_type_of_the_future")).slice(-1);
    expect(feed.state?.lastEventId).toBe(unknown?.id);
    const lost = untilStatus(feed, "reconnecting");
    proxy.cut();
    await lost;
    await teacher.room.end({ roomId: room.id });
    const next = await until(loop, ({ type }) => type === "room_ended");
    expect(next.map(({ type }) => type)).not.toContain("a_type_of_the_future");
  });
});
