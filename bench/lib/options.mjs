// What the command is given.
import { parseArgs } from "node:util";

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

const refuse = (message) => {
  console.error(message);
  process.exit(2);
};

export const readOptions = () => {
  try {
    const { values } = parseArgs({
      options: {
        row: { type: "string", multiple: true },
        list: { type: "boolean" },
        quick: { type: "boolean" },
        markdown: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (!values.help) return values;
    console.log(USAGE);
    return process.exit();
  } catch (error) {
    return refuse(`${error.message}\n${USAGE}`);
  }
};

/** The rows with these names, or all of them; each group as far as something of it is wanted. */
export const chosenGroups = (groups, names) => {
  const known = groups.flat().map(({ name }) => name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) refuse(`There is no row ${unknown}. There are: ${known.join(", ")}`);
  const isWanted = ({ name }) => !names || names.includes(name);
  return groups.map((rows) => rows.filter(isWanted)).filter((rows) => rows.length > 0);
};
