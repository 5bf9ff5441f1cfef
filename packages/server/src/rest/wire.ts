import {
  audioClipSchema,
  audioPageSchema,
  audioStatusSchema,
  cheatConfigSchema,
  cheatRecordSchema,
  examSchema,
  imTokensSchema,
  type JsonObject,
  MAX_RECORD_BYTES_PER_CALL,
  MAX_RECORDS_PER_CALL,
  manualAudioSchema,
  newCheatRecordSchema,
  pageSizeSchema,
  participantSchema,
  roomStatusSchema,
  roomWithCheatConfigSchema,
  scheduledAudioSchema,
  sessionSchema,
  uploadCredentialsSchema,
} from "@invigil/schema";
import { z } from "zod";
import { encoderOf } from "./encode.js";
import { slashedTime, zonedTime } from "./time.js";

// Codecs between the REST API (left) and the schema (right). Only this file knows the formats of the
// documented paths. `z.encode` writes a response, and `z.decode` reads a request.

/** A field of the API with the sentence of our field. */
const saying = <Field extends z.ZodType>(field: Field, { description }: z.ZodType): Field =>
  description === undefined ? field : field.describe(description);

/** A state as a number of the API: its index among the names of the schema. */
const enumNumbers = <Names extends z.util.EnumLike>({ options, description }: z.ZodEnum<Names>) => ({
  schema: z
    .int()
    .min(0)
    .max(options.length - 1)
    .describe(`${description} ${options.map((option, index) => `${index}: ${option}`).join(", ")}.`),
  // Safe: the bounds above are those of the names.
  nameOf: (number: number) => options[number] as z.input<z.ZodEnum<Names>>,
  of: (name: z.output<z.ZodEnum<Names>>): number => options.indexOf(name),
});
const numberedEnum = <Names extends z.util.EnumLike>(names: z.ZodEnum<Names>) => {
  const { schema, nameOf, of } = enumNumbers(names);
  return z.codec(schema, names, { decode: nameOf, encode: of });
};

const { userId, name, hasRoomInProgress, publishStatus, streams } = participantSchema.shape;
const publishNumbers = enumNumbers(publishStatus.shape.main);
/** The URLs of a stream. */
const urlsOf = (camera: string) => ({
  push: z
    .string()
    .describe(
      `Authorizes publishing the stream of the ${camera} as this person. \`""\` for callers who may not.`,
    ),
  pull: z.string().describe(`Plays the stream of the ${camera}.`),
  low: z.string().describe(`Plays the transcoded low-definition stream of the ${camera}.`),
});
const mainUrls = urlsOf("main camera");
const pcUrls = urlsOf("PC's camera");

/**
 * Encoded by the codec below as a whole, because encoding 5,000 fields of a list of 500 people takes too
 * long.
 */
const wireUser = z.object({
  id: userId,
  name,
  userStatus: z.int().min(0).max(1).describe("0: the person is in a room in progress. 1: they are in none."),
  publishStatus: publishNumbers.schema,
  rtcPushUrl: mainUrls.push,
  rtcPullUrl: mainUrls.pull,
  rtsPullUrl: mainUrls.low,
  pcRtcPushUrl: pcUrls.push,
  pcRtcPullUrl: pcUrls.pull,
  pcRtsPullUrl: pcUrls.low,
});

const user = z.codec(
  wireUser,
  z.object({ userId, name, hasRoomInProgress, publishStatus: publishStatus.pick({ main: true }), streams }),
  {
    decode: (wire) => ({
      userId: wire.id,
      name: wire.name,
      hasRoomInProgress: wire.userStatus === 0,
      publishStatus: { main: publishNumbers.nameOf(wire.publishStatus) },
      streams: {
        main: { pushUrl: wire.rtcPushUrl || null, pullUrl: wire.rtcPullUrl, lowPullUrl: wire.rtsPullUrl },
        pc: {
          pushUrl: wire.pcRtcPushUrl || null,
          pullUrl: wire.pcRtcPullUrl,
          lowPullUrl: wire.pcRtsPullUrl,
        },
      },
    }),
    encode: (person) => ({
      id: person.userId,
      name: person.name,
      userStatus: person.hasRoomInProgress ? 0 : 1,
      publishStatus: publishNumbers.of(person.publishStatus.main),
      rtcPushUrl: person.streams.main.pushUrl ?? "",
      rtcPullUrl: person.streams.main.pullUrl,
      rtsPullUrl: person.streams.main.lowPullUrl,
      pcRtcPushUrl: person.streams.pc.pushUrl ?? "",
      pcRtcPullUrl: person.streams.pc.pullUrl,
      pcRtsPullUrl: person.streams.pc.lowPullUrl,
    }),
  },
);

/**
 * Converts a detection in the text `data`. Values of an unknown form are passed on, so that the schema
 * refuses them.
 */
const convertDetection = (sent: unknown): unknown => {
  if (typeof sent !== "object" || sent === null || Array.isArray(sent)) return sent;
  // Both fields are overwritten below. Copying the object without them takes ten times as long.
  const record: JsonObject = { ...sent };
  const { detectTime, isMainMonitor } = record;
  const milliseconds =
    typeof detectTime === "string" && /^\d{1,16}$/.test(detectTime) ? Number(detectTime) : detectTime;
  return {
    ...record,
    detectTime: typeof milliseconds === "number" ? new Date(milliseconds) : milliseconds,
    isMainMonitor: isMainMonitor === "true" || (isMainMonitor === "false" ? false : isMainMonitor),
  };
};

/** The input of `convertDetection`, for documents. */
const sentDetection = newCheatRecordSchema.extend({
  isMainMonitor: saying(
    z.union([z.boolean(), z.enum(["true", "false"])]),
    newCheatRecordSchema.shape.isMainMonitor,
  ),
  detectTime: z
    .union([z.int().min(0), z.string().regex(/^\d{1,16}$/)])
    .describe("When the detector saw it, by its own clock, in milliseconds since 1970."),
});

/** The `data` of addCheatRecord: JSON text with an array of detections. */
const detections = z.codec(
  z
    .string("must be a JSON text")
    .refine((text) => Buffer.byteLength(text) <= MAX_RECORD_BYTES_PER_CALL, {
      error: `must be at most ${MAX_RECORD_BYTES_PER_CALL / 1024} KiB`,
    })
    .describe(
      `The JSON text of an array of detections: at most ${MAX_RECORDS_PER_CALL}, and ${MAX_RECORD_BYTES_PER_CALL / 1024} KiB together.`,
    ),
  z.array(z.unknown()),
  {
    decode(text, context) {
      try {
        const sent: unknown = JSON.parse(text);
        if (Array.isArray(sent)) return sent.map(convertDetection);
      } catch {
        // Reported below.
      }
      context.issues.push({ code: "custom", input: text, message: "must be the JSON text of an array" });
      return z.NEVER;
    },
    encode: (records) => JSON.stringify(records),
  },
);

/** 0 or 1, as a number or a text. */
const audioStatusInput = saying(
  z
    .union([z.literal([0, 1]), z.literal(["0", "1"])], { error: "must be 0 or 1" })
    .transform((status) => audioStatusSchema.options[Number(status)]),
  enumNumbers(audioStatusSchema).schema,
);

/** Pages of records stay as small as the vendor's. */
const recordPageSizeInput = pageSizeSchema(20);

/** The codecs for a time zone. */
export const createWire = ({ timeZone }: { timeZone: string }) => {
  const time = zonedTime(timeZone);
  const examTime = slashedTime(timeZone);
  const times = {
    createdAt: saying(time, cheatConfigSchema.shape.createdAt),
    updatedAt: saying(time, cheatConfigSchema.shape.updatedAt),
  };

  const cheatConfig = saying(cheatConfigSchema.extend(times), cheatConfigSchema).meta({ id: "CheatConfig" });

  const room = roomWithCheatConfigSchema.extend({
    ...times,
    status: numberedEnum(roomStatusSchema),
    audioStatus: numberedEnum(audioStatusSchema),
    cheatConfig: saying(cheatConfig.optional(), roomWithCheatConfigSchema.shape.cheatConfig),
  });

  // The vendor's apps know no rights.
  const examOnWire = examSchema.omit({
    controlledBy: true,
    maxRoomMinutes: true,
    cameras: true,
    questionsUrl: true,
    detectors: true,
    mayManage: true,
    mayDuplicate: true,
  });
  const { scheduledAudio, manualAudio, ...examFields } = examOnWire.shape;
  const scheduled = scheduledAudioSchema.extend({
    startTime: saying(examTime, scheduledAudioSchema.shape.startTime),
  });
  const wireExam = z.object({
    ...examFields,
    ...times,
    startTime: saying(examTime, examFields.startTime),
    endTime: saying(examTime, examFields.endTime),
    radioInfo: saying(z.array(saying(scheduled, scheduledAudioSchema)), scheduledAudio),
    audioInfo: saying(z.array(manualAudioSchema), manualAudio),
  });
  const exam = z.codec(wireExam, examOnWire, {
    decode: ({ radioInfo, audioInfo, ...rest }) => ({
      ...rest,
      scheduledAudio: radioInfo,
      manualAudio: audioInfo,
    }),
    // Copying the other fields of an object takes several times as long.
    encode: (found) => ({
      id: found.id,
      name: found.name,
      startTime: found.startTime,
      endTime: found.endTime,
      ...(found.videoProfile && { videoProfile: found.videoProfile }),
      createdAt: found.createdAt,
      updatedAt: found.updatedAt,
      radioInfo: found.scheduledAudio,
      audioInfo: found.manualAudio,
    }),
  });

  const writeTime = encoderOf(time);
  // Encoded as a whole, like people: a page has hundreds of fields.
  const wireTime = time.def.in;
  const { id, examId, roomId, userId: suspect, detectType, detectTime } = cheatRecordSchema.shape;
  const cheatRecord = z.codec(
    z.object({
      id,
      examId,
      roomId,
      userId: suspect,
      detectType,
      // Clients call JSON.parse on the next value, and on `extraInfo`, so an object is sent as JSON text.
      isMainMonitor: z
        .enum(["true", "false"])
        .describe("As text: whether the phone (the main camera) made the detection, as opposed to the PC."),
      detectTime: saying(wireTime, detectTime),
      extraInfo: z
        .string()
        .describe(
          "Additional data of the detector: a text as it was sent, or the JSON text of the object that was sent.",
        ),
      createdAt: saying(wireTime, times.createdAt),
      updatedAt: saying(wireTime, times.updatedAt),
    }),
    cheatRecordSchema,
    {
      decode: (wire) => ({
        ...wire,
        isMainMonitor: wire.isMainMonitor === "true",
        detectTime: z.decode(time, wire.detectTime),
        createdAt: z.decode(time, wire.createdAt),
        updatedAt: z.decode(time, wire.updatedAt),
      }),
      encode: (record) => ({
        id: record.id,
        examId: record.examId,
        roomId: record.roomId,
        userId: record.userId,
        detectType: record.detectType,
        isMainMonitor: record.isMainMonitor ? ("true" as const) : ("false" as const),
        detectTime: writeTime(record.detectTime),
        extraInfo: typeof record.extraInfo === "string" ? record.extraInfo : JSON.stringify(record.extraInfo),
        createdAt: writeTime(record.createdAt),
        updatedAt: writeTime(record.updatedAt),
      }),
    },
  );
  const cheatRecordPage = z.codec(
    z.object({
      cheatRecordEntitys: z
        .array(saying(cheatRecord, cheatRecordSchema).meta({ id: "CheatRecord" }))
        .describe("The records, the newest first."),
      scrollToken: z
        .string()
        .optional()
        .describe("Send it to get the next page. Absent if no older record is left."),
    }),
    z.object({ records: z.array(cheatRecordSchema), nextCursor: z.int().optional() }),
    {
      decode: ({ cheatRecordEntitys, scrollToken }) => ({
        records: cheatRecordEntitys,
        ...(scrollToken !== undefined && { nextCursor: Number(scrollToken) }),
      }),
      encode: ({ records, nextCursor }) => ({
        cheatRecordEntitys: records,
        ...(nextCursor !== undefined && { scrollToken: String(nextCursor) }),
      }),
    },
  );

  const uploadCredentials = uploadCredentialsSchema.extend({
    expiration: saying(
      z.codec(z.iso.datetime(), z.date(), {
        decode: (text) => new Date(text),
        encode: (date) => date.toISOString(),
      }),
      uploadCredentialsSchema.shape.expiration,
    ),
  });

  const { token, expiresAt } = sessionSchema.shape;
  const login = z.codec(
    z.object({ token, expire: saying(time, expiresAt) }),
    sessionSchema.pick({ token: true, expiresAt: true }),
    {
      decode: ({ token, expire }) => ({ token, expiresAt: expire }),
      encode: ({ token, expiresAt }) => ({ token, expire: expiresAt }),
    },
  );

  const audioClip = audioClipSchema.omit({ isDefault: true }).meta({ id: "AudioClip" });
  const olderImTokens = z.codec(
    imTokensSchema.shape.aliyunOldIm,
    imTokensSchema.pick({ aliyunOldIm: true }),
    {
      decode: (aliyunOldIm) => ({ aliyunOldIm }),
      encode: ({ aliyunOldIm }) => aliyunOldIm,
    },
  );

  // The names and sentences are those of documents.
  const person = user.meta({
    id: "User",
    description: "A person in a room, with the URLs of their streams.",
  });
  return {
    login: login.meta({ id: "Login", description: "A token, and when it expires." }),
    room: room.meta({ id: "Room", description: "A group of people in one exam who are watched together." }),
    exam: exam.meta({ id: "Exam", description: "An exam and the audio that it plays." }),
    user: person,
    users: z.array(person),
    cheatConfig,
    cheatRecordPage: cheatRecordPage.meta({
      id: "CheatRecordPage",
      description: "One page of cheat records.",
    }),
    uploadCredentials: uploadCredentials.meta({
      id: "UploadCredentials",
      description: "Temporary credentials for uploading recordings.",
    }),
    audioPage: audioPageSchema
      .extend({ list: saying(z.array(audioClip), audioPageSchema.shape.list) })
      .meta({ id: "AudioPage", description: "One page of the audio library." }),
    imTokens: imTokensSchema.meta({
      id: "ImTokens",
      description: "The credentials of each requested message service that is configured.",
    }),
    olderImTokens,
    detections,
    sentDetections: z.array(sentDetection).max(MAX_RECORDS_PER_CALL),
    audioStatusInput,
    recordPageSizeInput,
  };
};
export type Wire = ReturnType<typeof createWire>;
