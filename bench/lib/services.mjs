// The server's own services and procedures, for the children that put something else in front of them.

import { createServices } from "../../packages/server/dist/api/services.js";
import { openDeps } from "../../packages/server/dist/app/installation.js";
import { parseConfig } from "../../packages/server/dist/config/config.js";
import { pino } from "./server-modules.mjs";

/** On the same database, with the same secret, as the server that is measured. Nothing is logged. */
export const openServices = async (settings) =>
  createServices(await openDeps(parseConfig(settings), { log: pino({ level: "silent" }) }));

/** Who calls, found out as the server does it, for each request. */
export const contextOf = async ({ auth, gate }, { authorization, address, requestId }) => ({
  identity: await auth.verify(authorization),
  ...auth.callsWith(authorization),
  address,
  gate,
  trace: { requestId, procedures: [] },
});
