import { once } from "node:events";
import { createServer } from "node:net";
import type { Config, LanConfig } from "../config/config.js";
import { SetupError } from "../platform/setup-error.js";
import { reasonOfSystem } from "../platform/system-errors.js";

/** The error of a server that cannot listen on the configured address. For a port in use, `cause` has the code EADDRINUSE. */
export const cannotListen = (
  { host, port }: Pick<Config, "host" | "port">,
  error: NodeJS.ErrnoException,
): SetupError =>
  error.code === "EADDRINUSE"
    ? new SetupError(`Port ${port} of ${host} is in use`, { cause: error })
    : new SetupError(
        `The server cannot listen on INVIGIL_HOST ${host}, INVIGIL_PORT ${port}: ${reasonOfSystem(error)}`,
      );

/** The same error of a server that cannot listen on the local network. */
export const cannotListenOnLan = (
  { address: host, port }: Pick<LanConfig, "address" | "port">,
  error: NodeJS.ErrnoException,
): SetupError =>
  error.code === "EADDRINUSE"
    ? cannotListen({ host, port }, error)
    : new SetupError(`The server cannot listen on --lan ${host}, port ${port}: ${reasonOfSystem(error)}`);

/** Throws the error of a server that cannot serve its metrics. */
export const cannotServeMetrics =
  ({ metrics }: Pick<Config, "metrics">) =>
  (error: NodeJS.ErrnoException): never => {
    const { host, port } = metrics?.listen ?? {};
    throw new SetupError(
      `The metrics cannot be served on ${host}, INVIGIL_METRICS_PORT ${port}: ${reasonOfSystem(error)}`,
    );
  };

const listenBriefly = async (on: { readonly host: string; readonly port: number }): Promise<void> => {
  const server = createServer().listen(on);
  await once(server, "listening");
  server.close();
  await once(server, "close");
};

/**
 * Checks the configured address by listening on it briefly.
 * @throws SetupError when another process listens there, or the system does not allow it
 */
export const checkAddress = async (config: Config): Promise<void> => {
  const { host, port, lan, metrics } = config;
  await listenBriefly({ host, port }).catch((error: NodeJS.ErrnoException) => {
    throw cannotListen({ host, port }, error);
  });
  if (metrics?.listen) await listenBriefly(metrics.listen).catch(cannotServeMetrics(config));
  if (lan)
    await listenBriefly({ host: lan.address, port: lan.port }).catch((error: NodeJS.ErrnoException) => {
      throw cannotListenOnLan(lan, error);
    });
};
