import { fileURLToPath } from "node:url";
import { createTestApp, type TestApp } from "@invigil/server/testing";
import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { violationsOf } from "../../../console/browser/support/accessibility.js";
import { launchChromium } from "../../../server/browser/support/chromium.js";

type Caller = ReturnType<TestApp["as"]>;

const MINUTE_MS = 60_000;
const FONTS = fileURLToPath(new URL("../../../console/browser/support/fonts.conf", import.meta.url));

export interface OpenOptions {
  readonly locale?: "en" | "zh-CN";
  readonly scheme?: "light" | "dark";
  /** In pixels. 360 is a phone. */
  readonly width?: number;
  readonly height?: number;
  /** Whether the person allows the camera and the microphone. Default: yes. */
  readonly allows?: boolean;
  /** Whether the camera shows what the test draws: `window.draw` is `room`, `dark` or `still`. Default: the browser's moving test picture. */
  readonly isDrawn?: boolean;
}

/** A tab of a browser in which a candidate's page is open. */
export interface SitPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Finds no violation of WCAG 2.2 AA and of the content security policy, and no script that failed. */
  readonly check: () => Promise<void>;
  /** Takes a picture if `INVIGIL_PICTURES` names a folder. */
  readonly picture: (name: string) => Promise<void>;
  /** Opens another tab of the same browser. */
  readonly another: (url: string) => Promise<SitPage>;
}

/** A server that carries streams, an exam in a room, and a browser with fake devices. */
export interface World extends AsyncDisposable {
  readonly app: TestApp;
  readonly admin: Caller;
  readonly teacher: Caller;
  readonly roomId: string;
  readonly examId: string;
  readonly linkOf: (userId: string) => Promise<{ readonly url: string; readonly pcUrl?: string | undefined }>;
  /** Opens a page in a browser of its own. */
  readonly open: (url: string, options?: OpenOptions) => Promise<SitPage>;
}

/** Runs in the page, before its own scripts: a camera with noise, or without light or movement. */
const drawPictures = () => {
  Object.assign(globalThis, { draw: "room" });
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const real = await ask(constraints);
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: 64, height: 36 });
    const context = canvas.getContext("2d");
    const timer = setInterval(() => {
      const { draw } = globalThis as unknown as { draw: "room" | "dark" | "still" };
      if (!context || draw === "still") return;
      context.fillStyle = draw === "dark" ? "#000" : `hsl(${Math.random() * 360} 60% 50%)`;
      context.fillRect(0, 0, 64, 36);
    }, 50);
    const [video] = real.getVideoTracks();
    video?.stop();
    const [drawn] = canvas.captureStream(15).getVideoTracks();
    drawn?.addEventListener("ended", () => clearInterval(timer));
    return new MediaStream([...(drawn ? [drawn] : []), ...real.getAudioTracks()]);
  };
};

export const openWorld = async ({
  ports,
  exam = {},
  startsIn = -10 * MINUTE_MS,
}: {
  readonly ports: readonly [number, number];
  readonly exam?: Partial<Parameters<Caller["exam"]["create"]>[0]>;
  /** In milliseconds. */
  readonly startsIn?: number;
}): Promise<World> => {
  const app = await createTestApp({
    now: () => new Date(),
    config: { streamService: "embedded", media: { host: undefined, ports } },
  });
  const url = await app.listen();
  const admin = app.as({ sub: "boss", role: "admin", name: "Li Na" });
  const start = Date.now() + startsIn;
  const { id: examId } = await admin.exam.create({
    name: "Algebra, final exam",
    startTime: new Date(start),
    endTime: new Date(start + 90 * MINUTE_MS),
    ...exam,
  });
  const { id: roomId } = await admin.room.create({
    name: "Room 1",
    examId,
    participants: [
      { userId: "t1", name: "Zhou Jing", role: "teacher" },
      ...["e1", "e2", "e3", "e4", "e5", "e6", "e7"].map((userId) => ({
        userId,
        name: `Wang Wei ${userId}`,
        role: "examinee" as const,
      })),
    ],
  });
  const browser = await launchChromium(
    ["--use-fake-device-for-media-stream=fps=5", "--font-render-hinting=none"],
    {
      env: { ...process.env, FONTCONFIG_FILE: FONTS },
      asksForDevices: true,
    },
  );

  const pageOf = async (
    context: BrowserContext,
    address: string,
    { isDrawn = false }: OpenOptions = {},
  ): Promise<SitPage> => {
    const page = await context.newPage();
    if (isDrawn) await page.addInitScript(drawPictures);
    const faults: string[] = [];
    await page.exposeFunction("reportFault", (fault: string) => void faults.push(fault));
    await page.addInitScript(() => {
      const { reportFault } = globalThis as unknown as { reportFault: (fault: string) => void };
      document.addEventListener("securitypolicyviolation", (event) =>
        reportFault(`policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`),
      );
      // What the page opens, so that a test can tell that all of it has ended.
      const all = { opened: [] as MediaStream[], connections: [] as RTCPeerConnection[] };
      Object.assign(globalThis, all);
      const { mediaDevices } = navigator;
      const ask = mediaDevices?.getUserMedia.bind(mediaDevices);
      if (ask)
        mediaDevices.getUserMedia = async (constraints) => {
          const stream = await ask(constraints);
          all.opened.push(stream);
          return stream;
        };
      const Connection = RTCPeerConnection;
      globalThis.RTCPeerConnection = class extends Connection {
        constructor(configuration?: RTCConfiguration) {
          super(configuration);
          all.connections.push(this);
        }
      };
    });
    page.on("pageerror", (error) => void faults.push(`script: ${error.message}`));
    await page.goto(address);
    return {
      page,
      context,
      async check() {
        const look = async () => {
          const isWide = await page.evaluate(
            () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
          );
          return [
            ...(await violationsOf(page)),
            ...faults,
            ...(isWide ? ["the page is wider than its window"] : []),
          ];
        };
        // axe reads a page in several steps. A page that changes between them can look wrong once, so axe looks again.
        await expect.poll(look).toEqual([]);
      },
      async picture(name) {
        const folder = process.env.INVIGIL_PICTURES;
        if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
      },
      another: (other) => pageOf(context, other),
    };
  };

  return {
    app,
    admin,
    teacher: app.as({ sub: "t1", role: "teacher", name: "Zhou Jing" }),
    roomId,
    examId,
    async linkOf(userId) {
      const links = await admin.room.joinLinks({ roomId, role: "examinee" });
      const link = links.find((one) => one.userId === userId);
      if (!link) throw new Error(`${userId} has no link`);
      return link;
    },
    async open(
      address,
      { locale = "en", scheme = "light", width = 1280, height = 800, allows = true, isDrawn = false } = {},
    ) {
      const context = await browser.newContext({
        locale,
        colorScheme: scheme,
        viewport: { width, height },
        timezoneId: "Asia/Shanghai",
        permissions: allows ? ["camera", "microphone"] : [],
      });
      return pageOf(context, address.replace(/^https?:\/\/[^/]+/, url), { isDrawn });
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      await app[Symbol.asyncDispose]();
    },
  };
};

/** The texts by which tests find what they click. */
export const TEXTS = {
  en: {
    agree: "I agree",
    allow: "Turn on camera and microphone",
    test: "Test the connection",
    enter: "Enter the exam",
  },
  "zh-CN": { agree: "我同意", allow: "打开摄像头和麦克风", test: "测试连接", enter: "进入考试" },
} as const;

/** Does all that a page asks for before an exam, and enters it. */
export const enter = async ({ page }: SitPage, locale: keyof typeof TEXTS = "en"): Promise<void> => {
  const texts = TEXTS[locale];
  const click = (name: string) => page.getByRole("button", { name, exact: true }).click();
  await click(texts.agree);
  await click(texts.allow);
  await click(texts.test);
  await page
    .getByRole("button", { name: texts.enter })
    .and(page.locator(":enabled"))
    .click({ timeout: 60_000 });
};
