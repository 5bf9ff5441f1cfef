import type { Command } from "commander";
import { SetupError } from "../platform/setup-error.js";
import { failureOfCall } from "../trpc/failures.js";
import { jsonOption, quietListOption } from "./arguments.js";
import { confirmByName, yesOption } from "./confirm.js";
import { withLocalApp } from "./local-app.js";
import { allDeletedExams, fetchAllPages, findExam, findRoom } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";
import { count, print, printList, table } from "./output.js";
import type { CommandRun } from "./run.js";

interface ListOptions {
  exam: string;
  json?: true;
}
interface MoveOptions extends ListOptions {
  to: string;
  from?: string;
}
interface RemoveOptions extends ListOptions {
  withRecords?: true;
  yes?: true;
}

/** The people of an exam who have no room, and the number of those who have one. */
const fetchUnseated = async ({ call }: LocalApp, examId: string) => {
  let seated = 0;
  const people = await fetchAllPages(async (cursor: number | undefined) => {
    const page = await call.participant.listUnseated({ examId, pageSize: 100, cursor });
    // Only the first page contains the totals.
    if (page.totals) seated = page.totals.seated;
    return { items: page.people, nextCursor: page.nextCursor };
  });
  return { people, unseated: people.length, seated };
};

const unseatedText = ({ people, unseated, seated }: Awaited<ReturnType<typeof fetchUnseated>>): string => {
  const rows = people.map(({ userId, name, role, extraMinutes }) => [userId, name, role, extraMinutes || ""]);
  const found = rows.length > 0 ? [table(["id", "name", "role", "extra minutes"], rows), ""] : [];
  const sentence = `${count(unseated, "person has", "people have")} no room; ${count(seated, "examinee sits", "examinees sit")} in rooms.`;
  return [...found, sentence].join("\n");
};

/**
 * The only room in progress of a person.
 * @throws SetupError if there is none, or several
 */
const findRoomOf = async ({ call }: LocalApp, examId: string, userId: string): Promise<string> => {
  const { rooms, unseated } = await call.participant.locate({ examId, userId });
  const [room, ...others] = rooms.filter(({ status }) => status === "in_progress");
  if (room && others.length === 0) return room.roomId;
  if (room)
    throw new SetupError(
      `${userId} is in ${others.length + 1} rooms: specify with --from which one to leave (${[room, ...others].map(({ name }) => name).join(", ")})`,
    );
  throw new SetupError(
    unseated
      ? `${userId} has no room yet: 'invigil exam plan' assigns one`
      : `${userId} is in no room in progress`,
  );
};

const addList = (roster: Command, run: CommandRun): void => {
  roster
    .command("list")
    .description("list the people of an exam who have no room, and count those who have one")
    .requiredOption("--exam <exam>", "the id or name of the exam")
    .addOption(quietListOption())
    .addOption(jsonOption())
    .action(({ exam, json, quiet }: ListOptions & { quiet?: true }) =>
      withLocalApp(run, async (app) => {
        const unseated = await fetchUnseated(app, (await findExam(app.call, exam)).id);
        if (quiet)
          printList(run, { quiet }, unseated.people, { id: ({ userId }) => userId, forPeople: () => "" });
        else print(run, json, unseated, () => unseatedText(unseated));
      }),
    );
};

const addMove = (roster: Command, run: CommandRun): void => {
  roster
    .command("move")
    .description("move a person to another room of the exam; their records stay in the previous room")
    .argument("<user>", "the user id of the person")
    .requiredOption("--exam <exam>", "the id or name of the exam")
    .requiredOption("--to <room>", "the id or name of the room")
    .option("--from <room>", "the room to leave, if the person is in several")
    .addOption(jsonOption())
    .action((userId: string, { exam, to, from, json }: MoveOptions) =>
      withLocalApp(run, async (app) => {
        const of = await findExam(app.call, exam);
        const { id: toRoomId } = await findRoom(app.call, to, of);
        const roomId =
          from === undefined ? await findRoomOf(app, of.id, userId) : (await findRoom(app.call, from, of)).id;
        await app.call.participant.move({ roomId, userId, toRoomId });
        print(run, json, { userId, roomId, toRoomId }, () => `Moved ${userId} to ${to}.`);
      }),
    );
};

const addUnseat = (roster: Command, run: CommandRun): void => {
  roster
    .command("unseat")
    .description("take a person out of a room that they have not entered, so that the next plan seats them")
    .argument("<user>", "the user id of the person")
    .requiredOption("--exam <exam>", "the id or name of the exam")
    .option("--from <room>", "the room to leave, if the person is in several")
    .addOption(jsonOption())
    .action((userId: string, { exam, from, json }: Omit<MoveOptions, "to">) =>
      withLocalApp(run, async (app) => {
        const of = await findExam(app.call, exam);
        const roomId =
          from === undefined ? await findRoomOf(app, of.id, userId) : (await findRoom(app.call, from, of)).id;
        await app.call.participant.unseat({ examId: of.id, roomId, userId });
        print(run, json, { userId, roomId }, () => `Unseated ${userId}.`);
      }),
    );
};

/** The name of a person of an exam. Undefined for one of whom only records are left. */
const nameOf = async (
  { call, services }: LocalApp,
  examId: string,
  userId: string,
): Promise<string | undefined> => {
  const { rooms, unseated } = await call.participant.locate({ examId, userId }).catch((error: unknown) => {
    if (failureOfCall(error).code === "PARTICIPANT_NOT_FOUND") return { rooms: [], unseated: undefined };
    throw error;
  });
  const [room] = rooms;
  if (!room) return unseated?.name;
  const { roomId, role } = room;
  return (await services.participant.members({ examId, roomId }, role)).find((one) => one.userId === userId)
    ?.name;
};

const addRemove = (roster: Command, run: CommandRun): void => {
  roster
    .command("remove")
    .description("remove a person from an exam and its rooms; asks for the person's name")
    .argument("<user>", "the user id of the person")
    .requiredOption("--exam <exam>", "the id or name of the exam")
    .option(
      "--with-records",
      "also erase the person's cheat records and messages, even from a deleted exam that can be restored",
    )
    .addOption(yesOption())
    .addOption(jsonOption())
    .action((userId: string, { exam, withRecords, yes, json }: RemoveOptions) =>
      withLocalApp(run, async (app) => {
        const deleted = withRecords
          ? (await allDeletedExams(app.call)).find(({ id }) => id === exam)
          : undefined;
        const { id: examId, name: examName } = deleted ?? (await findExam(app.call, exam));
        const name = deleted ? undefined : await nameOf(app, examId, userId);
        const does = withRecords
          ? `This removes ${userId} from the exam ${examName}, and erases their cheat records, messages and all else that names them for good.`
          : `This removes ${userId} from the exam ${examName} and its rooms.`;
        await confirmByName(
          run,
          { yes },
          { does, of: name === undefined ? "person (the user id)" : "person", name: name ?? userId },
        );
        const removed = await app.call.participant.removeFromExam({ examId, userId, withRecords });
        print(run, json, removed, () =>
          removed.rooms + removed.records === 0
            ? `Removed ${userId}, who had no room yet.`
            : `Removed ${userId} from ${count(removed.rooms, "room")}, with ${count(removed.records, "cheat record")}.`,
        );
      }),
    );
};

/** Adds `list`, `move`, `unseat` and `remove` to the command `roster`. */
export const addRosterPeople = (roster: Command, run: CommandRun): void => {
  addList(roster, run);
  addMove(roster, run);
  addUnseat(roster, run);
  addRemove(roster, run);
};
