import { expect, it } from "vitest";
import type { DropInService } from "../src/features/drop-in/service.js";
import { createSharedFrames } from "../src/http/sockets/drop-in-frames.js";
import { createJoinedGroups } from "../src/http/sockets/drop-in-groups.js";
import { DatabaseUnavailableError } from "../src/storage/errors.js";
import { EXAMINEE, openLiveFixture, TEACHER } from "./support/live-fixture.js";
import { AUTHOR } from "./support/writes.js";

it("a page that has a gap waits for the database to read the messages that it missed, and leaves no group", async () => {
  await using fixture = await openLiveFixture();
  const { id: roomId } = fixture.room;
  const { id } = await fixture.as(TEACHER).im.send({ roomId, type: 30_001, data: 1 });
  const snapshot = await fixture.as(TEACHER).room.snapshot({ roomId });
  const { lastEventId } = snapshot;
  const holder = await fixture.services.auth.identify(await fixture.token(EXAMINEE));
  const page = {
    id: "1",
    userId: EXAMINEE.sub,
    login: EXAMINEE.sub,
    camera: "main",
    commands: false,
    holder,
    expiresAt: holder.expiresAt,
    origin: AUTHOR.origin,
  } as const;
  let reads = 0;
  const dropIn: DropInService = {
    ...fixture.services.dropIn,
    join: async () => ({
      result: {
        group: {
          groupId: roomId,
          groupName: "Room A",
          createTime: 0,
          creator: "",
          admins: [],
          onlineCount: 1,
          muteStatus: { groupId: roomId, muteAll: false, muteUserList: [] },
        },
        at: "0",
        seen: 0,
      },
      events: (async function* () {
        yield { type: "gap", id: lastEventId, roomId, time: fixture.clock(), snapshot };
        // As a subscription does, it ends with the server.
        await new Promise(() => undefined);
      })(),
      isStale: () => false,
    }),
    async missed() {
      reads += 1;
      if (reads < 3) throw new DatabaseUnavailableError("the test has taken the database away");
      const message = {
        groupId: roomId,
        messageId: String(id),
        type: 30_001,
        sender: { userId: TEACHER.sub },
        data: "1",
        seqnum: id,
        timestamp: 0,
        level: 0,
      } as const;
      return [{ message, one: false }];
    },
  };
  const frame = await new Promise<Buffer>((resolve, reject) => {
    const groups = createJoinedGroups({
      dropIn,
      sendBytes: resolve,
      frames: createSharedFrames(),
      connection: {},
      drained: async () => undefined,
      onEnd: (reason, error) => reject(new Error(reason, { cause: error })),
    });
    groups.join(page, roomId, {}).then(({ begin }) => begin(), reject);
  });
  expect(JSON.parse(frame.toString())).toMatchObject({ is: "message", message: { seqnum: id, data: "1" } });
  expect(reads).toBe(3);
});
