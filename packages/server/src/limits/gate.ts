import { identityKey } from "../identity/usage-key.js";
import { createCallerTurns } from "./caller-turns.js";
import type { Disk } from "./disk.js";
import { networkOf } from "./network.js";
import type { LimitOwners, RateLimits } from "./rates.js";

/** A caller, and whether their call is a mutation. */
export interface TurnOwner {
  readonly caller: NonNullable<LimitOwners["caller"]>;
  readonly writes: boolean;
}

export interface GatedCall {
  readonly writes: boolean;
  /**
   * Whether the call is accepted while the disk is nearly full, because it frees space or is small and
   * urgent.
   */
  readonly allowedWhenDiskFull?: boolean | undefined;
  /** Whether the answer may be long, so that earlier answers must be paid off. */
  readonly longAnswer?: boolean | undefined;
}

/** The limits of a caller's calls with long answers. Mutations may wait for a vendor, so more of them run at the same time. */
const LONG_ANSWERS = { what: "long answers", waitingEach: 100, hasPauses: true, retryAfterSeconds: 1 };
const QUERIES = 1;
const MUTATIONS = 4;
/** What earlier answers cost must be paid off. */
const NO_DEBT = { readRows: 0, readBytes: 0 };
const ONE_READ = { reads: 1 };
/** The amounts of a call with a short answer, and of one whose answer may be long. */
const SHORT = { read: ONE_READ, write: { writes: 1 } };
const LONG = { read: { ...SHORT.read, ...NO_DEBT }, write: { ...SHORT.write, ...NO_DEBT } };
/** The number of calls bounds what smaller answers cost. Measuring them would cost more. */
const SMALL_BYTES = 4096;

export type Gate = ReturnType<typeof createGate>;

/** The checks that every call passes, over REST, tRPC or WebSockets, before its input is parsed. */
export const createGate = ({
  rates,
  disk,
}: {
  readonly rates: RateLimits;
  readonly disk: Pick<Disk, "assertFreeSpace">;
}) => {
  const queries = createCallerTurns({ ...LONG_ANSWERS, eachAtOnce: QUERIES });
  const mutations = createCallerTurns({ ...LONG_ANSWERS, eachAtOnce: MUTATIONS });
  return {
    /**
     * Counts a call with a valid token, login or signature.
     * @param caller undefined if a signature or a password replaces the token. Such a call is not counted
     * @throws TOO_MANY_REQUESTS, STORAGE_FULL
     */
    admit(
      caller: LimitOwners["caller"],
      { writes, allowedWhenDiskFull = false, longAnswer = false }: GatedCall,
    ): void {
      if (caller) rates.take({ caller }, (longAnswer ? LONG : SHORT)[writes ? "write" : "read"]);
      if (writes && !allowedWhenDiskFull) disk.assertFreeSpace();
    },
    /**
     * Counts a call without a valid token by its address.
     * @throws TOO_MANY_REQUESTS
     */
    admitAnonymous: (address: string): void => rates.take({ network: networkOf(address) }, ONE_READ),
    /** Takes back what `admit` has counted for a caller, whose token was refused afterwards. */
    withdraw: (caller: LimitOwners["caller"], { writes }: Pick<GatedCall, "writes">): void =>
      rates.charge({ caller }, writes ? { writes: -1 } : { reads: -1 }),
    /**
     * Makes a call that may have a long answer when it is the caller's turn (see `createCallerTurns`).
     * @throws TOO_MANY_REQUESTS, also if calls before it have used up the allowance
     */
    inTurn: <Result>(
      { caller, writes }: TurnOwner,
      work: (hasWaited: boolean) => Promise<Result>,
    ): Promise<Result> =>
      (writes ? mutations : queries).run(identityKey(caller), async (hasWaited) => {
        if (hasWaited) rates.take({ caller }, NO_DEBT);
        return work(hasWaited);
      }),
    /** Charges a caller for the rows of an answer. */
    chargeRows(caller: LimitOwners["caller"], readRows: number): void {
      if (readRows > 0) rates.charge({ caller }, { readRows });
    },
    /** Charges a caller for the size of an answer, in bytes. */
    chargeBytes(caller: LimitOwners["caller"], readBytes: number): void {
      if (readBytes > SMALL_BYTES) rates.charge({ caller }, { readBytes });
    },
  };
};
