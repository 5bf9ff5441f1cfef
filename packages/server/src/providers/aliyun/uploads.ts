import { createHash } from "node:crypto";
import type { UploadCredentials } from "@invigil/schema";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import type { Config } from "../../config/config.js";
import { atMost } from "../../platform/lru.js";
import type { UploadPrefixes, UploadProvider } from "../types.js";
import type { OpenApi } from "./openapi.js";
import { emptyPolicy, recordingsPolicy, videoPolicy } from "./upload-policy.js";

export type UploadSettings = NonNullable<Config["uploads"]>;

/** The service that issues credentials, and the version of its API that is called. */
export const STS_VERSION = "2015-04-01";

/** Issued ones are given out again until this long before their end: what has begun must be finished with them. */
const SPARE_MS = 10 * 60_000;
const SHORTEST_SECONDS = 900;
/** Persons whose credentials are remembered. */
const REMEMBERED = 10_000;

const answer = z.object({
  Credentials: z.object({
    AccessKeyId: z.string().min(1),
    AccessKeySecret: z.string().min(1),
    SecurityToken: z.string().min(1),
    Expiration: z.iso.datetime().transform((time) => new Date(time)),
  }),
});

const LONGEST_NAME = 64;
/** The person's id where the vendor takes it; else as much of it as it takes, and what tells it from others. */
const sessionName = (userId: string): string => {
  if (/^[A-Za-z0-9.@_-]{2,64}$/.test(userId)) return userId;
  const mark = createHash("sha256").update(userId).digest("hex").slice(0, 16);
  const taken = userId.replace(/[^A-Za-z0-9.@_-]/g, "_").slice(0, LONGEST_NAME - mark.length - 1);
  return `${taken}-${mark}`;
};

export interface UploadsOptions {
  readonly settings: UploadSettings;
  /** Calls the service that issues credentials. */
  readonly sts: OpenApi;
  readonly clock: () => Date;
  readonly log: { warn(fields: object, message: string): void };
}

/** Credentials for uploads: the role's, narrowed to what one person may put, for an hour or as long as is set. */
export const createUploads = ({ settings, sts, clock, log }: UploadsOptions): UploadProvider => {
  const { roleArn, bucket, region, basePath, ttlSeconds } = settings;

  const assumeRole = (name: string, policy: string, seconds: number) =>
    sts.call({
      action: "AssumeRole",
      query: {
        RoleArn: roleArn,
        RoleSessionName: name,
        DurationSeconds: String(seconds),
        Policy: policy,
      },
      // Credentials that nobody received allow nobody anything.
      repeatable: true,
      schema: answer,
    });

  const issued = new LRUCache<string, UploadCredentials, { userId: string; policy: string }>({
    ...atMost(REMEMBERED),
    // Whoever waits for it gets it, also when it is not kept.
    ignoreFetchAbort: true,
    async fetchMethod(_key, _stale, { context: { userId, policy } }) {
      const { Credentials } = await assumeRole(sessionName(userId), policy, ttlSeconds);
      return {
        region: `oss-${region}`,
        accessKeyId: Credentials.AccessKeyId,
        accessKeySecret: Credentials.AccessKeySecret,
        stsToken: Credentials.SecurityToken,
        bucket,
        expiration: Credentials.Expiration,
      };
    },
  });
  const isFresh = (credentials: UploadCredentials | undefined): boolean =>
    credentials !== undefined && credentials.expiration.getTime() - clock().getTime() > SPARE_MS;

  const recordings = (userId: string, prefixes: UploadPrefixes): string => {
    const { policy, allowed } = recordingsPolicy({ bucket, basePath, prefixes });
    if (allowed < prefixes.length)
      log.warn(
        { userId, asked: prefixes.length, allowed },
        "upload credentials do not cover all folders of this person: a policy takes no more",
      );
    return policy;
  };

  return {
    async credentials({ userId, mode, prefixes }) {
      const policy = mode === "VOD" ? videoPolicy() : recordings(userId, prefixes);
      const key = JSON.stringify([userId, policy]);
      // One that is being fetched is waited for, whatever this asks for.
      return issued.forceFetch(key, {
        context: { userId, policy },
        forceRefresh: !isFresh(issued.peek(key)),
      });
    },
    async check() {
      await assumeRole("invigil-doctor", emptyPolicy(), SHORTEST_SECONDS);
    },
  };
};
