import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseEnv } from "node:util";
import { roles } from "@invigil/schema";
import { z } from "zod";
import {
  addressRanges,
  baseUrl,
  domain,
  origins,
  pairs,
  secureUrl,
  text,
  timeZone,
  whole,
} from "./setting-forms.js";
import { failedWith, SetupError } from "./setup-error.js";

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);
/** Template names that the stream vendor keeps for itself; a transcode suffix may not be one of them. */
const RESERVED_TEMPLATES = ["lld", "lsd", "lhd", "lud", "ld", "sd", "hd", "ud"];

/** Every setting, by its name in the environment. What each is for stands in `.env.example`. */
const settings = z.object({
  INVIGIL_HOST: text().default("127.0.0.1"),
  INVIGIL_PORT: whole(0, 65_535).default(7001),
  INVIGIL_PUBLIC_URL: baseUrl.transform((url) => url.replace(/\/+$/, "")).optional(),
  INVIGIL_DATABASE_URL: z
    .string()
    .regex(/^(:memory:|file:.+)$/, "must be file:<path> or :memory:")
    .default("file:./data/invigil.db"),
  INVIGIL_DATA_DIR: text(4096).optional(),
  INVIGIL_AUTH: z.enum(["required", "off"], "must be 'required' or 'off'").default("required"),
  INVIGIL_AUTH_SECRET: z
    .string()
    .refine((secret) => Buffer.byteLength(secret) >= 32, "must be 32 bytes or more")
    .optional(),
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
  INVIGIL_TRUSTED_PROXIES: addressRanges.default([]),
  INVIGIL_WATCH_APP_URL: baseUrl.optional(),
  INVIGIL_EXAMINEE_APP_URL: baseUrl.optional(),
  INVIGIL_TIME_ZONE: timeZone.default("Asia/Shanghai"),
  INVIGIL_CORS_ORIGINS: origins.default(["*"]),
  INVIGIL_REST_STATUS: z.enum(["legacy", "http"], "must be 'legacy' or 'http'").default("legacy"),
  INVIGIL_DEMO_EXAMINEES: whole(0, 500).default(0),
  INVIGIL_LOG_LEVEL: z
    .enum(
      ["fatal", "error", "warn", "info", "debug", "silent"],
      "must be fatal, error, warn, info, debug or silent",
    )
    .default("info"),
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
  INVIGIL_ALIYUN_IM_APP_ID: text(64).optional(),
  INVIGIL_ALIYUN_IM_APP_KEY: text().optional(),
  INVIGIL_ALIYUN_IM_APP_SIGN: text(4096).optional(),
});
type SettingName = keyof typeof settings.shape;

/** The names of all settings, for the check that the documents list them. */
export const settingNames = Object.keys(settings.shape);

/** Settings that only make sense together. */
const GROUPS: readonly (readonly SettingName[])[] = [
  [
    "INVIGIL_STREAM_PUSH_DOMAIN",
    "INVIGIL_STREAM_PUSH_KEY",
    "INVIGIL_STREAM_PULL_DOMAIN",
    "INVIGIL_STREAM_PULL_KEY",
  ],
  ["INVIGIL_AUTH_JWKS_URL", "INVIGIL_AUTH_JWKS_ISSUER", "INVIGIL_AUTH_JWKS_AUDIENCE"],
  ["INVIGIL_ALIYUN_IM_APP_ID", "INVIGIL_ALIYUN_IM_APP_KEY", "INVIGIL_ALIYUN_IM_APP_SIGN"],
];

/**
 * Turns texts, as the environment has them, into the server's settings.
 * @throws SetupError that names the setting, without its value
 */
export const parseConfig = (environment: Readonly<Record<string, string | undefined>>) => {
  // An empty value is an unset one, as in `NAME=` of an .env file.
  const given = Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => name.startsWith("INVIGIL_") && value !== undefined && value !== "",
    ),
  );
  const unknown = Object.keys(given).find((name) => !settingNames.includes(name));
  if (unknown) throw new SetupError(`${unknown} is not a setting of Invigil`);
  const parsed = settings.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new SetupError(`${String(issue?.path[0])} ${issue?.message}`);
  }
  const env = parsed.data;
  for (const group of GROUPS) {
    const missing = group.find((name) => env[name] === undefined);
    const present = group.find((name) => env[name] !== undefined);
    if (missing && present) throw new SetupError(`${missing} must be set, because ${present} is`);
  }
  if (env.INVIGIL_LOGIN_MAX_SECONDS < env.INVIGIL_LOGIN_TTL_SECONDS)
    throw new SetupError("INVIGIL_LOGIN_MAX_SECONDS must not be less than INVIGIL_LOGIN_TTL_SECONDS");
  if (env.INVIGIL_AUTH === "off" && !LOOPBACK.has(env.INVIGIL_HOST)) {
    throw new SetupError("INVIGIL_AUTH must not be 'off' unless INVIGIL_HOST is a loopback address");
  }

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
    demoExaminees: env.INVIGIL_DEMO_EXAMINEES,
    logLevel: env.INVIGIL_LOG_LEVEL,
    streams: {
      domains:
        pushDomain && pushKey && pullDomain && pullKey
          ? { pushDomain, pushKey, pullDomain, pullKey }
          : undefined,
      app: env.INVIGIL_STREAM_APP,
      ttlSeconds: env.INVIGIL_STREAM_TTL_SECONDS,
      transcodeSuffix: env.INVIGIL_STREAM_TRANSCODE_SUFFIX,
    },
    aliyunIm: appId && appKey && appSign ? { appId, appKey, appSign } : undefined,
  };
};

export type Config = ReturnType<typeof parseConfig>;

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
