import type { Writable } from "node:stream";

type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** The parts of its process that a command uses. `process` itself has this type. */
export interface CommandIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
}

/** One run of a command. */
export interface CommandRun {
  readonly io: CommandIo;
  /** The exit code with which the run ends. Commands set it when they fail without an error. */
  exitCode: number;
  /** The name that the person who runs the command gives, where several people share a user of the operating system. */
  as?: string | undefined;
}
