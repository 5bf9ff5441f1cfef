import { z } from "zod";
import { decisionReasonSchema } from "./attempt-parts.js";
import { MAX_EXTENDED_MINUTES } from "./attempts.js";
import { pageSizeSchema } from "./common.js";
import {
  idSchema,
  instantSchema,
  isStorable,
  label,
  NOT_STORABLE,
  optional,
  wholeNumber,
  withDefault,
} from "./common-parts.js";
import { detectorNames } from "./detectors.js";
import { MAX_EXAM_NAME } from "./exam-parts.js";
import { classifyFound, found, given, nextText, personName, times, withRecordsInput } from "./fields.js";
import { newPersonSchema, participantRoleSchema } from "./participant.js";
import { eachOnce } from "./participant-parts.js";
import { cameraNeeds } from "./readiness.js";
import { MAX_ROOM_EXAMINEES } from "./room.js";

const PROFILE_NAME = "The name of the profile.";
const PROFILE_DATA = "How the camera encodes video.";
const WIDTH = "The width of the picture in pixels.";
const HEIGHT = "The height of the picture in pixels.";
const FRAME_RATE = "The number of frames per second.";
const MAX_BITRATE = "The highest bitrate in kbit/s.";

export const videoProfileSchema = z
  .object({
    name: z.string().describe(PROFILE_NAME),
    data: z
      .object({
        width: z.int().describe(WIDTH),
        height: z.int().describe(HEIGHT),
        frameRate: z.int().describe(FRAME_RATE),
        maxBitrate: z.int().describe(MAX_BITRATE),
      })
      .describe(PROFILE_DATA),
  })
  .describe("How an examinee's camera encodes video.");
export const videoProfileInput = z
  .object({
    name: label(64).describe(PROFILE_NAME),
    data: z
      .object({
        width: wholeNumber(1, 7680).describe(WIDTH),
        height: wholeNumber(1, 4320).describe(HEIGHT),
        frameRate: wholeNumber(1, 120).describe(FRAME_RATE),
        maxBitrate: wholeNumber(1, 100_000).describe(MAX_BITRATE),
      })
      .describe(PROFILE_DATA),
  })
  .describe("How the cameras of examinees should encode video.");
export type VideoProfile = z.infer<typeof videoProfileSchema>;

const examAudioSchema = z.object({
  id: z.string().describe("The id of the attachment. An exam may schedule the same clip several times."),
  clipId: z.string().describe("The id of the clip in the library."),
  name: z.string().describe("The name of the clip."),
  classify: classifyFound,
  url: z.string().describe("An absolute URL that an `<audio>` element of any origin can play."),
  ossUrl: z.string().optional().describe("A second URL of the file in object storage, if there is one."),
});

export const scheduledAudioSchema = examAudioSchema
  .extend({ startTime: z.date().describe("When the exam plays the clip.") })
  .describe("An audio clip that the exam plays by itself at its start time.");
export const manualAudioSchema = examAudioSchema.describe(
  "An audio clip that the teacher can start by hand.",
);
export const attachedAudioSchema = examAudioSchema
  .extend({
    startTime: z
      .date()
      .optional()
      .describe("When the exam plays the clip. Absent: the teacher starts the clip by hand."),
  })
  .describe("Output of `audio.attach`: a clip of the library as a part of an exam.");
export type ExamAudio = z.infer<typeof examAudioSchema>;
export type ScheduledAudio = z.infer<typeof scheduledAudioSchema>;
export type AttachedAudio = z.infer<typeof attachedAudioSchema>;

const controllers = z.enum(["rooms", "creator"]);
const CONTROLLED_BY =
  "Who extends, terminates and reopens attempts: `rooms`, the teachers of each room, or `creator`, the exam's creator alone. Administrators always can.";
const MAX_ROOM_MINUTES =
  "The most minutes in total by which teachers of rooms may extend a person's attempt. It does not limit the exam's creator.";
const maxRoomMinutes = wholeNumber(0, MAX_EXTENDED_MINUTES);
const camerasNeeded = z.enum(cameraNeeds);
const CAMERAS = "Whether each person needs `one` camera or `both`: that of their page, and a second one.";
/** The longest address of the questions, in UTF-16 code units. */
const MAX_URL = 2048;
/** Hosts of the own machine and of private networks, where pages are served without a certificate. */
const PRIVATE_HOST =
  /^(localhost|.+\.local|127(\.\d+){3}|10(\.\d+){3}|192\.168(\.\d+){2}|172\.(1[6-9]|2\d|3[01])(\.\d+){2}|\[(::1|f[cd][\da-f]{2}:.*)\])$/;
/** Characters that change the direction of the text after them, and hide what an address is. */
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
/** A user name or a password before the host, as parsers of URLs read it. */
const hasUser = (text: string): boolean => /^https?:[/\\]*[^/\\?#]*@/i.test(text.replace(/[\t\n\r]/g, ""));
const isWebAddress = (text: string): boolean =>
  z.url({ protocol: /^https$/ }).safeParse(text).success ||
  z.url({ protocol: /^http$/, hostname: PRIVATE_HOST }).safeParse(text).success;
const questionsUrl = z
  .string()
  .trim()
  .max(MAX_URL, `must be at most ${MAX_URL} characters`)
  .refine(isStorable, NOT_STORABLE)
  .refine(isWebAddress, "must be an https URL, or an http URL in a private network")
  .refine((text) => !hasUser(text), "must have no user name and no password: candidates see it")
  .refine((text) => !DIRECTIONS.test(text), "must have no characters that change the direction of text");
const QUESTIONS_URL = "The address of the questions, which the candidate's page opens in a tab of its own.";
const detectors = z
  .array(z.enum(detectorNames))
  .max(detectorNames.length, `must be at most ${detectorNames.length}`)
  .transform((names) => detectorNames.filter((name) => names.includes(name)));
const DETECTORS = "The detectors of the candidate's page. An empty list: none.";

/** The fields that every form of an exam has. */
const examName = z.string().describe("The name of the exam.");
const startTime = z.date().describe("When the exam begins.");

const examFieldsSchema = z.object({
  id: z.string().describe("The id of the exam."),
  name: examName,
  startTime,
  endTime: z
    .date()
    .describe("When the exam ends. For an examinee, when it ends for them, with their minutes and pauses."),
  videoProfile: videoProfileSchema
    .optional()
    .describe("How the cameras of examinees should encode video. Absent: as the apps choose."),
  controlledBy: controllers.describe(CONTROLLED_BY),
  maxRoomMinutes: z.int().optional().describe(`${MAX_ROOM_MINUTES} Absent: as many as anyone.`),
  cameras: camerasNeeded.describe(CAMERAS),
  questionsUrl: z.string().optional().describe(`${QUESTIONS_URL} Absent: the questions are elsewhere.`),
  detectors: z.array(z.enum(detectorNames)).optional().describe(`${DETECTORS} Absent: all.`),
  mayManage: z
    .boolean()
    .describe(
      "Whether the caller may change, plan, end and delete the exam: administrators and its creator, unless their token is bound to a room.",
    ),
  mayDuplicate: z
    .boolean()
    .describe(
      "Whether the caller may duplicate the exam: as `mayManage`, with a token that is not bound to it.",
    ),
  ...times,
});

/** Up to how many rooms and examinees of an exam are counted. */
export const MAX_COUNTED = 10_000;

export const examCountsSchema = z
  .object({
    rooms: z.int().describe("The number of rooms, in progress and ended."),
    examinees: z.int().describe("The number of examinees in rooms, and of those who have no room yet."),
  })
  .describe(
    `How large an exam is, including the parts that the caller may not see. Each number is counted up to ${MAX_COUNTED}, which means that many or more.`,
  );
export type ExamCounts = z.infer<typeof examCountsSchema>;

export const examSummarySchema = examFieldsSchema
  .extend({
    counts: examCountsSchema
      .optional()
      .describe("How large the exam is. Absent unless `withCounts` asks for it."),
  })
  .describe("An exam without its audio.");
export type ExamSummary = z.infer<typeof examSummarySchema>;

export const examSchema = examFieldsSchema
  .extend({
    scheduledAudio: z
      .array(scheduledAudioSchema)
      .describe("The clips that the exam plays by itself, ordered by start time."),
    manualAudio: z
      .array(manualAudioSchema)
      .describe(
        "The clips that a teacher starts by hand, in the order of attachment. If none is attached, the default clips of the library.",
      ),
  })
  .describe("An exam and the audio that it plays.");
export type Exam = z.infer<typeof examSchema>;

export const examRef = z.object({ examId: given.examId }).describe("Names an exam.");

/** The most audio clips that an exam may have attached. */
export const MAX_EXAM_AUDIO = 200;

const examAudioInput = z
  .array(
    z.object({
      clipId: given.clipId,
      startTime: optional(instantSchema).describe(
        "When the exam plays the clip. Absent: the teacher starts the clip by hand.",
      ),
    }),
  )
  .max(MAX_EXAM_AUDIO, `must be at most ${MAX_EXAM_AUDIO}`)
  .describe("The audio clips of the exam.");
export type ExamAudioInput = z.infer<typeof examAudioInput>;

const nameInput = label(MAX_EXAM_NAME).describe(
  "The name of the exam, on one line, without white space at its ends.",
);
const startInput = instantSchema.describe("When the exam begins.");
const endInput = instantSchema.describe("When the exam ends: after it begins.");

export const createExamInput = z
  .object({
    name: nameInput,
    startTime: startInput,
    endTime: endInput,
    videoProfile: optional(videoProfileInput).describe(
      "How the cameras of examinees should encode video. Absent: as the apps choose.",
    ),
    controlledBy: withDefault(controllers, "rooms").describe(CONTROLLED_BY),
    maxRoomMinutes: optional(maxRoomMinutes).describe(`${MAX_ROOM_MINUTES} Absent: as many as anyone.`),
    cameras: withDefault(camerasNeeded, "one").describe(CAMERAS),
    questionsUrl: optional(questionsUrl).describe(`${QUESTIONS_URL} Absent: the questions are elsewhere.`),
    detectors: optional(detectors).describe(`${DETECTORS} Absent: all.`),
    audio: withDefault(examAudioInput, []),
  })
  .refine((exam) => exam.endTime > exam.startTime, { path: ["endTime"], error: "must be after startTime" })
  .describe("Input of `exam.create`.");
export type CreateExamInput = z.infer<typeof createExamInput>;

export const updateExamInput = z
  .object({
    examId: given.examId,
    name: optional(nameInput),
    startTime: optional(startInput),
    endTime: optional(endInput),
    videoProfile: videoProfileInput
      .nullish()
      .describe("How the cameras of examinees should encode video. `null` removes the profile."),
    controlledBy: optional(controllers).describe(CONTROLLED_BY),
    maxRoomMinutes: maxRoomMinutes.nullish().describe(`${MAX_ROOM_MINUTES} \`null\`: as many as anyone.`),
    cameras: optional(camerasNeeded).describe(CAMERAS),
    questionsUrl: questionsUrl.nullish().describe(`${QUESTIONS_URL} \`null\`: the questions are elsewhere.`),
    detectors: detectors.nullish().describe(`${DETECTORS} \`null\`: all.`),
    audio: optional(examAudioInput).describe("Replaces all audio of the exam."),
    reason: optional(decisionReasonSchema).describe(
      "Why the times change. Required if the exam has begun and they change for people in its rooms. It is kept in the history of each of them.",
    ),
  })
  .describe("Input of `exam.update`. Absent fields keep their value.");
export type UpdateExamInput = z.infer<typeof updateExamInput>;

export const listDeletedExamsInput = z
  .object({
    pageSize: pageSizeSchema(20),
    cursor: optional(idSchema).describe("The last exam id of the previous page. Absent: the first page."),
  })
  .describe("Input of `exam.listDeleted`.");
export type ListDeletedExamsInput = z.infer<typeof listDeletedExamsInput>;

export const listExamsInput = listDeletedExamsInput
  .extend({
    withCounts: withDefault(z.boolean(), false).describe(
      "Whether to count the rooms and examinees of each exam. It takes time for each of them.",
    ),
  })
  .describe("Input of `exam.list`.");
export type ListExamsInput = z.infer<typeof listExamsInput>;

export const examPageSchema = z
  .object({
    exams: z.array(examSummarySchema).describe("The newest exams first."),
    nextCursor: nextText,
  })
  .describe("Output of `exam.list`.");
export type ExamPage = z.infer<typeof examPageSchema>;

export const duplicateExamInput = z
  .object({
    examId: given.examId,
    name: nameInput.describe("The name of the new exam, on one line, without white space at its ends."),
    startTime: optional(startInput).describe("When the new exam begins. Absent: when the other one does."),
    endTime: optional(endInput).describe(
      "When the new exam ends: after it begins. Absent: it lasts as long as the other one.",
    ),
    withRooms: withDefault(z.boolean(), false).describe(
      "Whether it gets rooms of the same names, in progress, with their teachers and inspectors.",
    ),
    withPeople: withDefault(z.boolean(), false).describe(
      "Whether it gets the same people, without a room, as after an import. With `withRooms`, teachers and inspectors keep their rooms.",
    ),
  })
  .describe("Input of `exam.duplicate`.");
export type DuplicateExamInput = z.infer<typeof duplicateExamInput>;

export const duplicatedExamSchema = examSchema
  .extend({
    rooms: z.int().describe("How many rooms the new exam has."),
    people: z.int().describe("How many people the new exam has, with and without a room."),
  })
  .describe("Output of `exam.duplicate`: the new exam.");
export type DuplicatedExam = z.infer<typeof duplicatedExamSchema>;

const confirmInput = z.string().max(200, "must be at most 200 characters");

export const deleteExamInput = z
  .object({
    examId: given.examId,
    withRooms: withDefault(z.boolean(), false).describe(
      "Whether to delete the exam with its rooms and people. Without it, an exam that has some is not deleted.",
    ),
    withRecords: withRecordsInput.describe(
      "Whether to delete the cheat records, too, which implies `withRooms`. For administrators only.",
    ),
    confirm: optional(confirmInput).describe("The exact name of the exam. Required with `withRecords`."),
    erase: optional(z.literal("now", "must be 'now'")).describe(
      "`now` erases the exam at once. Absent: administrators can restore it for the time that the server is configured for.",
    ),
  })
  .refine(({ withRecords, confirm }) => !withRecords || confirm !== undefined, {
    path: ["confirm"],
    error: "must be the exam's name if withRecords is set",
  })
  .describe("Input of `exam.delete`.");
export type DeleteExamInput = z.infer<typeof deleteExamInput>;

/** The most rooms that one call of `exam.end` ends. */
export const MAX_ROOMS_ENDED = 500;

export const endedExamSchema = z
  .object({
    ended: z.int().describe("How many rooms this call has ended."),
    alreadyEnded: z.int().describe("How many rooms had ended before."),
    remaining: z
      .int()
      .describe(
        `How many rooms are still in progress, because a call ends at most ${MAX_ROOMS_ENDED}. Call again until none is left.`,
      ),
  })
  .describe("Output of `exam.end`.");
export type EndedExam = z.infer<typeof endedExamSchema>;

const ERASE_AT = "Until when the exam can be restored.";

export const deletedExamSchema = z
  .object({
    rooms: z.int().describe("How many rooms were deleted with the exam."),
    people: z.int().describe("How many people were deleted with the exam."),
    records: z.int().optional().describe("How many cheat records were deleted. Absent: none were deleted."),
    eraseAt: z.date().optional().describe(`${ERASE_AT} Absent: it is erased at once.`),
  })
  .describe("Output of `exam.delete`.");
export type DeletedExam = z.infer<typeof deletedExamSchema>;

export const restorableExamSchema = z
  .object({
    id: z.string().describe("The id of the exam."),
    name: examName,
    startTime,
    endTime: z.date().describe("When the exam ends."),
    createdBy: z.string().describe("The user id of the exam's creator."),
    deletedAt: z.date().describe("When the exam was deleted."),
    eraseAt: z.date().describe(ERASE_AT),
  })
  .describe("A deleted exam that can be restored.");
export type RestorableExam = z.infer<typeof restorableExamSchema>;

export const restorableExamPageSchema = z
  .object({
    exams: z.array(restorableExamSchema).describe("The newest exams first."),
    nextCursor: nextText,
  })
  .describe("Output of `exam.listDeleted`.");
export type RestorableExamPage = z.infer<typeof restorableExamPageSchema>;

/** The most rooms that a restoration names. */
export const MAX_ENDED_NAMED = 1000;

export const restoredExamSchema = examFieldsSchema
  .extend({
    deletedAt: z
      .date()
      .describe(
        "When the exam was deleted. Its rooms that were in progress then have ended at that time. `room.reopen` reopens one.",
      ),
    endedRooms: z
      .array(z.object({ id: found.roomId, name: z.string().describe("The name of the room.") }))
      .describe(
        `The rooms that ended with the deletion, and not before it, at most ${MAX_ENDED_NAMED}: those that were made first.`,
      ),
  })
  .describe("Output of `exam.restore`.");
export type RestoredExam = z.infer<typeof restoredExamSchema>;

export const eraseExamInput = examRef
  .extend({ confirm: confirmInput.describe("The exact name of the exam.") })
  .describe("Input of `exam.erase`.");
export type EraseExamInput = z.infer<typeof eraseExamInput>;

export const planExamInput = z
  .object({
    examId: given.examId,
    roomSize: wholeNumber(1, MAX_ROOM_EXAMINEES).describe("The maximum number of examinees per room."),
    teachers: withDefault(
      eachOnce(
        newPersonSchema.extend({
          role: z.enum(["teacher", "inspector"]).describe("The role of the person in their room."),
        }),
        5000,
      ),
      [],
    ).describe("Teachers and inspectors in addition to those whom the exam already has."),
    seed: optional(label(64)).describe(
      "The same seed gives the same shuffled order of the same people. Absent: the order of the import.",
    ),
    roomName: withDefault(
      label(50).refine(
        (name) => name.includes("{n}"),
        "must contain {n}, which is replaced by the room's number",
      ),
      "Room {n}",
    ).describe("The name of new rooms. `{n}` is replaced by the number of the room."),
    withoutTeachers: withDefault(z.boolean(), false).describe(
      "Whether rooms may have no teacher if there are too few. The caller becomes the `createTeacher` of those that the plan creates, without being in them. A later plan with teachers, or `room.setTeacher`, hands them on.",
    ),
    dryRun: withDefault(z.boolean(), false).describe("Whether to only return the plan."),
    skipRooms: withDefault(wholeNumber(0, 1_000_000), 0).describe(
      "The number of rooms to omit from the start of the answer. Use it in a dry run to see the rooms after those of the previous answer.",
    ),
  })
  .describe("Input of `exam.plan`.");
export type PlanExamInput = z.infer<typeof planExamInput>;

export const plannedPersonSchema = z
  .object({
    userId: found.userId,
    name: personName,
    role: participantRoleSchema,
    spare: z
      .boolean()
      .describe(
        "Whether this is an additional teacher of a room that already has one. A spare teacher can replace another.",
      ),
  })
  .describe("A person whom the plan adds to a room.");
export type PlannedPerson = z.infer<typeof plannedPersonSchema>;

export const plannedRoomSchema = z
  .object({
    roomId: z
      .string()
      .optional()
      .describe("The id of the room. Absent in a dry run for a room that does not exist yet."),
    name: z.string().describe("The name of the room."),
    isNew: z.boolean().describe("Whether the plan creates the room."),
    examinees: z.int().describe("The number of examinees, including those whom the plan adds."),
    seated: z.array(plannedPersonSchema).describe("The people whom the plan adds."),
  })
  .describe("A room of a plan.");
export type PlannedRoom = z.infer<typeof plannedRoomSchema>;

/** The maximum number of rooms and people, counted together, after which an answer lists no further rooms. */
export const PLANNED_PEOPLE_LISTED = 5000;

const planNumber = z.int().describe("The number of the plan in the exam, from 1.");

export const examPlanSchema = z
  .object({
    plan: planNumber
      .optional()
      .describe(
        "The number of the plan, for `exam.undoPlan`. Absent in a dry run, and if nothing was changed.",
      ),
    teachers: z
      .object({
        needed: z
          .int()
          .describe("The number of rooms without a teacher, including those that the plan creates."),
        available: z.int().describe("The number of teachers without a room, including those in `teachers`."),
        sufficientRoomSize: z
          .int()
          .optional()
          .describe(
            "The smallest `roomSize` for which the teachers are enough. Absent if they are, or if there is none.",
          ),
      })
      .describe("Whether the teachers are enough. A dry run does not fail if they are not."),
    rooms: z
      .array(plannedRoomSchema)
      .describe(
        "The exam's rooms in progress, in the order of creation. If `moreRooms` is present, only the first ones.",
      ),
    moreRooms: z
      .int()
      .optional()
      .describe("The number of rooms that are not listed. Absent if there are none. See `skipRooms`."),
    newRooms: z.int().describe("The number of rooms that the plan creates."),
    seated: z.int().describe("The number of examinees who were assigned to a room."),
    waiting: z
      .int()
      .describe(
        "The number of teachers and inspectors without a room, including those in `teachers`. They wait because the exam has no room in " +
          "progress and no examinee needs one.",
      ),
  })
  .describe("Output of `exam.plan`.");
export type ExamPlan = z.infer<typeof examPlanSchema>;

/** The maximum number of plans in the answer of `exam.plans`. */
export const PLANS_LISTED = 100;
export const examPlansSchema = z
  .array(
    z.object({
      plan: planNumber,
      newRooms: z.int().describe("The number of rooms that it created."),
      seated: z
        .int()
        .describe("The number of seats that it filled, in every role. Staff of several rooms have several."),
      by: z.string().describe("The user id of the person who made it."),
      createdAt: z.date().describe("When it was made."),
      undoneAt: z.date().optional().describe("When it was undone. Absent if it was not."),
    }),
  )
  .describe(`The plans of an exam, the newest ${PLANS_LISTED} of them, newest first.`);
export type ExamPlans = z.infer<typeof examPlansSchema>;

export const undoPlanInput = examRef
  .extend({ plan: wholeNumber(1, Number.MAX_SAFE_INTEGER).describe("The number of the plan.") })
  .describe("Input of `exam.undoPlan`.");
export type UndoPlanInput = z.infer<typeof undoPlanInput>;
export const undonePlanSchema = z
  .object({
    unseated: z.int().describe("The number of people who left their rooms, in every role."),
    deletedRooms: z.int().describe("The number of rooms that were deleted."),
  })
  .describe("Output of `exam.undoPlan`.");
export type UndonePlan = z.infer<typeof undonePlanSchema>;
