import type { Caller, GetUploadCredentialsInput, UploadCredentials } from "@invigil/schema";
import { forbidden, InvigilError } from "../../platform/errors.js";
import { examStreamPrefix, roomStreamPrefix } from "../../providers/stream-name.js";
import type { UploadProvider } from "../../providers/types.js";
import type { AccessService } from "../access/service.js";
import type { UploadStore } from "./store.js";

export interface UploadService {
  /**
   * Credentials for the recordings that are the caller's to upload: an administrator's are the exam's, a teacher's its
   * rooms', anybody else's those of its own two cameras. They outlive the room: what is left is uploaded after its end.
   * @throws FORBIDDEN, EXAM_NOT_FOUND, PROVIDER_NOT_CONFIGURED, PROVIDER_FAILED
   */
  getCredentials(caller: Caller, input: GetUploadCredentialsInput): Promise<UploadCredentials>;
}

export interface UploadServiceDeps {
  readonly uploads: UploadProvider | undefined;
  readonly store: UploadStore;
  readonly access: AccessService;
}

export const createUploadService = ({ uploads, store, access }: UploadServiceDeps): UploadService => {
  /** The folders of the caller's own streams: in the room that its token is bound to, or wherever it is and was. */
  const ownFolders = async (caller: Caller, examId: string, reach: readonly string[]): Promise<string[]> => {
    const streams = await store.streamsOf(examId, caller.userId);
    const here = streams.filter(({ roomId }) => reach.includes(roomId));
    const left = caller.roomId === undefined ? streams.filter(({ roomId }) => !reach.includes(roomId)) : [];
    return [...here, ...left].map(({ name }) => `${name}/`);
  };

  /** A room's own beginning of names; where another room shares it, only the caller's own folders. */
  const roomFolders = async (caller: Caller, examId: string, roomId: string): Promise<string[]> => {
    const beginning = roomStreamPrefix({ examId, roomId });
    if (!(await store.isShared(beginning, roomId))) return [beginning];
    const streams = await store.streamsOf(examId, caller.userId);
    return streams.filter((stream) => stream.roomId === roomId).map(({ name }) => `${name}/`);
  };

  const prefixesOf = async (caller: Caller, examId: string): Promise<string[]> => {
    const reach = await access.exam(caller, examId);
    if (reach === "all") return [examStreamPrefix(examId)];
    if (caller.role === "inspector" || caller.role === "examinee") return ownFolders(caller, examId, reach);
    const newestFirst = reach.toSorted().toReversed();
    const rooms = await Promise.all(newestFirst.map((roomId) => roomFolders(caller, examId, roomId)));
    return rooms.flat();
  };

  return {
    async getCredentials(caller, { examId, mode }) {
      const [first, ...more] = await prefixesOf(caller, examId);
      if (!uploads)
        throw new InvigilError("PROVIDER_NOT_CONFIGURED", "No store for recordings is configured.");
      if (first === undefined) throw forbidden(`You have nothing to upload in the exam ${examId}.`);
      return uploads.credentials({ userId: caller.userId, mode, prefixes: [first, ...more] });
    },
  };
};
