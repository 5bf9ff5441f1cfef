import { type Checks, type ListedEvent, listedEventTypes, readinessChecks } from "@invigil/schema";
import { type Command, Option } from "commander";
import { jsonOption } from "./arguments.js";
import { withLocalApp } from "./local-app.js";
import { fetchAllPages, findExam, findRoom } from "./lookup.js";
import { print, table } from "./output.js";
import type { CommandRun } from "./run.js";
import { type TimeFormatter, timeFormatter } from "./time.js";

interface EventsOptions {
  exam?: string;
  user?: string;
  type?: (typeof listedEventTypes)[number][];
  json?: true;
}

/** The fields that have columns, or are the same for all. */
const SHOWN: ReadonlySet<string> = new Set(["type", "id", "roomId", "time", "since", "userId"]);
const checksText = (checks: Checks): string =>
  ([...readinessChecks, "entered"] as const)
    .flatMap((name) => {
      const { result, detail } = checks[name] ?? {};
      return result ? `${name} ${result}${detail === undefined ? "" : ` (${detail})`}` : [];
    })
    .join(", ");
/** Further details of an event, in words. */
export const eventDetails = (event: ListedEvent, leftOut = SHOWN): string =>
  Object.entries(event)
    .filter(([name]) => !leftOut.has(name))
    .map(([name, value]) =>
      // Safe: the checks of an event are the only object.
      value instanceof Object && !(value instanceof Date)
        ? checksText(value as Checks)
        : `${name} ${String(value)}`,
    )
    .filter(Boolean)
    .join(", ");

const eventTable = (events: readonly ListedEvent[], local: TimeFormatter): string =>
  table(
    ["TIME", "EVENT", "PERSON", "DETAILS"],
    events.map((event) => [
      local(event.time),
      event.type,
      "userId" in event ? event.userId : "-",
      eventDetails(event),
    ]),
  );

/** Adds `events` to the command `room`. */
export const addEvents = (room: Command, run: CommandRun): void => {
  room
    .command("events <room>")
    .description(
      "show what happened in a room, as far as it is kept: who came and went, and what cameras did",
    )
    .option("--exam <exam>", "the exam of the room, which may then be specified by its name")
    .option("--user <id>", "only what is about this person and the room as a whole")
    .addOption(new Option("--type <type...>", "only events of these types").choices(listedEventTypes))
    .addOption(jsonOption())
    .action((text: string, { exam, user: userId, type: types, json }: EventsOptions) =>
      withLocalApp(run, async ({ call, config: { timeZone } }) => {
        const of = exam === undefined ? undefined : await findExam(call, exam);
        const { id: roomId } = await findRoom(call, text, of);
        let completeSince: Date | undefined;
        const newestFirst = await fetchAllPages(async (cursor: number | undefined) => {
          const page = await call.room.listEvents({ roomId, userId, types, cursor, pageSize: 100 });
          completeSince = page.completeSince;
          return { items: page.events, nextCursor: page.nextCursor };
        });
        const events = newestFirst.toReversed();
        const local = timeFormatter(timeZone);
        print(run, json, { events, completeSince }, () =>
          [
            ...(completeSince ? [`What happened before ${local(completeSince)} is not kept.`] : []),
            events.length > 0 ? eventTable(events, local) : "Nothing happened.",
          ].join("\n"),
        );
      }),
    );
};
