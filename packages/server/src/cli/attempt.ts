import { randomUUID } from "node:crypto";
import { type Decided, type Room, reasonCodes } from "@invigil/schema";
import { type Command, InvalidArgumentError, Option } from "commander";
import { InvigilError } from "../platform/errors.js";
import { InterruptedError, SetupError } from "../platform/setup-error.js";
import { failureOfCall } from "../trpc/failures.js";
import { jsonOption } from "./arguments.js";
import { confirmByName, yesOption } from "./confirm.js";
import { withLocalApp } from "./local-app.js";
import { withProgress } from "./long-work.js";
import { allRooms, findExam, findRoom } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";
import { count, print, table } from "./output.js";
import type { CommandRun } from "./run.js";
import { type TimeFormatter, timeFormatter } from "./time.js";

interface AttemptOptions {
  exam: string;
  room?: string;
  user?: string[];
  reason: (typeof reasonCodes)[number];
  note?: string;
  message?: string;
  minutes?: number;
  answers?: "submit" | "save" | "discard";
  giveBack?: boolean;
  key?: string;
  dryRun?: true;
  yes?: true;
  json?: true;
}
type Action = "pause" | "resume" | "extend" | "terminate" | "reopen";
type OneDecided = Decided["people"][number] & { readonly roomId: string };

/** Some people of a room, or all of its examinees. */
interface Part {
  readonly room: Pick<Room, "id" | "name">;
  readonly userIds?: readonly string[];
}

const parseMinutes = (text: string): number => {
  if (!/^-?\d{1,4}$/.test(text)) throw new InvalidArgumentError("Specify a whole number of minutes.");
  return Number(text);
};

/**
 * Returns the rooms in which a command decides, and about whom.
 * @throws SetupError, PARTICIPANT_NOT_FOUND
 */
const partsOf = async (
  { call }: LocalApp,
  { exam, room, user: userIds }: AttemptOptions,
): Promise<{ readonly name: string; readonly parts: readonly Part[] }> => {
  const of = await findExam(call, exam);
  const examId = of.id;
  if (room !== undefined) {
    const found = await findRoom(call, room, of);
    return { name: found.name, parts: [{ room: found, ...(userIds && { userIds }) }] };
  }
  if (!userIds) {
    const rooms = (await allRooms(call, examId)).filter(({ status }) => status === "in_progress");
    return { name: of.name, parts: rooms.map((one) => ({ room: one })) };
  }
  const parts = new Map<string, { room: Part["room"]; userIds: string[] }>();
  for (const userId of new Set(userIds)) {
    const { rooms } = await call.participant.locate({ examId, userId });
    const seats = rooms.filter(({ role }) => role === "examinee");
    const seat = seats.find(({ status }) => status === "in_progress") ?? seats[0];
    if (!seat)
      throw new SetupError(`${userId} is not an examinee in a room of the exam: nothing was changed`);
    const part = parts.get(seat.roomId) ?? { room: { id: seat.roomId, name: seat.name }, userIds: [] };
    part.userIds.push(userId);
    parts.set(seat.roomId, part);
  }
  return { name: of.name, parts: [...parts.values()] };
};

/** Decides about all people of some rooms. Stops between two calls. */
const decideAll = async (
  run: CommandRun,
  { call }: LocalApp,
  parts: readonly Part[],
  {
    key,
    decide,
    dryRun = false,
  }: {
    readonly key: string;
    readonly decide: (call: LocalApp["call"], part: Part) => Promise<Decided>;
    readonly dryRun?: boolean | undefined;
  },
) => {
  const people: OneDecided[] = [];
  let remaining = 0;
  let calls = 0;
  await withProgress(run, "Deciding", async ({ show, isStopped }) => {
    for (const [index, part] of parts.entries()) {
      let answer: Decided | undefined;
      let before: number;
      do {
        before = answer?.remaining ?? Number.POSITIVE_INFINITY;
        if (isStopped() && calls > 0)
          throw new InterruptedError(
            `interrupted after ${index} of ${count(parts.length, "room")}: the same command with --key ${key} continues`,
          );
        try {
          answer = await decide(call, part);
        } catch (error) {
          if (calls === 0) throw error;
          const { code, message } = failureOfCall(error);
          throw new InvigilError(
            code,
            `${message} This was in the room ${part.room.name}. The same command with --key ${key} continues.`,
            { cause: error },
          );
        }
        calls += 1;
      } while (answer.remaining > 0 && answer.remaining < before && !dryRun);
      // The last call answers also about those whom earlier ones have changed.
      people.push(...answer.people.map((one) => ({ ...one, roomId: part.room.id })));
      remaining += answer.remaining;
      show(index + 1, parts.length);
    }
  });
  return { people, remaining };
};

const decidedText = (
  { people, remaining }: { readonly people: readonly OneDecided[]; readonly remaining: number },
  {
    key,
    dryRun,
    rooms,
  }: { readonly key: string; readonly dryRun: boolean; readonly rooms: ReadonlyMap<string, string> },
  local: TimeFormatter,
): string => {
  const many = (outcome: OneDecided["outcome"]) => people.filter((one) => one.outcome === outcome).length;
  const links = people.filter(({ needsLink }) => needsLink).length;
  const counts = `${many("changed")} changed, ${many("unchanged")} unchanged, ${many("refused")} refused`;
  return [
    ...(people.length > 0
      ? [
          table(
            ["ID", "ROOM", "OUTCOME", "ATTEMPT", "ENDS"],
            people.map(({ userId, roomId, outcome, refusal, attempt, endsAt }) => [
              userId,
              rooms.get(roomId) ?? roomId,
              refusal ? `${outcome}: ${refusal}` : outcome,
              attempt?.status ?? "-",
              endsAt ? local(endsAt) : "-",
            ]),
          ),
        ]
      : []),
    dryRun ? `This would be: ${counts}. Nothing was changed.` : `${counts}. The key was ${key}.`,
    ...(remaining > 0 ? [`${count(remaining, "more person", "more people")} would be decided about.`] : []),
    ...(links > 0
      ? [`${count(links, "person needs", "people need")} a new link: 'invigil room links'.`]
      : []),
  ].join("\n");
};

const addAction = (
  attempt: Command,
  run: CommandRun,
  action: Action,
  description: string,
  options: readonly Option[],
  decide: (
    call: LocalApp["call"],
    input: Parameters<LocalApp["call"]["attempt"]["resume"]>[0],
    options: AttemptOptions,
  ) => Promise<Decided>,
): void => {
  const command = attempt
    .command(action)
    .description(description)
    .requiredOption("--exam <exam>", "the id or name of the exam")
    .option("--room <room>", "only in this room: its id or name; default: all rooms in progress")
    .option("--user <id...>", "only about these people; default: all examinees")
    .addOption(new Option("--reason <code>", "why it is decided").choices(reasonCodes).makeOptionMandatory())
    .option("--note <text>", "a text for staff")
    .option("--message <text>", "a text that the people see");
  for (const option of options) command.addOption(option);
  command
    .option(
      "--key <key>",
      "the key of an earlier run, which this one repeats or continues; default: a new one",
    )
    .option("--dry-run", "show what would happen, and change nothing")
    .addOption(jsonOption())
    .action((given: AttemptOptions) =>
      withLocalApp(run, async (app) => {
        const { note, message, dryRun, json, reason: code, key = randomUUID() } = given;
        const { name, parts } = await partsOf(app, given);
        if (action === "terminate" && !dryRun) {
          const whom = given.user ? given.user.join(", ") : "all examinees";
          const of = given.room === undefined ? "exam" : "room";
          const does = `This ends the attempts of ${whom} in the ${of} ${name}. 'invigil attempt reopen' undoes it.`;
          await confirmByName(run, given, { does, of, name });
        }
        const reason = { code, note, message };
        const decided = await decideAll(run, app, parts, {
          key,
          dryRun,
          decide: (call, { room, userIds }) =>
            decide(call, { roomId: room.id, userIds: userIds && [...userIds], reason, key, dryRun }, given),
        });
        const rooms = new Map(parts.map(({ room }) => [room.id, room.name]));
        print(run, json, { key, ...decided }, () =>
          decidedText(decided, { key, dryRun: dryRun ?? false, rooms }, timeFormatter(app.config.timeZone)),
        );
        if (decided.people.some(({ outcome }) => outcome === "refused")) run.exitCode = 1;
      }),
    );
};

/** Adds the command `attempt`. */
export const addAttempt = (program: Command, run: CommandRun): void => {
  const attempt = program
    .command("attempt")
    .description(
      "decide who of a running exam pauses, stops or gets time; fails if it is refused for anyone",
    );
  addAction(
    attempt,
    run,
    "pause",
    "pause attempts; the exam ends later by the time of the pause",
    [new Option("--no-give-back", "the time of the pause is lost")],
    (call, input, { giveBack }) => call.attempt.pause({ ...input, giveBack }),
  );
  addAction(attempt, run, "resume", "resume attempts that are paused", [], (call, input) =>
    call.attempt.resume(input),
  );
  addAction(
    attempt,
    run,
    "extend",
    "give minutes, or take some away",
    [
      new Option("--minutes <number>", "the minutes to add; negative: to take away")
        .argParser(parseMinutes)
        .makeOptionMandatory(),
    ],
    (call, input, { minutes = 0 }) => call.attempt.extend({ ...input, minutes }),
  );
  addAction(
    attempt,
    run,
    "terminate",
    "end attempts: the room has ended for these people; asks for the name of the exam or room",
    [
      new Option("--answers <what>", "what the system with the questions should do with the answers")
        .choices(["submit", "save", "discard"])
        .default("submit"),
      yesOption(),
    ],
    (call, input, { answers }) => call.attempt.terminate({ ...input, answers }),
  );
  addAction(
    attempt,
    run,
    "reopen",
    "reopen attempts that were finished or terminated, and give back the time since then",
    [],
    (call, input) => call.attempt.reopen(input),
  );
};
