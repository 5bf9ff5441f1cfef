import { execFileSync } from "node:child_process";
import { newPublisher, newViewer, type Publisher, type Viewer } from "@invigil/media-server/peers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import type { Config } from "../src/config/config.js";
import { roomEvents } from "../src/storage/tables.js";
import { openDemo } from "./support/demo.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { listenRoom, nextBesidesPresence } from "./support/listening.js";
import { type Server, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";
import { refused } from "./support/reason.js";
import { countRows } from "./support/tables.js";

// Browsers publish and watch through the embedded media server. It is a real process, and the peers send real packets.

const WAIT = { timeout: 60_000, interval: 20 };
/** As often the server checks whether those who publish and watch still may. */
const RECHECK_MS = 5_000;
const EXAMINEE = { sub: "examinee1", role: "examinee" } as const;
const TEACHER = { sub: "teacher1", role: "teacher" } as const;

interface Media extends ExamsFixture {
  readonly url: string;
}
// The checks of the server come when the test says so. The peers use other timers.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

const open = async (config: Partial<Config> = {}): Promise<Media> => {
  const app = await openExamsFixture({
    now: () => new Date(),
    config: { ...config, media: { host: undefined, ports: [18_100, 18_299] } },
  });
  return Object.assign(app, { url: await app.listen() });
};

/** Where a grant leads, at the test's own server. */
const at = ({ url }: Pick<Media, "url">, grant: { readonly url: string }): string =>
  `${url}${new URL(grant.url).pathname}`;
const post = (
  media: Pick<Media, "url">,
  grant: { readonly url: string; readonly token: string },
  offer: string,
) =>
  fetch(at(media, grant), {
    method: "POST",
    headers: { authorization: `Bearer ${grant.token}`, "content-type": "application/sdp" },
    body: offer,
  });

/** A peer with the media session that its offer began. */
type Begun<Peer> = Peer & { readonly session: string; readonly token: string };
const begin = async <Peer extends Publisher | Viewer>(
  media: Pick<Media, "url">,
  peer: Peer,
  grant: { readonly url: string; readonly token: string },
): Promise<Begun<Peer>> => {
  const response = await post(media, grant, peer.offer);
  expect(response.status, await response.clone().text()).toBe(201);
  await peer.accept(await response.text());
  await peer.connected();
  return Object.assign(peer, {
    session: new URL(response.headers.get("location") ?? "", response.url).href,
    token: grant.token,
  });
};
const publish = async (media: Media, caller: TestCaller = EXAMINEE): Promise<Begun<Publisher>> => {
  const grant = await media.as(caller).stream.publish({ roomId: media.room.id });
  return begin(media, await newPublisher(), grant);
};
const grantFor = async (media: Media, caller: TestCaller = TEACHER, userId = "examinee1") => {
  const { streams } = await media.as(caller).stream.watch({ roomId: media.room.id, userIds: [userId] });
  return streams.find(({ camera }) => camera === "main") ?? expect.fail("no grant");
};
/** Watches a stream, once it is published. */
const watch = async (media: Media, caller: TestCaller = TEACHER): Promise<Begun<Viewer>> => {
  const viewer = await newViewer();
  return vi.waitFor(async () => begin(media, viewer, await grantFor(media, caller)), WAIT);
};
const statusOf = async ({ admin, room }: Media, userId = "examinee1") =>
  (await admin.participant.get({ roomId: room.id, userId })).publishStatus.main;
/** Sends packets until something holds. */
const sending = (publisher: Publisher, check: () => unknown) =>
  vi.waitFor(async () => {
    publisher.send();
    await check();
  }, WAIT);
const seen = (publisher: Publisher, { received }: Viewer) => {
  const before = received.length;
  return sending(publisher, () => expect(received.length).toBeGreaterThan(before + 2));
};
/** Lets the server check media sessions until packets that are sent do not arrive any more. */
const unseen = (publisher: Publisher, { received }: Viewer) => {
  let [before, still] = [received.length, 0];
  return vi.waitFor(() => {
    vi.advanceTimersByTime(RECHECK_MS);
    still = received.length === before ? still + 1 : 0;
    before = received.length;
    publisher.send();
    expect(still).toBeGreaterThan(10);
  }, WAIT);
};

it("shows a published stream to those who watch it, and stores that it is published", async () => {
  await using media = await open();
  await using publisher = await publish(media);
  await using viewer = await watch(media);
  await seen(publisher, viewer);
  await vi.waitFor(async () => expect(await statusOf(media)).toBe("publishing"), WAIT);

  const response = await fetch(publisher.session, {
    method: "DELETE",
    headers: { authorization: `Bearer ${publisher.token}` },
  });
  expect(response.status).toBe(204);
  await unseen(publisher, viewer);
  await vi.waitFor(async () => expect(await statusOf(media)).toBe("stopped"), WAIT);
});

it("lets a candidate test the connection without being seen, and without a word of it in what is stored", async () => {
  await using media = await open();
  const own = media.as(EXAMINEE).stream;
  const [roomId, userId] = [media.room.id, "examinee1"];
  const grant = await own.publish({ roomId, isTest: true });
  await using test = await begin(media, await newPublisher(), grant);
  await using viewer = await newViewer();
  expect((await post(media, await grantFor(media), viewer.offer)).status).toBe(404);
  // The token of a test publishes nothing else.
  const { url } = await own.publish({ roomId });
  expect((await post(media, { ...grant, url }, test.offer)).status).toBe(403);
  await using publisher = await publish(media);
  await sending(publisher, async () => {
    test.send();
    expect(await statusOf(media)).toBe("publishing");
  });
  expect((await media.admin.stream.listEvents({ roomId, userId })).events).toMatchObject([
    { action: "publish", camera: "main" },
  ]);
  // It does not take the place of the camera.
  await using other = await watch(media);
  await seen(publisher, other);
});

describe("a media session ends soon after its holder may not have it any more", () => {
  const BY = { admin: { sub: "root", role: "admin" } } as const;
  const ROOM = ({ room }: Media) => ({ roomId: room.id });
  it.each<[string, (media: Media) => Promise<unknown>]>([
    [
      "terminated",
      (media) =>
        media.admin.attempt.terminate({
          ...ROOM(media),
          userIds: ["examinee1"],
          answers: "submit",
          reason: { code: "other" },
          key: "k1",
        }),
    ],
    ["finished", (media) => media.as(EXAMINEE).attempt.finish(ROOM(media))],
    ["removed", (media) => media.admin.participant.remove({ ...ROOM(media), userId: "examinee1" })],
    [
      "moved",
      (media) =>
        media.admin.participant.move({ ...ROOM(media), userId: "examinee1", toRoomId: media.sibling.id }),
    ],
    ["in a room that ends", (media) => media.admin.room.end(ROOM(media))],
  ])("%s", async (_, act) => {
    await using media = await open();
    await using publisher = await publish(media);
    await using viewer = await watch(media, BY.admin);
    await seen(publisher, viewer);
    await act(media);
    await unseen(publisher, viewer);
    expect(await refused(media.as(EXAMINEE).stream.publish(ROOM(media)))).toMatchObject({
      reason: expect.stringMatching(/ROOM_ENDED|FORBIDDEN/),
    });
  });

  it("a viewer who is removed, while the picture goes on for others", async () => {
    await using media = await open();
    await using publisher = await publish(media);
    await using removed = await watch(media, { sub: "inspector1", role: "inspector" });
    await using other = await watch(media);
    await seen(publisher, removed);
    await media.admin.participant.remove({ ...ROOM(media), userId: "inspector1" });
    await unseen(publisher, removed);
    await seen(publisher, other);
  });

  it("but a paused person's goes on", async () => {
    await using media = await open();
    await using publisher = await publish(media);
    await using viewer = await watch(media);
    await using removed = await watch(media, { sub: "inspector1", role: "inspector" });
    await seen(publisher, viewer);
    await seen(publisher, removed);
    await media.admin.attempt.pause({
      ...ROOM(media),
      userIds: ["examinee1"],
      reason: { code: "other" },
      key: "k1",
    });
    expect((await media.as(EXAMINEE).stream.publish(ROOM(media))).token).toBeTruthy();
    // The check that ends the last media session has left the earlier ones.
    await media.admin.participant.remove({ ...ROOM(media), userId: "inspector1" });
    await unseen(publisher, removed);
    await seen(publisher, viewer);
  });
});

/** Talks to a person. */
const talk = async (
  media: Media,
  caller: TestCaller = TEACHER,
  userId = "examinee1",
): Promise<Begun<Publisher>> =>
  begin(media, await newPublisher(), await media.as(caller).stream.talk({ roomId: media.room.id, userId }));
/** Listens to who talks to a person, once they do. */
const listen = async (media: Media, caller: TestCaller = EXAMINEE): Promise<Begun<Viewer>> => {
  const viewer = await newViewer();
  const { room } = media;
  return vi.waitFor(
    async () => begin(media, viewer, await media.as(caller).stream.listen({ roomId: room.id })),
    WAIT,
  );
};
const openTalks = async ({ admin, room }: Media) =>
  (await admin.room.snapshot({ roomId: room.id })).talks ?? [];
const ended = ({ session, token }: Begun<Publisher | Viewer>) =>
  fetch(session, { method: "DELETE", headers: { authorization: `Bearer ${token}` } });
const terminate = ({ admin, room }: Media, userId: string) =>
  admin.attempt.terminate({
    roomId: room.id,
    userIds: [userId],
    answers: "submit",
    reason: { code: "other" },
    key: "k",
  });

describe("a talk", () => {
  it("is heard by the one person, told to staff and to them, and kept with its beginning and end", async () => {
    await using media = await open();
    const { admin, teacher, room } = media;
    const roomId = room.id;
    await using own = await listenRoom(media, EXAMINEE, { roomId });
    await using publisher = await talk(media);
    await using listener = await listen(media);
    await seen(publisher, listener);
    const began = { type: "talk_changed", userId: "examinee1", by: "teacher1", isTalking: true };
    expect(await nextBesidesPresence(own)).toMatchObject(began);
    const since = expect.any(Date);
    expect(await openTalks(media)).toEqual([{ userId: "examinee1", by: "teacher1", since }]);
    const opened = await media.as(EXAMINEE).attempt.open({ roomId });
    expect(opened.talk).toEqual({ userId: "examinee1", by: "teacher1", since });
    const other = await media.as({ sub: "examinee2", role: "examinee" }).attempt.open({ roomId });
    expect([other.talk, other.snapshot.talks]).toEqual([undefined, []]);
    // The person's own camera is another stream.
    expect(await statusOf(media)).toBe("idle");
    expect((await ended(publisher)).status).toBe(204);
    expect(await nextBesidesPresence(own)).toMatchObject({ ...began, isTalking: false });
    expect(await openTalks(media)).toEqual([]);
    await unseen(publisher, listener);
    const { talks } = await teacher.stream.listTalks({ roomId, userId: "examinee1" });
    expect(talks).toMatchObject([{ by: "teacher1", userId: "examinee1", startedAt: since, endedAt: since }]);
    await using again = await talk(media, { sub: "root", role: "admin" });
    await sending(again, async () => expect(await openTalks(media)).toMatchObject([{ by: "root" }]));
    const page = await teacher.stream.listTalks({ roomId, pageSize: 1 });
    expect(page.talks).toMatchObject([{ by: "root" }]);
    expect(page.talks[0]).not.toHaveProperty("endedAt");
    const rest = await teacher.stream.listTalks({ roomId, pageSize: 1, cursor: page.nextCursor });
    expect(rest).toMatchObject({ talks: [{ by: "teacher1" }] });
    await admin.room.end({ roomId });
    vi.advanceTimersByTime(RECHECK_MS);
    await vi.waitFor(async () => expect(await openTalks(media)).toEqual([]), WAIT);
  });

  it("has one talker, whom a second one is told of", async () => {
    await using media = await open();
    const { admin, room } = media;
    const asked = { roomId: room.id, userId: "examinee1" };
    const early = await admin.stream.talk(asked);
    await using publisher = await talk(media);
    const second = { reason: "PARTICIPANT_CONFLICT", message: "teacher1 is talking to examinee1 already." };
    expect(await refused(admin.stream.talk(asked))).toMatchObject(second);
    await using peer = await newPublisher();
    expect((await post(media, early, peer.offer)).status).toBe(409);
    // Another person is free, and the first talker may begin again.
    await using other = await talk(media, { sub: "root", role: "admin" }, "examinee2");
    await using again = await talk(media);
    await sending(again, async () => expect(await openTalks(media)).toMatchObject([{ by: "teacher1" }]));
    await sending(other, async () =>
      expect((await openTalks(media)).map(({ by }) => by).toSorted()).toEqual(["root", "teacher1"]),
    );
    await publisher.connection.close();
  });

  it("is over when its media server is killed, and another may begin", async () => {
    await using media = await open();
    await using publisher = await talk(media);
    await sending(publisher, async () => expect(await openTalks(media)).toHaveLength(1));
    for (const pid of mediaServers()) process.kill(pid, "SIGKILL");
    await vi.waitFor(async () => expect(await openTalks(media)).toEqual([]), WAIT);
    await using again = await talk(media, { sub: "root", role: "admin" });
    await sending(again, async () => expect(await openTalks(media)).toMatchObject([{ by: "root" }]));
  });

  const ENDS: readonly [string, (media: Media) => Promise<unknown>][] = [
    ["whose listener's attempt was terminated", (media) => terminate(media, "examinee1")],
    [
      "whose listener was moved",
      ({ admin, room, sibling }) =>
        admin.participant.move({ roomId: room.id, userId: "examinee1", toRoomId: sibling.id }),
    ],
    [
      "whose listener was removed",
      ({ admin, room }) => admin.participant.remove({ roomId: room.id, userId: "examinee1" }),
    ],
    ["whose room has ended", ({ admin, room }) => admin.room.end({ roomId: room.id })],
    [
      "whose talker was removed",
      ({ admin, room }) => admin.participant.remove({ roomId: room.id, userId: "teacher2" }),
    ],
  ];
  it.each(ENDS)("ends soon: one %s", async (_, act) => {
    await using media = await open();
    const { admin, room } = media;
    const participants = [{ userId: "teacher2", name: "T", role: "teacher" as const }];
    await admin.participant.add({ roomId: room.id, participants });
    await using publisher = await talk(media, { sub: "teacher2", role: "teacher" });
    await using listener = await listen(media);
    await seen(publisher, listener);
    await sending(publisher, async () => expect(await openTalks(media)).toHaveLength(1));
    await act(media);
    await unseen(publisher, listener);
    await vi.waitFor(async () => {
      publisher.send();
      expect(await openTalks(media)).toEqual([]);
    }, WAIT);
  });

  /** Whether each of them may talk to examinee1, listen to what is said to them, and listen to what is said to examinee1. */
  const TABLE: readonly [string, TestCaller, string][] = [
    ["an administrator", { sub: "root", role: "admin" }, "talk"],
    ["a teacher", TEACHER, "talk"],
    ["a teacher bound to the room", { ...TEACHER, room: "own" }, "talk"],
    ["a teacher bound to another room", { ...TEACHER, room: "sibling" }, "-"],
    ["a teacher of another room", { sub: "teacher3", role: "teacher" }, "-"],
    ["an inspector", { sub: "inspector1", role: "inspector" }, "-"],
    ["the examinee", EXAMINEE, "listen, to examinee1"],
    ["the examinee, bound to the room", { ...EXAMINEE, room: "own" }, "listen, to examinee1"],
    ["another examinee", { sub: "examinee2", role: "examinee" }, "listen"],
    ["an examinee of another room", { sub: "examinee3", role: "examinee" }, "-"],
  ];
  it("is for teachers to begin, and for the one person to hear", async () => {
    await using media = await open();
    const { room, sibling } = media;
    const roomId = room.id;
    const rows = await Promise.all(
      TABLE.map(async ([name, { room: bound, ...who }]) => {
        const caller = media.as({
          ...who,
          ...(bound !== undefined && { room: bound === "own" ? roomId : sibling.id }),
        });
        const grants = [
          ["talk", await caller.stream.talk({ roomId, userId: "examinee1" }).catch(() => undefined)],
          ["listen", await caller.stream.listen({ roomId }).catch(() => undefined)],
        ] as const;
        const may = grants.flatMap(([what, grant]) => (grant ? what : []));
        const heard = grants[1][1] && decodeURIComponent(grants[1][1].url).endsWith("-examinee1");
        return [name, [...may, ...(heard ? ["to examinee1"] : [])].join(", ") || "-"];
      }),
    );
    expect(rows).toEqual(TABLE.map(([name, , may]) => [name, may]));
  });
  it("is refused for people who are no examinees there, and by tokens for other things", async () => {
    await using media = await open();
    const { teacher, room, admin } = media;
    const roomId = room.id;
    for (const userId of ["nobody", "examinee3", "inspector1"])
      expect(await refused(teacher.stream.talk({ roomId, userId }))).toMatchObject({
        reason: "PARTICIPANT_NOT_FOUND",
      });
    const [talkGrant, listenGrant, camera, watching] = [
      await teacher.stream.talk({ roomId, userId: "examinee1" }),
      await media.as(EXAMINEE).stream.listen({ roomId }),
      await media.as(EXAMINEE).stream.publish({ roomId }),
      await grantFor(media),
    ];
    await using peer = await newPublisher();
    for (const [one, token] of [
      [talkGrant, listenGrant.token],
      [talkGrant, camera.token],
      [listenGrant, talkGrant.token],
      [listenGrant, watching.token],
      [camera, talkGrant.token],
      [watching, listenGrant.token],
    ] as const)
      expect((await post(media, { ...one, token }, peer.offer)).status).toBe(403);
    await terminate(media, "examinee1");
    for (const one of [talkGrant, listenGrant]) expect((await post(media, one, peer.offer)).status).toBe(409);
    await admin.room.end({ roomId });
    expect(await refused(teacher.stream.talk({ roomId, userId: "examinee2" }))).toMatchObject({
      reason: "ROOM_ENDED",
    });
  });
});

/** The media servers of a process. */
const mediaServers = (parent = process.pid): number[] =>
  execFileSync("pgrep", ["-P", String(parent), "-f", "media-server.cjs"], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map(Number);

it("starts another media server after one was killed, and stores that nothing was published between", async () => {
  await using media = await open();
  await using first = await publish(media);
  await sending(first, async () => expect(await statusOf(media)).toBe("publishing"));
  for (const pid of mediaServers()) process.kill(pid, "SIGKILL");
  await vi.waitFor(async () => expect(await statusOf(media)).toBe("stopped"), WAIT);
  await using second = await publish(media);
  await using viewer = await watch(media);
  await seen(second, viewer);
  await vi.waitFor(async () => expect(await statusOf(media)).toBe("publishing"), WAIT);
});

it("shows in the metrics what the media server reports, and that it stopped", async () => {
  const token = "a-token-for-metrics";
  await using media = await open({ metrics: { listen: undefined, token } });
  const metrics = async (): Promise<string> =>
    (await media.inject({ url: "/metrics", headers: { authorization: `Bearer ${token}` } })).payload;
  await using publisher = await publish(media);
  await using viewer = await watch(media);
  await seen(publisher, viewer);
  const text = await metrics();
  for (const line of [
    /^invigil_media_sessions\{role="publish"\} 1$/m,
    /^invigil_media_sessions\{role="watch"\} 1$/m,
    /^invigil_media_received_bytes_total [1-9]\d*$/m,
    /^invigil_media_sent_bytes_total [1-9]\d*$/m,
    /^invigil_media_failures_total 0$/m,
    /^invigil_http_requests_total\{route="\/media\/whip\/:stream",status="2xx"\} 1$/m,
  ])
    expect(text).toMatch(line);
  for (const pid of mediaServers()) process.kill(pid, "SIGKILL");
  await vi.waitFor(async () => expect(await metrics()).toMatch(/^invigil_media_failures_total 1$/m), WAIT);
});

it("answers calls and shows pictures while a person floods it with offers, and calls while its media server is killed again and again", async () => {
  await using media = await open();
  const { room, admin } = media;
  await using publisher = await publish(media);
  await using viewer = await watch(media);
  await seen(publisher, viewer);
  const calls = async () => {
    for (let call = 0; call < 20; call += 1) {
      expect(await admin.room.get({ roomId: room.id })).toMatchObject({ status: "in_progress" });
      expect((await media.as(EXAMINEE).stream.publish({ roomId: room.id })).token).toBeTruthy();
    }
  };
  const grant = await media.as({ sub: "examinee2", role: "examinee" }).stream.publish({ roomId: room.id });
  await using stranger = await newPublisher();
  const offers = ["hello", "v=0\r\n".repeat(3_000), stranger.offer.replaceAll("sendonly", "recvonly")];
  const flood = Promise.all(
    Array.from({ length: 300 }, async (_, n) => (await post(media, grant, offers[n % 3] ?? "")).status),
  );
  await calls();
  await seen(publisher, viewer);
  const statuses = await flood;
  expect(statuses.filter((status) => status === 400)).toHaveLength(10);
  expect(statuses.filter((status) => status === 429)).toHaveLength(290);
  expect(await statusOf(media, "examinee2")).toBe("idle");

  for (let kill = 0; kill < 3; kill += 1) {
    for (const pid of mediaServers()) process.kill(pid, "SIGKILL");
    await calls();
    await vi.waitFor(async () => expect(await statusOf(media)).toBe("stopped"), WAIT);
    await using again = await publish(media);
    await using other = await watch(media);
    await seen(again, other);
    await vi.waitFor(async () => expect(await statusOf(media)).toBe("publishing"), WAIT);
  }
});

it("knows after a start that a killed server's streams and talks are over, and leaves no process behind", async () => {
  using folder = tempFolder();
  const options = { cwd: folder.path, env: { ...testEnv, INVIGIL_MEDIA_PORTS: "18300-18399" } };
  const call = async (server: Server, path: string, json: object, authorization: string) => {
    const { status, body } = await server.post(`/trpc/${path}`, { json }, authorization);
    expect(status, JSON.stringify(body)).toBe(200);
    return body.result.data.json;
  };
  const admin = `Bearer ${await tokenFor("admin", "root")}`;
  const examinee = `Bearer ${await tokenFor("examinee", "examinee1")}`;
  const get = async (server: Server, path: string, json: object) => {
    const input = encodeURIComponent(JSON.stringify({ json }));
    const response = await fetch(`${server.url}/trpc/${path}?input=${input}`, {
      headers: { authorization: admin },
    });
    // biome-ignore lint/suspicious/noExplicitAny: the body of an answer.
    const body = (await response.json()) as any;
    return body.result.data.json;
  };
  const status = async (server: Server, roomId: string) =>
    (await get(server, "participant.get", { roomId, userId: "examinee1" })).publishStatus.main;
  await using doomed = await serve(options);
  const participants = [{ userId: "examinee1", name: "E", role: "examinee" }];
  const { id: roomId } = await call(doomed, "room.create", { name: "R", participants }, admin);
  const publishWith = async (grant: { readonly url: string; readonly token: string }) => {
    const publisher = await newPublisher();
    const response = await fetch(grant.url, {
      method: "POST",
      headers: { authorization: `Bearer ${grant.token}`, "content-type": "application/sdp" },
      body: publisher.offer,
    });
    await publisher.accept(await response.text());
    await publisher.connected();
    return publisher;
  };
  await using publisher = await publishWith(await call(doomed, "stream.publish", { roomId }, examinee));
  await sending(publisher, async () => expect(await status(doomed, roomId)).toBe("publishing"));
  const person = { roomId, userId: "examinee1" };
  await using talker = await publishWith(await call(doomed, "stream.talk", person, admin));
  await sending(talker, async () =>
    expect(await get(doomed, "room.snapshot", { roomId })).toMatchObject({ talks: [{ by: "root" }] }),
  );
  const [child] = mediaServers(doomed.pid);
  doomed.kill("SIGKILL");
  await doomed.ended();
  await vi.waitFor(() => expect(() => process.kill(child ?? 0, 0)).toThrow("ESRCH"), WAIT);

  await using next = await serve(options);
  expect(await status(next, roomId)).toBe("stopped");
  expect(await get(next, "room.snapshot", { roomId })).not.toHaveProperty("talks");
  const { talks } = await get(next, "stream.listTalks", person);
  expect(talks).toMatchObject([{ by: "root", endedAt: expect.anything() }]);
});

it("leads to the host name that a caller of this machine has used, unless the public URL is set", async () => {
  const urlsFrom = async (media: Media, host: string) => {
    const { port } = new URL(media.url);
    const call = async (path: string, caller: TestCaller, json: object) => {
      const { statusCode, body } = await media.inject({
        method: "POST",
        url: `/trpc/${path}`,
        remoteAddress: "127.0.0.1",
        headers: {
          host: `${host}:${port}`,
          authorization: `Bearer ${await media.token(caller)}`,
          "content-type": "application/json",
        },
        payload: JSON.stringify({ json }),
      });
      expect(statusCode, body).toBe(200);
      return JSON.parse(body).result.data.json;
    };
    const { url } = await call("stream.publish", EXAMINEE, { roomId: media.room.id });
    const { streams } = await call("stream.watch", TEACHER, {
      roomId: media.room.id,
      userIds: ["examinee1"],
    });
    const { origin } = new URL(url);
    expect(streams.map((stream: { url: string }) => new URL(stream.url).origin)).toEqual([origin, origin]);
    return origin;
  };
  await using media = await open();
  const { port } = new URL(media.url);
  for (const host of ["localhost", "127.0.0.1"])
    expect(await urlsFrom(media, host)).toBe(`http://${host}:${port}`);
  const elsewhere = await urlsFrom(media, "evil.example");
  expect(elsewhere).not.toContain("evil.example");
  await using proxied = await open({ publicUrl: "https://invigil.example" });
  expect(await urlsFrom(proxied, "localhost")).not.toContain("localhost");
});

it("lets the demo go on while its candidate publishes, although they listen to nothing", async () => {
  await using demo = await openDemo({ config: { media: { host: undefined, ports: [18_100, 18_299] } } });
  const url = await demo.app.listen({ host: "127.0.0.1", port: 0 });
  const tick = async () => {
    demo.pass(1);
    await demo.show.tick();
  };
  await demo.show.tick();
  const { roomId, userId } = (await demo.show.seatVisitor()) ?? expect.fail("no seat");
  const who = { sub: userId, role: "examinee", room: roomId } as const;
  const authorization = `Bearer ${await demo.token(who, 86_400)}`;
  const response = await fetch(`${url}/trpc/stream.publish`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ json: { roomId } }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the body of an answer.
  const grant = ((await response.json()) as any).result.data.json;
  await using publisher = await begin({ url }, await newPublisher(), grant);
  const recordsIn = async (seconds: number) => {
    const before = await countRows(demo.db, roomEvents);
    for (let second = 0; second < seconds; second += 1) await tick();
    await demo.db.written();
    return (await countRows(demo.db, roomEvents)) - before;
  };
  // A look counts for a minute.
  await recordsIn(90);
  expect(await recordsIn(60)).toBeGreaterThan(0);
  await fetch(publisher.session, {
    method: "DELETE",
    headers: { authorization: `Bearer ${publisher.token}` },
  });
  await recordsIn(90);
  await vi.waitFor(async () => expect(await recordsIn(30)).toBe(0), WAIT);
  await demo.show.stop();
});

describe("who may", () => {
  it("refuses tokens for another thing, and without one", async () => {
    await using media = await open();
    await using peer = await newPublisher();
    const grant = await media.as(EXAMINEE).stream.publish({ roomId: media.room.id });
    const pc = await media.as(EXAMINEE).stream.publish({ roomId: media.room.id, camera: "pc" });
    const watching = await grantFor(media);
    const apiToken = await media.token(EXAMINEE);
    for (const [status, to] of [
      [401, { ...grant, token: apiToken }],
      [401, { ...grant, token: `${grant.token}x` }],
      [401, { ...grant, token: "" }],
      [403, { ...grant, token: pc.token }],
      [403, { ...grant, token: watching.token }],
      [403, { ...watching, token: grant.token }],
    ] as const)
      expect((await post(media, to, peer.offer)).status).toBe(status);
    // A token for media opens nothing else.
    const response = await fetch(`${media.url}/exam/roomInfo?id=${media.room.id}`, {
      headers: { authorization: `Bearer ${grant.token}` },
    });
    expect(response.status).toBe(401);
  });

  /** What may happen between a token for media and its use, to its holder. */
  const CHANGES: readonly [string, (media: Media, who: TestCaller, token: string) => Promise<unknown>][] = [
    [
      "whose token was revoked",
      (media, _, token) => {
        const { jti } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
        return media.admin.auth.revokeToken({ tokenId: jti });
      },
    ],
    [
      "who was removed",
      (media, { sub }) => media.admin.participant.remove({ roomId: media.room.id, userId: sub }),
    ],
    ["whose room has ended", (media) => media.admin.room.end({ roomId: media.room.id })],
    [
      "whose attempt was terminated",
      (media, { sub }) =>
        media.admin.attempt.terminate({
          roomId: media.room.id,
          userIds: [sub],
          answers: "submit",
          reason: { code: "other" },
          key: "k",
        }),
    ],
    [
      "who was moved",
      (media, { sub }) =>
        media.admin.participant.move({ roomId: media.room.id, userId: sub, toRoomId: media.sibling.id }),
    ],
  ];
  /** Calls a procedure with a token that can be revoked. */
  const callWith = async ({ url }: Media, token: string, path: string, json: object) => {
    const response = await fetch(`${url}/trpc/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ json }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: the body of an answer.
    const { result } = (await response.json()) as any;
    return result.data.json;
  };
  it.each(CHANGES)("refuses to publish for one %s", async (_, change) => {
    await using media = await open();
    const token = await media.token(EXAMINEE);
    const grant = await callWith(media, token, "stream.publish", { roomId: media.room.id });
    await change(media, EXAMINEE, token);
    await using peer = await newPublisher();
    expect([401, 403, 409]).toContain((await post(media, grant, peer.offer)).status);
  });
  it.each(CHANGES)("refuses to listen for one %s", async (_, change) => {
    await using media = await open();
    const token = await media.token(EXAMINEE);
    const grant = await callWith(media, token, "stream.listen", { roomId: media.room.id });
    await change(media, EXAMINEE, token);
    await using viewer = await newViewer();
    expect([401, 403, 409]).toContain((await post(media, grant, viewer.offer)).status);
  });
  it.each(CHANGES.slice(0, 3))("refuses to talk for one %s", async (_, change) => {
    await using media = await open();
    const teacher2 = { sub: "teacher2", role: "teacher" } as const;
    const participants = [{ userId: "teacher2", name: "T", role: "teacher" as const }];
    await media.admin.participant.add({ roomId: media.room.id, participants });
    const token = await media.token(teacher2);
    const asked = { roomId: media.room.id, userId: "examinee1" };
    const grant = await callWith(media, token, "stream.talk", asked);
    await change(media, teacher2, token);
    await using peer = await newPublisher();
    expect([401, 403, 409]).toContain((await post(media, grant, peer.offer)).status);
  });
  it.each(CHANGES.slice(0, 2))("refuses to watch for one %s", async (_, change) => {
    await using media = await open();
    const inspector = { sub: "inspector1", role: "inspector" } as const;
    await using publisher = await publish(media);
    await using __ = await watch(media);
    const token = await media.token(inspector);
    const { streams } = await callWith(media, token, "stream.watch", {
      roomId: media.room.id,
      userIds: ["examinee1"],
    });
    await change(media, inspector, token);
    await using viewer = await newViewer();
    expect([401, 403]).toContain((await post(media, streams[0], viewer.offer)).status);
    await publisher.connection.close();
  });

  const PASSWORD = "a password of a teacher";
  /** Signs a teacher of the room in. */
  const signIn = async (media: Media): Promise<string> => {
    const teacher2 = { userId: "teacher2", name: "T", role: "teacher" as const };
    await media.admin.account.create({ ...teacher2, password: PASSWORD });
    await media.admin.participant.add({ roomId: media.room.id, participants: [teacher2] });
    return (await media.admin.auth.login({ username: "teacher2", password: PASSWORD })).token;
  };
  const [REVOKED] = CHANGES[0] ?? expect.fail("no changes");
  const revoke = CHANGES[0]?.[1] ?? expect.fail("no changes");
  const logOut = (media: Media, _: TestCaller, token: string) => callWith(media, token, "auth.logout", {});
  const endSession = async ({ admin }: Media) => {
    const { sessions } = await admin.account.listSessions({ userId: "teacher2" });
    await admin.account.endSession({ sessionId: sessions[0]?.id ?? expect.fail("no session") });
  };
  /** Who sends and who receives: one of them by a token that ends. */
  const uses = {
    publish: async (media: Media, token: string) => ({
      sender: await begin(
        media,
        await newPublisher(),
        await callWith(media, token, "stream.publish", { roomId: media.room.id }),
      ),
      receiver: await watch(media),
    }),
    watch: async (media: Media, token: string) => {
      const sender = await publish(media);
      const asked = { roomId: media.room.id, userIds: ["examinee1"] };
      const receiver = await newViewer();
      await vi.waitFor(async () => {
        const { streams } = await callWith(media, token, "stream.watch", asked);
        await begin(media, receiver, streams[0]);
      }, WAIT);
      return { sender, receiver };
    },
    talk: async (media: Media, token: string) => {
      const asked = { roomId: media.room.id, userId: "examinee1" };
      const grant = await callWith(media, token, "stream.talk", asked);
      return { sender: await begin(media, await newPublisher(), grant), receiver: await listen(media) };
    },
    listen: async (media: Media, token: string) => {
      const sender = await talk(media);
      const receiver = await newViewer();
      await vi.waitFor(
        async () =>
          begin(media, receiver, await callWith(media, token, "stream.listen", { roomId: media.room.id })),
        WAIT,
      );
      return { sender, receiver };
    },
  };
  it.each<[keyof typeof uses, string, (typeof CHANGES)[number][1]]>([
    ["publish", REVOKED, revoke],
    ["listen", REVOKED, revoke],
    ["watch", REVOKED, revoke],
    ["watch", "who has signed out", logOut],
    ["watch", "whose session an administrator has ended", endSession],
    ["talk", REVOKED, revoke],
    ["talk", "who has signed out", logOut],
  ])("ends soon what one has begun by %s %s", async (use, _, end) => {
    await using media = await open();
    const isStaff = use === "watch" || use === "talk";
    const token = isStaff ? await signIn(media) : await media.token(EXAMINEE);
    const { sender, receiver } = await uses[use](media, token);
    await seen(sender, receiver);
    await end(media, EXAMINEE, token);
    await unseen(sender, receiver);
    // It cannot begin again.
    const response = await fetch(`${media.url}/trpc/stream.${use}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ json: { roomId: media.room.id, userId: "examinee1", userIds: ["examinee1"] } }),
    });
    expect(response.status).toBe(401);
    await Promise.all([sender, receiver].map((peer) => peer.connection.close()));
  });

  it("lets nobody restart or end the media session of another", async () => {
    await using media = await open();
    await using publisher = await publish(media);
    const other = await media
      .as({ sub: "examinee2", role: "examinee" })
      .stream.publish({ roomId: media.room.id });
    for (const method of ["DELETE", "PATCH"]) {
      const response = await fetch(publisher.session, {
        method,
        headers: {
          authorization: `Bearer ${other.token}`,
          "content-type": "application/trickle-ice-sdpfrag",
        },
        ...(method === "PATCH" && { body: "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n" }),
      });
      expect(response.status).toBe(404);
    }
  });

  it("names an examinee who is not in the room", async () => {
    await using media = await open();
    expect(await refused(grantFor(media, TEACHER, "nobody"))).toMatchObject({
      reason: "PARTICIPANT_NOT_FOUND",
      message: `nobody is no examinee of the room ${media.room.id}.`,
    });
  });
});

it("lets pages of other origins use WHIP, at its paths alone", async () => {
  await using media = await open();
  const preflight = async (path: string) => {
    const { headers } = await fetch(`${media.url}${path}`, {
      method: "OPTIONS",
      headers: { origin: "https://sit.example", "access-control-request-method": "PATCH" },
    });
    const [methods, allowed] = ["methods", "headers"].map((name) =>
      headers.get(`access-control-allow-${name}`),
    );
    return { methods, allowed };
  };
  expect(await preflight("/media/whip/s")).toMatchObject({
    methods: "POST, PATCH, DELETE",
    allowed: expect.stringContaining("if-match"),
  });
  expect(await preflight("/exam/roomInfo")).toMatchObject({ methods: "GET, HEAD, POST" });
  const { headers } = await fetch(`${media.url}/media/whip/s`, {
    method: "POST",
    headers: { origin: "https://sit.example" },
  });
  expect(headers.get("access-control-expose-headers")).toContain("location");
});

describe("offers", () => {
  it("answers what is wrong with one, in the envelope of the REST paths", async () => {
    await using media = await open();
    const grant = await media.as(EXAMINEE).stream.publish({ roomId: media.room.id });
    const send = async (body: string) => {
      const response = await post(media, grant, body);
      return { status: response.status, body: await response.json() };
    };
    expect(await send("hello")).toMatchObject({ status: 400 });
    expect(await send("v=0\r\n".repeat(20_000))).toMatchObject({ status: 400 });
  });

  it("lets a person begin ten media sessions in a minute", async () => {
    await using media = await open();
    const grant = await media.as(EXAMINEE).stream.publish({ roomId: media.room.id });
    const statuses: number[] = [];
    for (let offer = 0; offer < 11; offer += 1) statuses.push((await post(media, grant, "hello")).status);
    expect(statuses).toEqual([...Array(10).fill(400), 429]);
  });
});
