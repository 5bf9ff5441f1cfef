import type { ExamEntry } from "@invigil/schema";
import type { Command } from "commander";
import { jsonOption } from "./arguments.js";
import { withLocalApp } from "./local-app.js";
import { allRooms, fetchAllPages, findExam, findRoom } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";
import { print, table } from "./output.js";
import type { CommandRun } from "./run.js";
import { timeFormatter } from "./time.js";

interface EntriesOptions {
  room?: string;
  user?: string;
  json?: true;
}

/** Reads all entries of an exam, newest first. */
export const allEntries = (
  call: LocalApp["call"],
  filter: {
    readonly examId: string;
    readonly roomId?: string | undefined;
    readonly userId?: string | undefined;
  },
): Promise<ExamEntry[]> =>
  fetchAllPages(async (cursor: number | undefined) => {
    const { entries: items, nextCursor } = await call.exam.entries({ ...filter, cursor, pageSize: 100 });
    return { items, nextCursor };
  });

const signed = (minutes: number): string => `${minutes > 0 ? "+" : ""}${minutes} minutes`;
/** Further details of an entry, in words. */
export const entryDetails = ({
  minutes,
  starts,
  ends,
  giveBack,
  answers,
  identity,
  severity,
  version,
  at,
  reason,
  note,
  message,
}: ExamEntry): string =>
  [
    minutes !== undefined && signed(minutes),
    starts && `starts ${starts.from.toISOString()} -> ${starts.to.toISOString()}`,
    ends && `ends ${ends.from.toISOString()} -> ${ends.to.toISOString()}`,
    giveBack === false && "time is lost",
    answers !== undefined && `answers ${answers}`,
    identity,
    severity,
    version !== undefined && `version ${version}`,
    at !== undefined && `at ${at.toISOString()}`,
    reason,
    note !== undefined && `note: ${note}`,
    message !== undefined && `message: ${message}`,
  ]
    .filter(Boolean)
    .join(", ");

/** Adds `entries` to the command `exam`. */
export const addEntries = (exam: Command, run: CommandRun): void => {
  exam
    .command("entries")
    .description("show what was decided about the people of an exam, by whom and why")
    .argument("<exam>", "the id or name of the exam")
    .option("--room <room>", "only in this room: its id or name")
    .option("--user <id>", "only about this person")
    .addOption(jsonOption())
    .action((text: string, { room, user: userId, json }: EntriesOptions) =>
      withLocalApp(run, async ({ call, config: { timeZone } }) => {
        const of = await findExam(call, text);
        const roomId = room === undefined ? undefined : (await findRoom(call, room, of)).id;
        const entries = (await allEntries(call, { examId: of.id, roomId, userId })).reverse();
        const names = new Map((await allRooms(call, of.id)).map(({ id, name }) => [id, name]));
        const local = timeFormatter(timeZone);
        print(run, json, entries, () =>
          entries.length === 0
            ? "There are no entries."
            : table(
                ["TIME", "ROOM", "PERSON", "ENTRY", "BY", "DETAILS"],
                entries.map((entry) => [
                  local(entry.time),
                  entry.roomId === undefined ? "-" : (names.get(entry.roomId) ?? entry.roomId),
                  entry.userId ?? "-",
                  entry.kind,
                  entry.by?.userId ?? "-",
                  entryDetails(entry),
                ]),
              ),
        );
      }),
    );
};
