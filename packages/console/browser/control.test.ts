import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { patternOf, STORY_LANGUAGES, textsOf, UNKNOWN } from "./support/languages.js";
import { type Candidate, MORNING, type Morning, openMorning } from "./support/morning.js";

// Decisions about the attempts of people: who gets time, who pauses and whose exam ends, each from one of the screens that offer it.

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
  for (const who of morning.candidates) {
    await morning.come(who);
    await morning.publish(who);
  }
});
afterEach(async () => {
  await morning[Symbol.asyncDispose]();
});

const candidate = (n: number): Candidate => {
  const who = morning.candidates[n];
  if (!who) throw new Error(`There is no candidate ${n}.`);
  return who;
};
/** The attempts of candidates, in their order. */
const attempts = async (...numbers: readonly number[]) => {
  const { people } = await fixture.admin.exam.people({ examId: morning.examId });
  return numbers.map((n) => people.find(({ userId }) => userId === candidate(n).userId)?.attempt);
};
const statuses = async (...numbers: readonly number[]) =>
  (await attempts(...numbers)).map((attempt) => attempt?.status ?? "running");
const reason = { code: "other" } as const;

describe.each(STORY_LANGUAGES)("who decides during an exam, in %s", (locale) => {
  const t = textsOf(locale);
  const changes = (changed: number, { unchanged = 0, refused = 0 } = {}) =>
    t("watching.control.foreseen.counts", { changed, unchanged, refused });
  const pausedSince = patternOf(
    t.markup("common.state.since", { state: t("common.state.paused"), time: () => UNKNOWN }),
  );
  const endsAt = patternOf(t.markup("watching.control.becomes.paused", { time: () => UNKNOWN }));
  const ended = patternOf(t.markup("candidate.header.terminated", { time: () => UNKNOWN }));
  const decidedAll = t("watching.what.decided.because", {
    text: t("watching.what.decided.pause", {
      by: "Zhou Jing",
      name: t("watching.what.decided.people", { count: 3 }),
    }),
    reason: t("watching.control.reason.codes.disturbance"),
  });
  const openPage = (path: string, size: { width?: number; height?: number } = {}) =>
    fixture.openConsole({ role: "teacher", locale, path: `exams/${morning.examId}${path}`, ...size });

  it("pauses a candidate for a reason that the candidate reads, and lets them go on", async () => {
    const { userId, name, roomId } = candidate(0);
    await using open = await openPage(`/candidates/${userId}`);
    const { page, check, picture } = open;
    const dialog = page.getByRole("dialog");
    const choose = async (entry: string) => {
      await page.getByRole("button", { name: t("watching.acts.label", { name }) }).click();
      await page.getByRole("menuitem", { name: entry, exact: true }).click();
    };
    await choose(t("watching.acts.time"));
    await dialog.getByLabel(t("watching.control.ways.pause"), { exact: true }).check();
    const pause = dialog.getByRole("button", { name: t("watching.control.ways.pause"), exact: true });
    // Without a reason, nothing is decided.
    expect(await pause.isDisabled()).toBe(true);
    await dialog.getByLabel(t("watching.control.reason.label"), { exact: true }).selectOption("technical");
    await dialog.getByLabel(t("watching.control.reason.message")).fill("Please wait, we restart the router.");
    await dialog.getByLabel(t("watching.control.reason.note")).fill("Power cut in hall A.");
    await dialog.getByText(changes(1)).waitFor();
    await dialog.getByText(endsAt).waitFor();
    await check();
    await picture(`control-pause-${locale}`);
    await pause.dblclick();
    await dialog.waitFor({ state: "detached" });
    await page.getByText(pausedSince).first().waitFor();
    expect(await statuses(0, 1)).toEqual(["paused", "running"]);
    const own = fixture.app.as({ sub: userId, role: "examinee", room: roomId });
    const { entries } = await own.exam.entries({ examId: morning.examId });
    expect(entries).toMatchObject([{ kind: "pause", message: "Please wait, we restart the router." }]);
    const line = page
      .getByRole("listitem")
      .filter({ hasText: t("watching.what.own.decided.pause", { by: "Zhou Jing" }) });
    await line.filter({ hasText: "Please wait, we restart the router." }).waitFor();
    expect(await line.filter({ hasText: "Power cut in hall A." }).count()).toBe(1);
    await check();
    await picture(`control-paused-${locale}`);

    await choose(t("watching.acts.time"));
    // Who is paused is probably to go on.
    expect(await dialog.getByLabel(t("watching.control.ways.resume"), { exact: true }).isChecked()).toBe(
      true,
    );
    await dialog.getByLabel(t("watching.control.reason.label"), { exact: true }).selectOption("technical");
    await dialog.getByRole("button", { name: t("watching.control.ways.resume"), exact: true }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByText(pausedSince).first().waitFor({ state: "detached" });
    expect(await statuses(0)).toEqual(["running"]);
    await page
      .getByRole("button", { name: t("common.undo.action") })
      .last()
      .click();
    await page.getByText(pausedSince).first().waitFor();
  });

  it("gives a selection more time after a look at what it changes, tries again for one, and undoes it", async () => {
    const { userId, name, roomId } = candidate(1);
    await fixture.teacher.attempt.terminate({ roomId, userIds: [userId], reason, key: "before" });
    await using open = await openPage("/candidates?sort=id");
    const { page, check, picture } = open;
    const dialog = page.getByRole("dialog");
    for (const n of [0, 1, 3])
      await page
        .getByRole("row", { name: candidate(n).userId })
        .getByRole("checkbox")
        .check();
    await page
      .getByRole("toolbar")
      .getByRole("button", { name: t("watching.acts.time"), exact: true })
      .click();
    await dialog.getByLabel(t("watching.control.minutes"), { exact: true }).fill("15");
    await dialog.getByLabel(t("watching.control.reason.label"), { exact: true }).selectOption("connection");
    await dialog.getByText(changes(2, { refused: 1 })).waitFor();
    await dialog
      .getByRole("listitem")
      .filter({ hasText: name })
      .getByText(t("watching.control.refusals.over"))
      .waitFor();
    await check();
    await picture(`control-extend-${locale}`);
    await dialog.getByRole("button", { name: t("watching.control.action.give"), exact: true }).dblclick();
    await dialog.getByText(t("common.bulk.people.failed", { failed: 1, total: 3 })).waitFor();
    await dialog
      .getByRole("listitem")
      .filter({ hasText: name })
      .getByText(t("watching.control.refusals.over"))
      .waitFor();
    await picture(`control-extended-${locale}`);
    await fixture.teacher.attempt.reopen({ roomId, userIds: [userId], reason, key: "again" });
    await dialog.getByRole("button", { name: t("common.bulk.people.retry", { count: 1 }) }).click();
    await dialog.getByText(t("common.bulk.people.done", { count: 3 })).waitFor();
    await picture(`control-given-${locale}`);
    const minutes = async () => (await attempts(0, 1, 3)).map((attempt) => attempt?.extendedMinutes);
    expect(await minutes()).toEqual([15, 15, 15]);
    await dialog
      .getByRole("button", { name: t("common.confirm.close") })
      .last()
      .click();
    await page.getByRole("row", { name: userId }).getByText("+15").waitFor();
    await picture(`control-list-${locale}`);
    await page.getByRole("button", { name: t("common.undo.action") }).click();
    await page.getByText(t("common.undo.undone"), { exact: true }).waitFor();
    expect(await minutes()).toEqual([0, 0, 0]);
  });

  it("asks again before it pauses someone whom a colleague has extended, and keeps what was typed", async () => {
    const { userId, name, roomId } = candidate(0);
    await using open = await openPage(`/candidates/${userId}`);
    const { page, check, picture } = open;
    const dialog = page.getByRole("dialog");
    await page.getByRole("button", { name: t("watching.acts.label", { name }) }).click();
    await page.getByRole("menuitem", { name: t("watching.acts.time"), exact: true }).click();
    await dialog.getByLabel(t("watching.control.ways.pause"), { exact: true }).check();
    await dialog.getByLabel(t("watching.control.reason.label"), { exact: true }).selectOption("technical");
    await dialog.getByLabel(t("watching.control.reason.message")).fill("Please wait.");
    await dialog.getByText(changes(1)).waitFor();
    await dialog.getByText(endsAt).waitFor();
    const before = await dialog.getByText(endsAt).textContent();
    await fixture.admin.attempt.extend({ roomId, userIds: [userId], minutes: 15, reason, key: "colleague" });
    const pause = dialog.getByRole("button", { name: t("watching.control.ways.pause"), exact: true });
    // Without a network, nothing is decided, and nothing is lost.
    await page.route("**/trpc/attempt.pause*", (route) => route.abort("connectionrefused"));
    await pause.click();
    await dialog.getByText(t("common.error.notDone")).waitFor();
    await page.unroute("**/trpc/attempt.pause*");
    await pause.dblclick();
    await dialog.getByText(t("common.confirm.changed")).waitFor();
    expect(await dialog.getByText(endsAt).textContent()).not.toBe(before);
    expect(await dialog.getByLabel(t("watching.control.reason.message")).inputValue()).toBe("Please wait.");
    expect(await statuses(0)).toEqual(["running"]);
    await check();
    await picture(`control-changed-${locale}`);
    await page.setViewportSize({ width: 390, height: 844 });
    await check();
    await dialog.getByText(t("common.confirm.changed")).scrollIntoViewIfNeeded();
    await picture(`control-changed-phone-${locale}`);
    await pause.click();
    await dialog.waitFor({ state: "detached" });
    expect(await statuses(0)).toEqual(["paused"]);
  });

  it("ends the exam of one, whose page hears it, and reopens it, on a phone", async () => {
    const { userId, name, roomId } = candidate(2);
    await using open = await openPage(`/candidates/${userId}`, { width: 360, height: 740 });
    const { page, check, picture } = open;
    const dialog = page.getByRole("dialog");
    const own = fixture.app.as({ sub: userId, role: "examinee", room: roomId });
    const choose = async (entry: string) => {
      await page.getByRole("button", { name: t("watching.acts.label", { name }) }).click();
      await page.getByRole("menuitem", { name: entry, exact: true }).click();
      await dialog.getByLabel(t("watching.control.reason.label"), { exact: true }).selectOption("misconduct");
      await dialog.getByText(changes(1)).waitFor();
      await check();
      await picture(`control-${entry === t("watching.acts.terminate") ? "terminate" : "reopen"}-${locale}`);
      await dialog.getByRole("button", { name: entry, exact: true }).click();
      await dialog.waitFor({ state: "detached" });
    };
    await choose(t("watching.acts.terminate"));
    await page.getByText(ended).waitFor();
    expect(await own.room.get({ roomId })).toMatchObject({ status: "ended" });
    await check();
    await picture(`control-terminated-${locale}`);
    await choose(t("watching.acts.reopen"));
    await page.getByText(ended).waitFor({ state: "detached" });
    expect(await own.room.get({ roomId })).toMatchObject({ status: "in_progress" });
    expect(await statuses(0, 1, 2)).toEqual(["running", "running", "running"]);
  });

  it("pauses a whole room, whose tiles and bar say so, and all rooms of the exam", async () => {
    const [room] = morning.rooms;
    await using open = await openPage(`/rooms/${room?.id}`);
    const { page, check, picture } = open;
    const dialog = page.getByRole("dialog");
    const pause = async (place: string, foreseen: string, done: string, shot?: string) => {
      await page.getByRole("button", { name: t("watching.acts.label", { name: place }) }).click();
      await page.getByRole("menuitem", { name: t("watching.acts.time"), exact: true }).click();
      await dialog.getByLabel(t("watching.control.ways.pause"), { exact: true }).check();
      await dialog
        .getByLabel(t("watching.control.reason.label"), { exact: true })
        .selectOption("disturbance");
      await dialog.getByRole("status").filter({ hasText: foreseen }).waitFor();
      await check();
      if (shot) await picture(`control-${shot}-${locale}`);
      await dialog.getByRole("button", { name: t("watching.control.action.pause"), exact: true }).click();
      await dialog.getByText(done).waitFor();
    };
    await pause(room?.name ?? "", changes(3), t("common.bulk.people.done", { count: 3 }));
    await dialog
      .getByRole("button", { name: t("common.confirm.close") })
      .last()
      .click();
    await page.getByText(t("room.counts.paused", { count: 3 })).waitFor();
    await page.getByRole("button", { name: t("common.undo.action") }).click();
    await page.getByText(t("room.counts.paused", { count: 3 })).waitFor({ state: "detached" });
    await pause(room?.name ?? "", changes(3), t("common.bulk.people.done", { count: 3 }));
    await dialog
      .getByRole("button", { name: t("common.confirm.close") })
      .last()
      .click();
    await page.getByText(t("room.counts.paused", { count: 3 })).waitFor();
    const tiles = page.getByRole("listitem").filter({ has: page.locator("[data-camera]") });
    await expect.poll(() => tiles.filter({ hasText: t("common.state.paused") }).count()).toBe(3);
    expect(await statuses(0, 1, 2, 3)).toEqual(["paused", "paused", "paused", "running"]);
    await check();
    // What was decided at once is one line, each time.
    await expect.poll(() => page.getByText(decidedAll).count()).toBe(2);
    await page.reload();
    await expect.poll(() => page.getByText(decidedAll).count()).toBe(2);
    await picture(`control-room-${locale}`);
    await page.goto(`${fixture.url}/console/exams/${morning.examId}`);
    await pause(
      t("overview.title"),
      changes(3, { unchanged: 3 }),
      t("common.bulk.rooms.done", { count: 2 }),
      "exam",
    );
    // The people of the first room were paused before.
    await dialog
      .getByText(t("watching.control.inRoom", { changed: 3, unchanged: 0 }), { exact: true })
      .waitFor();
    await dialog.getByText(t("watching.control.inRoom", { changed: 0, unchanged: 3 })).waitFor();
    expect(await statuses(0, 1, 2, 3, 4, 5)).toEqual(Array(6).fill("paused"));
    await picture(`control-exam-done-${locale}`);
  });
});

it("offers no more than the exam allows, and a new link to those whose time goes on after their link", async () => {
  const { userId, name, roomId } = candidate(0);
  // The room has a teacher besides the exam's creator.
  const examId = (
    await fixture.admin.exam.create({
      name: "Chemistry",
      startTime: new Date(Date.now() - 3_600_000),
      endTime: new Date(Date.now() + 3_600_000),
    })
  ).id;
  const own = await fixture.admin.room.create({
    examId,
    name: "Hall Z",
    participants: [
      { userId: "t1", name: "Zhou Jing", role: "teacher" },
      { userId: "z1", name: "Zora", role: "examinee" },
    ],
  });
  await fixture.admin.exam.update({ examId, controlledBy: "creator", maxRoomMinutes: 10 });
  await using open = await fixture.openConsole({ role: "teacher", path: `exams/${examId}/candidates/z1` });
  const { page } = open;
  const dialog = page.getByRole("dialog");
  const actions = page.getByRole("button", { name: "Actions for Zora" });
  await actions.click();
  await page.getByRole("menuitem", { name: "Time", exact: true }).waitFor();
  expect(await page.getByRole("menuitem", { name: "End their exam" }).count()).toBe(0);
  await page.getByRole("menuitem", { name: "Time", exact: true }).click();
  await dialog.getByRole("radio", { name: "Pause" }).waitFor();
  expect(await dialog.getByRole("radio").count()).toBe(2);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await fixture.admin.exam.update({ examId, controlledBy: "rooms" });
  await page.reload();
  await actions.click();
  await page.getByRole("menuitem", { name: "Time", exact: true }).click();
  await dialog.getByText("You may give a candidate at most 10 minutes in total.").waitFor();
  await dialog.getByLabel("Minutes", { exact: true }).fill("11");
  await dialog.getByText("These would be more minutes in total than allowed.").waitFor();
  expect((await fixture.admin.room.get({ roomId: own.id })).id).toBe(own.id);

  await page.goto(`${fixture.url}/console/exams/${morning.examId}/candidates/${userId}`);
  await page.getByRole("button", { name: `Actions for ${name}` }).click();
  await page.getByRole("menuitem", { name: "Time", exact: true }).click();
  await dialog.getByLabel("Minutes", { exact: true }).fill("600");
  await dialog.getByLabel("Reason", { exact: true }).selectOption("health");
  await dialog.getByText("needs a new link").waitFor();
  await dialog.getByRole("button", { name: "Give the time" }).click();
  await dialog.getByRole("button", { name: "New link" }).click();
  await dialog.getByRole("button", { name: "Make new links" }).click();
  await dialog.getByLabel(`QR code of the link of ${name}`).waitFor();
  expect((await fixture.admin.participant.get({ roomId, userId })).extraMinutes).toBe(0);
});
