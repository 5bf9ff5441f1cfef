import { type InvigilClient, isInvigilError, isNetworkError } from "@invigil/client";
import { useEffect, useMemo } from "react";
import { useProvided } from "./context.js";

type Records = Parameters<InvigilClient["cheat"]["addRecords"]["mutate"]>[0]["records"];

/** How long to wait at least before records are sent again that were not taken, in milliseconds. */
const RETRY_MS = 3000;
/** How many records wait at most. The oldest are given up first. */
const MAX_WAITING = 200;

/** How long to wait before records are sent again, in milliseconds. Undefined: the server would refuse them again. */
const waitAfter = (error: unknown): number | undefined => {
  if (isNetworkError(error)) return RETRY_MS;
  if (!isInvigilError(error) || ![429, 503].includes(error.data.httpStatus)) return undefined;
  return Math.max(RETRY_MS, (error.data.retryAfterSeconds ?? 0) * 1000);
};

/** Sends records of a room in their order, also those from the time without a network or without a server that takes them. */
const createRecorder = (client: InvigilClient, roomId: string): ((record: Records[number]) => void) => {
  let waiting: Records = [];
  let isSending = false;
  const send = async (): Promise<void> => {
    if (isSending) return;
    isSending = true;
    while (waiting.length > 0) {
      const sent = waiting;
      const waitMs = await client.cheat.addRecords
        .mutate({ roomId, records: sent })
        .then(() => undefined, waitAfter);
      if (waitMs === undefined) waiting = waiting.filter((record) => !sent.includes(record));
      else await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    isSending = false;
  };
  return (record) => {
    waiting = [...waiting.slice(1 - MAX_WAITING), record];
    void send();
  };
};

const recorders = new WeakMap<InvigilClient, Map<string, ReturnType<typeof createRecorder>>>();
const recorderOf = (client: InvigilClient, roomId: string) => {
  const rooms = recorders.get(client) ?? new Map<string, ReturnType<typeof createRecorder>>();
  recorders.set(client, rooms);
  const known = rooms.get(roomId) ?? createRecorder(client, roomId);
  rooms.set(roomId, known);
  return known;
};

/** The options of {@link useDetector}. */
export interface DetectorOptions {
  /** The person whom it watches: the caller, if they sit the exam. */
  readonly userId: string;
  /** The camera of the page. Default: `main`. */
  readonly camera?: "main" | "pc" | undefined;
}

/** Records what a detector notices. Neither function changes while the options stay the same. */
export interface Detector {
  /** What it looks for has begun. Does nothing if it had begun before. */
  readonly begin: () => void;
  /** It is over. Does nothing if it had not begun. */
  readonly end: () => void;
}

/**
 * A detector of one's own: `begin` and `end` each write a cheat record of the type. Both have the same `id` in `extraInfo`, with the `phase`,
 * and the second one has its `durationMs`. Records that a lost network or a busy server delays are sent afterwards. What goes on when the component unmounts ends.
 *
 * @example
 * ```tsx
 * const { begin, end } = useDetector(roomId, "secondScreen", { userId });
 * useEffect(() => (isExtended ? begin() : end()), [isExtended, begin, end]);
 * ```
 */
export const useDetector = (
  roomId: string,
  type: string,
  { userId, camera = "main" }: DetectorOptions,
): Detector => {
  const { client } = useProvided();
  const detector = useMemo(() => {
    let open: { readonly id: string; readonly at: Date } | undefined;
    const record = (detectTime: Date, extraInfo: { readonly [name: string]: string | number }) =>
      recorderOf(
        client,
        roomId,
      )({ userId, isMainMonitor: camera === "main", detectType: type, detectTime, extraInfo });
    return {
      begin: () => {
        if (open) return;
        open = { id: crypto.getRandomValues(new Uint32Array(3)).join("-"), at: new Date() };
        record(open.at, { id: open.id, phase: "begin" });
      },
      end: () => {
        if (!open) return;
        const [{ id, at }, now] = [open, new Date()];
        open = undefined;
        record(now, { id, phase: "end", durationMs: now.getTime() - at.getTime() });
      },
    };
  }, [client, roomId, type, userId, camera]);
  useEffect(() => detector.end, [detector]);
  return detector;
};
