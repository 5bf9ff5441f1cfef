import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CommandOptions, runHere, runWell } from "./support/command.js";
import { tempFolder, testEnv } from "./support/process.js";

// What commands say of mistakes: one prefix, the names that were typed, sentences, and a suggestion.

const TIMES = ["--start", "2036-06-07 09:00", "--end", "2036-06-07 11:00"];

let folder: ReturnType<typeof tempFolder>;
let options: CommandOptions;
beforeAll(async () => {
  folder = tempFolder();
  options = { cwd: folder.path, env: testEnv };
  mkdirSync(join(folder.path, "folder"));
  writeFileSync(join(folder.path, "file"), "");
  await runWell(["exam", "create", "--name", "Maths", ...TIMES], options);
});
afterAll(() => folder[Symbol.dispose]());

const complaintOf = async (args: readonly string[], exitCode: number): Promise<string> => {
  const { code, stdout, stderr } = await runHere(args, options);
  expect({ args, code, stdout }).toEqual({ args, code: exitCode, stdout: "" });
  return stderr;
};
/** What the command line is to blame for has the exit code 2, and anything else 1. */
const [USAGE, FAILED] = [2, 1];

describe("an error", () => {
  it.each([
    ["an unknown option", ["exam", "list", "--jsn"], USAGE],
    ["a missing option", ["exam", "create"], USAGE],
    ["a missing argument", ["exam", "show"], USAGE],
    ["an invalid argument", ["exam", "plan", "Maths", "--room-size", "x"], USAGE],
    ["a value that is refused", ["exam", "plan", "Maths", "--room-size", "0"], USAGE],
    ["an unknown command", ["exm"], USAGE],
    ["a command that has no help", ["help", "exam", "plam"], USAGE],
    ["an exam that does not exist", ["exam", "show", "Arts"], FAILED],
    ["a room that does not exist", ["room", "show", "none"], FAILED],
  ])("begins with the name of the program: %s", async (_, args, exitCode) => {
    expect(await complaintOf(args, exitCode)).toMatch(/^invigil: (?!error)/);
  });

  it.each([
    [
      "an unknown option",
      ["exam", "list", "--jsn"],
      USAGE,
      { code: "INVALID_INPUT", message: /^unknown option '--jsn'/ },
    ],
    [
      "an unknown command",
      ["exam", "lst"],
      USAGE,
      { code: "INVALID_INPUT", message: /^unknown command 'lst'/ },
    ],
    [
      "a value that is refused",
      ["exam", "plan", "Maths", "--room-size", "0"],
      USAGE,
      { code: "INVALID_INPUT", message: /^--room-size must / },
    ],
    [
      "a room that does not exist",
      ["room", "show", "none"],
      FAILED,
      { code: "ROOM_NOT_FOUND", message: /^There is no room none/ },
    ],
    [
      "an exam that does not exist",
      ["exam", "show", "Arts"],
      FAILED,
      { message: /^There is no exam 'Arts'$/ },
    ],
    ["a path", ["backup", "create", "file/saved"], FAILED, { message: /^The path / }],
  ])("is one line of JSON with --json: %s", async (_, args, exitCode, { message, ...rest }) => {
    const line = await complaintOf([...args, "--json"], exitCode);
    expect(line).toMatch(/^[^\n]+\n$/);
    expect(JSON.parse(line)).toEqual({ error: { ...rest, message: expect.stringMatching(message) } });
  });

  it.each([
    [
      "exam create",
      ["exam", "create", "--name", "M", "--start", "2036-06-07 09:00", "--end", "2036-06-07 08:00"],
      "--end must be after --start",
    ],
    [
      "exam update",
      ["exam", "update", "Maths", "--start", "2036-06-07 12:00"],
      "--start would make the exam end before it starts",
    ],
    [
      "audio attach",
      ["audio", "attach", "x".repeat(200), "--exam", "Maths"],
      "<clip> must be at most 128 characters",
    ],
    [
      "account add",
      ["account", "add", "a b", "--role", "admin", "--name", "N", "--generate"],
      "<user> must be 1 to 61 letters",
    ],
    ["roster import", ["roster", "import", "file", "--exam", "Maths"], "<file> is empty"],
  ])("names what was typed, and not the field of the API: %s", async (_, args, complaint) => {
    expect(await complaintOf(args, USAGE)).toMatch(`invigil: ${complaint}`);
  });

  it.each([
    [
      "roster import",
      ["roster", "import", "none.csv", "--exam", "Maths"],
      "<file> cannot be used: The file none.csv cannot be read: no such file or directory.",
      USAGE,
    ],
    [
      "roster import of a folder",
      ["roster", "import", "folder", "--exam", "Maths"],
      "<file> cannot be used: The file folder cannot be read: illegal operation on a directory.",
      USAGE,
    ],
    [
      "exam plan",
      ["exam", "plan", "Maths", "--room-size", "3", "--teachers", "none.csv"],
      "--teachers cannot be used: The file none.csv cannot be read: no such file or directory.",
      USAGE,
    ],
    [
      "audio add",
      ["audio", "add", "none.mp3", "--name", "N"],
      "The file none.mp3 cannot be read: no such file or directory",
      FAILED,
    ],
    ["backup create", ["backup", "create", "file/saved"], "The path ", FAILED],
  ])("has no codes of the operating system: %s", async (_, args, complaint, exitCode) => {
    const said = await complaintOf(args, exitCode);
    expect(said).toContain(`invigil: ${complaint}`);
    expect(said).not.toMatch(/\bE[A-Z]{3,}\b/);
  });

  it.each([
    ["an option", ["exam", "list", "--jsn"], "(Did you mean --json?)"],
    ["a command", ["exam", "lst"], "(Did you mean list?)"],
    ["a place", ["audio", "copy", "--from", "folders"], "not 'folders'"],
  ])("suggests what may be meant: %s", async (_, args, suggestion) => {
    expect(await complaintOf(args, USAGE)).toContain(suggestion);
  });

  it.each([
    ["INVIGIL_PROT", "; did you mean INVIGIL_PORT?"],
    ["INVIGIL_DATABASE_CONECTIONS", "; did you mean INVIGIL_DATABASE_CONNECTIONS?"],
    ["INVIGIL_STREAM_PUSHDOMAIN", "; did you mean INVIGIL_STREAM_PUSH_DOMAIN?"],
    ["INVIGIL_WHATEVER", ""],
  ])("suggests a setting: %s", async (name, suggestion) => {
    const { code, stderr } = await runHere(["exam", "list"], {
      ...options,
      env: { ...testEnv, [name]: "1" },
    });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `invigil: ${name} is not a setting of Invigil${suggestion}\n`,
    });
  });
});

it.each([
  ["help exam plan", "exam plan"],
  ["help exam", "exam"],
  ["help account end-session", "account end-session"],
])("`invigil %s` is the help of that command", async (args, command) => {
  const { code, stdout, stderr } = await runHere(args.split(" "), options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toBe(await runWell([...command.split(" "), "--help"], options));
  expect(stdout).toMatch(new RegExp(`^Usage: invigil ${command} \\[options\\]`));
});

it("prints no character of a name that could deceive its reader, and the whole name as JSON", async () => {
  // Right to left, without a width, a C1 control that begins a sequence of a terminal, and one beyond 16 bits.
  const name = "a\u202eb\u200bc\u{e0041}d";
  const exam = (await runWell(["exam", "create", "--name", name, ...TIMES, "-q"], options)).trim();
  const printed = [
    await runWell(["exam", "list"], options),
    await runWell(["exam", "show", exam], options),
    await complaintOf(["exam", "show", `none\u202e\u009b2J`], FAILED),
    await complaintOf(["exam", "show", "--\u202e"], USAGE),
    await complaintOf(["exam", "show", `none\u202e\u009b2J`, "--json"], FAILED),
    await runWell(["exam", "show", exam, "--json"], options),
    await runWell(["exam", "delete", exam, "--yes"], options),
  ];
  for (const text of printed) expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(printed[0]).toContain("a\uFFFDb\uFFFDc\uFFFDd");
  expect(JSON.parse(printed[5] ?? "").name).toBe(name);
});

describe("--quiet prints ids alone", () => {
  it("of what is created, and of lists", async () => {
    const room = (
      await runWell(["room", "create", "--name", "R", "--exam", "Maths", "--by", "t1", "-q"], options)
    ).trim();
    const clip = (
      await runWell(["audio", "add", "https://cdn.school.test/a.mp3", "--name", "A", "-q"], options)
    ).trim();
    await runWell(["account", "add", "boss", "--role", "admin", "--name", "B", "--generate"], options);
    writeFileSync(join(folder.path, "people.csv"), "id,name\nx1,X\nx2,Y\n");
    await runWell(["roster", "import", "people.csv", "--exam", "Maths"], options);
    const [exam] = JSON.parse(await runWell(["exam", "list", "--json"], options)) as { id: string }[];
    const quiet = async (...args: string[]) =>
      (await runWell([...args, "-q"], options)).split("\n").slice(0, -1);
    expect({
      exams: await quiet("exam", "list"),
      rooms: await quiet("room", "list"),
      clips: await quiet("audio", "list"),
      accounts: await quiet("account", "list"),
      people: await quiet("roster", "list", "--exam", "Maths"),
      none: await quiet("audio", "list", "--name", "none"),
    }).toEqual({
      exams: [exam?.id],
      rooms: [room],
      clips: [clip],
      accounts: ["boss"],
      people: ["x1", "x2"],
      none: [],
    });
  });
});
