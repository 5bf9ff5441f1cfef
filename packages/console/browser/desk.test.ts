import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ACCOUNTS, type AppFixture, openAppFixture } from "./support/console.js";
import { openExamRoom } from "./support/exam-room.js";
import { STORY_LANGUAGES } from "./support/languages.js";

// An invigilator checks who a candidate is, writes notes, finds both in what happened, and takes the attendance with them.

let fixture: AppFixture;
beforeAll(async () => {
  fixture = await openAppFixture({ config: { presenceSettleSeconds: 0 } });
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

const WORDS = {
  en: {
    actions: (name: string) => `Actions for ${name}`,
    identity: "Identity",
    identityTitle: "Identity of 王芳",
    wrong: "Refused: wrong person or document",
    noteForStaff: "Note for staff (optional, candidates never see it)",
    notDone: "This was not done",
    done: "The identity of 王芳 is refused.",
    mark: "Identity not confirmed",
    look: "1 identity not confirmed",
    note: "Note",
    noteTitle: "Note about 王芳",
    text: "Note",
    severity: "How serious",
    saveNote: "Save the note",
    saved: "The note about 王芳 is saved.",
    refused: "Identity not accepted by Zhou Jing",
    inRoom: "Zhou Jing did not accept the identity of 王芳",
    serious: "Serious note by Zhou Jing: A phone on the desk",
    colleague: "Flagged note by Sun Wei: Asked twice",
    room: "Note about the room, by Zhou Jing: Noise outside",
    confirmed: /^Identity confirmed at \d\d:\d\d$/,
    filter: /^Identity and notes/,
    csv: "Copy or download as CSV",
    download: "Download as CSV",
    rows: [
      /^Name,Id,Room,State,Identity,Identity since \(UTC\),Exam ends \(UTC\)$/,
      /^王芳,e1,Hall en,In the checks,Refused,\d{4}-\d\d-\d\dT[\d:.]+Z,\d{4}-\d\d-\d\dT[\d:.]+Z$/,
      /^Emma Clarke,e2,Hall en,"Expected, not here",Not checked,,\d{4}-\d\d-\d\dT[\d:.]+Z$/,
    ],
  },
  "zh-CN": {
    actions: (name: string) => `${name}的操作`,
    identity: "核验身份",
    identityTitle: "核验王芳的身份",
    wrong: "不符：不是本人，或证件无效",
    noteForStaff: "内部备注（选填，考生看不到）",
    notDone: "操作未完成",
    done: "已记录王芳身份不符。",
    mark: "身份未确认",
    look: "1 人身份未确认",
    note: "写备注",
    noteTitle: "关于王芳的备注",
    text: "备注",
    severity: "严重程度",
    saveNote: "保存备注",
    saved: "关于王芳的备注已保存。",
    refused: "Zhou Jing核验身份：不符",
    inRoom: "Zhou Jing核验王芳身份：不符",
    serious: "备注·严重（Zhou Jing记录）：A phone on the desk",
    colleague: "备注·需留意（Sun Wei记录）：Asked twice",
    room: "备注（本考场，Zhou Jing记录）：Noise outside",
    confirmed: /^\d\d:\d\d 已确认身份$/,
    filter: /^核验与备注/,
    csv: "复制或下载 CSV",
    download: "下载 CSV",
    rows: [
      /^姓名,考号,考场,状态,身份,身份核验时间（UTC）,考试结束时间（UTC）$/,
      /^王芳,e1,Hall zh-CN,考前检查中,不符,\d{4}-\d\d-\d\dT[\d:.]+Z,\d{4}-\d\d-\d\dT[\d:.]+Z$/,
      /^Emma Clarke,e2,Hall zh-CN,未到,未核验,,\d{4}-\d\d-\d\dT[\d:.]+Z$/,
    ],
  },
} as const;

it.each(STORY_LANGUAGES)("marks an identity, keeps notes, and lists who is here, in %s", async (locale) => {
  const words = WORDS[locale];
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
    await page.getByRole("button", { name: words.actions(name), exact: true }).click();
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
  await choose("王芳", words.identity);
  const identity = page.getByRole("dialog", { name: words.identityTitle });
  await picture(`desk-identity-empty-${locale}`);
  // The key of an outcome is a letter in the field.
  await identity.getByLabel(words.noteForStaff).pressSequentially("Not the person on the photo");
  await identity.getByRole("button", { name: words.wrong, exact: true }).click();
  await identity.getByText(words.notDone).waitFor();
  expect(await identity.getByLabel(words.noteForStaff).inputValue()).toBe("Not the person on the photo");
  await check({ within: "[role=dialog]" });
  await picture(`desk-identity-${locale}`);
  await page.setViewportSize({ width: 360, height: 720 });
  await picture(`desk-identity-phone-${locale}`);
  await page.setViewportSize({ width: 1280, height: 800 });
  await identity.getByRole("button", { name: words.wrong, exact: true }).press("r");
  await page.getByText(words.done).first().waitFor();
  await dialog.waitFor({ state: "detached" });
  const { entries } = await fixture.teacher.exam.entries({ examId, userId: "e1" });
  expect(entries).toMatchObject([{ kind: "identity", identity: "refused" }]);
  await page.getByText(words.mark).first().waitFor();
  await feed.getByText(words.inRoom).waitFor();
  await check();
  await picture(`desk-room-${locale}`);

  // A note about the room.
  await choose(`Hall ${locale}`, words.note);
  await dialog.getByLabel(words.text, { exact: true }).fill("Noise outside");
  await dialog.getByRole("button", { name: words.saveNote }).click();
  await feed.getByText(words.room).waitFor();

  await go("candidates");
  await page.getByRole("row").filter({ hasText: "王芳" }).getByText(words.mark).waitFor();
  await check();
  await picture(`desk-candidates-${locale}`);
  await page.setViewportSize({ width: 360, height: 720 });
  await picture(`desk-candidates-phone-${locale}`);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("button", { name: words.csv }).click();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: words.download }).click(),
  ]);
  const rows = (await readFile((await file.path()) ?? "", "utf8")).slice(1).trimEnd().split("\r\n");
  expect(rows).toHaveLength(words.rows.length);
  for (const expected of words.rows)
    expect(
      rows.some((row) => expected.test(row)),
      `${expected} in ${rows.join("\n")}`,
    ).toBe(true);

  await go("");
  await page.getByText(words.look).first().waitFor();
  await picture(`desk-overview-${locale}`);

  await go("candidates/e1");
  await page.getByText(words.mark).waitFor();
  await choose("王芳", words.note);
  const note = page.getByRole("dialog", { name: words.noteTitle });
  await note.getByLabel(words.text, { exact: true }).fill("A phone on the desk");
  await note.getByLabel(words.severity).selectOption("serious");
  await check({ within: "[role=dialog]" });
  await picture(`desk-note-${locale}`);
  await page.setViewportSize({ width: 360, height: 720 });
  await picture(`desk-note-phone-${locale}`);
  await page.setViewportSize({ width: 1280, height: 800 });
  await note.getByRole("button", { name: words.saveNote }).click();
  await page.getByText(words.saved).first().waitFor();
  await feed.getByText(words.serious).waitFor();
  // What a colleague notes comes at once.
  const asked = { severity: "look", text: "Asked twice", key: "asked" } as const;
  const colleague = fixture.app.as({ sub: ACCOUNTS.inspector.userId, role: "inspector" });
  await colleague.exam.note({ examId, roomId, userId: "e1", ...asked });
  await feed.getByText(words.colleague).waitFor();
  await page.reload();
  for (const text of [words.serious, words.refused, words.colleague, "Not the person on the photo"])
    await feed.getByText(text).waitFor();
  expect(await page.getByText("Noise outside").count()).toBe(0);
  await page.getByRole("radio", { name: words.filter }).waitFor();
  await check();
  await picture(`desk-candidate-${locale}`);

  // Candidates read nothing of it.
  expect((await hall.as("e1").exam.entries({ examId })).entries).toEqual([]);

  // From the keyboard alone.
  await page.keyboard.press("i");
  await identity.waitFor();
  await page.keyboard.press("c");
  await page.getByText(words.confirmed).waitFor();
  expect(await page.getByText(words.mark).count()).toBe(0);
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
