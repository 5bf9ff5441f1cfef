import type { UploadPrefixes } from "../types.js";

// Policies of the vendor's access management (RAM) for upload credentials. Credentials allow only what both
// the policy and the role allow.

/** The maximum length of a policy that the vendor accepts, in characters. */
export const MAX_POLICY_LENGTH = 2048;

interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

const policyText = (...statements: readonly Statement[]): string =>
  JSON.stringify({ Version: "1", Statement: statements });

/**
 * Prefixes without special characters of policies (wildcards and variables), and without the folders `.` and
 * `..`.
 */
const PLAIN = /^(?!\.{1,2}\/?$)[A-Za-z0-9_.-]+\/?$/;

export interface RecordingsPolicyOptions {
  readonly bucket: string;
  /** For example `/record`. */
  readonly basePath: string;
  /** The most important prefix first. */
  readonly prefixes: UploadPrefixes;
}

/**
 * A policy that allows uploading recordings below the prefixes. If not all prefixes fit into a policy, it
 * contains as many as possible. `oss:PutObject` also covers all steps of a multipart upload.
 * @returns the policy, and the number of prefixes that it allows. The two folders of one person always fit
 */
export const recordingsPolicy = ({
  bucket,
  basePath,
  prefixes,
}: RecordingsPolicyOptions): { readonly policy: string; readonly allowed: number } => {
  const invalid = prefixes.find((prefix) => !PLAIN.test(prefix));
  if (invalid !== undefined) throw new Error(`a policy cannot contain the prefix ${JSON.stringify(invalid)}`);
  const below = (path: string): string => `acs:oss:*:*:${bucket}/${path}`;
  const Action = ["oss:PutObject"];
  const folder = `${basePath}/local/`.slice(1);
  const allowing = (many: number): string =>
    policyText(
      {
        Effect: "Allow",
        Action,
        Resource: prefixes.slice(0, many).map((prefix) => below(`${folder}${prefix}*`)),
      },
      // `..` has no meaning in a bucket, but it does on a disk that the bucket is copied to.
      { Effect: "Deny", Action, Resource: [below("*/../*")] },
    );
  let allowed = prefixes.length;
  while (allowed > 1 && allowing(allowed).length > MAX_POLICY_LENGTH) allowed -= 1;
  return { policy: allowing(allowed), allowed };
};

/**
 * A policy for uploading to video on demand. The service chooses the names of videos, so no folder can
 * restrict the policy further.
 */
export const videoPolicy = (): string =>
  policyText({
    Effect: "Allow",
    Action: ["vod:CreateUploadVideo", "vod:RefreshUploadVideo"],
    Resource: ["*"],
  });

/** A policy that allows nothing. */
export const emptyPolicy = (): string => policyText({ Effect: "Deny", Action: ["*"], Resource: ["*"] });
