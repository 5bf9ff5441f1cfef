import { z } from "zod";
import { given } from "../support/secrets.js";
import type { AccessKey } from "./acs3.js";
import { type AliyunService, action, openAliyunService } from "./aliyun.js";
import { isAllowed, parseRamPolicy, type RamPolicy } from "./ram.js";

/** Credentials as whoever was given them holds them. */
export interface HeldCredentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly stsToken: string;
}

/** What was issued, and for whom. */
export interface IssuedCredentials extends HeldCredentials {
  readonly sessionName: string;
  readonly seconds: number;
  readonly policy: string;
}

/**
 * The vendor's service that issues passing credentials (STS), and what its other services say of them: it knows the role
 * and what that may, remembers the policy of each session, and judges by both.
 */
export interface AliyunSts extends AliyunService {
  readonly issued: readonly IssuedCredentials[];
  /** Whether the credentials, while they are good, let their holder do something. */
  may(credentials: HeldCredentials, action: string, resource: string): boolean;
  /** Whether they let an object be put into the bucket. */
  mayPut(credentials: HeldCredentials, path: string): boolean;
  /** Puts something else into the credentials that are answered from now on. */
  spoil(credentials: object | undefined): void;
}

export interface AliyunStsOptions {
  readonly keys: readonly AccessKey[];
  readonly roleArn: string;
  readonly bucket: string;
  /** How long a session of the role may be, in seconds. */
  readonly longest?: number;
  /** When sessions begin, and what time it is when their credentials are used. */
  readonly clock?: () => Date;
}

const ACCOUNT = "1234567890123456";

/** More than any session should have: what the sessions' own policies leave out is seen. */
const rolePolicy = (bucket: string): RamPolicy =>
  parseRamPolicy(
    JSON.stringify({
      Version: "1",
      Statement: [
        {
          Effect: "Allow",
          Action: ["oss:*"],
          Resource: [`acs:oss:*:*:${bucket}`, `acs:oss:*:*:${bucket}/*`],
        },
        { Effect: "Allow", Action: "vod:*", Resource: "*" },
      ],
    }),
  );

const isPolicy = (text: string): boolean => {
  try {
    return parseRamPolicy(text) !== undefined;
  } catch {
    return false;
  }
};

export const openAliyunSts = async ({
  keys,
  roleArn,
  bucket,
  longest = 43_200,
  clock = () => new Date(),
}: AliyunStsOptions): Promise<AliyunSts> => {
  const issued: (IssuedCredentials & { readonly until: number })[] = [];
  const role = rolePolicy(bucket);
  let spoilt: object | undefined;

  const assumeRole = action({
    params: z.strictObject({
      RoleArn: z.literal(roleArn),
      RoleSessionName: z.string().regex(/^[A-Za-z0-9.@_-]{2,64}$/),
      DurationSeconds: z
        .string()
        .regex(/^\d{3,5}$/)
        .transform(Number)
        .pipe(z.number().min(900).max(longest)),
      Policy: z.string().refine(isPolicy, "is no policy"),
    }),
    run: ({ RoleSessionName, DurationSeconds, Policy }) => {
      const begin = Math.floor(clock().getTime() / 1000);
      const until = (begin + DurationSeconds) * 1000;
      const mark = issued.length + 1;
      const credentials = {
        AccessKeyId: `STS.key${mark}`,
        AccessKeySecret: given(`key-${mark}`),
        SecurityToken: given(`token-${mark}/+==`),
        Expiration: new Date(until).toISOString().replace(".000Z", "Z"),
      };
      issued.push({
        accessKeyId: credentials.AccessKeyId,
        accessKeySecret: credentials.AccessKeySecret,
        stsToken: credentials.SecurityToken,
        sessionName: RoleSessionName,
        seconds: DurationSeconds,
        policy: Policy,
        until,
      });
      const name = roleArn.split("/")[1];
      return {
        AssumedRoleUser: {
          Arn: `acs:sts::${ACCOUNT}:assumed-role/${name}/${RoleSessionName}`,
          AssumedRoleId: `39${ACCOUNT}:${RoleSessionName}`,
        },
        Credentials: { ...credentials, ...spoilt },
      };
    },
  });
  const service = await openAliyunService({
    version: "2015-04-01",
    keys,
    actions: { AssumeRole: assumeRole },
  });

  const may: AliyunSts["may"] = ({ accessKeyId, accessKeySecret, stsToken }, wanted, resource) => {
    const session = issued.find((one) => one.accessKeyId === accessKeyId);
    if (!session || session.accessKeySecret !== accessKeySecret || session.stsToken !== stsToken)
      return false;
    if (clock().getTime() >= session.until) return false;
    return isAllowed([role, parseRamPolicy(session.policy)], { action: wanted, resource });
  };
  return {
    ...service,
    issued,
    may,
    mayPut: (credentials, path) =>
      may(credentials, "oss:PutObject", `acs:oss:oss-cn-hangzhou:${ACCOUNT}:${bucket}/${path}`),
    spoil(credentials) {
      spoilt = credentials;
    },
  };
};
