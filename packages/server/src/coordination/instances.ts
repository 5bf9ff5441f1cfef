import type { RunningServer } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import { createRepeatedWork } from "../platform/repeated-work.js";
import { version } from "../platform/version.js";
import type { Reader, Transaction } from "../storage/port.js";
import {
  type InstanceStore,
  type Notice,
  type NoticeTopic,
  notifyServers,
  otherServers,
} from "./instances-table.js";

/**
 * The servers of a database. Each of them has a lease, which it renews. When the lease of a server has expired,
 * another one claims it, and cleans up what the server left behind. If the server continues after that, it begins again under a new id.
 */
export interface Instances {
  /** The id of this server, at present. Empty for the only server. */
  readonly id: string;
  /**
   * Calls a function with the previous id when this server has begun again. What it has stored under that id may have been removed, or be
   * removed at any moment. If the function rejects, it is called again later.
   */
  onRevived(call: (previous: string) => Promise<void>): void;
  /** Calls a function with each server whose lease has expired. It removes what that server left behind. */
  onExpired(call: (id: string) => Promise<void>): void;
  /**
   * Calls a function with the data of each notice of a topic that another server has written for this one; more than once if the
   * database fails in between. `isAwaited` says whether any page of this server waits for such notices: only then does the server ask for
   * them often.
   */
  onNotice(topic: NoticeTopic, call: (data: string) => void, isAwaited: () => boolean): void;
  /** Returns the running servers, this one among them if it has started. */
  running(): Promise<RunningServer[]>;
  /** Returns the ids of the other running servers. */
  others(reader: Reader, now: Date): Promise<readonly string[]>;
  /** Notifies servers, in the transaction of the cause. */
  notify(tx: Transaction<"installation">, servers: readonly string[], notice: Notice): Promise<void>;
  /** Begins the lease. */
  start(): Promise<void>;
  /** Ends the lease after the settle time. */
  stop(): Promise<void>;
}

/** The only server of a database. It needs no lease, and has no servers to notify. */
export const createOnlyInstance = ({ clock }: { readonly clock: () => Date }): Instances => {
  let startedAt: Date | undefined;
  return {
    id: "",
    onRevived: () => undefined,
    onExpired: () => undefined,
    onNotice: () => undefined,
    running: async () =>
      startedAt ? [{ id: "", startedAt, renewedAt: clock(), version, isThis: true }] : [],
    others: async () => [],
    notify: async () => undefined,
    start: async () => {
      startedAt = clock();
    },
    stop: async () => {
      startedAt = undefined;
    },
  };
};

export interface InstancesDeps {
  readonly store: InstanceStore;
  /** Creates the ids of this server. */
  readonly newId: () => string;
  readonly clock: () => Date;
  /** How long a page remains present without a connection. */
  readonly settleMs: number;
  readonly log: FastifyBaseLogger;
}

/** How long a server that does not renew its lease counts as running. */
const LEASE_MS = 30_000;
const RENEW_MS = 5_000;
/** How often notices are read while a page waits for them. Otherwise only one of so many times reads them, so that they do not pile up. */
const NOTICE_MS = 250;
const NOTICE_TURNS = RENEW_MS / NOTICE_MS;

export const createInstances = ({ store, newId, clock, settleMs, log }: InstancesDeps): Instances => {
  let id = newId();
  const revivedCalls: ((previous: string) => Promise<void>)[] = [];
  const expiredCalls: ((id: string) => Promise<void>)[] = [];
  const noticeCalls = new Map<NoticeTopic, { call: (data: string) => void; isAwaited: () => boolean }>();
  let hasFailed = false;
  let noticeTurns = 0;
  /** When the lease of this server ends. */
  let ownEnd = new Date(0);
  let startedAt = new Date(0);
  /** Earlier ids of this server, for which the functions of `onRevived` have not succeeded yet. */
  const previousIds = new Set<string>();

  const leaseEnd = (): Date => new Date(clock().getTime() + LEASE_MS);
  const begin = async (next: string): Promise<void> => {
    const end = leaseEnd();
    await store.begin({ id: next, leaseUntil: end, startedAt, version });
    ownEnd = end;
  };
  const beginAgain = async (next: string): Promise<void> => {
    await begin(next);
    previousIds.add(id);
    id = next;
  };
  /** Renews the lease. Returns whether it had not ended before. */
  const renew = async (): Promise<boolean> => {
    const wasInTime = clock() < ownEnd;
    const end = leaseEnd();
    if (!(await store.renew(id, end))) await beginAgain(newId());
    else ownEnd = end;
    return wasInTime;
  };
  const cleanUp = async (): Promise<void> => {
    for (const other of await store.expired(clock())) {
      if (!(await store.claim(other, { now: clock(), until: leaseEnd() }))) continue;
      await Promise.all(expiredCalls.map((call) => call(other)));
      await store.remove(other);
      log.info({ instance: other }, "a server has ended; its pages that did not reconnect were disconnected");
    }
  };
  const renewAndCleanUp = async (): Promise<void> => {
    const wasInTime = await renew();
    for (const previous of previousIds) {
      await Promise.all(revivedCalls.map((call) => call(previous)));
      previousIds.delete(previous);
    }
    // What delayed this server, such as an outage of the database, may have delayed the others. They get until the next time.
    if (wasInTime) await cleanUp();
    hasFailed = false;
  };
  const renewal = createRepeatedWork({
    intervalMs: RENEW_MS,
    waitsFirst: true,
    run: renewAndCleanUp,
    onFailure(error) {
      if (!hasFailed)
        log.error({ err: error }, "the lease of this server was not renewed; it will try again");
      hasFailed = true;
    },
  });

  const readNotices = async (): Promise<void> => {
    noticeTurns += 1;
    const isAwaited = [...noticeCalls.values()].some((one) => one.isAwaited());
    if (!isAwaited && noticeTurns % NOTICE_TURNS !== 0) return;
    const notices = await store.notices(id);
    if (notices.length === 0) return;
    for (const { topic, data } of notices) noticeCalls.get(topic)?.call(data);
    // Only now, because a server that does not learn whether they were removed must not lose them.
    await store.removeNotices(notices);
  };
  const noticeReader = createRepeatedWork({
    intervalMs: NOTICE_MS,
    waitsFirst: true,
    run: readNotices,
    // The lease is not renewed either, which is logged.
    onFailure: () => undefined,
  });

  return {
    get id() {
      return id;
    },
    onNotice: (topic, call, isAwaited) => void noticeCalls.set(topic, { call, isAwaited }),
    onRevived: (call) => void revivedCalls.push(call),
    onExpired: (call) => void expiredCalls.push(call),
    running: async () =>
      (await store.running(clock())).map((server) => ({
        id: server.id,
        ...(server.startedAt && { startedAt: server.startedAt }),
        ...(server.version !== null && { version: server.version }),
        renewedAt: new Date(server.leaseUntil.getTime() - LEASE_MS),
        isThis: server.id === id,
      })),
    others: (reader, now) => otherServers(reader, id, now),
    notify: notifyServers,
    async start() {
      startedAt = clock();
      await begin(id);
      renewal.start();
      noticeReader.start();
    },
    async stop() {
      await Promise.all([renewal.stop(), noticeReader.stop()]);
      // Until then, the pages of this server may reconnect to another one. Those that do not have left.
      await store.renew(id, new Date(clock().getTime() + settleMs)).catch(() => undefined);
    },
  };
};
