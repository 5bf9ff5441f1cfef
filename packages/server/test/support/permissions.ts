import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TestCaller } from "../../src/app/testing.js";

// Who may make which calls, as docs/api/permissions.md says, with a row per call and a column per caller. `permissions.test.ts` tries them.

interface Place {
  readonly id: string;
  readonly examId: string;
}
/** The callers, by column. */
export const callersOf = ({ room, sibling, other }: Readonly<Record<"room" | "sibling" | "other", Place>>) =>
  ({
    admin: { sub: "root", role: "admin" },
    teacher: { sub: "teacher1", role: "teacher" },
    inspector: { sub: "inspector1", role: "inspector" },
    examinee: { sub: "examinee1", role: "examinee" },
    // People of other rooms: one of the same exam, and one of another exam.
    siblingTeacher: { sub: "teacher3", role: "teacher" },
    siblingInspector: { sub: "inspector3", role: "inspector" },
    siblingExaminee: { sub: "examinee3", role: "examinee" },
    otherTeacher: { sub: "teacher2", role: "teacher" },
    otherInspector: { sub: "inspector2", role: "inspector" },
    otherExaminee: { sub: "examinee9", role: "examinee" },
    // Tokens whose role differs from the person's role in the room.
    falseTeacher: { sub: "examinee1", role: "teacher" },
    falseInspector: { sub: "examinee1", role: "inspector" },
    // Tokens that are bound to a room or an exam.
    adminHere: { sub: "root", role: "admin", room: room.id },
    adminOtherRoom: { sub: "root", role: "admin", room: other.id },
    adminOtherExam: { sub: "root", role: "admin", exam: other.examId },
    teacherHere: { sub: "teacher1", role: "teacher", room: room.id },
    teacherThisExam: { sub: "teacher1", role: "teacher", exam: room.examId },
    teacherSibling: { sub: "teacher1", role: "teacher", room: sibling.id },
    teacherOtherRoom: { sub: "teacher1", role: "teacher", room: other.id },
    teacherOtherExam: { sub: "teacher1", role: "teacher", exam: other.examId },
    inspectorHere: { sub: "inspector1", role: "inspector", room: room.id },
    examineeHere: { sub: "examinee1", role: "examinee", room: room.id },
    examineeOtherRoom: { sub: "examinee1", role: "examinee", room: other.id },
    // After everybody else, when the room has ended.
    examineeOfEnded: { sub: "examinee1", role: "examinee" },
  }) satisfies Record<string, TestCaller>;
export type CallerName = keyof ReturnType<typeof callersOf>;

/** The columns, in groups. */
const GROUPS: readonly {
  readonly who: string;
  readonly columns: readonly (readonly [letter: string, caller: CallerName])[];
}[] = [
  {
    who: "an administrator, and the teacher, an inspector and an examinee of the room",
    columns: [
      ["a", "admin"],
      ["t", "teacher"],
      ["i", "inspector"],
      ["e", "examinee"],
    ],
  },
  {
    who: "the same people of another room of the exam",
    columns: [
      ["t", "siblingTeacher"],
      ["i", "siblingInspector"],
      ["e", "siblingExaminee"],
    ],
  },
  {
    who: "the same people of another exam",
    columns: [
      ["t", "otherTeacher"],
      ["i", "otherInspector"],
      ["e", "otherExaminee"],
    ],
  },
  {
    who: "an examinee of the room with a token for a teacher, and for an inspector",
    columns: [
      ["t", "falseTeacher"],
      ["i", "falseInspector"],
    ],
  },
  {
    who: "an administrator whose token is bound to the room, to a room of another exam, and to another exam",
    columns: [
      ["a", "adminHere"],
      ["a", "adminOtherRoom"],
      ["a", "adminOtherExam"],
    ],
  },
  {
    who: "the teacher with a token bound to the room, to the exam, to another room of the exam, to a room of another exam, and to another exam",
    columns: [
      ["t", "teacherHere"],
      ["t", "teacherThisExam"],
      ["t", "teacherSibling"],
      ["t", "teacherOtherRoom"],
      ["t", "teacherOtherExam"],
    ],
  },
  { who: "the inspector with a token bound to the room", columns: [["i", "inspectorHere"]] },
  {
    who: "the examinee with a token bound to the room, and to a room of another exam",
    columns: [
      ["e", "examineeHere"],
      ["e", "examineeOtherRoom"],
    ],
  },
  { who: "the examinee, when the room has ended", columns: [["e", "examineeOfEnded"]] },
];
const COLUMNS: readonly CallerName[] = GROUPS.flatMap(({ columns }) => columns.map(([, name]) => name));

const MARKS = {
  ok: "+",
  FORBIDDEN: ".",
  PROVIDER_NOT_CONFIGURED: "p",
  EXAM_CONFLICT: "c",
  AUDIO_CLIP_NOT_FOUND: "n",
  ROOM_ENDED: "x",
} as const;
export type Outcome = keyof typeof MARKS;
/** What came of a call, by caller. */
export type Outcomes = Readonly<Record<CallerName, Outcome>>;
// Safe: the keys are those outcomes.
const OUTCOMES = new Map(
  (Object.keys(MARKS) as Outcome[]).map((outcome) => [MARKS[outcome] as string, outcome]),
);

/** @throws if the page has no mark for an outcome: then the call is no good example */
export function assertOutcomes(
  row: string,
  seen: Partial<Record<CallerName, string>>,
): asserts seen is Partial<Outcomes> {
  for (const outcome of Object.values(seen))
    if (!(outcome in MARKS))
      throw new Error(`the call of ${row} in test/support/procedure-calls.ts fails with ${outcome}`);
}

export const PERMISSIONS_PAGE = fileURLToPath(
  new URL("../../../../docs/api/permissions.md", import.meta.url),
);
/** A line of the table: a call, at least two spaces, and a mark for each caller. */
const LINE = /^(\w+\.\w.*?) {2,}(\S.*)$/;

/** The outcomes of each call, as the page says. */
export const permissions: ReadonlyMap<string, Partial<Outcomes>> = new Map(
  readFileSync(PERMISSIONS_PAGE, "utf8")
    .split("\n")
    .flatMap((line) => {
      const [, name, cells = ""] = LINE.exec(line) ?? [];
      const marks = cells.replaceAll(" ", "");
      if (name === undefined) return [];
      const outcomes = COLUMNS.map((column, index) => [column, OUTCOMES.get(marks[index] ?? "")] as const);
      // Safe: the keys are the names of the columns.
      return [[name, Object.fromEntries(outcomes) as Partial<Outcomes>] as const];
    }),
);

/** Writes the page. */
export const permissionsPage = (rows: readonly (readonly [name: string, outcomes: Outcomes])[]): string => {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const line = (name: string, mark: (column: readonly [letter: string, caller: CallerName]) => string) =>
    `${name.padEnd(width)}${GROUPS.map(({ columns }) => columns.map(mark).join("")).join(" ")}`;
  return `# Who may call what, as tried

<!-- Written by packages/server/test/permissions.test.ts. Do not edit. -->

A test makes each call as each of these callers: in-process, over HTTP and, where there is one, on the documented REST path. It compares the outcomes with this
page, and with what the procedures [declare](README.md#who-may-call-what). All calls are about one room, or about its exam. What a call does is in
\`packages/server/test/support/procedure-calls.ts\`.

The columns, in groups:

${GROUPS.map(({ who, columns }) => `- \`${columns.map(([letter]) => letter).join("")}\`: ${who}`).join("\n")}

\`+\` is allowed, and \`.\` is refused with \`FORBIDDEN\`. These are allowed and fail for another reason: \`p\` with \`PROVIDER_NOT_CONFIGURED\`, \`c\` with
\`EXAM_CONFLICT\`, because the exam has rooms, \`n\` with \`AUDIO_CLIP_NOT_FOUND\`, and \`x\` with \`ROOM_ENDED\`. None of these callers has the token of a login, which \`auth.refresh\` and
\`auth.changePassword\` need.

\`\`\`
${line("", ([letter]) => letter)}
${rows.map(([name, outcomes]) => line(name, ([, caller]) => MARKS[outcomes[caller]])).join("\n")}
\`\`\`
`;
};

/** Whether a call is refused for everybody, with a token as well as without. */
export const isRefusedToAll = (row: string): boolean =>
  Object.values(permissions.get(row) ?? { nobody: "ok" }).every((outcome) => outcome === "FORBIDDEN");
