import type { Diagnosis } from "@invigil/schema";
import type { Command } from "commander";
import { SetupError } from "../platform/setup-error.js";
import { failureOfCall } from "../trpc/failures.js";
import { jsonOption } from "./arguments.js";
import { withLocalApp } from "./local-app.js";
import { allExams, findExam } from "./lookup.js";
import { count, print, table } from "./output.js";
import type { CommandRun } from "./run.js";
import { timeFormatter } from "./time.js";

type Found = Diagnosis & { readonly exam?: { readonly id: string; readonly name: string } };

const OBSTACLES: Readonly<Record<Diagnosis["seats"][number]["obstacles"][number], string>> = {
  room_ended: "the room has ended",
  attempt_over: "their attempt is over",
  exam_over: "the exam is over",
  no_public_url: "codes need INVIGIL_PUBLIC_URL",
};

const linesOf = ({ exam, ...person }: Found, format: (time: Date) => string): string[] => {
  const { userId, isUnseated, seats, account, refusals, provider } = person;
  const { role, disabled, sessions } = account ?? {};
  return [
    exam ? `${userId}, ${exam.name}` : userId,
    ...(isUnseated ? ["  no room yet: 'invigil exam plan' assigns one"] : []),
    ...seats.flatMap((seat) => {
      const codes = Object.entries(seat.codes).map(([page, state]) => `${page} ${state}`);
      return [
        `  ${seat.roomName} (${seat.roomId}): ${seat.role}, ${seat.roomStatus === "ended" ? "ended" : "in progress"}`,
        `    links: revoked ${count(seat.generation, "time")}; new ones work until ${format(seat.linksUntil)}`,
        `    codes: ${codes.join(", ")}`,
        ...(seat.obstacles.length > 0
          ? [`    obstacles: ${seat.obstacles.map((one) => OBSTACLES[one]).join(", ")}`]
          : []),
      ];
    }),
    `  account: ${account ? `${role}${disabled ? ", disabled" : ""}, ${count(sessions ?? 0, "open session")}` : "none"}`,
    `  messages: ${provider.messages.join(", ")}; streams: ${provider.streams}${provider.canPublish ? "" : ", not configured"}`,
    refusals.length === 0 ? "  no refused calls in 7 days" : "  refused:",
    ...(refusals.length === 0
      ? []
      : table(
          ["TIME", "REASON", "PROCEDURE", "TIMES"],
          refusals.map((one) => [format(one.time), one.reason, one.procedure, one.times]),
        )
          .split("\n")
          .map((line) => `    ${line}`)),
  ];
};

export const addWhy = (program: Command, run: CommandRun): void => {
  program
    .command("why")
    .description("say why a person cannot enter: seat, links, codes, account, and refused calls")
    .argument("<user>", "the user id of the person")
    .option("--exam <exam>", "only in this exam, specified by its id or name; by default in all exams")
    .addOption(jsonOption())
    .action((userId: string, { exam: named, json }: { exam?: string; json?: true }) =>
      withLocalApp(run, async ({ call, config }) => {
        const exams = named === undefined ? await allExams(call) : [await findExam(call, named)];
        const found: Found[] = [];
        for (const { id, name } of exams)
          try {
            found.push({
              exam: { id, name },
              ...(await call.participant.diagnose({ userId, examId: id })),
            });
          } catch (error) {
            const isAbsent = failureOfCall(error).code === "PARTICIPANT_NOT_FOUND";
            if (!isAbsent || named !== undefined) throw error;
          }
        if (found.length === 0) {
          const person = await call.participant.diagnose({ userId });
          if (!person.account && person.refusals.length === 0)
            throw new SetupError(`No exam and no account has a person with the id ${userId}`);
          found.push(person);
        }
        const format = timeFormatter(config.timeZone);
        print(run, json, found, () => found.flatMap((one) => linesOf(one, format)).join("\n"));
      }),
    );
};
