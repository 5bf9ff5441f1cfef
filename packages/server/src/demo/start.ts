import { type Caller, createRoomInput, listRoomsInput, type Role, type Room } from "@invigil/schema";
import type { RunningServer } from "../app/main.js";
import { signToken } from "../identity/tokens.js";
import { demoGuide } from "./guide.js";
import { starterLibrary } from "./library.js";

const DAY_SECONDS = 24 * 60 * 60;
const ROOM_NAME = "演示考场 Demo room";
const TEACHER: Caller = {
  userId: "teacher1",
  role: "teacher",
  name: "Teacher One",
  expiresAt: new Date(8.64e15),
};

/**
 * Returns the demo room of an earlier start if it is in progress. Otherwise, creates a room whose exam plays
 * the library.
 */
const demoRoom = async ({ services }: RunningServer): Promise<Room> => {
  let cursor: string | undefined;
  do {
    const page = await services.room.list(
      TEACHER,
      listRoomsInput.parse({ status: "in_progress", pageSize: 100, cursor }),
    );
    const there = page.rooms.find(({ name }) => name === ROOM_NAME);
    if (there) return there;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  const room = await services.room.create(
    TEACHER,
    createRoomInput.parse({ name: ROOM_NAME, imServer: ["aliyun_new"] }),
  );
  const [notice, ...others] = await starterLibrary(services.audio, TEACHER);
  const { startTime } = await services.exam.get(TEACHER, room.examId);
  if (notice) await services.audio.attach(TEACHER, { examId: room.examId, clipId: notice.id, startTime });
  for (const { id } of others) await services.audio.attach(TEACHER, { examId: room.examId, clipId: id });
  return room;
};

/** Creates the demo data once, and returns the text that explains how to use it. */
export const startDemo = async (server: RunningServer): Promise<string> => {
  const { deps } = server;
  await starterLibrary(server.services.audio, TEACHER);
  const room = await demoRoom(server);
  const token = (userId: string, role: Role, roomId?: string) =>
    signToken(
      { userId, role, roomId, ttlSeconds: DAY_SECONDS },
      { secret: deps.authSecret, clock: deps.clock, jti: deps.ids.next() },
    );
  const people = await server.services.participant.list(TEACHER, { roomId: room.id, role: "examinee" });
  const examinee = people[0]?.userId;
  return demoGuide({
    url: server.url,
    room,
    admin: await token("admin", "admin"),
    teacher: await token(TEACHER.userId, "teacher", room.id),
    examinee:
      examinee === undefined
        ? undefined
        : { userId: examinee, token: await token(examinee, "examinee", room.id) },
  });
};
