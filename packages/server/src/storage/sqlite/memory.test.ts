import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import { eq, sql } from "drizzle-orm";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cheatConfigs, exams } from "../tables.js";
import { type Database, openDatabase } from "./client.js";

const NOW = new Date("2026-01-02T03:04:05Z");
const IDS = ["a", "b"] as const;
type Id = (typeof IDS)[number];

let folder: string;
let statements: string[];
let db: Database;
/** Another process, as far as SQLite can tell. */
let other: Sqlite.Database;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "invigil-memory-"));
  const file = join(folder, "x.db");
  statements = [];
  db = openDatabase({ file, onStatement: (statement) => statements.push(statement) });
  other = new Sqlite(file);
});
afterEach(() => {
  other.close();
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

const setExam = (id: Id, name: string) =>
  db.queries
    .insert(exams)
    .values({ id, name, startTime: NOW, endTime: NOW, createdBy: "t", createdAt: NOW, updatedAt: NOW })
    .onConflictDoUpdate({ target: exams.id, set: { name } })
    .run();
const setConfig = (examId: Id, data: string) =>
  db.queries
    .insert(cheatConfigs)
    .values({ examId, data, createdAt: NOW, updatedAt: NOW })
    .onConflictDoUpdate({ target: cheatConfigs.examId, set: { data } })
    .run();
const otherSetsExam = (id: Id, name: string) =>
  other
    .prepare(
      `INSERT INTO exams (id, name, start_time, end_time, created_by, created_at, updated_at)
       VALUES (?, ?, 0, 0, 't', 0, 0) ON CONFLICT DO UPDATE SET name = excluded.name`,
    )
    .run(id, name);
const otherSetsConfig = (id: Id, data: string) => {
  otherSetsExam(id, data);
  other
    .prepare(
      `INSERT INTO cheat_configs (exam_id, data, created_at, updated_at) VALUES (?, ?, 0, 0)
       ON CONFLICT DO UPDATE SET data = excluded.data`,
    )
    .run(id, data);
};

/** Statements that ran meanwhile. */
const during = (work: () => unknown): number => {
  const before = statements.length;
  work();
  return statements.length - before;
};

/** A read of two tables, and one of a part of it. */
const reads = () => {
  const exam = db.queries
    .select({ name: exams.name, data: cheatConfigs.data })
    .from(exams)
    .leftJoin(cheatConfigs, eq(cheatConfigs.examId, exams.id))
    .where(eq(exams.id, sql.placeholder("id")))
    .prepare();
  const config = db.queries
    .select({ data: cheatConfigs.data })
    .from(cheatConfigs)
    .where(eq(cheatConfigs.examId, sql.placeholder("id")))
    .prepare();
  const direct = { exam: (id: Id) => exam.get({ id }), config: (id: Id) => config.get({ id }) };
  const remembered = { exam: db.remember(direct.exam), config: db.remember(direct.config) };
  // Made of what others remember.
  const all = db.remember(() => IDS.map((id) => [remembered.exam(id), remembered.config(id)]));
  return { direct, remembered, all };
};

class Refusal extends Error {}
const undone = (call: Promise<unknown>) =>
  call.catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error;
  });

describe("a remembered read within calls", () => {
  const inCalls = () => {
    const { direct } = reads();
    const begin = db.remember(() => direct.config("b"));
    return { direct, begin, exam: db.remember(direct.exam, { withinCalls: true }) };
  };

  it("is of a moment after its call began, though others commit in the same turn", () => {
    const { direct, begin, exam } = inCalls();
    begin();
    exam("a");
    for (const name of ["one", "two"]) {
      otherSetsExam("a", name);
      begin();
      expect(exam("a")).toEqual(direct.exam("a"));
      expect(exam("a")).toMatchObject({ name });
    }
  });

  it("is of a moment in the same turn where its call waited for something", async () => {
    const { begin, exam } = inCalls();
    begin();
    exam("a");
    otherSetsExam("a", "one");
    await setImmediate();
    await setImmediate();
    expect(exam("a")).toMatchObject({ name: "one" });
  });

  it("asks once a turn whether others have committed", () => {
    const { begin, exam } = inCalls();
    begin();
    exam("a");
    otherSetsExam("a", "one");
    expect(exam("a")).toBeUndefined();
  });

  it("is forgotten at once when this process writes", () => {
    const { begin, exam } = inCalls();
    begin();
    exam("a");
    setExam("a", "one");
    expect(exam("a")).toMatchObject({ name: "one" });
  });
});

describe("a remembered read", () => {
  it("is what the database would say, whoever writes, commits or undoes in between", async () => {
    const { direct, remembered, all } = reads();
    const look = (): void => {
      for (const id of IDS) {
        expect(remembered.exam(id)).toEqual(direct.exam(id));
        expect(remembered.config(id)).toEqual(direct.config(id));
      }
      expect(all()).toEqual(IDS.map((id) => [direct.exam(id), direct.config(id)]));
    };
    let names = 0;
    const next = (): string => {
      names += 1;
      return `name ${names}`;
    };
    const writeBoth = (id: Id) => {
      setExam(id, next());
      look();
      setConfig(id, next());
      look();
    };
    const writeAndRefuse = (id: Id) => {
      writeBoth(id);
      throw new Refusal();
    };
    const steps = {
      look,
      exam: (id: Id) => db.write(() => void setExam(id, next())),
      both: (id: Id) => db.write(() => writeBoth(id)),
      refused: (id: Id) => undone(db.write(() => writeAndRefuse(id))),
      // One of three that share a commit is undone; the reads between them see what is not committed.
      group: (id: Id) =>
        Promise.all([
          db.write(() => writeBoth(id)),
          undone(db.write(() => writeAndRefuse(id))),
          db.write(look).then(look),
        ]),
      alone: (id: Id) => void setExam(id, next()),
      emptied: () => void db.queries.delete(cheatConfigs).run(),
      others: (id: Id) => void otherSetsExam(id, next()),
      othersBoth: other.transaction((id: Id) => {
        otherSetsConfig(id, next());
        look();
      }),
      othersUndone: (id: Id) => {
        other.exec("BEGIN");
        otherSetsConfig(id, next());
        look();
        other.exec("ROLLBACK");
      },
    } as const satisfies Record<string, (id: Id) => unknown>;
    // Safe: those are its keys.
    const step = fc.tuple(
      fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])),
      fc.constantFrom(...IDS),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (script) => {
        for (const [name, id] of script) {
          const done = steps[name](id);
          look();
          await done;
          look();
        }
      }),
      { numRuns: 100 },
    );
  });

  it("that is made of others is forgotten with them", () => {
    const { all } = reads();
    setExam("a", "A");
    const before = all();
    setConfig("a", "{}");
    expect(all()).not.toEqual(before);
  });

  it("runs nothing the second time", () => {
    const { remembered } = reads();
    setExam("a", "A");
    expect(during(() => remembered.exam("a"))).toBe(1);
    expect(during(() => remembered.exam("a"))).toBe(0);
    expect(during(() => remembered.exam("b"))).toBe(1);
    // That there is nothing is remembered, too.
    expect(during(() => remembered.exam("b"))).toBe(0);
  });

  it("outlives writes to tables that it does not read, and no write to one that it does", async () => {
    const { remembered } = reads();
    await db.write(() => void setExam("a", "A"));
    remembered.config("a");
    await db.write(() => void setExam("a", "B"));
    expect(during(() => remembered.config("a"))).toBe(0);
    await db.write(() => void setConfig("a", "{}"));
    expect(during(() => expect(remembered.config("a")).toEqual({ data: "{}" }))).toBe(1);
  });

  it("is forgotten when another process has committed anything, and not before", () => {
    const { remembered } = reads();
    otherSetsExam("a", "A");
    remembered.exam("a");
    other.exec("BEGIN");
    otherSetsExam("a", "B");
    expect(during(() => remembered.exam("a"))).toBe(0);
    other.exec("COMMIT");
    expect(during(() => expect(remembered.exam("a")?.name).toBe("B"))).toBe(1);
  });

  it("of which another process changes a part meanwhile is done again", () => {
    const { direct, remembered } = reads();
    otherSetsConfig("a", "old");
    let meanwhile = () => {
      otherSetsConfig("a", "new");
      meanwhile = () => undefined;
    };
    const pair = db.remember(() => {
      const exam = direct.exam("a");
      meanwhile();
      return [exam?.data, remembered.config("a")?.data];
    });
    expect(pair()).toEqual(["old", "new"]);
    expect(pair()).toEqual(["new", "new"]);
  });

  it("tells arguments apart, whatever is in them", () => {
    const asked: unknown[][] = [];
    const read = db.remember((...args: readonly (string | number | boolean | undefined)[]) =>
      asked.push([...args]),
    );
    const different = [
      [],
      ["a|b"],
      ["a", "b"],
      ["a|1:b"],
      ["", "a"],
      ["a", ""],
      [1],
      ["1"],
      [true],
      ["true"],
      [undefined],
    ];
    for (const args of [...different, ...different]) read(...args);
    expect(asked).toEqual(different);
  });

  it("keeps the answers that were asked for last, and no more than it may", () => {
    const read = db.remember((id: string) => db.queries.select().from(exams).where(eq(exams.id, id)).get(), {
      max: 2,
    });
    for (const id of ["1", "2", "1", "3"]) read(id);
    expect(during(() => read("1"))).toBe(0);
    expect(during(() => read("2"))).toBe(1);
  });

  it("gives everybody an answer that nobody can change", () => {
    setExam("a", "A");
    const list = db.remember(() => db.queries.select().from(exams).all());
    const [exam] = list();
    expect(() => list().push(...list())).toThrow(TypeError);
    expect(() => Object.assign(exam ?? {}, { name: "B" })).toThrow(TypeError);
  });

  it("that fails is done again", () => {
    let works = false;
    const read = db.remember(() => {
      if (!works) throw new Refusal();
      return "works";
    });
    expect(() => read()).toThrow(Refusal);
    works = true;
    expect(read()).toBe("works");
  });
});
