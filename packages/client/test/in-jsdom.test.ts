// @vitest-environment jsdom
import { createTestApp } from "@invigil/server/testing";
import { expect, test } from "vitest";

test("an app for tests says what to do where the environment has replaced classes of Node", async () => {
  expect("document" in globalThis).toBe(true);
  await expect(createTestApp()).rejects.toThrow(/Uint8Array.*@vitest-environment node/);
});
