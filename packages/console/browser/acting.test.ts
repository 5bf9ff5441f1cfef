import type { Locator } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { type Candidate, MORNING, type Morning, openMorning } from "./support/morning.js";

// Actions for candidates and rooms, each from one of the screens that offer it. Those for many are told in both languages in
// watch.test.ts, those of a room in room.test.ts.

const PLAY = 20_011;
const PLAYS = 20_012;
const STOP = 20_013;
/** The type of what people write. */
const WRITTEN = 30_001;

let fixture: AppFixture;
let morning: Morning;
beforeAll(async () => {
  fixture = await openAppFixture(MORNING);
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  morning = await openMorning(fixture, { name: "Physics", rooms: 2, perRoom: 3 });
});
afterEach(async () => {
  await morning[Symbol.asyncDispose]();
});
/** Goes on with an exam that has not begun, for which minutes are planned. */
const planExam = async () => {
  await morning[Symbol.asyncDispose]();
  morning = await openMorning(fixture, { name: "Physics", rooms: 2, perRoom: 3, sinceMinutes: -30 });
};

const candidate = (n: number): Candidate => {
  const who = morning.candidates[n];
  if (!who) throw new Error(`There is no candidate ${n}.`);
  return who;
};
/** In which room each of the first candidates is. */
const places = async (count: number) => {
  const { people } = await fixture.admin.exam.people({ examId: morning.examId });
  return Array.from(
    { length: count },
    (_, n) => people.find(({ userId }) => userId === candidate(n).userId)?.roomId,
  );
};

it("moves candidates, and back", async () => {
  await using open = await fixture.openConsole({
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
  const [here, there] = [candidate(0).roomId, candidate(3).roomId];
  expect(await places(3)).toEqual([there, there, here]);
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone.", { exact: true }).waitFor();
  expect(await places(3)).toEqual([here, here, here]);
});

/** Opens the list of the exam, and ticks the first candidates. */
const openList = async (ticked: number) => {
  const open = await fixture.openConsole({
    role: "admin",
    path: `exams/${morning.examId}/candidates?sort=id`,
  });
  const bar = open.page.getByRole("toolbar");
  const tick = async () => {
    for (let n = 0; n < ticked; n += 1)
      await open.page
        .getByRole("row", { name: candidate(n).userId })
        .getByRole("checkbox")
        .check();
    await bar.getByText(`${ticked} chosen`).waitFor();
  };
  await tick();
  return { ...open, bar, tick };
};
/** The rooms in which the first candidates are, with their extra minutes. */
const seats = async (count: number) => {
  const { people } = await fixture.admin.exam.people({ examId: morning.examId });
  return Array.from({ length: count }, (_, n) =>
    people
      .filter(({ userId }) => userId === candidate(n).userId)
      .map(({ roomId, extraMinutes }) => [roomId, extraMinutes]),
  );
};

it("moves candidates, then gives minutes to the same, who stay in one room each, then moves them on", async () => {
  await planExam();
  await using open = await openList(2);
  const { page, bar, tick } = open;
  const dialog = page.getByRole("dialog");
  const move = async (room: string) => {
    await bar.getByRole("button", { name: "Move", exact: true }).click();
    await dialog.getByLabel("To room").selectOption(room);
    await dialog.getByRole("button", { name: "Move" }).click();
    await dialog.getByText("Done for 2 people.").waitFor();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    // The page sends the next action to the room that it shows.
    for (const n of [0, 1])
      await page
        .getByRole("row", { name: candidate(n).userId })
        .filter({ hasText: room })
        .waitFor();
  };
  const [here, there] = [candidate(0).roomId, candidate(3).roomId];
  await move("Hall A 2");
  // The person chooses again before they go on, so that nothing is done for people who were chosen for something else.
  await bar.getByText("Choose candidates to write").waitFor();
  await tick();
  await bar.getByRole("button", { name: "Extra minutes" }).click();
  await dialog.getByLabel("Minutes to add").fill("10");
  await dialog.getByRole("button", { name: "Give the minutes" }).click();
  await dialog.getByText("Done for 2 people.").waitFor();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  expect(await seats(2)).toEqual([[[there, 10]], [[there, 10]]]);
  await move("Hall A 1");
  expect(await seats(2)).toEqual([[[here, 10]], [[here, 10]]]);
});

const CHANGED = "This has changed since you were asked. Check it, and confirm again.";
const giveReason = (dialog: Locator) =>
  dialog.getByLabel("Reason", { exact: true }).selectOption("Lost connection");
/** Every action for many: its button, what its dialog needs, and the button that does it. */
const MANY: readonly {
  readonly open: string;
  readonly fill?: (dialog: Locator) => Promise<unknown>;
  readonly go: string;
}[] = [
  { open: "Message", fill: (dialog) => dialog.getByLabel("Message").fill("Look up."), go: "Send" },
  { open: "Play a clip", fill: (dialog) => dialog.getByLabel("Clip").selectOption("Bell"), go: "Play" },
  { open: "New link", go: "Make new links" },
  {
    open: "Time",
    fill: async (dialog) => {
      await dialog.getByLabel("Minutes", { exact: true }).fill("5");
      await giveReason(dialog);
    },
    go: "Give the time",
  },
  { open: "End their exam", fill: (dialog) => giveReason(dialog), go: "End their exam" },
  { open: "Move", fill: (dialog) => dialog.getByLabel("To room").selectOption("Hall A 2"), go: "Move" },
  { open: "Remove", go: "Remove" },
];
const addBell = async () => {
  const clip = await fixture.admin.audio.create({ name: "Bell", url: `${fixture.url}/bell.wav` });
  await fixture.teacher.audio.attach({ examId: morning.examId, clipId: clip.id });
};

it("says of every action for many whom it was not done for, because others removed them before", async () => {
  await addBell();
  await using open = await openList(3);
  const { page, bar, tick, check, picture } = open;
  const dialog = page.getByRole("dialog");
  const { roomId, userId, name } = candidate(1);
  const row = page.getByRole("row", { name: userId, includeHidden: true });
  for (const { open: act, fill, go } of MANY) {
    // Those who were moved are not chosen any more.
    await tick();
    await bar.getByRole("button", { name: act, exact: true }).click();
    await fill?.(dialog);
    await fixture.admin.participant.remove({ roomId, userId });
    await row.waitFor({ state: "detached" });
    await dialog.getByRole("button", { name: go, exact: true }).dblclick();
    await dialog.getByText(CHANGED).waitFor();
    await dialog.getByText(`${name} · No longer in the room`).waitFor();
    if (act === "Remove") {
      await check();
      await picture("asks-again-removed");
    }
    await dialog.getByRole("button", { name: go, exact: true }).click();
    await dialog.getByText(/^. of 3 failed\.$/).waitFor();
    const line = dialog.getByRole("listitem").filter({ hasText: name });
    await line.getByText("No longer in the room: others moved or removed them.").waitFor();
    if (act === "Time") {
      await check();
      await picture("time-refused");
    }
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await fixture.admin.participant.add({ roomId, participants: [{ userId, name, role: "examinee" }] });
    // Rows stand still under the pointer. The bar above them becomes lower when fewer are chosen.
    await page.getByRole("heading", { level: 1 }).hover();
    await row.waitFor();
  }
  // Nothing was done for the one who was not there, and all of it for the others.
  expect(await seats(3)).toEqual([[], [[roomId, 0]], []]);
});

it("says of every action that an ended room refuses that it was done for no one, because others ended it before", async () => {
  await using open = await openList(2);
  const { page, bar } = open;
  const dialog = page.getByRole("dialog");
  const { roomId } = candidate(0);
  const refused = ["New link", "Time", "Move", "Remove"];
  for (const { open: act, fill, go } of MANY.filter((one) => refused.includes(one.open))) {
    await bar.getByRole("button", { name: act, exact: true }).click();
    await fill?.(dialog);
    if (act === "Time") await dialog.getByText("This changes 2 candidates.").waitFor();
    await fixture.admin.room.end({ roomId });
    await dialog.getByRole("button", { name: go, exact: true }).click();
    if (act === "Time") {
      // Only this dialog says before what would be done.
      await dialog.getByText(CHANGED).waitFor();
      await dialog.getByRole("button", { name: go, exact: true }).click();
    }
    await dialog.getByText("2 of 2 failed.").waitFor();
    expect(await dialog.getByText("The room has ended. An administrator can reopen it.").count()).toBe(2);
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await fixture.admin.room.reopen({ roomId });
  }
  expect(await seats(2)).toEqual([[[roomId, 0]], [[roomId, 0]]]);
});

it("gives minutes in the rooms in which candidates are when it is sent, and takes them back there", async () => {
  await planExam();
  await using open = await openList(2);
  const { page, bar } = open;
  const dialog = page.getByRole("dialog");
  const [here, there] = [candidate(0).roomId, candidate(3).roomId];
  const { userId } = candidate(0);
  await bar.getByRole("button", { name: "Extra minutes" }).click();
  await dialog.getByLabel("Minutes to add").fill("5");
  await fixture.admin.participant.move({ roomId: here, userId, toRoomId: there });
  await page
    .getByRole("row", { name: userId, includeHidden: true })
    .filter({ hasText: "Hall A 2" })
    .waitFor();
  await dialog.getByRole("button", { name: "Give the minutes" }).click();
  await dialog.getByText(CHANGED).waitFor();
  await dialog.getByRole("button", { name: "Give the minutes" }).click();
  await dialog.getByText("Done for 2 people.").waitFor();
  expect(await seats(2)).toEqual([[[there, 5]], [[here, 5]]]);
  await fixture.admin.participant.move({ roomId: there, userId, toRoomId: here });
  await page
    .getByRole("row", { name: userId, includeHidden: true })
    .filter({ hasText: "Hall A 1" })
    .waitFor();
  // The undo is offered for seconds.
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone.", { exact: true }).waitFor();
  expect(await seats(2)).toEqual([[[here, 0]], [[here, 0]]]);
});

it("adds minutes to what each has, and names those who would lose some before it sets all alike", async () => {
  await planExam();
  await using open = await openList(3);
  const { page, bar, check, picture } = open;
  const dialog = page.getByRole("dialog", { name: "Extra minutes for 3 candidates" });
  const { roomId, userId, name } = candidate(1);
  await fixture.admin.participant.setExtraMinutes({ roomId, participants: [{ userId, extraMinutes: 30 }] });
  const preview = dialog.getByRole("listitem").filter({ hasText: name });
  await bar.getByRole("button", { name: "Extra minutes" }).click();
  await dialog.getByLabel("Set the same total for each").check();
  await dialog.getByRole("textbox").fill("10");
  await dialog.getByText(`1 candidate loses minutes: ${name} (30 → 10)`).waitFor();
  await preview.getByText("30 → 10 min").waitFor();
  await check();
  await picture("minutes-total");
  await dialog.getByLabel("Add to what each has").check();
  await preview.getByText("30 → 40 min").waitFor();
  expect(await dialog.getByText("loses minutes").count()).toBe(0);
  await dialog.getByRole("textbox").fill("580");
  await dialog
    .getByText(`A candidate can have at most 600 extra minutes. These would have more: ${name}`)
    .waitFor();
  expect(await dialog.getByRole("button", { name: "Give the minutes" }).isDisabled()).toBe(true);
  await dialog.getByRole("textbox").fill("10");
  await picture("minutes-add");
  await dialog.getByRole("button", { name: "Give the minutes" }).dblclick();
  await dialog.getByText("Done for 3 people.").waitFor();
  expect(await seats(3)).toEqual([[[roomId, 10]], [[roomId, 40]], [[roomId, 10]]]);
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await page.getByText("3 candidates have 10 minutes more.").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone.", { exact: true }).waitFor();
  expect(await seats(3)).toEqual([[[roomId, 0]], [[roomId, 30]], [[roomId, 0]]]);
});

it("removes a candidate, who can come back, unless their records go with them", async () => {
  const { userId, name, roomId } = candidate(0);
  const remove = async () => {
    await page.getByRole("button", { name: `Actions for ${name}` }).click();
    await page.getByRole("menuitem", { name: "Remove" }).click();
    await dialog.getByRole("button", { name: "Remove" }).click();
  };
  await using open = await fixture.openConsole({
    role: "admin",
    path: `exams/${morning.examId}/candidates/${userId}`,
  });
  const { page, check } = open;
  const dialog = page.getByRole("dialog", { name: `Remove ${name}?` });
  await remove();
  await page.getByText(`${name} was removed.`).waitFor();
  // The undo stays under the pointer.
  await page.getByRole("button", { name: "Undo" }).hover();
  await page.getByText(`${userId} is in no room of this exam`).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone.", { exact: true }).waitFor();
  expect(await places(1)).toEqual([roomId]);

  await morning.detect(candidate(0));
  await page.reload();
  await remove();
  await dialog.getByText("This person has detection records.").waitFor();
  await check();
  await dialog.getByLabel(`To confirm, type: ${name}`).fill(name);
  await dialog.getByRole("button", { name: "Remove with the records" }).click();
  await page.getByText(`${userId} is in no room of this exam`).waitFor();
  expect(await places(1)).toEqual([undefined]);
  // The page may hear that they are removed before the answer comes.
  await expect.poll(async () => (await fixture.admin.cheat.listRecords({ roomId })).records).toEqual([]);
});

it("plays a clip, names those who do not hear it, and stops it", async () => {
  const { examId } = morning;
  const { roomId } = candidate(0);
  const clip = await fixture.admin.audio.create({ name: "Bell", url: `${fixture.url}/bell.wav` });
  await fixture.teacher.audio.attach({ examId, clipId: clip.id });
  const sent = async (type: number) => (await fixture.admin.im.history({ roomId, type })).messages;
  await using open = await fixture.openConsole({ role: "teacher", path: `exams/${examId}/rooms/${roomId}` });
  const { page, check } = open;
  await page.getByRole("button", { name: "Play a clip" }).click();
  const dialog = page.getByRole("dialog", { name: "Play a clip for 3 candidates" });
  await dialog.getByLabel("Clip", { exact: true }).selectOption("Bell");
  await check();
  // The answers to the clip are waited for from the moment on at which the page knows that it was sent.
  let goOn = () => {};
  const isAnswered = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  await page.route(
    "**/trpc/im.send*",
    async (route) => {
      const response = await route.fetch();
      await isAnswered;
      await route.fulfill({ response });
    },
    { times: 1 },
  );
  await dialog.getByRole("button", { name: "Play", exact: true }).dblclick();
  await expect.poll(async () => (await sent(PLAY)).length).toBe(1);
  // The page of one candidate answers.
  const { userId, name } = candidate(0);
  const data = (await sent(PLAY))[0]?.data ?? null;
  const { im } = fixture.app.as({ sub: userId, role: "examinee" });
  await im.send({ roomId, type: PLAYS, data });
  await im.send({ roomId, type: WRITTEN, data: { text: "It rings." } });
  await page.getByText(`${name}: It rings.`).waitFor();
  goOn();
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
  await using open = await fixture.openConsole({
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
    expect((await fixture.admin.im.history({ roomId, type: WRITTEN })).messages).toHaveLength(1);

  await act("End the exam");
  const end = page.getByRole("dialog", { name: "End Physics now?" });
  await end.getByLabel("To confirm, type: Physics").fill("Physics");
  await check();
  await end.getByRole("button", { name: "End the exam" }).click();
  await page.getByText("Physics has ended: 2 rooms.").waitFor();
  for (const { id: roomId } of rooms) expect((await fixture.admin.room.get({ roomId })).status).toBe("ended");
});
