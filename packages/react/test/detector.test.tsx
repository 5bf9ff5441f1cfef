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
    await vi.waitFor(async () => {
      const { records } = await at.teacher.cheat.listRecords({ roomId });
      expect(records.toReversed().map(({ extraInfo }) => (extraInfo as { phase: string }).phase)).toEqual([
        "begin",
        "end",
      ]);
    });
  } finally {
    vi.useRealTimers();
  }
});
