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
  "streams",
  "capacity",
  "services",
  "storage",
] as const;
export type CheckCode = (typeof checkCodes)[number];

export const checkItemSchema = z
  .object({
    code: z
      .enum(checkCodes)
      .describe(
        "`times`: the exam is not over. `roster`: it has examinees. `rooms`: it has rooms in progress. `seats`: everybody has a room. " +
          "`teachers`: each room with examinees has a teacher. `staff_access`: teachers and inspectors have an account, a link or a code. " +
          "`links`: examinees have a link or a code. `join_codes`: the server can make codes. `web_apps`: the addresses that links lead to are " +
          "set. `audio`: clips are scheduled, and their files exist. `cheat_config`: it has one. `streams`: the stream service is set up. " +
          "`capacity`: it carries the streams of all exams at that time. `services`: vendors' services answer. `storage`: the disk has space.",
      ),
    status: z
      .enum(["ok", "attention", "missing"])
      .describe(
        "`missing`: the exam cannot be held like this. `attention`: it can, and somebody should look. `ok`: nothing to do.",
      ),
    numbers: z
      .record(z.string(), z.number())
      .describe(
        "What was counted. `times`: `minutes`, `startsInMinutes`. `roster`: `examinees`, `teachers`, `inspectors`. `rooms`: `inProgress`. `seats`: " +
          "`examinees`, `staff` without a room. `teachers`: `rooms` without one. `staff_access`, `links`: `people` without. `audio`: `scheduled`, " +
          "`outside` of the exam, `missingFiles`. `capacity`: `examinees`, `streams`, `limit`. `storage`: `freeMiB`, `reserveMiB`.",
      ),
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
      .describe("One item for each code, in the order of an exam's preparation."),
  })
  .describe("Output of `exam.check`: what is missing for an exam.");
export type ExamCheck = z.infer<typeof examCheckSchema>;
