import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Parsed } from "./support/calls.js";
import { runHere, runJson, runWell } from "./support/command.js";
import { APP_SETTINGS } from "./support/exams-fixture.js";
import { tempFolder, testEnv } from "./support/process.js";

// Commands that find a person, and give the links of one.

const TIMES = ["--start", "tomorrow 09:00", "--end", "11:30"];
const PEOPLE = `id,name,role,extra minutes
20260001,李雷,examinee,
20260002,韩梅梅,examinee,15
e10,Ann Example,examinee,
t1,Teacher One,teacher,
t2,Teacher Two,teacher,
spare,Spare,teacher,
`;

let folder: ReturnType<typeof tempFolder>;
const options = () => ({
  cwd: folder.path,
  env: { ...testEnv, ...APP_SETTINGS, INVIGIL_PUBLIC_URL: "https://proctor.example" },
});
const fine = async (...args: string[]) => (await runWell(args, options())).trim();
const json = (...args: string[]): Promise<Parsed> => runJson(args, options());

beforeAll(async () => {
  folder = tempFolder();
  writeFileSync(join(folder.path, "people.csv"), PEOPLE);
  await fine("exam", "create", "--name", "Maths", ...TIMES);
  await fine("exam", "create", "--name", "Art", ...TIMES);
  await fine("roster", "import", "people.csv", "--exam", "Maths");
  await fine("exam", "plan", "Maths", "--room-size", "2");
  writeFileSync(join(folder.path, "late.csv"), "id,name\n20260003,Late Lee\n");
  await fine("roster", "import", "late.csv", "--exam", "Art");
});
afterAll(() => folder[Symbol.dispose]());

describe("invigil exam people", () => {
  const found = async (...options: string[]): Promise<string[]> =>
    (await json("exam", "people", ...options)).people.map(
      ({ userId, state }: Parsed) => `${userId} ${state}`,
    );

  it("shows everybody with their state, and those of a room, a search or a state", async () => {
    expect((await found("Maths")).toSorted()).toEqual([
      "20260001 expected",
      "20260002 expected",
      "e10 expected",
      "spare expected",
      "spare expected",
      "t1 expected",
      "t2 expected",
    ]);
    expect(await found("Maths", "--search", "ll")).toEqual(["20260001 expected"]);
    expect(await found("Maths", "--search", "hmm")).toEqual(["20260002 expected"]);
    expect(await found("Maths", "--room", "Room 2", "--state", "expected")).toContain("e10 expected");
    expect(await found("Art", "--state", "unseated")).toEqual(["20260003 unseated"]);
    expect(await fine("exam", "people", "Art", "--state", "disconnected")).toBe(
      "No people.\n\nOf all examinees: 1 unseated, 0 ended, 0 expected, 0 disconnected, 0 stopped, 0 publishing, 0 notPublishing; 0 with cheat records.\n0 people are shown.",
    );
  });
});

describe("invigil why", () => {
  it("says for each exam of the person what keeps them from entering, for people and for programs", async () => {
    await fine("room", "links", "--exam", "Maths", "--format", "html", "--output", "cards.html");
    await fine("room", "revoke-links", "Room 1", "--exam", "Maths", "--user", "20260001", "--yes");
    const text = await fine("why", "20260001");
    expect(text).toMatch(/^20260001, Maths\n {2}Room 1 \(\w+\): examinee, in progress\n/);
    expect(text).toContain("    links: revoked 1 time; new ones work until 20");
    expect(text).toContain("    codes: main outdated, pc outdated\n");
    expect(text).toContain(
      "  account: none\n  messages: aliyun_new; streams: embedded\n  no refused calls in 7 days",
    );
    expect(await fine("why", "20260003")).toMatch(/^20260003, Art\n {2}no room yet/);
    expect(await json("why", "20260001", "--exam", "Maths")).toMatchObject([
      {
        exam: { name: "Maths" },
        userId: "20260001",
        seats: [{ generation: 1, codes: { main: "outdated" } }],
      },
    ]);
    // Of a person in no exam, there may be an account.
    await fine("account", "add", "boss", "--role", "admin", "--name", "Boss", "--generate");
    expect(await fine("why", "boss")).toMatch(/^boss\n {2}account: admin, 0 open sessions\n/);
  });

  it("exits with 1 for the id of no person", async () => {
    expect(await runHere(["why", "nobody"], options())).toMatchObject({
      code: 1,
      stdout: "",
      stderr: "invigil: No exam and no account has a person with the id nobody\n",
    });
  });
});

describe("invigil roster find", () => {
  const found = async (text: string, ...more: string[]): Promise<string[]> =>
    (await json("roster", "find", text, ...more)).people.map(
      ({ userId, examName, roomName, state }: Parsed) => [userId, examName, roomName ?? "-", state].join(" "),
    );

  it("finds people by id, by name, and by parts of them, in all exams or in one", async () => {
    const room = "Maths Room 1 room in progress";
    expect(await found("20260001")).toEqual([`20260001 ${room}`]);
    expect(await found("韩梅梅")).toEqual([`20260002 ${room}`]);
    expect(await found("ANN ex")).toEqual(["e10 Maths Room 2 room in progress"]);
    // Full-width digits of an input method.
    expect(await found("２０２６０００")).toEqual([
      "20260003 Art - without a room",
      `20260001 ${room}`,
      `20260002 ${room}`,
    ]);
    expect(await found("2026000", "--exam", "Art")).toEqual(["20260003 Art - without a room"]);
    expect(await found("spare")).toHaveLength(2);
    expect(await fine("roster", "find", "nobody")).toBe("No id or name contains 'nobody'.");
  });

  it("tells where somebody sits, who is connected, and whether links were revoked", async () => {
    const [person] = (await json("roster", "find", "20260002")).people;
    expect(person).toMatchObject({
      name: "韩梅梅",
      role: "examinee",
      extraMinutes: 15,
      connected: [],
      publishStatus: { main: "idle", pc: "idle" },
      linksRevoked: 0,
    });
    await fine("room", "revoke-links", person.roomId, "--user", "20260002", "--yes");
    expect(await fine("roster", "find", "20260002")).toMatch(
      /\n20260002 .*room in progress; not connected +revoked 1 time +15\n/,
    );
  });
});

describe("invigil room links", () => {
  it("--user creates the links of one person, in a room or in the whole exam", async () => {
    const of = async (...args: string[]): Promise<string[]> =>
      (await json("room", "links", ...args)).map(({ userId, roomName }: Parsed) => `${userId} ${roomName}`);
    expect(await of("Room 1", "--exam", "Maths", "--user", "20260001")).toEqual(["20260001 Room 1"]);
    expect(await of("--exam", "Maths", "--user", "20260001", "e10")).toEqual([
      "20260001 Room 1",
      "e10 Room 2",
    ]);
    expect(await of("--exam", "Maths", "--user", "spare")).toEqual(["spare Room 1", "spare Room 2"]);
    const { stderr } = await runHere(
      ["room", "links", "Room 1", "--exam", "Maths", "--user", "e10", "--json"],
      options(),
    );
    expect(JSON.parse(stderr).error.message).toBe(
      "There is no link for e10: the person is not in the room or exam, or it is over for them",
    );
  });

  it("prints one sheet with all rooms for a spare teacher, and leaves them out of the rooms' sheets", async () => {
    const html = await fine("room", "links", "--exam", "Maths", "--format", "html");
    const sheets = html.split('<section class="sheet">').slice(1);
    const titles = sheets.map((sheet) => /<h1>(.*?)<\/h1>/.exec(sheet)?.[1]);
    expect(titles).toEqual(["Room 1", "Room 1", "Room 2", "Room 2", "Spare (spare)"]);
    const own = sheets.at(-1) ?? "";
    expect(own).toContain("Room 1");
    expect(own).toContain("Room 2");
    expect(own.split('class="code"')).toHaveLength(3);
    expect([own.includes("<th>Room</th>"), own.includes("<th>Name</th>")]).toEqual([true, false]);
    for (const sheet of sheets.slice(0, -1)) expect(sheet).not.toMatch(/<td>spare<.td>|<th>Room<.th>/);
  });
});
