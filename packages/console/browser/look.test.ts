import { afterAll, beforeAll, it } from "vitest";
import { openWorld, type World } from "/work/wt/watch/packages/console/browser/support/console.js";
import { MORNING, openMorning, type Morning } from "/work/wt/watch/packages/console/browser/support/morning.js";
let world: World;
let m: Morning; let empty: Morning; let three: Morning;
beforeAll(async () => {
  world = await openWorld(MORNING);
  empty = await openMorning(world, { name: "Nothing yet", rooms: 0, perRoom: 0 });
  three = await openMorning(world, { name: "Three", rooms: 1, perRoom: 3, roomName: () => "Room of the longest name that anybody gave a room, second floor", personName: (n) => ["王", "Wolfeschlegelsteinhausenbergerdorff-Featherston, Maximilian A.", "阿依古丽·买买提"][n] ?? "x" });
  await three.come(three.candidates[1]!); await three.publish(three.candidates[1]!);
  m = await openMorning(world, { rooms: 12, perRoom: 5 });
  const c = m.candidates;
  for (const [n, who] of c.entries()) { if (n % 19 === 3) continue; await m.come(who); if (n % 13 !== 5) await m.publish(who); if (n % 3 === 0) { await m.come(who, "pc"); await m.publish(who, "pc"); } }
  for (const n of [10, 11, 12, 13, 15, 16, 17, 18]) await m.leave(c[n]!);
  await m.come(c[12]!);
  await m.stop(c[30]!); await m.stop(c[31]!);
  await m.come(c[40]!);
  await m.detect(c[50]!, 7); await m.detect(c[51]!, 2);
  for (const r of m.rooms.slice(0, 11)) await m.come({ userId: "t1", roomId: r.id }, "main", "teacher");
}, 60000);
afterAll(async () => { await m?.[Symbol.asyncDispose](); await world?.[Symbol.asyncDispose](); });
const shots: [string, () => string, string][] = [
  ["overview", () => `exams/${m.examId}`, "60"], ["candidates", () => `exams/${m.examId}/candidates`, "60"],
  ["overview", () => `exams/${empty.examId}`, "0"], ["candidates", () => `exams/${empty.examId}/candidates`, "0"],
  ["overview", () => `exams/${three.examId}`, "3"], ["candidates", () => `exams/${three.examId}/candidates`, "3"],
];
const modes = [["en","light",1280],["zh-CN","dark",1280],["zh-CN","light",360]] as const;
it.each(modes)("look %s %s %i", async (locale, scheme, width) => {
  await using open = await world.openConsole({ role: "teacher", locale, scheme, width, height: width === 360 ? 740 : 800 });
  for (const [name, path, size] of shots) {
    await open.page.goto(`${world.url}/console/${path()}`);
    await open.page.getByRole("heading", { level: 1 }).waitFor();
    await open.page.waitForTimeout(1200);
    await open.picture(`${name}-${size}-${locale}-${scheme}-${width}`);
    try { await open.check(); } catch (e) { console.log(name, size, locale, scheme, width, String((e as Error).message).slice(0, 1500)); }
  }
}, 120000);
