import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Morning, openMorning } from "../../server/test/support/morning.js";
import { type ConsolePage, type OpenOptions, openWorldOf, type World } from "./support/console.js";
import { comparePicture } from "./support/pictures.js";

// The pictures of docs/console.md show what the console shows. INVIGIL_TEST_PICTURES=new replaces those that differ.

const version = execFileSync(process.env.CHROMIUM ?? "/usr/bin/chromium", ["--version"], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "ignore"],
});
/** Another Chromium draws letters a little differently. */
const isDebians = version.includes("Debian");

const LOOKS = {
  en: { locale: "en" },
  zh: { locale: "zh-CN" },
  dark: { locale: "en", scheme: "dark" },
  "phone-en": { locale: "en", width: 360, height: 740 },
  "phone-zh": { locale: "zh-CN", width: 360, height: 740 },
} as const satisfies Record<string, OpenOptions>;

interface Screen {
  readonly path: (morning: Morning) => string;
  /** What is there once the screen is drawn. */
  readonly until: (open: ConsolePage) => Promise<unknown>;
  readonly isSignedOut?: true;
}

const rows: Screen["until"] = ({ page }) => page.getByRole("row").nth(1).waitFor();
const SCREENS: Readonly<Record<string, Screen>> = {
  "sign-in": {
    path: () => "",
    isSignedOut: true,
    until: ({ page }) => page.getByRole("heading").first().waitFor(),
  },
  exams: { path: () => "", until: rows },
  "set-up": {
    path: ({ tomorrowId }) => `exams/${tomorrowId}/setup/rooms`,
    until: ({ page }) => page.getByRole("heading", { level: 1 }).waitFor(),
  },
  overview: {
    path: ({ largeId }) => `exams/${largeId}`,
    until: rows,
  },
  candidates: { path: ({ largeId }) => `exams/${largeId}/candidates`, until: rows },
  room: {
    path: ({ examId, roomId }) => `exams/${examId}/rooms/${roomId}`,
    until: ({ page }) => page.getByText("刘洋").first().waitFor(),
  },
  candidate: {
    path: ({ examId, flaggedId }) => `exams/${examId}/candidates/${flaggedId}`,
    until: ({ page }) => page.getByText("刘洋").first().waitFor(),
  },
  records: { path: ({ examId }) => `exams/${examId}/records`, until: rows },
  administration: { path: () => "admin", until: rows },
};

let morning: Morning;
let world: World<Morning>;
let stored: OpenOptions["stored"];
beforeAll(async () => {
  morning = await openMorning();
  world = await openWorldOf(morning);
  await using open = await world.openConsole({ role: "admin", now: morning.clock() });
  stored = await open.page.context().storageState();
}, 240_000);
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

describe.skipIf(!isDebians)("a picture of", () => {
  it.each(Object.entries(SCREENS))("%s is that of the documents", async (name, screen) => {
    const wrong: string[] = [];
    for (const [look, options] of Object.entries(LOOKS)) {
      await using open = await world.openConsole({
        ...options,
        ...(!screen.isSignedOut && { stored }),
        path: screen.path(morning),
        now: morning.clock(),
      });
      const { page } = open;
      await screen.until(open);
      await page.waitForLoadState("networkidle");
      await page.evaluate(() => document.fonts.ready);
      const taken = await page.screenshot({ animations: "disabled", caret: "hide" });
      const fault = comparePicture(`${name}-${look}`, taken);
      if (fault) wrong.push(fault);
    }
    expect(wrong).toEqual([]);
  });

  it("is none that no screen has", () => {
    const taken = Object.keys(SCREENS).flatMap((name) =>
      Object.keys(LOOKS).map((look) => `${name}-${look}.png`),
    );
    expect(readdirSync(join(import.meta.dirname, "../../../docs/console")).sort()).toEqual(taken.sort());
  });
});
