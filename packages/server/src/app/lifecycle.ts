import type { Deps } from "../api/deps.js";
import type { Services } from "../api/services.js";
import { assertOnlyServer } from "../coordination/only-server.js";

/**
 * Starts the background work of the services.
 * @throws SetupError
 */
export const startServices = async (
  { disk, audioFiles, pruning }: Pick<Deps, "disk" | "audioFiles" | "pruning">,
  services: Services,
  {
    queue = true,
    isOnlyServer = false,
  }: {
    /** Whether to send the queued calls to message services. */
    readonly queue?: boolean;
    /** Whether no other server may run on the database, because each would have its own media server. */
    readonly isOnlyServer?: boolean;
  } = {},
): Promise<void> => {
  disk.start();
  // Deletions that are part of other changes need it, too.
  await pruning.now();
  if (queue) services.queue.start();
  audioFiles.sweeper?.start();
  services.erasure.start();
  services.bulk.start();
  services.subscriptions.start();
  services.audit.start();
  await services.instances.start();
  await services.presence.start();
  services.seriesRecorder.start();
  if (isOnlyServer) await assertOnlyServer(services.instances);
  await services.media.start();
};

/**
 * Ends subscriptions, finishes open requests, and stops the services. The database can be closed afterwards.
 * @param drainMs how long calls to message services may take
 */
export const stopServices = async (
  app: { close(): Promise<unknown> },
  { disk, audioFiles }: Pick<Deps, "disk" | "audioFiles">,
  services: Services,
  drainMs: number,
): Promise<void> => {
  await Promise.all([disk.stop(), services.subscriptions.stop()]);
  await Promise.all([app.close(), services.queue.stop(drainMs)]);
  await audioFiles.sweeper?.stop();
  // The calls and subscriptions have ended.
  await services.accessLog.flush({ isLast: true });
  await services.audit.stop();
  await services.seriesRecorder.stop();
  await services.erasure.stop();
  await services.bulk.stop();
  await services.presence.stop();
  await services.media.stop();
  await services.instances.stop();
};
