import type { ExamSummary, RestorableExam } from "@invigil/schema";
import type { Command } from "commander";
import { SetupError } from "../platform/setup-error.js";
import { jsonOption } from "./arguments.js";
import { confirmByName, yesOption } from "./confirm.js";
import { withLocalApp } from "./local-app.js";
import { allExams, allRooms, differencesOf, findDeletedExam, findExam } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";
import { count, print, table } from "./output.js";
import type { CommandRun } from "./run.js";
import { type TimeFormatter, timeFormatter } from "./time.js";

interface DestroyOptions {
  json?: true;
  yes?: true;
}
interface DeleteOptions extends DestroyOptions {
  withRooms?: true;
  withRecords?: true;
  eraseNow?: true;
}

/** Formats the list of deleted exams. */
export const deletedText = (exams: readonly RestorableExam[], local: TimeFormatter): string =>
  exams.length === 0
    ? "No deleted exam can be restored."
    : table(
        ["ID", "DELETED", "ERASED", "NAME"],
        exams.map(({ id, deletedAt, eraseAt, name }) => [id, local(deletedAt), local(eraseAt), name]),
      );

/** Counts the rooms and people of an exam, before the question. */
const contentsOf = async ({ call }: LocalApp, examId: string) => {
  const rooms = await allRooms(call, examId);
  const { totals } = await call.participant.listUnseated({ examId, pageSize: 1 });
  return { rooms: rooms.length, examinees: (totals?.seated ?? 0) + (totals?.unseated ?? 0) };
};

const addDelete = (exam: Command, run: CommandRun): void => {
  exam
    .command("delete")
    .description(
      "delete an exam, if it has no cheat records or --with-records is given; 'exam restore' brings it back; asks for the exam's name",
    )
    .argument("<exam>", "the id or name of the exam")
    .option("--with-rooms", "also delete its rooms and people")
    .option("--with-records", "also delete its rooms, people and cheat records")
    .option("--erase-now", "erase it at once: it cannot be restored")
    .addOption(yesOption())
    .addOption(jsonOption())
    .action((text: string, { json, yes, withRooms, withRecords, eraseNow }: DeleteOptions) =>
      withLocalApp(run, async (app) => {
        const { call, config } = app;
        const exam = await findExam(call, text);
        const { id: examId, name } = exam;
        const equals = (await allExams(call)).filter((other) => other.name === name && other.id !== examId);
        const { rooms, examinees } = await contentsOf(app, examId);
        const contents = `${count(rooms, "room")} and ${count(examinees, "examinee")}`;
        if (rooms + examinees > 0 && !withRooms && !withRecords)
          throw new SetupError(
            `The exam ${name} has ${contents}, and is deleted with them only where --with-rooms is set`,
          );
        const { restoreDays } = config;
        const isKept = !eraseNow && restoreDays > 0;
        const idAndDifferences = (one: ExamSummary) => `${one.id}${differencesOf(one)}`;
        const does = [
          `This deletes the exam ${name} with ${contents}${withRecords ? ", and with all its cheat records" : ""}.`,
          isKept
            ? `It can be restored for ${count(restoreDays, "day")} ('invigil exam restore').`
            : "It is erased at once, and cannot be restored.",
          ...(equals.length > 0
            ? [
                `This is ${idAndDifferences(exam)}. ${count(equals.length, "other exam has", "other exams have")} the same name: ${equals.map(idAndDifferences).join("; ")}.`,
              ]
            : []),
        ].join(" ");
        await confirmByName(run, { yes }, { does, of: "exam", name });
        const deleted = await call.exam.delete({
          examId,
          withRooms,
          withRecords,
          confirm: withRecords && name,
          erase: eraseNow && "now",
        });
        const { people, records = 0, eraseAt } = deleted;
        const gone = [
          count(deleted.rooms, "room"),
          count(people, "person", "people"),
          ...(records > 0 ? [count(records, "cheat record")] : []),
        ];
        print(run, json, { examId, ...deleted }, () =>
          [
            `Deleted the exam ${name}, ${gone.slice(0, -1).join(", ")} and ${gone.at(-1)}.`,
            ...(eraseAt
              ? [
                  `Until ${timeFormatter(config.timeZone)(eraseAt)}, 'invigil exam restore ${examId}' restores it.`,
                ]
              : []),
          ].join("\n"),
        );
      }),
    );
};

/** How many rooms are named that are still closed. */
const MOST_NAMED = 20;

const addRestore = (exam: Command, run: CommandRun): void => {
  exam
    .command("restore")
    .description("restore a deleted exam; its rooms have ended, and links that have not expired work again")
    .argument("<exam>", "the id or name of the exam: see 'invigil exam list --deleted'")
    .option("--reopen", "also reopen the rooms that were in progress when it was deleted")
    .addOption(jsonOption())
    .action((text: string, { json, reopen }: { json?: true; reopen?: true }) =>
      withLocalApp(run, async ({ call }) => {
        const { id: examId, name } = await findDeletedExam(call, text);
        const { endedRooms } = await call.exam.restore({ examId });
        const still: { readonly name: string; readonly why?: string }[] = [];
        for (const { id: roomId, name: room } of endedRooms) {
          if (!reopen) {
            still.push({ name: room });
            continue;
          }
          // The exam is restored already, so one room that cannot be reopened must not keep the others closed.
          await call.room.reopen({ roomId }).catch((error: unknown) => {
            still.push({ name: room, why: error instanceof Error ? error.message : String(error) });
          });
        }
        const reopened = endedRooms.length - still.length;
        const result = { examId, ended: still.length, reopened, endedRooms: still };
        print(run, json, result, () =>
          [
            `Restored the exam ${name}.`,
            ...(reopened > 0 ? [`Reopened ${count(reopened, "room")}.`] : []),
            ...(still.length > 0
              ? [
                  `${count(still.length, "room was", "rooms were")} in progress and ended with the deletion: 'invigil room reopen' reopens a room.`,
                  ...still
                    .slice(0, MOST_NAMED)
                    .map((room) => `  ${[room.name, room.why].filter(Boolean).join(": ")}`),
                  ...(still.length > MOST_NAMED ? [`  and ${still.length - MOST_NAMED} more`] : []),
                ]
              : []),
          ].join("\n"),
        );
      }),
    );
};

const addErase = (exam: Command, run: CommandRun): void => {
  exam
    .command("erase")
    .description("erase a deleted exam at once; asks for the exam's name")
    .argument("<exam>", "the id or name of the exam: see 'invigil exam list --deleted'")
    .addOption(yesOption())
    .addOption(jsonOption())
    .action((text: string, { json, yes }: DestroyOptions) =>
      withLocalApp(run, async ({ call }) => {
        const { id: examId, name } = await findDeletedExam(call, text);
        const does = `This erases the deleted exam ${name}, which can then not be restored.`;
        await confirmByName(run, { yes }, { does, of: "exam", name });
        await call.exam.erase({ examId, confirm: name });
        print(run, json, { examId, erased: true }, () => `Erased the exam ${name}.`);
      }),
    );
};

/** Adds `delete`, `restore` and `erase` to the command `exam`. */
export const addDeletion = (exam: Command, run: CommandRun): void => {
  addDelete(exam, run);
  addRestore(exam, run);
  addErase(exam, run);
};
