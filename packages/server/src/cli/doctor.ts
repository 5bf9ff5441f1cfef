import type { Command } from "commander";
import { jsonOption } from "./arguments.js";
import type { Finding } from "./doctor/finding.js";
import { count, print, table } from "./output.js";
import type { CommandRun } from "./run.js";

const summary = (findings: readonly Finding[]): string => {
  const many = (state: Finding["state"]) => findings.filter((finding) => finding.state === state).length;
  return `${count(findings.length, "check")}: ${many("failed")} failed, ${count(many("warning"), "warning")}`;
};

/** Adds the command `doctor`. The checks are imported when it runs. */
export const addDoctor = (program: Command, run: CommandRun): void => {
  program
    .command("doctor")
    .description("check the settings, storage and all configured vendor services, and recommend actions")
    .addOption(jsonOption())
    .action(async ({ json }: { json?: true }) => {
      const { runChecks } = await import("./doctor/checks.js");
      const findings = await runChecks(run);
      print(run, json, findings, () =>
        [
          table(
            ["CHECK", "STATE", "FOUND", "WHAT TO DO"],
            findings.map(({ check, state, found, todo = "" }) => [check, state, found, todo]),
          ),
          summary(findings),
        ].join("\n"),
      );
      if (findings.some(({ state }) => state === "failed")) run.exitCode = 1;
    });
};
