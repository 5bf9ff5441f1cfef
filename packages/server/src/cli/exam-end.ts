import type { EndedExam } from "@invigil/schema";
import type { Command } from "commander";
import { jsonOption } from "./arguments.js";
import { confirmByName, yesOption } from "./confirm.js";
import { withLocalApp } from "./local-app.js";
import { allRooms, findExam } from "./lookup.js";
import { count, print } from "./output.js";
import { createProgress } from "./progress.js";
import type { CommandRun } from "./run.js";

/** Adds the command `exam end`. */
export const addEnd = (exam: Command, run: CommandRun): void => {
  exam
    .command("end")
    .description(
      "end all rooms of an exam; their people stay, but cannot join until 'room reopen'; asks for the exam's name",
    )
    .argument("<exam>", "the id or name of the exam")
    .addOption(yesOption())
    .addOption(jsonOption())
    .action((text: string, { json, yes }: { json?: true; yes?: true }) =>
      withLocalApp(run, async ({ call }) => {
        const { id: examId, name } = await findExam(call, text);
        const open = (await allRooms(call, examId)).filter(({ status }) => status === "in_progress").length;
        const does = `This ends ${count(open, "room")} of the exam ${name} for everybody in ${open === 1 ? "it" : "them"}.`;
        await confirmByName(run, { yes }, { does, of: "exam", name });
        const progress = createProgress("Ending the rooms", run.io.stderr);
        let part: EndedExam;
        let ended = 0;
        try {
          do {
            part = await call.exam.end({ examId });
            ended += part.ended;
            progress.show(ended, ended + part.remaining);
          } while (part.remaining > 0);
        } finally {
          progress.end();
        }
        // The last call counts the rooms that earlier calls have ended as already ended.
        const alreadyEnded = part.alreadyEnded + part.ended - ended;
        print(run, json, { examId, ended, alreadyEnded }, () =>
          [
            `Ended ${count(ended, "room")} of the exam ${name}.`,
            ...(alreadyEnded > 0 ? [`${count(alreadyEnded, "room")} had ended before.`] : []),
            ...(ended > 0 ? ["'invigil room reopen' reopens a room."] : []),
          ].join("\n"),
        );
      }),
    );
};
