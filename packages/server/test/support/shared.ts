import { afterAll, beforeAll } from "vitest";
import { createTestApp, type TestApp, type TestAppOptions } from "../../src/app/testing.js";
import { foundSchool, type School } from "./school.js";

// Making an app takes longer than most tests. Tests that need none of their own share one: those of a file, or of a `describe`.

/** Opens something before the first of these tests, and closes it after the last. */
export const shared = <Resource extends AsyncDisposable>(open: () => Promise<Resource>): (() => Resource) => {
  let resource: Resource | undefined;
  beforeAll(async () => {
    resource = await open();
  });
  afterAll(async () => {
    await resource?.[Symbol.asyncDispose]();
  });
  return () => {
    if (!resource) throw new Error("it is open while tests run, and not before");
    return resource;
  };
};

/**
 * Tests that call this share an app: each gets it with all allowances of callers whole again. Nothing else of it is new, so it is
 * for tests that leave nothing behind, or look only at what they made.
 */
export const sharedApps = (options: TestAppOptions = {}): (() => Promise<TestApp>) => {
  let minutes = 0;
  let listening: Promise<string> | undefined;
  const app = shared(() => createTestApp({ ...options, monotonic: () => minutes * 60_000 }));
  return async () => {
    minutes += 1;
    return {
      ...app(),
      listen() {
        listening ??= app().listen();
        return listening;
      },
      close: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  };
};

/** Like `openSchool`, but the schools of all tests are in one app, each with rooms and exams of its own. Their people have the same ids. */
export const sharedSchools = (options: TestAppOptions = {}): (() => Promise<School>) => {
  const next = sharedApps(options);
  return async () => foundSchool(await next());
};
