#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { roles } from "@invigil/schema";
import { Command, InvalidArgumentError, Option } from "commander";
import { signToken } from "./auth.js";
import { parseConfig, readEnvironment } from "./config.js";
import { startDemo } from "./demo/start.js";
import { createIds } from "./ids.js";
import { authSecretOf, startServer, untilSignal } from "./main.js";
import { SetupError } from "./setup-error.js";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };
const duration = (text: string): number => {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = Number(number) * (SECONDS[unit ?? ""] ?? Number.NaN);
  if (!(seconds > 0)) throw new InvalidArgumentError("Write a number and s, m, h or d, as in 8h.");
  return seconds;
};

const program = new Command("invigil")
  .description("The backend of remote proctoring.")
  .version(version)
  .showHelpAfterError("Run with --help for what there is.");

program
  .command("serve")
  .description("serve both doors until SIGTERM or SIGINT; settings come from the environment and .env")
  .option("--demo", "make a demo room and a starter audio library, and print how to call them")
  .action(async ({ demo }: { demo?: true }) => {
    const environment = readEnvironment();
    const config = parseConfig(
      demo ? { INVIGIL_DEMO_EXAMINEES: "5", INVIGIL_LOG_LEVEL: "warn", ...environment } : environment,
    );
    const server = await startServer(config);
    if (demo) process.stdout.write(await startDemo(server));
    await untilSignal(server);
  });

interface TokenOptions {
  role: (typeof roles)[number];
  user: string;
  room?: string;
  exam?: string;
  name?: string;
  ttl: number;
  json?: true;
}
program
  .command("token")
  .description("print a token signed with this installation's secret")
  .addOption(new Option("--role <role>", "what its holder may do").choices(roles).makeOptionMandatory())
  .requiredOption("--user <id>", "its holder's user id")
  .option("--room <id>", "works only in this room")
  .option("--exam <id>", "works only in this exam")
  .option("--name <name>", "its holder's name")
  .option("--ttl <time>", "how long it is valid: a number and s, m, h or d", duration, duration("8h"))
  .option("--json", "print an object with the token and when it expires")
  .action(async ({ role, user, room, exam, name, ttl, json }: TokenOptions) => {
    const config = parseConfig(readEnvironment());
    if (!config.authSecret && config.databaseFile === ":memory:") {
      throw new SetupError(
        "INVIGIL_AUTH_SECRET must be set: a server that keeps nothing has a new one at every start",
      );
    }
    const clock = () => new Date();
    const token = await signToken(
      { userId: user, role, roomId: room, examId: exam, name, ttlSeconds: ttl },
      { secret: authSecretOf(config), clock, jti: createIds({ clock }).next() },
    );
    const expiresAt = new Date(clock().getTime() + ttl * 1000).toISOString();
    process.stdout.write(`${json ? JSON.stringify({ token, expiresAt }) : token}\n`);
  });

/** What people can mend gets one line; a fault of ours keeps its stack for the report. */
const complaint = (error: unknown): string => {
  if (error instanceof SetupError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`invigil: ${complaint(error)}\n`);
  process.exitCode = 1;
}
