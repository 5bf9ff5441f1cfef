import { once } from "node:events";
import { createServer } from "node:net";
import type { Config } from "../config/config.js";
import { SetupError } from "../platform/setup-error.js";
import { reasonOfSystem } from "../platform/system-errors.js";

/** The error of a server that cannot listen on the configured address. For a port in use, `cause` has the code EADDRINUSE. */
export const cannotListen = ({ host, port }: Config, error: NodeJS.ErrnoException): SetupError =>
  error.code === "EADDRINUSE"
    ? new SetupError(`Port ${port} of ${host} is in use`, { cause: error })
    : new SetupError(
        `The server cannot listen on INVIGIL_HOST ${host}, INVIGIL_PORT ${port}: ${reasonOfSystem(error)}`,
      );

/**
 * Checks the configured address by listening on it briefly.
 * @throws SetupError when another process listens there, or the system does not allow it
 */
export const checkAddress = async (config: Config): Promise<void> => {
  const server = createServer();
  server.listen({ host: config.host, port: config.port });
  try {
    await once(server, "listening");
  } catch (error) {
    // Safe: a server that cannot listen emits a system error.
    throw cannotListen(config, error as NodeJS.ErrnoException);
  }
  server.close();
  await once(server, "close");
};
