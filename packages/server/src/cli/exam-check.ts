import type { CheckCode, CheckItem } from "@invigil/schema";
import type { Command } from "commander";
import { jsonOption } from "./arguments.js";
import { withLocalApp } from "./local-app.js";
import { findExam } from "./lookup.js";
import { count, print, table } from "./output.js";
import type { CommandRun } from "./run.js";

/** The texts of an item: what was found, and what to do about it. */
interface Words {
  readonly found: (numbers: CheckItem["numbers"], item: CheckItem) => string;
  readonly todo: string;
}

const people = (number = 0): string => count(number, "person", "people");
const rooms = (number = 0): string => count(number, "room");
const setOr = ({ settings }: CheckItem): string =>
  settings.length > 0 ? `not set: ${settings.join(", ")}` : "set";

const WORDS: Readonly<Record<CheckCode, Words>> = {
  times: {
    found: ({ minutes = 0, startsInMinutes = 0 }) =>
      `${count(minutes, "minute")}, ${startsInMinutes < 0 ? "has begun" : `starts in ${count(startsInMinutes, "minute")}`}`,
    todo: "The exam is over: `invigil exam update` changes its times.",
  },
  roster: {
    found: ({ examinees = 0, teachers = 0, inspectors = 0 }) =>
      `${count(examinees, "examinee")}; in rooms ${count(teachers, "teacher")}, ${count(inspectors, "inspector")}`,
    todo: "`invigil roster import`.",
  },
  rooms: {
    found: ({ rooms: open, ended = 0 }) => `${rooms(open)} in progress${ended > 0 ? `, ${ended} ended` : ""}`,
    todo: "`invigil room reopen` if rooms have ended, otherwise `invigil exam plan`.",
  },
  seats: {
    found: ({ examinees = 0, staff = 0 }) =>
      `${count(examinees, "examinee")} and ${count(staff, "teacher or inspector", "teachers and inspectors")} without a room`,
    todo: "`invigil exam plan`.",
  },
  teachers: {
    found: (numbers) => `${rooms(numbers.rooms)} without a teacher`,
    todo: "`invigil exam plan` with --teachers, or `invigil roster move`.",
  },
  staff_access: {
    found: (numbers) => `${people(numbers.people)} without an account, a link or a code`,
    todo: "`invigil account add`, or `invigil room links`.",
  },
  links: {
    found: (numbers) => `${people(numbers.people)} without a link or a code`,
    todo: "`invigil room links`: none were made since these people were added.",
  },
  join_codes: {
    found: (_, item) => setOr(item),
    todo: "Cards have links instead, which people cannot type.",
  },
  web_apps: { found: (_, item) => setOr(item), todo: "Set them to the URLs of the web apps." },
  audio: {
    found: ({ scheduled = 0, outside = 0, missingFiles = 0 }) =>
      `${count(scheduled, "clip")} scheduled, ${outside} outside of the exam, ${count(missingFiles, "file")} missing`,
    todo: "`invigil exam update` with --schedule; for files, `invigil doctor`.",
  },
  cheat_config: {
    found: (_, { status }) => (status === "ok" ? "set" : "none"),
    todo: "The apps decide what they detect.",
  },
  detectors: {
    found: ({ detectors = 0 }) => `${count(detectors, "detector")} on the candidate's page`,
    todo: "The page looks for nothing: choose detectors in the console, or with `exam.update`.",
  },
  consent: {
    found: ({ version = 0 }) => (version === 0 ? "the page's standard text" : `version ${version}`),
    todo: "",
  },
  streams: { found: (_, item) => setOr(item), todo: "See `invigil doctor`." },
  capacity: {
    found: ({ examinees = 0, streams = 0, limit = 0 }) =>
      `${count(examinees, "examinee")} with ${streams} streams at the same time, of ${limit}`,
    todo: "See `invigil doctor`.",
  },
  services: {
    found: (_, { services }) => services.map(({ name, state }) => `${name} ${state}`).join(", "),
    todo: "See `invigil doctor`.",
  },
  storage: {
    found: ({ freeMiB, reserveMiB = 0 }) =>
      freeMiB === undefined ? "not checked" : `${freeMiB} MiB free, of which ${reserveMiB} MiB are reserved`,
    todo: "Free disk space before the exam.",
  },
};

const rowOf = (item: CheckItem): string[] => {
  const { found, todo } = WORDS[item.code];
  const named = [
    ...item.people.map(({ userId, name }) => `${userId} ${name}`),
    ...item.rooms.map(({ name }) => name),
  ];
  const who = named.length > 0 ? `: ${named.join(", ")}` : "";
  return [
    item.code.replaceAll("_", " "),
    item.status,
    found(item.numbers, item) + who,
    item.status === "ok" ? "" : todo,
  ];
};

/** Adds the command `exam check`. */
export const addCheck = (exam: Command, run: CommandRun): void => {
  exam
    .command("check")
    .description("say what is missing for an exam; fails if it cannot be held like this")
    .argument("<exam>", "the id or name of the exam")
    .addOption(jsonOption())
    .action((text: string, { json }: { json?: true }) =>
      withLocalApp(run, async ({ call }) => {
        const { id: examId } = await findExam(call, text);
        const checked = await call.exam.check({ examId });
        const many = (status: CheckItem["status"]) =>
          checked.items.filter((item) => item.status === status).length;
        print(run, json, checked, () =>
          [
            table(["CHECK", "STATUS", "FOUND", "WHAT TO DO"], checked.items.map(rowOf)),
            `${count(checked.items.length, "check")}: ${many("missing")} missing, ${many("attention")} for attention`,
          ].join("\n"),
        );
        if (many("missing") > 0) run.exitCode = 1;
      }),
    );
};
