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
  manualAudioSchema,
  participantSchema,
  publishStatusSchema,
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

/** A state as a number of the API: its index among the names of the schema. */
const enumNumbers = <Names extends z.util.EnumLike>({ options }: z.ZodEnum<Names>) => ({
  schema: z
    .int()
    .min(0)
    .max(options.length - 1),
  // Safe: the bounds above are those of the names.
  nameOf: (number: number) => options[number] as z.input<z.ZodEnum<Names>>,
  of: (name: z.output<z.ZodEnum<Names>>): number => options.indexOf(name),
});
const numberedEnum = <Names extends z.util.EnumLike>(names: z.ZodEnum<Names>) => {
  const { schema, nameOf, of } = enumNumbers(names);
  return z.codec(schema, names, { decode: nameOf, encode: of });
};

const publishNumbers = enumNumbers(publishStatusSchema);

/**
 * Encoded by the codec below as a whole, because encoding 5,000 fields of a list of 500 people takes too
 * long.
 */
const wireUser = z.object({
  id: z.string(),
  name: z.string(),
  userStatus: z.int().min(0).max(1),
  publishStatus: publishNumbers.schema,
  // `""` if the caller may not see the URL.
  rtcPushUrl: z.string(),
  rtcPullUrl: z.string(),
  rtsPullUrl: z.string(),
  pcRtcPushUrl: z.string(),
  pcRtcPullUrl: z.string(),
  pcRtsPullUrl: z.string(),
});
const { userId, name, hasRoomInProgress, publishStatus, streams } = participantSchema.shape;

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

/** The `data` of addCheatRecord: JSON text with an array of detections. */
const detections = z.codec(
  z.string("must be a JSON text").refine((text) => Buffer.byteLength(text) <= MAX_RECORD_BYTES_PER_CALL, {
    error: `must be at most ${MAX_RECORD_BYTES_PER_CALL / 1024} KiB`,
  }),
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
const audioStatusInput = z
  .union([z.literal([0, 1]), z.literal(["0", "1"])], { error: "must be 0 or 1" })
  .transform((status) => audioStatusSchema.options[Number(status)]);

/** The codecs for a time zone. */
export const createWire = ({ timeZone }: { timeZone: string }) => {
  const time = zonedTime(timeZone);
  const examTime = slashedTime(timeZone);
  const times = { createdAt: time, updatedAt: time };

  const cheatConfig = cheatConfigSchema.extend(times);

  const room = roomWithCheatConfigSchema.extend({
    ...times,
    status: numberedEnum(roomStatusSchema),
    audioStatus: numberedEnum(audioStatusSchema),
    cheatConfig: cheatConfig.optional(),
  });

  const { scheduledAudio: _, manualAudio: __, ...examFields } = examSchema.shape;
  const wireExam = z.object({
    ...examFields,
    ...times,
    startTime: examTime,
    endTime: examTime,
    radioInfo: z.array(scheduledAudioSchema.extend({ startTime: examTime })),
    audioInfo: z.array(manualAudioSchema),
  });
  const exam = z.codec(wireExam, examSchema, {
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
  const cheatRecord = z.codec(
    z.object({
      id: z.int(),
      examId: z.string(),
      roomId: z.string(),
      userId: z.string(),
      detectType: z.string(),
      // Clients call JSON.parse on the next value, and on `extraInfo`, so an object is sent as JSON text.
      isMainMonitor: z.enum(["true", "false"]),
      detectTime: z.string(),
      extraInfo: z.string(),
      createdAt: z.string(),
      updatedAt: z.string(),
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
    z.object({ cheatRecordEntitys: z.array(cheatRecord), scrollToken: z.string().optional() }),
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
    expiration: z.codec(z.iso.datetime(), z.date(), {
      decode: (text) => new Date(text),
      encode: (date) => date.toISOString(),
    }),
  });

  const login = z.codec(
    z.object({ token: z.string(), expire: time }),
    sessionSchema.pick({ token: true, expiresAt: true }),
    {
      decode: ({ token, expire }) => ({ token, expiresAt: expire }),
      encode: ({ token, expiresAt }) => ({ token, expire: expiresAt }),
    },
  );

  return {
    login,
    room,
    exam,
    user,
    users: z.array(user),
    cheatConfig,
    cheatRecordPage,
    uploadCredentials,
    audioPage: audioPageSchema.extend({ list: z.array(audioClipSchema.omit({ isDefault: true })) }),
    imTokens: imTokensSchema,
    detections,
    audioStatusInput,
  };
};
export type Wire = ReturnType<typeof createWire>;
