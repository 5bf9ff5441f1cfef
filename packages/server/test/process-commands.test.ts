import { writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRongCloud, type RongCloud } from "./simulators/rongcloud.js";
import { runHere } from "./support/command.js";
import { often } from "./support/effort.js";
import { run, tempFolder, testEnv } from "./support/process.js";

// These tests run each command once successfully and once not: with full effort in a process of the packed program, and otherwise in their
// own. declarations.test.ts finds commands that are not here; commands-*.test.ts test in detail what commands print and do.

const env = {
  ...testEnv,
  INVIGIL_WATCH_APP_URL: "https://watch.school.test/",
  INVIGIL_EXAMINEE_APP_URL: "https://exam.school.test/",
};
const TIMES = ["--start", "tomorrow 09:00", "--end", "11:30"];
const ID = /^[0-9a-f]{32}\n$/;

let folder: ReturnType<typeof tempFolder>;
let rong: RongCloud;
beforeAll(async () => {
  folder = tempFolder();
  rong = await openRongCloud();
});
afterAll(async () => {
  await rong[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});
/** Adds a dead letter, as a server does that gives up a call. */
const addDeadLetter = (id: string): void => {
  const database = new Sqlite(join(folder.path, "data/invigil.db"));
  database.exec(`INSERT INTO dead_letters (id, exam_id, queue, kind, key, payload, reason, attempts, created_at, died_at)
    VALUES ('${id}', 'x', 'rong_cloud', 'send', 'g', '{"signal":{"type":1,"data":"{}"}}', 'expired', 5, 0, 0)`);
  database.close();
};

/** Adds a session, as a server does when somebody logs in. */
const addSession = (id: string, userId: string): void => {
  const database = new Sqlite(join(folder.path, "data/invigil.db"));
  const now = Date.now();
  database
    .prepare("INSERT INTO sessions (id, user_id, created_at, expires_at) VALUES (?, ?, ?, ?)")
    .run(id, userId, now, now + 3_600_000);
  database.close();
};

/** Commands that are always tried in a process: packing could break what they load, machine code and files, or what they start. */
const PACKED = new Set([
  "serve",
  "account add",
  "audio copy",
  "roster import",
  "backup create",
  "database copy",
  "database compact",
]);

const invigil = (start: typeof run | typeof runHere, name: string, args: readonly string[], input?: string) =>
  start([...name.split(" "), ...args], {
    cwd: folder.path,
    env: {
      ...env,
      INVIGIL_RONGCLOUD_APP_KEY: rong.appKey,
      INVIGIL_RONGCLOUD_APP_SECRET: rong.appSecret,
      INVIGIL_RONGCLOUD_URLS: rong.urls[0],
    },
    ...(input !== undefined && { input }),
  });

describe("every command", () => {
  /** Runs a command that succeeds, and returns what it prints. */
  const does = async (name: string, args: readonly string[], printed: RegExp, input?: string, code = 0) => {
    const start = PACKED.has(name) ? run : often(runHere, run);
    const { stdout, ...ended } = await invigil(start, name, args, input);
    expect({ name, ...ended }).toEqual({ name, code, signal: null, stderr: "" });
    expect(stdout).toMatch(printed);
    return stdout.trim();
  };
  const fails = async (name: string, args: readonly string[], complaint: string | RegExp, input?: string) => {
    const { stderr, ...ended } = await invigil(often(runHere, run), name, args, input);
    const isUsage = / option | argument|arguments| must /.test(String(complaint));
    expect({ name, ...ended }).toEqual({ name, code: isUsage ? 2 : 1, signal: null, stdout: "" });
    expect(stderr).toEqual(typeof complaint === "string" ? complaint : expect.stringMatching(complaint));
  };

  it("works", async () => {
    await does("serve", ["--check"], /^The settings are valid, .*\n$/);
    await does("doctor", [], /^CHECK .*\n\d+ checks: 0 failed, /s);
    await does("token issue", ["--role", "admin", "--user", "a"], /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const tokenId = "0".repeat(32);
    await does("token revoke", [tokenId], /^The token with the id 0+ is refused from now on\.\n$/);

    const teacher = ["t1", "--role", "teacher", "--name", "T"];
    await does("account add", teacher, /^t1 can log in \(teacher\)\.\n$/, "a password\n");
    await does("account list", [], /^USER .*\nt1 +teacher +T +active\n$/);
    await does("account passwd", ["t1", "--generate"], /^t1 [A-Za-z0-9]{20}\n$/);
    await does("account disable", ["t1", "--yes"], /^t1 can no longer log in/);
    await does("account enable", ["t1"], /^t1 can log in again\.\n$/);

    await does("account sessions", [], /^No account is signed in\.\n$/);
    addSession("s1", "t1");
    await does("account sessions", ["t1"], /^SESSION .*\ns1 +t1 +teacher /);
    await does("account end-session", ["s1"], /^The session s1 has ended\.\n$/);

    await does("audit list", ["--procedure", "account.enable"], /^TIME .*\n.* account\.enable .* t1 /);

    const exam = await does("exam create", ["--name", "Maths", ...TIMES, "-q"], ID);
    await does("exam show", ["Maths"], new RegExp(`^exam +${exam}\nname +Maths\n`));
    await does("exam update", [exam, "--name", "Arts"], /\nname +Arts\n/);
    await does("exam list", [], /^ID .*\n.* Arts\n$/);
    await does("exam series", ["Arts"], /^Nothing was counted in that time: /);
    await does("servers", [], /^A SQLite database has one server, /);
    await does("usage", [], /^IN USE .*\ndatabase \(sqlite\) .*\nINVIGIL_QUOTA_RECORDS_PER_PERSON +50000\n/s);

    const clip = await does("audio add", ["https://cdn.example/a.mp3", "--name", "A", "-q"], ID);
    await does("audio list", [], new RegExp(`^ID .*\n${clip} .* A `));
    await does("audio update", [clip, "--name", "B"], new RegExp(`\n${clip} .* B `));
    const attached = await does("audio attach", [clip, "--exam", "Arts", "-q"], ID);
    await fails("audio delete", [clip, "--yes"], `invigil: 1 exam plays the audio clip ${clip}.\n`);
    await does("audio detach", [attached, "--exam", "Arts"], /^Detached /);
    await does("audio delete", [clip, "--yes"], /^Deleted the clip /);
    await does("audio copy", ["--from", "folder:elsewhere"], /^Copied 0 audio files /);

    writeFileSync(
      join(folder.path, "people.csv"),
      "id,name,role\ne1,A,examinee\ne2,B,examinee\nt1,T,teacher\nt2,U,teacher\n",
    );
    await does("roster import", ["people.csv", "--exam", "Arts"], /^4 rows: 4 added, /);
    await does("roster list", ["--exam", "Arts"], /4 people have no room; 0 examinees sit in rooms\.\n$/);
    await does("exam plan", ["Arts", "--room-size", "1"], /Created 2 rooms and seated 2 examinees, /);
    await does("exam plans", ["Arts"], /^PLAN .*\n1 .* 2 +4 *\n$/);
    await does(
      "exam undo-plan",
      ["Arts", "--plan", "1", "--yes"],
      /^Unseated 4 people and deleted 2 rooms\.\n$/,
    );
    await does("exam plan", ["Arts", "--room-size", "1"], /Created 2 rooms and seated 2 examinees, /);
    await does("exam duplicate", ["Arts", "--name", "Resit", "--with-rooms", "--with-people", "-q"], ID);
    await does("exam check", ["Arts"], /^CHECK .*\n16 checks: [1-9] missing, /s, undefined, 1);
    await does(
      "exam delete",
      ["Resit", "--with-rooms", "--erase-now", "--yes"],
      /^Deleted the exam Resit, 2 rooms and 4 people/,
    );
    await does(
      "exam people",
      ["Arts", "--search", "a"],
      /^ID .*\ne1 +A +examinee +Room 1 +expected +unchecked +running\n\nOf all /,
    );
    await does("room list", [], /^NAME .*\n2 rooms\n$/s);
    await does("room links", ["Room 1", "--exam", "Arts"], /^Room 1\n {2}teacher t1 T, .*examinee e1 A/s);
    await does(
      "room revoke-links",
      ["Room 1", "--exam", "Arts", "--yes"],
      /^The links of 2 people into the room /,
    );
    await does("roster move", ["e1", "--exam", "Arts", "--to", "Room 2"], /^Moved e1 to Room 2\.\n$/);
    await does(
      "roster find",
      ["e1"],
      /^ID .*\ne1 +A +examinee +Arts +Room 2 .* room in progress; not connected/,
    );
    await does(
      "roster remove",
      ["e2", "--exam", "Arts", "--yes"],
      /^Removed e2 from 1 room, with 0 cheat records/,
    );
    await does("room show", ["Room 2", "--exam", "Arts"], /\n1 teacher, 0 inspectors, 1 examinee\n$/);
    await does("room events", ["Room 2", "--exam", "Arts"], /^TIME +EVENT +PERSON +DETAILS\n.* participant_/);
    const why = ["--exam", "Arts", "--user", "e1", "--reason", "other"];
    const attempt = (status: string) => new RegExp(`^ID .*\ne1 +Room 2 +changed +${status} .*\n1 changed, `);
    await does("attempt extend", [...why, "--minutes", "5"], attempt("running"));
    await does("attempt pause", why, attempt("paused"));
    await does("attempt resume", why, attempt("running"));
    await does("attempt terminate", [...why, "--yes"], attempt("terminated"));
    await does("attempt reopen", why, attempt("running"));
    await does("exam entries", ["Arts"], /^TIME .* e1 +extend +operator +\+5 minutes, other\n/s);
    await does("why", ["e1", "--exam", "Arts"], /^e1, Arts\n {2}Room 2 /);
    await does("timeline", ["e1", "--exam", "Arts"], /TIME +ROOM +EVENT +DETAILS\n.* participant_/);
    await does("room create", ["--name", "Spare", "--exam", "Arts", "--by", "t7"], ID);
    await does(
      "room rename",
      ["Spare", "--exam", "Arts", "--name", "Spare 2"],
      /^The room Spare is called Spare 2/,
    );
    await does(
      "room set-teacher",
      ["Spare 2", "t1", "--exam", "Arts"],
      /^t1 is the teacher of the room Spare 2/,
    );
    await does("roster unseat", ["t7", "--exam", "Arts"], /^Unseated t7\.\n$/);
    await does("room delete", ["Spare 2", "--exam", "Arts", "--yes"], /^The room Spare 2 is deleted\.\n$/);
    await does("room end", ["Room 2", "--exam", "Arts", "--yes"], /^The room Room 2 has ended\.\n$/);
    await does("room reopen", ["Room 2", "--exam", "Arts"], /^The room Room 2 is in progress\.\n$/);
    await does("room create", ["--name", "Late", "--by", "t9"], ID);
    await does("exam end", ["Arts", "--yes"], /^Ended 2 rooms of the exam Arts\.\n/);
    for (const room of ["Room 1", "Room 2"])
      await does("room reopen", [room, "--exam", "Arts"], /is in progress\.\n$/);

    for (const id of ["one", "two"]) addDeadLetter(id);
    await does("outbox list", [], /^ID .*\ntwo .*\none +.* rong_cloud +send +g +5 +expired\n$/);
    await does("outbox retry", ["one"], /^Added 1 task\.\n$/);
    await does("outbox drop", ["two"], /^Dropped 1 task\.\n$/);

    await does("backup create", ["saved"], /^saved: created .* 3 rooms, /);
    await does("backup verify", ["saved"], /^saved can be restored\. /);
    const toFile = ["--from", "file:data/invigil.db", "--to", "file:moved/invigil.db"];
    await does("database copy", toFile, /^TABLE .*\nCopied \d+ rows of \d+ tables in /s);
    await does("database new-epoch", [], /^A new epoch of the event log of .+invigil\.db has begun: /);
    await does("database compact", [], /^Compacted .+invigil\.db in [\d.]+ s: it has [\d.]+ MiB instead of /);
    const deletion = ["Arts", "--with-rooms", "--yes"];
    const deleted = /^Deleted the exam Arts, 2 rooms and 4 people\.\nUntil .*, 'invigil exam restore /;
    await does("exam delete", deletion, deleted);
    await does("exam restore", ["Arts", "--reopen"], /^Restored the exam Arts\.\nReopened 2 rooms\.\n$/);
    await does("exam delete", deletion, deleted);
    await does("exam erase", ["Arts", "--yes"], /^Erased the exam Arts\.\n$/);
    await does("backup restore", ["saved", "--replace"], /^Restored saved\. .*\nThe previous files are in /);
  });

  it("fails with a message, and the exit code 1 or, for a wrong command line, 2", async () => {
    const noExam = "invigil: There is no exam 'none'\n";
    const noRoom = "invigil: There is no room none.\n";
    const noAccount = "invigil: There is no account t99.\n";
    await fails("serve", ["--prot", "1"], /^invigil: unknown option '--prot'\n/);
    await fails("token issue", ["--user", "a"], /^invigil: required option '--role <role>' not specified\n/);
    await fails("token revoke", [], /^invigil: missing required argument 'tokenId'\n/);

    const boss = ["b", "--role", "boss", "--name", "B"];
    await fails(
      "account add",
      boss,
      /^invigil: option '--role <role>' argument 'boss' is invalid\. /,
      "a password",
    );
    await fails("account list", ["--role", "boss"], /^invigil: option '--role <role>' argument 'boss' is /);
    await fails("account passwd", ["t99"], noAccount, "a password\n");
    await fails("account disable", ["t99"], noAccount);
    await fails("account enable", ["t99"], noAccount);

    await fails("account sessions", ["t1", "t2"], /^invigil: too many arguments/);
    await fails("account end-session", ["none"], "invigil: There is no session none\n");

    await fails("audit list", ["--since", "soon"], /^invigil: --since must be a time like [^\n]+\n$/);

    const soon = ["--name", "E", "--start", "soon", "--end", "11:30"];
    await fails("exam create", soon, /^invigil: --start must be a time like [^\n]+\n$/);
    await fails("exam show", ["none"], noExam);
    await fails("exam update", ["none", "--name", "E"], noExam);
    await fails("exam series", ["none"], noExam);
    await fails("servers", ["--all"], /^invigil: unknown option '--all'\n/);
    await fails("usage", ["--all"], /^invigil: unknown option '--all'\n/);
    await fails("exam list", ["--all"], /^invigil: unknown option '--all'\n/);
    await fails("exam people", ["none"], noExam);
    await fails("exam entries", ["none"], noExam);
    const why = ["--exam", "none", "--reason", "other"];
    await fails("attempt pause", why, noExam);
    await fails("attempt resume", why, noExam);
    await fails("attempt terminate", why, noExam);
    await fails("attempt reopen", why, noExam);
    await fails("attempt extend", ["--exam", "none"], /^invigil: required option '--reason <code>' not /);
    await fails("exam plan", ["none", "--room-size", "1"], noExam);
    await fails("exam plans", ["none"], noExam);
    await fails("exam undo-plan", ["none", "--plan", "1"], noExam);
    await fails("exam duplicate", ["none", "--name", "E"], noExam);
    await fails("exam check", ["none"], noExam);
    await fails("exam end", ["none"], noExam);
    await fails("exam delete", ["none"], noExam);
    await fails("exam restore", ["none"], "invigil: There is no deleted exam 'none'\n");
    await fails("exam erase", ["none"], "invigil: There is no deleted exam 'none'\n");

    await fails(
      "audio add",
      ["none.mp3", "--name", "N"],
      "invigil: The file none.mp3 cannot be read: no such file or directory\n",
    );
    await fails("audio list", ["--classify", "x"], /^invigil: option '--classify <number>' argument 'x' is /);
    await fails("audio update", ["none", "--name", "N"], "invigil: There is no audio clip none.\n");
    await fails("audio attach", ["none", "--exam", "none"], noExam);
    await fails("audio detach", ["none", "--exam", "none"], noExam);
    await fails("audio copy", ["--from", "cellar"], /^invigil: --from must be folder, database, bucket, /);

    await fails("roster import", ["people.csv", "--exam", "none"], noExam);
    await fails("roster list", ["--exam", "none"], noExam);
    await fails("roster move", ["e1", "--exam", "none", "--to", "none"], noExam);
    await fails("roster unseat", ["e1", "--exam", "none"], noExam);
    await fails("roster remove", ["e1", "--exam", "none"], noExam);
    await fails("roster find", ["e1", "--exam", "none"], noExam);

    await fails("room list", ["--exam", "none"], noExam);
    await fails("room links", ["none"], noRoom);
    await fails("room revoke-links", ["none"], noRoom);
    await fails("room show", ["none"], noRoom);
    await fails("room events", ["none"], noRoom);
    await fails("why", ["e1", "--exam", "none"], noExam);
    await fails("timeline", ["e1"], "invigil: --exam or --room must be specified\n");
    await fails("room rename", ["none", "--name", "N"], noRoom);
    await fails("room set-teacher", ["none", "t1"], noRoom);
    await fails("room delete", ["none"], noRoom);
    await fails("room end", ["none"], noRoom);
    await fails("room reopen", ["none"], noRoom);
    await fails("room create", ["--name", "N", "--by", "pc_a"], /^invigil: .* must not begin with 'pc_'/);

    await fails("outbox list", ["--jsn"], /^invigil: unknown option '--jsn'\n/);
    await fails("outbox retry", ["none"], "invigil: There is no dead letter none.\n");
    await fails("outbox drop", ["none"], "invigil: There is no dead letter none.\n");
    await fails("doctor", ["--jsn"], /^invigil: unknown option '--jsn'\n/);
    await fails(
      "database copy",
      ["--from", "file:none.db", "--to", "file:new.db"],
      /^invigil: The database [^\n]+none\.db does not exist\n$/,
    );
    await fails("database new-epoch", ["--jsn"], /^invigil: unknown option '--jsn'\n/);
    await fails("database compact", ["--jsn"], /^invigil: unknown option '--jsn'\n/);
    await fails("backup create", ["saved"], /^invigil: .*saved already exists/);
    await fails("backup verify", ["none"], /^invigil: [^\n]+\n$/);
    await fails("backup restore", ["saved"], /^invigil: .*--replace/);
  });
});
