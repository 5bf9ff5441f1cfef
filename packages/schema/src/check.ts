import { z } from "zod";
import { found, personName } from "./fields.js";

/** The most people, and rooms, that an item names. */
export const MAX_NAMED = 20;

export const checkCodes = [
  "times",
  "roster",
  "rooms",
  "seats",
  "teachers",
  "staff_access",
  "links",
  "join_codes",
  "web_apps",
  "audio",
  "cheat_config",
  "detectors",
  "consent",
  "streams",
  "capacity",
  "services",
  "storage",
] as const;
export type CheckCode = (typeof checkCodes)[number];

const checkNumbers = z
  .object({
    minutes: z.int().optional().describe("`times`: how long the exam lasts."),
    startsInMinutes: z.int().optional().describe("`times`: when it starts. Negative: it has begun."),
    examinees: z
      .int()
      .optional()
      .describe(
        "Examinees. `roster`: with and without a room. `seats`: without one. `capacity`: of all exams at the same time.",
      ),
    teachers: z.int().optional().describe("`roster`: teachers in rooms, once for each room."),
    inspectors: z.int().optional().describe("`roster`: inspectors in rooms, once for each room."),
    staff: z.int().optional().describe("`seats`: teachers and inspectors without a room."),
    people: z.int().optional().describe("`staff_access` and `links`: people who have no way in."),
    outdated: z
      .int()
      .optional()
      .describe(
        "`links`: rooms whose links or cards were made before the times of the exam changed. Cards show these times; links and codes stay good.",
      ),
    rooms: z.int().optional().describe("`rooms`: rooms in progress. `teachers`: rooms without a teacher."),
    ended: z.int().optional().describe("`rooms`: rooms that have ended."),
    scheduled: z.int().optional().describe("`audio`: clips that the exam plays by itself."),
    outside: z
      .int()
      .optional()
      .describe("`audio`: those of them that play more than two hours before the exam, or after it."),
    missingFiles: z.int().optional().describe("`audio`: files of the exam's clips that are not there."),
    detectors: z.int().optional().describe("`detectors`: how many detectors run on the candidate's page."),
    version: z
      .int()
      .optional()
      .describe("`consent`: the version of the text. 0: the standard text of the candidate's page."),
    streams: z.int().optional().describe("`capacity`: the streams of these examinees."),
    limit: z.int().optional().describe("`capacity`: how many streams the stream service carries."),
    freeMiB: z.int().optional().describe("`storage`: the free space. Absent: unknown, or not checked."),
    reserveMiB: z.int().optional().describe("`storage`: below this free space, writes are refused."),
  })
  .describe("What was counted. What an item does not count is absent.");

export const checkItemSchema = z
  .object({
    code: z
      .enum(checkCodes)
      .describe(
        "`times`: the exam is not over. `roster`: it has examinees. `rooms`: it has rooms in progress, and none has ended before the exam begins. `seats`: everybody has a room. " +
          "`teachers`: each room with examinees has a teacher. `staff_access`: teachers and inspectors have an account, a link or a code. " +
          "`links`: examinees have a link or a code, and their cards show the exam's times. `join_codes`: the server can make codes. `web_apps`: the addresses that links lead to are " +
          "set. `audio`: clips are scheduled, and their files exist. `cheat_config`: it has one, for the app in which it is sat. `detectors`: some run, on the candidate's page. `consent`: which text people agree to. `streams`: the stream service is set up. " +
          "`capacity`: it carries the streams of all exams at that time. `services`: vendors' services answer. `storage`: the disk has space.",
      ),
    status: z
      .enum(["ok", "attention", "missing"])
      .describe(
        "`missing`: the exam cannot be held like this. `attention`: it can, but a person should check it. `ok`: nothing to do.",
      ),
    numbers: checkNumbers,
    people: z
      .array(z.object({ userId: found.userId, name: personName }))
      .describe(`The first people whom the item is about, at most ${MAX_NAMED}.`),
    rooms: z
      .array(z.object({ roomId: found.roomId, name: z.string().describe("The name of the room.") }))
      .describe(`The first rooms that the item is about, at most ${MAX_NAMED}.`),
    settings: z.array(z.string()).describe("The settings of the server that are not set."),
    services: z
      .array(
        z.object({
          name: z
            .enum(["aliyun_new", "aliyun_old", "rong_cloud", "audio_bucket", "uploads"])
            .describe("The service."),
          state: z
            .enum(["ok", "failed", "off"])
            .describe(
              "`ok`: it answers. `failed`: it does not, or refuses. `off`: not set up, or nothing to call.",
            ),
        }),
      )
      .describe("The services of vendors, for `services` only."),
  })
  .describe("An item of the check list of an exam.");
export type CheckItem = z.infer<typeof checkItemSchema>;

export const examCheckSchema = z
  .object({
    checkedAt: z.date().describe("When it was checked. Vendors' services are asked once a minute at most."),
    items: z
      .array(checkItemSchema)
      .describe(
        "One item for each code, in the order of an exam's preparation. Of `cheat_config` and `detectors` there is one: that of the app or the page that candidates use.",
      ),
  })
  .describe("Output of `exam.check`: what is missing for an exam.");
export type ExamCheck = z.infer<typeof examCheckSchema>;
