import { TRPCError } from "@trpc/server";
import { Command } from "commander";
import { InvigilError } from "../platform/errors.js";
import { SetupError } from "../platform/setup-error.js";
import { isStorageFull } from "../storage/sqlite/storage-full.js";
import { failureOf } from "../trpc/failures.js";
import { findOrAddCommand } from "./arguments.js";
import { version } from "./version.js";

const program = new Command("invigil")
  .description("The backend of remote proctoring.")
  .version(version)
  .showHelpAfterError("Run with --help for a list of commands and options.");

const roster = () => findOrAddCommand(program, "roster").description("manage the people of an exam");

/** The commands in the order of the help. Only the requested command is imported. */
const COMMANDS: Readonly<Record<string, () => Promise<void>>> = {
  serve: async () => (await import("./serve.js")).addServe(program),
  token: async () => (await import("./token.js")).addToken(program),
  account: async () => (await import("./account.js")).addAccount(program),
  exam: async () => {
    (await import("./exam.js")).addExam(program);
    (await import("./plan.js")).addPlan(findOrAddCommand(program, "exam"));
  },
  audio: async () => (await import("./audio.js")).addAudio(program),
  roster: async () => {
    (await import("./roster-import.js")).addRosterImport(roster());
    (await import("./roster-people.js")).addRosterPeople(roster());
  },
  room: async () => (await import("./room.js")).addRoom(program),
  backup: async () => (await import("./backup.js")).addBackup(program),
  doctor: async () => (await import("./doctor.js")).addDoctor(program),
};
const [asked = ""] = process.argv.slice(2);
const addCommands = async (): Promise<void> => {
  const add = Object.hasOwn(COMMANDS, asked) ? COMMANDS[asked] : undefined;
  if (add) await add();
  else for (const addOne of Object.values(COMMANDS)) await addOne();
};

let running: Command = program;
program.hook("preAction", (_, command) => {
  running = command;
});

/** Replaces field names in a message by the options with which they were entered. */
const withOptionNames = (message: string): string =>
  running.options.reduce((text, option) => {
    const field = option.attributeName();
    // A single-word field name may be an ordinary word, except at the start of a message.
    const named = /[A-Z]/.test(field) ? `\\b${field}\\b` : `^${field}(?= must )`;
    return text.replace(new RegExp(named), option.long ?? field);
  }, message);

/** Errors of the operating system already describe the operation and the path. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error && "code" in error;

/** Formats an error. Errors that people can fix get one line, and internal errors keep their stack trace. */
const errorText = (error: unknown): string => {
  if (error instanceof SetupError) return error.message;
  if (error instanceof InvigilError || error instanceof TRPCError || isStorageFull(error)) {
    const failure = failureOf(error);
    if (failure.code !== "INTERNAL") return withOptionNames(failure.message);
  }
  if (isSystemError(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};

const fail = (message: string): void => {
  process.stderr.write(`invigil: ${message}\n`);
  process.exitCode = 1;
};

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader closed the pipe, as in `| head`.
  if (error.code !== "EPIPE") fail(`cannot write the output: ${error.code ?? error.message}`);
});

// The packed program is a CommonJS module, which has no top-level await.
void addCommands()
  .then(() => program.parseAsync())
  .catch((error: unknown) => fail(errorText(error)));
