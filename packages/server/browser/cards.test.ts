import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Card } from "@invigil/schema";
import type { Browser, Locator, Page } from "playwright-core";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp } from "../src/app/testing.js";
import { CARDS_TAIL, cardsHead, roomSheets } from "../src/cli/cards/page.js";
import { APPS } from "../test/support/exams-fixture.js";
import { tempFolder } from "../test/support/process.js";
import { readQr } from "../test/support/qr.js";
import { launchChromium } from "./support/chromium.js";

// The page of cards as it is printed, in Debian's Chromium.

const MM = 96 / 25.4;
const LONGEST = { name: "名".repeat(64), userId: "W".repeat(61) };
const TRICK = `<img src="https://evil.example/a.png"><script>fetch("https://evil.example")</script>`;

/** The page with codes, in both languages; and with links, when the public address is not set. */
const KINDS = [
  { kind: "codes", language: "en" },
  { kind: "codes", language: "zh" },
  { kind: "links", language: "en" },
] as const;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

/** Creates the links, or the codes, of people in two rooms: of many, and of those with the longest names. */
const createPasses = async (kind: (typeof KINDS)[number]["kind"]) => {
  await using app = await createTestApp({
    config: {
      apps: APPS,
      publicUrl: "https://proctoring.department-of-mathematics.university.example/invigil",
    },
  });
  const admin = app.as({ sub: "root", role: "admin" });
  const exam = await admin.exam.create({
    name: "高等数学".repeat(15),
    startTime: new Date("2026-01-03T15:00:00Z"),
    endTime: new Date("2026-01-03T17:30:00Z"),
  });
  const examinee = (n: number) => ({ userId: `2026${n}`, name: n === 1 ? TRICK : "张三" });
  const crowd = Array.from({ length: 9 }, (_, n) => examinee(n));
  const staff = [{ ...LONGEST, userId: "V".repeat(61) }, ...crowd.slice(0, 4)].map((person, n) => ({
    ...person,
    userId: `${n}${person.userId}`.slice(0, 61),
  }));
  const rooms = [
    { name: "教学楼".repeat(21), staff, people: [LONGEST, ...crowd] },
    { name: "第二考场", staff: [], people: crowd.slice(0, 8) },
  ];
  for (const { name, staff, people } of rooms)
    await admin.room.create({
      name,
      examId: exam.id,
      participants: [
        ...staff.map((person) => ({ ...person, role: "inspector" as const })),
        ...people.map((person) => ({ ...person, role: "examinee" as const })),
      ].map((person) => ({ ...person, name: person.name.slice(0, 64) })),
    });
  const { cards } = await admin.exam.cards({ examId: exam.id, as: kind });
  // The longest that a card can say: a candidate with extra minutes.
  const passes: Card[] = cards.map((pass: Card) => ({
    ...pass,
    examEndTime: new Date(pass.examEndTime.getTime() + (pass.userId === LONGEST.userId ? 600 : 0) * 60_000),
  }));
  return { exam, passes };
};

const boxOf = async (element: Locator) => {
  const box = await element.boundingBox();
  if (!box) throw new Error("it is not shown");
  return { ...box, right: box.x + box.width, bottom: box.y + box.height };
};
const scan = async (element: Locator): Promise<string | undefined> => {
  const { data, width, height } = PNG.sync.read(await element.screenshot());
  return readQr(data, width, height);
};

describe.each(KINDS)("the page of cards with $kind in Chromium, in $language", ({ kind, language }) => {
  const hasCodes = kind === "codes";
  let page: Page;
  let passes: readonly Card[];
  const folder = tempFolder();
  const requests: string[] = [];

  beforeAll(async () => {
    const { exam, ...made } = await createPasses(kind);
    passes = made.passes;
    const file = join(folder.path, "cards.html");
    const of = { exam, timeZone: "Asia/Shanghai", language, sitWith: "apps" } as const;
    const roomIds = [...new Set(passes.map(({ roomId }) => roomId))];
    const sheets = roomIds.flatMap((id) => [
      ...roomSheets(
        passes.filter(({ roomId }) => roomId === id),
        of,
      ),
    ]);
    writeFileSync(file, [cardsHead(of), ...sheets, CARDS_TAIL].join(""));
    // Twice as fine as a screen, which is still far from what a printer does.
    page = await browser.newPage({ viewport: { width: 900, height: 1200 }, deviceScaleFactor: 2 });
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    await page.emulateMedia({ media: "print" });
  });
  afterAll(() => folder[Symbol.dispose]());

  it("is printed on a page of A4 a sheet: staff and cards, by room", async () => {
    // Six of the staff on one sheet with codes and on two with links, ten cards on two; one of the staff, eight cards.
    const sheets = hasCodes ? 5 : 6;
    expect(await page.locator(".sheet").count()).toBe(sheets);
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
    expect(pdf.match(/\/Type\s*\/Page\b/g)).toHaveLength(sheets);
    const boxes = new Set(pdf.match(/\/MediaBox\s*\[[^\]]+\]/g));
    expect([...boxes].join()).toMatch(/^\/MediaBox \[0 0 59[45]\.\d+ 84[12]\.\d+\]$/);
  });

  it("cuts no card and no row, and nothing in one", async () => {
    const sheets = await page.locator(".sheet").all();
    const counts: number[] = [];
    for (const sheet of sheets) {
      const around = await boxOf(sheet);
      const cards = await sheet.locator(".card, tbody tr").all();
      counts.push(cards.length);
      for (const card of cards) {
        const box = await boxOf(card);
        const outside = {
          left: box.x - around.x,
          right: around.right - box.right,
          below: around.bottom - box.bottom,
        };
        for (const room of Object.values(outside)) expect(room).toBeGreaterThanOrEqual(5 * MM);
        for (const part of await card.locator("div, svg, .secret, .code").all()) {
          const inner = await boxOf(part);
          expect(inner.y).toBeGreaterThan(box.y);
          expect(inner.bottom).toBeLessThan(box.bottom);
          expect(inner.right).toBeLessThan(box.right);
        }
      }
    }
    expect(counts).toEqual(hasCodes ? [6, 8, 2, 1, 8] : [5, 1, 8, 2, 1, 8]);
  });

  it("has QR codes on every card and in every row that a camera reads, with modules of half a millimetre at least", async () => {
    const urlsOf = ({ url, pcUrl }: Card) => [url, ...(hasCodes && pcUrl ? [pcUrl] : [])];
    const isExaminee = ({ role }: Card) => role === "examinee";
    for (const [where, people] of [
      [".card svg", passes.filter(isExaminee)],
      ["td svg", passes.filter((pass) => !isExaminee(pass))],
    ] as const) {
      const codes = await page.locator(where).all();
      expect(await Promise.all(codes.map(scan))).toEqual(people.flatMap(urlsOf));
      for (const code of codes) {
        const modules = Number((await code.getAttribute("viewBox"))?.split(" ")[2]);
        expect((await boxOf(code)).width / modules).toBeGreaterThanOrEqual(0.5 * MM);
      }
    }
  });

  it.runIf(hasCodes)("has the codes to type, labelled by device", async () => {
    const texts = await page.locator(".code").allInnerTexts();
    const typed = texts.map((text) => text.replaceAll(/\s/g, ""));
    const examinees = passes.flatMap((pass) => ("code" in pass ? [pass.code, pass.pcCode] : []));
    expect(typed.toSorted()).toEqual(examinees.filter((code) => code !== undefined).toSorted());
    const labels = await page.locator(".devices p").allInnerTexts();
    expect([...new Set(labels)]).toEqual(language === "en" ? ["Phone", "Computer"] : ["手机", "电脑"]);
    expect(await page.locator("a").count()).toBe(0);
  });

  it.runIf(!hasCodes)("links to the PC page", async () => {
    const pages = await page.getByText("PC page").all();
    const urls = await Promise.all(pages.map((link) => link.getAttribute("href")));
    expect(urls).toEqual(passes.flatMap(({ pcUrl }) => pcUrl ?? []));
  });

  it("shows names as they are, and asks the network for nothing", async () => {
    const trick = TRICK.slice(0, 64);
    expect(await page.getByText(trick, { exact: true }).count()).toBe(3);
    expect(await page.locator("img, script").count()).toBe(0);
    expect(requests).toEqual([page.url()]);
  });
});
