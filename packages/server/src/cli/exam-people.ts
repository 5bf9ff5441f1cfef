import {
  identityStatuses,
  type Room,
  type RosterCounts,
  type RosterEntry,
  rosterStateOf,
  rosterStates,
} from "@invigil/schema";
import { type Command, Option } from "commander";
import { stringify } from "csv-stringify/sync";
import { jsonOption } from "./arguments.js";
import { withLocalApp } from "./local-app.js";
import { fetchAllPages, findExam, findRoom } from "./lookup.js";
import { count, print, table } from "./output.js";
import type { CommandRun } from "./run.js";
import { type TimeFormatter, timeFormatter } from "./time.js";

const STATES = [...rosterStates, "detected"] as const;
/** Examinees whom staff have not checked are `unchecked`. */
const IDENTITIES = [...identityStatuses, "unchecked"] as const;
interface PeopleOptions {
  room?: string;
  search?: string;
  state?: (typeof STATES)[number];
  identity?: (typeof IDENTITIES)[number];
  csv?: true;
  json?: true;
}

/** A person with the state that follows from what is known of them. */
type Person = RosterEntry & { readonly state: ReturnType<typeof rosterStateOf> };

/** Returns since when a person is in their state, if it is known. */
const since = ({ state, pages, left, publishStatus, publishStatusSince }: Person): Date | undefined => {
  const latest = (times: readonly (Date | undefined)[]): Date | undefined =>
    times
      .filter(Boolean)
      .toSorted((one, other) => Number(one) - Number(other))
      .at(-1);
  switch (state) {
    case "disconnected":
      return latest(left.map((page) => page.since));
    case "stopped":
    case "publishing":
      return latest(
        (["main", "pc"] as const).map((camera) =>
          publishStatus[camera] === state ? publishStatusSince[camera] : undefined,
        ),
      );
    case "notPublishing":
      return latest(pages.map((page) => page.since));
    default:
      return undefined;
  }
};

/** Empty for those who are no examinees. */
const identity = (person: Person): string =>
  person.identity?.status ?? (person.role === "examinee" ? "unchecked" : "");
const attempt = (person: Person): string =>
  person.attempt?.status ?? (person.role === "examinee" ? "running" : "");

const peopleCsv = (people: readonly Person[], rooms: readonly Room[], local: TimeFormatter): string => {
  const names = new Map(rooms.map(({ id, name }) => [id, name]));
  const time = (at: Date | undefined) => (at ? local(at, "yyyy-MM-dd'T'HH:mm:ssZZ") : "");
  return stringify(
    people.map((person) => [
      person.userId,
      person.name,
      person.role,
      names.get(person.roomId ?? "") ?? "",
      person.state,
      time(since(person)),
      identity(person),
      time(person.identity?.since),
      attempt(person),
      time(person.attempt?.since),
      person.detections,
    ]),
    {
      header: true,
      columns: [
        "id",
        "name",
        "role",
        "room",
        "state",
        "since",
        "identity",
        "identity since",
        "attempt",
        "attempt since",
        "records",
      ],
      // As of links: for spreadsheet programs in China, and because a name could be a formula.
      bom: true,
      escape_formulas: true,
      record_delimiter: "windows",
    },
  );
};

const peopleText = (
  people: readonly Person[],
  { rooms, counts }: { readonly rooms: readonly Room[]; readonly counts: RosterCounts | undefined },
  local: TimeFormatter,
): string => {
  const names = new Map(rooms.map(({ id, name }) => [id, name]));
  const row = (person: Person) => {
    const { userId, name, role, roomId, state, detections } = person;
    const at = since(person);
    return [
      userId,
      name,
      role,
      (roomId !== undefined && names.get(roomId)) || "-",
      state,
      at ? local(at) : "",
      identity(person),
      attempt(person),
      detections || "",
    ];
  };
  const found =
    people.length > 0
      ? table(
          ["ID", "NAME", "ROLE", "ROOM", "STATE", "SINCE", "IDENTITY", "ATTEMPT", "RECORDS"],
          people.map(row),
        )
      : "No people.";
  if (!counts) return found;
  const states = rosterStates.map((state) => `${counts[state]} ${state}`).join(", ");
  return `${found}\n\nOf all examinees: ${states}; ${counts.detected} with cheat records.\n${count(people.length, "person is", "people are")} shown.`;
};

/** Adds `people` to the command `exam`. */
export const addPeople = (exam: Command, run: CommandRun): void => {
  exam
    .command("people")
    .description("show everybody of an exam as they are now: who is there, who is missing, and since when")
    .argument("<exam>", "the id or name of the exam")
    .option("--room <room>", "only the people of this room: its id or name")
    .option(
      "--search <text>",
      "only people whose name or id contains it, or whose name is spelled so: wf and wangfang find 王芳",
    )
    .addOption(new Option("--state <state>", "only people in this state").choices(STATES))
    .addOption(
      new Option("--identity <status>", "only examinees of whose identity staff said this").choices(
        IDENTITIES,
      ),
    )
    .addOption(new Option("--csv", "print CSV, as spreadsheet programs read it").conflicts("json"))
    .addOption(jsonOption())
    .action((text: string, { room, search, state, identity: found, csv, json }: PeopleOptions) =>
      withLocalApp(run, async ({ call, config }) => {
        const of = await findExam(call, text);
        const roomId = room === undefined ? undefined : (await findRoom(call, room, of)).id;
        let rooms: readonly Room[] = [];
        let counts: RosterCounts | undefined;
        const entries = await fetchAllPages(async (cursor: string | undefined) => {
          const page = await call.exam.people({ examId: of.id, roomId, search, cursor });
          rooms = page.rooms ?? rooms;
          counts ??= page.counts;
          return { items: page.people, nextCursor: page.nextCursor };
        });
        const ended = new Set(rooms.filter(({ status }) => status === "ended").map(({ id }) => id));
        const people = entries
          .map(
            (entry): Person => ({
              ...entry,
              state: rosterStateOf(entry, entry.roomId !== undefined && ended.has(entry.roomId)),
            }),
          )
          .filter(
            (person) =>
              state === undefined || (state === "detected" ? person.detections > 0 : person.state === state),
          )
          .filter((person) => found === undefined || identity(person) === found);
        const local = timeFormatter(config.timeZone);
        if (csv) {
          run.io.stdout.write(peopleCsv(people, rooms, local));
          return;
        }
        print(run, json, { people, counts }, () => peopleText(people, { rooms, counts }, local));
      }),
    );
};
