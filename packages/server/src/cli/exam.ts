import {
  type Caller,
  createExamInput,
  type Exam,
  type ExamAudioInput,
  type ExamCounts,
  type ExamSummary,
  nameOfCopy,
  type ReasonCode,
  reasonCodes,
  userIdSchema,
  type VideoProfile,
} from "@invigil/schema";
import { type Command, InvalidArgumentError, Option } from "commander";
import { invalidInput, parsed } from "../platform/errors.js";
import { jsonOption, quietListOption, quietOption } from "./arguments.js";
import { addCheck } from "./exam-check.js";
import { addDeletion, deletedText } from "./exam-deletion.js";
import { addEnd } from "./exam-end.js";
import { addEntries, allEntries } from "./exam-entries.js";
import { addPeople } from "./exam-people.js";
import { withLocalApp } from "./local-app.js";
import { allDeletedExams, allExams, findExam } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";
import { OPERATOR } from "./operator.js";
import { count, print, printCreated, printList, table } from "./output.js";
import type { CommandRun } from "./run.js";
import { formatTime, parseTime, timeFormatter } from "./time.js";

interface OutputOptions {
  json?: true;
  quiet?: true;
}
interface ExamOptions extends OutputOptions {
  name?: string;
  start?: string;
  end?: string;
  /** False removes the profile. */
  video?: VideoProfile | false;
  reason?: ReasonCode;
  note?: string;
  message?: string;
  /** `CLIP@TIME` */
  schedule?: string[];
  offer?: string[];
}

interface DuplicateOptions extends OutputOptions {
  name?: string;
  start?: string;
  end?: string;
  withRooms?: true;
  withPeople?: true;
}

/** Parses `1280x720@15,1500`. */
const videoProfile = (text: string): VideoProfile => {
  const [match, width, height, frameRate, maxBitrate] =
    /^(\d{1,5})x(\d{1,5})@(\d{1,4}),(\d{1,7})$/.exec(text) ?? [];
  if (match === undefined)
    throw new InvalidArgumentError("Specify width x height @ frames per second, kbit/s: 1280x720@15,1500.");
  return {
    name: `${width}x${height}`,
    data: {
      width: Number(width),
      height: Number(height),
      frameRate: Number(frameRate),
      maxBitrate: Number(maxBitrate),
    },
  };
};

/** Returns a function that parses the times of one exam. */
const timeParser = ({ config: { timeZone }, deps }: LocalApp) => {
  const now = deps.clock();
  return (option: string, text: string, day?: Date) => parseTime(text, { option, timeZone, now, day });
};
type ParseTime = ReturnType<typeof timeParser>;

/** The audio of the option `--schedule`, and below of `--offer`. */
const parseSchedule = (texts: readonly string[], times: ParseTime, startTime: Date): ExamAudioInput =>
  texts.map((text) => {
    const [clipId = "", time] = text.split(/@(.*)/s);
    if (clipId === "" || time === undefined)
      throw invalidInput("--schedule", `must be CLIP@TIME, not '${text}'`);
    return { clipId, startTime: times("--schedule", time, startTime) };
  });
const parseOffer = (clips: readonly string[]): ExamAudioInput => clips.map((clipId) => ({ clipId }));

/**
 * The audio of an exam after an update. If only one of the two options is given, the other kind of audio is
 * kept. Scheduled clips move with the start of the exam.
 */
const changedAudio = (exam: Exam, { schedule, offer }: ExamOptions, times: ParseTime, start: Date) => {
  const byMs = start.getTime() - exam.startTime.getTime();
  if (!schedule && !offer && byMs === 0) return undefined;
  // The default clips of the library are not attached to the exam. Their id is the id of the clip.
  const own = exam.manualAudio.filter(({ id, clipId }) => id !== clipId);
  return [
    ...(schedule
      ? parseSchedule(schedule, times, start)
      : exam.scheduledAudio.map(({ clipId, startTime }) => ({
          clipId,
          startTime: new Date(startTime.getTime() + byMs),
        }))),
    ...(offer ? parseOffer(offer) : own.map(({ clipId }) => ({ clipId }))),
  ];
};

const examText = (exam: Exam & { readonly counts?: ExamCounts }, timeZone: string): string => {
  const video = exam.videoProfile?.data;
  const facts = table(
    ["exam", exam.id],
    [
      ["name", exam.name],
      ["start", formatTime(exam.startTime, timeZone)],
      ["end", formatTime(exam.endTime, timeZone)],
      ...(exam.counts
        ? [
            ["rooms", exam.counts.rooms],
            ["candidates", exam.counts.examinees],
          ]
        : []),
      ...(video
        ? [
            [
              "video",
              `${video.width}x${video.height}, ${video.frameRate} frames/s, ${video.maxBitrate} kbit/s`,
            ],
          ]
        : []),
    ],
  );
  const audio = [
    ...exam.scheduledAudio.map((one) => [one.id, formatTime(one.startTime, timeZone), one.name]),
    ...exam.manualAudio.map(({ id, clipId, name }) => [
      id,
      id === clipId ? "by hand, a default of the library" : "by hand",
      name,
    ]),
  ];
  return audio.length === 0 ? facts : `${facts}\n\n${table(["AUDIO", "PLAYED", "NAME"], audio)}`;
};

/** The caller who counts as the creator of the exam. */
const creatorOf = (userId: string): Caller => {
  const valid = userIdSchema.safeParse(userId);
  if (!valid.success) throw invalidInput("--by", valid.error.issues[0]?.message ?? "is not a user id");
  return { userId: valid.data, role: "teacher", expiresAt: OPERATOR.expiresAt };
};

/** Counts the people for whom the times of a running exam were changed. Each of them has an entry with their end. */
const timesChanged = async ({ call, deps }: LocalApp, { id: examId, updatedAt }: Exam) => {
  const now = deps.clock();
  const entries = await allEntries(call, { examId });
  const ends = entries.flatMap(({ kind, time, ends: one }) =>
    kind === "times" && time.getTime() === updatedAt.getTime() && one ? [one] : [],
  );
  return { people: ends.length, overAtOnce: ends.filter(({ to }) => to <= now).length };
};

const changedText = ({ people, overAtOnce }: Awaited<ReturnType<typeof timesChanged>>): string =>
  [
    `The times have changed for ${count(people, "person", "people")} in the exam.`,
    ...(overAtOnce > 0 ? [`It is over at once for ${count(overAtOnce, "person", "people")}.`] : []),
  ].join(" ");

const addCreateAndUpdate = (exam: Command, run: CommandRun): void => {
  const times = "as '2026-06-07 09:00', 'tomorrow 09:00' or ISO";
  exam
    .command("create")
    .description("create an exam")
    .requiredOption("--name <name>", "the name of the exam")
    .requiredOption("--start <time>", `when it starts, ${times}`)
    .requiredOption("--end <time>", "when it ends; '11:30' is on the day of the start")
    .option("--video <profile>", "the video profile of examinees' cameras: 1280x720@15,1500", videoProfile)
    .option("--schedule <clip@time...>", "a clip that the exam plays automatically at this time")
    .option("--offer <clip...>", "a clip that teachers may start by hand")
    .option("--by <user>", "the teacher who counts as its creator; default: the operator")
    .addOption(quietOption())
    .addOption(jsonOption())
    .action((options: ExamOptions & { start: string; end: string; by?: string }) =>
      withLocalApp(run, async (app) => {
        const time = timeParser(app);
        const startTime = time("--start", options.start);
        const input = parsed(createExamInput, {
          name: options.name,
          startTime,
          endTime: time("--end", options.end, startTime),
          videoProfile: options.video || undefined,
          audio: [
            ...parseSchedule(options.schedule ?? [], time, startTime),
            ...parseOffer(options.offer ?? []),
          ],
        });
        const operator = app.operatorIn("exam.create");
        const caller = options.by === undefined ? operator : { ...operator, ...creatorOf(options.by) };
        app.assertFreeSpace();
        const made = await app.services.exam.create(await app.services.access.open(caller, "unbound"), input);
        printCreated(run, options, made, () => `Created:\n${examText(made, app.config.timeZone)}`);
      }),
    );

  exam
    .command("update")
    .description("change an exam; other fields keep their value")
    .argument("<exam>", "the id or name of the exam")
    .option("--name <name>", "the name of the exam")
    .option("--start <time>", `when it starts, ${times}; scheduled clips move with it`)
    .option("--end <time>", "when it ends; '11:30' is on the day of the start")
    .option("--video <profile>", "the video profile of examinees' cameras: 1280x720@15,1500", videoProfile)
    .addOption(
      new Option("--reason <code>", "why the times change; required if the exam has begun").choices(
        reasonCodes,
      ),
    )
    .option("--note <text>", "with --reason: a text for staff")
    .option("--message <text>", "with --reason: a text that the candidates see")
    .option("--no-video", "remove the video profile")
    .option("--schedule <clip@time...>", "replace all scheduled clips")
    .option("--offer <clip...>", "replace all clips that teachers may start by hand")
    .addOption(jsonOption())
    .action((text: string, options: ExamOptions) =>
      withLocalApp(run, async (app) => {
        const time = timeParser(app);
        const { id: examId } = await findExam(app.call, text);
        const current = await app.call.exam.get({ examId });
        const startTime = options.start === undefined ? undefined : time("--start", options.start);
        const day = startTime ?? current.startTime;
        const { reason: code, note, message } = options;
        if (code === undefined && (note !== undefined || message !== undefined))
          throw invalidInput("--reason", "must be specified with --note and --message");
        const updated = await app.call.exam.update({
          examId,
          reason: code && { code, note, message },
          name: options.name,
          startTime,
          endTime: options.end === undefined ? undefined : time("--end", options.end, day),
          videoProfile: options.video === false ? null : options.video,
          audio: changedAudio(current, options, time, day),
        });
        const changed = code && (await timesChanged(app, updated));
        const moves = !options.schedule && day.getTime() !== current.startTime.getTime();
        const moved = moves ? current.scheduledAudio.length : 0;
        print(run, options.json, { ...updated, timesChanged: changed }, () =>
          [
            examText(updated, app.config.timeZone),
            ...(changed ? [changedText(changed)] : []),
            ...(moved > 0 ? [`${count(moved, "scheduled clip")} moved with the start.`] : []),
          ].join("\n\n"),
        );
      }),
    );
};

const addDuplicate = (exam: Command, run: CommandRun): void => {
  exam
    .command("duplicate")
    .description("create an exam after another, with its times, video, audio and cheat config")
    .argument("<exam>", "the id or name of the other exam")
    .option(
      "--name <name>",
      "the name of the new exam; default: that of the other with a number, such as 'Maths (2)'",
    )
    .option("--start <time>", "when it starts; scheduled clips move with it; default: as the other exam")
    .option("--end <time>", "when it ends; default: it lasts as long as the other exam")
    .option("--with-rooms", "with rooms of the same names, and their teachers and inspectors")
    .option("--with-people", "with the same people, without a room: 'exam plan' seats them")
    .addOption(quietOption())
    .addOption(jsonOption())
    .action((text: string, options: DuplicateOptions) =>
      withLocalApp(run, async (app) => {
        const time = timeParser(app);
        const other = await findExam(app.call, text);
        const startTime = options.start === undefined ? undefined : time("--start", options.start);
        const made = await app.call.exam.duplicate({
          examId: other.id,
          name:
            options.name ??
            nameOfCopy(
              other.name,
              (await allExams(app.call)).map(({ name }) => name),
            ),
          startTime,
          endTime:
            options.end === undefined ? undefined : time("--end", options.end, startTime ?? other.startTime),
          withRooms: options.withRooms,
          withPeople: options.withPeople,
        });
        printCreated(run, options, made, () =>
          [
            `Created:\n${examText(made, app.config.timeZone)}`,
            `${count(made.rooms, "room")}, ${count(made.people, "person", "people")}`,
          ].join("\n\n"),
        );
      }),
    );
};

export const addExam = (program: Command, run: CommandRun): void => {
  const exam = program.command("exam").description("manage exams: their times, video and audio");
  addCreateAndUpdate(exam, run);

  exam
    .command("show")
    .description("show an exam, how large it is, and its audio")
    .argument("<exam>", "the id or name of the exam")
    .addOption(jsonOption())
    .action((text: string, { json }: OutputOptions) =>
      withLocalApp(run, async ({ call, config, services }) => {
        const { id: examId } = await findExam(call, text);
        const counts = (await services.exam.counts([examId])).get(examId);
        const found = { ...(await call.exam.get({ examId })), ...(counts && { counts }) };
        print(run, json, found, () => examText(found, config.timeZone));
      }),
    );

  exam
    .command("list")
    .description("list all exams, newest first")
    .option("--deleted", "list deleted exams that can be restored instead")
    .addOption(quietListOption())
    .addOption(jsonOption())
    .action(({ deleted, ...options }: OutputOptions & { deleted?: true }) =>
      withLocalApp(run, async ({ call, config: { timeZone }, services }) => {
        if (deleted) {
          const exams = await allDeletedExams(call);
          printList(run, options, exams, {
            id: ({ id }) => id,
            forPeople: () => deletedText(exams, timeFormatter(timeZone)),
          });
          return;
        }
        const found = await allExams(call);
        const counted = options.quiet ? undefined : await services.exam.counts(found.map(({ id }) => id));
        const exams = found.map((exam) => ({ ...exam, counts: counted?.get(exam.id) }));
        const row = ({ id, name, startTime, endTime, counts }: ExamSummary) => [
          id,
          formatTime(startTime, timeZone),
          formatTime(endTime, timeZone),
          counts?.rooms ?? 0,
          counts?.examinees ?? 0,
          name,
        ];
        printList(run, options, exams, {
          id: ({ id }) => id,
          forPeople: () =>
            exams.length === 0
              ? "There are no exams."
              : table(["ID", "START", "END", "ROOMS", "CANDIDATES", "NAME"], exams.map(row)),
        });
      }),
    );
  addDuplicate(exam, run);
  addCheck(exam, run);
  addEnd(exam, run);
  addPeople(exam, run);
  addEntries(exam, run);
  addDeletion(exam, run);
};
