import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { revokedTokens } from "../src/storage/tables.js";
import { listenRoom } from "./support/listening.js";
import { EXAMINEE, type LiveFixture, openLiveFixture, TEACHER } from "./support/live-fixture.js";
import { inputOf, openStream, rawSocket, socketUrl } from "./support/sockets.js";
import { insertRows } from "./support/tables.js";
import { openPage } from "./support/taken-rights.js";

// A server that was paused delivers nothing to a listener before it knows that the listener still may receive it.

/** How long the server was paused. */
const PAUSE_MS = 43_000;
/** How many people listen to a room. */
const LISTENERS = 40;

beforeEach(() => {
  // Stops the periodic checks: a server delivers events before they come.
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A hall whose monotonic clock the test advances. */
const openPausedHall = async (options: Parameters<typeof openLiveFixture>[0] = {}) => {
  let passed = 0;
  const fixture = await openLiveFixture({ ...options, monotonic: () => passed });
  return {
    ...fixture,
    pause() {
      passed += PAUSE_MS;
    },
  };
};

const say = (fixture: LiveFixture, data: string) =>
  fixture.as(TEACHER).im.send({ roomId: fixture.room.id, type: 30_001, data });

/** Someone who listens to the fixture's room over a connection. */
interface Connected extends Disposable {
  /** Resolves when they have received a message with this text. */
  hears(text: string): Promise<unknown>;
  /** Resolves, when the server has ended the subscription, with everything that was received. */
  end(): Promise<string>;
}

const overSse = async (url: string, token: string, roomId: string): Promise<Connected> => {
  const input = inputOf({ roomId });
  const stream = await openStream(`${url}/trpc/room.onEvent?input=${input}`, { authorization: token });
  await stream.until("event: connected");
  await stream.until("participant_entered");
  return {
    hears: (text) => stream.until(text),
    end: () => stream.rest(),
    [Symbol.dispose]: () => stream[Symbol.dispose](),
  };
};
const overSocket = async (url: string, token: string, roomId: string): Promise<Connected> => {
  const socket = await rawSocket(socketUrl(url), { headers: { authorization: token } });
  socket.ask({
    id: 1,
    method: "subscription",
    params: { path: "room.onEvent", input: { json: { roomId } } },
  });
  const hears = (text: string) => socket.message((message) => JSON.stringify(message).includes(text));
  await hears("participant_entered");
  return {
    hears,
    async end() {
      await socket.message(({ error }) => error !== undefined);
      return socket.received.join("\n");
    },
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  };
};
const openRecordedPage = async (url: string, token: string, roomId: string) => {
  const page = await openPage(url, { token, userId: EXAMINEE.sub, roomId });
  const frames: string[] = [];
  // Safe: each message comes as one buffer.
  page.socket.on("message", (data) => frames.push((data as Buffer).toString()));
  return { page, frames };
};
const overDropIn = async (url: string, token: string, roomId: string): Promise<Connected> => {
  const { page, frames } = await openRecordedPage(url, token, roomId);
  return {
    hears: () => page.receive("message"),
    async end() {
      await page.closed();
      return frames.join("\n");
    },
    [Symbol.dispose]: () => page.socket.terminate(),
  };
};

/** Revokes a token as another process does. */
const revoke = async (fixture: LiveFixture, token: string): Promise<void> => {
  const { tokenId = "" } = await fixture.services.auth.identify(token);
  await insertRows(fixture.db, revokedTokens, [{ tokenId, expiresAt: null, createdAt: new Date(0) }]);
};

describe("after a pause, a listener whose token was revoked meanwhile receives no event", () => {
  it.each([
    ["over SSE", overSse],
    ["over a WebSocket", overSocket],
    ["at a page with the drop-in script", overDropIn],
  ])("%s", async (_, connect) => {
    await using fixture = await openPausedHall();
    const url = await fixture.app.listen({ host: "127.0.0.1", port: 0 });
    const token = await fixture.token(EXAMINEE);
    using listener = await connect(url, token, fixture.room.id);
    await say(fixture, "for everybody");
    await listener.hears("for everybody");
    await revoke(fixture, token);
    fixture.pause();
    await say(fixture, "not for them");
    const received = await listener.end();
    expect(received).toContain("for everybody");
    expect(received).not.toContain("not for them");
  });

  it("and a page with the drop-in script learns of no mute", async () => {
    await using fixture = await openPausedHall();
    const roomId = fixture.room.id;
    const url = await fixture.app.listen({ host: "127.0.0.1", port: 0 });
    const token = await fixture.token(EXAMINEE);
    const { page, frames } = await openRecordedPage(url, token, roomId);
    using teacher = await openPage(url, { token: await fixture.token(TEACHER), userId: TEACHER.sub, roomId });
    await revoke(fixture, token);
    fixture.pause();
    await teacher.ask({ do: "mute", groupId: roomId, muted: true });
    // All pages are told together.
    await teacher.receive("muted");
    // A page whose connection was closed meanwhile is refused, too.
    const answer = await page.ask({ do: "group", groupId: roomId }).catch((error: Error) => error.message);
    expect([expect.objectContaining({ code: 403 }), "closed with 1000 "]).toContainEqual(answer);
    expect(frames.filter((frame) => frame.includes('"is":"muted"'))).toEqual([]);
    page.socket.terminate();
  });
});

it("the rights of all who receive an event are confirmed with few statements", async () => {
  let statements = 0;
  await using fixture = await openPausedHall({
    onStatement() {
      statements += 1;
    },
  });
  const roomId = fixture.room.id;
  const people = Array.from({ length: LISTENERS }, (_, n) => ({ sub: `e${n}`, role: "examinee" as const }));
  await fixture.as(TEACHER).participant.add({
    roomId,
    participants: people.map(({ sub, role }) => ({ userId: sub, name: sub, role })),
  });
  const listeners = await Promise.all(people.map((person) => listenRoom(fixture, person, { roomId })));
  /** How many statements it takes until everybody has received a message. */
  const statementsFor = async (text: string): Promise<number> => {
    const before = statements;
    await say(fixture, text);
    await Promise.all(
      listeners.map((one) => one.until((event) => event.type === "message" && event.message.data === text)),
    );
    return statements - before;
  };
  await statementsFor("everybody is here");
  await fixture.db.written();
  const soon = await statementsFor("a moment later");
  fixture.pause();
  const afterPause = await statementsFor("after a pause");
  expect(afterPause - soon).toBeLessThan(LISTENERS / 2);
  for (const listener of listeners) await listener.leave();
});
