import type { TestCaller } from "../../src/app/testing.js";
import type { School } from "./school.js";

// A table of all permissions, with a row per procedure and a column per caller.

/** The callers, by column. */
export const callersOf = ({ room, sibling, other }: School) =>
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
  }) satisfies Record<string, TestCaller>;
export type CallerName = keyof ReturnType<typeof callersOf>;

const COLUMNS: readonly CallerName[] = [
  "admin",
  "teacher",
  "inspector",
  "examinee",
  "siblingTeacher",
  "siblingInspector",
  "siblingExaminee",
  "otherTeacher",
  "otherInspector",
  "otherExaminee",
  "falseTeacher",
  "falseInspector",
  "adminHere",
  "adminOtherRoom",
  "adminOtherExam",
  "teacherHere",
  "teacherThisExam",
  "teacherSibling",
  "teacherOtherRoom",
  "teacherOtherExam",
  "inspectorHere",
  "examineeHere",
  "examineeOtherRoom",
];

export type Outcome =
  | "ok"
  | "FORBIDDEN"
  | "PROVIDER_NOT_CONFIGURED"
  | "EXAM_CONFLICT"
  | "AUDIO_CLIP_NOT_FOUND";
const OUTCOMES: Readonly<Record<string, Outcome>> = {
  "+": "ok",
  ".": "FORBIDDEN",
  p: "PROVIDER_NOT_CONFIGURED",
  s: "FORBIDDEN",
  c: "EXAM_CONFLICT",
  n: "AUDIO_CLIP_NOT_FOUND",
};

/**
 * The outcome of each call: `+` allowed, `.` refused. Further outcomes of allowed calls: no provider is
 * configured (`p`), the exam has rooms (`c`), there is no such clip (`n`), or the call needs a session, which
 * these callers do not have (`s`). The columns are those above, in groups: the room's people, people of another
 * room, people of another exam, false roles, bound tokens (three of an administrator, five of a teacher, one of
 * an inspector, two of an examinee). Calls are about `room` or its exam.
 */
const TABLE = `
                                 atie tie tie ti aaa ttttt i ee
auth.whoami                      ++++ +++ +++ ++ +++ +++++ + ++
auth.login                       ++++ +++ +++ ++ +++ +++++ + ++
auth.refresh                     ssss sss sss ss sss sssss s ss
auth.logout                      ++++ +++ +++ ++ +++ +++++ + ++
auth.changePassword              ssss sss sss ss sss sssss s ss
auth.issueToken                  ++.. ... ... .. +.. ++... . ..
auth.issueToken, of the exam     +... ... ... .. ... ..... . ..
auth.issueToken, of no room      +... ... ... .. ... ..... . ..
auth.revokeToken                 +... ... ... .. ... ..... . ..
account.create                   +... ... ... .. ... ..... . ..
account.list                     +... ... ... .. ... ..... . ..
account.disable                  +... ... ... .. ... ..... . ..
account.enable                   +... ... ... .. ... ..... . ..
account.setPassword              +... ... ... .. ... ..... . ..
audit.list                       +... ... ... .. ... ..... . ..
room.create                      ++.. +.. +.. +. ... ..... . ..
room.create, in the exam         ++.. +.. ... .. ... .+... . ..
room.get                         ++++ ... ... .. +.. ++... + +.
room.end                         ++.. ... ... .. +.. ++... . ..
room.reopen                      +... ... ... .. +.. ..... . ..
room.setAudioStatus              ++.. ... ... .. +.. ++... . ..
room.list                        ++.. +.. +.. +. +++ ++..+ . ..
room.joinLinks                   ++.. ... ... .. +.. ++... . ..
room.joinLinks, of the exam      ++.. +.. ... .. +.. ++... . ..
room.joinCodes                   ++.. ... ... .. +.. ++... . ..
room.joinCodes, of the exam      ++.. +.. ... .. +.. ++... . ..
room.revokeLinks                 ++.. ... ... .. +.. ++... . ..
room.presence                    +++. ... ... .. +.. ++... + ..
room.snapshot                    ++++ ... ... .. +.. ++... + +.
room.onEvent                     ++++ ... ... .. +.. ++... + +.
exam.create                      ++.. +.. +.. +. ... ..... . ..
exam.get                         ++++ +++ ... .. +.. ++... + +.
exam.update                      ++.. ... ... .. ... .+... . ..
exam.list                        +++. ++. ++. ++ +++ ++... + ..
exam.delete                      cc.. ... ... .. ... .c... . ..
exam.delete, without rooms       ++.. ... ... .. ... ..... . ..
exam.listDeleted                 +... ... ... .. ... ..... . ..
exam.restore                     +... ... ... .. ... ..... . ..
exam.erase                       +... ... ... .. ... ..... . ..
exam.plan                        ++.. ... ... .. ... .+... . ..
exam.snapshot                    +.+. .+. ... .. +.. ..... + ..
exam.onEvent                     +.+. .+. ... .. +.. ..... + ..
participant.get                  ++++ ... ... .. +.. ++... + +.
participant.list                 +++. ... ... .. +.. ++... + ..
participant.add                  ++.. ... ... .. +.. ++... . ..
participant.move                 +... ... ... .. ... ..... . ..
participant.move, in reach       ++.. ... ... .. ... .+... . ..
participant.import               ++.. ... ... .. ... .+... . ..
participant.import, into a room  ++.. ... ... .. +.. ++... . ..
participant.remove               ++.. ... ... .. +.. ++... . ..
participant.remove, records      +... ... ... .. ... ..... . ..
participant.listUnseated         ++.. ... ... .. ... .+... . ..
participant.locate               ++.. ... ... .. ... .+... . ..
participant.removeFromExam       ++.. ... ... .. ... .+... . ..
participant.removeFromExam, records  +... ... ... .. ... ..... . ..
audio.list                       +++. ++. ++. ++ +++ +++++ + ..
audio.create                     ++.. +.. +.. +. ... ..... . ..
audio.create, a default one      +... ... ... .. ... ..... . ..
audio.update                     +... ... ... .. ... ..... . ..
audio.update, the teacher's      ++.. ... ... .. ... ..... . ..
audio.update, to a default one   +... ... ... .. ... ..... . ..
audio.delete                     nn.. n.. n.. n. ... ..... . ..
audio.delete, the teacher's      ++.. ... ... .. ... ..... . ..
audio.attach                     ++.. ... ... .. ... .+... . ..
audio.detach                     nn.. ... ... .. ... .n... . ..
audio.detach, an attached one    ++.. ... ... .. ... .+... . ..
cheat.setConfig                  ++.. +.. ... .. ... .+... . ..
cheat.getConfig                  ++++ +++ ... .. +.. ++... + +.
cheat.addRecords                 ++.+ ... ... .. +.. ++... . +.
cheat.listRecords                +++. ... ... .. +.. ++... + ..
cheat.listRecords, of the exam   +++. ++. ... .. +.. ++... + ..
im.getToken                      ++++ ... ... .. +.. ++... + +.
im.getToken, of no room          ++++ +++ +++ ++ +++ +++++ + +.
im.getToken, of no service      ++++ +++ +++ ++ +++ +++++ + +.
im.getToken, commanding          ++.. +.. +.. +. +++ +++++ . ..
im.getToken, not configured      pppp ppp ppp pp ppp ppppp p p.
im.send                          ++++ ... ... .. +.. ++... + +.
im.send, an answer               ++.+ ... ... .. +.. ++... . +.
im.send, a command               ++.. ... ... .. +.. ++... . ..
im.send, the server's            .... ... ... .. ... ..... . ..
im.history                       ++++ ... ... .. +.. ++... + +.
upload.getCredentials            pppp ppp ... .. p.. pp... p p.
stream.report                    ++++ +++ +++ ++ +++ +++++ + ++
stream.listEvents                +++. ... ... .. +.. ++... + ..
`;

const rows = TABLE.trim().split("\n").slice(1);

/** The outcomes by procedure and caller. */
export const permissions: ReadonlyMap<string, Readonly<Record<CallerName, Outcome>>> = new Map(
  rows.map((row) => {
    const [name = "", ...cells] = row.split(/\s{2,}/);
    const marks = cells.join("").replaceAll(" ", "").split("");
    const outcomes = COLUMNS.map((column, index) => {
      const outcome = OUTCOMES[marks[index] ?? ""];
      if (!outcome || marks.length !== COLUMNS.length) throw new Error(`the row ${name} is not complete`);
      return [column, outcome] as const;
    });
    // Safe: the line above has checked that every column has a value.
    return [name, Object.fromEntries(outcomes) as Record<CallerName, Outcome>];
  }),
);
