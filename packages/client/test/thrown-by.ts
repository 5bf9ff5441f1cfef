import { expect } from "vitest";

/** What a call rejects with. */
export const thrownBy = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => expect.fail("the call should have failed"),
    (error: unknown) => error,
  );
