import type { Disk } from "./disk.js";
import { networkOf } from "./network.js";
import type { RateLimits, Taker } from "./rates.js";

export interface GatedCall {
  readonly writes: boolean;
  /** Whether it goes on while the disk is nearly full: it makes room, or is small and must not wait. */
  readonly alsoWhenFull?: boolean | undefined;
}

/** What every call passes, by whichever door it came, before its input is read. */
export interface Gate {
  /**
   * Counts a call of somebody whose token, login or signature is good.
   * @param caller undefined where a signature or a password stands for a token: such a call is not counted
   * @throws TOO_MANY_REQUESTS, STORAGE_FULL
   */
  admit(caller: Taker["caller"], call: GatedCall): void;
  /** Counts a call without a good token by where it came from. @throws TOO_MANY_REQUESTS */
  admitAnonymous(address: string): void;
}

const ONE_READ = { reads: 1 };
const ONE_WRITE = { writes: 1 };

export const createGate = ({
  rates,
  disk,
}: {
  readonly rates: RateLimits;
  readonly disk: Pick<Disk, "assertRoom">;
}): Gate => ({
  admit(caller, { writes, alsoWhenFull = false }) {
    if (caller) rates.take({ caller }, writes ? ONE_WRITE : ONE_READ);
    if (writes && !alsoWhenFull) disk.assertRoom();
  },
  admitAnonymous: (address) => rates.take({ network: networkOf(address) }, ONE_READ),
});
