import { type Principal, unauthenticated } from "../../identity/tokens.js";
import { InvigilError } from "../../platform/errors.js";
import { createInbox, type Entry } from "./inbox.js";
import type { LiveStore } from "./store.js";
import type { Follower, Tail } from "./tail.js";
import { type Logged, tell } from "./told.js";

/** Who listens. */
export interface Listener {
  readonly caller: Principal;
  /** Who that is by now. */
  readonly identify: () => Promise<Principal | InvigilError>;
  /** The connection that carries this subscription beside others; absent where it has one of its own. */
  readonly connection?: object | undefined;
  /** Resolves when what was told has been taken; nothing more is told before. */
  readonly drained?: (() => Promise<void>) | undefined;
  /** Aborted when it listens no more. */
  readonly signal?: AbortSignal | undefined;
}

/** What is listened to. */
export interface Matter<Told> {
  readonly of: Follower["of"];
  readonly wants: (event: Logged) => boolean;
  /** Whether it may still listen. @throws InvigilError when not */
  readonly admit: (caller: Principal) => Promise<void>;
  /**
   * What to tell of an event; undefined: nothing. `doubt` when the right to listen may be another after it; where it must be
   * known before, `admitAgain`.
   */
  readonly tell: (
    entry: Entry,
    admitAgain: () => Promise<void>,
  ) => Promise<{ readonly told?: Told | undefined; readonly doubt?: boolean }>;
  /** How things are, in place of what came before. */
  readonly gap: () => Promise<{ readonly upTo: number; readonly told: Told }>;
  /** Listening has begun. The returned function ends what that began. @throws InvigilError when it may not begin any more */
  readonly begun: () => () => void;
}

/** Rows that are read at once for one who comes back. */
const PAGE = 200;
/** The longest time that a timer takes, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * What somebody is told: the suffix of the log after `lastEventId`, each event once and in order, or from now on; a gap where
 * events are lost to it. Takes no event before the one before it was taken.
 * @throws InvigilError when it may not listen any more
 */
export async function* listen<Told>(
  matter: Matter<Told>,
  { identify, drained, signal, ...listener }: Listener,
  {
    lastEventId,
    store,
    tail,
    clock,
  }: { lastEventId: string | undefined; store: LiveStore; tail: Tail; clock: () => Date },
): AsyncGenerator<Told, void, undefined> {
  const inbox = createInbox();
  const follower: Follower = { of: matter.of, inbox, wants: matter.wants };
  const { expiresAt } = listener.caller;
  const left = expiresAt.getTime() - clock().getTime() + 1;
  const expiry = left < LONGEST_MS ? setTimeout(() => inbox.doubt(), Math.max(left, 0)) : undefined;
  expiry?.unref();
  const leave = (): void => inbox.end();
  signal?.addEventListener("abort", leave);
  // Between the call and its beginning, and between a gap's parts, something may have changed that is told of in neither.
  inbox.doubt();
  if (signal?.aborted) leave();

  const stillMay = async (): Promise<void> => {
    const identity = await identify();
    if (!(identity instanceof InvigilError)) await matter.admit(identity);
    // That an identity service does not answer says nothing about the caller.
    else if (identity.code === "UNAUTHENTICATED") throw identity;
    if (clock() >= expiresAt) throw unauthenticated("The token has expired.");
  };

  const untilDrained = async (): Promise<void> => {
    if (!drained) return;
    let isDrained = false;
    const go = () => {
      isDrained = true;
      inbox.nudge();
    };
    drained().then(go, leave);
    while (!isDrained && !inbox.ended) await inbox.change();
  };

  let done: (() => void) | undefined;
  try {
    await tail.follow(follower);
    done = matter.begun();
    let upTo = Number(lastEventId ?? 0);
    /** What was read from the log, before what the inbox collects. */
    let page: Entry[] = [];
    let isCaughtUp = lastEventId === undefined;
    let isLost = false;
    if (isCaughtUp) {
      inbox.collect();
      upTo = await store.newest();
    }

    for (;;) {
      await untilDrained();
      if (inbox.ended) {
        if (inbox.ended.error) throw inbox.ended.error;
        return;
      }
      if (inbox.doubted() || clock() >= expiresAt) {
        await stillMay();
        continue;
      }
      if (isLost || (isCaughtUp && inbox.isLost)) {
        inbox.collect();
        const gap = await matter.gap();
        ({ upTo } = gap);
        page = [];
        isLost = false;
        isCaughtUp = true;
        inbox.doubt();
        yield gap.told;
        continue;
      }
      if (page.length === 0 && !isCaughtUp) {
        // What is written while it is read is in the page, or comes into the inbox, or both.
        inbox.collect();
        const rows = await store.since(matter.of, upTo, PAGE);
        if (rows) isCaughtUp = rows.length < PAGE;
        else isLost = true;
        // Safe: stores write each type with its own data.
        page = (rows ?? []).map((row) => ({ event: row as Logged, told: () => tell(store, row as Logged) }));
        continue;
      }
      const entry = page.shift() ?? inbox.take();
      if (!entry) {
        await inbox.change();
        continue;
      }
      if (entry.event.id <= upTo) continue;
      upTo = entry.event.id;
      const { told, doubt } = await matter.tell(entry, stillMay);
      if (doubt) inbox.doubt();
      if (told !== undefined) yield told;
    }
  } finally {
    clearTimeout(expiry);
    signal?.removeEventListener("abort", leave);
    tail.leave(follower);
    done?.();
  }
}
