import { readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { csv } from "./support/files.js";
import { installExam } from "./support/installation.js";
import { type Child, invigil, run } from "./support/process.js";

const ROWS = 30_000;
const LARGE = csv([["id", "name"], ...Array.from({ length: ROWS }, (_, n) => [`k${n}`, `Name ${n}`])]);

/** Whether a process has a file open. */
const hasOpen = ({ pid }: Child, file: string): boolean =>
  readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === file;
    } catch {
      // Closed in the meantime.
      return false;
    }
  });

/** Suspends a process when a condition is true, while its data is inspected. */
const stopWhen = async (child: Child, isSo: () => boolean): Promise<void> => {
  for (;;) {
    if (isSo()) {
      child.kill("SIGSTOP");
      if (isSo()) return;
      child.kill("SIGCONT");
    }
    // Throws after the process has ended.
    process.kill(child.pid, 0);
    await setImmediate();
  }
};

/** Like `place.people()`, without opening the database, which the stopped process may have locked. */
const peopleIn = ({ read }: Awaited<ReturnType<typeof installExam>>) =>
  read((open) => ({
    waiting: Number(open.prepare("SELECT count(*) FROM visible_unseated").pluck().get()),
    seated: Number(
      open.prepare("SELECT count(*) FROM visible_participants WHERE user_id <> 'root'").pluck().get(),
    ),
  }));

describe("invigil roster import", () => {
  it("says that nothing was imported when it is interrupted while it reads", async () => {
    using place = await installExam();
    place.write("large.csv", LARGE);
    await using child = invigil(["roster", "import", "large.csv", "--exam", place.examId], {
      cwd: place.path,
    });
    // Delivered while the file is open, so before the people are written.
    await stopWhen(child, () => hasOpen(child, join(place.path, "large.csv")));
    child.kill("SIGINT");
    child.kill("SIGCONT");
    expect(await child.ended()).toEqual({
      code: 130,
      signal: null,
      stdout: "",
      stderr: "invigil: interrupted; nothing was imported\n",
    });
    expect(peopleIn(place)).toEqual({ waiting: 0, seated: 0 });
  });

  it("leaves nothing behind when it is killed while it reads, or while it writes", async () => {
    using place = await installExam();
    place.write("large.csv", LARGE);
    const size = () => statSync(`${place.database}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    const moments = [
      (child: Child) => hasOpen(child, join(place.path, "large.csv")),
      // More than at the start: people who are not visible yet.
      () => size() > 2_000_000,
    ];
    for (const moment of moments) {
      await using child = invigil(["roster", "import", "large.csv", "--exam", place.examId], {
        cwd: place.path,
      });
      await stopWhen(child, () => moment(child));
      expect(peopleIn(place)).toEqual({ waiting: 0, seated: 0 });
      child.kill("SIGKILL");
      expect(await child.ended()).toMatchObject({ signal: "SIGKILL", stdout: "" });
      expect(peopleIn(place)).toEqual({ waiting: 0, seated: 0 });
      expect(place.integrity()).toBe("ok");
    }
    // The import can be repeated: the partial data of the killed process is removed first.
    expect(
      (await run(["roster", "import", "large.csv", "--exam", place.examId], { cwd: place.path })).stdout,
    ).toBe(`${ROWS} rows: ${ROWS} added, 0 updated, 0 unchanged\n`);
    expect(peopleIn(place)).toEqual({ waiting: ROWS, seated: 0 });
    const rows = place.read((open) => open.prepare("SELECT count(*) FROM unseated").pluck().get());
    expect(rows).toBe(ROWS);
  });
});
