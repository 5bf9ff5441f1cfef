import type { Command } from "commander";
import { checkAddress } from "../app/address.js";
import { parseConfig, readEnvironment } from "../config/config.js";
import type { CommandRun } from "./run.js";

/** Adds the command `serve`. The server is imported when the settings are valid. */
export const addServe = (program: Command, run: CommandRun): void => {
  program
    .command("serve")
    .description(
      "serve the REST and tRPC APIs until SIGTERM or SIGINT; settings come from the environment and .env",
    )
    .option("--demo", "create a demo room and an audio library, and print example calls")
    .option("--check", "only check the arguments, settings and address, without opening the database")
    .action(async ({ demo, check }: { demo?: true; check?: true }) => {
      const environment = readEnvironment(run.io.env);
      const config = parseConfig(
        demo ? { INVIGIL_DEMO_EXAMINEES: "5", INVIGIL_LOG_LEVEL: "warn", ...environment } : environment,
      );
      if (check) {
        await checkAddress(config);
        run.io.stdout.write(`The settings are valid, and ${config.host}, port ${config.port}, is free.\n`);
        return;
      }
      const { startServer, untilSignal } = await import("../app/main.js");
      const server = await startServer(config);
      if (demo) {
        const { startDemo } = await import("../demo/start.js");
        run.io.stdout.write(await startDemo(server));
      }
      await untilSignal(server);
    });
};
