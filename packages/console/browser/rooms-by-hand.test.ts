import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACCOUNTS, type AppFixture, openAppFixture } from "./support/console.js";
import { STORY_LOOKS, textsOf } from "./support/languages.js";

const HOUR = 3_600_000;

let fixture: AppFixture;
beforeAll(async () => {
  fixture = await openAppFixture();
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

describe.each(STORY_LOOKS)("rooms by hand, in $locale", ({ locale, ...look }) => {
  const t = textsOf(locale);

  it("are made, filled, handed on, renamed, emptied and deleted by the exam's creator", async () => {
    const startTime = new Date(Date.now() + 20 * HOUR);
    const endTime = new Date(startTime.getTime() + 2 * HOUR);
    const { id: examId } = await fixture.teacher.exam.create({
      name: `By hand ${locale}`,
      startTime,
      endTime,
    });
    const rows = [
      "id,name,role,extra minutes",
      "s1,Wang Fang,examinee,20",
      "s2,Li Na,examinee,",
      "t8,Chen,teacher,",
      "t9,Zhao,teacher,",
      "i9,Sun,inspector,",
    ];
    await fixture.teacher.participant.import({
      examId,
      file: Buffer.from(rows.join("\n")).toString("base64"),
    });
    const roomNamed = async (name: string) =>
      (await fixture.admin.room.list({ examId })).rooms.find((room) => room.name === name);
    /** The ids of the people of a room, staff first. */
    const peopleIn = async (name: string) => {
      const roomId = (await roomNamed(name))?.id;
      const { people } = await fixture.admin.exam.people({ examId });
      return people.flatMap((one) => (one.roomId === roomId ? [one.userId] : [])).toSorted();
    };
    const waiting = async () =>
      (await fixture.teacher.participant.listUnseated({ examId })).people
        .map(({ userId }) => userId)
        .toSorted();

    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      ...look,
      path: `exams/${examId}/setup/rooms`,
    });
    const { page, check, picture } = open;
    const dialog = page.getByRole("dialog");
    const go = (path: string) => page.goto(`${fixture.url}/console/exams/${examId}/${path}`);
    const choose = async (of: string, entry: string) => {
      await page.getByRole("button", { name: t("watching.acts.label", { name: of }) }).click();
      await page.getByRole("menuitem", { name: entry, exact: true }).click();
    };

    // Two rooms: one that the coordinator runs, and one of an invigilator.
    for (const [room, runner] of [
      ["Hall A", ACCOUNTS.teacher.userId],
      ["Hall B", "t9"],
    ] as const) {
      // By the keyboard: the plan above comes late, and moves the button from under a pointer.
      await page.getByRole("button", { name: t("setup.roomActions.menu.create") }).press("Enter");
      await dialog.getByLabel(t("setup.roomActions.name")).fill(room);
      await dialog.getByLabel(t("setup.roomActions.runner")).selectOption(runner);
      if (runner === "t9") await check();
      if (runner === "t9") await picture(`rooms-by-hand-make-${locale}`);
      await dialog.getByRole("button", { name: t("setup.roomActions.create.action") }).dblclick();
      await page.getByText(t("setup.roomActions.create.done", { room })).waitFor();
      await dialog.waitFor({ state: "detached" });
    }
    expect([await peopleIn("Hall A"), await peopleIn("Hall B")]).toEqual([[ACCOUNTS.teacher.userId], ["t9"]]);
    await page.getByRole("link", { name: "Hall B" }).waitFor();
    await check();
    await picture(`rooms-by-hand-rooms-${locale}`);

    // One person who waits is seated on their own page, and the other one in the list. The teacher of Hall A opens the page of none of its
    // candidates: they would have entered the room, and nobody could delete it.
    await go("candidates/s2");
    await choose("Li Na", t("watching.acts.seat"));
    await dialog.getByLabel(t("watching.move.field")).selectOption("Hall B");
    await check();
    await picture(`rooms-by-hand-seat-${locale}`);
    await dialog.getByRole("button", { name: t("watching.move.action.seating"), exact: true }).click();
    await page.getByText(t("watching.move.done", { count: 1, name: "Li Na", room: "Hall B" })).waitFor();
    await go("candidates");
    const act = async (of: readonly string[], action: string, room?: string) => {
      for (const name of of)
        await page
          .getByRole("checkbox", {
            name: t("common.table.select", { name }),
          })
          .check();
      await page.getByRole("toolbar").getByRole("button", { name: action, exact: true }).click();
      if (room !== undefined) await dialog.getByLabel(t("watching.move.field")).selectOption(room);
    };
    await act(["Wang Fang"], t("watching.acts.seat"), "Hall B");
    await dialog.getByRole("button", { name: t("watching.move.action.seating"), exact: true }).click();
    await page.getByText(t("watching.move.done", { count: 1, name: "Wang Fang", room: "Hall B" })).waitFor();
    expect(await waiting()).toEqual(["i9", "t8"]);
    const seated = await fixture.admin.participant.get({
      roomId: (await roomNamed("Hall B"))?.id ?? "",
      userId: "s1",
    });
    expect(seated.extraMinutes).toBe(20);

    // Out of the room that the coordinator is not in, once the list shows them there. Rows stand still under the pointer that the dialog leaves.
    await page.mouse.move(0, 0);
    await page.getByRole("row", { name: /Wang Fang.*Hall B/ }).waitFor();
    await act(["Wang Fang"], t("watching.acts.move"), "Hall A");
    await dialog.getByRole("button", { name: t("watching.move.action.moving"), exact: true }).click();
    await page.getByText(t("watching.move.done", { count: 1, name: "Wang Fang", room: "Hall A" })).waitFor();
    expect(await peopleIn("Hall B")).toEqual(["s2", "t9"]);

    // An inspector is seated, and waits again after an undo.
    await go("setup/staff");
    await choose("Sun", t("watching.acts.seat"));
    await dialog.getByLabel(t("watching.move.field")).selectOption("Hall B");
    await dialog.getByRole("button", { name: t("watching.move.action.seating"), exact: true }).click();
    await page.getByText(t("watching.move.done", { count: 1, name: "Sun", room: "Hall B" })).waitFor();
    expect(await peopleIn("Hall B")).toEqual(["i9", "s2", "t9"]);
    const { rooms: placesOfSun } = await fixture.teacher.participant.locate({ examId, userId: "i9" });
    expect(placesOfSun).toMatchObject([{ name: "Hall B", role: "inspector" }]);
    await page.getByRole("button", { name: t("common.undo.action") }).click();
    await page.getByText(t("common.undo.undone")).waitFor();
    expect(await waiting()).toEqual(["i9", "t8"]);
    await check();

    // The coordinator hands their room on, and leaves it.
    await go("setup/staff");
    await page.getByRole("button", { name: `Hall A: ${t("setup.roomActions.menu.handOn")}` }).click();
    await dialog.getByLabel(t("setup.roomActions.runner")).selectOption("t8");
    await check();
    await picture(`rooms-by-hand-hand-on-${locale}`);
    await dialog.getByRole("button", { name: t("setup.roomActions.handOn.action") }).click();
    await page.getByText(t("setup.roomActions.handOn.done", { name: "Chen", room: "Hall A" })).waitFor();
    expect([(await roomNamed("Hall A"))?.createTeacher, await peopleIn("Hall A")]).toEqual([
      "t8",
      ["s1", "t8"],
    ]);
    await go("setup/rooms");

    // A name that was wrong comes back.
    for (const name of ["Hall C", "Hall D"]) {
      await choose("Hall A", t("setup.roomActions.menu.rename"));
      await dialog.getByLabel(t("setup.roomActions.name")).fill(name);
      await dialog.getByRole("button", { name: t("setup.roomActions.menu.rename") }).click();
      await page.getByText(t("setup.roomActions.rename.done", { before: "Hall A", room: name })).waitFor();
      if (name === "Hall D") break;
      await page.getByRole("button", { name: t("common.undo.action") }).click();
      await page.getByText(t("common.undo.undone")).waitFor();
    }
    expect(await peopleIn("Hall D")).toEqual(["s1", "t8"]);

    // People are in the room: the server refuses, until they wait again.
    await fixture.teacher.participant.move({
      roomId: (await roomNamed("Hall B"))?.id ?? "",
      userId: "s2",
      toRoomId: (await roomNamed("Hall D"))?.id ?? "",
    });
    await page.getByRole("row", { name: /Hall D 2/ }).waitFor();
    await choose("Hall D", t("setup.roomActions.menu.delete"));
    await dialog.getByText(t("setup.roomActions.delete.waits", { name: "Chen" })).waitFor();
    await dialog.getByRole("button", { name: t("setup.roomActions.menu.delete"), exact: true }).click();
    await dialog.getByText(t("setup.roomActions.delete.people", { count: 2 })).waitFor();
    await check();
    await picture(`rooms-by-hand-refused-${locale}`);
    await dialog.getByRole("button", { name: t("common.confirm.cancel") }).click();
    expect(await peopleIn("Hall D")).toEqual(["s1", "s2", "t8"]);
    await go("candidates");
    await act(["Wang Fang", "Li Na"], t("watching.acts.unseat"));
    await check();
    await picture(`rooms-by-hand-unseat-${locale}`);
    await dialog.getByRole("button", { name: t("watching.unseat.action"), exact: true }).click();
    await dialog.getByText(t("common.bulk.people.done", { count: 2 })).waitFor();
    await dialog
      .getByRole("button", { name: t("common.confirm.close") })
      .last()
      .click();
    expect(await waiting()).toEqual(["i9", "s1", "s2"]);

    await go("setup/rooms");
    for (const room of ["Hall D", "Hall B"]) {
      await choose(room, t("setup.roomActions.menu.delete"));
      await dialog.getByRole("button", { name: t("setup.roomActions.menu.delete"), exact: true }).click();
      await page.getByText(t("setup.roomActions.delete.done", { room })).waitFor();
    }
    expect((await fixture.admin.room.list({ examId })).rooms).toEqual([]);
    expect(await waiting()).toEqual(["i9", "s1", "s2", "t8", "t9"]);
    await check();
  });
});

it("keep those who have entered, and say so", async () => {
  const startTime = new Date(Date.now() + 20 * HOUR);
  const { id: examId } = await fixture.teacher.exam.create({
    name: "Entered",
    startTime,
    endTime: new Date(startTime.getTime() + 2 * HOUR),
  });
  const { id: roomId } = await fixture.teacher.room.create({
    examId,
    name: "Hall E",
    participants: ["Ann", "Ben"].map((name) => ({ userId: name, name, role: "examinee" })),
  });
  const closing = new AbortController();
  const ann = fixture.app.as({ sub: "Ann", role: "examinee", room: roomId }, { signal: closing.signal });
  const events = await ann.room.onEvent({ roomId, camera: "main" });
  const listen = async () => {
    for await (const _ of events);
  };
  // It ends with the page.
  listen().catch(() => undefined);
  await expect
    .poll(async () => (await fixture.teacher.exam.people({ examId })).people.flatMap(({ pages }) => pages))
    .toHaveLength(1);

  await using open = await fixture.openConsole({ role: "teacher", path: `exams/${examId}/candidates` });
  const { page, check } = open;
  const dialog = page.getByRole("dialog");
  await page.getByRole("checkbox", { name: "Select all" }).check();
  await page.getByRole("toolbar").getByRole("button", { name: "Unseat" }).click();
  await dialog.getByRole("button", { name: "Unseat" }).click();
  await dialog.getByText("1 of 2 failed.").waitFor();
  await dialog.getByText("They stay: they have entered the room").waitFor();
  await check();
  closing.abort();
  await fixture.teacher.participant.remove({ roomId, userId: "Ann" });
  await page.goto(`${fixture.url}/console/exams/${examId}/setup/rooms`);
  await page.getByRole("button", { name: "Actions for Hall E" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await dialog.getByText("Someone has entered the room").waitFor();
  expect((await fixture.admin.room.list({ examId })).rooms).toHaveLength(1);

  // From the room, they come to where it is handed on.
  await page.goto(`${fixture.url}/console/exams/${examId}/rooms/${roomId}`);
  await page.getByRole("button", { name: "Actions for Hall E" }).click();
  await page.getByRole("menuitem", { name: "Change who runs it" }).click();
  await page.getByRole("button", { name: "Hall E: Change who runs it" }).click();
  await dialog.getByText("The exam has no other invigilator").waitFor();
});
