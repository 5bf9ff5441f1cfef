import { newPublisher, newViewer } from "@invigil/media-server/peers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { roomEvents } from "../src/storage/tables.js";
import { openDemo } from "./support/demo.js";
import { listenRoom, nextBesidesPresence } from "./support/listening.js";
import {
  begin,
  EXAMINEE,
  ended,
  grantFor,
  listen,
  type Media,
  mediaServers,
  open,
  openTalks,
  PORTS,
  post,
  publish,
  RECHECK_MS,
  seen,
  sending,
  statusOf,
  TEACHER,
  talk,
  terminate,
  unseen,
  WAIT,
  watch,
} from "./support/media-peers.js";
import { type Server, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";
import { refused } from "./support/reason.js";
import { countRows } from "./support/tables.js";

// Browsers publish and watch through the embedded media server. It is a real process, and the peers send real packets.

// The checks of the server come when the test says so. The peers use other timers.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

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

it("gives a person one media session a camera, so that who offers again and again takes no ports of others", async () => {
  const token = "a-token-for-metrics";
  await using media = await open({ metrics: { listen: undefined, token } });
  const grants = await Promise.all(
    (["main", "pc"] as const).map((camera) =>
      media.as(EXAMINEE).stream.publish({ roomId: media.room.id, camera }),
    ),
  );
  await using publisher = await publish(media, { sub: "examinee2", role: "examinee" });
  for (let offer = 0; offer < 5; offer += 1)
    for (const grant of grants) {
      await using peer = await newPublisher();
      expect((await post(media, grant, peer.offer)).status).toBe(201);
    }
  const { payload } = await media.inject({ url: "/metrics", headers: { authorization: `Bearer ${token}` } });
  expect(payload).toMatch(/^invigil_media_sessions\{role="publish"\} 3$/m);
  publisher.send();
  await vi.waitFor(async () => expect(await statusOf(media, "examinee2")).toBe("publishing"), WAIT);
});

it("lets staff watch in several windows, and a person listen at two devices, of which the earliest goes for a third", async () => {
  await using media = await open();
  await using publisher = await publish(media);
  await using window1 = await watch(media);
  await using window2 = await watch(media);
  await using window3 = await watch(media);
  for (const window of [window1, window2, window3]) await seen(publisher, window);
  await using talker = await talk(media);
  await using phone = await listen(media);
  await using computer = await listen(media);
  for (const device of [phone, computer]) await seen(talker, device);
  await using third = await listen(media);
  for (const device of [third, computer]) await seen(talker, device);
  await unseen(talker, phone);
});

it("lets a page that comes again take no place of a newer page of the same person", async () => {
  await using media = await open();
  const idOf = ({ session }: { readonly session: string }) => session.slice(session.lastIndexOf("/") + 1);
  const grant = await media.as(EXAMINEE).stream.publish({ roomId: media.room.id });
  const again = async (after: string) => {
    await using peer = await newPublisher();
    const response = await post(media, grant, peer.offer, after);
    return { status: response.status, body: await response.text() };
  };
  await using older = await publish(media);
  await using newer = await publish(media);
  await using viewer = await watch(media);
  expect(await again(idOf(older))).toEqual({
    status: 409,
    body: expect.stringContaining('"PARTICIPANT_CONFLICT"'),
  });
  await seen(newer, viewer);
  expect(await again("x")).toMatchObject({ status: 400 });
  // A page comes after itself, also when an answer did not reach it, and after a newer one that has gone.
  for (let time = 0; time < 2; time += 1) expect(await again(idOf(newer))).toMatchObject({ status: 201 });
  await using last = await publish(media);
  await ended(last);
  expect(await again(idOf(older))).toMatchObject({ status: 201 });

  await using talker = await talk(media);
  await using phone = await listen(media);
  await using computer = await listen(media);
  await using third = await listen(media);
  const right = await media.as(EXAMINEE).stream.listen({ roomId: media.room.id });
  await using peer = await newViewer();
  expect((await post(media, right, peer.offer, idOf(phone))).status).toBe(409);
  for (const device of [computer, third]) await seen(talker, device);
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
    expect(await openTalks(media)).toEqual([{ userId: "examinee1", by: "teacher1", since, isHeard: false }]);
    const opened = await media.as(EXAMINEE).attempt.open({ roomId });
    expect(opened.talk).toEqual({ userId: "examinee1", by: "teacher1", since, isHeard: false });
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
  await using demo = await openDemo({ config: { media: { host: undefined, ports: PORTS } } });
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
