import { describe, expect, it } from "vitest";
import { callInProcess } from "../src/app/in-process.js";
import type { TestApp } from "../src/app/testing.js";
import type { Rate, RateLimits } from "../src/limits/rates.js";
import { chargesOf } from "../src/trpc/procedures.js";
import { trpc } from "./support/calls.js";
import { type CallerName, callersOf, permissions } from "./support/permissions.js";
import { accountOf, calls, credentialsOf, EVERYTHING } from "./support/procedure-calls.js";
import { procedures } from "./support/router.js";
import { foundSchool } from "./support/school.js";
import { shared } from "./support/shared.js";
import { openWorld } from "./support/world.js";

// Each procedure counts towards the limits that it declares, and towards no others.

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

/** The first of these who is not refused makes a call. */
const CALLERS: readonly CallerName[] = ["teacher", "admin"];

describe("the limits that a procedure declares", () => {
  const world = shared(() =>
    openWorld({
      config: { ...EVERYTHING.config, presenceSettleSeconds: 0 },
      change: (deps) => ({ ...deps, rates }),
    }),
  );

  const as: TestApp["as"] = (caller) => {
    const { router, services, token, clock } = world();
    return callInProcess(router, services, (seconds) => token(caller, seconds), { clock });
  };

  it.each([...procedures])("are those that %s counts towards", async (path, procedure) => {
    const seen = new Set<Rate>();
    for (const { row, method, input, prepare, before, needsLogin } of calls.filter(
      (call) => call.path === path,
    )) {
      // Safe: schools are founded with nothing else of an app.
      const school = await foundSchool({ as } as TestApp);
      const name = CALLERS.find((each) => needsLogin || permissions.get(row)?.[each] !== "FORBIDDEN");
      if (!name) continue;
      const caller = callersOf(school)[name];
      const { admin, room } = school;
      await admin.participant.add({
        roomId: room.id,
        participants: [{ userId: "leaving0", name: "Leaving", role: "examinee" }],
      });
      if (needsLogin) await admin.account.create(accountOf(school));
      await prepare?.(school);
      await before?.(school, 0);
      const token = needsLogin
        ? (await admin.auth.login(credentialsOf(school))).token
        : await world().token(caller);
      charged.clear();
      await trpc(world(), token)[method](path, input(school, caller, 0));
      for (const rate of charged) seen.add(rate);
    }
    expect([...seen].toSorted()).toEqual([...new Set(chargesOf(procedure))].toSorted());
  });
});
