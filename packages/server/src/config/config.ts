import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseEnv } from "node:util";
import { failedWith, SetupError } from "../platform/setup-error.js";
import { readSettings, type Settings } from "./settings.js";

/** With what the vendor's account is used: an access key (with a token where it is a passing one), or the role of the machine. */
export type AliyunCredentials =
  | { readonly accessKeyId: string; readonly accessKeySecret: string; readonly securityToken?: string }
  | { readonly instanceRole: string };

const credentialsOf = (env: Settings): AliyunCredentials | undefined => {
  const { INVIGIL_ALIYUN_ACCESS_KEY_ID: accessKeyId, INVIGIL_ALIYUN_ACCESS_KEY_SECRET: accessKeySecret } =
    env;
  const { INVIGIL_ALIYUN_SECURITY_TOKEN: securityToken, INVIGIL_ALIYUN_INSTANCE_ROLE: instanceRole } = env;
  if (accessKeyId && accessKeySecret)
    return { accessKeyId, accessKeySecret, ...(securityToken && { securityToken }) };
  return instanceRole ? { instanceRole } : undefined;
};

const MIB = 1024 * 1024;
const inBytes = (mib: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(mib).map(([whose, amount]) => [whose, amount * MIB]));

/** The server's settings, from those that were read. */
export const configOf = (env: Settings) => {
  const { INVIGIL_STREAM_PUSH_DOMAIN: pushDomain, INVIGIL_STREAM_PUSH_KEY: pushKey } = env;
  const { INVIGIL_STREAM_PULL_DOMAIN: pullDomain, INVIGIL_STREAM_PULL_KEY: pullKey } = env;
  const {
    INVIGIL_AUTH_JWKS_URL: jwksUrl,
    INVIGIL_AUTH_JWKS_ISSUER: issuer,
    INVIGIL_AUTH_JWKS_AUDIENCE: audience,
  } = env;
  const {
    INVIGIL_ALIYUN_IM_APP_ID: appId,
    INVIGIL_ALIYUN_IM_APP_KEY: appKey,
    INVIGIL_ALIYUN_IM_APP_SIGN: appSign,
  } = env;
  const { INVIGIL_RONGCLOUD_APP_KEY: rongKey, INVIGIL_RONGCLOUD_APP_SECRET: rongSecret } = env;
  const { INVIGIL_UPLOAD_ROLE_ARN: roleArn, INVIGIL_UPLOAD_BUCKET: bucket } = env;
  const databaseFile =
    env.INVIGIL_DATABASE_URL === ":memory:"
      ? ":memory:"
      : resolve(env.INVIGIL_DATABASE_URL.slice("file:".length));
  const besideDatabase = databaseFile === ":memory:" ? "./data" : dirname(databaseFile);
  return {
    host: env.INVIGIL_HOST,
    port: env.INVIGIL_PORT,
    /** Where clients reach the server; absent: the address it listens on. */
    publicUrl: env.INVIGIL_PUBLIC_URL,
    databaseFile,
    /** Made secrets and audio files live here. */
    dataDir: resolve(env.INVIGIL_DATA_DIR ?? besideDatabase),
    auth: env.INVIGIL_AUTH,
    authSecret: env.INVIGIL_AUTH_SECRET,
    /** An organisation's own identity service. */
    jwks:
      jwksUrl && issuer && audience
        ? {
            url: jwksUrl,
            issuer,
            audience,
            /** Where each of our claims stands in its tokens. */
            claims: env.INVIGIL_AUTH_JWKS_CLAIMS,
            /** What it calls each of our roles. */
            roles: env.INVIGIL_AUTH_JWKS_ROLES,
          }
        : undefined,
    login: {
      /** How long a token of a login is good, and how long it can be exchanged for a newer one. */
      ttlSeconds: env.INVIGIL_LOGIN_TTL_SECONDS,
      maxSeconds: env.INVIGIL_LOGIN_MAX_SECONDS,
      /** Failed logins a minute from one address. */
      failuresPerAddress: env.INVIGIL_LOGIN_FAILURES_PER_ADDRESS,
    },
    /** A token for an exam outlives the exam's end by this at most. */
    tokenAfterExamSeconds: env.INVIGIL_TOKEN_AFTER_EXAM_SECONDS,
    /** Whose word about a client's address counts. */
    trustedProxies: env.INVIGIL_TRUSTED_PROXIES,
    /** Where the web apps live that people watch and sit exams with. */
    apps: { watchUrl: env.INVIGIL_WATCH_APP_URL, examineeUrl: env.INVIGIL_EXAMINEE_APP_URL },
    timeZone: env.INVIGIL_TIME_ZONE,
    corsOrigins: env.INVIGIL_CORS_ORIGINS,
    restStatus: env.INVIGIL_REST_STATUS,
    /** What calls procedures for HTTP requests: packages/trpc-fastify, or tRPC's own adapter. */
    trpcAdapter: env.INVIGIL_TRPC_ADAPTER,
    /** What one person may hold open in this process at a time. */
    perPerson: {
      /** WebSockets and event streams. */
      connections: env.INVIGIL_CONNECTIONS_PER_PERSON,
      subscriptions: env.INVIGIL_SUBSCRIPTIONS_PER_PERSON,
    },
    /** Connections of any kind that this process accepts at a time. */
    maxConnections: env.INVIGIL_MAX_CONNECTIONS,
    /** Bytes that wait in this process for WebSocket clients to read them, at most. */
    sendBufferBytes: env.INVIGIL_SEND_BUFFER_MIB * 1024 * 1024,
    bodies: {
      /** Bytes of request bodies that are being received, over all requests. */
      bufferBytes: env.INVIGIL_BODY_BUFFER_MIB * 1024 * 1024,
      /** How long a body of up to 1 MiB may take to arrive. Larger ones get a second more for each 64 KiB. */
      timeoutMs: env.INVIGIL_BODY_TIMEOUT_SECONDS * 1000,
    },
    /** Who has been without a connection for this long has left. */
    eventRetentionSeconds: env.INVIGIL_EVENT_RETENTION_SECONDS,
    presenceSettleSeconds: env.INVIGIL_PRESENCE_SETTLE_SECONDS,
    demoExaminees: env.INVIGIL_DEMO_EXAMINEES,
    logLevel: env.INVIGIL_LOG_LEVEL,
    /** What may be done in a minute, by whose limit it is. */
    limits: {
      reads: env.INVIGIL_LIMIT_READS,
      writes: env.INVIGIL_LIMIT_WRITES,
      calls: env.INVIGIL_LIMIT_CALLS,
      records: env.INVIGIL_LIMIT_RECORDS,
      recordBytes: inBytes(env.INVIGIL_LIMIT_RECORD_MIB),
      messages: env.INVIGIL_LIMIT_MESSAGES,
      messageBytes: inBytes(env.INVIGIL_LIMIT_MESSAGE_MIB),
      rooms: env.INVIGIL_LIMIT_ROOMS,
      people: env.INVIGIL_LIMIT_PEOPLE,
      audioBytes: inBytes(env.INVIGIL_LIMIT_AUDIO_MIB),
      imports: env.INVIGIL_LIMIT_IMPORTS,
    },
    /** How much may be held. */
    quotas: {
      /** Of one person in one room. */
      recordsPerPerson: env.INVIGIL_QUOTA_RECORDS_PER_PERSON,
      recordBytesPerPerson: env.INVIGIL_QUOTA_RECORD_MIB_PER_PERSON * MIB,
      messagesPerRoom: env.INVIGIL_QUOTA_MESSAGES_PER_ROOM,
      peoplePerRoom: env.INVIGIL_QUOTA_PEOPLE_PER_ROOM,
      roomsPerExam: env.INVIGIL_QUOTA_ROOMS_PER_EXAM,
      roomsPerTeacher: env.INVIGIL_QUOTA_ROOMS_PER_TEACHER,
      examsPerTeacher: env.INVIGIL_QUOTA_EXAMS_PER_TEACHER,
      audioBytes: env.INVIGIL_QUOTA_AUDIO_MIB * MIB,
      audioBytesPerTeacher: env.INVIGIL_QUOTA_AUDIO_MIB_PER_TEACHER * MIB,
    },
    /** Free space below which nothing new is taken, on the file systems of the database and the data folder; 0: not looked at. */
    diskReserveBytes: env.INVIGIL_DISK_RESERVE_MB * MIB,
    streams: {
      domains:
        pushDomain && pushKey && pullDomain && pullKey
          ? { pushDomain, pushKey, pullDomain, pullKey }
          : undefined,
      app: env.INVIGIL_STREAM_APP,
      ttlSeconds: env.INVIGIL_STREAM_TTL_SECONDS,
      transcodeSuffix: env.INVIGIL_STREAM_TRANSCODE_SUFFIX,
    },
    /** Signs what the stream service reports. */
    streamCallbackKey: env.INVIGIL_STREAM_CALLBACK_KEY,
    /** How many streams the push domain carries at once. */
    streamPushLimit: env.INVIGIL_STREAM_PUSH_LIMIT,
    /** How all vendor services are called. */
    vendors: {
      /** A call ends after this, whatever was tried in it. */
      timeoutMs: env.INVIGIL_PROVIDER_TIMEOUT_MS,
      /** Calls to one service at a time. */
      concurrency: env.INVIGIL_PROVIDER_CONCURRENCY,
      /** How long a service that keeps failing is left alone. */
      pauseSeconds: env.INVIGIL_PROVIDER_PAUSE_SECONDS,
    },
    aliyun: { credentials: credentialsOf(env), liveUrl: env.INVIGIL_ALIYUN_LIVE_URL },
    aliyunIm: appId && appKey && appSign ? { appId, appKey, appSign } : undefined,
    aliyunOldIm: env.INVIGIL_ALIYUN_OLD_IM_APP_ID ? { appId: env.INVIGIL_ALIYUN_OLD_IM_APP_ID } : undefined,
    rongCloud:
      rongKey && rongSecret
        ? { appKey: rongKey, appSecret: rongSecret, urls: env.INVIGIL_RONGCLOUD_URLS }
        : undefined,
    uploads:
      roleArn && bucket
        ? {
            roleArn,
            bucket,
            region: env.INVIGIL_UPLOAD_REGION,
            basePath: env.INVIGIL_UPLOAD_BASE_PATH,
            ttlSeconds: env.INVIGIL_UPLOAD_TTL_SECONDS,
            stsUrl: env.INVIGIL_UPLOAD_STS_URL ?? `https://sts.${env.INVIGIL_UPLOAD_REGION}.aliyuncs.com`,
          }
        : undefined,
  };
};

export type Quotas = ReturnType<typeof configOf>["quotas"];
export type Config = ReturnType<typeof configOf>;

/**
 * Turns texts, as the environment has them, into the server's settings.
 * @throws SetupError that names the setting, without its value
 */
export const parseConfig = (environment: Readonly<Record<string, string | undefined>>) => {
  const read = readSettings(environment);
  if ("faults" in read) throw new SetupError(read.faults[0]);
  return configOf(read.env);
};

/** The settings of an app in a test: a database in memory, and the tRPC adapter that the environment of the test run names. */
export const testConfig = (settings: Readonly<Record<string, string | undefined>> = {}): Config =>
  parseConfig({
    INVIGIL_DATABASE_URL: ":memory:",
    INVIGIL_TRPC_ADAPTER: process.env.INVIGIL_TRPC_ADAPTER,
    ...settings,
  });

/** The environment, over the `.env` file of the working folder where there is one. */
export const readEnvironment = (): Record<string, string | undefined> => {
  let file = "";
  try {
    file = readFileSync(".env", "utf8");
  } catch (error) {
    if (!failedWith(error, "ENOENT")) throw new SetupError("the file .env cannot be read");
  }
  return { ...parseEnv(file), ...process.env };
};
