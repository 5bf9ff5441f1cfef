import { z } from "zod";
import { userIdSchema } from "./common.js";
import {
  boundedList,
  idSchema,
  label,
  optional,
  verbatimText,
  wholeNumber,
  withDefault,
} from "./common-parts.js";
import { deletedRecords, extraMinutes, found, given, personName, times, withRecordsInput } from "./fields.js";
import { cameras } from "./login-parts.js";
import { eachOnce } from "./participant-parts.js";

export const participantRoleSchema = z
  .enum(["teacher", "inspector", "examinee"])
  .describe("The role of the person in the room.");
export type ParticipantRole = z.infer<typeof participantRoleSchema>;

export const cameraSchema = z
  .enum(cameras)
  .describe(
    "The camera and its page: `main` is the first or only one, `pc` the second one: in the vendor's apps the phone's and the PC's, on the candidate's page that of the device at which the person sits and that of another device.",
  );

export const publishStatusSchema = z
  .enum(["idle", "publishing", "stopped"])
  .describe("Whether the camera sends its stream: not yet, now, or no longer.");
export type PublishStatus = z.infer<typeof publishStatusSchema>;

/** The status of both cameras of a person. */
const publishStatuses = z
  .object({
    main: publishStatusSchema.describe(
      "Whether the main camera sends its stream: not yet, now, or no longer.",
    ),
    pc: publishStatusSchema.describe("Whether the PC camera sends its stream: not yet, now, or no longer."),
  })
  .describe("Whether the cameras of the person send their streams.");

const unless = (setting: string) => (sentence: string) =>
  z.string().optional().describe(`${sentence} Absent unless \`${setting}\` is set.`);
const playlist = unless("INVIGIL_STREAM_HLS_URL");
const endpoint = unless("INVIGIL_STREAM_WHEP_URL");

export const streamUrlsSchema = z
  .object({
    pushUrl: z
      .string()
      .nullable()
      .describe(
        "Authorizes publishing as this person. Only the person, their teacher and administrators receive it. `null` for other callers.",
      ),
    pullUrl: z.string().describe("Plays the stream."),
    lowPullUrl: z.string().describe("Plays the transcoded low-definition stream."),
    hlsUrl: playlist("Plays the stream by HLS, in browsers without the vendor's player."),
    lowHlsUrl: playlist("Plays the transcoded low-definition stream by HLS."),
    whepUrl: endpoint("Plays the stream by WHEP, in browsers without the vendor's player."),
    lowWhepUrl: endpoint("Plays the transcoded low-definition stream by WHEP."),
  })
  .describe(
    "The signed URLs of a camera's stream. They stay the same for a minute, and are valid for the configured lifetime " +
      "(`INVIGIL_STREAM_TTL_SECONDS`) and at most one minute longer.",
  );
export type StreamUrls = z.infer<typeof streamUrlsSchema>;

export const participantSchema = z
  .object({
    userId: found.userId,
    roomId: found.roomId,
    role: participantRoleSchema,
    name: personName,
    hasRoomInProgress: z
      .boolean()
      .describe(
        "Whether the person is in a room in progress: this one, or another room of the exam that the caller can see.",
      ),
    extraMinutes,
    publishStatus: publishStatuses,
    streams: z
      .object({
        main: streamUrlsSchema.describe("The signed URLs of the main camera's stream."),
        pc: streamUrlsSchema.describe("The signed URLs of the PC camera's stream."),
      })
      .describe("The signed URLs of the streams of both cameras."),
    ...times,
  })
  .describe("A person in a room.");
export type Participant = z.infer<typeof participantSchema>;

export const participantRef = z
  .object({ roomId: given.roomId, userId: given.userId })
  .describe("Names a person in a room.");

export const listParticipantsInput = z
  .object({
    roomId: given.roomId,
    role: withDefault(participantRoleSchema, "examinee").describe("Only people in this role."),
  })
  .describe("Input of `participant.list`.");

export const extraMinutesSchema = wholeNumber(0, 600).describe(
  "How many minutes after the exam's end the person may continue.",
);

export const newPersonSchema = z
  .object({
    userId: userIdSchema.describe(
      "The id of the person: letters, digits, `_`, `-` and `.`, at most 61. It neither begins with `pc_` nor ends with `_pc`.",
    ),
    name: label(64).describe("The name of the person."),
    role: participantRoleSchema,
  })
  .describe("The identity of a person in a request.");
export const newParticipantSchema = newPersonSchema
  .extend({
    extraMinutes: optional(extraMinutesSchema).describe(
      "How many minutes after the exam's end an examinee may continue. Absent: 0 for a new person, the current value for an existing one.",
    ),
  })
  .refine(({ role, extraMinutes }) => role === "examinee" || !extraMinutes, {
    path: ["extraMinutes"],
    error: "are for examinees only",
  })
  .describe("A person to add to a room.");
export type NewParticipant = z.infer<typeof newParticipantSchema>;

export const addParticipantsInput = z
  .object({
    roomId: given.roomId,
    participants: eachOnce(newParticipantSchema, 500)
      .min(1, "must not be empty")
      .describe("The people to add, each of them once."),
  })
  .describe("Input of `participant.add`.");
export type AddParticipantsInput = z.infer<typeof addParticipantsInput>;

/** What a call did with the people whom it named. */
const outcomes = {
  added: z.int().describe("The number of people who were added."),
  updated: z.int().describe("The number of people whose name or extra minutes changed."),
  unchanged: z.int().describe("The number of people who were already there as requested."),
};
export const addParticipantsResultSchema = z.object(outcomes).describe("Output of `participant.add`.");
export type AddParticipantsResult = z.infer<typeof addParticipantsResultSchema>;

const newMinutesSchema = z
  .object({ userId: given.userId, extraMinutes: extraMinutesSchema })
  .describe("An examinee of the room, and their extra minutes in total.");
export const setExtraMinutesInput = z
  .object({
    roomId: given.roomId,
    participants: eachOnce(newMinutesSchema, 500)
      .min(1, "must not be empty")
      .describe("The examinees, each of them once."),
  })
  .describe("Input of `participant.setExtraMinutes`.");
export type SetExtraMinutesInput = z.infer<typeof setExtraMinutesInput>;
export const setExtraMinutesResultSchema = z
  .object({
    updated: z.int().describe("The number of people whose extra minutes changed."),
    unchanged: outcomes.unchanged,
  })
  .describe("Output of `participant.setExtraMinutes`.");
export type SetExtraMinutesResult = z.infer<typeof setExtraMinutesResultSchema>;

export const moveParticipantInput = z
  .object({
    ...participantRef.shape,
    toRoomId: idSchema.describe("The id of the room to which the person goes. It belongs to the same exam."),
  })
  .describe("Input of `participant.move`.");
export type MoveParticipantInput = z.infer<typeof moveParticipantInput>;

export const unseatParticipantInput = z
  .object({ examId: given.examId, ...participantRef.shape })
  .describe("Input of `participant.unseat`.");
export type UnseatParticipantInput = z.infer<typeof unseatParticipantInput>;

export const removeParticipantInput = participantRef
  .extend({ withRecords: withRecordsInput })
  .describe("Input of `participant.remove`.");
export type RemoveParticipantInput = z.infer<typeof removeParticipantInput>;

export const removedParticipantSchema = z
  .object({ records: deletedRecords })
  .describe("Output of `participant.remove`.");
export type RemovedParticipant = z.infer<typeof removedParticipantSchema>;

/** The most rows of a file that an import leaves out. A dry run lists as many faults. */
export const MAX_SKIPPED_ROWS = 10_000;
/** The most people that an import removes. A dry run lists as many of those who are not in the file. */
export const MAX_REMOVED_PEOPLE = 1000;

/** What a column of a roster can be. */
export const rosterFieldSchema = z
  .enum(["id", "name", "room", "role", "extraMinutes"])
  .describe("What a column of a roster contains.");
export type RosterField = z.infer<typeof rosterFieldSchema>;

/** How much of a column's title is compared and listed, in characters. */
export const COLUMN_TITLE_LENGTH = 100;

export const columnMeaningSchema = z
  .object({
    column: verbatimText(1, COLUMN_TITLE_LENGTH).describe(
      "The title of the column, or its first 100 characters. Upper and lower case, spaces and punctuation are the same.",
    ),
    field: rosterFieldSchema.describe("What the column contains."),
  })
  .describe("The meaning of a column, in place of what its title means.");
export type ColumnMeaning = z.infer<typeof columnMeaningSchema>;

export const importParticipantsInput = z
  .object({
    examId: given.examId,
    roomId: optional(given.roomId).describe(
      "The room of people whose row names none. Absent: they have no room until `exam.plan` assigns one.",
    ),
    file: z
      .base64("must be base64")
      .min(1, "must not be empty")
      .max(14_000_000, "must be at most 10 MiB")
      .describe(
        "The file in base64, at most 10 MiB: CSV (UTF-8, UTF-16 or GB18030, with commas, tabs or semicolons) or XLSX. The first row has " +
          "the column names, in Chinese or English: 学号/考号/id, 姓名/name, 考场/room, 角色/role, 加时/extra minutes. The first two columns " +
          "are required. Other columns are not read, and the answer names them (`unreadColumns`). A row that holds a total (合计, total) and no person is left out.",
      ),
    dryRun: withDefault(z.boolean(), false).describe("Whether to only report the changes."),
    withFaults: withDefault(z.boolean(), false).describe(
      "Whether a dry run of a file with faults answers with them and with their part of the sheet. Otherwise such a file is refused.",
    ),
    columns: optional(boundedList(columnMeaningSchema, 10)).describe(
      "What columns contain whose titles do not say so. Each title must be that of one column, and a column or a field may be named once. A " +
        "column whose title means the same field is not read then. Absent: the titles decide alone.",
    ),
    skip: optional(boundedList(wholeNumber(1, 1_000_000), MAX_SKIPPED_ROWS)).describe(
      "The rows to leave out, of those that a dry run has listed with a fault. A row without a fault is refused. Absent: none.",
    ),
    remove: optional(boundedList(given.userId, MAX_REMOVED_PEOPLE)).describe(
      "The ids of people to remove from the exam after the import, of those whom a dry run has listed as `absent` and without `stays`. Not " +
        "for an import into a room. Absent: all people stay.",
    ),
  })
  .describe("Input of `participant.import`.");
export type ImportParticipantsInput = z.infer<typeof importParticipantsInput>;

const row = z.int().describe("The number of the row in the file, as spreadsheets count.");

/** Why a cell of a roster is refused. */
export const rosterFaultCodes = [
  "missing",
  "repeated",
  "hidden_row",
  "ambiguous",
  "lost_digits",
  "not_text",
  "invalid_id",
  "invalid_name",
  "invalid_minutes",
  "minutes_of_staff",
  "unknown_role",
  "other_role",
  "unknown_room",
  "several_rooms",
  "not_your_room",
  "room_ended",
  "other_room",
  "no_header",
] as const;
export type RosterFaultCode = (typeof rosterFaultCodes)[number];

export const rosterFaultSchema = z
  .object({
    row,
    column: z.string().describe("The header of the column, as it is in the file."),
    cell: z.int().describe("The number of the column, from 0."),
    value: z.string().describe("The beginning of what the cell shows."),
    person: z.string().describe("The name in the row, or else the id."),
    code: z
      .enum(rosterFaultCodes)
      .describe(
        "`repeated`: an earlier row has the id. `ambiguous`: what the cell shows is not what it contains. `lost_digits`: the spreadsheet has " +
          "rounded the number. `not_text`: the spreadsheet has changed what was typed. `other_role`, `other_room`: the person is in the exam " +
          "already, in another role or room. `several_rooms`: several rooms have the name. `not_your_room`: the caller may not import into " +
          "it. `no_header`: the cell has content, and its column no header.",
      ),
    detail: z
      .string()
      .optional()
      .describe(
        "The earlier row (`repeated`), the role or the room that the person has (`other_role`, `other_room`), or the room (`not_your_room`). Absent for other codes.",
      ),
    reason: z.string().describe("The same as a sentence in English, which continues the name of the column."),
  })
  .describe("A fault in a cell of a roster.");
export type RosterFault = z.infer<typeof rosterFaultSchema>;

const details = z.object({ name: personName, extraMinutes });

export const absentPersonSchema = z
  .object({
    userId: found.userId,
    name: personName,
    role: participantRoleSchema,
    room: z.string().optional().describe("The name of their first room. Absent: they have no room yet."),
    stays: z
      .enum(["entered", "recorded", "room_ended", "room_creator"])
      .optional()
      .describe(
        "Why an import cannot remove the person. `entered`: they have opened their page, made checks, sent a stream or a message, or raised a hand. `recorded`: there are " +
          "cheat records, decisions, notes or checks of identity about them. `room_ended`: a room of theirs has ended. `room_creator`: the " +
          "examinees of a room answer to them. Absent: it can.",
      ),
  })
  .describe("A person of the exam who is not in the file.");
export type AbsentPerson = z.infer<typeof absentPersonSchema>;

export const importResultSchema = z
  .object({
    rows: z.int().describe("The number of rows that contain a person."),
    ...outcomes,
    changes: z
      .array(
        z.object({
          row,
          userId: found.userId,
          was: details.describe("The values before."),
          is: details.describe("The values now."),
        }),
      )
      .describe("The first 1,000 people whose name or extra minutes changed."),
    moreChanges: z.int().describe("The number of changes that are not listed."),
    unreadSheets: z
      .array(z.string())
      .optional()
      .describe(
        "The visible sheets of a workbook that are not empty but have no roster header, and were not imported. Absent if there are none.",
      ),
    unreadColumns: z
      .array(z.string())
      .optional()
      .describe(
        "The titles of the first 100 columns that were not read, because their titles are not known or another column means the same. Input " +
          "`columns` can give them a meaning. Absent if there are none.",
      ),
    moreUnreadColumns: z
      .int()
      .optional()
      .describe("The number of further columns that were not read. Absent if all are listed."),
    warnings: z
      .array(
        z.object({
          row,
          column: z.string().describe("The header of the column, as it is in the file."),
          value: z.string().describe("The text of the cell."),
          person: personName,
          reason: z.string().describe("Why the value is suspicious."),
        }),
      )
      .optional()
      .describe(
        "The first 100 ids that may have lost zeros in a spreadsheet: of another length than nearly all others, or numbers among texts. " +
          "They were imported nevertheless. Absent if there are none.",
      ),
    moreWarnings: z
      .int()
      .optional()
      .describe("The number of warnings that are not listed. Absent if there are no warnings."),
    faults: z
      .array(rosterFaultSchema)
      .optional()
      .describe(
        "The first 10,000 faults, by row, because of which nothing can be imported. Absent without `withFaults`, or if there are none.",
      ),
    moreFaults: z
      .int()
      .optional()
      .describe("The number of faults that are not listed. Absent if there are none."),
    sheet: z
      .object({
        header: z.array(z.string()).describe("The headers of the columns."),
        rows: z
          .array(
            z.object({
              row,
              cells: z.array(z.string()).describe("The beginning of what each cell shows."),
            }),
          )
          .describe("The rows with one of the first 100 faults, and those directly above and below them."),
      })
      .optional()
      .describe(
        "The part of the sheet with the first faults: its first 30 columns. Absent if there are no faults.",
      ),
    skipped: z
      .int()
      .optional()
      .describe("The number of rows that `skip` left out. Absent if there are none."),
    totalRows: z
      .array(row)
      .optional()
      .describe("The first 100 rows that hold a total and were left out. Absent if there are none."),
    preview: z
      .array(
        z.object({
          row,
          userId: found.userId,
          name: personName,
          role: participantRoleSchema,
          extraMinutes: extraMinutes.optional().describe("The extra minutes. Absent: the file has none."),
          room: z.string().optional().describe("The name of the room. Absent: the row names none."),
        }),
      )
      .optional()
      .describe("The first ten people as they were read. Only in a dry run, if there are no faults."),
    newPeople: z
      .array(z.object({ row, userId: found.userId, name: personName }))
      .optional()
      .describe(
        "The first 1,000 people who are not in the exam yet. Only in a dry run, if there are no faults.",
      ),
    moreNewPeople: z
      .int()
      .optional()
      .describe("The number of new people who are not listed. Absent if all are listed."),
    withExtraMinutes: z
      .array(z.object({ row, userId: found.userId, name: personName, extraMinutes }))
      .optional()
      .describe(
        "The first 1,000 people of the file who have extra minutes after the import, also if they had them before. Only in a dry run, if " +
          "there are no faults.",
      ),
    moreWithExtraMinutes: z
      .int()
      .optional()
      .describe("The number of people with extra minutes who are not listed. Absent if all are listed."),
    sameNames: z
      .array(
        z.object({
          name: personName,
          userIds: z.array(found.userId).describe("The first 100 of them."),
          count: z.int().describe("The number of people of this name."),
        }),
      )
      .optional()
      .describe(
        "The first 100 names that several people have, apart from case, width and spaces: people of the file and, in a dry run into the " +
          "whole exam, those of `absent`. Absent if there are none.",
      ),
    moreSameNames: z
      .int()
      .optional()
      .describe("The number of such names that are not listed. Absent if all are listed."),
    absent: z
      .array(absentPersonSchema)
      .optional()
      .describe(
        "The first 1,000 people of the exam who are not in the file, of the roles that the file has. Only in a dry run into the whole exam, " +
          "if there are no faults.",
      ),
    moreAbsent: z
      .int()
      .optional()
      .describe("The number of absent people who are not listed. Absent if all are listed."),
    removed: z
      .int()
      .optional()
      .describe("The number of people whom `remove` removed. Absent without `remove`."),
    kept: z
      .array(found.userId)
      .optional()
      .describe(
        "The people of `remove` who stay, because they entered or were recorded during the import, or it was interrupted. Absent if there " +
          "are none.",
      ),
  })
  .describe("Output of `participant.import`.");
export type ImportResult = z.infer<typeof importResultSchema>;
