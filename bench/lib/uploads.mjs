// The vendor's service that issues credentials for uploads, as the tests simulate it, and the settings that name it.
import { tsImport } from "tsx/esm/api";

const ACCOUNT = { id: "STS.benchmark", secret: "the-account-of-the-benchmark", token: "benchmark" };
const ROLE = "acs:ram::1234567890123456:role/recordings";
const BUCKET = "exam-records";

export const startUploads = async () => {
  const file = "../../packages/server/test/simulators/aliyun-sts.ts";
  const { openAliyunSts } = await tsImport(file, import.meta.url);
  const service = await openAliyunSts({ keys: [ACCOUNT], roleArn: ROLE, bucket: BUCKET });
  return {
    settings: {
      INVIGIL_ALIYUN_ACCESS_KEY_ID: ACCOUNT.id,
      INVIGIL_ALIYUN_ACCESS_KEY_SECRET: ACCOUNT.secret,
      INVIGIL_ALIYUN_SECURITY_TOKEN: ACCOUNT.token,
      INVIGIL_UPLOAD_ROLE_ARN: ROLE,
      INVIGIL_UPLOAD_BUCKET: BUCKET,
      INVIGIL_UPLOAD_STS_URL: service.url,
    },
    close: () => service[Symbol.asyncDispose](),
  };
};
