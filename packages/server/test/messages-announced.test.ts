import { signals } from "@invigil/schema";
import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { query } from "../src/storage/statement.js";
import { messages, outboxTasks } from "../src/storage/tables.js";
import { createTestService, withServices } from "./support/message-services.js";
import {
  EXAMINEE,
  OTHER,
  openRoomFixture,
  type RoomFixture,
  START,
  TEACHER,
} from "./support/room-fixture.js";
import { openStreamFixture, type StreamFixture } from "./support/stream-fixture.js";
import { readRows, rowsOf } from "./support/tables.js";

/** The messages of a room in the built-in service. */
const messagesOf = ({ db }: Pick<RoomFixture | StreamFixture, "db">, { id }: { id: string }) =>
  readRows(db, query.select().from(messages).where(eq(messages.roomId, id)).orderBy(messages.id));
const NOW = START / 1000;

describe("a stream status", () => {
  it("is announced with each change of either camera, by the person's id", async () => {
    await using fixture = await openStreamFixture({ silent: true });
    await fixture.happens("e1", "publish", NOW);
    await fixture.happens("e1", "publish", NOW + 1);
    await fixture.happens("e1", "publish", NOW, { camera: "pc" });
    await fixture.happens("e1", "publish_done", NOW + 2);
    expect(await messagesOf(fixture, fixture.room)).toMatchObject(
      [signals.streamPublished, signals.streamPublished, signals.streamStopped].map(({ type }) => ({
        type,
        data: '{"userId":"e1"}',
        senderId: "server",
        senderRole: "server",
        recipients: null,
      })),
    );
    expect(await rowsOf(fixture.db, outboxTasks)).toEqual([]);
  });

  it("is in the room's history for everybody", async () => {
    await using fixture = await openStreamFixture({ silent: true });
    await fixture.happens("e1", "publish", NOW);
    const { data } = await fixture.admin.query("im.history", { roomId: fixture.room.id });
    expect(data.messages).toEqual([
      {
        id: 1,
        roomId: fixture.room.id,
        type: signals.streamPublished.type,
        data: { userId: "e1" },
        sender: { userId: "server", role: "server", camera: "main" },
        time: new Date(START),
      },
    ]);
  });

  it("is announced at the services of vendors if the room's groups are there", async () => {
    await using fixture = await openStreamFixture();
    await fixture.happens("e1", "publish", NOW);
    expect([(await fixture.announced()).length, await messagesOf(fixture, fixture.room)]).toEqual([1, []]);

    const change = withServices({ rong_cloud: createTestService() });
    await using other = await openRoomFixture({ change, queue: false });
    const room = {
      name: "R",
      imServer: ["rong_cloud"],
      participants: [{ userId: "e1", name: "E", role: "examinee" }],
    };
    const { data } = await other.mutate(TEACHER, "room.create", room);
    await other.mutate(TEACHER, "participant.remove", { roomId: data.id, userId: "e1" });
    expect(await messagesOf(other, data)).toEqual([]);
  });
});

describe("a person who is removed", () => {
  it.each([
    ["removed", "participant.remove", (fixture: RoomFixture) => ({ roomId: fixture.room.id })],
    [
      "moved",
      "participant.move",
      (fixture: RoomFixture) => ({ roomId: fixture.room.id, toRoomId: fixture.sibling.id }),
    ],
    [
      "taken out of the exam",
      "participant.removeFromExam",
      (fixture: RoomFixture) => ({ examId: fixture.room.examId }),
    ],
  ])("%s receives the signal of their removal, and nobody else does", async (_, path, where) => {
    await using fixture = await openRoomFixture();
    await fixture.mutate(TEACHER, "participant.add", {
      roomId: fixture.sibling.id,
      participants: [{ userId: "e3", name: "E", role: "examinee" }],
    });
    const caller = path === "participant.move" ? { sub: "root", role: "admin" as const } : TEACHER;
    expect(await fixture.mutate(caller, path, { ...where(fixture), userId: "e1" })).toMatchObject({
      status: 200,
    });
    const [only, ...more] = await messagesOf(fixture, fixture.room);
    expect(more).toEqual([]);
    expect(only).toMatchObject({
      type: signals.endUser.type,
      senderRole: "server",
      recipients: ["e1", "pc_e1"],
    });
    const data = signals.endUser.data.parse(JSON.parse(only?.data ?? ""));
    expect(data).toEqual({ sid: expect.stringMatching(/./), receiverIdList: ["e1", "pc_e1"] });
    const signalsFor = async (reader: typeof OTHER) =>
      (await fixture.query(reader, "im.history", { roomId: fixture.room.id })).data.messages.length;
    expect([await signalsFor(OTHER), await signalsFor(TEACHER)]).toEqual([0, 0]);
    expect(await fixture.happened(fixture.room, "message")).toHaveLength(1);
  });

  it("receives the signal after returning, even if others have similar ids or the id `server`", async () => {
    await using fixture = await openRoomFixture();
    const add = (userId: string) =>
      fixture.mutate(TEACHER, "participant.add", {
        roomId: fixture.room.id,
        participants: [{ userId, name: userId, role: "examinee" }],
      });
    await add("server");
    await fixture.mutate(TEACHER, "participant.remove", { roomId: fixture.room.id, userId: "e1" });
    await add("e1");
    const read = async (sub: string, camera: "main" | "pc") => {
      const caller = { ...EXAMINEE, sub };
      return (await fixture.query(caller, "im.history", { roomId: fixture.room.id, camera })).data.messages
        .length;
    };
    expect([await read("e1", "main"), await read("e1", "pc"), await read("server", "main")]).toEqual([
      1, 1, 0,
    ]);
  });

  it("receives no signal if the removal fails", async () => {
    await using fixture = await openRoomFixture();
    const move = { roomId: fixture.room.id, toRoomId: fixture.room.id, userId: "e1" };
    expect((await fixture.mutate({ sub: "root", role: "admin" }, "participant.move", move)).status).not.toBe(
      200,
    );
    expect([
      await messagesOf(fixture, fixture.room),
      await fixture.happened(fixture.room, "message"),
    ]).toEqual([[], []]);
  });
});
