import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACCOUNTS, type AppFixture, type ConsolePage, openAppFixture } from "./support/console.js";
import { MORNING, type Morning, openMorning } from "./support/morning.js";

// Every dialog, and the screen that opens it, in light and dark: no violation of WCAG 2.2 AA. The focus is somewhere after it has closed.

let fixture: AppFixture;
let morning: Morning;
let unplannedId: string;
let open: ConsolePage;

beforeAll(async () => {
  fixture = await openAppFixture(MORNING);
  morning = await openMorning(fixture, { name: "Physics", rooms: 2, perRoom: 3 });
  await morning.come(candidate());
  await fixture.admin.audio.create({
    name: "Begin",
    url: `${fixture.url}/audio/begin.mp3`,
    classify: 1,
    isDefault: true,
  });
  ({ id: unplannedId } = await fixture.admin.exam.create({
    name: "Biology",
    startTime: new Date(Date.now() + 3_600_000),
    endTime: new Date(Date.now() + 7_200_000),
  }));
  await fixture.admin.participant.import({
    examId: unplannedId,
    file: Buffer.from("id,name,role\nb1,Wang Fang,\nt7,Wu Min,teacher\n").toString("base64"),
  });
  open = await fixture.openConsole({ role: "admin" });
});
afterAll(async () => {
  await open?.[Symbol.asyncDispose]();
  await morning?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
});

const candidate = () => {
  const [found] = morning.candidates;
  if (!found) throw new Error("There is no candidate.");
  return found;
};
const actions = (name: string) => `Actions for ${name}`;

/** The screens, and what is pressed one after the other to open each of their dialogs. */
const SCREENS: readonly (readonly [string, () => string, () => readonly (readonly (string | RegExp)[])[]])[] =
  [
    [
      "the exams",
      () => "",
      () => [
        ["New exam"],
        ...["Duplicate", "End now", "Delete"].map((entry) => [actions("Physics"), entry]),
        [`${ACCOUNTS.admin.name}, menu`, /^Keyboard shortcuts/],
      ],
    ],
    [
      "the overview",
      () => `exams/${morning.examId}`,
      () => [
        ["Message rooms"],
        ["Play a clip"],
        ...["Time", "End the exam"].map((entry) => [actions("Overview"), entry]),
      ],
    ],
    [
      "the candidates",
      () => `exams/${morning.examId}/candidates?sort=id`,
      () =>
        ["Message", "Play a clip", "New link", "Time", "Move", "End their exam", "Remove"].map((action) => [
          `Select ${candidate().name}`,
          action,
        ]),
    ],
    [
      "a room",
      () => `exams/${morning.examId}/rooms/${candidate().roomId}`,
      () => [
        ["Play a clip"],
        ...["Silence", "Speak", "End the room"].map((entry) => [actions("Hall A 1"), entry]),
      ],
    ],
    [
      "a candidate",
      () => `exams/${morning.examId}/candidates/${candidate().userId}`,
      () => [
        ...["Play a clip", "Time", "Move", "End their exam", "Remove"].map((entry) => [
          actions(candidate().name),
          entry,
        ]),
        [actions(candidate().name), "New link"],
      ],
    ],
    ["the records", () => `exams/${morning.examId}/records`, () => []],
    ["the plan of the rooms", () => `exams/${unplannedId}/setup/rooms`, () => [[/^Make 1 room/]]],
    [
      "the accounts",
      () => "admin",
      () => [
        ["New account"],
        ...["Set a new password", "Disable"].map((entry) => [actions(ACCOUNTS.teacher.name), entry]),
      ],
    ],
    ["the sessions", () => "admin/sessions", () => [[`Sign out ${ACCOUNTS.admin.name}`]]],
    [
      "the audio library",
      () => "admin/audio",
      () => [["Upload a clip"], ...["Rename or change", "Delete"].map((entry) => [actions("Begin"), entry])],
    ],
  ];

const checkBoth = async ({ check, show } = open, within?: string) => {
  for (const scheme of ["light", "dark"] as const) {
    await show(scheme);
    await check({
      ...(within !== undefined && { within }),
      ...(scheme === "dark" && { only: "colours" }),
    });
  }
};

it("the sign-in breaks no rule of accessibility, by account and by link", async () => {
  await using entrance = await fixture.openConsole();
  await entrance.page.getByLabel("User name").waitFor();
  await checkBoth(entrance);
  await entrance.page.getByRole("button", { name: "I have a code or a link" }).click();
  await entrance.page.getByLabel("Code or link", { exact: true }).waitFor();
  await checkBoth(entrance);
});

describe.each(SCREENS)("%s", (_, path, dialogs) => {
  it("break no rule of accessibility, with each dialog open", async () => {
    const { page } = open;
    await page.goto(`${fixture.url}/console/${path()}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await expect.poll(() => page.getByRole("main").getByRole("status").count()).toBe(0);
    await checkBoth();
    for (const steps of dialogs()) {
      for (const name of steps) {
        const exact = typeof name === "string";
        const what = page
          .getByRole("button", { name, exact })
          .or(page.getByRole("menuitem", { name, exact }))
          .or(page.getByRole("checkbox", { name, exact }));
        // The content of the dialog comes last.
        if ((await what.last().getAttribute("type")) === "checkbox") await what.last().check();
        else await what.last().click();
      }
      await page.getByRole("dialog").getByRole("heading").first().waitFor();
      await expect.poll(() => page.getByRole("dialog").getByRole("status", { name: /.+/ }).count()).toBe(0);
      await checkBoth(open, "[role=dialog]");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      const isLost = () => page.evaluate(() => document.activeElement === document.body);
      await expect.poll(isLost, { message: `the focus after ${steps.join(", ")}` }).toBe(false);
    }
  });
});
