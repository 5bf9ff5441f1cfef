import { expect } from "vitest";
import { rest, trpc } from "./calls.js";
import type { Member } from "./servers.js";
import { contentsOf } from "./tables.js";
import { createRoom, openPage, ROOT, TEACHER } from "./taken-rights.js";

/** How long the message of a removal stays. */
const NOTICE_MS = 120_000;

/** A server whose database a newer version will change, with work that is left for the background. */
export const openOutdated = async (server: Member) => {
  const { id: roomId, examId } = await createRoom(server, "e1", "e2");
  const url = await server.listen();
  const token = await server.token({ sub: "e1", role: "examinee" });
  const page = await openPage(url, { token, userId: "e1", roomId });
  // An erasure has a last stage, after two minutes.
  await server.as(ROOT).participant.removeFromExam({ examId, userId: "e2", withRecords: true });

  let asked = 0;
  return {
    /** Whether the server still writes. */
    async writes() {
      const { error } = await trpc(server, await server.token(TEACHER)).mutate("room.setAudioStatus", {
        roomId,
        audioStatus: asked % 2 === 0 ? "speaking" : "silent",
      });
      asked += 1;
      if (error && error.data.reason !== "OVERLOADED") throw new Error(error.message);
      return !error;
    },
    /** Expects that all entry points read, and nothing writes. */
    async expectReadsOnly(passTime: (ms: number) => void) {
      const before = await contentsOf(server.db);
      const teacher = await server.token(TEACHER);
      const why = "The server does not write any more";
      const overRest = await rest(server, teacher).post("updateRoomAudioStatus", {
        id: roomId,
        audioStatus: 1,
      });
      expect(overRest).toMatchObject({ status: 503, body: { reason: "OVERLOADED" } });
      expect(overRest.body.errorMsg).toContain(why);
      const message = { roomId, type: 30_001, data: "late" };
      const overTrpc = await trpc(server, teacher).mutate("im.send", message);
      expect(overTrpc.status).toBe(503);
      expect(overTrpc.error?.message).toContain(why);
      const overSocket = await page.ask({
        do: "send",
        groupId: roomId,
        type: 30_001,
        data: '"late"',
        key: "k",
      });
      expect(overSocket).toMatchObject({ code: 412 });
      expect(overSocket.message).toContain(why);

      expect((await rest(server, teacher).get("roomInfo", { roomId })).status).toBe(200);
      expect((await trpc(server, teacher).query("room.snapshot", { roomId })).error).toBeUndefined();
      expect(await page.ask({ do: "group", groupId: roomId })).toHaveProperty("groupId", roomId);
      expect((await server.inject("/ready")).statusCode).toBe(503);

      passTime(NOTICE_MS);
      await expect(server.services.erasure.finish()).rejects.toThrow("of another version");
      page.socket.terminate();
      await page.closed();
      server.services.queue.wake();
      expect(await contentsOf(server.db)).toEqual(before);
    },
    [Symbol.dispose]: () => page.socket.terminate(),
  };
};
