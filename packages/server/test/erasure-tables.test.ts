// Also on PostgreSQL: every table is erased by its own statements.
import { getTableColumns, getTableName } from "drizzle-orm";
import { expect, it } from "vitest";
import type { Erased } from "../src/storage/columns.js";
import { DECLARATION, type DeclaredTable } from "../src/storage/declaration.js";
import { TABLES } from "../src/storage/inventory.js";
import {
  bulkChanges,
  erasures,
  joinCodes,
  messageReaders,
  messages,
  pageTimes,
  participants,
  roomEvents,
} from "../src/storage/tables.js";
import { openAppFixture } from "./support/app-fixture.js";
import { trpc } from "./support/calls.js";
import { fillTables } from "./support/filled.js";
import { contentsOf } from "./support/tables.js";

// Every table has rows of an exam, and rows that name a person. What may be left of them is listed here, with the reason. So a table whose
// declaration is missing or wrong fails.

const WHO = "examinee1";
const OTHER = "examinee2";

/** Tables that still name a person who was erased from an exam, besides those that say who made a row. */
const STILL_NAMED = {
  accounts: "it is deleted by itself",
  audit_entries: "who made the calls",
  page_claims: "until the connection ends",
  room_events: "the news of the removal",
  server_notices: "until its server has read it",
  sessions: "until it expires",
  vendor_tasks: "until it is done or given up",
};
/** Columns that name a person and do not say so. */
const GOES_WITH_ITS_ROW = ["stream_names.name"];
/** Columns that name who of the staff acted, in rows that go with the person whom they are about. */
const GOES_WITH_THE_PERSON = ["hands.takenBy"];
/** Tables that still have rows of an exam that was erased. */
const STILL_OF_EXAM = {
  audit_entries: "who did what outlives the exam, without the people of the exam",
  dead_letters: "an operator has to know of it, for two weeks",
  message_logins: "until it expires",
  person_changes: "a bulk change of the exam would have deleted it",
  room_events: "the log outlives the exam, for listeners",
  vendor_tasks: "until it is done or given up",
};
/** The calls write the first two themselves, and messages and events have to fit together. */
const WRITTEN_BY_CALLS = [bulkChanges, erasures, messages, messageReaders, roomEvents];

type Contents = Readonly<Record<string, readonly object[]>>;
/** Returns the rows with one of some texts, and without others, by table. */
const rowsWith = (contents: Contents, texts: readonly string[], without: readonly string[] = []): Contents =>
  Object.fromEntries(
    Object.entries(contents)
      .map(([table, rows]): [string, readonly object[]] => [
        table,
        rows.filter((row) => {
          const text = JSON.stringify(row);
          return texts.some((one) => text.includes(one)) && !without.some((one) => text.includes(one));
        }),
      ])
      .filter(([, rows]) => rows.length > 0),
  );
const namesOf = (tables: readonly DeclaredTable[]): string[] =>
  tables.map((table) => getTableName(table)).toSorted();
/** Returns the columns in which a row contains a text, as `table.property`. */
const columnsWith = (contents: Contents, text: string): string[] =>
  Object.entries(contents).flatMap(([table, rows]) => {
    const keys = new Set(
      rows.flatMap((row) =>
        Object.entries(row)
          .filter(([, value]) => JSON.stringify(value).includes(text))
          .map(([key]) => key),
      ),
    );
    return [...keys].map((key) => `${table}.${key}`);
  });
/** Returns the columns that say that they name people, or that this becomes of their rows. */
const namingColumns = (how?: Erased): string[] =>
  TABLES.flatMap((table) =>
    Object.entries(getTableColumns(table))
      .filter(([, own]) =>
        table[DECLARATION].people.some(
          ({ column, erased }) => column === own && (how === undefined || erased === how),
        ),
      )
      .map(([key]) => `${getTableName(table)}.${key}`),
  );

/** Tables whose rows name a person who stays, and do not go with somebody else. */
const KEPT = TABLES.filter(({ [DECLARATION]: { people } }) => {
  const ways = new Set(people.map(({ erased }) => erased));
  return ways.has("kept") && !ways.has("deleted") && !ways.has("removed");
});
const saysWhoMadeIt = ({ [DECLARATION]: { people } }: DeclaredTable): boolean =>
  people.every(({ column }) => /^create(?:d_by|_teacher)$/.test(column.name));
const MADE_BY_SOMEBODY = namesOf(KEPT.filter(saysWhoMadeIt));

it("what a person and an exam leave behind is what the tables declare", async () => {
  let now = Date.parse("2026-01-02T03:04:05Z");
  await using fixture = await openAppFixture({ now: () => new Date(now) });
  const { db, services } = fixture;
  const as = async (sub: string, role: "admin" | "examinee") =>
    trpc(fixture, await fixture.token({ sub, role }));
  const admin = await as("root", "admin");
  const people = [WHO, OTHER].map((userId) => ({ userId, name: "N", role: "examinee" }));
  const { data: room } = await admin.mutate("room.create", { name: "A" });
  const { data: elsewhere } = await admin.mutate("room.create", { name: "B" });
  const { examId, id: roomId } = room;
  const others = [elsewhere.examId, elsewhere.id];
  for (const place of [roomId, elsewhere.id])
    await admin.mutate("participant.add", { roomId: place, participants: people });
  for (const sender of [WHO, OTHER]) {
    const person = await as(sender, "examinee");
    for (const place of [roomId, elsewhere.id])
      await person.mutate("im.send", { roomId: place, type: 30_001, data: { me: sender }, key: "k" });
    await admin.mutate("im.send", { roomId, type: 30_001, data: {}, to: [sender] });
  }
  const places = [
    { examId, roomId },
    { examId: elsewhere.examId, roomId: elsewhere.id },
  ];
  let n = 0;
  for (const place of places)
    for (const userId of [WHO, OTHER]) {
      n += 1;
      await fillTables(db, [{ ...place, userId, n }], WRITTEN_BY_CALLS);
    }
  // A room that the person was moved out of.
  const { data: left } = await admin.mutate("room.create", { name: "C", examId });
  const was = { examId, roomId: left.id, userId: WHO, n: n + 1 };
  await fillTables(db, [was], [...WRITTEN_BY_CALLS, participants, joinCodes, pageTimes]);
  const full = await contentsOf(db);
  const written = ["bulk_changes", "erasures"];
  expect(namesOf(TABLES.filter((table) => full[getTableName(table)]?.length === 0))).toEqual(written);
  expect(columnsWith(full, WHO).toSorted()).toEqual(
    [...namingColumns(), ...GOES_WITH_ITS_ROW]
      .filter((name) => !written.some((table) => name.startsWith(`${table}.`)))
      .toSorted(),
  );

  await services.erasure.stop();
  await admin.mutate("participant.removeFromExam", { examId, userId: WHO, withRecords: true });
  await services.bulk.drain();
  const stillNaming = columnsWith(rowsWith(await contentsOf(db), [WHO], others), WHO);
  const gone = namingColumns().filter((name) => !stillNaming.includes(name));
  expect(gone.toSorted()).toEqual(
    [...namingColumns("removed"), ...GOES_WITH_THE_PERSON, "bulk_changes.person"].toSorted(),
  );
  services.erasure.start();
  // The notice of the removal stays for two minutes.
  now += 120_000;
  await services.erasure.finish();
  const erased = await contentsOf(db);
  expect(Object.keys(rowsWith(erased, [WHO], others)).toSorted()).toEqual(
    [...Object.keys(STILL_NAMED), ...MADE_BY_SOMEBODY].toSorted(),
  );
  // Revoked links stay revoked.
  expect(erased.seat_generations).toContainEqual({ examId, roomId, userId: "", generation: 1 });
  // Readers go with the message that they read. A server of PostgreSQL changes epochs, and extends its lease.
  const { message_readers: _, event_epochs: __, instances: ___, ...ofOthers } = rowsWith(full, [""], [WHO]);
  for (const [table, rows] of Object.entries(ofOthers))
    expect(erased[table]).toEqual(expect.arrayContaining([...rows]));
  expect(rowsWith(erased, others)).toEqual(rowsWith(full, others));

  const { data: exam } = await admin.query("exam.get", { examId });
  const input = { examId, withRooms: true, withRecords: true, confirm: exam.name, erase: "now" };
  await admin.mutate("exam.delete", input);
  await services.bulk.drain();
  const deleted = await contentsOf(db);
  expect(Object.keys(rowsWith(deleted, [examId, roomId])).toSorted()).toEqual(Object.keys(STILL_OF_EXAM));
  expect(rowsWith(deleted, others)).toEqual(rowsWith(full, others));

  // What is left is what the tables say.
  expect([...namesOf(KEPT), "room_events"].toSorted()).toEqual(
    [...Object.keys(STILL_NAMED), ...MADE_BY_SOMEBODY, ...written].toSorted(),
  );
  const outliving = TABLES.filter(
    ({ [DECLARATION]: { owner, lives } }) => owner !== "installation" && lives === "untilDone",
  );
  expect([...namesOf(outliving), "audit_entries", "message_logins"].toSorted()).toEqual(
    [...Object.keys(STILL_OF_EXAM), ...written].toSorted(),
  );
});
