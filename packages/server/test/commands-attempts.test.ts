import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Parsed } from "./support/calls.js";
import { shop } from "./support/shop.js";

// The decisions of a running exam, using only commands.

/** An exam with c1, c2 and c3, each in a room of their own: Room 1, 2 and 3. */
const openExam = async () => {
  const place = shop();
  writeFileSync(
    join(place.path, "people.csv"),
    "id,name,role\nc1,A,\nc2,B,\nc3,C,\nt1,T,teacher\nt2,T,teacher\nt3,T,teacher\n",
  );
  await place.fine(
    "exam",
    "create",
    "--name",
    "E",
    "--start",
    "tomorrow 09:00",
    "--end",
    "11:30",
    "--by",
    "t1",
  );
  await place.fine("roster", "import", "people.csv", "--exam", "E");
  await place.fine("exam", "plan", "E", "--room-size", "1");
  const why = ["--exam", "E", "--reason", "technical"];
  return {
    ...place,
    decide: (action: string, ...args: string[]) => place.json("attempt", action, ...why, ...args),
    said: (action: string, ...args: string[]) => place.fine("attempt", action, ...why, ...args),
    refused: (action: string, ...args: string[]) => place.refusal("attempt", action, ...why, ...args),
    entries: async (...args: string[]): Promise<string[]> =>
      (await place.json("exam", "entries", "E", ...args)).map(
        ({ userId, kind, minutes }: Parsed) =>
          `${kind} ${userId}${minutes === undefined ? "" : ` ${minutes}`}`,
      ),
    [Symbol.dispose]: () => place[Symbol.dispose](),
  };
};

describe("`invigil attempt`", () => {
  it("decides about a whole exam, once for each key", async () => {
    using exam = await openExam();
    const first = await exam.decide("extend", "--minutes", "10", "--note", "Power cut", "--user", "c2");
    expect(first.people).toMatchObject([{ userId: "c2", outcome: "changed" }]);
    const all = await exam.said("extend", "--minutes", "10", "--note", "Power cut", "--key", first.key);
    expect(all).toMatch(/^ID +ROOM +OUTCOME +ATTEMPT +ENDS\n/);
    expect(all).toMatch(/\nc2 +Room 2 +changed +running +/);
    expect(all).toContain(`\n3 changed, 0 unchanged, 0 refused. The key was ${first.key}.`);
    expect((await exam.entries()).toSorted()).toEqual(["extend c1 10", "extend c2 10", "extend c3 10"]);
    const shortened = await exam.decide("extend", "--minutes", "-5", "--room", "Room 1");
    expect(shortened.people).toMatchObject([{ userId: "c1", attempt: { extendedMinutes: 5 } }]);
  });

  it("pauses and resumes some people, with or without giving back the time", async () => {
    using exam = await openExam();
    const paused = await exam.decide("pause", "--user", "c1", "c3", "--no-give-back");
    expect(paused.people.toSorted((a: Parsed, b: Parsed) => (a.userId < b.userId ? -1 : 1))).toMatchObject([
      { userId: "c1", attempt: { status: "paused", givesBack: false } },
      { userId: "c3", attempt: { status: "paused", givesBack: false } },
    ]);
    expect((await exam.decide("pause", "--user", "c2")).people).toMatchObject([
      { attempt: { givesBack: true } },
    ]);
    expect(await exam.said("resume")).toContain("\n3 changed, 0 unchanged, 0 refused.");
  });

  it("terminates only after a confirmation, and reopens", async () => {
    using exam = await openExam();
    expect(await exam.refused("terminate")).toMatch(
      /ends the attempts of all examinees in the exam E\. .* --yes$/,
    );
    expect(await exam.entries()).toEqual([]);
    const dry = await exam.said("terminate", "--dry-run");
    expect(dry).toContain("This would be: 3 changed, 0 unchanged, 0 refused. Nothing was changed.");
    expect(await exam.entries()).toEqual([]);
    await exam.said("terminate", "--user", "c1", "--answers", "save", "--message", "See you", "--yes");
    expect(await exam.fine("exam", "entries", "E")).toMatch(
      /^TIME +ROOM +PERSON +ENTRY +BY +DETAILS\n.* Room 1 +c1 +terminate +operator +answers save, technical, message: See you$/,
    );
    expect(await exam.fine("timeline", "c1", "--exam", "E")).toMatch(
      /Room 1 +terminate +by operator, answers save/,
    );
    expect((await exam.decide("reopen")).people.map((one: Parsed) => one.outcome).toSorted()).toEqual([
      "changed",
      "unchanged",
      "unchanged",
    ]);
    expect(await exam.entries("--user", "c1", "--room", "Room 1")).toEqual(["terminate c1", "reopen c1"]);
    expect(await exam.entries("--user", "c2")).toEqual([]);
  });

  it("stands in the list of people, also as CSV", async () => {
    using exam = await openExam();
    await exam.said("pause", "--user", "c1");
    const rows = (await exam.fine("exam", "people", "E", "--identity", "unchecked", "--csv")).split("\r\n");
    expect(rows[0]).toBe(
      "id,name,role,room,state,since,identity,identity since,attempt,attempt since,records",
    );
    expect(rows).toHaveLength(4);
    expect(rows).toContainEqual(
      expect.stringMatching(/^c1,A,examinee,Room 1,expected,,unchecked,,paused,\d{4}-\d\d-.*,0$/),
    );
    expect(await exam.fine("exam", "people", "E", "--identity", "confirmed")).toMatch(/^No people\./);
  });

  it("names people without a room, and says how to go on after a failure in a later room", async () => {
    using exam = await openExam();
    writeFileSync(join(exam.path, "late.csv"), "id,name\nc4,D\n");
    await exam.fine("roster", "import", "late.csv", "--exam", "E");
    expect(await exam.refused("pause", "--user", "c1", "c4")).toBe(
      "invigil: c4 is not an examinee in a room of the exam: nothing was changed",
    );
    expect(await exam.entries()).toEqual([]);
    await exam.said("extend", "--minutes", "10", "--user", "c1", "--key", "k");
    const failure = await exam.refused("extend", "--minutes", "20", "--key", "k");
    expect(failure).toContain("key was used for another decision about c1");
    expect(failure).toContain("This was in the room Room 1. The same command with --key k continues.");
  });
});
