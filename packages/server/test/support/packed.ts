// The compiled launcher, which derives the location of the program from its own.
const launcher = new URL("../../dist/cli/packed.js", import.meta.url).href;
const { isPacked }: typeof import("../../src/cli/packed.js") = await import(launcher);

/** Whether `invigil` starts from the packed files. It uses the compiled files if they are newer. */
export const isPackedStart = (): boolean => isPacked();
