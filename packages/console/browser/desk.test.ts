import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ACCOUNTS, type AppFixture, openAppFixture } from "./support/console.js";
import { openExamRoom } from "./support/exam-room.js";
import { patternOf, STORY_LANGUAGES, textsOf, UNKNOWN } from "./support/languages.js";

// An invigilator checks who a candidate is, writes notes, finds both in what happened, and takes the attendance with them.

let fixture: AppFixture;
beforeAll(async () => {
  fixture = await openAppFixture({ config: { presenceSettleSeconds: 0 } });
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

it.each(STORY_LANGUAGES)("marks an identity, keeps notes, and lists who is here, in %s", async (locale) => {
  const t = textsOf(locale);
  const said = (severity: "look" | "serious", by: string, text: string) =>
    t("watching.what.own.noted", { severity: t(`watching.what.severity.${severity}`), by, text });
  const serious = said("serious", "Zhou Jing", "A phone on the desk");
  const fromColleague = said("look", "Sun Wei", "Asked twice");
  const people = [
    { userId: "e1", name: "王芳" },
    { userId: "e2", name: "Emma Clarke" },
  ];
  const hall = await openExamRoom(fixture, { room: `Hall ${locale}`, people });
  const { examId, roomId } = hall;
  const leave = await hall.enter("e1");
  await using open = await fixture.openConsole({
    role: "teacher",
    locale,
    path: `exams/${examId}/rooms/${roomId}`,
  });
  const { page, check, picture } = open;
  const go = (path: string) => page.goto(`${fixture.url}/console/exams/${examId}/${path}`);
  const choose = async (name: string, action: string) => {
    await page.getByRole("button", { name: t("watching.acts.label", { name }), exact: true }).click();
    await page.getByRole("menuitem", { name: action, exact: true }).click();
  };
  const dialog = page.getByRole("dialog");
  const feed = page.getByRole("listitem");

  // The answer of the first call does not arrive. What was entered stays, and the second call writes nothing more.
  await page.route(
    "**/trpc/participant.checkIdentity*",
    async (route) => {
      await route.fetch();
      await route.abort();
    },
    { times: 1 },
  );
  await choose("王芳", t("watching.acts.identity"));
  const identity = page.getByRole("dialog", { name: t("watching.identity.title", { name: "王芳" }) });
  await picture(`desk-identity-empty-${locale}`);
  // The key of an outcome is a letter in the field.
  await identity.getByLabel(t("watching.identity.note")).pressSequentially("Not the person on the photo");
  await identity.getByRole("button", { name: t("watching.identity.statuses.refused"), exact: true }).click();
  await identity.getByText(t("common.error.notDone")).waitFor();
  expect(await identity.getByLabel(t("watching.identity.note")).inputValue()).toBe(
    "Not the person on the photo",
  );
  await check({ within: "[role=dialog]" });
  await picture(`desk-identity-${locale}`);
  await page.setViewportSize({ width: 360, height: 720 });
  await picture(`desk-identity-phone-${locale}`);
  await page.setViewportSize({ width: 1280, height: 800 });
  await identity
    .getByRole("button", { name: t("watching.identity.statuses.refused"), exact: true })
    .press("r");
  await page
    .getByText(t("watching.identity.done.refused", { name: "王芳" }))
    .first()
    .waitFor();
  await dialog.waitFor({ state: "detached" });
  const { entries } = await fixture.teacher.exam.entries({ examId, userId: "e1" });
  expect(entries).toMatchObject([{ kind: "identity", identity: "refused" }]);
  await page.getByText(t("common.state.unidentified")).first().waitFor();
  await feed.getByText(t("watching.what.identity.refused", { by: "Zhou Jing", name: "王芳" })).waitFor();
  await check();
  await picture(`desk-room-${locale}`);

  // A note about the room.
  await choose(`Hall ${locale}`, t("watching.acts.note"));
  await dialog.getByLabel(t("watching.note.text"), { exact: true }).fill("Noise outside");
  await dialog.getByRole("button", { name: t("watching.note.save") }).click();
  await feed
    .getByText(
      t("watching.what.notedRoom", {
        severity: t("watching.what.severity.info"),
        by: "Zhou Jing",
        text: "Noise outside",
      }),
    )
    .waitFor();

  await go("candidates");
  await page.getByRole("row").filter({ hasText: "王芳" }).getByText(t("common.state.unidentified")).waitFor();
  await check();
  await picture(`desk-candidates-${locale}`);
  await page.setViewportSize({ width: 360, height: 720 });
  await picture(`desk-candidates-phone-${locale}`);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("button", { name: t("common.csv.label") }).click();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: t("common.csv.download") }).click(),
  ]);
  const text = (await readFile((await file.path()) ?? "", "utf8")).slice(1).trimEnd();
  const rows = text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME").split("\r\n");
  const cell = (of: string) => (of.includes(",") ? `"${of}"` : of);
  const columns = ["name", "userId", "room", "state", "identity", "since", "ends"] as const;
  const lines = [
    columns.map((column) => t(`candidates.csv.${column}`)),
    [
      "王芳",
      "e1",
      `Hall ${locale}`,
      t("common.state.checking"),
      t("candidates.csv.found.refused"),
      "TIME",
      "TIME",
    ],
    [
      "Emma Clarke",
      "e2",
      `Hall ${locale}`,
      t("common.state.expected"),
      t("candidates.csv.found.unchecked"),
      "",
      "TIME",
    ],
  ];
  expect(rows.toSorted()).toEqual(lines.map((line) => line.map(cell).join(",")).toSorted());

  await go("");
  await page
    .getByText(t("overview.reasons.unidentified", { count: 1 }))
    .first()
    .waitFor();
  await picture(`desk-overview-${locale}`);

  await go("candidates/e1");
  await page.getByText(t("common.state.unidentified")).waitFor();
  await choose("王芳", t("watching.acts.note"));
  const note = page.getByRole("dialog", { name: t("watching.note.title", { name: "王芳" }) });
  await note.getByLabel(t("watching.note.text"), { exact: true }).fill("A phone on the desk");
  await note.getByLabel(t("watching.note.severity")).selectOption("serious");
  await check({ within: "[role=dialog]" });
  await picture(`desk-note-${locale}`);
  await page.setViewportSize({ width: 360, height: 720 });
  await picture(`desk-note-phone-${locale}`);
  await page.setViewportSize({ width: 1280, height: 800 });
  await note.getByRole("button", { name: t("watching.note.save") }).click();
  await page
    .getByText(t("watching.note.done", { name: "王芳" }))
    .first()
    .waitFor();
  await feed.getByText(serious).waitFor();
  // What a colleague notes comes at once.
  const asked = { severity: "look", text: "Asked twice", key: "asked" } as const;
  const colleague = fixture.app.as({ sub: ACCOUNTS.inspector.userId, role: "inspector" });
  await colleague.exam.note({ examId, roomId, userId: "e1", ...asked });
  await feed.getByText(fromColleague).waitFor();
  await page.reload();
  for (const text of [
    serious,
    t("watching.what.own.identity.refused", { by: "Zhou Jing" }),
    fromColleague,
    "Not the person on the photo",
  ])
    await feed.getByText(text).waitFor();
  expect(await page.getByText("Noise outside").count()).toBe(0);
  await page.getByRole("radio", { name: t("watching.kinds.notes") }).waitFor();
  await check();
  await picture(`desk-candidate-${locale}`);

  // Candidates read nothing of it.
  expect((await hall.as("e1").exam.entries({ examId })).entries).toEqual([]);

  // From the keyboard alone.
  await page.keyboard.press("i");
  await identity.waitFor();
  await page.keyboard.press("c");
  await page.getByText(patternOf(t.markup("candidate.header.confirmed", { time: () => UNKNOWN }))).waitFor();
  expect(await page.getByText(t("common.state.unidentified")).count()).toBe(0);
  await picture(`desk-confirmed-${locale}`);
  leave();
});

it("lets an inspector write a note after the end of a room, and nothing else", async () => {
  const hall = await openExamRoom(fixture, { room: "Ended", people: [{ userId: "e1", name: "王芳" }] });
  const { examId, roomId } = hall;
  await fixture.admin.room.end({ roomId });
  await using open = await fixture.openConsole({
    role: "inspector",
    path: `exams/${examId}/candidates/e1`,
  });
  const { page } = open;
  await page.getByRole("button", { name: "Actions for 王芳" }).click();
  await expect.poll(() => page.getByRole("menuitem").allTextContents()).toEqual(["Identity", "Note"]);
  await page.getByRole("menuitem", { name: "Note" }).click();
  await page.getByRole("dialog").getByLabel("Note", { exact: true }).fill("Left calmly");
  await page.getByRole("button", { name: "Save the note" }).click();
  await page.getByText(`Note by ${ACCOUNTS.inspector.name}: Left calmly`).waitFor();
});
