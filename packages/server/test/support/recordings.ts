import { type Config, testConfig } from "../../src/config/config.js";
import type { AccessKey } from "../simulators/acs3.js";
import { type AliyunSts, openAliyunSts } from "../simulators/aliyun-sts.js";
import { given, kept } from "./secrets.js";

/** The account with which the server calls the vendor. */
const ACCOUNT: AccessKey = {
  id: "STS.account-key",
  secret: kept("account-key"),
  token: given("account-token"),
};
export const ROLE = "acs:ram::1234567890123456:role/recordings";
export const BUCKET = "exam-records";

/** A store for recordings, which issues credentials. */
export interface Recordings extends AsyncDisposable {
  readonly sts: AliyunSts;
  readonly config: Config;
  /** The issued secrets, which only their owners may read. */
  readonly secrets: () => string[];
}

/** @param environment additional settings */
export const openRecordings = async ({
  clock,
  environment = {},
}: {
  clock?: () => Date;
  environment?: Readonly<Record<string, string>>;
} = {}): Promise<Recordings> => {
  const sts = await openAliyunSts({
    keys: [ACCOUNT],
    roleArn: ROLE,
    bucket: BUCKET,
    ...(clock && { clock }),
  });
  return {
    sts,
    config: testConfig({
      INVIGIL_ALIYUN_ACCESS_KEY_ID: ACCOUNT.id,
      INVIGIL_ALIYUN_ACCESS_KEY_SECRET: ACCOUNT.secret,
      INVIGIL_ALIYUN_SECURITY_TOKEN: ACCOUNT.token,
      INVIGIL_UPLOAD_ROLE_ARN: ROLE,
      INVIGIL_UPLOAD_BUCKET: BUCKET,
      INVIGIL_UPLOAD_STS_URL: sts.url,
      ...environment,
    }),
    secrets: () => [
      ACCOUNT.secret,
      ACCOUNT.token ?? "",
      ...sts.issued.flatMap(({ accessKeySecret, stsToken }) => [accessKeySecret, stsToken]),
    ],
    [Symbol.asyncDispose]: () => sts[Symbol.asyncDispose](),
  };
};
