import { afterAll, beforeAll } from "vitest";
import { createTestApp, type TestApp, type TestAppOptions } from "../../src/app/testing.js";
import { addExamsFixture, type ExamsFixture } from "./exams-fixture.js";

// Creating an app takes longer than most tests. Tests that do not need one of their own share it, within a file
// or a `describe`.

/** Opens a resource before the first of these tests, and disposes of it after the last. */
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
 * The tests that call this share an app. Each test starts with unused rate limits; all other state persists.
 * Therefore it is for tests that leave nothing behind, or that look only at what they created.
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

/**
 * Like `openSchool`, but all tests share an app. Each school has rooms and exams of its own, and people with
 * the same ids.
 */
export const sharedSchools = (options: TestAppOptions = {}): (() => Promise<ExamsFixture>) => {
  const next = sharedApps(options);
  return async () => addExamsFixture(await next());
};
