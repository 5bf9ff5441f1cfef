import { readFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import { dirname, resolve } from "node:path";
import { parseEnv } from "node:util";
import { failedWith, SetupError } from "../platform/setup-error.js";
import { type DatabaseLocation, storedFileOf } from "../storage/location.js";
import { isPostgresUrl } from "../storage/postgres/settings.js";
import { readSettings, type Settings, streamServiceOf } from "./settings.js";

/**
 * The credentials of the Aliyun account: an access key (with a token if it is temporary), or the role of the
 * machine.
 */
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

const databaseOf = (env: Settings): DatabaseLocation => {
  const { INVIGIL_DATABASE_URL: url } = env;
  if (!isPostgresUrl(url)) {
    const databaseFile = url === ":memory:" ? url : resolve(url.slice("file:".length));
    return { databaseFile, postgres: undefined };
  }
  return {
    databaseFile: undefined,
    postgres: {
      url,
      directUrl: env.INVIGIL_DATABASE_DIRECT_URL,
      connections: env.INVIGIL_DATABASE_CONNECTIONS,
      prepared: env.INVIGIL_DATABASE_PREPARED === "on",
      waitSeconds: env.INVIGIL_DATABASE_WAIT_SECONDS,
    },
  };
};

/** A bucket of a service with the API of Amazon S3, and the access key for it. */
export interface BucketConfig {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The beginning of the names of all objects. */
  readonly prefix: string;
  /** Whether URLs name the bucket in their host or in their path. */
  readonly addressing: "host" | "path";
}

/** Where uploaded audio files are kept. */
export type AudioStoreConfig =
  | { readonly place: "folder" | "database" }
  | { readonly place: "bucket"; readonly bucket: BucketConfig };

/** Several servers share a PostgreSQL database, but not a folder. */
export const defaultAudioPlace = (databaseUrl: string): "folder" | "database" =>
  isPostgresUrl(databaseUrl) ? "database" : "folder";

const audioStoreOf = (env: Settings): AudioStoreConfig => {
  const {
    INVIGIL_AUDIO_STORE: place = defaultAudioPlace(env.INVIGIL_DATABASE_URL),
    INVIGIL_S3_ENDPOINT: endpoint,
    INVIGIL_S3_BUCKET: bucket,
    INVIGIL_S3_REGION: region,
    INVIGIL_S3_ACCESS_KEY_ID: accessKeyId,
    INVIGIL_S3_SECRET_ACCESS_KEY: secretAccessKey,
  } = env;
  if (place !== "bucket") return { place };
  if (!endpoint || !bucket || !region || !accessKeyId || !secretAccessKey)
    throw new SetupError("INVIGIL_AUDIO_STORE must not be 'bucket' without the settings INVIGIL_S3_…");
  const { INVIGIL_S3_PREFIX: prefix, INVIGIL_S3_ADDRESSING: addressing } = env;
  return { place, bucket: { endpoint, bucket, region, accessKeyId, secretAccessKey, prefix, addressing } };
};

/** The metrics: on a port of their own, and at `/metrics` of the server for those who have the token. */
export interface MetricsConfig {
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  readonly token: string | undefined;
}

const metricsOf = (env: Settings): MetricsConfig | undefined => {
  const { INVIGIL_METRICS_PORT: port, INVIGIL_METRICS_TOKEN: token } = env;
  if (port === undefined && token === undefined) return undefined;
  // The public reaches INVIGIL_HOST, and never this port unless a setting says so.
  const { INVIGIL_METRICS_HOST: host = isIPv6(env.INVIGIL_HOST) ? "::1" : "127.0.0.1" } = env;
  return { listen: port === undefined ? undefined : { host, port }, token };
};

/** https on an address of the local network, beside http: `invigil serve --lan`. */
export interface LanConfig {
  readonly address: string;
  readonly port: number;
  readonly url: string;
  /** The files of a certificate and its key. Undefined: the server signs its own. */
  readonly files: { readonly cert: string; readonly key: string } | undefined;
}

const DEFAULT_MEDIA_PORTS: readonly [number, number] = [7100, 7499];
const MIB = 1024 * 1024;
const inBytes = (mib: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(mib).map(([whose, amount]) => [whose, amount * MIB]));

/** The URL of the console. Undefined if it is off, or the server does not know its own URL. */
const consoleUrlOf = ({
  INVIGIL_PUBLIC_URL: publicUrl,
  INVIGIL_CONSOLE: console,
}: Settings): string | undefined =>
  publicUrl === undefined || console === "off" ? undefined : `${publicUrl}/console/`;

/** Converts the parsed environment to the server's configuration. */
export const configOf = (env: Settings, warnings: readonly string[]) => {
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
  const database = databaseOf(env);
  const file = storedFileOf(database);
  return {
    /** What is wrong with the settings, although they are accepted. */
    warnings,
    host: env.INVIGIL_HOST,
    port: env.INVIGIL_PORT,
    /** Set by an option of `serve`. */
    lan: undefined as LanConfig | undefined,
    /** Undefined: they are off. */
    metrics: metricsOf(env),
    /** The URL by which clients reach the server. Absent: the address on which it listens. */
    publicUrl: env.INVIGIL_PUBLIC_URL,
    ...database,
    /** The folder of generated secrets, of audio files that arrive, and of those that are kept in a folder. */
    dataDir: resolve(env.INVIGIL_DATA_DIR ?? (file === undefined ? "./data" : dirname(file))),
    audioStore: audioStoreOf(env),
    auth: env.INVIGIL_AUTH,
    authSecret: env.INVIGIL_AUTH_SECRET,
    /** Tokens that it signed are valid, too. */
    authSecretSecondary: env.INVIGIL_AUTH_SECRET_SECONDARY,
    /** Join codes and the installation's keys are derived from it. Absent: from `authSecret`. */
    rootSecret: env.INVIGIL_ROOT_SECRET,
    /** The identity service of an organisation. */
    jwks:
      jwksUrl && issuer && audience
        ? {
            url: jwksUrl,
            issuer,
            audience,
            /** The name of each of our claims in its tokens. */
            claims: env.INVIGIL_AUTH_JWKS_CLAIMS,
            /** Its names of our roles. */
            roles: env.INVIGIL_AUTH_JWKS_ROLES,
          }
        : undefined,
    login: {
      /** The lifetime of a session's token, and the time during which it can be refreshed. */
      ttlSeconds: env.INVIGIL_LOGIN_TTL_SECONDS,
      maxSeconds: env.INVIGIL_LOGIN_MAX_SECONDS,
      /** The maximum number of failed logins from one address in a minute. */
      failuresPerAddress: env.INVIGIL_LOGIN_FAILURES_PER_ADDRESS,
    },
    /** How long a token for an exam may outlive the exam, at most. */
    tokenAfterExamSeconds: env.INVIGIL_TOKEN_AFTER_EXAM_SECONDS,
    restoreDays: env.INVIGIL_RESTORE_DAYS,
    /** How many days entries of the audit are kept. */
    auditDays: env.INVIGIL_AUDIT_DAYS,
    /** The proxies whose `X-Forwarded-For` header is trusted. */
    trustedProxies: env.INVIGIL_TRUSTED_PROXIES,
    /** The URLs of the web apps for watching and for sitting exams. The console is the first, unless a setting names another. */
    apps: {
      watchUrl: env.INVIGIL_WATCH_APP_URL ?? consoleUrlOf(env),
      examineeUrl: env.INVIGIL_EXAMINEE_APP_URL,
    },
    timeZone: env.INVIGIL_TIME_ZONE,
    /** Whether the server serves the console. */
    servesConsole: env.INVIGIL_CONSOLE === "on",
    corsOrigins: env.INVIGIL_CORS_ORIGINS,
    restStatus: env.INVIGIL_REST_STATUS,
    /** The limits of one person in this process. */
    perPerson: {
      /** The maximum number of WebSockets and event streams. */
      connections: env.INVIGIL_CONNECTIONS_PER_PERSON,
      subscriptions: env.INVIGIL_SUBSCRIPTIONS_PER_PERSON,
    },
    /** The maximum number of open connections of this process, of any kind. */
    maxConnections: env.INVIGIL_MAX_CONNECTIONS,
    /** The maximum number of bytes that wait for WebSocket clients to read them. */
    sendBufferBytes: env.INVIGIL_SEND_BUFFER_MIB * 1024 * 1024,
    bodies: {
      /** The maximum number of bytes of request bodies that are being received, over all requests. */
      bufferBytes: env.INVIGIL_BODY_BUFFER_MIB * 1024 * 1024,
      /** The time limit for a body of up to 1 MiB. A larger body gets a second more for each 64 KiB. */
      timeoutMs: env.INVIGIL_BODY_TIMEOUT_SECONDS * 1000,
    },
    /** Who has been without a connection for this long has left. */
    eventRetentionSeconds: env.INVIGIL_EVENT_RETENTION_SECONDS,
    presenceSettleSeconds: env.INVIGIL_PRESENCE_SETTLE_SECONDS,
    demoExaminees: env.INVIGIL_DEMO_EXAMINEES,
    /** Whether the demo plays an exam. */
    demoExam: env.INVIGIL_DEMO_EXAM === "on",
    logLevel: env.INVIGIL_LOG_LEVEL,
    /** Rate limits per minute, by person, room or exam. */
    limits: {
      reads: env.INVIGIL_LIMIT_READS,
      readRows: env.INVIGIL_LIMIT_READ_ROWS,
      readBytes: inBytes(env.INVIGIL_LIMIT_READ_MIB),
      writes: env.INVIGIL_LIMIT_WRITES,
      writeRows: env.INVIGIL_LIMIT_WRITE_ROWS,
      events: env.INVIGIL_LIMIT_EVENTS,
      calls: env.INVIGIL_LIMIT_CALLS,
      records: env.INVIGIL_LIMIT_RECORDS,
      recordBytes: inBytes(env.INVIGIL_LIMIT_RECORD_MIB),
      messages: env.INVIGIL_LIMIT_MESSAGES,
      messageBytes: inBytes(env.INVIGIL_LIMIT_MESSAGE_MIB),
      rooms: env.INVIGIL_LIMIT_ROOMS,
      people: env.INVIGIL_LIMIT_PEOPLE,
      audioBytes: inBytes(env.INVIGIL_LIMIT_AUDIO_MIB),
      imports: env.INVIGIL_LIMIT_IMPORTS,
      messageLogins: env.INVIGIL_LIMIT_MESSAGE_LOGINS,
    },
    /** How much may be stored. */
    quotas: {
      /** Per person and room. */
      recordsPerPerson: env.INVIGIL_QUOTA_RECORDS_PER_PERSON,
      recordBytesPerPerson: env.INVIGIL_QUOTA_RECORD_MIB_PER_PERSON * MIB,
      messagesPerRoom: env.INVIGIL_QUOTA_MESSAGES_PER_ROOM,
      peoplePerRoom: env.INVIGIL_QUOTA_PEOPLE_PER_ROOM,
      roomsPerExam: env.INVIGIL_QUOTA_ROOMS_PER_EXAM,
      roomsPerTeacher: env.INVIGIL_QUOTA_ROOMS_PER_TEACHER,
      examsPerTeacher: env.INVIGIL_QUOTA_EXAMS_PER_TEACHER,
      audioBytes: env.INVIGIL_QUOTA_AUDIO_MIB * MIB,
      audioBytesPerTeacher: env.INVIGIL_QUOTA_AUDIO_MIB_PER_TEACHER * MIB,
      /** Entries of the audit in a day. */
      auditPerPerson: env.INVIGIL_QUOTA_AUDIT_PER_PERSON,
      auditPerExam: env.INVIGIL_QUOTA_AUDIT_PER_EXAM,
    },
    /**
     * The free space, on the file systems of the database and the data folder, below which writes are refused.
     * 0: no check.
     */
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
    /** What carries the streams: the vendor of the stream domains, or the embedded media server. */
    streamService: streamServiceOf(env),
    /** The embedded media server: the address in its answers, and the first and the last of its ports. */
    media: { host: env.INVIGIL_MEDIA_HOST, ports: env.INVIGIL_MEDIA_PORTS ?? DEFAULT_MEDIA_PORTS },
    /** The URLs of streams for browsers without the vendor's player, with `{app}` and `{stream}`. */
    streamPlayers: { hlsUrl: env.INVIGIL_STREAM_HLS_URL, whepUrl: env.INVIGIL_STREAM_WHEP_URL },
    /** The key that signs the callbacks of the stream service. */
    streamCallbackKey: env.INVIGIL_STREAM_CALLBACK_KEY,
    /** Callbacks that it signed are accepted, too. */
    streamCallbackKeySecondary: env.INVIGIL_STREAM_CALLBACK_KEY_SECONDARY,
    /** The number of simultaneous streams that the push domain supports. */
    streamPushLimit: env.INVIGIL_STREAM_PUSH_LIMIT,
    /** Settings for the calls to all vendor services. */
    vendors: {
      /** The time limit for a call, including its retries. */
      timeoutMs: env.INVIGIL_PROVIDER_TIMEOUT_MS,
      /** The maximum number of simultaneous calls to one service. */
      concurrency: env.INVIGIL_PROVIDER_CONCURRENCY,
      /** How long to pause calls to a service that keeps failing. */
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
 * Converts the texts of an environment to the server's configuration.
 * @throws SetupError that names the setting, without its value
 */
export const parseConfig = (environment: Readonly<Record<string, string | undefined>>) => {
  const read = readSettings(environment);
  if ("faults" in read) throw new SetupError(read.faults[0]);
  return configOf(read.env, read.warnings);
};

/** The configuration of an app in a test: an in-memory database, or the PostgreSQL of the test run. */
export const testConfig = (settings: Readonly<Record<string, string | undefined>> = {}): Config => {
  const config = parseConfig({ INVIGIL_DATABASE_URL: ":memory:", ...settings });
  const { INVIGIL_TEST_DATABASE_URL: url } = process.env;
  if (url === undefined || config.databaseFile !== ":memory:") return config;
  return { ...config, databaseFile: undefined, postgres: { url } };
};

/** Returns the settings in the `.env` file of the working folder, if there is one. */
export const readEnvFile = (): Record<string, string | undefined> => {
  try {
    return parseEnv(readFileSync(".env", "utf8"));
  } catch (error) {
    if (failedWith(error, "ENOENT")) return {};
    throw new SetupError("the file .env cannot be read");
  }
};

/** An environment, merged with the `.env` file of the working folder. The environment takes precedence. */
export const readEnvironment = (
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> => ({ ...readEnvFile(), ...env });
