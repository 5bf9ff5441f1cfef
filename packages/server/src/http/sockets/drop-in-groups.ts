import type { EngineFrame, EngineResults } from "@invigil/schema";
import { type EngineService, isAddressedTo, type Joined, type Page } from "../../features/drop-in/service.js";
import { InvigilError } from "../../platform/errors.js";
import { type createFramer, type Framed, framed } from "./drop-in-frames.js";

/** Why listening in a group has ended, where nobody ended it here. */
export type Ending = "ended" | "removed" | "stopping" | "failed";

export interface GroupsOptions {
  readonly engine: EngineService;
  readonly send: (frame: EngineFrame) => void;
  /** Sends what is made already. */
  readonly sendBytes: (frame: Buffer) => void;
  readonly frameOf: ReturnType<typeof createFramer>;
  /** The connection that carries the groups. */
  readonly connection: object;
  readonly drained: () => Promise<void>;
  readonly onEnd: (ending: Ending, error: unknown) => void;
}

/** Where a page stands in a group that it is in. */
interface Place {
  at: string;
  seen: number;
  readonly isStale: Joined["isStale"];
  readonly stop: AbortController;
  readonly stopMutes: () => void;
}

/** From where on a page wants to be told. */
export interface From {
  readonly after?: string | undefined;
  readonly seen?: number | undefined;
}
export interface Entered {
  readonly result: EngineResults["join"];
  readonly begin: () => void;
}

/** The groups that one page is in on one connection. */
export interface Groups {
  readonly size: number;
  has(groupId: string): boolean;
  /** Nothing is told before `begin` is called. Joined again, a group goes on as it is. @throws Refusal, InvigilError */
  join(page: Page, groupId: string, from: From): Promise<Entered>;
  leave(groupId: string): void;
  /** Where the page stands in each. */
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

  /** Tells the page what was said, once, in order, and not what it said itself. */
  const deliver = (page: Page, place: Place, { delivery: { message }, bytes }: Framed): void => {
    if (place.stop.signal.aborted || message.seqnum <= place.seen) return;
    place.seen = message.seqnum;
    if (place.isStale(message)) return;
    if (message.sender.userId !== page.login) sendBytes(bytes);
  };

  const tell = async (page: Page, place: Place, events: Joined["events"]): Promise<void> => {
    const { signal } = place.stop;
    for await (const event of events) {
      // What was dropped, because it was too much or too long ago, is kept as messages all the same.
      if (event.type === "gap")
        for (const told of await engine.missed(page, event.roomId, place.seen)) {
          await drained();
          deliver(page, place, framed(told, event.id));
        }
      // Staff are told of everything that is said. Their apps take what is for the page.
      if (event.type === "message" && isAddressedTo(page.login, event.message.to))
        deliver(page, place, frameOf(event));
      place.at = event.id;
    }
    if (!signal.aborted) throw new Error("the listening ended");
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
