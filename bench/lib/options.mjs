// What the command is given.
import { readCommandLine } from "./command-line.mjs";

const USAGE = `npm run bench -- [options]
  --row NAME    only this row; may be given more than once
  --list        name the rows
  --quick       short rounds, for a look: the figures are rough
  --markdown    print the table as Markdown
  --json        print the results as JSON
Other measurements, each with options of its own (--help):
  --cpu         what each documented REST path costs the server's processor
  --engines     what a call costs on SQLite, on PostgreSQL and with several servers, beside the limits
  --morning     a simulated morning of exams on PostgreSQL and several servers`;

export const readOptions = () =>
  readCommandLine({
    usage: USAGE,
    options: {
      row: { type: "string", multiple: true },
      list: { type: "boolean" },
      quick: { type: "boolean" },
      markdown: { type: "boolean" },
      json: { type: "boolean" },
    },
  }).options;

/** The rows with these names, or all of them; each group as far as something of it is wanted. */
export const chosenGroups = (groups, names) => {
  const known = groups.flat().map(({ name }) => name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    console.error(`There is no row ${unknown}. There are: ${known.join(", ")}`);
    process.exit(2);
  }
  const isWanted = ({ name }) => !names || names.includes(name);
  return groups.map((rows) => rows.filter(isWanted)).filter((rows) => rows.length > 0);
};
