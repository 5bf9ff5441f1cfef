import { roles } from "@invigil/schema";
import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";
import { isPostgresUrl } from "../storage/postgres/settings.js";
import {
  addressRanges,
  amounts,
  baseUrl,
  domain,
  origins,
  pairs,
  portRange,
  secureUrl,
  serviceUrl,
  serviceUrls,
  streamUrl,
  text,
  timeZone,
  whole,
  withoutSlashes,
} from "./setting-schemas.js";

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);
/** Reserved template names of the stream vendor, which a transcode suffix may not use. */
const RESERVED_TEMPLATES = ["lld", "lsd", "lhd", "lud", "ld", "sd", "hd", "ud"];

const secret = z.string().refine((text) => Buffer.byteLength(text) >= 32, "must be 32 bytes or more");

/** All settings, by the name of their environment variable. `.env.example` documents them. */
const settings = z.object({
  INVIGIL_HOST: text().default("127.0.0.1"),
  INVIGIL_PORT: whole(0, 65_535).default(7001),
  INVIGIL_METRICS_PORT: whole(1, 65_535).optional(),
  INVIGIL_METRICS_HOST: text().optional(),
  INVIGIL_METRICS_TOKEN: text(4096)
    .regex(/^[\x21-\x7e]{16,}$/, "must be 16 or more ASCII characters without spaces")
    .optional(),
  INVIGIL_PUBLIC_URL: baseUrl.transform(withoutSlashes).optional(),
  INVIGIL_DATABASE_URL: z
    .string()
    .regex(
      /^(:memory:|file:.+|postgres(ql)?:\/\/.+)$/,
      "must be file:<path>, :memory: or postgres://<host>/<database>",
    )
    .default("file:./data/invigil.db"),
  INVIGIL_DATABASE_DIRECT_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\/.+$/, "must be postgres://<host>/<database>")
    .optional(),
  INVIGIL_DATABASE_CONNECTIONS: whole(2, 1000).default(10),
  INVIGIL_DATABASE_PREPARED: z.enum(["on", "off"], "must be 'on' or 'off'").default("on"),
  INVIGIL_DATABASE_WAIT_SECONDS: whole(0, 3600).default(30),
  INVIGIL_DATA_DIR: text(4096).optional(),
  INVIGIL_AUDIO_STORE: z
    .enum(["folder", "database", "bucket"], "must be 'folder', 'database' or 'bucket'")
    .optional(),
  INVIGIL_S3_ENDPOINT: serviceUrl.optional(),
  INVIGIL_S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "must be the name of a bucket")
    .optional(),
  INVIGIL_S3_REGION: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, "must be a region like cn-hangzhou")
    .optional(),
  INVIGIL_S3_ACCESS_KEY_ID: text().optional(),
  INVIGIL_S3_SECRET_ACCESS_KEY: text().optional(),
  INVIGIL_S3_PREFIX: z
    .string()
    .regex(/^([A-Za-z0-9_-]{1,64}\/){1,8}$/, "must be folders like invigil/audio/, with a slash at the end")
    .default("audio/"),
  INVIGIL_S3_ADDRESSING: z.enum(["host", "path"], "must be 'host' or 'path'").default("host"),
  INVIGIL_AUTH: z.enum(["required", "off"], "must be 'required' or 'off'").default("required"),
  INVIGIL_AUTH_SECRET: secret.optional(),
  INVIGIL_AUTH_SECRET_SECONDARY: secret.optional(),
  INVIGIL_ROOT_SECRET: secret.optional(),
  INVIGIL_AUTH_JWKS_URL: secureUrl.optional(),
  INVIGIL_AUTH_JWKS_ISSUER: text(2048).optional(),
  INVIGIL_AUTH_JWKS_AUDIENCE: text(2048).optional(),
  INVIGIL_AUTH_JWKS_CLAIMS: pairs("claims like sub=employee_id", [
    "sub",
    "role",
    "name",
    "room",
    "exam",
  ]).default({}),
  INVIGIL_AUTH_JWKS_ROLES: pairs("roles like teacher=proctors", roles).default({}),
  INVIGIL_LOGIN_TTL_SECONDS: whole(60, 604_800).default(28_800),
  INVIGIL_LOGIN_MAX_SECONDS: whole(60, 31_536_000).default(604_800),
  INVIGIL_LOGIN_FAILURES_PER_ADDRESS: whole(5, 1_000_000).default(30),
  INVIGIL_TOKEN_AFTER_EXAM_SECONDS: whole(0, 2_592_000).default(14_400),
  INVIGIL_RESTORE_DAYS: whole(0, 365).default(7),
  INVIGIL_AUDIT_DAYS: whole(1, 3650).default(180),
  INVIGIL_TRUSTED_PROXIES: addressRanges.default([]),
  INVIGIL_WATCH_APP_URL: baseUrl.optional(),
  INVIGIL_EXAMINEE_APP_URL: baseUrl.optional(),
  INVIGIL_TIME_ZONE: timeZone.default("Asia/Shanghai"),
  INVIGIL_CONSOLE: z.enum(["on", "off"], "must be 'on' or 'off'").default("on"),
  INVIGIL_CORS_ORIGINS: origins.default(["*"]),
  INVIGIL_REST_STATUS: z.enum(["legacy", "http"], "must be 'legacy' or 'http'").default("legacy"),
  INVIGIL_CONNECTIONS_PER_PERSON: whole(1, 1_000_000).default(20),
  INVIGIL_SUBSCRIPTIONS_PER_PERSON: whole(1, 1_000_000).default(1000),
  INVIGIL_MAX_CONNECTIONS: whole(10, 1_000_000).default(50_000),
  INVIGIL_SEND_BUFFER_MIB: whole(16, 65_536).default(256),
  INVIGIL_BODY_BUFFER_MIB: whole(32, 65_536).default(128),
  INVIGIL_BODY_TIMEOUT_SECONDS: whole(1, 300).default(30),
  INVIGIL_EVENT_RETENTION_SECONDS: whole(60, 2_592_000).default(86_400),
  INVIGIL_PRESENCE_SETTLE_SECONDS: whole(0, 300).default(10),
  INVIGIL_DEMO_EXAMINEES: whole(0, 500).default(0),
  INVIGIL_DEMO_EXAM: z.enum(["on", "off"], "must be 'on' or 'off'").default("on"),
  INVIGIL_LIMIT_READS: amounts({ person: 12_000, admin: 600_000, network: 60_000 }),
  INVIGIL_LIMIT_READ_ROWS: amounts({ person: 120_000, admin: 6_000_000 }),
  INVIGIL_LIMIT_READ_MIB: amounts({ person: 48, admin: 2400 }),
  INVIGIL_LIMIT_WRITES: amounts({ person: 1200, admin: 60_000 }),
  INVIGIL_LIMIT_WRITE_ROWS: amounts({ person: 120_000, admin: 6_000_000, exam: 1_200_000 }),
  INVIGIL_LIMIT_EVENTS: amounts({ person: 120, admin: 6000, room: 12_000, exam: 120_000 }),
  INVIGIL_LIMIT_CALLS: amounts({ room: 600_000, exam: 6_000_000 }),
  INVIGIL_LIMIT_RECORDS: amounts({ person: 3000, admin: 600_000, room: 120_000, exam: 1_200_000 }),
  INVIGIL_LIMIT_RECORD_MIB: amounts({ person: 8, admin: 1024, room: 512, exam: 8192 }),
  INVIGIL_LIMIT_MESSAGES: amounts({ person: 1200, admin: 60_000, room: 60_000, exam: 1_200_000 }),
  INVIGIL_LIMIT_MESSAGE_MIB: amounts({ person: 16, admin: 1024, room: 256, exam: 4096 }),
  INVIGIL_LIMIT_ROOMS: amounts({ person: 120, admin: 6000, exam: 6000 }),
  INVIGIL_LIMIT_PEOPLE: amounts({ person: 60_000, admin: 1_200_000, room: 6000, exam: 1_200_000 }),
  INVIGIL_LIMIT_AUDIO_MIB: amounts({ person: 200, admin: 2048 }),
  INVIGIL_LIMIT_IMPORTS: amounts({ person: 20, admin: 120, exam: 60 }),
  INVIGIL_LIMIT_MESSAGE_LOGINS: amounts({ person: 60, admin: 6000 }),
  INVIGIL_QUOTA_RECORDS_PER_PERSON: whole(1, 1_000_000_000).default(50_000),
  INVIGIL_QUOTA_RECORD_MIB_PER_PERSON: whole(1, 1_000_000).default(64),
  INVIGIL_QUOTA_MESSAGES_PER_ROOM: whole(1, 10_000_000).default(200_000),
  INVIGIL_QUOTA_PEOPLE_PER_ROOM: whole(1, 100_000).default(2000),
  INVIGIL_QUOTA_ROOMS_PER_EXAM: whole(1, 1_000_000).default(50_000),
  INVIGIL_QUOTA_ROOMS_PER_TEACHER: whole(1, 1_000_000).default(10_000),
  INVIGIL_QUOTA_EXAMS_PER_TEACHER: whole(1, 1_000_000).default(10_000),
  INVIGIL_QUOTA_AUDIO_MIB: whole(1, 100_000_000).default(20_480),
  INVIGIL_QUOTA_AUDIO_MIB_PER_TEACHER: whole(1, 100_000_000).default(2048),
  INVIGIL_QUOTA_AUDIT_PER_PERSON: whole(1, 1_000_000_000).default(300_000),
  INVIGIL_QUOTA_AUDIT_PER_EXAM: whole(1, 1_000_000_000).default(2_000_000),
  INVIGIL_DISK_RESERVE_MB: whole(0, 1_000_000_000).default(512),
  INVIGIL_LOG_LEVEL: z
    .enum(
      ["fatal", "error", "warn", "info", "debug", "silent"],
      "must be fatal, error, warn, info, debug or silent",
    )
    .default("info"),
  INVIGIL_STREAM_SERVICE: z.enum(["aliyun", "embedded"], "must be 'aliyun' or 'embedded'").optional(),
  INVIGIL_MEDIA_HOST: z.ipv4("must be an IPv4 address").optional(),
  INVIGIL_MEDIA_PORTS: portRange.optional(),
  INVIGIL_STREAM_PUSH_DOMAIN: domain.optional(),
  INVIGIL_STREAM_PULL_DOMAIN: domain.optional(),
  INVIGIL_STREAM_PUSH_KEY: text().optional(),
  INVIGIL_STREAM_PULL_KEY: text().optional(),
  INVIGIL_STREAM_APP: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be letters, digits, '_' or '-'")
    .default("exam"),
  INVIGIL_STREAM_TTL_SECONDS: whole(60, 31_536_000).default(604_800),
  INVIGIL_STREAM_TRANSCODE_SUFFIX: z
    .string()
    .regex(/^_[A-Za-z0-9-]{1,32}$/, "must be '_' and the name of a transcode template")
    .refine(
      (suffix) => !RESERVED_TEMPLATES.includes(suffix.slice(1)),
      "must not be one of the vendor's own template names",
    )
    .default("_240p"),
  INVIGIL_STREAM_HLS_URL: streamUrl.optional(),
  INVIGIL_STREAM_WHEP_URL: streamUrl.optional(),
  INVIGIL_STREAM_CALLBACK_KEY: text().optional(),
  INVIGIL_STREAM_CALLBACK_KEY_SECONDARY: text().optional(),
  INVIGIL_STREAM_PUSH_LIMIT: whole(1, 1_000_000).default(300),
  INVIGIL_PROVIDER_TIMEOUT_MS: whole(100, 60_000).default(5000),
  INVIGIL_PROVIDER_CONCURRENCY: whole(1, 1000).default(16),
  INVIGIL_PROVIDER_PAUSE_SECONDS: whole(1, 3600).default(10),
  INVIGIL_ALIYUN_ACCESS_KEY_ID: text().optional(),
  INVIGIL_ALIYUN_ACCESS_KEY_SECRET: text().optional(),
  INVIGIL_ALIYUN_SECURITY_TOKEN: text(4096).optional(),
  INVIGIL_ALIYUN_INSTANCE_ROLE: z
    .string()
    .regex(/^[A-Za-z0-9.@_-]{1,64}$/, "must be the name of the role that the instance has")
    .optional(),
  INVIGIL_ALIYUN_LIVE_URL: serviceUrl.default("https://live.aliyuncs.com"),
  INVIGIL_ALIYUN_IM_APP_ID: text(64).optional(),
  INVIGIL_ALIYUN_IM_APP_KEY: text().optional(),
  INVIGIL_ALIYUN_IM_APP_SIGN: text(4096).optional(),
  INVIGIL_ALIYUN_OLD_IM_APP_ID: text(64).optional(),
  INVIGIL_RONGCLOUD_APP_KEY: text().optional(),
  INVIGIL_RONGCLOUD_APP_SECRET: text().optional(),
  INVIGIL_RONGCLOUD_URLS: serviceUrls.default(["https://api-cn.ronghub.com", "https://api2-cn.ronghub.com"]),
  INVIGIL_UPLOAD_ROLE_ARN: z
    .string()
    .regex(
      /^acs:ram::\d{1,32}:role\/[A-Za-z0-9.@_-]{1,64}$/,
      "must be like acs:ram::1234567890123456:role/name",
    )
    .optional(),
  INVIGIL_UPLOAD_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, "must be the name of a bucket")
    .optional(),
  INVIGIL_UPLOAD_REGION: z
    .string()
    .regex(/^[a-z]{2}-[a-z0-9-]{2,30}$/, "must be a region like cn-hangzhou")
    .default("cn-hangzhou"),
  INVIGIL_UPLOAD_BASE_PATH: z
    .string()
    .regex(/^(\/[A-Za-z0-9_-]{1,64}){1,8}$/, "must be a path like /record, without a slash at the end")
    .default("/record"),
  INVIGIL_UPLOAD_TTL_SECONDS: whole(900, 43_200).default(3600),
  INVIGIL_UPLOAD_STS_URL: serviceUrl.optional(),
});
export type Settings = z.infer<typeof settings>;
type SettingName = keyof Settings;

/** The names of all settings, for the check that the documents list them. */
export const settingNames = Object.keys(settings.shape);

/** Settings of the version before that have no effect any more. The next version refuses them. */
const REMOVED_SETTINGS: readonly string[] = ["INVIGIL_DATABASE_DIVIDE_BY_EXAM", "INVIGIL_TRPC_ADAPTER"];

const BUCKET_SETTINGS = [
  "INVIGIL_S3_ENDPOINT",
  "INVIGIL_S3_BUCKET",
  "INVIGIL_S3_REGION",
  "INVIGIL_S3_ACCESS_KEY_ID",
  "INVIGIL_S3_SECRET_ACCESS_KEY",
] as const satisfies readonly SettingName[];

/** Settings that must be set together. */
const SET_TOGETHER: readonly (readonly SettingName[])[] = [
  [
    "INVIGIL_STREAM_PUSH_DOMAIN",
    "INVIGIL_STREAM_PUSH_KEY",
    "INVIGIL_STREAM_PULL_DOMAIN",
    "INVIGIL_STREAM_PULL_KEY",
  ],
  ["INVIGIL_AUTH_JWKS_URL", "INVIGIL_AUTH_JWKS_ISSUER", "INVIGIL_AUTH_JWKS_AUDIENCE"],
  ["INVIGIL_ALIYUN_IM_APP_ID", "INVIGIL_ALIYUN_IM_APP_KEY", "INVIGIL_ALIYUN_IM_APP_SIGN"],
  ["INVIGIL_ALIYUN_ACCESS_KEY_ID", "INVIGIL_ALIYUN_ACCESS_KEY_SECRET"],
  BUCKET_SETTINGS,
  ["INVIGIL_RONGCLOUD_APP_KEY", "INVIGIL_RONGCLOUD_APP_SECRET"],
  ["INVIGIL_UPLOAD_ROLE_ARN", "INVIGIL_UPLOAD_BUCKET"],
];
/** What carries the streams. Several servers share a PostgreSQL database, but not a media server. */
export const streamServiceOf = (env: Settings): "aliyun" | "embedded" =>
  env.INVIGIL_STREAM_SERVICE ??
  (isPostgresUrl(env.INVIGIL_DATABASE_URL) || env.INVIGIL_STREAM_PUSH_DOMAIN ? "aliyun" : "embedded");

/** Settings of services that need the credentials of an Aliyun account. */
const NEED_CREDENTIALS: readonly SettingName[] = ["INVIGIL_ALIYUN_OLD_IM_APP_ID", "INVIGIL_UPLOAD_ROLE_ARN"];

/** Returns the errors of combinations of valid settings, one per line. */
const combinationFaults = (env: Settings): string[] => {
  const isSet = (name: SettingName) => env[name] !== undefined;
  const faults = SET_TOGETHER.flatMap((group) => {
    const present = group.find(isSet);
    return present === undefined
      ? []
      : group.filter((name) => !isSet(name)).map((name) => `${name} must be set, because ${present} is`);
  });
  if (isPostgresUrl(env.INVIGIL_DATABASE_URL)) {
    if (env.INVIGIL_AUTH !== "off" && !isSet("INVIGIL_AUTH_SECRET"))
      faults.push(
        "INVIGIL_AUTH_SECRET must be set to the same 32 bytes or more for all servers, because INVIGIL_DATABASE_URL names PostgreSQL: 'openssl rand -hex 32' makes one",
      );
  } else if (isSet("INVIGIL_DATABASE_DIRECT_URL"))
    faults.push(
      "INVIGIL_DATABASE_DIRECT_URL must not be set, because INVIGIL_DATABASE_URL does not name PostgreSQL",
    );
  if (isSet("INVIGIL_AUTH_SECRET_SECONDARY") && !isSet("INVIGIL_ROOT_SECRET"))
    faults.push(
      "INVIGIL_ROOT_SECRET must be set, because INVIGIL_AUTH_SECRET_SECONDARY is: to the value that INVIGIL_AUTH_SECRET had before, or else printed codes end",
    );
  if (isSet("INVIGIL_STREAM_CALLBACK_KEY_SECONDARY") && !isSet("INVIGIL_STREAM_CALLBACK_KEY"))
    faults.push("INVIGIL_STREAM_CALLBACK_KEY must be set, because INVIGIL_STREAM_CALLBACK_KEY_SECONDARY is");
  if (env.INVIGIL_AUDIO_STORE === "bucket" && !BUCKET_SETTINGS.some(isSet))
    faults.push(
      `INVIGIL_AUDIO_STORE must not be 'bucket' without ${BUCKET_SETTINGS[0]} and what belongs to it`,
    );
  if (env.INVIGIL_LOGIN_MAX_SECONDS < env.INVIGIL_LOGIN_TTL_SECONDS)
    faults.push("INVIGIL_LOGIN_MAX_SECONDS must not be less than INVIGIL_LOGIN_TTL_SECONDS");
  if (env.INVIGIL_AUTH === "off" && !LOOPBACK.has(env.INVIGIL_HOST))
    faults.push("INVIGIL_AUTH must not be 'off' unless INVIGIL_HOST is a loopback address");
  const hasKey = isSet("INVIGIL_ALIYUN_ACCESS_KEY_ID");
  const hasRole = isSet("INVIGIL_ALIYUN_INSTANCE_ROLE");
  if (hasKey && hasRole)
    faults.push("INVIGIL_ALIYUN_INSTANCE_ROLE must not be set, because INVIGIL_ALIYUN_ACCESS_KEY_ID is");
  if (isSet("INVIGIL_ALIYUN_SECURITY_TOKEN") && !hasKey)
    faults.push("INVIGIL_ALIYUN_ACCESS_KEY_ID must be set, because INVIGIL_ALIYUN_SECURITY_TOKEN is");
  const played = (["INVIGIL_STREAM_HLS_URL", "INVIGIL_STREAM_WHEP_URL"] as const).find(isSet);
  if (played && !isSet("INVIGIL_STREAM_PULL_KEY"))
    faults.push(`INVIGIL_STREAM_PULL_KEY must be set, because ${played} is`);
  if (streamServiceOf(env) === "embedded") {
    if (isSet("INVIGIL_STREAM_PUSH_DOMAIN"))
      faults.push("INVIGIL_STREAM_SERVICE must not be 'embedded', because INVIGIL_STREAM_PUSH_DOMAIN is set");
  } else
    for (const name of ["INVIGIL_MEDIA_HOST", "INVIGIL_MEDIA_PORTS"] as const)
      if (isSet(name)) faults.push(`${name} must not be set unless INVIGIL_STREAM_SERVICE is 'embedded'`);
  if (isSet("INVIGIL_METRICS_HOST") && !isSet("INVIGIL_METRICS_PORT"))
    faults.push("INVIGIL_METRICS_PORT must be set, because INVIGIL_METRICS_HOST is");
  if (env.INVIGIL_METRICS_PORT === env.INVIGIL_PORT)
    faults.push(
      "INVIGIL_METRICS_PORT must not be INVIGIL_PORT: set INVIGIL_METRICS_TOKEN to serve both there",
    );
  const dependent = NEED_CREDENTIALS.find(isSet);
  if (dependent && !hasKey && !hasRole)
    faults.push(
      `INVIGIL_ALIYUN_ACCESS_KEY_ID or INVIGIL_ALIYUN_INSTANCE_ROLE must be set, because ${dependent} is`,
    );
  return faults;
};

/** The share of its letters in which a name differs from a similar one, and their least number: two that are swapped count as two. */
const SIMILAR = { share: 0.4, letters: 2 };

/** Suggests the setting that an unknown name may mean. */
const suggestionFor = (name: string): string => {
  const upper = name.toUpperCase();
  const likely = closest(upper, settingNames);
  const most = Math.max(SIMILAR.letters, (name.length - "INVIGIL_".length) * SIMILAR.share);
  return distance(upper, likely) <= most ? `; did you mean ${likely}?` : "";
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Parses settings, or returns all errors, one per line, without the values. */
export const readSettings = (
  environment: Environment,
):
  | { readonly env: Settings; readonly warnings: readonly string[] }
  | { readonly faults: readonly [string, ...string[]] } => {
  // An empty value counts as unset, as in `NAME=` of an .env file.
  const given = Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => /^invigil_/i.test(name) && value !== undefined && value !== "",
    ),
  );
  const unknown = Object.keys(given)
    .filter((name) => !settingNames.includes(name) && !REMOVED_SETTINGS.includes(name))
    .map((name) => `${name} is not a setting of Invigil${suggestionFor(name)}`);
  const parsed = settings.safeParse(given);
  const [first, ...more] = [
    ...unknown,
    ...(parsed.success
      ? combinationFaults(parsed.data)
      : parsed.error.issues.map(({ path, message }) => `${String(path[0])} ${message}`)),
  ];
  if (first !== undefined) return { faults: [first, ...more] };
  // Safe: parsing failed only if there are faults.
  const env = parsed.data as Settings;
  const removed = REMOVED_SETTINGS.filter((name) => name in given);
  return {
    env,
    warnings: removed.map((name) => `${name} has no effect any more, and the next version refuses it`),
  };
};
