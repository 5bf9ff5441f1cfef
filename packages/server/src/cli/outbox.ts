import type { Command } from "commander";
import { SetupError } from "../platform/setup-error.js";
import { jsonOption, quietListOption } from "./arguments.js";
import { withLocalApp } from "./local-app.js";
import { fetchAllPages } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";
import { count, print, printList, table } from "./output.js";
import type { CommandRun } from "./run.js";
import { timeFormatter } from "./time.js";

/**
 * Runs an action for each of the given dead letters, and prints how many succeeded.
 * @param act returns why the action cannot be done, if so
 */
const forEachLetter = async (
  run: CommandRun,
  { ids, json, did }: { ids: readonly string[]; json: true | undefined; did: string },
  act: (app: LocalApp, id: string) => Promise<string | undefined>,
): Promise<void> => {
  const done: string[] = [];
  const faults: string[] = [];
  await withLocalApp(run, async (app) => {
    for (const id of ids) {
      const fault = await act(app, id);
      if (fault === undefined) done.push(id);
      else faults.push(fault);
    }
  });
  if (done.length > 0) print(run, json, { ids: done }, () => `${did} ${count(done.length, "task")}.`);
  if (faults.length > 0) throw new SetupError(faults.join("\n"));
};
const missing = (id: string): string => `There is no dead letter ${id}.`;

/** Adds the commands about dead letters: tasks of the outbox that were given up. */
export const addOutbox = (program: Command, run: CommandRun): void => {
  const outbox = program
    .command("outbox")
    .description("manage dead letters: calls to message services that were given up");

  outbox
    .command("list")
    .description("list dead letters, the newest tasks first")
    .addOption(quietListOption())
    .addOption(jsonOption())
    .action((options: { json?: true; quiet?: true }) =>
      withLocalApp(run, async ({ config, services }) => {
        const letters = await fetchAllPages(async (before: string | undefined) => {
          const { rows: items, nextCursor } = await services.deadLetters.list({ limit: 500, before });
          return { items, nextCursor };
        });
        const local = timeFormatter(config.timeZone);
        printList(run, options, letters, {
          id: ({ id }) => id,
          forPeople: () =>
            letters.length === 0
              ? "There are no dead letters."
              : table(
                  ["ID", "GIVEN UP", "QUEUE", "KIND", "ABOUT", "TRIED", "WHY"],
                  letters.map(({ id, diedAt, queue, kind, key, attempts, reason, lastError }) => [
                    id,
                    local(diedAt),
                    queue,
                    kind,
                    key,
                    attempts,
                    lastError === null ? reason : `${reason}: ${lastError}`,
                  ]),
                ),
        });
      }),
    );

  outbox
    .command("retry <id...>")
    .description("try tasks again that were given up, as if they were new")
    .addOption(jsonOption())
    .action((ids: string[], { json }: { json?: true }) =>
      forEachLetter(run, { ids, json, did: "Added" }, async ({ services, operatorIn }, id) => {
        const outcome = await services.deadLetters.retry(id, operatorIn("outbox.retry"));
        if (outcome === "retried") return undefined;
        if (outcome === "missing") return missing(id);
        return `The task ${id} cannot be tried again, because its service is not configured.`;
      }),
    );

  outbox
    .command("drop <id...>")
    .description("delete dead letters: their tasks are never done")
    .addOption(jsonOption())
    .action((ids: string[], { json }: { json?: true }) =>
      forEachLetter(run, { ids, json, did: "Dropped" }, async ({ services, operatorIn }, id) =>
        (await services.deadLetters.drop(id, operatorIn("outbox.drop"))) ? undefined : missing(id),
      ),
    );
};
