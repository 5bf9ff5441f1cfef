import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { sentenceOf } from "../src/trpc/procedures.js";
import { apiOf } from "./support/api-shapes.js";
import { clientTypes } from "./support/client-types.js";
import { procedures, router } from "./support/router.js";

const FILE = fileURLToPath(new URL("../../client/src/procedures.ts", import.meta.url));

describe("the types of the client", () => {
  it("are written from the procedures (`vitest -u` writes them)", async () => {
    await expect(clientTypes(apiOf(router))).toMatchFileSnapshot(FILE);
  });

  it("have a sentence for every procedure", () => {
    const silent = [...procedures].filter(
      ([, procedure]) => !/^[A-Z].+\.$/.test(sentenceOf(procedure) ?? ""),
    );
    expect(silent.map(([path]) => path)).toEqual([]);
  });
});
