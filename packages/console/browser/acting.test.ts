import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { openWorld, type World } from "./support/console.js";
import { type Candidate, MORNING, type Morning, openMorning } from "./support/morning.js";

// What people do for candidates and rooms, each action from one of the screens that offer it. Those for many are told in both languages in
// watch.test.ts, those of a room in room.test.ts.

const PLAY = 20_011;
const PLAYS = 20_012;
const STOP = 20_013;
/** The type of what people write. */
const WRITTEN = 30_001;

let world: World;
let morning: Morning;
beforeAll(async () => {
  world = await openWorld(MORNING);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  morning = await openMorning(world, { name: "Physics", rooms: 2, perRoom: 3 });
});
afterEach(async () => {
  await morning[Symbol.asyncDispose]();
});

const candidate = (n: number): Candidate => {
  const who = morning.candidates[n];
  if (!who) throw new Error(`There is no candidate ${n}.`);
  return who;
};
/** In which room each of the first candidates is. */
const places = async (count: number) => {
  const { people } = await world.admin.exam.people({ examId: morning.examId });
  return Array.from(
    { length: count },
    (_, n) => people.find(({ userId }) => userId === candidate(n).userId)?.roomId,
  );
};

it("moves candidates, and back", async () => {
  await using open = await world.openConsole({
    role: "admin",
    path: `exams/${morning.examId}/candidates?sort=id`,
  });
  const { page, check } = open;
  for (const n of [0, 1])
    await page
      .getByRole("row", { name: candidate(n).userId })
      .getByRole("checkbox")
      .check();
  await page.getByRole("button", { name: "Move", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Move 2 candidates" });
  // The room in which both are is none to which they could go.
  await expect
    .poll(() => dialog.getByRole("option").allTextContents())
    .toEqual(["Choose a room", "Hall A 2"]);
  await dialog.getByLabel("To room").selectOption("Hall A 2");
  await check();
  await dialog.getByRole("button", { name: "Move" }).dblclick();
  await dialog.getByText("Done for 2 people.").waitFor();
  await check();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  const [here, there] = [candidate(0).roomId, candidate(3).roomId];
  expect(await places(3)).toEqual([there, there, here]);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone.").waitFor();
  expect(await places(3)).toEqual([here, here, here]);
});

it("removes a candidate, who can come back, unless their records go with them", async () => {
  const { userId, name, roomId } = candidate(0);
  const remove = async () => {
    await page.getByRole("button", { name: `Actions for ${name}` }).click();
    await page.getByRole("menuitem", { name: "Remove" }).click();
    await dialog.getByRole("button", { name: "Remove" }).click();
  };
  await using open = await world.openConsole({
    role: "admin",
    path: `exams/${morning.examId}/candidates/${userId}`,
  });
  const { page, check } = open;
  const dialog = page.getByRole("dialog", { name: `Remove ${name}?` });
  await remove();
  await page.getByText(`${name} was removed.`).waitFor();
  await page.getByText(`${userId} is in no room of this exam`).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone.").waitFor();
  expect(await places(1)).toEqual([roomId]);

  await morning.detect(candidate(0));
  await page.reload();
  await remove();
  await dialog.getByText("There are records about this person.").waitFor();
  await check();
  await dialog.getByLabel(`To confirm, type: ${name}`).fill(name);
  await dialog.getByRole("button", { name: "Remove with the records" }).click();
  await page.getByText(`${userId} is in no room of this exam`).waitFor();
  expect(await places(1)).toEqual([undefined]);
  expect((await world.admin.cheat.listRecords({ roomId })).records).toEqual([]);
});

it("plays a clip, names those who do not hear it, and stops it", async () => {
  const { examId } = morning;
  const { roomId } = candidate(0);
  const clip = await world.admin.audio.create({ name: "Bell", url: `${world.url}/bell.wav` });
  await world.teacher.audio.attach({ examId, clipId: clip.id });
  const sent = async (type: number) => (await world.admin.im.history({ roomId, type })).messages;
  await using open = await world.openConsole({ role: "teacher", path: `exams/${examId}/rooms/${roomId}` });
  const { page, check } = open;
  await page.getByRole("button", { name: "Play a clip" }).click();
  const dialog = page.getByRole("dialog", { name: "Play a clip for 3 candidates" });
  await dialog.getByLabel("Clip", { exact: true }).selectOption("Bell");
  await check();
  await dialog.getByRole("button", { name: "Play", exact: true }).dblclick();
  await expect.poll(async () => (await sent(PLAY)).length).toBe(1);
  // The page of one candidate answers.
  const { userId, name } = candidate(0);
  const data = (await sent(PLAY))[0]?.data ?? null;
  await world.app.as({ sub: userId, role: "examinee" }).im.send({ roomId, type: PLAYS, data });
  await dialog.getByText("2 of 3 failed.").waitFor();
  expect(await dialog.getByRole("listitem").last().textContent()).toContain(name);
  await check();
  await dialog.getByRole("button", { name: "Stop what plays" }).click();
  await dialog.getByText("Asked to stop.").waitFor();
  // One for everybody, and one more for those who have not answered.
  expect((await sent(PLAY)).map(({ to }) => to?.length)).toEqual([2, undefined]);
  expect(await sent(STOP)).toHaveLength(1);
});

it("writes to all rooms once, and ends the exam", async () => {
  const { examId, rooms } = morning;
  await using open = await world.openConsole({
    role: "teacher",
    width: 360,
    height: 740,
    path: `exams/${examId}`,
  });
  const { page, check } = open;
  const act = async (name: string) => {
    await page.getByRole("button", { name: "Actions for Overview" }).click();
    await page.getByRole("menuitem", { name }).click();
  };
  await act("Message rooms");
  const message = page.getByRole("dialog", { name: "Message to 2 rooms" });
  await message.getByLabel("Message").fill("Ten minutes left.");
  await check();
  await message.getByRole("button", { name: "Send" }).dblclick();
  await message.getByText("Done for 2 rooms.").waitFor();
  await message.getByRole("button", { name: "Close" }).last().click();
  for (const { id: roomId } of rooms)
    expect((await world.admin.im.history({ roomId, type: WRITTEN })).messages).toHaveLength(1);

  await act("End the exam");
  const end = page.getByRole("dialog", { name: "End Physics now?" });
  await end.getByLabel("To confirm, type: Physics").fill("Physics");
  await check();
  await end.getByRole("button", { name: "End the exam" }).click();
  await page.getByText("Physics has ended: 2 rooms.").waitFor();
  for (const { id: roomId } of rooms) expect((await world.admin.room.get({ roomId })).status).toBe("ended");
});
