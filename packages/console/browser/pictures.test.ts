import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ConsolePage, type OpenOptions, openWorldOf, type World } from "./support/console.js";
import { openPicturedSchool, type PicturedSchool } from "./support/pictured-school.js";
import { comparePicture, PICTURES } from "./support/pictures.js";

// The pictures of docs/console.md show what the console shows. INVIGIL_TEST_PICTURES=new replaces those that differ.

const version = execFileSync(process.env.CHROMIUM ?? "/usr/bin/chromium", ["--version"], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "ignore"],
});
/** Another Chromium draws letters a little differently. */
const isDebians = version.includes("Debian");

const LOOKS = {
  en: { locale: "en", height: 720 },
  zh: { locale: "zh-CN", height: 720 },
  dark: { locale: "en", scheme: "dark", height: 720 },
  "phone-en": { locale: "en", width: 360, height: 740 },
  "phone-zh": { locale: "zh-CN", width: 360, height: 740 },
} as const satisfies Record<string, OpenOptions>;

interface Screen {
  readonly path: (school: PicturedSchool) => string;
  /** Whether it waits for a live connection. */
  readonly isLive?: true;
}
const SCREENS: Readonly<Record<string, Screen>> = {
  exams: { path: () => "" },
  "set-up": { path: ({ tomorrowId }) => `exams/${tomorrowId}/setup/rooms` },
  overview: { path: ({ largeId }) => `exams/${largeId}`, isLive: true },
  candidates: { path: ({ largeId }) => `exams/${largeId}/candidates`, isLive: true },
  room: { path: ({ examId, roomId }) => `exams/${examId}/rooms/${roomId}`, isLive: true },
  candidate: {
    path: ({ examId, flaggedId }) => `exams/${examId}/candidates/${flaggedId}`,
    isLive: true,
  },
  records: { path: ({ examId }) => `exams/${examId}/records`, isLive: true },
  administration: { path: () => "admin" },
};

let school: PicturedSchool;
let world: World<PicturedSchool>;
beforeAll(async () => {
  school = await openPicturedSchool();
  world = await openWorldOf(school);
}, 240_000);
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

/** Takes a picture of a page that has everything, and stands still. */
const take = async ({ page }: ConsolePage): Promise<Buffer> => {
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => document.fonts.ready);
  return page.screenshot({ animations: "disabled", caret: "hide" });
};

describe.skipIf(!isDebians)("the pictures of the documents", () => {
  it.each(Object.entries(LOOKS))(
    "are those of the screens: %s",
    { timeout: 180_000 },
    async (look, options) => {
      const faults: (string | undefined)[] = [];
      await using signedOut = await world.openConsole({ ...options, now: school.clock() });
      await signedOut.page.getByRole("heading", { level: 1 }).waitFor();
      faults.push(comparePicture(`sign-in-${look}`, await take(signedOut)));

      await using open = await world.openConsole({ ...options, role: "admin", now: school.clock() });
      for (const [name, { path, isLive }] of Object.entries(SCREENS)) {
        await open.page.goto(`${world.url}/console/${path(school)}`);
        await open.page.getByRole("heading", { level: 1 }).waitFor();
        if (isLive) await open.page.locator("header [data-kind=live]").waitFor();
        faults.push(comparePicture(`${name}-${look}`, await take(open)));
      }
      expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
    },
  );

  it("have no others beside them", () => {
    const names = ["sign-in", ...Object.keys(SCREENS)];
    const taken = names.flatMap((name) => Object.keys(LOOKS).map((look) => `${name}-${look}.png`));
    expect(readdirSync(PICTURES).toSorted()).toEqual(taken.toSorted());
  });
});
