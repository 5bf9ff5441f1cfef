import { callInProcess } from "../../src/app/in-process.js";
import type { TestApp } from "../../src/app/testing.js";
import type { AppFixture } from "./app-fixture.js";
import { trpc } from "./calls.js";
import { addExamsFixture } from "./exams-fixture.js";
import { type CallerName, callersOf, permissions } from "./permissions.js";
import { accountOf, type callOf, credentialsOf } from "./procedure-calls.js";

/** The first of these who is not refused makes a call. */
const CALLERS: readonly CallerName[] = ["teacher", "admin", "examinee"];

/**
 * Prepares a call in a fixture of its own, so that all that is left to do is the call itself.
 * @returns undefined if everybody is refused
 */
export const prepareCall = async (appFixture: AppFixture, call: ReturnType<typeof callOf>) => {
  const { row, path, method, input, prepare, before, needsLogin } = call;
  const name = CALLERS.find((each) => needsLogin || permissions.get(row)?.[each] !== "FORBIDDEN");
  if (!name) return undefined;
  const { router, services, clock } = appFixture;
  const as: TestApp["as"] = (caller) =>
    callInProcess(router, services, (seconds) => appFixture.token(caller, seconds), { clock });
  // Safe: schools are founded with nothing else of an app.
  const fixture = await addExamsFixture({ as } as TestApp);
  const { admin, room } = fixture;
  const caller = callersOf(fixture)[name];
  await admin.participant.add({
    roomId: room.id,
    participants: [{ userId: "leaving0", name: "Leaving", role: "examinee" }],
  });
  if (needsLogin) await admin.account.create(accountOf(fixture));
  await prepare?.(fixture);
  await before?.(fixture, 0);
  const token = needsLogin
    ? (await admin.auth.login(credentialsOf(fixture))).token
    : await appFixture.token(caller);
  const given = input(fixture, caller, 0);
  return {
    fixture,
    /** The caller, and the person who logs in. */
    people: [caller.sub, accountOf(fixture).userId],
    make: () => trpc(appFixture, token)[method](path, given),
  };
};
