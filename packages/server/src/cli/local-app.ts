import { parseConfig, readEnvironment } from "../config/config.js";
import type { LocalApp } from "./open-local-app.js";
import type { CommandRun } from "./run.js";

/**
 * Opens the local installation that the settings describe, runs some work with it, and closes it. The services are imported only
 * then, so that the help and errors of arguments and settings are printed sooner.
 */
export const withLocalApp = async <Result>(
  { io, as }: CommandRun,
  work: (app: LocalApp) => Promise<Result>,
): Promise<Result> => {
  const config = parseConfig(readEnvironment(io.env));
  const { openLocalApp } = await import("./open-local-app.js");
  const { app, close } = await openLocalApp(config, io, as);
  try {
    return await work(app);
  } finally {
    await close();
  }
};
