import { newPublisher, newViewer } from "@invigil/media-server/peers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import {
  begin,
  EXAMINEE,
  grantFor,
  listen,
  type Media,
  mediaServers,
  open,
  post,
  publish,
  RECHECK_MS,
  seen,
  TEACHER,
  talk,
  unseen,
  WAIT,
  watch,
} from "./support/media-peers.js";
import { beginExam } from "./support/procedure-calls.js";
import { refused } from "./support/reason.js";

// Who may publish, watch and talk through the embedded media server, and until when.

// The checks of the server come when the test says so. The peers use other timers.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

const ROOM = ({ room }: Media) => ({ roomId: room.id });

describe("a media session ends soon after its holder may not have it any more", () => {
  const BY = { admin: { sub: "root", role: "admin" } } as const;
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
    [
      "finished",
      async (media) => {
        await beginExam(media);
        await media.as(EXAMINEE).attempt.finish(ROOM(media));
      },
    ],
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

describe("a media session does not begin if the right to it ends while its offer waits", () => {
  const INSPECTOR = { sub: "inspector1", role: "inspector" } as const;
  const METRICS = "a-token-for-metrics";
  const sessionsOf = async ({ inject }: Media): Promise<string | undefined> => {
    const { payload } = await inject({ url: "/metrics", headers: { authorization: `Bearer ${METRICS}` } });
    return /^invigil_media_sessions\{role="watch"\} (\d+)$/m.exec(payload)?.[1];
  };
  it.each([
    ["before the next check", false],
    ["until a check has seen it", true],
  ])("%s", async (_, isChecked) => {
    const statements: string[] = [];
    const log: string[] = [];
    await using media = await open(
      { metrics: { listen: undefined, token: METRICS } },
      { onStatement: (sql) => void statements.push(sql), logTo: { write: (line) => void log.push(line) } },
    );
    await using publisher = await publish(media);
    await using other = await watch(media);
    await seen(publisher, other);
    const grant = await grantFor(media, INSPECTOR);
    await using viewer = await newViewer();
    const before = statements.length;
    for (const pid of mediaServers()) process.kill(pid, "SIGSTOP");
    try {
      const answer = post(media, grant, viewer.offer);
      // The right has been read. The offer waits for the media server.
      await vi.waitFor(() => expect(statements.length).toBeGreaterThan(before), WAIT);
      await media.admin.participant.remove({ roomId: media.room.id, userId: INSPECTOR.sub });
      if (isChecked)
        await vi.waitFor(() => {
          vi.advanceTimersByTime(RECHECK_MS);
          expect(log.join("")).toContain("media session is over");
        }, WAIT);
      for (const pid of mediaServers()) process.kill(pid, "SIGCONT");
      expect((await answer).status).toBe(403);
    } finally {
      for (const pid of mediaServers()) process.kill(pid, "SIGCONT");
    }
    await vi.waitFor(async () => expect(await sessionsOf(media)).toBe("1"), WAIT);
    await seen(publisher, other);
  });
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

  it("refuses to restart or end the media session of another person", async () => {
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

  it("lets a media session restart ICE ten times in a minute", async () => {
    await using media = await open();
    await using publisher = await publish(media);
    const statuses: number[] = [];
    for (let restart = 0; restart < 11; restart += 1) {
      const response = await fetch(publisher.session, {
        method: "PATCH",
        headers: {
          authorization: `Bearer ${publisher.token}`,
          "content-type": "application/trickle-ice-sdpfrag",
        },
        body: `a=ice-ufrag:abc${restart}\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n`,
      });
      statuses.push(response.status);
    }
    expect(statuses).toEqual([...Array(10).fill(200), 429]);
  });
});
