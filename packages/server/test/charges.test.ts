import { expect, it } from "vitest";
import type { Rate, RateLimits } from "../src/limits/rates.js";
import { chargesOf } from "../src/trpc/procedures.js";
import { openAppFixture } from "./support/app-fixture.js";
import { prepareCall } from "./support/prepared-calls.js";
import { calls, EVERYTHING } from "./support/procedure-calls.js";
import { procedures } from "./support/router.js";
import { shared } from "./support/shared.js";

// The limits that calls count towards are those that their procedures declare, in docs/api, too.

const charged = new Set<Rate>();
const note = (amounts: Readonly<Partial<Record<Rate, number>>>): void => {
  // Safe: the keys are names of limits.
  for (const rate of Object.keys(amounts) as Rate[]) charged.add(rate);
};
/** Limits nothing, and notes what is charged. */
const rates: RateLimits = {
  take: (_, amounts) => note(amounts),
  takeChange: (_, amounts) => note({ ...amounts, events: 1 }),
  charge: (_, amounts) => note(amounts),
  takePresence: () => {
    note({ events: 1 });
    return 0;
  },
};

const fixture = shared(() =>
  openAppFixture({
    config: { ...EVERYTHING.config, presenceSettleSeconds: 0 },
    change: (deps) => ({ ...deps, rates }),
  }),
);

it.each([...procedures])(
  "%s counts towards the limits that it declares, and no others",
  async (path, procedure) => {
    const seen = new Set<Rate>();
    for (const call of calls.filter((each) => each.path === path)) {
      const prepared = await prepareCall(fixture(), call);
      charged.clear();
      await prepared?.make();
      for (const rate of charged) seen.add(rate);
    }
    expect([...seen].toSorted()).toEqual([...new Set(chargesOf(procedure))].toSorted());
  },
);
