import { and, eq } from "drizzle-orm";
import type { FastifyBaseLogger } from "fastify";
import type { Storage } from "../storage/port.js";
import { insertion, param, query, rawParam, statement } from "../storage/statement.js";
import { pruningClock } from "../storage/tables.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The largest difference of the system's clock that is no jump. A shorter stop of all servers is no jump either. */
export const TOLERANCE_MS = HOUR_MS;
/** How often the time is stored. Much more often than the tolerance, so that a restart is no jump. */
const STORE_MS = 10 * 60_000;

type Stored = Pick<typeof pruningClock.$inferSelect, "time" | "waitedMs">;

const isClock = eq(pruningClock.name, "pruning");
const storedClock = statement(
  query
    .select({ time: pruningClock.time, waitedMs: pruningClock.waitedMs })
    .from(pruningClock)
    .where(isClock),
);
const beginClock = insertion(pruningClock, { onConflict: "ignore" });
/** Another server may have moved the clock. Then nothing happens. */
const moveClock = statement(
  query
    .update(pruningClock)
    .set({ time: rawParam<Date>("time"), waitedMs: rawParam<number>("waitedMs") })
    .where(
      and(
        isClock,
        eq(pruningClock.time, param("fromTime")),
        eq(pruningClock.waitedMs, param("fromWaitedMs")),
      ),
    ),
);

export type PruningClock = ReturnType<typeof createPruningClock>;

/**
 * The clock of everything that is deleted because of its age. It follows the system's clock, but no jump of it: not of a clock that is set
 * while the server runs, nor of one that is wrong when the server starts. After a jump, it stands still for an hour, and then goes at most
 * a day an hour. The database holds its time, for restarts and for all servers (docs/decisions/0059-the-pruning-clock.md).
 */
export const createPruningClock = ({
  storage,
  clock,
  monotonic,
  log,
}: {
  readonly storage: Storage;
  readonly clock: () => Date;
  /** A monotonic clock in milliseconds, which no jump of the other one moves. */
  readonly monotonic: () => number;
  readonly log: FastifyBaseLogger;
}) => {
  /** What the database held. By the monotonic clock: since when it has held it, and when the clocks agreed last since then. */
  let known: (Stored & { readonly since: number; agreedAt: number }) | undefined;
  let jump: number | undefined;

  const knowing = (stored: Stored): NonNullable<typeof known> => {
    const since = monotonic();
    return { ...stored, since, agreedAt: since };
  };
  const isSame = (one: Stored, other: Stored): boolean =>
    one.time.getTime() === other.time.getTime() && one.waitedMs === other.waitedMs;
  const earlier = (one: Date, other: Date): Date => (one < other ? one : other);
  const read = async (): Promise<Stored> => {
    const found = await storage.get(storedClock);
    if (found) return found;
    // A new database. Its migration has set the clock of an older one.
    const first = { time: clock(), waitedMs: 0 };
    await storage.write((tx) => tx.last(() => tx.insert(beginClock, [{ name: "pruning", ...first }])));
    return (await storage.get(storedClock)) ?? first;
  };
  const move = (from: Stored, to: Stored): Promise<boolean> =>
    storage.write((tx) =>
      tx.last(
        async () =>
          (await tx.run(moveClock, { ...to, fromTime: from.time, fromWaitedMs: from.waitedMs })) > 0,
      ),
    );

  /** Whether the system's clock has gone as far as time has passed since the database holds the time. */
  const agrees = (now: Date, { time, since }: NonNullable<typeof known>): boolean => {
    const ahead = now.getTime() - time.getTime();
    return ahead >= -TOLERANCE_MS && ahead <= monotonic() - since + TOLERANCE_MS;
  };
  /** Whether there is nothing to store yet, so that an unused server asks the database only every ten minutes. */
  const isFresh = (from: NonNullable<typeof known>): boolean => {
    const now = clock();
    return (
      agrees(now, from) && from.waitedMs === 0 && Math.abs(now.getTime() - from.time.getTime()) < STORE_MS
    );
  };
  /** Returns where the clock goes from what the database holds. */
  const next = (now: Date, from: NonNullable<typeof known>): Stored => {
    if (agrees(now, from)) return { time: now, waitedMs: 0 };
    const waited = from.waitedMs + Math.floor(monotonic() - from.agreedAt);
    const hours = Math.floor(waited / HOUR_MS);
    const ahead = now.getTime() - from.time.getTime();
    // A clock that is behind leads back just as slowly, so that it does not make the right time a jump of many years.
    const step = Math.sign(ahead) * Math.min(Math.abs(ahead), hours * DAY_MS);
    return { time: new Date(from.time.getTime() + step), waitedMs: waited - hours * HOUR_MS };
  };
  const say = (found: number | undefined, time: Date): void => {
    const about = { pruningTime: time, aheadSeconds: Math.round((found ?? 0) / 1000) };
    if (found !== undefined && jump === undefined)
      log.warn(
        about,
        "the clock has jumped, or no server ran for a while: what is old is deleted a day's worth an hour; check the clock",
      );
    if (found === undefined && jump !== undefined)
      log.info(about, "the clock agrees with the time again: what is old is deleted as usual");
    jump = found;
  };

  /** Returns the time, which is never ahead of the system's clock. It asks the database, unless the clocks agreed a moment ago. */
  const follow = async (): Promise<Date> => {
    if (known && jump === undefined && isFresh(known)) {
      known.agreedAt = monotonic();
      return clock();
    }
    const stored = await read();
    if (!known || !isSame(known, stored)) known = knowing(stored);
    const now = clock();
    const to = next(now, known);
    const isAgreed = agrees(now, known);
    if (isAgreed) known.agreedAt = monotonic();
    const moved = Math.abs(to.time.getTime() - stored.time.getTime());
    const isDue = isAgreed ? stored.waitedMs > 0 : to.waitedMs - stored.waitedMs >= STORE_MS;
    if (moved >= STORE_MS || isDue) {
      if (!(await move(stored, to))) return follow();
      known = knowing(to);
    }
    say(isAgreed ? undefined : now.getTime() - to.time.getTime(), to.time);
    return earlier(now, to.time);
  };

  return {
    now: follow,
    /** Returns the time without asking the database, as `now` knew it last. 1970 before that, so that nothing is old. */
    last(): Date {
      if (!known) return new Date(0);
      const now = clock();
      return agrees(now, known) ? now : earlier(now, known.time);
    },
    /** Returns the system's time, or this clock's if that is behind it: from then on, what is written now is kept for its time. */
    latest(): Date {
      const now = clock();
      return known && now < known.time ? known.time : now;
    },
    /** How far the system's clock was ahead of the pruning clock when it had jumped, in milliseconds; negative if behind. Undefined: no jump. */
    jump: (): number | undefined => jump,
    /** Returns the time that the database holds, and changes nothing. Undefined: no server has used the database. */
    stored: async (): Promise<Date | undefined> => (await storage.get(storedClock))?.time,
  };
};
