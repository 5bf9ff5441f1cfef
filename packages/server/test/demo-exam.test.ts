import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import type { Looks } from "../src/app/main.js";
import { CANDIDATES } from "../src/demo/exam/cast.js";
import { ROUND_SECONDS, writeScript } from "../src/demo/exam/script.js";
import { createShow } from "../src/demo/exam/show.js";
import { openWorld } from "./support/world.js";

// Also on PostgreSQL: a round is played by the services, and its deletion leaves no row.

describe("a script", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(writeScript(7)).toEqual(writeScript(7));
    expect(writeScript(7)).not.toEqual(writeScript(8));
  });
  it("shows everything within its first minute", () => {
    const first = writeScript(7).filter(({ at }) => at < 50);
    expect(new Set(first.map(({ does }) => does))).toEqual(
      new Set(["connect", "disconnect", "publish", "stop", "detect", "write", "tell"]),
    );
    const came = new Set(first.flatMap((act) => (act.does === "connect" ? [act.candidate] : [])));
    expect(came.size).toBeGreaterThan(50);
    expect(came.size).toBeLessThan(CANDIDATES.length);
  });
  it.each([1, 2, 3])("%i lets nobody connect twice but the one with two devices", (seed) => {
    const devices = new Map<string, number>();
    let most = 0;
    for (const act of writeScript(seed)) {
      if (act.does === "connect") {
        const page = `${act.candidate} ${act.camera}`;
        devices.set(page, (devices.get(page) ?? 0) + 1);
        if (act.candidate !== 44) most = Math.max(most, devices.get(page) ?? 0);
      }
      if (act.does === "disconnect")
        for (const camera of ["main", "pc"]) devices.set(`${act.candidate} ${camera}`, 0);
    }
    expect(most).toBe(1);
  });
  it("goes on to its end", () => {
    expect(writeScript(7).at(-1)?.at).toBeGreaterThan(ROUND_SECONDS - 120);
  });
});

const openShow = async () => {
  let now = new Date("2026-01-02T01:00:00Z");
  const looks = new EventEmitter<Looks>();
  const world = await openWorld({
    now: () => now,
    config: { presenceSettleSeconds: 0, logLevel: "silent" },
    services: { tell: (caller, examId) => looks.emit("exam", caller, examId) },
  });
  const { services, clock } = world;
  const show = createShow({ services, clock, log: { warn: (...said: unknown[]) => console.log(said) }, looks, seed: 7 });
  return {
    world,
    show,
    pass(seconds: number) {
      now = new Date(now.getTime() + seconds * 1000);
    },
  };
};

it("plays", async () => {
  const { world, show, pass } = await openShow();
  await using _ = world;
  const t0 = performance.now();
  await show.tick();
  console.log("begin", performance.now() - t0);
  const admin = { userId: "a", role: "admin", expiresAt: new Date(8.64e15) } as const;
  const { exams } = await world.services.exam.list(admin, { pageSize: 10 });
  console.log(exams);
  const examId = exams[0]?.id ?? "";
  for (let second = 0; second < 70; second += 1) {
    await world.services.exam.get(admin, examId);
    pass(1);
    await show.tick();
  }
  console.log("played", performance.now() - t0);
  const { rooms } = await world.services.room.list(admin, { examId, pageSize: 10 });
  for (const room of rooms) console.log(room.name, (await world.services.presence.ofRoom(room.id)).length);
  await show.stop();
  console.log("stopped", performance.now() - t0);
  console.log(await world.services.exam.list(admin, { pageSize: 10 }), world.lines.slice(-5));
});
