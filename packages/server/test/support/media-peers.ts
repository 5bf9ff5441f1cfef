import { execFileSync } from "node:child_process";
import { newPublisher, newViewer, type Publisher, type Viewer } from "@invigil/media-server/peers";
import { expect, vi } from "vitest";
import type { TestAppOptions, TestCaller } from "../../src/app/testing.js";
import type { Config } from "../../src/config/config.js";
import { type ExamsFixture, openExamsFixture } from "./exams-fixture.js";

// Peers of the embedded media server, which is a real process.

export const WAIT = { timeout: 60_000, interval: 20 };
/** As often the server checks whether those who publish and watch still may. */
export const RECHECK_MS = 5_000;
export const EXAMINEE = { sub: "examinee1", role: "examinee" } as const;
export const TEACHER = { sub: "teacher1", role: "teacher" } as const;

/** The UDP ports of a test. Files that run at the same time have ranges of their own. */
const firstPort = 18_100 + 200 * Number(process.env.VITEST_POOL_ID ?? 0);
export const PORTS = [firstPort, firstPort + 199] as const;

export interface Media extends ExamsFixture {
  readonly url: string;
}
export const open = async (
  config: Partial<Config> = {},
  options: Pick<TestAppOptions, "onStatement" | "logTo"> = {},
): Promise<Media> => {
  const app = await openExamsFixture({
    ...options,
    now: () => new Date(),
    config: { ...config, media: { host: undefined, ports: PORTS } },
  });
  return Object.assign(app, { url: await app.listen() });
};

/** The media servers of a process. */
export const mediaServers = (parent = process.pid): number[] =>
  execFileSync("pgrep", ["-P", String(parent), "-f", "media-server.cjs"], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map(Number);

/** Where a grant leads, at the test's own server. */
const at = ({ url }: Pick<Media, "url">, grant: { readonly url: string }): string =>
  `${url}${new URL(grant.url).pathname}`;
export const post = (
  media: Pick<Media, "url">,
  grant: { readonly url: string; readonly token: string },
  offer: string,
  after?: string,
) =>
  fetch(at(media, grant) + (after === undefined ? "" : `?after=${after}`), {
    method: "POST",
    headers: { authorization: `Bearer ${grant.token}`, "content-type": "application/sdp" },
    body: offer,
  });

/** A peer with the media session that its offer began. */
export type Begun<Peer> = Peer & { readonly session: string; readonly token: string };
export const begin = async <Peer extends Publisher | Viewer>(
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
export const publish = async (media: Media, caller: TestCaller = EXAMINEE): Promise<Begun<Publisher>> => {
  const grant = await media.as(caller).stream.publish({ roomId: media.room.id });
  return begin(media, await newPublisher(), grant);
};
export const grantFor = async (media: Media, caller: TestCaller = TEACHER, userId = "examinee1") => {
  const { streams } = await media.as(caller).stream.watch({ roomId: media.room.id, userIds: [userId] });
  return streams.find(({ camera }) => camera === "main") ?? expect.fail("no grant");
};
/** Watches a stream, once it is published. */
export const watch = async (media: Media, caller: TestCaller = TEACHER): Promise<Begun<Viewer>> => {
  const viewer = await newViewer();
  return vi.waitFor(async () => begin(media, viewer, await grantFor(media, caller)), WAIT);
};
export const statusOf = async ({ admin, room }: Media, userId = "examinee1") =>
  (await admin.participant.get({ roomId: room.id, userId })).publishStatus.main;
/** Sends packets until something holds. */
export const sending = (publisher: Publisher, check: () => unknown) =>
  vi.waitFor(async () => {
    publisher.send();
    await check();
  }, WAIT);
export const seen = (publisher: Publisher, { received }: Viewer) => {
  const before = received.length;
  return sending(publisher, () => expect(received.length).toBeGreaterThan(before + 2));
};
/** Lets the server check media sessions until packets that are sent do not arrive any more. */
export const unseen = (publisher: Publisher, { received }: Viewer) => {
  let [before, still] = [received.length, 0];
  return vi.waitFor(() => {
    vi.advanceTimersByTime(RECHECK_MS);
    still = received.length === before ? still + 1 : 0;
    before = received.length;
    publisher.send();
    expect(still).toBeGreaterThan(10);
  }, WAIT);
};

/** Talks to a person. */
export const talk = async (
  media: Media,
  caller: TestCaller = TEACHER,
  userId = "examinee1",
): Promise<Begun<Publisher>> =>
  begin(media, await newPublisher(), await media.as(caller).stream.talk({ roomId: media.room.id, userId }));
/** Listens to who talks to a person, once they do. */
export const listen = async (media: Media, caller: TestCaller = EXAMINEE): Promise<Begun<Viewer>> => {
  const viewer = await newViewer();
  const { room } = media;
  return vi.waitFor(
    async () => begin(media, viewer, await media.as(caller).stream.listen({ roomId: room.id })),
    WAIT,
  );
};
export const openTalks = async ({ admin, room }: Media) =>
  (await admin.room.snapshot({ roomId: room.id })).talks ?? [];
export const ended = ({ session, token }: Begun<Publisher | Viewer>) =>
  fetch(session, { method: "DELETE", headers: { authorization: `Bearer ${token}` } });
export const terminate = ({ admin, room }: Media, userId: string) =>
  admin.attempt.terminate({
    roomId: room.id,
    userIds: [userId],
    answers: "submit",
    reason: { code: "other" },
    key: "k",
  });
