import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditEntry } from "@invigil/client";
import { expect, it } from "vitest";
import { renderPart } from "../../../test/render.js";
import { ScreenTexts } from "../../components/texts.js";
import { loadTexts } from "../../texts/texts.js";
import { namesIn, useSentences } from "./sentences.js";

const NAMES = namesIn([
  {
    names: {
      exams: [{ id: "e1", name: "Mathematics" }],
      rooms: [
        { id: "r1", name: "Room 1" },
        { id: "r2", name: "Room 2" },
      ],
      people: [
        { id: "t1", name: "Zhou Jing" },
        { id: "s1", name: "Wang Fang" },
      ],
    },
  },
  {},
]);
const entry = (procedure: string, more: Partial<AuditEntry> = {}): AuditEntry => ({
  id: procedure,
  time: new Date(0),
  actorId: "t1",
  actorRole: "teacher",
  procedure,
  outcome: "ok",
  times: 1,
  address: "127.0.0.1",
  entryPoint: "trpc",
  requestId: "q",
  credential: "session",
  ...more,
});
type Sentences = ReturnType<typeof useSentences>;

let found: Sentences | undefined;
function Found() {
  found = useSentences(NAMES);
  return null;
}

const sentencesIn = async (locale: "en" | "zh-CN"): Promise<Sentences> => {
  await loadTexts(locale, "audit");
  found = undefined;
  await renderPart(
    <ScreenTexts of="audit">
      <Found />
    </ScreenTexts>,
    { locale, screen: "administration" },
  );
  if (!found) throw new Error("not drawn");
  return found;
};

it("has a sentence for each procedure that the audit keeps, and for what is none", async () => {
  const { procedures } = await sentencesIn("en");
  // The reference is written from the procedures.
  const reference = readFileSync(join(import.meta.dirname, "../../../../../docs/api/README.md"), "utf8");
  const audited = [...reference.matchAll(/^\| \[`([\w.]+)`\].*\| (?:change|access) \|$/gm)].map(
    ([, name = ""]) => name,
  );
  expect(audited.length).toBeGreaterThan(50);
  // Uploads, commands, and what the drop-in script does.
  const others = ["audio.upload", "backup.create", "im.mute", "outbox.drop"];
  expect(procedures.toSorted()).toEqual([...audited, ...others].toSorted());
});

it.each([
  [
    "en",
    [
      [entry("room.end", { examId: "e1", roomId: "r1" }), "Zhou Jing ended the room “Room 1”"],
      [
        entry("participant.move", { personId: "s1", roomId: "r2", subject: "r1", examId: "e1" }),
        "Zhou Jing moved Wang Fang from the room “Room 1” to “Room 2”",
      ],
      [entry("room.end", { outcome: "FORBIDDEN" }), "Zhou Jing could not end the room"],
      [entry("exam.delete", { examId: "gone", actorId: "gone" }), "gone deleted the exam “gone”"],
      [
        entry("exam.onEvent", { examId: "e1", outcome: "ended" }),
        "Zhou Jing stopped following the exam “Mathematics”",
      ],
      [entry("attempt.pause", { times: 120 }), "Zhou Jing paused the exam of 120 people"],
      [entry("attempt.pause", { personId: "erased" }), "Zhou Jing paused the exam of an erased person"],
      [entry("exam.note", { examId: "e1", roomId: "r1" }), "Zhou Jing wrote a note about the room “Room 1”"],
      [entry("backup.create", { operator: "root" }), "root (command) made a backup"],
      [entry("some.newer"), "Zhou Jing some.newer"],
    ],
    ["Moved a person from the room … to …", "Ended the room …"],
  ],
  [
    "zh-CN",
    [
      [entry("room.end", { examId: "e1", roomId: "r1" }), "Zhou Jing结束考场“Room 1”"],
      [entry("room.end", { outcome: "FORBIDDEN" }), "Zhou Jing未能结束考场"],
      [
        entry("participant.move", { personId: "s1", roomId: "r2", subject: "r1" }),
        "Zhou Jing将Wang Fang从考场“Room 1”移到“Room 2”",
      ],
    ],
    ["将人员从考场…移到…", "结束考场…"],
  ],
] as const)("says in %s who did what, by their names", async (locale, expected, kinds) => {
  const { sentenceOf, kindOf } = await sentencesIn(locale);
  for (const [of, sentence] of expected) expect(sentenceOf(of)).toBe(sentence);
  expect(["participant.move", "room.end"].map(kindOf)).toEqual(kinds);
});
