import { fileURLToPath } from "node:url";
import type { AnyTRPCProcedure, AnyTRPCRouter } from "@trpc/server";
import { describe, expect, it } from "vitest";
import { sentenceOf } from "../src/trpc/procedures.js";
import { apiOf } from "./support/api-shapes.js";
import { clientTypes } from "./support/client-types.js";
import { createTestRouter } from "./support/router.js";
import { shared } from "./support/shared.js";

const FILE = fileURLToPath(new URL("../../client/src/procedures.ts", import.meta.url));
const made = shared(createTestRouter);

describe("the types of the client", () => {
  it("are written from the procedures (`vitest -u` writes them)", async () => {
    await expect(clientTypes(apiOf(made().router))).toMatchFileSnapshot(FILE);
  });

  it("have a sentence for every procedure", () => {
    const router: AnyTRPCRouter = made().router;
    const procedures = Object.entries<AnyTRPCProcedure>(router._def.procedures);
    const silent = procedures.filter(([, procedure]) => !/^[A-Z].+\.$/.test(sentenceOf(procedure) ?? ""));
    expect(silent.map(([path]) => path)).toEqual([]);
  });
});
