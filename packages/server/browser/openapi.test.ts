import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../src/app/testing.js";
import { launchChromium } from "./support/chromium.js";

// The page of the REST paths, in Debian's Chromium.

let browser: Browser;
let app: TestApp;
let url: string;
beforeAll(async () => {
  app = await createTestApp();
  url = await app.listen();
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await app?.close();
});

/** Opens the page; what the browser complains of goes to `complaints`. */
const open = async (options: Parameters<Browser["newPage"]>[0], complaints: string[]): Promise<Page> => {
  const page = await browser.newPage(options);
  page.on("console", (message) => complaints.push(message.text()));
  page.on("request", (request) => {
    if (request.url() !== `${url}/openapi` && !request.url().startsWith("data:"))
      complaints.push(request.url());
  });
  await page.goto(`${url}/openapi`);
  return page;
};

/** In the page: the texts whose contrast with what is behind them is below that of WCAG AA. */
const FAINT_TEXTS = `(() => {
  const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (color) => {
    const [red, green, blue] = channels(color).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    const { backgroundColor } = getComputedStyle(element);
    return channels(backgroundColor)[3] === 0 ? behind(element.parentElement) : backgroundColor;
  };
  return [...document.querySelectorAll("body *")].flatMap((element) => {
    const text = [...element.childNodes].find(({ nodeType, nodeValue }) => nodeType === 3 && nodeValue.trim());
    if (!text) return [];
    const both = [luminance(getComputedStyle(element).color), luminance(behind(element))];
    const contrast = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    return contrast < 4.5 ? [[text.nodeValue, contrast]] : [];
  });
})()`;
const OVERFLOW = "document.documentElement.scrollWidth - innerWidth";

describe("the page of the REST paths in Chromium", () => {
  it.each(["light", "dark"] as const)("is readable, %s, on a phone and on a desk", async (colorScheme) => {
    for (const viewport of [
      { width: 360, height: 740 },
      { width: 1440, height: 900 },
    ]) {
      const complaints: string[] = [];
      const page = await open({ viewport, colorScheme }, complaints);
      expect(complaints).toEqual([]);
      expect(await page.evaluate(OVERFLOW)).toBe(0);
      expect(await page.evaluate(FAINT_TEXTS)).toEqual([]);
      await page.close();
    }
  });

  it("leads from the list to a path, and from its answer to the shape", async () => {
    const page = await open({ viewport: { width: 1440, height: 900 } }, []);
    await page.getByRole("navigation").getByRole("link", { name: "/exam/roomInfo" }).click();
    const section = page.locator("#roomInfo");
    await expect.poll(async () => (await section.boundingBox())?.y).toBeLessThan(100);
    await section.getByRole("link", { name: "Room" }).click();
    await page.waitForURL(/#shape-Room$/);
    await expect.poll(async () => (await page.locator("#shape-Room").boundingBox())?.y).toBeLessThan(800);
    await page.close();
  });
});
