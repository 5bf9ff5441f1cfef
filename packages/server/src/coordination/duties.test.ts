import { expect, it } from "vitest";
import { openTestDatabase } from "../../test/support/database.js";
import { createStoredDuties } from "./duties-table.js";

// Servers that share a database divide these duties among them. With SQLite there is one server, and it has the table, too.

const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 2) + seconds * 1000);

it("a duty is that of one server, until the time that it last named", async () => {
  await using db = await openTestDatabase();
  const [one, other] = ["a", "b"].map((id) => createStoredDuties({ control: db.storage, instances: { id } }));
  const keep = (duties: typeof one, until: Date) =>
    db.storage.write(async (tx) => duties?.keep(tx, "series", until));

  expect(await keep(one, at(20))).toBe(false);
  expect(await one?.take("series", { now: at(0), until: at(10) })).toBe(true);
  expect(await other?.take("series", { now: at(9), until: at(19) })).toBe(false);
  expect(await one?.take("series", { now: at(9), until: at(19) })).toBe(true);
  expect(await keep(one, at(30))).toBe(true);
  expect(await other?.take("series", { now: at(29), until: at(39) })).toBe(false);
  // The first server pauses, and comes too late.
  expect(await other?.take("series", { now: at(30), until: at(40) })).toBe(true);
  expect(await keep(one, at(50))).toBe(false);
  expect(await one?.take("series", { now: at(39), until: at(49) })).toBe(false);
});
