import type { FastifyBaseLogger } from "fastify";
import { LRUCache } from "lru-cache";
import type { Quotas } from "../../config/config.js";
import { type AuditQuota, isGranted } from "../../domain/audit.js";
import type { Author } from "../../domain/calls.js";
import { quotaExceeded } from "../../limits/quotas.js";
import { firstIdAt } from "../../platform/ids.js";
import { atMost } from "../../platform/lru.js";
import type { AuditQuotaStore } from "./quota-store.js";

const DAY_MS = 86_400_000;
/** The share of what is left that a server adds before it counts again. */
const UNCOUNTED_SHARE = 0.05;
/** How much more of their quota actors may use for what is urgent. */
const RESERVE = 1.1;
/** The shortest time between two counts of a full quota. */
const RECOUNT_FULL_MS = 10_000;
/** Other servers' clocks may be late by this much, and their entries with them. */
const SETTLED_MS = 60_000;
/** The number of actors and exams that are kept. A forgotten one may add its share again before it is counted. */
const MAX_OWNERS = 100_000;
/** After all ids. */
const END = "~";

/** An actor or an exam whose entries are counted. */
interface Owner {
  readonly key: string;
  /** In words. */
  readonly whose: string;
  readonly most: number;
  readonly count: (range: { readonly from: string; readonly before: string }) => Promise<number>;
}

interface Counted {
  readonly day: number;
  /** The entries before this id will not become more, and are not read again. */
  from: string;
  settled: number;
  /** The entries of this day, as of the last count. */
  held: number;
  /** The entries that this server has added since then. */
  since: number;
  /** How many of them it adds before it counts again. */
  next: number;
  /** When it counted, by the monotonic clock. */
  at: number;
}

export const createAuditQuota = ({
  store,
  quotas,
  clock,
  monotonic,
  log,
}: {
  store: AuditQuotaStore;
  /** Absent: no quotas. */
  quotas: Pick<Quotas, "auditPerPerson" | "auditPerExam"> | undefined;
  clock: () => Date;
  monotonic: () => number;
  log: FastifyBaseLogger;
}): AuditQuota => {
  const owners = new LRUCache<string, Counted>(atMost(MAX_OWNERS));
  const counting = new Map<string, Promise<void>>();

  /** A teacher can issue links for all people of their rooms. Therefore, the holder of a link has a quota of their own in each room. */
  const actorOf = ({ userId: id, generation, roomId }: Author, most: number): Owner => {
    const isLink = generation !== undefined;
    return {
      key: isLink ? `actor\n${id}\n${roomId}` : `actor\n${id}`,
      whose: `The audit of calls by ${id}`,
      most,
      count: (range) =>
        store.count({ by: "actorId", id }, range, (entry) =>
          isLink
            ? entry.credential === "link" && (entry.roomId ?? roomId) === roomId
            : entry.credential !== "link",
        ),
    };
  };
  /** Refused calls of strangers, and calls of administrators, do not count towards the exam's quota. */
  const examOf = (id: string, most: number): Owner => ({
    key: `exam\n${id}`,
    whose: `The audit of the exam ${id}`,
    most,
    count: (range) =>
      store.count(
        { by: "examId", id },
        range,
        ({ actorRole, outcome }) => actorRole !== "admin" && isGranted(outcome),
      ),
  });

  const countedOf = ({ key, most }: Pick<Owner, "key" | "most">): Counted => {
    const day = Math.floor(clock().getTime() / DAY_MS);
    const known = owners.get(key);
    if (known?.day === day) return known;
    const from = firstIdAt(new Date(day * DAY_MS));
    const next = Math.floor(most * UNCOUNTED_SHARE);
    const fresh = { day, from, settled: 0, held: 0, since: 0, next, at: Number.NEGATIVE_INFINITY };
    owners.set(key, fresh);
    return fresh;
  };
  const recount = async ({ whose, most, count }: Owner, counted: Counted): Promise<void> => {
    const { since } = counted;
    const settledBefore = firstIdAt(new Date(clock().getTime() - SETTLED_MS));
    if (settledBefore > counted.from) {
      counted.settled += await count({ from: counted.from, before: settledBefore });
      counted.from = settledBefore;
    }
    counted.held = counted.settled + (await count({ from: counted.from, before: END }));
    counted.since -= since;
    counted.next = counted.held < most ? Math.ceil((most - counted.held) * UNCOUNTED_SHARE) : 0;
    counted.at = monotonic();
    if (counted.next === 0)
      log.warn({ most, held: counted.held }, `${whose} is full for this day: further calls are refused`);
  };
  const countNow = (owner: Owner, counted: Counted): Promise<void> => {
    const running = counting.get(owner.key);
    if (running) return running;
    const counts = recount(owner, counted).finally(() => counting.delete(owner.key));
    counting.set(owner.key, counts);
    return counts;
  };

  /** @throws QUOTA_EXCEEDED */
  const assertBelow = (owner: Owner, limit = owner.most): void | Promise<void> => {
    const counted = countedOf(owner);
    if (counted.since < counted.next) return undefined;
    const refuse = (): void => {
      const held = counted.held + counted.since;
      if (held >= limit)
        throw quotaExceeded({ whose: owner.whose, what: "entries a day", held, most: owner.most });
    };
    const isFull = counted.held >= owner.most;
    return isFull && monotonic() - counted.at < RECOUNT_FULL_MS
      ? refuse()
      : countNow(owner, counted).then(refuse);
  };

  return {
    assertActor(author) {
      if (!quotas || author.role === "admin") return undefined;
      const most = quotas.auditPerPerson;
      return assertBelow(actorOf(author, most), author.isUrgent ? most * RESERVE : most);
    },
    assertExam({ role, audited, isUrgent }, examId) {
      if (!quotas || role === "admin" || audited !== "change" || isUrgent) return undefined;
      return assertBelow(examOf(examId, quotas.auditPerExam));
    },
    charge(author, { examId, outcome }, entries) {
      if (!quotas || author.role === "admin") return;
      countedOf(actorOf(author, quotas.auditPerPerson)).since += entries;
      if (examId !== null && isGranted(outcome))
        countedOf(examOf(examId, quotas.auditPerExam)).since += entries;
    },
  };
};
