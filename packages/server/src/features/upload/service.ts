import type { Caller, GetUploadCredentialsInput, UploadCredentials } from "@invigil/schema";
import { InvigilError } from "../../errors.js";
import type { UploadProvider } from "../../providers/types.js";
import type { AccessService } from "../access/service.js";

export interface UploadService {
  /** @throws FORBIDDEN, EXAM_NOT_FOUND, PROVIDER_NOT_CONFIGURED, PROVIDER_FAILED */
  getCredentials(caller: Caller, input: GetUploadCredentialsInput): Promise<UploadCredentials>;
}

export interface UploadServiceDeps {
  readonly uploads: UploadProvider | undefined;
  readonly access: AccessService;
}

export const createUploadService = ({ uploads, access }: UploadServiceDeps): UploadService => ({
  async getCredentials(caller, { examId, mode }) {
    await access.exam(caller, examId);
    if (!uploads) throw new InvigilError("PROVIDER_NOT_CONFIGURED", "No store for recordings is configured.");
    return uploads.credentials({ userId: caller.userId, mode, prefixes: [`${examId}-`] });
  },
});
