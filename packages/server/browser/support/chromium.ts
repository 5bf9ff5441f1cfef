import { type Browser, chromium } from "playwright-core";

/** Debian's Chromium, or that of `CHROMIUM`. */
export const launchChromium = (args: readonly string[] = []): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", ...args],
  });
