import { dirname } from "node:path";
import { expect, it } from "vitest";
import { whereIs } from "../../../scripts/where.mjs";
import { procedures } from "./support/router.js";

it("finds each procedure in the folder of the service that it calls", () => {
  const elsewhere = [...procedures.keys()].filter((path) => {
    const found = whereIs(path);
    return !found?.service || dirname(found.service) !== dirname(found.router);
  });
  // It answers from the token alone.
  expect(elsewhere).toEqual(["auth.whoami"]);
});

it("finds nothing for another name", () => {
  expect(whereIs("exam.plant")).toBeUndefined();
});
