#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { TRPCError } from "@trpc/server";
import { Command } from "commander";
import { addAccount } from "./cli/account.js";
import { commandNamed } from "./cli/arguments.js";
import { addAudio } from "./cli/audio.js";
import { addExam } from "./cli/exam.js";
import { addPlan } from "./cli/plan.js";
import { addRoom } from "./cli/room.js";
import { addRosterImport } from "./cli/roster-import.js";
import { addRosterPeople } from "./cli/roster-people.js";
import { addServe } from "./cli/serve.js";
import { addToken } from "./cli/token.js";
import { InvigilError } from "./errors.js";
import { SetupError } from "./setup-error.js";
import { failureOf } from "./trpc.js";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const program = new Command("invigil")
  .description("The backend of remote proctoring.")
  .version(version)
  .showHelpAfterError("Run with --help for what there is.");

addServe(program);
addToken(program);
addAccount(program);
addExam(program);
addPlan(commandNamed(program, "exam"));
addAudio(program);
addRosterImport(commandNamed(program, "roster"));
addRosterPeople(commandNamed(program, "roster"));
addRoom(program);

/** What people can mend gets one line; a fault of ours keeps its stack for the report. */
const complaint = (error: unknown): string => {
  if (error instanceof SetupError) return error.message;
  if (error instanceof InvigilError || error instanceof TRPCError) {
    const failure = failureOf(error);
    if (failure.code !== "INTERNAL") return failure.message;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`invigil: ${complaint(error)}\n`);
  process.exitCode = 1;
}
