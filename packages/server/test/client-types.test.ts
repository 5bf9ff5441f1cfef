import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { clientTypes } from "./support/client-types.js";
import { createTestRouter } from "./support/router.js";

const FILE = fileURLToPath(new URL("../../client/src/procedures.ts", import.meta.url));

it("the client's types are those of the procedures (`vitest -u` writes them)", async () => {
  await using made = await createTestRouter();
  await expect(clientTypes(made.router)).toMatchFileSnapshot(FILE);
});
