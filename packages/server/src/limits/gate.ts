import type { Disk } from "./disk.js";
import { networkOf } from "./network.js";
import type { LimitOwners, RateLimits } from "./rates.js";

export interface GatedCall {
  readonly writes: boolean;
  /**
   * Whether the call is accepted while the disk is nearly full, because it frees space or is small and
   * urgent.
   */
  readonly alsoWhenFull?: boolean | undefined;
}

/** The checks that every call passes, over REST, tRPC or WebSockets, before its input is parsed. */
export interface Gate {
  /**
   * Counts a call with a valid token, login or signature.
   * @param caller undefined if a signature or a password replaces the token. Such a call is not counted
   * @throws TOO_MANY_REQUESTS, STORAGE_FULL
   */
  admit(caller: LimitOwners["caller"], call: GatedCall): void;
  /**
   * Counts a call without a valid token by its address.
   * @throws TOO_MANY_REQUESTS
   */
  admitAnonymous(address: string): void;
}

const ONE_READ = { reads: 1 };
const ONE_WRITE = { writes: 1 };

export const createGate = ({
  rates,
  disk,
}: {
  readonly rates: RateLimits;
  readonly disk: Pick<Disk, "assertFreeSpace">;
}): Gate => ({
  admit(caller, { writes, alsoWhenFull = false }) {
    if (caller) rates.take({ caller }, writes ? ONE_WRITE : ONE_READ);
    if (writes && !alsoWhenFull) disk.assertFreeSpace();
  },
  admitAnonymous: (address) => rates.take({ network: networkOf(address) }, ONE_READ),
});
