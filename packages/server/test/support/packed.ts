// The launcher as it was compiled: it is its own place that tells it where the program lies.
const launcher = new URL("../../dist/cli/packed.js", import.meta.url).href;
const { isPacked }: typeof import("../../src/cli/packed.js") = await import(launcher);

/** Whether `invigil` starts from the packed files: from the compiled ones, where somebody has compiled since. */
export const isPackedStart = (): boolean => isPacked();
