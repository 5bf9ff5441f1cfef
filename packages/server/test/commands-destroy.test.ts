import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runHere } from "./support/command.js";
import { testEnv } from "./support/process.js";
import { shop } from "./support/shop.js";

// Commands that destroy something ask for its name.

const TIMES = ["--start", "2026-06-07 09:00", "--end", "11:30"];

let place: ReturnType<typeof shop>;
let [examId, roomId] = ["", ""];
beforeEach(async () => {
  place = shop();
  examId = await place.fine("exam", "create", "--name", "高等 Maths", ...TIMES, "-q");
  roomId = await place.fine("room", "create", "--name", "Room A", "--exam", examId, "--by", "t1");
});
afterEach(() => place[Symbol.dispose]());

/** Runs a command at a terminal at which somebody types an answer. */
const typed = (input: string | undefined, ...args: string[]) =>
  runHere(args, { cwd: place.path, env: testEnv, input, isTerminal: true });

describe("a command that destroys something", () => {
  /** The commands, with the name that they ask for and what shows that nothing was changed. */
  const COMMANDS: Readonly<Record<string, () => Promise<{ args: string[]; name: string }>>> = {
    "exam delete": async () => ({ args: [examId, "--with-rooms"], name: "高等 Maths" }),
    "exam erase": async () => {
      await place.fine("exam", "delete", examId, "--with-rooms", "--yes");
      return { args: [examId], name: "高等 Maths" };
    },
    "room delete": async () => ({ args: [roomId], name: "Room A" }),
    "room end": async () => ({ args: [roomId], name: "Room A" }),
    "room revoke-links": async () => ({ args: [roomId], name: "Room A" }),
    "roster remove": async () => {
      writeFileSync(join(place.path, "people.csv"), "id,name\ne1,李 雷\n");
      await place.fine("roster", "import", "people.csv", "--exam", examId);
      return { args: ["e1", "--exam", examId], name: "李 雷" };
    },
    "account disable": async () => {
      await typedPassword();
      return { args: ["t9"], name: "Teacher Nine" };
    },
    "audio delete": async () => ({
      args: [await place.fine("audio", "add", "https://cdn.example/a.mp3", "--name", "Bell", "-q")],
      name: "Bell",
    }),
  };
  const typedPassword = () =>
    runHere(["account", "add", "t9", "--role", "teacher", "--name", "Teacher Nine", "--generate"], {
      cwd: place.path,
      env: testEnv,
    });

  it.each(Object.entries(COMMANDS))("%s asks for the name", async (command, prepare) => {
    const { args, name } = await prepare();
    const words = [...command.split(" "), ...args];
    const what = command.startsWith("roster") ? "person" : (command.split(" ")[0] ?? "");
    const of = what === "audio" ? "clip" : what;
    // A pipe is no terminal, whatever comes through it.
    const piped = await runHere(words, { cwd: place.path, env: testEnv, input: `${name}\n` });
    expect(piped).toMatchObject({ code: 1, stdout: "" });
    expect(piped.stderr).toMatch(
      new RegExp(
        `^invigil: This .* Nothing was changed, because there is no terminal to ask for the name of the ${of}: add --yes\n$`,
      ),
    );
    for (const answer of ["y\n", `${name}x\n`, "\n", undefined]) {
      const { code, stdout, stderr } = await typed(answer, ...words);
      expect({ answer, code, stdout }).toEqual({ answer, code: 1, stdout: "" });
      expect(stderr).toContain(`That is not the name of the ${of}: nothing was changed`);
    }
    const { code, stdout, stderr } = await typed(`${name}\n`, ...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(`(${name}): `) });
    expect(stdout).not.toBe("");
  });

  it("says what an exam holds, and whether it can be restored", async () => {
    const says = async (...options: string[]) =>
      (await typed("n\n", "exam", "delete", examId, "--with-rooms", ...options)).stderr.split("\n")[0];
    expect(await says()).toBe(
      "This deletes the exam 高等 Maths with 1 room and 0 examinees. It can be restored for 7 days ('invigil exam restore').",
    );
    expect(await says("--erase-now")).toBe(
      "This deletes the exam 高等 Maths with 1 room and 0 examinees. It is erased at once, and cannot be restored.",
    );
  });

  it("keeps what it said of the restore on a nearly full disk, too", async () => {
    // No disk has as much free space as this reserve.
    const env = { ...testEnv, INVIGIL_DISK_RESERVE_MB: "1000000" };
    const deletes = ["exam", "delete", examId, "--with-rooms"];
    const said = await runHere(deletes, { cwd: place.path, env, input: "n\n", isTerminal: true });
    expect(said.stderr).toContain("It can be restored for 7 days");
    const { code, stdout } = await runHere([...deletes, "--yes"], { cwd: place.path, env });
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(`'invigil exam restore ${examId}' restores it.`),
    ]);
    await place.fine("exam", "restore", examId);
    expect(await place.json("room", "show", roomId)).toMatchObject({ id: roomId });
  });

  it("says what tells the exam from others of its name", async () => {
    const times = ["--start", "2030-12-01 09:00", "--end", "2030-12-01 11:00"];
    const other = await place.fine("exam", "create", "--name", "高等 Maths", ...times, "-q");
    const [line] = (await typed("n\n", "exam", "delete", examId, "--with-rooms")).stderr.split("\n");
    expect(line).toMatch(
      new RegExp(
        `This is ${examId} begins .*Z, created .*Z\\. 1 other exam has the same name: ${other} begins 2030-12-01T.*\\.$`,
      ),
    );
    await place.fine("exam", "delete", other, "--yes");
  });

  it("erases a person from a deleted exam, too", async () => {
    writeFileSync(join(place.path, "people.csv"), "id,name\ne1,E1\n");
    await place.fine("roster", "import", "people.csv", "--exam", examId);
    await place.fine("exam", "delete", examId, "--with-rooms", "--yes");
    const remove = ["roster", "remove", "e1", "--exam", examId, "--with-records"];
    expect((await typed("e1\n", ...remove)).stdout).toBe("Removed e1, who had no room yet.\n");
    await place.fine("exam", "restore", examId);
    expect((await place.json("roster", "find", "e1")).people).toEqual([]);
  });
});

describe("a deleted exam", () => {
  it("is listed until it is erased, and restored with its rooms", async () => {
    expect(await place.fine("exam", "list", "--deleted")).toBe("No deleted exam can be restored.");
    await place.fine("exam", "delete", examId, "--with-rooms", "--yes");
    expect(await place.fine("exam", "list")).toBe("There are no exams.");
    expect(await place.fine("exam", "list", "--deleted")).toMatch(
      new RegExp(`^ID +DELETED +ERASED +NAME\n${examId}  .*  高等 Maths$`),
    );
    expect(await place.fine("exam", "restore", "高等 Maths")).toBe(
      "Restored the exam 高等 Maths.\n1 room was in progress and ended with the deletion: 'invigil room reopen' reopens a room.\n  Room A",
    );
    expect(await place.fine("room", "reopen", "Room A", "--exam", examId)).toBe(
      "The room Room A is in progress.",
    );
    expect(await place.json("room", "show", roomId)).toMatchObject({ status: "in_progress" });
  });
});
