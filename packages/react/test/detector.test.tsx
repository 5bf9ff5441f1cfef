import type { InvigilClient } from "@invigil/client";
import { act, render } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { type Detector, InvigilProvider, useDetector } from "../src/index.js";
import { fixture } from "./world.js";

const Watching = ({ roomId, onDraw }: { roomId: string; onDraw: (detector: Detector) => void }) => {
  onDraw(useDetector(roomId, "secondScreen", { userId: "e1", camera: "pc" }));
  return null;
};

const draw = (client: InvigilClient, roomId: string) => {
  let found: Detector | undefined;
  const { unmount } = render(
    <InvigilProvider client={client}>
      <Watching
        roomId={roomId}
        onDraw={(detector) => {
          found = detector;
        }}
      />
    </InvigilProvider>,
  );
  if (!found) throw new Error("There is no detector.");
  return { detector: found, unmount };
};

test("a detector of one's own records each finding at its begin and at its end, once", async () => {
  await using at = await fixture();
  const { id: roomId } = at.room;
  const { detector, unmount } = draw(await at.client({ sub: "e1", role: "examinee" }), roomId);
  act(() => {
    detector.end();
    detector.begin();
    detector.begin();
    detector.end();
    detector.end();
    detector.begin();
    unmount();
  });
  const records = async () => (await at.teacher.cheat.listRecords({ roomId })).records.toReversed();
  await expect.poll(() => records()).toHaveLength(4);
  const [begin, end, secondBegin, secondEnd] = await records();
  expect(begin).toMatchObject({ userId: "e1", detectType: "secondScreen", isMainMonitor: false });
  const idOf = (record: typeof begin) => (record?.extraInfo as { id: string } | undefined)?.id;
  expect([begin, end, secondBegin, secondEnd].map((record) => record?.extraInfo)).toEqual([
    { id: idOf(begin), phase: "begin" },
    { id: idOf(begin), phase: "end", durationMs: expect.any(Number) },
    { id: idOf(secondBegin), phase: "begin" },
    { id: idOf(secondBegin), phase: "end", durationMs: expect.any(Number) },
  ]);
  expect(idOf(begin)).not.toBe(idOf(secondBegin));
});

test("what a lost network delays arrives afterwards, in its order", async () => {
  await using at = await fixture();
  const { id: roomId } = at.room;
  let isDown = true;
  const client = await at.client(
    { sub: "e1", role: "examinee" },
    { fetch: (...request) => (isDown ? Promise.reject(new TypeError("down")) : fetch(...request)) },
  );
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const { detector } = draw(client, roomId);
    detector.begin();
    detector.end();
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await at.teacher.cheat.listRecords({ roomId })).records).toEqual([]);
    isDown = false;
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
    const phases = async () =>
      (await at.teacher.cheat.listRecords({ roomId })).records
        .toReversed()
        .map(({ extraInfo }) => (extraInfo as { phase: string }).phase);
    await expect.poll(phases).toEqual(["begin", "end"]);
  } finally {
    vi.useRealTimers();
  }
});

/** The answer of a server that takes no call now. */
const tooMany = () =>
  Response.json(
    {
      error: {
        json: {
          message: "Too many",
          code: -32029,
          data: {
            code: "TOO_MANY_REQUESTS",
            httpStatus: 429,
            reason: "TOO_MANY_REQUESTS",
            fieldErrors: {},
            retryAfterSeconds: 5,
          },
        },
      },
    },
    { status: 429 },
  );

test("what a busy server does not take arrives later, in its order, and no other record is lost", async () => {
  await using at = await fixture();
  const { id: roomId } = at.room;
  let isBusy = true;
  let calls = 0;
  const client = await at.client(
    { sub: "e1", role: "examinee" },
    {
      fetch: async (...request) => {
        calls += 1;
        return isBusy ? tooMany() : fetch(...request);
      },
    },
  );
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const { detector } = draw(client, roomId);
    detector.begin();
    // The first record is under way, and makes room for the last one of these.
    for (let n = 0; n < 100; n += 1) {
      detector.end();
      detector.begin();
    }
    while (calls === 0) await new Promise((resolve) => setImmediate(resolve));
    isBusy = false;
    let waited = 0;
    for (; calls === 1; waited += 1000) {
      await vi.advanceTimersByTimeAsync(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(waited).toBeGreaterThanOrEqual(5000);
    vi.useRealTimers();
    const stored = async () =>
      (await at.teacher.cheat.listRecords({ roomId, pageSize: 500 })).records.toReversed();
    await expect.poll(async () => (await stored()).length).toBe(200);
    expect((await stored()).map(({ extraInfo }) => (extraInfo as { phase: string }).phase)).toEqual(
      Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? "end" : "begin")),
    );
  } finally {
    vi.useRealTimers();
  }
});

test("records that come while others are under way are sent after them", async () => {
  await using at = await fixture();
  const { id: roomId } = at.room;
  const answers: (() => void)[] = [];
  const client = await at.client(
    { sub: "e1", role: "examinee" },
    {
      fetch: async (...request) => {
        const response = await fetch(...request);
        if (answers.length === 0) await new Promise<void>((resolve) => answers.push(resolve));
        return response;
      },
    },
  );
  const { detector } = draw(client, roomId);
  detector.begin();
  await expect.poll(() => answers.length).toBe(1);
  for (let n = 0; n < 100; n += 1) {
    detector.end();
    detector.begin();
  }
  answers[0]?.();
  const count = async () => (await at.teacher.cheat.listRecords({ roomId, pageSize: 500 })).records.length;
  await expect.poll(count).toBe(201);
});
