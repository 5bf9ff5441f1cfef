import { createServer } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type RouterOutputs, type TestApp } from "../src/app/testing.js";
import { portOf } from "../test/support/ports.js";
import { launchChromium } from "./support/chromium.js";

// The page for join codes, in Debian's Chromium. Chromium follows a redirect after a form only where the page's policy allows it.

let browser: Browser;
let page: Page;
let app: TestApp;
let url: string;
let code: RouterOutputs["room"]["joinCodes"][number];
const refused: string[] = [];

/** A web app of another origin, which remembers the pages that were asked for. */
const examApp = createServer(({ url: path = "", headers }, response) => {
  // The browser also asks for an icon.
  if (path.startsWith("/sit/")) referrers.push(headers.referer);
  response.end("<!doctype html><title>The exam</title>");
});
const referrers: (string | undefined)[] = [];

beforeAll(async () => {
  await new Promise<void>((resolve) => examApp.listen(0, "127.0.0.1", resolve));
  const examineeUrl = `http://127.0.0.1:${portOf(examApp)}/sit/`;
  app = await createTestApp({
    config: { apps: { watchUrl: undefined, examineeUrl }, publicUrl: "https://invigil.example" },
  });
  url = await app.listen();
  const room = await app.as({ sub: "t1", role: "teacher" }).room.create({
    name: "R",
    participants: [{ userId: "e1", name: "E", role: "examinee" }],
  });
  const made = await app
    .as({ sub: "root", role: "admin" })
    .room.joinCodes({ roomId: room.id, role: "examinee" });
  if (!made[0]) throw new Error("there is no code");
  [code] = [made[0]];
  browser = await launchChromium();
  page = await browser.newPage();
  page.on("console", (message) => refused.push(message.text()));
});
afterAll(async () => {
  await browser?.close();
  await app?.close();
  examApp.close();
});

const type = async (text: string): Promise<void> => {
  await page.locator("input").fill(text);
  // The page may have the same alert, the same field and the same address before and after it.
  const answered = page.waitForEvent("framenavigated");
  await page.locator("button").click();
  await answered;
};
const expectExam = async (wantedHash: string): Promise<void> => {
  await page.waitForURL(/\/sit\//);
  const { pathname, searchParams, hash } = new URL(page.url());
  expect({ pathname, hash, userId: searchParams.get("userId") }).toEqual({
    pathname: "/sit/",
    hash: wantedHash,
    userId: "e1",
  });
  expect(await page.title()).toBe("The exam");
  expect(referrers.at(-1)).toBeUndefined();
};

describe("the page for join codes in Chromium", () => {
  it("leads a typed code on to the web app, of another origin", async () => {
    await page.goto(`${url}/j`);
    await page.locator("input:focus").waitFor();
    await type(code.code.toLowerCase().replaceAll("-", " "));
    await expectExam("");
    await page.goto(`${url}/j`);
    await type(code.pcCode ?? "");
    await expectExam("#/pc");
    expect(refused).toEqual([]);
  });

  it("leads a scanned code on at once", async () => {
    await page.goto(`${url}${new URL(code.url).pathname}`);
    await expectExam("");
  });

  it("says what is wrong, and takes the next code from there, in both languages", async () => {
    for (const at of ["/j", "/j/", "/j/AAAA-AAAA-AAAB"]) {
      await page.goto(`${url}${at}`);
      await type("AAAA AAAA AAAB");
      const problem = page.getByRole("alert");
      expect(await problem.textContent()).toMatch(/考试码有误.*\s.*typing error/);
      await type(code.code);
      await expectExam("");
    }
    expect(refused.filter((text) => !text.includes("400"))).toEqual([]);
  });
});
