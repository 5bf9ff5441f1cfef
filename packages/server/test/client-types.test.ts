import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { apiOf } from "./support/api-shapes.js";
import { clientTypes } from "./support/client-types.js";
import { router } from "./support/router.js";

const FILE = fileURLToPath(new URL("../../client/src/procedures.ts", import.meta.url));

it("the types of the client are written from the procedures (`npm run write` writes them)", async () => {
  await expect(clientTypes(apiOf(router))).toMatchFileSnapshot(FILE);
});
