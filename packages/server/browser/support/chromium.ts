import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Debian's Chromium, or that of `CHROMIUM`. */
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** The same without its windows, where it is installed. A page in it takes half the processor time. */
const SHELL = `${CHROMIUM}-headless-shell`;

export interface LaunchOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Whether a person is asked for devices, which Chromium without its windows does not do. Default: no. */
  readonly asksForDevices?: boolean;
}

export const launchChromium = (
  args: readonly string[] = [],
  { env = process.env, asksForDevices = false }: LaunchOptions = {},
): Promise<Browser> =>
  chromium.launch({
    executablePath: !asksForDevices && existsSync(SHELL) ? SHELL : CHROMIUM,
    args: ["--no-sandbox", ...args],
    env,
  });
