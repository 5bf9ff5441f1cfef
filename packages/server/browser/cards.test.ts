import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Locator, Page } from "playwright-core";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type RouterOutputs } from "../src/app/testing.js";
import { CARDS_TAIL, cardsHead, roomSheets } from "../src/cli/cards/page.js";
import { tempFolder } from "../test/support/process.js";
import { readQr } from "../test/support/qr.js";
import { APPS } from "../test/support/school.js";
import { launchChromium } from "./support/chromium.js";

// The page of cards as it is printed, in Debian's Chromium.

const MM = 96 / 25.4;
const LONGEST = { name: "名".repeat(64), userId: "W".repeat(61) };
const TRICK = `<img src="https://evil.example/a.png"><script>fetch("https://evil.example")</script>`;

let browser: Browser;
let page: Page;
let links: RouterOutputs["room"]["joinLinks"];
const folder = tempFolder();
const requests: string[] = [];

beforeAll(async () => {
  await using app = await createTestApp({ config: { apps: APPS } });
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
  const made = await admin.room.joinLinks({ examId: exam.id });
  // The longest that a card can say: a candidate with extra minutes.
  links = made.map((link) => ({
    ...link,
    examEndTime: new Date(link.examEndTime.getTime() + (link.userId === LONGEST.userId ? 600 : 0) * 60_000),
  }));
  const file = join(folder.path, "cards.html");
  const of = { exam, timeZone: "Asia/Shanghai", language: "en" } as const;
  const roomIds = [...new Set(links.map(({ roomId }) => roomId))];
  const sheets = roomIds.flatMap((id) => [
    ...roomSheets(
      links.filter(({ roomId }) => roomId === id),
      of,
    ),
  ]);
  writeFileSync(file, [cardsHead(of), ...sheets, CARDS_TAIL].join(""));

  browser = await launchChromium();
  // Twice as fine as a screen, which is still far from what a printer does.
  page = await browser.newPage({ viewport: { width: 900, height: 1200 }, deviceScaleFactor: 2 });
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await page.emulateMedia({ media: "print" });
});
afterAll(async () => {
  await browser?.close();
  folder[Symbol.dispose]();
});

const boxOf = async (element: Locator) => {
  const box = await element.boundingBox();
  if (!box) throw new Error("it is not shown");
  return { ...box, right: box.x + box.width, bottom: box.y + box.height };
};
const scan = async (element: Locator): Promise<string | undefined> => {
  const { data, width, height } = PNG.sync.read(await element.screenshot());
  return readQr(data, width, height);
};

describe("the page of cards in Chromium", () => {
  it("is printed on a page of A4 a sheet: staff and cards, by room", async () => {
    // Six of the staff on two sheets, ten cards on two; one of the staff, eight cards.
    expect(await page.locator(".sheet").count()).toBe(6);
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
    expect(pdf.match(/\/Type\s*\/Page\b/g)).toHaveLength(6);
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
        for (const part of await card.locator("div, svg").all()) {
          const inner = await boxOf(part);
          expect(inner.y).toBeGreaterThan(box.y);
          expect(inner.bottom).toBeLessThan(box.bottom);
        }
      }
    }
    expect(counts).toEqual([5, 1, 8, 2, 1, 8]);
  });

  it("has a QR code on every card and in every row, 45 mm wide on a card, that a camera reads as the link", async () => {
    const examinees = links.filter(({ role }) => role === "examinee");
    const codes = await page.locator(".card svg").all();
    expect(codes).toHaveLength(examinees.length);
    for (const [index, code] of codes.entries()) {
      expect(await scan(code)).toBe(examinees[index]?.url);
      const modules = Number((await code.getAttribute("viewBox"))?.split(" ")[2]);
      expect(((await boxOf(code)).width / modules) * (modules - 8)).toBeGreaterThanOrEqual(45 * MM);
    }
    const staff = links.filter(({ role }) => role !== "examinee");
    const rows = await page.locator("td svg").all();
    expect(await Promise.all(rows.map(scan))).toEqual(staff.map(({ url }) => url));
  });

  it("links to the PC page", async () => {
    const pages = await page.getByText("PC page").all();
    const urls = await Promise.all(pages.map((link) => link.getAttribute("href")));
    expect(urls).toEqual(links.flatMap(({ pcUrl }) => pcUrl ?? []));
  });

  it("shows names as they are, and asks the network for nothing", async () => {
    const trick = TRICK.slice(0, 64);
    expect(await page.getByText(trick, { exact: true }).count()).toBe(3);
    expect(await page.locator("img, script").count()).toBe(0);
    expect(requests).toEqual([page.url()]);
  });
});
