import type { FastifyBaseLogger } from "fastify";
import type { LoggedEvent } from "../delivery/service.js";
import type { DetectionCount, DetectionSources, SubscriptionStore } from "./store.js";

/** One subscriber to the numbers of an exam. */
export interface DetectionListening {
  /** Notes an event of the exam. All subscribers of the exam offer the same events, in order. */
  readonly note: (event: LoggedEvent) => void;
  readonly end: () => void;
}

const INTERVAL_MS = 1000;

interface Gathering {
  readonly listeners: Set<(counts: readonly DetectionCount[]) => void>;
  /** The last event that was noted. */
  lastNoted: number;
  sources: DetectionSources;
  /** Whether the numbers of everybody are due. */
  isAllDue: boolean;
  timer?: NodeJS.Timeout | undefined;
}

const noSources = (): DetectionSources => ({ ranges: new Map(), people: new Map() });

export type Detections = ReturnType<typeof createDetections>;

/**
 * Gathers how many cheat records there are about people: at most once a second for each exam, however many records are added and however many
 * subscribers there are. The numbers are read, so they are absolute.
 */
export const createDetections = ({
  store,
  log,
}: {
  readonly store: Pick<SubscriptionStore, "detections" | "allDetections">;
  readonly log: FastifyBaseLogger;
}) => {
  const gatherings = new Map<string, Gathering>();

  const gather = async (examId: string, gathering: Gathering): Promise<void> => {
    const { sources, isAllDue, listeners } = gathering;
    gathering.sources = noSources();
    gathering.isAllDue = false;
    try {
      const counts = await (isAllDue ? store.allDetections(examId) : store.detections(examId, sources));
      if (counts.length > 0) for (const tell of listeners) tell(counts);
    } catch (error) {
      log.error({ err: error, examId }, "cheat records could not be counted; the server will try again");
      gathering.isAllDue = true;
    }
    gathering.timer = undefined;
    if (gathering.isAllDue || gathering.sources.ranges.size + gathering.sources.people.size > 0)
      gatherLater(examId, gathering);
  };
  const gatherLater = (examId: string, gathering: Gathering): void => {
    if (gathering.listeners.size === 0) return;
    // The timer keeps no process running. It stays set until the numbers are told.
    gathering.timer ??= setTimeout(() => void gather(examId, gathering), INTERVAL_MS).unref();
  };

  const note = (gathering: Gathering, event: LoggedEvent): boolean => {
    if (event.id <= gathering.lastNoted) return false;
    gathering.lastNoted = event.id;
    const { roomId } = event;
    const { ranges, people } = gathering.sources;
    if (event.type === "cheat_records_added") {
      const { from, to } = event.data;
      const known = ranges.get(roomId);
      ranges.set(roomId, { from: Math.min(from, known?.from ?? from), to: Math.max(to, known?.to ?? to) });
    } else if (event.type === "participant_added") {
      // They may have records from when they were in the room before.
      const { userId } = event.data;
      people.set(JSON.stringify([roomId, userId]), { roomId, userId });
    } else return false;
    return true;
  };

  return {
    /** Tells a subscriber the numbers of everybody with records once, and then those that may have changed. */
    listen(examId: string, tell: (counts: readonly DetectionCount[]) => void): DetectionListening {
      const gathering = gatherings.get(examId) ?? {
        listeners: new Set(),
        lastNoted: 0,
        sources: noSources(),
        isAllDue: false,
      };
      gatherings.set(examId, gathering);
      gathering.listeners.add(tell);
      gathering.isAllDue = true;
      gatherLater(examId, gathering);
      return {
        note: (event) => {
          if (note(gathering, event)) gatherLater(examId, gathering);
        },
        end() {
          gathering.listeners.delete(tell);
          if (gathering.listeners.size > 0) return;
          clearTimeout(gathering.timer);
          if (gatherings.get(examId) === gathering) gatherings.delete(examId);
        },
      };
    },
  };
};
