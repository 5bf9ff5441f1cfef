import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { deadLetters } from "../src/storage/tables.js";
import { openRongCloud, type RongCloud } from "./simulators/rongcloud.js";
import { runHere, runWell } from "./support/command.js";
import { openTestDatabase } from "./support/database.js";
import { tempFolder, testEnv } from "./support/process.js";
import { insertRows } from "./support/tables.js";

let folder: ReturnType<typeof tempFolder>;
let rong: RongCloud;
beforeEach(async () => {
  folder = tempFolder();
  rong = await openRongCloud();
  // Makes the installation.
  await runWell(["exam", "list"], { cwd: folder.path, env: testEnv });
  await using db = await openTestDatabase({ file: join(folder.path, "data/invigil.db") });
  const time = new Date("2026-01-02T03:04:05Z");
  await insertRows(
    db,
    deadLetters,
    ["old", "young"].map((id) => ({
      id,
      examId: "x",
      queue: "rong_cloud",
      kind: "send",
      key: "group",
      payload: { signal: { type: 20_001, data: "{}" } },
      reason: id === "old" ? ("refused" as const) : ("expired" as const),
      lastError: id === "old" ? "The service rong_cloud refused the call. (1002)" : null,
      attempts: 10,
      createdAt: time,
      diedAt: time,
    })),
  );
});
afterEach(async () => {
  await rong[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const configured = () => ({
  ...testEnv,
  INVIGIL_RONGCLOUD_APP_KEY: rong.appKey,
  INVIGIL_RONGCLOUD_APP_SECRET: rong.appSecret,
  INVIGIL_RONGCLOUD_URLS: rong.urls[0],
});
const invigil = (args: readonly string[], env: Readonly<Record<string, string>> = configured()) =>
  runHere(args, { cwd: folder.path, env });

it("`outbox list` shows what was given up, and why", async () => {
  const { stdout } = await invigil(["outbox", "list"]);
  expect(stdout).toMatch(/^ID +GIVEN UP +QUEUE +KIND +ABOUT +TRIED +WHY\nyoung .* expired\nold .*\n$/);
  expect(stdout).toContain("refused: The service rong_cloud refused the call. (1002)\n");
  expect((await invigil(["outbox", "list", "-q"])).stdout).toBe("young\nold\n");
  const listed = JSON.parse((await invigil(["outbox", "list", "--json"])).stdout);
  expect(listed).toMatchObject([
    { id: "young", reason: "expired" },
    { id: "old", attempts: 10 },
  ]);
  const { stdout: findings } = await invigil(["doctor", "--json"], testEnv);
  expect(JSON.parse(findings)).toContainEqual(expect.objectContaining({ check: "outbox", state: "warning" }));
});

it("`outbox retry` makes the call before it ends, and leaves what it cannot do", async () => {
  const retried = await invigil(["outbox", "retry", "young", "none", "--json"]);
  expect(retried).toMatchObject({
    code: 1,
    stderr: '{"error":{"message":"There is no dead letter none."}}\n',
  });
  expect(JSON.parse(retried.stdout)).toEqual({ ids: ["young"] });
  expect(rong.messages).toMatchObject([{ groupId: "group" }]);
  const elsewhere = await invigil(["outbox", "retry", "old"], testEnv);
  expect(elsewhere).toMatchObject({ code: 1, stdout: "" });
  expect(elsewhere.stderr).toContain("its service is not configured");
  expect((await invigil(["outbox", "list", "-q"])).stdout).toBe("old\n");
});

it("`outbox drop` deletes dead letters, and makes no call", async () => {
  expect(await invigil(["outbox", "drop", "old", "young"])).toMatchObject({ stdout: "Dropped 2 tasks.\n" });
  expect(rong.calls).toEqual([]);
  const audit = JSON.parse((await invigil(["audit", "list", "--json"])).stdout);
  expect(audit.entries).toMatchObject(
    ["young", "old"].map((subject) => ({ procedure: "outbox.drop", subject, examId: "x" })),
  );
  expect((await invigil(["outbox", "list"])).stdout).toBe("There are no dead letters.\n");
  const { stdout: findings } = await invigil(["doctor", "--json"], testEnv);
  expect(findings).not.toContain('"outbox"');
});
