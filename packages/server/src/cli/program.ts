import { setImmediate } from "node:timers/promises";
import type { ErrorCode } from "@invigil/schema";
import { TRPCError } from "@trpc/server";
import { Command, CommanderError } from "commander";
import { InvigilError } from "../platform/errors.js";
import { InterruptedError, SetupError } from "../platform/setup-error.js";
import { isSystemError, reasonOfSystem } from "../platform/system-errors.js";
import { version } from "../platform/version.js";
import { isStorageFull } from "../storage/storage-full.js";
import { failureOfCall } from "../trpc/failures.js";
import { findOrAddCommand, operatorName } from "./arguments.js";
import { jsonText, shownLines } from "./output.js";
import type { CommandIo, CommandRun } from "./run.js";

type AddCommand = (program: Command, run: CommandRun) => Promise<void>;

const roster = (program: Command) =>
  findOrAddCommand(program, "roster").description("manage the people of an exam");

/** The commands in the order of the help. Only the requested command is imported. */
const COMMANDS: Readonly<Record<string, AddCommand>> = {
  serve: async (program, run) => (await import("./serve.js")).addServe(program, run),
  token: async (program, run) => (await import("./token.js")).addToken(program, run),
  account: async (program, run) => (await import("./account.js")).addAccount(program, run),
  exam: async (program, run) => {
    (await import("./exam.js")).addExam(program, run);
    (await import("./exam-series.js")).addSeries(findOrAddCommand(program, "exam"), run);
    (await import("./plan.js")).addPlan(findOrAddCommand(program, "exam"), run);
  },
  audio: async (program, run) => (await import("./audio.js")).addAudio(program, run),
  roster: async (program, run) => {
    (await import("./roster-import.js")).addRosterImport(roster(program), run);
    (await import("./roster-find.js")).addRosterFind(roster(program), run);
    (await import("./roster-people.js")).addRosterPeople(roster(program), run);
  },
  room: async (program, run) => (await import("./room.js")).addRoom(program, run),
  attempt: async (program, run) => (await import("./attempt.js")).addAttempt(program, run),
  why: async (program, run) => (await import("./why.js")).addWhy(program, run),
  timeline: async (program, run) => (await import("./timeline.js")).addTimeline(program, run),
  backup: async (program, run) => (await import("./backup.js")).addBackup(program, run),
  database: async (program, run) => (await import("./database.js")).addDatabase(program, run),
  audit: async (program, run) => (await import("./audit.js")).addAudit(program, run),
  outbox: async (program, run) => (await import("./outbox.js")).addOutbox(program, run),
  servers: async (program, run) => (await import("./installation.js")).addServers(program, run),
  usage: async (program, run) => (await import("./installation.js")).addUsage(program, run),
  doctor: async (program, run) => (await import("./doctor.js")).addDoctor(program, run),
};

/** The beginning of every error, and of commander's. */
const PREFIX = "invigil: ";
const ERROR = /^error: /;

/** The exit code after a command line that is wrong. Any other failure has the code 1. */
const USAGE = 2;
/** The exit code after Ctrl-C, as of any program that the signal ends. */
const INTERRUPTED = 130;

/** Prints the help of a command of any depth. Commander's own looks only for the first word. */
const addHelp = (program: Command): void => {
  program
    .helpCommand(false)
    .command("help [command...]")
    .description("display help for command")
    .action((names: readonly string[]) => {
      let command = program;
      for (const name of names)
        command =
          command.commands.find((one) => one.name() === name) ??
          command.error(`error: unknown command '${name}'`);
      command.help();
    });
};

/** Commander's program, which prints to the streams of the run and throws where it would end the process. */
const createProgram = ({ io: { stdout, stderr } }: CommandRun, json: boolean): Command =>
  new Command("invigil")
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // Commander says "error: …".
      outputError: (text, write) => {
        if (!json) write(shownLines(text.replace(ERROR, PREFIX)));
      },
      // Commander asks for the width, and declares that undefined means its default.
      getOutHelpWidth: () => (stdout.isTTY ? stdout.columns : undefined) as number,
      getErrHelpWidth: () => (stderr.isTTY ? stderr.columns : undefined) as number,
    })
    .exitOverride()
    .description("The backend of remote proctoring.")
    .version(version)
    .option("--as <name>", "your name for the audit, where several people share this user", operatorName)
    .showHelpAfterError(!json && "Run with --help for a list of commands and options.");

const addCommands = async (program: Command, run: CommandRun, asked = ""): Promise<void> => {
  const add = Object.hasOwn(COMMANDS, asked) ? COMMANDS[asked] : undefined;
  if (add) await add(program, run);
  else for (const addOne of Object.values(COMMANDS)) await addOne(program, run);
};

/** Names of fields that differ from those of the options and arguments for them. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  start: ["startTime"],
  end: ["endTime"],
  at: ["startTime"],
  exam: ["examId"],
  room: ["roomId"],
  user: ["userId"],
  actor: ["actorId"],
  person: ["personId"],
  clip: ["clipId"],
  attachment: ["attachmentId"],
  "file|url": ["file", "url"],
  shuffle: ["seed"],
};

/** Replaces field names in a message by the options and arguments with which they were entered. */
const withOptionNames = (message: string, { options, registeredArguments }: Command): string => {
  const entered = [
    ...options.map((option) => [option.attributeName(), option.long ?? option.flags] as const),
    ...registeredArguments.map((argument) => [argument.name(), `<${argument.name()}>`] as const),
  ];
  return entered
    .flatMap(([name, shown]) => [name, ...(FIELDS[name] ?? [])].map((field) => [field, shown] as const))
    .reduce((text, [field, shown]) => {
      // A single-word field name may be an ordinary word, except at the start of a message.
      const named = /[A-Z]/.test(field) ? `\\b${field}\\b` : `^${field}(?= (must|is|has|cannot) )`;
      return text.replace(new RegExp(named), shown);
    }, message);
};

/** Names the path that cannot be used. */
const systemErrorText = (error: NodeJS.ErrnoException): string => {
  const reason = reasonOfSystem(error);
  return error.path === undefined
    ? `The operating system refuses ${error.syscall}: ${reason}`
    : `The path ${error.path} cannot be used: ${reason}`;
};

/** The error that a run prints. */
interface Complaint {
  /** The code of the API. Absent for errors that only commands have. */
  readonly code?: ErrorCode;
  readonly message: string;
  readonly exitCode: number;
}

/** Describes an error. Errors that people can fix get one line, and internal errors keep their stack trace. */
const complaintOf = (error: unknown, command: Command): Complaint => {
  if (error instanceof CommanderError)
    return {
      code: "INVALID_INPUT",
      message: error.message.replace(ERROR, ""),
      exitCode: error.exitCode && USAGE,
    };
  if (error instanceof SetupError)
    return { message: error.message, exitCode: error instanceof InterruptedError ? INTERRUPTED : 1 };
  if (error instanceof InvigilError || error instanceof TRPCError || isStorageFull(error)) {
    const { code, message } = failureOfCall(error);
    if (code !== "INTERNAL")
      return {
        code,
        message: withOptionNames(message, command),
        exitCode: code === "INVALID_INPUT" ? USAGE : 1,
      };
  }
  if (isSystemError(error)) return { message: systemErrorText(error), exitCode: 1 };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: "INTERNAL", message, exitCode: 1 };
};

/** Resolves when the output is written and its errors are reported. */
const outputIsWritten = async ({ stdout }: CommandIo): Promise<void> => {
  if (stdout.writableLength > 0) await new Promise((resolve) => void stdout.write("", resolve));
  // Streams emit errors of a write in a later tick.
  await setImmediate();
};

/**
 * Runs `invigil` with these arguments. Resolves with the exit code when all output is written. The streams belong
 * to this run: it reports their errors, and ends none of them.
 */
export const runCommand = async (args: readonly string[], io: CommandIo): Promise<number> => {
  const run: CommandRun = { io, exitCode: 0 };
  // This is set before commander reads the arguments, so that its errors are JSON, too.
  const json = args.includes("--json");
  const fail = ({ exitCode, ...error }: Complaint): void => {
    io.stderr.write(`${json ? jsonText({ error }) : shownLines(`${PREFIX}${error.message}`)}\n`);
    run.exitCode = exitCode;
  };
  io.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // The reader closed the pipe, as in `| head`.
    if (error.code !== "EPIPE")
      fail({ message: `cannot write the output: ${reasonOfSystem(error)}`, exitCode: 1 });
  });

  const program = createProgram(run, json);
  let running = program;
  program.hook("preAction", (_, command) => {
    running = command;
    run.as = program.opts<{ as?: string }>().as;
  });
  try {
    await addCommands(program, run, args[0]);
    addHelp(program);
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    const complaint = complaintOf(error, running);
    // Commander has printed the help, and its own errors for people.
    if (error instanceof CommanderError && (!json || complaint.exitCode === 0))
      run.exitCode = complaint.exitCode;
    else fail(complaint);
  }
  await outputIsWritten(io);
  return run.exitCode;
};
