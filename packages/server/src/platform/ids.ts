import { randomBytes } from "node:crypto";
import { v7 } from "uuid";

export interface Ids {
  /** A new id: 32 letters and digits, greater than every one before it from this process. */
  next(): string;
  /** 32 random letters and digits. */
  nonce(): string;
}

/** UUIDv7 without its hyphens, because the message services take letters and digits only. */
export const createIds = ({
  clock,
  random = randomBytes,
}: {
  clock: () => Date;
  random?: (size: number) => Uint8Array;
}): Ids => {
  let last = 0;
  let seq = 0;
  return {
    next() {
      const now = clock().getTime();
      // Also when the clock steps back: ids keep growing.
      if (now > last) {
        last = now;
        seq = 0;
      } else seq += 1;
      return v7({ msecs: last, seq, random: random(16) }).replaceAll("-", "");
    },
    nonce: () => Buffer.from(random(16)).toString("hex"),
  };
};
