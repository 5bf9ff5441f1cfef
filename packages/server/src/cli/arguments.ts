import { type Command, InvalidArgumentError, Option } from "commander";

// How what is typed is read.

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `8h` as seconds. */
export const duration = (text: string): number => {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = Number(number) * (SECONDS[unit ?? ""] ?? Number.NaN);
  if (!(seconds > 0)) throw new InvalidArgumentError("Write a number and s, m, h or d, as in 8h.");
  return seconds;
};

/** A whole number, for the procedure's schema to judge. */
export const wholeNumber = (text: string): number => {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError("Write a whole number.");
  return Number(text);
};

/** The option that every command has. */
export const jsonOption = (): Option => new Option("--json", "print JSON, for programs");

/** The command of this name, for one file more to add to: the first that asks makes it. */
export const commandNamed = (program: Command, name: string): Command =>
  program.commands.find((command) => command.name() === name) ?? program.command(name);
