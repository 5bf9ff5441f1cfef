import { fileURLToPath } from "node:url";
import { createInvigilClient } from "@invigil/client";
import { createTestApp, type TestApp, type TestAppOptions } from "@invigil/server/testing";
import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";
import { type LaunchOptions, launchChromium } from "../../../server/browser/support/chromium.js";
import { violationsOf } from "./accessibility.js";

/** The accounts of every world. All have the same password. */
export const ACCOUNTS = {
  admin: { userId: "boss", name: "Li Na" },
  teacher: { userId: "t1", name: "Zhou Jing" },
  inspector: { userId: "i1", name: "Sun Wei" },
} as const;
export const PASSWORD = "a password for tests";

type Role = keyof typeof ACCOUNTS;
type Caller = ReturnType<TestApp["as"]>;

export interface OpenOptions {
  /** Signs this account in. Without it, the page stands at the sign-in. */
  readonly role?: Role;
  readonly locale?: "en" | "zh-CN";
  readonly scheme?: "light" | "dark";
  /** In pixels. 360 is a phone. */
  readonly width?: number;
  readonly height?: number;
  /** Below the console, without a slash at its begin: `exams/1`. */
  readonly path?: string;
  /** The time that the clock of the page shows. Default: the real time. */
  readonly now?: Date;
  /** Whether a test turns the clock of the page forward, by `page.clock`. Default: no. */
  readonly turnsClock?: boolean;
  /** Whether the person allows the microphone, which beeps. Default: no. */
  readonly allowsMicrophone?: boolean;
  /** The address of the server. Default: the world's. */
  readonly url?: string;
}

/** A page of the console that a test has open. */
export interface ConsolePage extends AsyncDisposable {
  readonly page: Page;
  /**
   * Counts the violations of WCAG 2.2 AA and of the content security policy, and the failures of scripts, on the page as it is: 0.
   *
   * @param within - selects the part of the page at which it looks. Default: all of it
   * @param only - the rules about colours alone. Default: all rules
   */
  readonly check: (how?: { readonly within?: string; readonly only?: "colours" }) => Promise<void>;
  /** Shows the page in light or dark, and waits until it stands still. */
  readonly show: (scheme: "light" | "dark") => Promise<void>;
  /**
   * Checks a screen in light and dark, and loaded again on a phone.
   *
   * @param isReady - waits until the screen has all that it shows
   * @param name - of its pictures
   */
  readonly checkLooks: (isReady: () => Promise<unknown>, name: string) => Promise<void>;
  /** Takes a picture if `INVIGIL_PICTURES` names a folder. */
  readonly picture: (name: string) => Promise<void>;
}

/** The settings that a world needs of its server. */
export type Served = Pick<TestApp, "as" | "listen"> & AsyncDisposable;

/** A server with the console, accounts, and a browser. */
export interface AppFixture<App extends Served = TestApp> extends AsyncDisposable {
  readonly app: App;
  readonly url: string;
  /** Calls procedures as the accounts do. */
  readonly admin: Caller;
  readonly teacher: Caller;
  readonly browser: Browser;
  readonly openConsole: (options?: OpenOptions) => Promise<ConsolePage>;
}

/** Where the console keeps its session. */
const SESSION = "invigil.session";

/** Only the fonts that `.ci/run` installs, so that pages look the same everywhere. */
const FONTS = fileURLToPath(new URL("./fonts.conf", import.meta.url));

/** Opens a real server on a free port, whose console was built before, and Chromium. */
export const openAppFixture = async (
  options: TestAppOptions = {},
  launch?: Pick<LaunchOptions, "asksForDevices">,
): Promise<AppFixture> => openWorldOf(await createTestApp({ now: () => new Date(), ...options }), launch);

/** Opens Chromium for a server, and makes the accounts. */
export const openWorldOf = async <App extends Served>(
  app: App,
  { asksForDevices = false }: Pick<LaunchOptions, "asksForDevices"> = {},
): Promise<AppFixture<App>> => {
  const url = await app.listen();
  const admin = app.as({ sub: ACCOUNTS.admin.userId, role: "admin", name: ACCOUNTS.admin.name });
  const teacher = app.as({ sub: ACCOUNTS.teacher.userId, role: "teacher", name: ACCOUNTS.teacher.name });
  // Safe: an object has the keys of its type.
  for (const [role, account] of Object.entries(ACCOUNTS))
    await admin.account.create({ ...account, role: role as Role, password: PASSWORD });
  const browser = await launchChromium(
    ["--font-render-hinting=none", "--disable-lcd-text", "--use-fake-device-for-media-stream=fps=5"],
    { env: { ...process.env, FONTCONFIG_FILE: FONTS }, asksForDevices },
  );
  /** Signs in as the form does, which the stories about the form show. */
  const login = async (address: string, role: Role): Promise<string> => {
    const { auth } = createInvigilClient({ url: address });
    const { userId } = ACCOUNTS[role];
    return JSON.stringify({ session: await auth.login.mutate({ username: userId, password: PASSWORD }) });
  };

  const openConsole = async ({
    role,
    locale = "en",
    scheme = "light",
    width = 1280,
    height = 800,
    path = "",
    now,
    turnsClock = false,
    allowsMicrophone = false,
    url: address = url,
  }: OpenOptions = {}): Promise<ConsolePage> => {
    const context = await browser.newContext({
      locale,
      colorScheme: scheme,
      viewport: { width, height },
      timezoneId: "Asia/Shanghai",
      reducedMotion: "reduce",
      permissions: allowsMicrophone ? ["microphone"] : [],
    });
    const page = await context.newPage();
    if (now) await page.clock.setFixedTime(now);
    if (turnsClock) await page.clock.install();
    const faults: string[] = [];
    await page.exposeFunction("reportFault", (fault: string) => void faults.push(fault));
    await page.addInitScript(() => {
      document.addEventListener(
        "securitypolicyviolation",
        ({ effectiveDirective, blockedURI, sourceFile }) => {
          const { reportFault } = globalThis as unknown as { reportFault: (fault: string) => void };
          reportFault(`policy: ${effectiveDirective} ${blockedURI} ${sourceFile}`);
        },
      );
    });
    page.on("pageerror", (error) => void faults.push(`script: ${error.message}`));
    const stored =
      role &&
      (await page.addInitScript(([key, session]) => localStorage.setItem(key, session), [
        SESSION,
        await login(address, role),
      ] as const));
    await page.goto(`${address}/console/${path}`);
    // The next page of this tab finds the session where this one leaves it, or none.
    await stored?.dispose();
    // Administration has a second navigation, which may come at the same time.
    if (role) await page.getByRole("navigation").first().waitFor();
    const check: ConsolePage["check"] = async (how) => {
      const look = async () => [...(await violationsOf(page, how)), ...faults];
      // axe reads a page in several steps. A page that changes between them can look wrong once, so axe looks again.
      await expect.poll(look).toEqual([]);
    };
    const show: ConsolePage["show"] = async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      await page.waitForFunction(
        (shown) =>
          document.documentElement.dataset.mantineColorScheme === shown &&
          document.getAnimations().length === 0,
        colorScheme,
      );
    };
    const picture: ConsolePage["picture"] = async (name) => {
      const folder = process.env.INVIGIL_PICTURES;
      if (folder === undefined) return;
      // Without it, pictures of a page whose rows have just come show half of them.
      await page.waitForTimeout(400);
      await page.screenshot({ path: `${folder}/${name}.png` });
    };
    return {
      page,
      check,
      show,
      picture,
      async checkLooks(isReady, name) {
        await isReady();
        await check();
        await picture(`${name}-light-${width}`);
        await show("dark");
        await check({ only: "colours" });
        await picture(`${name}-dark-${width}`);
        await show("light");
        await page.setViewportSize({ width: 360, height });
        await page.reload();
        await isReady();
        await check();
        await picture(`${name}-light-360`);
        await page.setViewportSize({ width, height });
      },
      async [Symbol.asyncDispose]() {
        // A request that a page has not finished fails without an error.
        for (const one of context.pages()) await one.unrouteAll({ behavior: "ignoreErrors" });
        await context.close();
      },
    };
  };
  return {
    app,
    url,
    admin,
    teacher,
    browser,
    openConsole,
    async [Symbol.asyncDispose]() {
      await browser.close();
      await app[Symbol.asyncDispose]();
    },
  };
};
