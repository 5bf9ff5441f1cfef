// The server's services and procedures, for children that put another server in front of them.

import { createServices } from "../../packages/server/dist/api/services.js";
import { openDeps } from "../../packages/server/dist/app/installation.js";
import { parseConfig } from "../../packages/server/dist/config/config.js";
import { pino } from "./server-modules.mjs";

/** Uses the database and the secret of the measured server. Logs nothing. */
export const openServices = async (settings) =>
  createServices(await openDeps(parseConfig(settings), { log: pino({ level: "silent" }) }));

/** Identifies the caller of a request, as the server does. */
export const contextOf = async ({ auth, gate }, { authorization, address, requestId }) => ({
  identity: await auth.verify(authorization),
  ...auth.callsWith(authorization),
  address,
  gate,
  trace: { requestId, procedures: [] },
});
