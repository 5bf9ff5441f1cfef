import { userInfo } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CommandOptions, runHere, runJson, runWell } from "./support/command.js";
import { APP_SETTINGS } from "./support/exams-fixture.js";
import { installExam } from "./support/installation.js";

let installed: Awaited<ReturnType<typeof installExam>>;
let options: CommandOptions;
beforeAll(async () => {
  installed = await installExam();
  options = { cwd: installed.path, env: { ...APP_SETTINGS, INVIGIL_TIME_ZONE: "UTC" } };
});
afterAll(() => installed[Symbol.dispose]());

const USER = userInfo().username;
const listed = async (...args: readonly string[]) =>
  (await runJson(["audit", "list", ...args], options)).entries;

describe("a command", () => {
  it("leaves the user of the operating system in the audit, and the name that --as gives", async () => {
    await runWell(["exam", "update", "Finals", "--name", "Finals 1"], options);
    await runWell(["--as", "Li Lei", "exam", "update", installed.examId, "--name", "Finals 2"], options);
    await runWell(["exam", "update", installed.examId, "--name", "Finals", "--as", "韩梅梅"], options);
    const entries = await listed("--exam", "Finals", "--procedure", "exam.update");
    expect(entries.map(({ operator }: { operator: string }) => operator)).toEqual([
      `${USER} as 韩梅梅`,
      `${USER} as Li Lei`,
      USER,
    ]);
    expect(entries[0]).toMatchObject({
      actorId: " operator",
      credential: "command",
      entryPoint: "command",
      examId: installed.examId,
    });
  });

  it("that issues tokens, links or codes is in the audit, without them", async () => {
    const { examId, roomId } = installed;
    const token = (
      await runWell(["token", "--role", "teacher", "--user", "t1", "--room", roomId], options)
    ).trim();
    const [issued] = await listed("--procedure", "auth.issueToken");
    expect(issued).toMatchObject({
      examId,
      roomId,
      personId: "t1",
      subject: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const later = ["--start", "2036-02-01 08:00", "--end", "2036-02-01 10:00"];
    await runWell(["exam", "update", examId, ...later], options);
    const links = await runWell(["room", "links", roomId], options);
    const [link] = await listed("--procedure", "exam.cards");
    expect(link).toMatchObject({ roomId, outcome: "ok" });
    const everything = JSON.stringify(await listed("--limit", "1000"));
    expect(everything).not.toContain(token);
    for (const [, secret] of links.matchAll(/token=([\w.-]+)/g)) expect(everything).not.toContain(secret);
  });

  it("that makes a backup is in the audit", async () => {
    await runWell(["--as", "Li Lei", "backup", "create", "a-backup"], options);
    expect(await listed("--procedure", "backup.create")).toMatchObject([
      { operator: `${USER} as Li Lei`, credential: "command", outcome: "ok" },
    ]);
  });

  it("refuses a name that could not be shown", async () => {
    const { code, stderr } = await runHere(["--as", "a\nb", "exam", "list"], options);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^invigil: option '--as <name>' argument 'a\nb' is invalid\. Specify 1 to 64 /);
  });
});

describe("invigil audit list", () => {
  it("takes a day for --since and --until", async () => {
    await runWell(["exam", "update", installed.examId, "--name", "Finals"], options);
    const updated = async (...args: readonly string[]) =>
      (await listed("--procedure", "exam.update", ...args)).length > 0;
    expect(await updated("--since", "yesterday", "--until", "tomorrow")).toBe(true);
    expect(await updated("--until", "yesterday")).toBe(false);
    expect(await updated("--since", "tomorrow")).toBe(false);
  });

  it("prints a table, newest first, and says that there is more", async () => {
    installed.write("people.csv", "id,name\np1,P\n");
    await runWell(["roster", "import", "people.csv", "--exam", "Finals"], options);
    await runWell(["exam", "update", installed.examId, "--end", "2036-02-01 11:00"], options);
    const text = await runWell(["audit", "list", "--exam", installed.examId, "--limit", "1"], options);
    const [head, row, more, ...rest] = text.split("\n");
    expect(head).toMatch(/^TIME +ACTOR +PROCEDURE +OUTCOME +TIMES +PERSON +EXAM +ROOM +SUBJECT +ADDRESS$/);
    expect(row).toMatch(
      new RegExp(`^\\S+ \\S+ +${USER} \\(command\\) +exam\\.update +ok +1 +${installed.examId} `),
    );
    expect([more, ...rest]).toEqual(["1 entry: --limit lists more.", ""]);
  });

  it("finds by person, actor and time", async () => {
    expect(await listed("--person", "t1")).toHaveLength(1);
    expect(await listed("--actor", "root")).toHaveLength(2);
    expect(await listed("--until", "2026-01-02 03:04")).toEqual([]);
    expect(await runWell(["audit", "list", "--person", "nobody"], options)).toBe(
      "There are no such entries.\n",
    );
  });
});
