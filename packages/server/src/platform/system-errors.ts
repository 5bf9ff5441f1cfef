import { getSystemErrorMap } from "node:util";

/** Whether the operating system refused a call. */
export const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error && "code" in error;

/** Returns the reason of the operating system in words, such as "permission denied". */
export const reasonOfSystem = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { errno, code, message }: NodeJS.ErrnoException = error;
  return getSystemErrorMap().get(errno ?? 0)?.[1] ?? code ?? message;
};
