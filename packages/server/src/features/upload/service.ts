import type { Caller, GetUploadCredentialsInput, UploadCredentials } from "@invigil/schema";
import type { AccessibleExam, Opened } from "../../domain/opened.js";
import { forbidden, InvigilError } from "../../platform/errors.js";
import { examStreamPrefix, roomStreamPrefix } from "../../providers/stream-name.js";
import type { UploadProvider } from "../../providers/types.js";
import type { UploadStore } from "./store.js";

export interface UploadServiceDeps {
  readonly uploads: UploadProvider | undefined;
  readonly store: UploadStore;
}

export type UploadService = ReturnType<typeof createUploadService>;

export const createUploadService = ({ uploads, store }: UploadServiceDeps) => {
  /**
   * Returns the folders of the caller's own streams: those in the room of a bound token, or else in all current
   * and former rooms.
   */
  const ownFolders = async (caller: Caller, examId: string, rooms: readonly string[]): Promise<string[]> => {
    const streams = await store.streamsOf(examId, caller.userId);
    const here = streams.filter(({ roomId }) => rooms.includes(roomId));
    const left = caller.roomId === undefined ? streams.filter(({ roomId }) => !rooms.includes(roomId)) : [];
    return [...here, ...left].map(({ name }) => `${name}/`);
  };

  /**
   * Returns the name prefixes of rooms. For a room that shares its prefix with another one, returns only the caller's own folders there.
   */
  const roomFolders = async (
    caller: Caller,
    examId: string,
    roomIds: readonly string[],
  ): Promise<string[]> => {
    const rooms = roomIds.map((roomId) => ({ roomId, prefix: roomStreamPrefix({ examId, roomId }) }));
    const shared = await store.sharedPrefixes(rooms);
    const own = shared.size > 0 ? await store.streamsOf(examId, caller.userId) : [];
    return rooms.flatMap(({ roomId, prefix }) =>
      shared.has(roomId)
        ? own.filter((stream) => stream.roomId === roomId).map(({ name }) => `${name}/`)
        : prefix,
    );
  };

  const prefixesOf = async (
    caller: Caller,
    { exam: { id: examId }, rooms }: AccessibleExam,
  ): Promise<string[]> => {
    if (rooms === "all") return [examStreamPrefix(examId)];
    if (caller.role === "inspector" || caller.role === "examinee") return ownFolders(caller, examId, rooms);
    return roomFolders(caller, examId, rooms.toSorted().toReversed());
  };

  return {
    /**
     * Issues credentials for the recordings that the caller may upload: for an administrator those of the exam,
     * for a teacher those of their rooms, for anyone else those of their own two cameras. They also work after
     * the room has ended, for uploads that were not finished.
     */
    async getCredentials(
      caller: Caller,
      of: Opened<"exam">,
      mode: GetUploadCredentialsInput["mode"],
    ): Promise<UploadCredentials> {
      const [first, ...more] = await prefixesOf(caller, of);
      if (!uploads)
        throw new InvigilError("PROVIDER_NOT_CONFIGURED", "No store for recordings is configured.");
      if (first === undefined) throw forbidden(`You have nothing to upload in the exam ${of.exam.id}.`);
      return uploads.credentials({ userId: caller.userId, mode, prefixes: [first, ...more] });
    },
  };
};
