import { type ExamPlan, type PlannedPerson, type PlannedRoom, planExamInput } from "@invigil/schema";
import type { Command } from "commander";
import { InvigilError, invalidInput, parsed } from "../platform/errors.js";
import { jsonOption, parseUserId, parseWholeNumber } from "./arguments.js";
import { confirmByName, yesOption } from "./confirm.js";
import { printFaults } from "./faults.js";
import { withLocalApp } from "./local-app.js";
import { findExam } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";
import { count, print, table } from "./output.js";
import type { CommandRun } from "./run.js";
import { timeFormatter } from "./time.js";

interface PlanOptions {
  roomSize: number;
  teachers?: string;
  shuffle?: string;
  roomName?: string;
  withoutTeachers?: string;
  dryRun?: true;
  json?: true;
}

type Kind = "teacher" | "spare" | "inspector";
const kindOf = ({ role, spare }: PlannedPerson): Kind | "examinee" => (spare ? "spare" : role);

const names = ({ seated }: PlannedRoom, kind: Kind): string =>
  seated
    .filter((person) => kindOf(person) === kind)
    .map(({ userId, name }) => `${name} (${userId})`)
    .join(", ");

const teachersText = ({ needed, available, sufficientRoomSize }: ExamPlan["teachers"]): string =>
  available < needed
    ? ` ${count(needed, "room needs", "rooms need")} a teacher, and ${count(available, "teacher has", "teachers have")} no room${sufficientRoomSize === undefined ? "" : `: --room-size ${sufficientRoomSize} would do`}.`
    : "";

const summary = (
  { plan, teachers: lacking, rooms, newRooms, seated, waiting }: ExamPlan,
  dryRun: boolean,
): string => {
  const people = (kind: Kind) =>
    new Set(
      rooms
        .flatMap((room) => room.seated.filter((person) => kindOf(person) === kind))
        .map(({ userId }) => userId),
    ).size;
  const [teachers, spares, inspectors] = [people("teacher"), people("spare"), people("inspector")];
  if (waiting > 0)
    return `Nothing to do yet: ${count(waiting, "teacher or inspector has", "teachers and inspectors have")} no room, because the exam has no room in progress and no examinee without a room.`;
  if (seated + newRooms + teachers + spares + inspectors === 0)
    return "Nothing to do: no person needs a room.";
  const parts = [
    count(seated, "examinee"),
    count(teachers, "teacher"),
    count(spares, "spare"),
    count(inspectors, "inspector"),
  ].join(", ");
  const undoing = plan === undefined ? "" : ` 'exam undo-plan --plan ${plan}' undoes it.`;
  const done = dryRun
    ? `Would create ${count(newRooms, "room")} and seat ${parts}. Nothing was changed.`
    : `Created ${count(newRooms, "room")} and seated ${parts}.${undoing}`;
  return `${done}${teachersText(lacking)}`;
};

const planText = (plan: ExamPlan, dryRun: boolean): string => {
  const rows = plan.rooms.map((room) => [
    room.name,
    names(room, "teacher"),
    names(room, "spare"),
    names(room, "inspector"),
    room.examinees,
    room.isNew ? "new" : "",
  ]);
  const rooms =
    rows.length > 0
      ? [table(["room", "teacher", "spares", "inspectors", "examinees", "new?"], rows), ""]
      : [];
  return [...rooms, summary(plan, dryRun)].join("\n");
};

const readStaff = ({ services }: LocalApp, file: string) =>
  services.imports.readStaff({ path: file }).catch((error: unknown) => {
    const [fault] = (error instanceof InvigilError && error.fields.file) || [];
    throw fault === undefined ? error : invalidInput("--teachers", fault);
  });

/** Adds `plan`, `plans` and `undo-plan` to the command `exam`. */
export const addPlan = (exam: Command, run: CommandRun): void => {
  exam
    .command("plan")
    .description(
      "create the rooms that the people of an exam need, and assign people to them; can be repeated",
    )
    .argument("<exam>", "the id or name of the exam")
    .requiredOption("--room-size <number>", "the maximum number of examinees per room", parseWholeNumber)
    .option(
      "--teachers <file>",
      "a roster (CSV or XLSX) of teachers and inspectors to add; an empty role means teacher",
    )
    .option("--shuffle <seed>", "shuffle people with this seed, instead of using the order of the import")
    .option("--room-name <pattern>", "the name of new rooms; {n} is their number (default: Room {n})")
    .option(
      "--without-teachers <user>",
      "let rooms have no teacher if there are too few; this person is their createTeacher until a later plan or 'room set-teacher'",
      parseUserId,
    )
    .option("--dry-run", "only print the plan")
    .addOption(jsonOption())
    .action((text: string, options: PlanOptions) =>
      withLocalApp(run, async (app) => {
        const { roomSize, teachers: file, shuffle, roomName, withoutTeachers, dryRun, json } = options;
        const teachers = file === undefined ? [] : await readStaff(app, file);
        if ("faults" in teachers) {
          printFaults(run, teachers, json, "nothing was planned");
          return;
        }
        const { id: examId } = await findExam(app.call, text);
        const asked = {
          examId,
          roomSize,
          teachers,
          seed: shuffle,
          roomName,
          dryRun,
          withoutTeachers: withoutTeachers !== undefined,
        };
        // The command prints all rooms.
        const operator = app.operatorIn("exam.plan");
        const plan = await app.services.plan.plan(
          operator,
          await app.services.access.open(operator, "wholeExam", { examId }),
          parsed(planExamInput, asked),
          Infinity,
          withoutTeachers,
        );
        print(run, json, plan, () => planText(plan, dryRun ?? false));
      }),
    );
  exam
    .command("plans")
    .description("list the plans of an exam, newest first")
    .argument("<exam>", "the id or name of the exam")
    .addOption(jsonOption())
    .action((text: string, { json }: { json?: true }) =>
      withLocalApp(run, async ({ call, config }) => {
        const { id: examId } = await findExam(call, text);
        const plans = await call.exam.plans({ examId });
        const local = timeFormatter(config.timeZone);
        print(run, json, plans, () =>
          table(
            ["PLAN", "MADE", "BY", "ROOMS", "SEATS", "UNDONE"],
            plans.map(({ plan, createdAt, by, newRooms, seated, undoneAt }) => [
              plan,
              local(createdAt),
              by,
              newRooms,
              seated,
              undoneAt ? local(undoneAt) : "",
            ]),
          ),
        );
      }),
    );
  exam
    .command("undo-plan")
    .description("undo a plan, as long as no person has entered its rooms; asks for the exam's name")
    .argument("<exam>", "the id or name of the exam")
    .requiredOption("--plan <number>", "the number of the plan: see 'exam plans'", parseWholeNumber)
    .addOption(yesOption())
    .addOption(jsonOption())
    .action((text: string, { plan, yes, json }: { plan: number; yes?: true; json?: true }) =>
      withLocalApp(run, async ({ call }) => {
        const { id: examId, name } = await findExam(call, text);
        const does = `This undoes the plan ${plan} of the exam ${name}: its people have no room then, and its rooms are deleted.`;
        await confirmByName(run, { yes }, { does, of: "exam", name });
        const undone = await call.exam.undoPlan({ examId, plan });
        print(
          run,
          json,
          undone,
          () =>
            `Unseated ${count(undone.unseated, "person", "people")} and deleted ${count(undone.deletedRooms, "room")}.`,
        );
      }),
    );
};
