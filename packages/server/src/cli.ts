#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { TRPCError } from "@trpc/server";
import { Command } from "commander";
import { addAccount } from "./cli/account.js";
import { commandNamed } from "./cli/arguments.js";
import { addAudio } from "./cli/audio.js";
import { addDoctor } from "./cli/doctor.js";
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
addRosterImport(commandNamed(program, "roster").description("the people of an exam, and where they sit"));
addRosterPeople(commandNamed(program, "roster"));
addRoom(program);
addDoctor(program);

let running: Command = program;
program.hook("preAction", (_, command) => {
  running = command;
});

/** A message with its fields by the names of the options that they were typed as. */
const asTyped = (message: string): string =>
  running.options.reduce((text, option) => {
    const field = option.attributeName();
    // One word may be anything, except where a message begins by naming its field.
    const named = /[A-Z]/.test(field) ? `\\b${field}\\b` : `^${field}(?= must )`;
    return text.replace(new RegExp(named), option.long ?? field);
  }, message);

/** The system says itself what it did not do, and with which path. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error && "code" in error;

/** What people can mend gets one line; a fault of ours keeps its stack for the report. */
const complaint = (error: unknown): string => {
  if (error instanceof SetupError) return error.message;
  if (error instanceof InvigilError || error instanceof TRPCError) {
    const failure = failureOf(error);
    if (failure.code !== "INTERNAL") return asTyped(failure.message);
  }
  if (isSystemError(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};

const fail = (message: string): void => {
  process.stderr.write(`invigil: ${message}\n`);
  process.exitCode = 1;
};

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Who reads has read enough, as in `| head`.
  if (error.code !== "EPIPE") fail(`cannot write the output: ${error.code ?? error.message}`);
});

try {
  await program.parseAsync();
} catch (error) {
  fail(complaint(error));
}
