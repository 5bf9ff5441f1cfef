import { z } from "zod";
import { idSchema, withDefault } from "./common-parts.js";

// Fields that several shapes share, each with its sentence. A sentence leaves out bounds and defaults: its readers take them from the schema.

/** Ids in inputs. */
export const given = {
  examId: idSchema.describe("The id of the exam."),
  roomId: idSchema.describe("The id of the room."),
  userId: idSchema.describe("The user id of the person."),
  clipId: idSchema.describe("The id of the clip in the library."),
} as const;

/** Ids in outputs. */
export const found = {
  examId: z.string().describe("The id of the exam."),
  roomId: z.string().describe("The id of the room."),
  userId: z.string().describe("The user id of the person."),
} as const;

export const personName = z.string().describe("The name of the person.");

export const extraMinutes = z
  .int()
  .describe("How many minutes after the exam's end the person may continue. 0 for teachers and inspectors.");

/** When a row was made and last changed, by the server's clock. */
export const times = {
  createdAt: z.date().describe("When it was created."),
  updatedAt: z.date().describe("When it last changed. Equal to `createdAt` if it never did."),
} as const;

const NEXT = "Send it as `cursor` to get the next page. Absent on the last page.";
export const nextText = z.string().optional().describe(NEXT);
export const nextNumber = z.int().optional().describe(NEXT);

export const classifyFound = z.int().describe("The class of the clip: a number that the school chooses.");

export const devicesSchema = z
  .int()
  .describe(
    "The number of devices that have the page open, counted as connections that subscribe as this person and camera. More than one may " +
      "mean that several people use the same link. A device without a subscription is not counted.",
  );

/** How many records there are about a person. */
export const detectionCount = {
  detections: z.int().describe("The number of cheat records about the person in the room."),
  lastDetectionTime: z
    .date()
    .optional()
    .describe(
      "When the server received the newest of these records. Absent: there is none, or it is not known.",
    ),
} as const;

export const withRecordsInput = withDefault(z.boolean(), false).describe(
  "Whether to remove a person who has cheat records, and delete those records. For administrators only.",
);
export const deletedRecords = z.int().describe("The number of cheat records that were deleted.");
