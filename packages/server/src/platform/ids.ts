import { randomBytes } from "node:crypto";
import { v7 } from "uuid";

/** Returns a text that sorts before every id of this millisecond and later ones, and after all earlier ones. */
export const firstIdAt = (time: Date): string => Math.max(0, time.getTime()).toString(16).padStart(12, "0");

export type Ids = ReturnType<typeof createIds>;

/** Ids are UUIDv7 without hyphens, because the message services accept only letters and digits. */
export const createIds = ({
  clock,
  random = randomBytes,
}: {
  clock: () => Date;
  random?: (size: number) => Uint8Array;
}) => {
  let last = 0;
  let seq = 0;
  return {
    /** A new id of 32 letters and digits, greater than every earlier id of this process. */
    next(): string {
      const now = clock().getTime();
      // Ids increase even if the clock is set back.
      if (now > last) {
        last = now;
        seq = 0;
      } else seq += 1;
      return v7({ msecs: last, seq, random: random(16) }).replaceAll("-", "");
    },
    /** A random text of 32 letters and digits. */
    nonce: (): string => Buffer.from(random(16)).toString("hex"),
  };
};
