import { expect, it } from "vitest";
import { settingNames } from "../src/config/settings.js";
import { rest, trpc } from "./support/calls.js";
import { isOnPostgres } from "./support/engine.js";
import { openExamsFixture } from "./support/exams-fixture.js";
import { STREAM_CONFIG } from "./support/streams.js";

// Also on PostgreSQL: the servers of an installation and the size of its database.

const MIB = 1024 * 1024;

it("tells everybody what a page needs before anybody has signed in, and no more", async () => {
  await using fixture = await openExamsFixture();
  const { status, data } = await trpc(fixture).query("installation.info");
  expect({ status, data }).toEqual({
    status: 200,
    data: {
      auth: "required",
      isDemo: false,
      timeZone: "Asia/Shanghai",
      canWatch: true,
      usesCandidatePage: true,
      restoreDays: 7,
    },
  });
  await using other = await openExamsFixture({ config: { ...STREAM_CONFIG, streamService: "aliyun" } });
  expect((await trpc(other).query("installation.info")).data).toMatchObject({
    canWatch: false,
    usesCandidatePage: false,
  });
});

it("tells administrators what carries the streams, and how many", async () => {
  await using embedded = await openExamsFixture({ config: { media: { host: undefined, ports: [1, 20] } } });
  const ofEmbedded = await embedded.admin.installation.usage();
  expect(ofEmbedded.streams).toEqual({ service: "embedded", most: 10 });
  await using vendor = await openExamsFixture({ config: { streamService: "aliyun", streamPushLimit: 50 } });
  const ofVendor = await vendor.admin.installation.usage();
  expect(ofVendor.streams).toEqual({ service: "aliyun", most: 50 });
  const limits = [ofEmbedded, ofVendor].map(({ quotas }) =>
    quotas.filter(({ name }) => name === "INVIGIL_STREAM_PUSH_LIMIT"),
  );
  expect(limits).toEqual([[], [{ name: "INVIGIL_STREAM_PUSH_LIMIT", most: 50 }]]);
});

it("tells administrators what is in use, and the limits as the settings have them", async () => {
  await using fixture = await openExamsFixture({ freeSpace: async () => 3 * 1024 * MIB });
  const usage = await fixture.admin.installation.usage();
  expect(usage).toMatchObject({
    database: { kind: isOnPostgres ? "postgres" : "sqlite", bytes: expect.any(Number) },
    disk: { freeBytes: 3 * 1024 * MIB, reserveBytes: 512 * MIB },
    audioBytes: 0,
    // One of the fixture's, and one of the other room.
    exams: 2,
    underWay: { rooms: 0, present: 0, publishing: 0 },
    connections: 0,
    subscriptions: 0,
  });
  expect(usage.database.bytes).toBeGreaterThan(100_000);
  const names = [...usage.limits, ...usage.quotas].map(({ name }) => name);
  expect(names.filter((name) => !settingNames.includes(name))).toEqual([]);
  expect(settingNames.filter((name) => /_(LIMIT|QUOTA)_/.test(name) && !names.includes(name))).toEqual([]);
  expect(usage.limits).toContainEqual({ name: "INVIGIL_LIMIT_READ_MIB", of: "person", perMinute: 48 });
  expect(usage.quotas).toContainEqual({ name: "INVIGIL_QUOTA_AUDIO_MIB", most: 20_480 });

  const { admin, room } = fixture;
  const inUse = async () => {
    const { connections, subscriptions } = await admin.installation.usage();
    return { connections, subscriptions };
  };
  for await (const _ of await admin.room.onEvent({ roomId: room.id, lastEventId: "999999999" })) {
    expect(await inUse()).toEqual({ connections: 1, subscriptions: 1 });
    break;
  }
  await expect.poll(inUse).toEqual({ connections: 0, subscriptions: 0 });
});

it("tells administrators which servers run", async () => {
  await using fixture = await openExamsFixture();
  const { servers } = await fixture.admin.installation.servers();
  expect(servers).toEqual([
    {
      id: isOnPostgres ? expect.stringMatching(/./) : "",
      startedAt: new Date("2026-01-02T03:04:05Z"),
      renewedAt: new Date("2026-01-02T03:04:05Z"),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      isThis: true,
    },
  ]);
});

it("has URLs for browsers' players where they are set, and not on the documented paths", async () => {
  const players = { hlsUrl: "https://hls.example/{app}/{stream}.m3u8", whepUrl: undefined };
  await using fixture = await openExamsFixture({ config: { ...STREAM_CONFIG, streamPlayers: players } });
  const asked = { roomId: fixture.room.id, userId: "examinee1" };
  const inspector = { sub: "inspector1", role: "inspector" } as const;
  const { streams } = await fixture.as(inspector).participant.get(asked);
  const stream = `${fixture.room.examId}-${fixture.room.id}-examinee1`;
  expect(streams.main).toEqual({
    pushUrl: null,
    pullUrl: expect.stringMatching(/^artc:/),
    lowPullUrl: expect.stringMatching(/^artc:/),
    hlsUrl: expect.stringContaining(`https://hls.example/exam/${stream}.m3u8?auth_key=`),
    lowHlsUrl: expect.stringContaining(`https://hls.example/exam/${stream}_240p.m3u8?auth_key=`),
  });
  const { text } = await rest(fixture, await fixture.token(inspector)).get("userInfo", asked);
  expect(text).toContain("artc://");
  expect(text).not.toContain("hls.example");
});
