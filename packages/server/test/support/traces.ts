import { join } from "node:path";
import { dataOf, send } from "./calls.js";
import { openTestDatabase } from "./database.js";
import { APPS, openExamsFixture } from "./exams-fixture.js";
import { listenRoom } from "./listening.js";
import { STREAM_CONFIG, streamHeaders, streamReport } from "./streams.js";
import { contentsOf } from "./tables.js";

/** The person to erase. */
export const WHO = "examinee1";

/** Returns the rows that contain an id, as a value or as a part of one, by table. */
export const namedIn = async (file: string, id: string): Promise<Record<string, string[]>> => {
  await using db = await openTestDatabase({ file });
  const contents = await contentsOf(db);
  const found = Object.entries(contents).map(([table, rows]): [string, string[]] => [
    table,
    rows.map((row) => JSON.stringify(row)).filter((row) => row.includes(id)),
  ]);
  return Object.fromEntries(found.filter(([, rows]) => rows.length > 0));
};

/**
 * Opens a fixture in which all data that can name a person names one: in a room, and in one that they were moved
 * out of.
 */
export const openTraces = async (folder: { path: string }) => {
  const databaseFile = join(folder.path, "invigil.db");
  const time = { now: Date.parse("2026-01-02T03:04:05Z") };
  const fixture = await openExamsFixture({
    now: () => new Date(time.now),
    config: {
      ...STREAM_CONFIG,
      apps: APPS,
      publicUrl: "https://invigil.example",
      databaseFile,
      presenceSettleSeconds: 0,
    },
  });
  const { room, sibling, admin, teacher, detection } = fixture;
  const roomId = room.id;
  const self = fixture.as({ sub: WHO, role: "examinee" });
  const listening = await listenRoom(fixture, { sub: WHO, role: "examinee" }, { roomId });
  await listening.until((event) => event.type === "participant_entered");
  const report = { method: "GET", path: "/exam/userAct", headers: streamHeaders() } as const;
  dataOf(await send(fixture, { ...report, query: streamReport(room, WHO) }));
  await self.cheat.addRecords({ roomId, records: [detection(WHO)] });
  await self.im.send({ roomId, type: 30_001, data: "from them to all" });
  await self.im.send({ roomId, type: 30_001, data: "from them to one", to: ["teacher1"], key: "k" });
  await teacher.im.send({ roomId, type: 30_001, data: "to them alone", to: [WHO, `pc_${WHO}`] });
  await teacher.im.send({ roomId, type: 30_001, data: { ids: [WHO, "examinee2"] }, to: [WHO, "examinee2"] });
  await teacher.im.send({ roomId, type: 30_001, data: { about: WHO, n: 1 } });
  await teacher.im.send({ roomId, type: 30_001, data: "about nobody" });
  const logIn = async (id: string, binding: { room: string } | { exam: string }) => {
    for (const userId of [WHO, `pc_${WHO}`])
      await fixture
        .as({ sub: WHO, role: "examinee", ...binding })
        .im.getToken({ roomId: id, userId, imServer: ["aliyun_new"] });
  };
  await logIn(roomId, { room: roomId });
  await logIn(roomId, { exam: room.examId });
  await fixture.admin.room.revokeLinks({ roomId, userIds: [WHO] });
  await listening.leave();
  await admin.participant.move({ roomId, userId: WHO, toRoomId: sibling.id });
  // Tokens for the new room would need the generation of the links that were revoked before the move.
  await logIn(sibling.id, { exam: room.examId });
  await admin.room.joinCodes({ roomId: sibling.id });
  await self.im.send({ roomId: sibling.id, type: 30_001, data: "from the other room" });
  return { fixture, databaseFile, time };
};
