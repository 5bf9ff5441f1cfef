import type { DropInMuteStatus, DropInResults } from "@invigil/schema";
import { type DropInService, isAddressedTo, type Joined, type Page } from "../../features/drop-in/service.js";
import { InvigilError } from "../../platform/errors.js";
import { untilAvailable } from "../../storage/until-available.js";
import { createFrame, type MessageFrame, type SharedFrames } from "./drop-in-frames.js";
import { createNewest } from "./newest.js";

/** Why a subscription to a group ended, unless the page left the group. */
export type EndReason = "ended" | "removed" | "stopping" | "failed";

export interface JoinedGroupsOptions {
  readonly dropIn: DropInService;
  /** Sends a serialized frame. */
  readonly sendBytes: (frame: Buffer) => void;
  readonly frames: SharedFrames;
  readonly connection: object;
  readonly drained: () => Promise<void> | undefined;
  readonly onEnd: (ending: EndReason, error: unknown) => void;
}

/** The position of a page in a group. */
interface Position {
  at: string;
  seen: number;
  readonly isStale: Joined["isStale"];
  readonly stop: AbortController;
  readonly stopMutes: () => void;
}

/** The position from which a page wants to receive messages. */
export interface ResumeFrom {
  readonly after?: string | undefined;
  readonly seen?: number | undefined;
}
export interface JoinResult {
  readonly result: DropInResults["join"];
  readonly begin: () => void;
}

const endReasonOf = (error: unknown): EndReason => {
  if (!(error instanceof InvigilError)) return "failed";
  if (error.code === "UNAUTHENTICATED") return "ended";
  if (error.code === "FORBIDDEN" || error.code === "ROOM_NOT_FOUND") return "removed";
  return error.code === "OVERLOADED" ? "stopping" : "failed";
};

/** The groups that a page has joined on one connection. */
export const createJoinedGroups = ({
  dropIn,
  sendBytes,
  frames,
  connection,
  drained,
  onEnd,
}: JoinedGroupsOptions) => {
  const joined = new Map<string, Position>();

  /** Delivers a message to the page once and in order, unless the page sent it. */
  const deliver = (page: Page, position: Position, { delivery: { message }, bytes }: MessageFrame): void => {
    if (position.stop.signal.aborted || message.seqnum <= position.seen) return;
    position.seen = message.seqnum;
    if (position.isStale(message)) return;
    if (message.sender.userId !== page.login) sendBytes(bytes);
  };

  const deliverEvents = async (page: Page, place: Position, events: Joined["events"]): Promise<void> => {
    const { signal } = place.stop;
    for await (const event of events) {
      // Messages that the subscription skipped are still stored.
      if (event.type === "gap")
        for (const delivery of await untilAvailable(() => dropIn.missed(page, event.roomId, place.seen), {
          signal,
        })) {
          await drained();
          deliver(page, place, createFrame(delivery, event.id));
        }
      // Staff are subscribed to all messages, but their apps expect only those for the page.
      if (event.type === "message" && isAddressedTo(page.login, event.message.to))
        deliver(page, place, frames.message(event));
      place.at = event.id;
    }
    if (!signal.aborted) throw new Error("the subscription ended");
  };

  const leave = (groupId: string): void => {
    joined.get(groupId)?.stop.abort();
    joined.get(groupId)?.stopMutes();
    joined.delete(groupId);
  };

  return {
    get size(): number {
      return joined.size;
    },
    has: (groupId: string): boolean => joined.has(groupId),
    /**
     * Joins a group. No messages are delivered before `begin` is called. Joining again changes nothing.
     * @throws Refusal, InvigilError
     */
    async join(page: Page, groupId: string, from: ResumeFrom): Promise<JoinResult> {
      const known = joined.get(groupId);
      if (known) {
        const { at, seen } = known;
        return { result: { group: await dropIn.group(page, groupId), at, seen }, begin: () => {} };
      }
      const stop = new AbortController();
      const listener = { connection, drained, signal: stop.signal };
      const { result, events, isStale, endSignal } = await dropIn.join(page, { groupId, ...from }, listener);
      const tellMuted = createNewest<DropInMuteStatus>(drained, (status) => {
        if (!stop.signal.aborted) sendBytes(frames.muted(status));
      });
      const stopMutes = dropIn.onMuted(page, groupId, tellMuted);
      const place: Position = { at: result.at, seen: result.seen, isStale, stop, stopMutes };
      joined.set(groupId, place);
      const begin = () => {
        if (endSignal) deliver(page, place, createFrame(endSignal, result.at));
        deliverEvents(page, place, events).catch((error: unknown) => {
          if (!stop.signal.aborted) onEnd(endReasonOf(error), error);
        });
      };
      return { result, begin };
    },
    leave,
    /** The position of the page in each group. */
    positions: (): ReadonlyMap<string, { readonly at: string; readonly seen: number }> => joined,
    leaveAll(): void {
      for (const groupId of joined.keys()) leave(groupId);
    },
  };
};
