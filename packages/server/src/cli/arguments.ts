import { userIdSchema } from "@invigil/schema";
import { type Command, InvalidArgumentError, Option } from "commander";

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Parses `8h` into seconds. */
export const parseDuration = (text: string): number => {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = Number(number) * (SECONDS[unit ?? ""] ?? Number.NaN);
  if (!(seconds > 0)) throw new InvalidArgumentError("Specify a number and s, m, h or d, for example 8h.");
  return seconds;
};

/** Parses a whole number. The schema of the procedure checks its range. */
export const parseWholeNumber = (text: string): number => {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError("Specify a whole number.");
  return Number(text);
};

/** Parses a user id. */
export const parseUserId = (text: string): string => {
  const id = userIdSchema.safeParse(text);
  if (!id.success) throw new InvalidArgumentError(`It ${id.error.issues[0]?.message}.`);
  return id.data;
};

/** Parses the name of the person who runs a command. */
export const operatorName = (text: string): string => {
  const name = text.trim();
  if (!/^\P{Cc}{1,64}$/u.test(name))
    throw new InvalidArgumentError("Specify 1 to 64 characters without control characters.");
  return name;
};

/** The option of every command. */
export const jsonOption = (): Option => new Option("--json", "print JSON");

/** The option of commands that create something with an id. */
export const quietOption = (): Option => new Option("-q, --quiet", "print only the id");

/** The option of commands that list what has ids. */
export const quietListOption = (): Option => new Option("-q, --quiet", "print only the ids, one a line");

/** Returns the command with this name, which several modules extend. The first call creates it. */
export const findOrAddCommand = (program: Command, name: string): Command =>
  program.commands.find((command) => command.name() === name) ?? program.command(name);
