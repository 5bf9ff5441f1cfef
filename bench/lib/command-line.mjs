// What the commands of the benchmark are given, and what they say meanwhile.
import { parseArgs } from "node:util";

/**
 * Reads the options of a command. `--help` prints its usage.
 * @returns the values and positionals, and a function that refuses them with a message and ends the process
 */
export const readCommandLine = ({ usage, options, allowPositionals = false }) => {
  const refuse = (message) => {
    console.error(`${message}\n${usage}`);
    process.exit(2);
  };
  try {
    const { values, positionals } = parseArgs({
      allowPositionals,
      options: { ...options, help: { type: "boolean", short: "h" } },
    });
    if (!values.help) return { options: values, positionals, refuse };
  } catch (error) {
    return refuse(error.message);
  }
  console.log(usage);
  return process.exit();
};

/** Writes over one line of a terminal. Writes nothing elsewhere. */
export const say = (text) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text.slice(0, process.stderr.columns - 1)}`);
};
