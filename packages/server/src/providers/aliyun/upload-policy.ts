import type { UploadPrefixes } from "../types.js";

// What the credentials for uploads allow, as the vendor's access management (RAM) reads it. The role may allow more: what
// they can do is what both allow.

/** Longer ones the vendor refuses. */
export const MAX_POLICY_LENGTH = 2048;

interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

const written = (...statements: readonly Statement[]): string =>
  JSON.stringify({ Version: "1", Statement: statements });

/** Characters that mean nothing in a policy but themselves: no wildcards, no variables, and no folder of dots. */
const PLAIN = /^(?!\.{1,2}\/?$)[A-Za-z0-9_.-]+\/?$/;

export interface RecordingsPolicyOptions {
  readonly bucket: string;
  /** As `/record`. */
  readonly basePath: string;
  /** The most important first. */
  readonly prefixes: UploadPrefixes;
}

/**
 * Lets recordings be put below a bucket's prefixes, in as many of them as the vendor's limit takes. All steps of an
 * upload in parts are `oss:PutObject` as well.
 * @returns the policy, and how many of the prefixes it allows: a person's two folders always fit
 */
export const recordingsPolicy = ({
  bucket,
  basePath,
  prefixes,
}: RecordingsPolicyOptions): { readonly policy: string; readonly allowed: number } => {
  const odd = prefixes.find((prefix) => !PLAIN.test(prefix));
  if (odd !== undefined) throw new Error(`no policy can be made for the prefix ${JSON.stringify(odd)}`);
  const below = (path: string): string => `acs:oss:*:*:${bucket}/${path}`;
  const Action = ["oss:PutObject"];
  const folder = `${basePath}/local/`.slice(1);
  const allowing = (many: number): string =>
    written(
      {
        Effect: "Allow",
        Action,
        Resource: prefixes.slice(0, many).map((prefix) => below(`${folder}${prefix}*`)),
      },
      // A name that leads out of its folder is no way out in a bucket, but is one on a disk that the bucket is copied to.
      { Effect: "Deny", Action, Resource: [below("*/../*")] },
    );
  let allowed = prefixes.length;
  while (allowed > 1 && allowing(allowed).length > MAX_POLICY_LENGTH) allowed -= 1;
  return { policy: allowing(allowed), allowed };
};

/** What an uploader to video on demand calls. It names videos itself: no folder narrows this further. */
export const videoPolicy = (): string =>
  written({ Effect: "Allow", Action: ["vod:CreateUploadVideo", "vod:RefreshUploadVideo"], Resource: ["*"] });

/** Allows nothing. */
export const emptyPolicy = (): string => written({ Effect: "Deny", Action: ["*"], Resource: ["*"] });
