#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { TRPCError } from "@trpc/server";
import { Command } from "commander";
import { addRoom } from "./cli/room.js";
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
