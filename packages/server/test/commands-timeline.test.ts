import { join } from "node:path";
import { expect, it } from "vitest";
import { runHere, runWell } from "./support/command.js";
import { tempFolder, testEnv } from "./support/process.js";
import { ADMIN, EXAMINEE, OTHER, openRoomFixture, START, TEACHER } from "./support/room-fixture.js";

// `invigil timeline`, beside a server that uses the same data folder.

const openServerIn = (folder: string) =>
  openRoomFixture({
    config: {
      databaseFile: join(folder, "data/invigil.db"),
      authSecret: testEnv.INVIGIL_AUTH_SECRET,
      presenceSettleSeconds: 0,
    },
  });

it("shows what happened to one person in all of their rooms, in order, with both clocks where they differ", async () => {
  using folder = tempFolder();
  await using fixture = await openServerIn(folder.path);
  const { room, sibling, services, time } = fixture;
  const { id: roomId, examId } = room;
  const visit = async ({ sub }: typeof EXAMINEE, seconds: number): Promise<void> => {
    const page = { examId, roomId, userId: sub, role: "examinee", camera: "main" } as const;
    const leave = services.presence.connect(page);
    await fixture.written();
    time.now += seconds * 1000;
    leave();
    await fixture.written();
  };
  for (const caller of [EXAMINEE, OTHER]) await visit(caller, 60);
  for (const { sub } of [EXAMINEE, OTHER])
    for (const late of [0, 3600])
      await fixture.mutate(ADMIN, "cheat.addRecords", {
        roomId,
        records: [
          {
            userId: sub,
            isMainMonitor: true,
            detectType: "cellPhone",
            detectTime: new Date(time.now - late * 1000),
          },
        ],
      });
  time.now += 1000;
  await fixture.say(EXAMINEE, { type: 30_001, data: { text: "May I leave?" } });
  await fixture.say(TEACHER, { type: 30_001, data: { text: "Not for others" }, to: [OTHER.sub] });
  await fixture.mutate(OTHER, "hand.raise", { roomId, kind: "technical" });
  time.now += 1000;
  const raised = await fixture.mutate(EXAMINEE, "hand.raise", { roomId, kind: "break", text: "Water?" });
  const handId = raised.data.id;
  for (const answer of [{ action: "grant" }, { action: "resolve", note: "Back." }]) {
    time.now += 1000;
    await fixture.mutate(TEACHER, "hand.answer", { roomId, handId, ...answer });
  }
  const talk = { examId, roomId, userId: EXAMINEE.sub };
  time.now += 1000;
  await services.talks.begin(talk, TEACHER.sub, new Date(time.now));
  time.now += 1000;
  await services.talks.end(talk, new Date(time.now));
  time.now += 1000;
  await services.talks.begin(talk, TEACHER.sub, new Date(time.now));
  await fixture.mutate(EXAMINEE, "stream.reportHeard", { roomId, since: new Date(time.now), isHeard: true });
  time.now += 1000;
  await services.talks.end(talk, new Date(time.now));
  time.now += 1000;
  await fixture.mutate(EXAMINEE, "attempt.consent", { roomId, version: 0 });
  time.now += 1000;
  await fixture.mutate(EXAMINEE, "attempt.reportReadiness", {
    roomId,
    checks: { camera: { result: "failed", detail: "busy" } },
  });
  time.now += 1000;
  await fixture.mutate(ADMIN, "participant.move", { roomId, userId: EXAMINEE.sub, toRoomId: sibling.id });

  const how = { cwd: folder.path, env: { ...testEnv, INVIGIL_TIME_ZONE: "UTC" } };
  const args = ["timeline", EXAMINEE.sub, "--exam", examId];
  const lines = (await runWell(args, how)).trimEnd().split("\n");
  const told = lines.map((line) => line.replace(/^\S+ \S+ +/, "").replace(/ {2,}/g, " "));
  expect(told).toEqual([
    "TIME ROOM EVENT DETAILS",
    "A participant_entered camera main",
    "A participant_left camera main",
    "A cheat_record camera main, cellPhone",
    expect.stringMatching(/^A cheat_record camera main, cellPhone; .* by the device's clock$/),
    "A message e1 to staff: May I leave?",
    "A hand_raised break, Water?",
    "A hand_granted break",
    `A hand_resolved break, by ${TEACHER.sub}, Back.`,
    `A talk_unheard by ${TEACHER.sub}`,
    `A talk_began by ${TEACHER.sub}`,
    `A talk_ended by ${TEACHER.sub}`,
    `A consent by ${EXAMINEE.sub}, version 0`,
    "A readiness_changed consent passed, wavedThrough false",
    "A readiness_changed consent passed, camera failed (busy), wavedThrough false",
    "A participant_removed",
    "B participant_added name e1, extraMinutes 0",
    "B readiness_changed consent passed, camera failed (busy), wavedThrough false",
    // The exam was held at a time that is long past by the clock of the command.
    "B time_over",
  ]);

  const { entries } = JSON.parse(await runWell([...args, "--room", "A", "--json"], how));
  expect(entries).toContainEqual({
    time: new Date(START + 60_000).toISOString(),
    roomId,
    event: "participant_left",
    details: "camera main",
  });
  expect(entries.every((entry: { roomId: string }) => entry.roomId === roomId)).toBe(true);
  expect(await runWell(["timeline", "stranger", "--room", roomId], how)).toBe(
    "Nothing happened to stranger.\n",
  );
  expect(await runHere(["timeline", "stranger", "--exam", examId], how)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("There is no stranger in the exam"),
  });
  expect(await runHere(["timeline", "e1"], how)).toMatchObject({
    code: 2,
    stderr: "invigil: --exam or --room must be specified\n",
  });
});

it("shows what happened to a person in the room from which they were moved, also without a record", async () => {
  using folder = tempFolder();
  await using fixture = await openServerIn(folder.path);
  const { room, sibling, services, time } = fixture;
  const seat = { examId: room.examId, roomId: room.id, userId: EXAMINEE.sub };
  const leave = services.presence.connect({ ...seat, role: "examinee", camera: "main" });
  await fixture.written();
  time.now += 1000;
  await services.talks.begin(seat, TEACHER.sub, new Date(time.now));
  time.now += 1000;
  await services.talks.end(seat, new Date(time.now));
  time.now += 1000;
  await fixture.mutate(ADMIN, "participant.move", {
    roomId: room.id,
    userId: EXAMINEE.sub,
    toRoomId: sibling.id,
  });
  leave();
  await fixture.written();
  const how = { cwd: folder.path, env: { ...testEnv, INVIGIL_TIME_ZONE: "UTC" } };
  const args = ["timeline", EXAMINEE.sub, "--exam", room.examId];
  const lines = (await runWell(args, how)).trimEnd().split("\n");
  expect(lines.map((line) => line.replace(/^\S+ \S+ +/, "").replace(/ {2,}/g, " "))).toEqual([
    "TIME ROOM EVENT DETAILS",
    "A participant_entered camera main",
    `A talk_unheard by ${TEACHER.sub}`,
    "A participant_removed",
    "A participant_left camera main",
    "B participant_added name e1, extraMinutes 0",
    "B time_over",
  ]);
});
