import type { DropInFrame, DropInResults } from "@invigil/schema";
import { type EngineService, isAddressedTo, type Joined, type Page } from "../../features/drop-in/service.js";
import { InvigilError } from "../../platform/errors.js";
import { type createFramer, type Framed, framed } from "./drop-in-frames.js";

/** Why a subscription to a group ended, unless the page left the group. */
export type Ending = "ended" | "removed" | "stopping" | "failed";

export interface GroupsOptions {
  readonly engine: EngineService;
  readonly send: (frame: DropInFrame) => void;
  /** Sends a serialized frame. */
  readonly sendBytes: (frame: Buffer) => void;
  readonly frameOf: ReturnType<typeof createFramer>;
  /** The connection of the page. */
  readonly connection: object;
  readonly drained: () => Promise<void>;
  readonly onEnd: (ending: Ending, error: unknown) => void;
}

/** The position of a page in a group. */
interface Place {
  at: string;
  seen: number;
  readonly isStale: Joined["isStale"];
  readonly stop: AbortController;
  readonly stopMutes: () => void;
}

/** The position from which a page wants to receive messages. */
export interface From {
  readonly after?: string | undefined;
  readonly seen?: number | undefined;
}
export interface Entered {
  readonly result: DropInResults["join"];
  readonly begin: () => void;
}

/** The groups that a page has joined on one connection. */
export interface Groups {
  readonly size: number;
  has(groupId: string): boolean;
  /**
   * Joins a group. No messages are delivered before `begin` is called. Joining again changes nothing.
   * @throws Refusal, InvigilError
   */
  join(page: Page, groupId: string, from: From): Promise<Entered>;
  leave(groupId: string): void;
  /** The position of the page in each group. */
  places(): ReadonlyMap<string, { readonly at: string; readonly seen: number }>;
  leaveAll(): void;
}

const endingOf = (error: unknown): Ending => {
  if (!(error instanceof InvigilError)) return "failed";
  if (error.code === "UNAUTHENTICATED") return "ended";
  if (error.code === "FORBIDDEN" || error.code === "ROOM_NOT_FOUND") return "removed";
  return error.code === "OVERLOADED" ? "stopping" : "failed";
};

export const createGroups = ({
  engine,
  send,
  sendBytes,
  frameOf,
  connection,
  drained,
  onEnd,
}: GroupsOptions): Groups => {
  const joined = new Map<string, Place>();

  /** Delivers a message to the page once and in order, unless the page sent it. */
  const deliver = (page: Page, place: Place, { delivery: { message }, bytes }: Framed): void => {
    if (place.stop.signal.aborted || message.seqnum <= place.seen) return;
    place.seen = message.seqnum;
    if (place.isStale(message)) return;
    if (message.sender.userId !== page.login) sendBytes(bytes);
  };

  const tell = async (page: Page, place: Place, events: Joined["events"]): Promise<void> => {
    const { signal } = place.stop;
    for await (const event of events) {
      // Messages that the subscription skipped are still stored.
      if (event.type === "gap")
        for (const told of await engine.missed(page, event.roomId, place.seen)) {
          await drained();
          deliver(page, place, framed(told, event.id));
        }
      // Staff are subscribed to all messages, but their apps expect only those for the page.
      if (event.type === "message" && isAddressedTo(page.login, event.message.to))
        deliver(page, place, frameOf(event));
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
    get size() {
      return joined.size;
    },
    has: (groupId) => joined.has(groupId),
    async join(page, groupId, from) {
      const known = joined.get(groupId);
      if (known) {
        const { at, seen } = known;
        return { result: { group: await engine.group(page, groupId), at, seen }, begin: () => {} };
      }
      const stop = new AbortController();
      const listener = { connection, drained, signal: stop.signal };
      const { result, events, isStale } = await engine.join(page, { groupId, ...from }, listener);
      const stopMutes = engine.onMuted(page, groupId, (status) => send({ is: "muted", status }));
      const place: Place = { at: result.at, seen: result.seen, isStale, stop, stopMutes };
      joined.set(groupId, place);
      const begin = () => {
        tell(page, place, events).catch((error: unknown) => {
          if (!stop.signal.aborted) onEnd(endingOf(error), error);
        });
      };
      return { result, begin };
    },
    leave,
    places: () => joined,
    leaveAll() {
      for (const groupId of joined.keys()) leave(groupId);
    },
  };
};
