// The options and the progress output of the benchmark's commands.
import { parseArgs } from "node:util";

const IS_NUMBER = /^[1-9]\d{0,8}$/;

/**
 * Reads the options of a command. `--help` prints its usage.
 * @param {Record<string, number | undefined>} [given.numbers] the defaults of the options that are whole numbers from 1
 * @returns the values and positionals, and a function that ends the process with a message about wrong options
 */
export const readCommandLine = ({ usage, options = {}, numbers = {}, allowPositionals = false }) => {
  const refuse = (message) => {
    console.error(`${message}\n${usage}`);
    process.exit(2);
  };
  const named = Object.keys(numbers);
  const parse = () => {
    try {
      return parseArgs({
        allowPositionals,
        options: {
          ...options,
          ...Object.fromEntries(named.map((name) => [name, { type: "string" }])),
          help: { type: "boolean", short: "h" },
        },
      });
    } catch (error) {
      return refuse(error.message);
    }
  };
  const { values, positionals } = parse();
  if (values.help) {
    console.log(usage);
    process.exit();
  }
  const wrong = named.find((name) => values[name] !== undefined && !IS_NUMBER.test(values[name]));
  if (wrong) refuse(`--${wrong} must be a whole number from 1.`);
  const numberOf = (name) => (values[name] === undefined ? numbers[name] : Number(values[name]));
  return {
    options: { ...values, ...Object.fromEntries(named.map((name) => [name, numberOf(name)])) },
    positionals,
    refuse,
  };
};

/** Updates one line of a terminal. Writes nothing if the output is not a terminal. */
export const say = (text) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text.slice(0, process.stderr.columns - 1)}`);
};
