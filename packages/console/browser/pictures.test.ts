import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM } from "../../server/browser/support/chromium.js";
import { sample } from "../../server/test/support/effort.js";
import { type AppFixture, type ConsolePage, type OpenOptions, openWorldOf } from "./support/console.js";
import { comparePicture, PICTURES } from "./support/pictures.js";
import { openPicturesFixture, type PicturesFixture } from "./support/pictures-fixture.js";

// The pictures of docs/console.md show the screens of the last release. This file opens these screens, and prints how much they differ from
// their pictures. INVIGIL_TEST_PICTURES=new replaces the pictures that differ.

const version = execFileSync(CHROMIUM, ["--version"], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "ignore"],
});
/** Another Chromium draws letters a little differently. */
const isDebians = version.includes("Debian");

/** Further looks of some screens. Each screen has a picture in English. */
const LOOKS = {
  zh: { locale: "zh-CN", height: 720 },
  dark: { locale: "en", scheme: "dark", height: 720 },
  phone: { locale: "en", width: 360, height: 740 },
} as const satisfies Record<string, OpenOptions>;
type Look = keyof typeof LOOKS;
const ENGLISH: OpenOptions = { locale: "en", height: 720 };

interface Screen {
  readonly path: (school: PicturesFixture) => string;
  /** Whether it waits for a live connection. */
  readonly isLive?: true;
  readonly isSignedOut?: true;
  readonly looks?: readonly Look[];
}
const SCREENS: Readonly<Record<string, Screen>> = {
  "sign-in": { path: () => "", isSignedOut: true },
  exams: { path: () => "" },
  "set-up": { path: ({ tomorrowId }) => `exams/${tomorrowId}/setup/rooms`, looks: ["zh"] },
  overview: { path: ({ largeId }) => `exams/${largeId}`, isLive: true, looks: ["zh"] },
  candidates: { path: ({ largeId }) => `exams/${largeId}/candidates`, isLive: true, looks: ["phone"] },
  room: {
    path: ({ examId, roomId }) => `exams/${examId}/rooms/${roomId}`,
    isLive: true,
    looks: ["zh", "dark"],
  },
  candidate: { path: ({ examId, flaggedId }) => `exams/${examId}/candidates/${flaggedId}`, isLive: true },
  records: { path: ({ examId }) => `exams/${examId}/records`, isLive: true },
  administration: { path: () => "admin" },
};

let school: PicturesFixture;
let fixture: AppFixture<PicturesFixture>;
beforeAll(async () => {
  school = await openPicturesFixture();
  fixture = await openWorldOf(school);
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

/** Takes a picture of a page that has everything, and stands still. */
const take = async ({ page }: ConsolePage): Promise<Buffer> => {
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => document.fonts.ready);
  return page.screenshot({ animations: "disabled", caret: "hide" });
};

describe.skipIf(!isDebians)("the pictures of the documents", () => {
  it.each(sample(Object.entries(SCREENS), 3))(
    "have the size of the screen: %s",
    async (name, { path, isLive, isSignedOut, looks = [] }) => {
      const pictures: [string, OpenOptions][] = [
        [`${name}-en`, ENGLISH],
        ...looks.map((look): [string, OpenOptions] => [`${name}-${look}`, LOOKS[look]]),
      ];
      for (const [picture, look] of pictures) {
        const signedIn: OpenOptions = isSignedOut ? {} : { role: "admin" };
        await using open = await fixture.openConsole({ ...look, ...signedIn, now: school.clock() });
        await open.page.goto(`${fixture.url}/console/${path(school)}`);
        await open.page.getByRole("heading", { level: 1 }).waitFor();
        if (isLive) await open.page.locator("header [data-kind=live]").waitFor();
        expect(comparePicture(picture, await take(open))).toBeUndefined();
      }
    },
  );

  it("have no others beside them", () => {
    const taken = Object.entries(SCREENS).flatMap(([name, { looks = [] }]) =>
      ["en", ...looks].map((look) => `${name}-${look}.png`),
    );
    expect(readdirSync(PICTURES).toSorted()).toEqual(taken.toSorted());
  });
});
