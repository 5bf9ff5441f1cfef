import { callInProcess } from "../../src/app/in-process.js";
import type { TestApp } from "../../src/app/testing.js";
import { trpc } from "./calls.js";
import { type CallerName, callersOf, permissions } from "./permissions.js";
import { accountOf, type callOf, credentialsOf } from "./procedure-calls.js";
import { foundSchool } from "./school.js";
import type { World } from "./world.js";

/** The first of these who is not refused makes a call. */
const CALLERS: readonly CallerName[] = ["teacher", "admin"];

/**
 * Prepares a call in a school of its own, so that all that is left to do is the call itself.
 * @returns undefined if everybody is refused
 */
export const prepareCall = async (world: World, call: ReturnType<typeof callOf>) => {
  const { row, path, method, input, prepare, before, needsLogin } = call;
  const name = CALLERS.find((each) => needsLogin || permissions.get(row)?.[each] !== "FORBIDDEN");
  if (!name) return undefined;
  const { router, services, clock } = world;
  const as: TestApp["as"] = (caller) =>
    callInProcess(router, services, (seconds) => world.token(caller, seconds), { clock });
  // Safe: schools are founded with nothing else of an app.
  const school = await foundSchool({ as } as TestApp);
  const { admin, room } = school;
  const caller = callersOf(school)[name];
  await admin.participant.add({
    roomId: room.id,
    participants: [{ userId: "leaving0", name: "Leaving", role: "examinee" }],
  });
  if (needsLogin) await admin.account.create(accountOf(school));
  await prepare?.(school);
  await before?.(school, 0);
  const token = needsLogin
    ? (await admin.auth.login(credentialsOf(school))).token
    : await world.token(caller);
  const given = input(school, caller, 0);
  return {
    /** The caller, and the person who logs in. */
    people: [caller.sub, accountOf(school).userId],
    make: () => trpc(world, token)[method](path, given),
  };
};
