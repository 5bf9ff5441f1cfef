import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInvigilClient, type InvigilClient } from "@invigil/client";
import { ADDRESS, newPublisher, newViewer, type Publisher } from "@invigil/media-server/peers";
import { parse } from "csv-parse/sync";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Guide, readGuide } from "../test/support/guide.js";
import { portOf } from "../test/support/ports.js";
import { REPOSITORY, type Server, serve, tempFolder, testEnv, tokenFor } from "../test/support/process.js";
import { launchChromium } from "./support/chromium.js";
import { type MediaRelay, openMediaRelay, RELAY_HOST } from "./support/media-relay.js";
import { createNetwork } from "./support/network.js";
import { LOOP_MS, qrCamera, readPicture, showsMoving } from "./support/qr-camera.js";

// docs/sit-an-exam.md, as people act: twenty candidates, of whom two have a browser with a camera, and a teacher in the console.

const MINUTE_MS = 60_000;
const PORTS = [19_100, 19_219] as const;
const PASSWORD = "a password of the story";
const IDS = Array.from({ length: 20 }, (_, n) => `c${String(n + 1).padStart(2, "0")}`);
/** They have a browser. The others come by the same calls as the page. */
const [FIRST, SECOND] = ["c01", "c02"] as const;

const folder = tempFolder();
const cameras = { [FIRST]: qrCamera(FIRST), [SECOND]: qrCamera(SECOND) };
let port: number;
let guide: Guide;
let server: Server;
let relay: MediaRelay;
/** Between the first candidate and the server. */
let network: Awaited<ReturnType<typeof createNetwork>>;
let invigil: InvigilClient;
let examId = "";
let roomId = "";
let env: Record<string, string>;
const browsers: Browser[] = [];
const links = new Map<string, URL>();

beforeAll(async () => {
  // The commands make links before the server runs.
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  port = portOf(free);
  free.close();
  env = { ...testEnv, INVIGIL_PORT: String(port), CLONE: REPOSITORY, SERVER: `http://127.0.0.1:${port}` };
  env.INVIGIL_MEDIA_PORTS = PORTS.join("-");
  env.TOKEN = await tokenFor("admin", "office");
  guide = readGuide("sit-an-exam.md", folder.path, () => env, withOwnValues);
  writeFileSync(
    join(folder.path, "candidates.csv"),
    ["id,name", ...IDS.map((id) => `${id},Candidate ${id}`)].join("\n"),
  );
  writeFileSync(join(folder.path, "teachers.csv"), "id,name,role\nt1,Zhou Jing,teacher\n");
  relay = await openMediaRelay(PORTS, ADDRESS);
  network = await createNetwork();
});
afterAll(async () => {
  await Promise.all(others.map((one) => one.leave()));
  await Promise.all(browsers.map((browser) => browser.close()));
  await server?.[Symbol.asyncDispose]();
  network?.close();
  relay?.[Symbol.dispose]();
  for (const camera of Object.values(cameras)) camera[Symbol.dispose]();
  folder[Symbol.dispose]();
});

/** Replaces the examples of the guide, as it asks for. */
const withOwnValues = (text: string): string =>
  text
    .replaceAll("https://exam.school.example", `http://127.0.0.1:${port}`)
    .replace("203.0.113.7", RELAY_HOST);

const clientOf = (userId: string): InvigilClient =>
  createInvigilClient({
    url: server.url,
    token: links.get(userId)?.searchParams.get("token") ?? expect.fail(`${userId} has no link`),
  });
const people = async () => (await invigil.exam.people.query({ examId })).people;
const personOf = async (userId: string) =>
  (await people()).find((person) => person.userId === userId) ?? expect.fail(`${userId} is not there`);
const publishing = async () =>
  (await people())
    .filter(({ publishStatus }) => publishStatus.main === "publishing")
    .map((one) => one.userId);
const published = async () => {
  const { streams } = await invigil.stream.watch.mutate({ roomId, userIds: IDS });
  return streams.filter((stream) => stream.isPublished).map(({ userId }) => userId);
};

/** Runs in the page: keeps what it opens, so that the test can tell that all of it has ended. */
const KEEP = `
  window.opened = [];
  window.connections = [];
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await ask(constraints);
    opened.push(stream);
    return stream;
  };
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) {
      super(...options);
      connections.push(this);
    }
  };
`;
/** The tracks and connections of a page that are still there. */
const alive = (page: Page): Promise<number> =>
  page.evaluate(
    `opened.flatMap((stream) => stream.getTracks()).filter(({ readyState }) => readyState === "live").length +
     connections.filter(({ connectionState }) => connectionState !== "closed").length`,
  );
interface Candidate {
  readonly page: Page;
  /** The ports of the media sessions that the page has begun. */
  readonly ports: number[];
}
const contexts = new Map<string, BrowserContext>();
/** Opens the link of a candidate, in their own browser. */
const opens = async (userId: typeof FIRST | typeof SECOND): Promise<Candidate> => {
  let context = contexts.get(userId);
  if (!context) {
    const { port: through } = new URL(network.url);
    const rules = userId === FIRST ? [`--host-resolver-rules=MAP 127.0.0.1 127.0.0.1:${through}`] : [];
    const browser = await launchChromium([...cameras[userId].args, ...rules]);
    browsers.push(browser);
    context = await browser.newContext({ locale: "en", permissions: ["camera", "microphone"] });
    contexts.set(userId, context);
  }
  const page = await context.newPage();
  await page.addInitScript(KEEP);
  const ports: number[] = [];
  page.on("response", async (response) => {
    if (!response.url().includes("/media/whip/") || response.status() !== 201) return;
    const answer = await response.text().catch(() => "");
    for (const [, found] of answer.matchAll(/^a=candidate:\S+ \d+ \S+ \d+ \S+ (\d+) /gm))
      ports.push(Number(found));
  });
  await page.goto(links.get(userId)?.href ?? expect.fail(`${userId} has no link`));
  return { page, ports };
};
const says = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();
const click = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();
const own = (page: Page) => page.locator("video");

/** A candidate without a browser, who makes the calls of the page. */
const others: ReturnType<typeof newOther>[] = [];
const newOther = (userId: string) => {
  const client = clientOf(userId);
  let peer: Publisher | undefined;
  let sending: NodeJS.Timeout | undefined;
  let room: ReturnType<InvigilClient["live"]["room"]> | undefined;
  const leave = async () => {
    clearInterval(sending);
    room?.close();
    await peer?.connection.close();
  };
  return {
    userId,
    leave,
    async check(checks: Parameters<InvigilClient["attempt"]["reportReadiness"]["mutate"]>[0]["checks"]) {
      const { consent } = await client.attempt.open.mutate({ roomId });
      await client.attempt.consent.mutate({ roomId, version: consent.version });
      await client.attempt.reportReadiness.mutate({ roomId, checks });
    },
    async enter() {
      const { snapshot } = await client.attempt.open.mutate({ roomId });
      room = client.live.room(roomId, { snapshot });
      await room.ready();
    },
    /** Publishes, again too: what was published before ends. As a page, it tries again if no connection comes. */
    async publish() {
      clearInterval(sending);
      await vi.waitFor(
        async () => {
          await peer?.connection.close();
          peer = await newPublisher();
          await begin(peer, await client.stream.publish.mutate({ roomId }));
        },
        { timeout: 90_000 },
      );
      sending = setInterval(() => {
        if (peer?.connection.connectionState === "connected") peer.send();
      }, 200);
    },
  };
};
const begin = async <Peer extends Pick<Publisher, "offer" | "accept" | "connected">>(
  peer: Peer,
  { url, token }: { readonly url: string; readonly token: string },
): Promise<Peer> => {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/sdp" },
    body: peer.offer,
  });
  expect(response.status).toBe(201);
  await peer.accept(await response.text());
  await peer.connected();
  return peer;
};

let teacher: Page;
const tile = (userId: string) => teacher.getByLabel(`Candidate ${userId}, First camera`);
const openConsole = async (): Promise<void> => {
  await invigil.account.create.mutate({
    userId: "t1",
    name: "Zhou Jing",
    role: "teacher",
    password: PASSWORD,
  });
  const browser = await launchChromium();
  browsers.push(browser);
  teacher = await browser.newPage({ locale: "en", viewport: { width: 1280, height: 800 } });
  await teacher.goto(`${server.url}/console/exams/${examId}/rooms/${roomId}?tiles=16`);
  await teacher.getByLabel("User name").fill("t1");
  await teacher.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await teacher.getByRole("button", { name: "Sign in" }).click();
  await teacher.getByRole("heading", { name: "Room 1", exact: true }).waitFor();
  // Tiles stand still while the pointer is on them.
  await teacher.mouse.move(0, 0);
};
const mediaServers = (): number[] =>
  execFileSync("pgrep", ["-P", String(server.pid), "-f", "media-server.cjs"], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map(Number);

describe("docs/sit-an-exam.md", () => {
  let first: Candidate;
  let second: Candidate;

  it("sets up the exam", async () => {
    await guide.perform("What you need");
    server = await serve({ cwd: folder.path, env });
    network.leadsTo(server.url);
    invigil = createInvigilClient({ url: server.url, token: env.TOKEN ?? "" });
    await guide.perform("The exam");
    const { exams } = await invigil.exam.list.query({});
    examId = exams[0]?.id ?? expect.fail("no exam");
    const { rooms } = await invigil.room.list.query({ examId });
    roomId = rooms[0]?.id ?? expect.fail("no room");
    env = { ...env, EXAM: examId, ROOM: roomId };
    await guide.perform("What the candidate's page does");
    await guide.perform("Links and codes");
    const rows: string[][] = parse(readFileSync(join(folder.path, "links.csv")), { bom: true, from: 2 });
    for (const [role, , id = "", , link = ""] of rows) if (role === "examinee") links.set(id, new URL(link));
    expect([...links.keys()].toSorted()).toEqual(IDS);
    for (const { pathname } of links.values()) expect(pathname).toBe("/sit");
  });

  it("lets candidates check their devices days before", async () => {
    const { page } = await opens(FIRST);
    await says(page, "Algebra, final exam");
    await says(page, "The mathematics department watches this exam.");
    await click(page, "I agree");
    await click(page, "Turn on camera and microphone");
    await click(page, "Test the connection");
    await says(page, "Your connection is good enough.");
    await says(page, /Come back at/);
    await page.close();

    const passed = { result: "passed" } as const;
    for (const userId of IDS.slice(2)) {
      const other = newOther(userId);
      others.push(other);
      const microphone = userId === "c20" ? ({ result: "failed", detail: "absent" } as const) : passed;
      await other.check({ camera: passed, microphone, connection: passed });
    }
    const missing = await guide.perform("Who is ready");
    expect(missing.trim().split("\n")).toEqual([
      `${SECOND} {}`,
      expect.stringMatching(/^c20 .*"microphone":\{"result":"failed","detail":"absent"\}/),
    ]);
    await guide.perform("Let one begin without a check");
    expect(await guide.perform("Who is ready")).toBe(`${SECOND} {}\n`);
  });

  it("shows those who have entered", async () => {
    const now = Date.now();
    await invigil.exam.update.mutate({
      examId,
      startTime: new Date(now - 5 * MINUTE_MS),
      endTime: new Date(now + 115 * MINUTE_MS),
    });
    await openConsole();
    first = await opens(FIRST);
    await says(first.page, /Done on/);
    await click(first.page, "Turn on camera and microphone");
    await click(first.page, "Enter the exam");
    second = await opens(SECOND);
    await click(second.page, "I agree");
    await click(second.page, "Turn on camera and microphone");
    await click(second.page, "Test the connection");
    await says(second.page, "Your connection is good enough.");
    await click(second.page, "Enter the exam");
    for (const { page } of [first, second]) await says(page, "You are seen.");
    for (const other of others) {
      await other.enter();
      await other.publish();
    }
    await expect.poll(async () => (await publishing()).toSorted()).toEqual(IDS);
    for (const userId of [FIRST, SECOND]) await showsMoving(tile(userId), userId);

    // From the candidate's own picture to the console.
    const lagMs = async () => {
      const [before, seen] = [await readPicture(own(first.page)), await readPicture(tile(FIRST))];
      if (before?.person !== FIRST || seen?.person !== FIRST) return undefined;
      return (before.time - seen.time + LOOP_MS) % LOOP_MS;
    };
    // A picture that is just being drawn cannot be read.
    await expect.poll(lagMs).toBeGreaterThanOrEqual(0);

    expect(await guide.perform("Who is seen")).not.toContain("Candidate c");
  });

  it("grants a break, in which detectors rest", async () => {
    await click(first.page, "A break");
    await says(first.page, /A break: you are waiting/);
    await teacher
      .getByText(/Raised hand: break/)
      .first()
      .waitFor();
    expect(await guide.perform("A candidate asks for a break")).toBe(`${FIRST} break\n`);
    await says(first.page, "The detectors rest.");
    await click(first.page, "I am back");
    await says(first.page, "An invigilator is told at once.");
    expect(await first.page.getByText("The detectors rest.").count()).toBe(0);
  });

  it("pauses, resumes and gives time", async () => {
    await guide.perform("Something is wrong", 0);
    for (const { page } of [first, second]) await says(page, "Your exam is paused");
    await says(first.page, /The questions do not load. Please wait./);
    await guide.perform("Something is wrong", 1);
    for (const { page } of [first, second])
      await page.getByText("Your exam is paused").waitFor({ state: "detached" });
    await guide.perform("Something is wrong", 2);
    await says(first.page, /You have 5 more minutes/);
    await showsMoving(tile(FIRST), FIRST);
  });

  it("asks one candidate to confirm a message", async () => {
    await guide.perform("Write to candidates");
    await says(first.page, "Close all other windows.");
    await click(first.page, "I have read this");
    await says(first.page, "You have confirmed it.");
    await teacher.getByText("I have read this: “Close all other windows.”").first().waitFor();
  });

  it("lets a member of staff talk to one candidate", async () => {
    const ask = clientOf("c03").stream.listen;
    const talker = await begin(
      await newPublisher(),
      await invigil.stream.talk.mutate({ roomId, userId: "c03" }),
    );
    const sending = setInterval(() => talker.send("audio"), 20);
    await expect
      .poll(async () => (await invigil.room.snapshot.query({ roomId })).talks)
      .toMatchObject([{ userId: "c03", by: "office" }]);
    const listener = await begin(await newViewer(), await ask.mutate({ roomId }));
    await expect.poll(() => listener.received.length).toBeGreaterThan(10);
    clearInterval(sending);
    await talker.connection.close();
    await listener.connection.close();
  });

  it("shows a candidate again after their network was gone, who reads for how long", async () => {
    network.cut();
    relay.cut(first.ports);
    await says(first.page, "The connection is lost.");
    await expect.poll(async () => (await personOf(FIRST)).publishStatus.main).toBe("stopped");
    await showsMoving(tile(SECOND), SECOND);
    relay.mend();
    network.mend();
    await says(first.page, "You are seen.");
    await says(first.page, /The connection was lost for \d+:\d\d\./);
    await showsMoving(tile(FIRST), FIRST);
  });

  it("shows all again after the media server was killed", async () => {
    for (const pid of mediaServers()) process.kill(pid, "SIGKILL");
    await expect.poll(publishing).not.toEqual(expect.arrayContaining(IDS.slice(2)));
    for (const other of others) await other.publish();
    for (const { page } of [first, second]) await says(page, "You are seen.");
    await expect.poll(async () => (await publishing()).toSorted()).toEqual(IDS);
    for (const userId of [FIRST, SECOND]) await showsMoving(tile(userId), userId);
  });

  it("switches the detectors off for one, and has found nothing about those who sat still", async () => {
    await guide.perform("What detectors notice");
    expect(await personOf("c19")).toMatchObject({ detectorsOff: true });
    const { records } = await invigil.cheat.listRecords.query({ roomId, userIds: [FIRST, SECOND] });
    expect(records).toEqual([]);
  });

  it("stops one candidate, whose page says why", async () => {
    await guide.perform("One candidate has to stop");
    await says(second.page, "Your exam was ended by an invigilator");
    await says(second.page, "You used a phone.");
    await expect.poll(() => alive(second.page)).toBe(0);
    await expect.poll(async () => (await personOf(SECOND)).publishStatus.main).toBe("stopped");
    await showsMoving(tile(FIRST), FIRST);
  });

  it("ends: nothing is published any more", async () => {
    await click(first.page, "Finish the exam");
    await first.page.getByRole("dialog").getByRole("button", { name: "Finish", exact: true }).click();
    await says(first.page, "You have finished your exam");
    await expect.poll(() => alive(first.page)).toBe(0);
    expect(await guide.perform("After")).toMatch(/ finish +by c01\n.* room_ended/s);
    await expect.poll(publishing).toEqual([]);
    await expect.poll(published).toEqual([]);
  });
});
