import { z } from "zod";
import { examEntrySchema } from "./attempt.js";
import { checksSchema, readinessSchema } from "./checks.js";
import { isStorable, NOT_STORABLE, withDefault } from "./common-parts.js";
import { detectorNames } from "./detectors.js";
import { examSchema } from "./exam.js";
import { found, given, personName } from "./fields.js";
import { imTokensSchema } from "./im.js";
import { roomSnapshotSchema } from "./live.js";
import { cameraSchema } from "./participant.js";
import { talkSchema } from "./stream.js";

// What the candidate's page asks and reports: the consent, the checks before an exam, and its first state.

/** The longest consent text in one language, in UTF-16 code units. */
const MAX_CONSENT = 20_000;
const version = z
  .int()
  .min(0)
  .describe("The version of the consent text. 0: the exam has none, and the page shows its standard text.");
const consentText = (language: string) =>
  z
    .string()
    .trim()
    .max(MAX_CONSENT, `must be at most ${MAX_CONSENT} characters`)
    .refine(isStorable, NOT_STORABLE)
    .describe(`The text in ${language}. Empty: there is none in this language.`);
const foundText = (language: string) =>
  z.string().optional().describe(`The text in ${language}. Absent: there is none.`);

export const consentSchema = z
  .object({ version, zh: foundText("Chinese"), en: foundText("English") })
  .describe("What the people of an exam agree to before it begins.");
export type Consent = z.infer<typeof consentSchema>;

export const setConsentInput = z
  .object({ examId: given.examId, zh: consentText("Chinese"), en: consentText("English") })
  .refine(({ zh, en }) => zh !== "" || en !== "", { path: ["zh"], error: "or en is required" })
  .describe("Input of `exam.setConsent`.");
export type SetConsentInput = z.infer<typeof setConsentInput>;

export const openAttemptInput = z
  .object({
    roomId: given.roomId,
    camera: withDefault(cameraSchema, "main").describe("The page that opens it."),
  })
  .describe(
    "Input of `attempt.open`: a room in which the caller sits the exam, or from which they were moved.",
  );
export type OpenAttemptInput = z.infer<typeof openAttemptInput>;

const examOfSitting = examSchema.pick({
  id: true,
  name: true,
  startTime: true,
  endTime: true,
  videoProfile: true,
  cameras: true,
  questionsUrl: true,
});
export const sittingSchema = z
  .object({
    snapshot: roomSnapshotSchema.describe(
      "The room, as the caller sees it. Subscribe with its `lastEventId`: it is not older than anything else here.",
    ),
    exam: examOfSitting
      .extend({
        endTime: z.date().describe("When the exam ends, without the minutes of the person."),
        detectors: z.array(z.enum(detectorNames)).describe("The detectors of the page that run in the exam."),
      })
      .describe("The exam."),
    self: z.object({ userId: found.userId, name: personName }).describe("The caller."),
    endsAt: z.date().describe("When the exam ends for the person, with their minutes and pauses, as of now."),
    consent: consentSchema
      .extend({
        given: z
          .object({ version, time: z.date().describe("When they agreed.") })
          .optional()
          .describe("What the person agreed to last. Absent: to nothing."),
      })
      .describe("The newest consent text."),
    readiness: readinessSchema.optional().describe("The checks of the person. Absent: nothing was checked."),
    detectorsOff: z.boolean().describe("Whether the detectors are off for the person."),
    canPublish: z.boolean().describe("Whether browsers can publish here, by the embedded media server."),
    login: imTokensSchema
      .optional()
      .describe(
        "The message login at the vendor's message service. Absent: Invigil carries the messages, or the exam is over for the person.",
      ),
    decision: examEntrySchema
      .optional()
      .describe("The newest decision about the person. Absent: nothing was decided."),
    talk: talkSchema
      .optional()
      .describe("The member of staff who talks to the person now. Absent: no one does."),
    token: z
      .string()
      .optional()
      .describe(
        "The token to go on with in the room of the snapshot: the caller was moved there, and their own one is bound to the room from which they came. Absent: their own one.",
      ),
    now: z.date().describe("The server's time."),
  })
  .describe("Output of `attempt.open`: what the candidate's page begins with.");
export type Sitting = z.infer<typeof sittingSchema>;

export const giveConsentInput = z
  .object({
    roomId: given.roomId,
    version: version.describe("The version of the text that the person has read: the newest one."),
  })
  .describe("Input of `attempt.consent`.");
export const givenConsentSchema = z
  .object({ version, time: z.date().describe("When they agreed.") })
  .describe("Output of `attempt.consent`.");
export type GivenConsent = z.infer<typeof givenConsentSchema>;

export const reportReadinessInput = z
  .object({
    roomId: given.roomId,
    checks: checksSchema
      .omit({ consent: true })
      .refine((checks) => Object.values(checks).some((one) => one !== undefined), "must not be empty")
      .describe("The checks that were made. The others keep their results."),
  })
  .describe("Input of `attempt.reportReadiness`.");
export type ReportReadinessInput = z.infer<typeof reportReadinessInput>;

export const waveThroughInput = z
  .object({
    roomId: given.roomId,
    userId: given.userId,
    wavedThrough: z.boolean().describe("Whether the person may begin without the checks."),
  })
  .describe("Input of `participant.waveThrough`.");
export type WaveThroughInput = z.infer<typeof waveThroughInput>;

export const setDetectorsInput = z
  .object({
    roomId: given.roomId,
    userId: given.userId,
    off: z.boolean().describe("Whether the detectors of the candidate's page are off for the person."),
  })
  .describe("Input of `participant.setDetectors`.");
export type SetDetectorsInput = z.infer<typeof setDetectorsInput>;
