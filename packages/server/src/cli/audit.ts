import type { AuditEntry } from "@invigil/schema";
import type { Command } from "commander";
import { jsonOption, parseWholeNumber } from "./arguments.js";
import { withLocalApp } from "./local-app.js";
import { allExams } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";
import { count, print, table } from "./output.js";
import type { CommandRun } from "./run.js";
import { parseTime, timeFormatter } from "./time.js";

interface AuditOptions {
  exam?: string;
  actor?: string;
  person?: string;
  procedure?: string;
  since?: string;
  until?: string;
  limit: number;
  json?: true;
}

const PAGE = 100;

/** Returns the exam with this id or name. Entries outlive exams, so any other text is taken as the id of an erased exam. */
const examIdOf = async ({ call }: LocalApp, text: string): Promise<string> => {
  const named = (await allExams(call)).filter(({ id, name }) => id === text || name === text);
  return named.length === 1 && named[0] ? named[0].id : text;
};

const actorOf = ({ actorId, actorRole, credential, operator }: AuditEntry): string =>
  operator === undefined ? `${actorId} (${actorRole}, ${credential})` : `${operator} (${credential})`;

const tableOf = (entries: readonly AuditEntry[], format: (time: Date) => string): string =>
  table(
    ["TIME", "ACTOR", "PROCEDURE", "OUTCOME", "TIMES", "PERSON", "EXAM", "ROOM", "SUBJECT", "ADDRESS"],
    entries.map((entry) => [
      format(entry.time),
      actorOf(entry),
      entry.procedure,
      entry.outcome,
      entry.times,
      entry.personId ?? "",
      entry.examId ?? "",
      entry.roomId ?? "",
      entry.subject ?? "",
      entry.address,
    ]),
  );

export const addAudit = (program: Command, run: CommandRun): void => {
  const times = "as '2026-06-07 09:00', yesterday, 'today 09:00' or ISO";
  program
    .command("audit")
    .description("look up who changed or read what, and who was refused")
    .command("list")
    .description("list the entries of the audit, newest first")
    .option("--exam <exam>", "only about this exam, specified by its id or name; an erased one by its id")
    .option("--actor <user>", "only by this user")
    .option("--person <user>", "only about this person")
    .option("--procedure <name>", "only this procedure, for example exam.delete")
    .option("--since <time>", `only from this time on, ${times}`)
    .option("--until <time>", "only before this time")
    .option("--limit <number>", "the most entries to list", parseWholeNumber, PAGE)
    .addOption(jsonOption())
    .action(({ exam, actor, person, procedure, since, until, limit, json }: AuditOptions) =>
      withLocalApp(run, async (app) => {
        const { timeZone } = app.config;
        const timeOf = (option: string, text: string | undefined) =>
          text === undefined
            ? undefined
            : parseTime(text, { option, timeZone, now: app.deps.clock(), past: true });
        const filter = {
          examId: exam === undefined ? undefined : await examIdOf(app, exam),
          actorId: actor,
          personId: person,
          procedure,
          since: timeOf("--since", since),
          until: timeOf("--until", until),
        };
        const entries: AuditEntry[] = [];
        let cursor: string | undefined;
        do {
          const pageSize = Math.min(PAGE, limit - entries.length);
          const page = await app.call.audit.list({ ...filter, pageSize, cursor });
          entries.push(...page.entries);
          cursor = page.nextCursor;
        } while (cursor !== undefined && entries.length < limit);
        print(run, json, { entries, more: cursor !== undefined }, () =>
          entries.length === 0
            ? "There are no such entries."
            : [
                tableOf(entries, timeFormatter(timeZone)),
                ...(cursor === undefined ? [] : [`${count(limit, "entry", "entries")}: --limit lists more.`]),
              ].join("\n"),
        );
      }),
    );
};
