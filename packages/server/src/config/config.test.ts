import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { SetupError } from "../platform/setup-error.js";
import { defaultAudioPlace, parseConfig } from "./config.js";
import { settingNames } from "./settings.js";

/** Returns the one-line error for an invalid environment. */
const faultOf = (environment: Record<string, string>): string => {
  try {
    parseConfig(environment);
  } catch (error) {
    if (error instanceof SetupError) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${Object.keys(environment).join()}`);
};

const STREAMS = {
  INVIGIL_STREAM_PUSH_DOMAIN: "push.example",
  INVIGIL_STREAM_PUSH_KEY: "a push key",
  INVIGIL_STREAM_PULL_DOMAIN: "pull.example",
  INVIGIL_STREAM_PULL_KEY: "a pull key",
};
const JWKS = {
  INVIGIL_AUTH_JWKS_URL: "https://id.example/keys",
  INVIGIL_AUTH_JWKS_ISSUER: "https://id.example",
  INVIGIL_AUTH_JWKS_AUDIENCE: "an-audience",
};
const IM_APP = {
  INVIGIL_ALIYUN_IM_APP_ID: "an-id",
  INVIGIL_ALIYUN_IM_APP_KEY: "a key",
  INVIGIL_ALIYUN_IM_APP_SIGN: "a sign",
};

const KEY = {
  INVIGIL_ALIYUN_ACCESS_KEY_ID: "a-key-id",
  INVIGIL_ALIYUN_ACCESS_KEY_SECRET: "a key's secret",
};
const RONG = { INVIGIL_RONGCLOUD_APP_KEY: "rong key", INVIGIL_RONGCLOUD_APP_SECRET: "rong secret" };
const UPLOADS = {
  INVIGIL_UPLOAD_ROLE_ARN: "acs:ram::1234567890123456:role/uploader",
  INVIGIL_UPLOAD_BUCKET: "recordings",
};

const MIB = 1024 * 1024;

describe("settings", () => {
  it("have defaults, all of them", () => {
    expect(parseConfig({})).toEqual({
      warnings: [],
      host: "127.0.0.1",
      port: 7001,
      metrics: undefined,
      publicUrl: undefined,
      databaseFile: resolve("data/invigil.db"),
      dataDir: resolve("data"),
      auth: "required",
      authSecret: undefined,
      authSecretSecondary: undefined,
      rootSecret: undefined,
      jwks: undefined,
      login: { ttlSeconds: 28_800, maxSeconds: 604_800, failuresPerAddress: 30 },
      tokenAfterExamSeconds: 14_400,
      restoreDays: 7,
      auditDays: 180,
      trustedProxies: [],
      apps: { watchUrl: undefined, examineeUrl: undefined },
      timeZone: "Asia/Shanghai",
      corsOrigins: ["*"],
      restStatus: "legacy",
      demoExaminees: 0,
      demoExam: true,
      servesConsole: true,
      limits: {
        reads: { person: 12_000, admin: 600_000, network: 60_000 },
        readRows: { person: 120_000, admin: 6_000_000 },
        readBytes: { person: 48 * MIB, admin: 2400 * MIB },
        writes: { person: 1200, admin: 60_000 },
        writeRows: { person: 120_000, admin: 6_000_000, exam: 1_200_000 },
        events: { person: 120, admin: 6000, room: 12_000, exam: 120_000 },
        calls: { room: 600_000, exam: 6_000_000 },
        records: { person: 3000, admin: 600_000, room: 120_000, exam: 1_200_000 },
        recordBytes: { person: 8 * MIB, admin: 1024 * MIB, room: 512 * MIB, exam: 8192 * MIB },
        messages: { person: 1200, admin: 60_000, room: 60_000, exam: 1_200_000 },
        messageBytes: { person: 16 * MIB, admin: 1024 * MIB, room: 256 * MIB, exam: 4096 * MIB },
        rooms: { person: 120, admin: 6000, exam: 6000 },
        people: { person: 60_000, admin: 1_200_000, room: 6000, exam: 1_200_000 },
        audioBytes: { person: 200 * MIB, admin: 2048 * MIB },
        imports: { person: 20, admin: 120, exam: 60 },
        messageLogins: { person: 60, admin: 6000 },
      },
      quotas: {
        recordsPerPerson: 50_000,
        recordBytesPerPerson: 64 * MIB,
        messagesPerRoom: 200_000,
        peoplePerRoom: 2000,
        roomsPerExam: 50_000,
        roomsPerTeacher: 10_000,
        examsPerTeacher: 10_000,
        audioBytes: 20_480 * MIB,
        audioBytesPerTeacher: 2048 * MIB,
        auditPerPerson: 300_000,
        auditPerExam: 2_000_000,
      },
      diskReserveBytes: 512 * MIB,
      perPerson: { connections: 20, subscriptions: 1000 },
      maxConnections: 50_000,
      sendBufferBytes: 256 * 1024 * 1024,
      bodies: { bufferBytes: 128 * 1024 * 1024, timeoutMs: 30_000 },
      eventRetentionSeconds: 86_400,
      presenceSettleSeconds: 10,
      logLevel: "info",
      streams: { domains: undefined, app: "exam", ttlSeconds: 604_800, transcodeSuffix: "_240p" },
      streamService: "embedded",
      media: { host: undefined, ports: [7100, 7499] },
      streamPlayers: { hlsUrl: undefined, whepUrl: undefined },
      streamCallbackKey: undefined,
      streamCallbackKeySecondary: undefined,
      streamPushLimit: 300,
      vendors: { timeoutMs: 5000, concurrency: 16, pauseSeconds: 10 },
      audioStore: { place: "folder" },
      aliyun: { credentials: undefined, liveUrl: "https://live.aliyuncs.com" },
      aliyunIm: undefined,
      aliyunOldIm: undefined,
      rongCloud: undefined,
      uploads: undefined,
    });
  });

  it("are read from texts", () => {
    const config = parseConfig({
      INVIGIL_HOST: "0.0.0.0",
      INVIGIL_PORT: "0",
      INVIGIL_PUBLIC_URL: "https://exam.example/base//",
      INVIGIL_DATABASE_URL: "file:/srv/exam/x.db",
      INVIGIL_AUTH_SECRET: "学".repeat(11),
      INVIGIL_AUTH_SECRET_SECONDARY: "习".repeat(11),
      INVIGIL_ROOT_SECRET: "r".repeat(32),
      INVIGIL_TIME_ZONE: "America/St_Johns",
      INVIGIL_CORS_ORIGINS: "https://a.example, http://b.example:8080",
      INVIGIL_REST_STATUS: "http",
      INVIGIL_DEMO_EXAMINEES: "5",
      INVIGIL_DEMO_EXAM: "off",
      INVIGIL_CONSOLE: "off",
      INVIGIL_EVENT_RETENTION_SECONDS: "3600",
      INVIGIL_PRESENCE_SETTLE_SECONDS: "0",
      INVIGIL_LOG_LEVEL: "silent",
      INVIGIL_LOGIN_TTL_SECONDS: "600",
      INVIGIL_LOGIN_MAX_SECONDS: "600",
      INVIGIL_LOGIN_FAILURES_PER_ADDRESS: "7",
      INVIGIL_TOKEN_AFTER_EXAM_SECONDS: "0",
      INVIGIL_RESTORE_DAYS: "0",
      INVIGIL_AUDIT_DAYS: "30",
      INVIGIL_TRUSTED_PROXIES: "loopback, 10.0.0.0/8,::1",
      INVIGIL_WATCH_APP_URL: "https://watch.example/app/",
      INVIGIL_EXAMINEE_APP_URL: "https://exam.example/",
      INVIGIL_AUTH_JWKS_CLAIMS: "sub=employee_id, role = realm_access.roles,name=https://id.example/name=x",
      INVIGIL_AUTH_JWKS_ROLES: "teacher=proctors",
      ...JWKS,
      ...STREAMS,
      ...IM_APP,
    });
    expect(config).toMatchObject({
      host: "0.0.0.0",
      port: 0,
      publicUrl: "https://exam.example/base",
      databaseFile: "/srv/exam/x.db",
      dataDir: "/srv/exam",
      authSecret: "学".repeat(11),
      authSecretSecondary: "习".repeat(11),
      rootSecret: "r".repeat(32),
      timeZone: "America/St_Johns",
      corsOrigins: ["https://a.example", "http://b.example:8080"],
      restStatus: "http",
      demoExaminees: 5,
      demoExam: false,
      servesConsole: false,
      perPerson: { connections: 20, subscriptions: 1000 },
      maxConnections: 50_000,
      sendBufferBytes: 256 * 1024 * 1024,
      bodies: { bufferBytes: 128 * 1024 * 1024, timeoutMs: 30_000 },
      eventRetentionSeconds: 3600,
      presenceSettleSeconds: 0,
      logLevel: "silent",
      streams: {
        domains: {
          pushDomain: "push.example",
          pushKey: "a push key",
          pullDomain: "pull.example",
          pullKey: "a pull key",
        },
      },
      aliyunIm: { appId: "an-id", appKey: "a key", appSign: "a sign" },
      login: { ttlSeconds: 600, maxSeconds: 600, failuresPerAddress: 7 },
      tokenAfterExamSeconds: 0,
      restoreDays: 0,
      auditDays: 30,
      trustedProxies: ["loopback", "10.0.0.0/8", "::1"],
      apps: { watchUrl: "https://watch.example/app/", examineeUrl: "https://exam.example/" },
      jwks: {
        url: "https://id.example/keys",
        issuer: "https://id.example",
        audience: "an-audience",
        claims: { sub: "employee_id", role: "realm_access.roles", name: "https://id.example/name=x" },
        roles: { teacher: "proctors" },
      },
    });
  });

  it("of the vendors' services are read from texts", () => {
    const config = parseConfig({
      ...KEY,
      ...RONG,
      ...UPLOADS,
      ...STREAMS,
      INVIGIL_STREAM_HLS_URL: "https://pull.example/{app}/{stream}.m3u8",
      INVIGIL_STREAM_WHEP_URL: "http://127.0.0.1:1985/rtc/v1/whep/?app={app}&stream={stream}",
      INVIGIL_STREAM_CALLBACK_KEY: "a callback key",
      INVIGIL_STREAM_CALLBACK_KEY_SECONDARY: "another one",
      INVIGIL_STREAM_PUSH_LIMIT: "50",
      INVIGIL_PROVIDER_TIMEOUT_MS: "100",
      INVIGIL_PROVIDER_CONCURRENCY: "1",
      INVIGIL_PROVIDER_PAUSE_SECONDS: "60",
      INVIGIL_ALIYUN_SECURITY_TOKEN: "a passing token",
      INVIGIL_ALIYUN_LIVE_URL: "http://127.0.0.1:8001/",
      INVIGIL_ALIYUN_OLD_IM_APP_ID: "old-app",
      INVIGIL_RONGCLOUD_URLS: "https://api-sg01.ronghub.com, http://localhost:8002",
      INVIGIL_UPLOAD_REGION: "cn-shanghai",
      INVIGIL_UPLOAD_BASE_PATH: "/exams/2026",
      INVIGIL_UPLOAD_TTL_SECONDS: "900",
    });
    expect(config).toMatchObject({
      streamPlayers: {
        hlsUrl: "https://pull.example/{app}/{stream}.m3u8",
        whepUrl: "http://127.0.0.1:1985/rtc/v1/whep/?app={app}&stream={stream}",
      },
      streamCallbackKey: "a callback key",
      streamCallbackKeySecondary: "another one",
      streamPushLimit: 50,
      vendors: { timeoutMs: 100, concurrency: 1, pauseSeconds: 60 },
      aliyun: {
        credentials: {
          accessKeyId: "a-key-id",
          accessKeySecret: "a key's secret",
          securityToken: "a passing token",
        },
        liveUrl: "http://127.0.0.1:8001",
      },
      aliyunOldIm: { appId: "old-app" },
      rongCloud: {
        appKey: "rong key",
        appSecret: "rong secret",
        urls: ["https://api-sg01.ronghub.com", "http://localhost:8002"],
      },
      uploads: {
        roleArn: "acs:ram::1234567890123456:role/uploader",
        bucket: "recordings",
        region: "cn-shanghai",
        basePath: "/exams/2026",
        ttlSeconds: 900,
        stsUrl: "https://sts.cn-shanghai.aliyuncs.com",
      },
    });
  });

  it("of an instance's role need no key", () => {
    const config = parseConfig({
      ...UPLOADS,
      INVIGIL_ALIYUN_INSTANCE_ROLE: "invigil-server",
      INVIGIL_UPLOAD_STS_URL: "https://sts-vpc.cn-hangzhou.aliyuncs.com",
    });
    expect(config.aliyun.credentials).toEqual({ instanceRole: "invigil-server" });
    expect(config.uploads).toMatchObject({
      basePath: "/record",
      stsUrl: "https://sts-vpc.cn-hangzhou.aliyuncs.com",
    });
  });

  it("are URLs as browsers write them", () => {
    const url = `HTTPS://Exam.example:443/a b/"c"/学`;
    const written = "https://exam.example/a%20b/%22c%22/%E5%AD%A6";
    const config = parseConfig({
      INVIGIL_PUBLIC_URL: `${url}//`,
      INVIGIL_WATCH_APP_URL: url,
      INVIGIL_EXAMINEE_APP_URL: "https://exam.example",
    });
    expect(config.publicUrl).toBe(written);
    expect(config.apps).toEqual({ watchUrl: written, examineeUrl: "https://exam.example/" });
  });

  it("have the console for watching, where the server knows its own URL and serves it", () => {
    const url = "https://exam.example/school/";
    const watchUrlOf = (env: Record<string, string>) => parseConfig(env).apps.watchUrl;
    expect(watchUrlOf({ INVIGIL_PUBLIC_URL: url })).toBe("https://exam.example/school/console/");
    expect(watchUrlOf({ INVIGIL_PUBLIC_URL: url, INVIGIL_CONSOLE: "off" })).toBeUndefined();
    expect(watchUrlOf({})).toBeUndefined();
  });

  it.each([
    [{ INVIGIL_METRICS_PORT: "9464" }, { host: "127.0.0.1", port: 9464 }],
    [
      { INVIGIL_METRICS_PORT: "9464", INVIGIL_HOST: "0.0.0.0" },
      { host: "127.0.0.1", port: 9464 },
    ],
    [
      { INVIGIL_METRICS_PORT: "9464", INVIGIL_HOST: "::" },
      { host: "::1", port: 9464 },
    ],
    [
      { INVIGIL_METRICS_PORT: "9464", INVIGIL_METRICS_HOST: "10.0.0.1" },
      { host: "10.0.0.1", port: 9464 },
    ],
    [{ INVIGIL_METRICS_TOKEN: "0123456789abcdef" }, undefined],
  ])("show metrics on the loopback interface, unless they say otherwise: %j", (environment, listen) => {
    expect(parseConfig(environment).metrics).toEqual({
      listen,
      token: "INVIGIL_METRICS_TOKEN" in environment ? "0123456789abcdef" : undefined,
    });
  });

  it("are ranges of addresses that the server takes", () => {
    const trusted = "0.0.0.0/1,10.0.0.1/32,::1/128,fd00::/8,::ffff:10.0.0.1";
    expect(parseConfig({ INVIGIL_TRUSTED_PROXIES: trusted }).trustedProxies).toEqual(trusted.split(","));
  });

  it("store generated files next to the database, or in the configured folder", () => {
    expect(parseConfig({ INVIGIL_DATABASE_URL: ":memory:" })).toMatchObject({
      databaseFile: ":memory:",
      dataDir: resolve("data"),
    });
    expect(parseConfig({ INVIGIL_DATA_DIR: "/srv/made" }).dataDir).toBe("/srv/made");
  });

  it("names a PostgreSQL server, with the same secret at all servers", () => {
    const url = "postgres://u:leak@h/db";
    expect(faultOf({ INVIGIL_DATABASE_URL: url })).toMatch(/^INVIGIL_AUTH_SECRET must be set [^\n]+$/);
    const secret = { INVIGIL_AUTH_SECRET: "x".repeat(32) };
    expect(parseConfig({ INVIGIL_DATABASE_URL: url, ...secret })).toMatchObject({
      databaseFile: undefined,
      dataDir: resolve("data"),
      postgres: { url, directUrl: undefined, connections: 10, prepared: true, waitSeconds: 30 },
    });
  });

  it("accept a second secret only with a root secret, so that no rotation ends printed codes", () => {
    const secondary = { INVIGIL_AUTH_SECRET_SECONDARY: "leak".repeat(8) };
    expect(faultOf({ ...secondary, INVIGIL_AUTH_SECRET: "x".repeat(32) })).toMatch(
      /^INVIGIL_ROOT_SECRET must be set, because INVIGIL_AUTH_SECRET_SECONDARY is/,
    );
    expect(parseConfig({ ...secondary, INVIGIL_ROOT_SECRET: "x".repeat(32) }).rootSecret).toBe(
      "x".repeat(32),
    );
    expect(faultOf({ INVIGIL_STREAM_CALLBACK_KEY_SECONDARY: "leak" })).toBe(
      "INVIGIL_STREAM_CALLBACK_KEY must be set, because INVIGIL_STREAM_CALLBACK_KEY_SECONDARY is",
    );
  });

  it("let the embedded media server carry the streams, unless the vendor's service or several servers do", () => {
    const postgres = { INVIGIL_DATABASE_URL: "postgres://h/db", INVIGIL_AUTH_SECRET: "x".repeat(32) };
    const serviceOf = (env: Record<string, string>) => parseConfig(env).streamService;
    expect(serviceOf({})).toBe("embedded");
    expect(serviceOf(STREAMS)).toBe("aliyun");
    expect(serviceOf(postgres)).toBe("aliyun");
    const embedded = { INVIGIL_STREAM_SERVICE: "embedded" };
    const media = { INVIGIL_MEDIA_HOST: "203.0.113.7", INVIGIL_MEDIA_PORTS: "8000-8099" };
    expect(parseConfig({ ...postgres, ...embedded, ...media })).toMatchObject({
      streamService: "embedded",
      media: { host: "203.0.113.7", ports: [8000, 8099] },
    });
    expect(faultOf({ ...STREAMS, ...embedded })).toBe(
      "INVIGIL_STREAM_SERVICE must not be 'embedded', because INVIGIL_STREAM_PUSH_DOMAIN is set",
    );
    for (const other of [postgres, STREAMS, { INVIGIL_STREAM_SERVICE: "aliyun" }])
      for (const [name, value] of Object.entries(media))
        expect(faultOf({ ...other, [name]: value })).toBe(
          `${name} must not be set unless INVIGIL_STREAM_SERVICE is 'embedded'`,
        );
  });

  it("keep audio files in the database where several servers share it", () => {
    expect(defaultAudioPlace("file:./data/invigil.db")).toBe("folder");
    expect(defaultAudioPlace(":memory:")).toBe("folder");
    expect(defaultAudioPlace("postgres://db.example/invigil")).toBe("database");
    expect(defaultAudioPlace("postgresql://db.example/invigil")).toBe("database");
    expect(parseConfig({ INVIGIL_AUDIO_STORE: "database" }).audioStore).toEqual({ place: "database" });
  });

  it("name a bucket completely, or not at all", () => {
    const bucket = {
      INVIGIL_S3_ENDPOINT: "https://s3.oss-cn-hangzhou.aliyuncs.com",
      INVIGIL_S3_BUCKET: "school-audio",
      INVIGIL_S3_REGION: "cn-hangzhou",
      INVIGIL_S3_ACCESS_KEY_ID: "key",
      INVIGIL_S3_SECRET_ACCESS_KEY: "secret",
    };
    const given = { ...bucket, INVIGIL_AUDIO_STORE: "bucket" };
    expect(parseConfig(given).audioStore).toEqual({
      place: "bucket",
      bucket: {
        endpoint: "https://s3.oss-cn-hangzhou.aliyuncs.com",
        bucket: "school-audio",
        region: "cn-hangzhou",
        accessKeyId: "key",
        secretAccessKey: "secret",
        prefix: "audio/",
        addressing: "host",
      },
    });
    expect(
      parseConfig({ ...given, INVIGIL_S3_PREFIX: "a/b/", INVIGIL_S3_ADDRESSING: "path" }).audioStore,
    ).toMatchObject({ bucket: { prefix: "a/b/", addressing: "path" } });
    for (const name of Object.keys(bucket))
      expect(faultOf({ ...given, [name]: "" })).toBe(
        `${name} must be set, because ${Object.keys(bucket).find((other) => other !== name)} is`,
      );
    expect(faultOf({ INVIGIL_AUDIO_STORE: "bucket" })).toContain("INVIGIL_S3_ENDPOINT");
    // A bucket that is not used is no fault, so that the place can be changed alone.
    expect(parseConfig(bucket).audioStore).toEqual({ place: "folder" });
  });

  it.each(settingNames)("%s is unset when it is empty", (name) => {
    expect(parseConfig({ [name]: "" })).toEqual(parseConfig({}));
  });

  it("that went are accepted with a warning, which does not show the value", () => {
    const removed = { INVIGIL_DATABASE_DIVIDE_BY_EXAM: "leak", INVIGIL_TRPC_ADAPTER: "leak" };
    const warnings = Object.keys(removed).map(
      (name) => `${name} has no effect any more, and the next version refuses it`,
    );
    expect(parseConfig(removed)).toEqual({ ...parseConfig({}), warnings });
  });

  it("leave everything alone that is not Invigil's", () => {
    expect(parseConfig({ PATH: "/bin", INVIGILATOR: "x", INVIGIL_PORT: undefined })).toEqual(parseConfig({}));
  });

  it.each(settingNames)("%s is documented in .env.example", (name) => {
    const example = readFileSync(new URL("../../../../.env.example", import.meta.url), "utf8");
    expect(example).toMatch(new RegExp(`^#? ?${name}=`, "m"));
  });
});

// Each value contains the word "leak", or is too short to recognize. No error may show it.
const badValues: [name: string, value: string][] = [
  ["INVIGIL_HOST", "leak".repeat(65)],
  ["INVIGIL_PORT", "70001leak"],
  ["INVIGIL_PORT", "65536"],
  ["INVIGIL_PORT", "-1"],
  ["INVIGIL_METRICS_PORT", "0"],
  ["INVIGIL_METRICS_HOST", "leak".repeat(65)],
  ["INVIGIL_METRICS_TOKEN", "leak"],
  ["INVIGIL_METRICS_TOKEN", "leak leak leak leak"],
  ["INVIGIL_PUBLIC_URL", "leak"],
  ["INVIGIL_PUBLIC_URL", "ftp://leak.example"],
  ["INVIGIL_PUBLIC_URL", "https://leak.example/?"],
  ["INVIGIL_PUBLIC_URL", "https://leak.example/#a"],
  ["INVIGIL_DATABASE_URL", "mysql://u:leak@h/db"],
  ["INVIGIL_DATABASE_DIRECT_URL", "leak"],
  ["INVIGIL_DATABASE_DIRECT_URL", "postgres://u:leak@h/db"],
  ["INVIGIL_DATABASE_CONNECTIONS", "1"],
  ["INVIGIL_DATABASE_PREPARED", "leak"],
  ["INVIGIL_DATABASE_WAIT_SECONDS", "3601"],
  ["INVIGIL_DATABASE_URL", "file:"],
  ["INVIGIL_DATA_DIR", "leak".repeat(1025)],
  ["INVIGIL_AUDIO_STORE", "leak"],
  ["INVIGIL_S3_ENDPOINT", "http://leak.example"],
  ["INVIGIL_S3_ENDPOINT", "https://leak.example/bucket"],
  ["INVIGIL_S3_BUCKET", "leak/leak"],
  ["INVIGIL_S3_REGION", "leak.example"],
  ["INVIGIL_S3_ACCESS_KEY_ID", "leak".repeat(65)],
  ["INVIGIL_S3_SECRET_ACCESS_KEY", "leak".repeat(65)],
  ["INVIGIL_S3_PREFIX", "leak"],
  ["INVIGIL_S3_PREFIX", "../leak/"],
  ["INVIGIL_S3_ADDRESSING", "leak"],
  ["INVIGIL_AUTH", "leak"],
  ["INVIGIL_AUTH_SECRET", "leak, 31 bytes: too few of them"],
  ["INVIGIL_AUTH_SECRET_SECONDARY", "leak, 31 bytes: too few of them"],
  ["INVIGIL_ROOT_SECRET", "leak, 31 bytes: too few of them"],
  ["INVIGIL_AUTH_JWKS_URL", "leak"],
  ["INVIGIL_AUTH_JWKS_URL", "http://leak.example/keys"],
  ["INVIGIL_AUTH_JWKS_ISSUER", "leak".repeat(513)],
  ["INVIGIL_AUTH_JWKS_AUDIENCE", "leak".repeat(513)],
  ["INVIGIL_AUTH_JWKS_CLAIMS", "leak=role"],
  ["INVIGIL_AUTH_JWKS_CLAIMS", "sub=leak,role"],
  ["INVIGIL_AUTH_JWKS_ROLES", "leak=teacher"],
  ["INVIGIL_AUTH_JWKS_CLAIMS", "sub=leak,sub=leak"],
  ["INVIGIL_AUTH_JWKS_ROLES", "teacher="],
  ["INVIGIL_AUTH_JWKS_ROLES", "teacher=leak, teacher=b"],
  ["INVIGIL_LOGIN_TTL_SECONDS", "59"],
  ["INVIGIL_LOGIN_MAX_SECONDS", "0"],
  ["INVIGIL_LOGIN_MAX_SECONDS", "28799"],
  ["INVIGIL_LOGIN_FAILURES_PER_ADDRESS", "4"],
  ["INVIGIL_TOKEN_AFTER_EXAM_SECONDS", "2592001"],
  ["INVIGIL_RESTORE_DAYS", "366"],
  ["INVIGIL_AUDIT_DAYS", "0"],
  ["INVIGIL_TRUSTED_PROXIES", "leak.example"],
  ["INVIGIL_TRUSTED_PROXIES", "10.0.0.0/33"],
  ["INVIGIL_TRUSTED_PROXIES", "127.0.0.1,"],
  ["INVIGIL_TRUSTED_PROXIES", "0.0.0.0/0"],
  ["INVIGIL_TRUSTED_PROXIES", "::/0"],
  ["INVIGIL_TRUSTED_PROXIES", "::/129"],
  ["INVIGIL_TRUSTED_PROXIES", "10.0.0.0/"],
  ["INVIGIL_TRUSTED_PROXIES", "10.0.0.0/8/9"],
  ["INVIGIL_TRUSTED_PROXIES", "10.1"],
  ["INVIGIL_WATCH_APP_URL", "ftp://leak.example"],
  ["INVIGIL_WATCH_APP_URL", "https://leak.example/?a=b"],
  ["INVIGIL_EXAMINEE_APP_URL", "https://leak.example/#/pc"],
  ["INVIGIL_TIME_ZONE", "leak/Nowhere"],
  ["INVIGIL_CORS_ORIGINS", "https://a.example,leak"],
  ["INVIGIL_CORS_ORIGINS", "https://leak.example/path"],
  ["INVIGIL_CORS_ORIGINS", "https://leak.example,"],
  ["INVIGIL_REST_STATUS", "leak"],
  ["INVIGIL_DEMO_EXAMINEES", "501"],
  ["INVIGIL_DEMO_EXAMINEES", "1.5"],
  ["INVIGIL_DEMO_EXAM", "leak"],
  ["INVIGIL_CONSOLE", "leak"],
  ["INVIGIL_EVENT_RETENTION_SECONDS", "59"],
  ["INVIGIL_EVENT_RETENTION_SECONDS", "2592001"],
  ["INVIGIL_PRESENCE_SETTLE_SECONDS", "301"],
  ["INVIGIL_CONNECTIONS_PER_PERSON", "0"],
  ["INVIGIL_SUBSCRIPTIONS_PER_PERSON", "0"],
  ["INVIGIL_MAX_CONNECTIONS", "9"],
  ["INVIGIL_SEND_BUFFER_MIB", "15"],
  ["INVIGIL_BODY_BUFFER_MIB", "31"],
  ["INVIGIL_BODY_TIMEOUT_SECONDS", "301"],
  ["INVIGIL_LOG_LEVEL", "leak"],
  ["INVIGIL_STREAM_PUSH_DOMAIN", "https://leak.example"],
  ["INVIGIL_STREAM_PULL_DOMAIN", "leak example"],
  ["INVIGIL_STREAM_PUSH_KEY", "leak".repeat(65)],
  ["INVIGIL_STREAM_PULL_KEY", "leak".repeat(65)],
  ["INVIGIL_STREAM_APP", "leak/leak"],
  ["INVIGIL_STREAM_TTL_SECONDS", "59"],
  ["INVIGIL_STREAM_TTL_SECONDS", "31536001"],
  ["INVIGIL_STREAM_TRANSCODE_SUFFIX", "leak"],
  ["INVIGIL_STREAM_TRANSCODE_SUFFIX", "_hd"],
  ["INVIGIL_ALIYUN_IM_APP_ID", "leak".repeat(17)],
  ["INVIGIL_ALIYUN_IM_APP_KEY", "leak".repeat(65)],
  ["INVIGIL_ALIYUN_IM_APP_SIGN", "leak".repeat(1025)],
  ["INVIGIL_STREAM_HLS_URL", "https://leak.example/{app}.m3u8"],
  ["INVIGIL_STREAM_HLS_URL", "artc://leak.example/{stream}"],
  ["INVIGIL_STREAM_HLS_URL", "https://{stream}.leak.example/"],
  ["INVIGIL_STREAM_HLS_URL", "https://user:leak@pull.example/{stream}"],
  ["INVIGIL_STREAM_HLS_URL", "leak{stream}"],
  ["INVIGIL_STREAM_WHEP_URL", "https://leak.example/{stream}#a"],
  ["INVIGIL_STREAM_WHEP_URL", "https://leak.example/{stream}/{room}"],
  ["INVIGIL_STREAM_WHEP_URL", `https://leak.example/{stream}/${"leak".repeat(512)}`],
  ["INVIGIL_STREAM_CALLBACK_KEY", "leak".repeat(65)],
  ["INVIGIL_STREAM_CALLBACK_KEY_SECONDARY", "leak".repeat(65)],
  ["INVIGIL_STREAM_PUSH_LIMIT", "0"],
  ["INVIGIL_STREAM_SERVICE", "leak"],
  ["INVIGIL_MEDIA_HOST", "leak.example"],
  ["INVIGIL_MEDIA_HOST", "::1"],
  ["INVIGIL_MEDIA_PORTS", "7100"],
  ["INVIGIL_MEDIA_PORTS", "80-90"],
  ["INVIGIL_MEDIA_PORTS", "7499-7100"],
  ["INVIGIL_MEDIA_PORTS", "7100-65536"],
  ["INVIGIL_PROVIDER_TIMEOUT_MS", "99"],
  ["INVIGIL_PROVIDER_CONCURRENCY", "0"],
  ["INVIGIL_PROVIDER_PAUSE_SECONDS", "3601"],
  ["INVIGIL_ALIYUN_ACCESS_KEY_ID", "leak".repeat(65)],
  ["INVIGIL_ALIYUN_ACCESS_KEY_SECRET", "leak".repeat(65)],
  ["INVIGIL_ALIYUN_SECURITY_TOKEN", "leak".repeat(1025)],
  ["INVIGIL_ALIYUN_INSTANCE_ROLE", "leak/leak"],
  ["INVIGIL_ALIYUN_LIVE_URL", "leak.example"],
  ["INVIGIL_ALIYUN_LIVE_URL", "http://leak.example"],
  ["INVIGIL_ALIYUN_LIVE_URL", "https://leak.example/path"],
  ["INVIGIL_ALIYUN_LIVE_URL", "https://u:leak@h.example"],
  ["INVIGIL_ALIYUN_OLD_IM_APP_ID", "leak".repeat(17)],
  ["INVIGIL_RONGCLOUD_APP_KEY", "leak".repeat(65)],
  ["INVIGIL_RONGCLOUD_APP_SECRET", "leak".repeat(65)],
  ["INVIGIL_RONGCLOUD_URLS", "https://a.example,leak"],
  ["INVIGIL_RONGCLOUD_URLS", "https://a.example,http://leak.example"],
  ["INVIGIL_RONGCLOUD_URLS", "https://a,https://b,https://c,https://d,https://leak"],
  ["INVIGIL_UPLOAD_ROLE_ARN", "leak"],
  ["INVIGIL_UPLOAD_BUCKET", "leak/leak"],
  ["INVIGIL_UPLOAD_REGION", "leak.example"],
  ["INVIGIL_UPLOAD_BASE_PATH", "leak"],
  ["INVIGIL_UPLOAD_BASE_PATH", "/leak/../leak"],
  ["INVIGIL_UPLOAD_BASE_PATH", "/leak/*"],
  ["INVIGIL_UPLOAD_TTL_SECONDS", "899"],
  ["INVIGIL_UPLOAD_STS_URL", "http://leak.example"],
  ["INVIGIL_LIMIT_READS", "leak=5"],
  ["INVIGIL_LIMIT_READS", "room=5"],
  ["INVIGIL_LIMIT_WRITES", "person=0"],
  ["INVIGIL_LIMIT_WRITES", "person=leak"],
  ["INVIGIL_LIMIT_CALLS", "room=1.5"],
  ["INVIGIL_LIMIT_RECORDS", "person=-1"],
  ["INVIGIL_LIMIT_RECORD_MIB", "person=99999999999"],
  ["INVIGIL_LIMIT_MESSAGES", "person"],
  ["INVIGIL_LIMIT_MESSAGE_MIB", "person=1,person=2"],
  ["INVIGIL_LIMIT_ROOMS", "room=1"],
  ["INVIGIL_LIMIT_PEOPLE", "5"],
  ["INVIGIL_LIMIT_AUDIO_MIB", "exam=5"],
  ["INVIGIL_LIMIT_IMPORTS", "person=1;exam=1"],
  ["INVIGIL_LIMIT_READ_ROWS", "room=5"],
  ["INVIGIL_LIMIT_READ_MIB", "person=0"],
  ["INVIGIL_LIMIT_WRITE_ROWS", "network=5"],
  ["INVIGIL_LIMIT_EVENTS", "person"],
  ["INVIGIL_LIMIT_MESSAGE_LOGINS", "network=5"],
  ["INVIGIL_QUOTA_RECORDS_PER_PERSON", "0"],
  ["INVIGIL_QUOTA_RECORD_MIB_PER_PERSON", "0"],
  ["INVIGIL_QUOTA_MESSAGES_PER_ROOM", "10000001"],
  ["INVIGIL_QUOTA_PEOPLE_PER_ROOM", "100001"],
  ["INVIGIL_QUOTA_ROOMS_PER_EXAM", "0"],
  ["INVIGIL_QUOTA_ROOMS_PER_TEACHER", "leak"],
  ["INVIGIL_QUOTA_EXAMS_PER_TEACHER", "0"],
  ["INVIGIL_QUOTA_AUDIO_MIB", "0"],
  ["INVIGIL_QUOTA_AUDIO_MIB_PER_TEACHER", "1.5"],
  ["INVIGIL_QUOTA_AUDIT_PER_PERSON", "0"],
  ["INVIGIL_QUOTA_AUDIT_PER_EXAM", "0"],
  ["INVIGIL_DISK_RESERVE_MB", "-1"],
];

describe("a bad value", () => {
  it.each(badValues)("of %s is named in one line, and not shown", (name, value) => {
    const fault = faultOf({ [name]: value });
    expect(fault).toMatch(new RegExp(`^${name} must [^\n]{1,120}$`));
    expect(fault).not.toContain("leak");
  });

  it("is listed above for every setting", () => {
    expect(new Set(badValues.map(([name]) => name))).toEqual(new Set(settingNames));
  });

  it("is also a name that no setting has", () => {
    for (const name of ["INVIGIL_PROT", "invigil_port"])
      expect(faultOf({ [name]: "leak" })).toBe(
        `${name} is not a setting of Invigil; did you mean INVIGIL_PORT?`,
      );
  });
});

describe("settings that only work together", () => {
  it.each(["http://127.0.0.1:9/keys", "http://[::1]/keys", "http://localhost/keys"])(
    "are keys at %s, which never leave this machine",
    (url) => {
      expect(parseConfig({ ...JWKS, INVIGIL_AUTH_JWKS_URL: url }).jwks?.url).toBe(url);
    },
  );

  const groups = [STREAMS, JWKS, IM_APP, KEY, RONG, UPLOADS].flatMap((group) =>
    Object.keys(group).map((missing) => ({ group: group as Record<string, string>, missing })),
  );
  it.each(groups)("miss $missing when it alone is unset", ({ group, missing }) => {
    const fault = faultOf({ ...group, [missing]: "" });
    expect(fault.startsWith(`${missing} must be set, because INVIGIL_`)).toBe(true);
    for (const value of Object.values(group)) expect(fault).not.toContain(value);
  });

  it.each<[string, Record<string, string>]>([
    ["INVIGIL_METRICS_PORT must be set, because INVIGIL_METRICS_HOST is", { INVIGIL_METRICS_HOST: "leak" }],
    ["INVIGIL_METRICS_PORT must not be INVIGIL_PORT", { INVIGIL_METRICS_PORT: "7001" }],
    [
      "INVIGIL_STREAM_PULL_KEY must be set, because INVIGIL_STREAM_WHEP_URL is",
      { INVIGIL_STREAM_WHEP_URL: "https://leak.example/{stream}" },
    ],
    ["INVIGIL_ALIYUN_INSTANCE_ROLE must not be set, because ", { ...KEY, INVIGIL_ALIYUN_INSTANCE_ROLE: "r" }],
    ["INVIGIL_ALIYUN_ACCESS_KEY_ID must be set, because ", { INVIGIL_ALIYUN_SECURITY_TOKEN: "leak" }],
    ["INVIGIL_ALIYUN_ACCESS_KEY_ID or INVIGIL_ALIYUN_INSTANCE_ROLE must be set, because ", UPLOADS],
    [
      "INVIGIL_ALIYUN_ACCESS_KEY_ID or INVIGIL_ALIYUN_INSTANCE_ROLE must be set, because ",
      { INVIGIL_ALIYUN_OLD_IM_APP_ID: "leak" },
    ],
  ])("%s…: %j", (beginning, environment) => {
    const fault = faultOf(environment);
    expect(fault.startsWith(beginning)).toBe(true);
    expect(fault).not.toContain("leak");
  });

  it.each(["127.0.0.1", "::1", "localhost"])("are no authentication and the loopback address %s", (host) => {
    expect(parseConfig({ INVIGIL_AUTH: "off", INVIGIL_HOST: host }).auth).toBe("off");
  });

  it.each(["0.0.0.0", "::", "192.168.0.1", "127.0.0.1.example", "exam.example"])(
    "are not no authentication and the address %s",
    (host) => {
      expect(faultOf({ INVIGIL_AUTH: "off", INVIGIL_HOST: host })).toMatch(/^INVIGIL_AUTH must not be 'off'/);
    },
  );
});

describe("limits", () => {
  it("that are not named keep their defaults", () => {
    const { limits } = parseConfig({ INVIGIL_LIMIT_RECORD_MIB: "room=1, person=2" });
    expect(limits.recordBytes).toEqual({ person: 2 * MIB, admin: 1024 * MIB, room: MIB, exam: 8192 * MIB });
    expect(limits.records).toEqual(parseConfig({}).limits.records);
  });
});
