import type { Caller } from "@invigil/schema";
import { expect, it } from "vitest";
import { openDatabase } from "../../db/client.js";
import { insertExam } from "../../db/inserts.js";
import { createIds } from "../../ids.js";
import { createAccessService } from "../access/service.js";
import { createAccessStore } from "../access/store.js";
import { createImportService } from "./service.js";
import { createImportStore } from "./store.js";

const ADMIN: Caller = { userId: "root", role: "admin", expiresAt: new Date(8.64e15) };

it("imports one file after the other, also when the one before was refused", async () => {
  const db = openDatabase({ file: ":memory:" });
  try {
    const clock = () => new Date(0);
    const exam = { id: "e", name: "E", createdBy: "t", startTime: clock(), endTime: new Date(1) };
    await db.write(() => insertExam(db.queries, { ...exam, createdAt: clock(), updatedAt: clock() }));
    const access = createAccessService({ store: createAccessStore({ db }) });
    const imports = createImportService({
      store: createImportStore({ db }),
      access,
      clock,
      ids: createIds({ clock }),
    });

    const seen: string[] = [];
    const start = async (name: string): Promise<void> => {
      // Rows without an id: none of the files is taken.
      const bytes = Buffer.from(`id,name\n${`,${name}\n`.repeat(50_000)}`);
      const onProgress = () => void seen.push(name);
      const result = await imports.import(ADMIN, {
        examId: "e",
        dryRun: false,
        source: { bytes },
        onProgress,
      });
      expect(result).toMatchObject({ more: 49_900 });
    };
    await Promise.all([start("first"), start("second"), start("third")]);
    // Each as a whole: its name comes, and comes again only while it goes on.
    expect(seen.filter((name, at) => name !== seen[at - 1])).toEqual(["first", "second", "third"]);
    expect(seen.filter((name) => name === "third").length).toBeGreaterThan(2);
  } finally {
    db.close();
  }
});
