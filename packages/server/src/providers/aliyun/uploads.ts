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

/** The API version of the service that issues credentials (STS). */
export const STS_VERSION = "2015-04-01";

/**
 * Issued credentials are reused until this long before their expiry, in milliseconds, so that uploads can
 * finish.
 */
const MIN_REMAINING_MS = 10 * 60_000;
const MIN_SECONDS = 900;
/** The number of people whose credentials are cached. */
const MAX_CACHED_PEOPLE = 10_000;

const answer = z.object({
  Credentials: z.object({
    AccessKeyId: z.string().min(1),
    AccessKeySecret: z.string().min(1),
    SecurityToken: z.string().min(1),
    Expiration: z.iso.datetime().transform((time) => new Date(time)),
  }),
});

const MAX_NAME_LENGTH = 64;
/** The user id, if the vendor accepts it as a session name. Otherwise, the valid part of it and a hash. */
const sessionName = (userId: string): string => {
  if (/^[A-Za-z0-9.@_-]{2,64}$/.test(userId)) return userId;
  const mark = createHash("sha256").update(userId).digest("hex").slice(0, 16);
  const allowed = userId.replace(/[^A-Za-z0-9.@_-]/g, "_").slice(0, MAX_NAME_LENGTH - mark.length - 1);
  return `${allowed}-${mark}`;
};

export interface UploadsOptions {
  readonly settings: UploadSettings;
  /** Calls STS, the service that issues credentials. */
  readonly sts: OpenApi;
  readonly clock: () => Date;
  readonly log: { warn(fields: object, message: string): void };
}

/** Issues upload credentials of the role, restricted to the folders of one person. */
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
      // Repeating the call only issues more credentials.
      idempotent: true,
      schema: answer,
    });

  const issued = new LRUCache<string, UploadCredentials, { userId: string; policy: string }>({
    ...atMost(MAX_CACHED_PEOPLE),
    // A caller that waits for credentials receives them even if the cache evicts the entry.
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
    credentials !== undefined && credentials.expiration.getTime() - clock().getTime() > MIN_REMAINING_MS;

  const recordings = (userId: string, prefixes: UploadPrefixes): string => {
    const { policy, allowed } = recordingsPolicy({ bucket, basePath, prefixes });
    if (allowed < prefixes.length)
      log.warn(
        { userId, asked: prefixes.length, allowed },
        "upload credentials do not cover all folders of this person: the policy would be too long",
      );
    return policy;
  };

  return {
    async credentials({ userId, mode, prefixes }) {
      const policy = mode === "VOD" ? videoPolicy() : recordings(userId, prefixes);
      const key = JSON.stringify([userId, policy]);
      // Concurrent requests for the same credentials share one call, regardless of `forceRefresh`.
      return issued.forceFetch(key, {
        context: { userId, policy },
        forceRefresh: !isFresh(issued.peek(key)),
      });
    },
    async check() {
      await assumeRole("invigil-doctor", emptyPolicy(), MIN_SECONDS);
    },
  };
};
