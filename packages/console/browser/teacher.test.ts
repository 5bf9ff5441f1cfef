import { afterAll, beforeAll, expect, it } from "vitest";
import { ACCOUNTS, type AppFixture, openAppFixture } from "./support/console.js";
import { MORNING } from "./support/morning.js";

// An invigilator whom another person's exam names as the teacher of one of its rooms.

let fixture: AppFixture;
const exam = { id: "", room: "" };

beforeAll(async () => {
  fixture = await openAppFixture(MORNING);
  const { admin, teacher } = fixture;
  const now = Date.now();
  const times = { startTime: new Date(now - 1_800_000), endTime: new Date(now + 3_600_000) };
  const { id: examId } = await admin.exam.create({ name: "Mathematics A", ...times });
  await teacher.exam.create({ name: "Of their own", ...times });
  const candidates = (room: string, count: number) =>
    Array.from({ length: count }, (_, n) => ({
      userId: `${room}${n}`,
      name: `Candidate ${room}${n}`,
      role: "examinee" as const,
    }));
  const { userId, name } = ACCOUNTS.teacher;
  const own = await admin.room.create({
    examId,
    name: "Room A",
    participants: [{ userId, name, role: "teacher" }, ...candidates("a", 3)],
  });
  const other = await admin.room.create({ examId, name: "Room B", participants: candidates("b", 4) });
  await admin.participant.import({ examId, file: Buffer.from("id,name\nw1,Waiting\n").toString("base64") });
  for (const [roomId, about] of [
    [own.id, "a0"],
    [other.id, "b0"],
  ] as const)
    await admin.cheat.addRecords({
      roomId,
      records: [{ userId: about, isMainMonitor: true, detectType: "watch", detectTime: new Date(now) }],
    });
  exam.id = examId;
  exam.room = own.id;
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

it("sees their rooms everywhere, and is offered nothing that the server refuses", async () => {
  await using open = await fixture.openConsole({ role: "teacher" });
  const { page, check, picture } = open;
  const place = (name: string) =>
    page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
  const row = page.getByRole("row", { name: /Mathematics A/ });
  await row.waitFor();
  // Two rooms, and eight candidates with the one who waits: how large the exam is.
  expect((await row.getByRole("gridcell").allTextContents()).slice(-3, -1)).toEqual(["2", "8"]);
  const entriesOf = async (name: string) => {
    await page.getByRole("button", { name: `Actions for ${name}` }).click();
    await page.getByRole("menuitem").first().waitFor();
    const names = await page.getByRole("menuitem").allTextContents();
    await page.keyboard.press("Escape");
    await page.getByRole("menuitem").first().waitFor({ state: "detached" });
    return names;
  };
  expect(await entriesOf("Mathematics A")).toEqual(["Open", "Set up"]);
  expect(await entriesOf("Of their own")).toEqual(["Open", "Set up", "Duplicate", "End now", "Delete"]);
  await check();
  await picture("teacher-exams");

  await row.getByRole("link", { name: "Mathematics A" }).click();
  await page.getByRole("button", { name: "Message rooms" }).waitFor();
  await page.getByText("Room A").first().waitFor();
  expect(await page.getByRole("button", { name: /End the exam/ }).count()).toBe(0);
  expect(await page.getByText("Room B").count()).toBe(0);
  await check();
  await picture("teacher-overview");

  await place("Candidates");
  await page.getByText("Candidate a0").waitFor();
  expect(await page.getByText(/Candidate b|Waiting/).count()).toBe(0);
  await page.getByRole("checkbox", { name: /Candidate a1/ }).click();
  const chosen = page.getByRole("toolbar");
  await chosen.getByRole("button", { name: "Message" }).waitFor();
  // There is no other room to which they could move anybody.
  expect(await chosen.getByRole("button", { name: "Move", exact: true }).count()).toBe(0);
  await check();
  await picture("teacher-candidates");
  await page.getByRole("link", { name: "Candidate a0" }).click();
  await page.getByRole("heading", { name: "Candidate a0" }).waitFor();
  await page.waitForURL(/room=/);
  await check();

  await place("Records");
  await page.getByText("You see the records of the rooms that are open to you.").waitFor();
  await page.getByText("Candidate a0").waitFor();
  expect(await page.getByRole("row").count()).toBe(2);
  await check();

  await place("Set up");
  await page.getByText(/View only\. The exam's creator/).waitFor();
  for (const step of await page.getByRole("list", { name: "Steps of the set-up" }).getByRole("link").all()) {
    const name = (await step.textContent()) ?? "";
    await step.click();
    await page.getByRole("heading", { level: 2, name, exact: true }).waitFor();
    await page.waitForLoadState("networkidle");
    expect(await page.getByRole("button", { name: /Save|Import|Plan|Add|Make/ }).count()).toBe(0);
    await check();
  }
  await picture("teacher-setup");

  // Who was gone before the page was opened is known from the list of people, also to the teacher of a room.
  const known = page.waitForResponse((response) => response.url().includes("exam.people"));
  await page.goto(`${fixture.url}/console/exams/${exam.id}/rooms/${exam.room}`);
  await page.getByRole("heading", { level: 1, name: "Room A" }).waitFor();
  expect((await known).status()).toBe(200);
  await check();

  // Refusals are in the audit. This one comes after all others, so these are there once it is.
  await fixture.teacher.exam.end({ examId: exam.id }).catch(() => undefined);
  const refused = async () =>
    (await fixture.admin.audit.list({ actorId: ACCOUNTS.teacher.userId, pageSize: 100 })).entries
      .filter(({ outcome }) => outcome === "FORBIDDEN")
      .map(({ procedure }) => procedure);
  await expect.poll(refused).toContain("exam.end");
  expect(await refused()).toEqual(["exam.end"]);
});

it("finds counts and actions on a phone", async () => {
  await using open = await fixture.openConsole({ role: "teacher", width: 360 });
  await open.page.getByText("8 candidates, 2 rooms").waitFor();
  await open.check();
  await open.picture("teacher-exams-360");
});
