import { isIPv4 } from "node:net";
import { type Command, InvalidArgumentError } from "commander";
import { checkAddress } from "../app/address.js";
import { type Config, parseConfig, readEnvironment } from "../config/config.js";
import { failedWith, SetupError } from "../platform/setup-error.js";
import type { CommandIo, CommandRun } from "./run.js";

interface ServeOptions {
  demo?: true;
  check?: true;
  port?: string;
  lan?: true | string;
  lanCert?: string;
  lanKey?: string;
}

const DEMO_SETTINGS = { INVIGIL_DEMO_EXAMINEES: "5", INVIGIL_LOG_LEVEL: "warn" };

const parsePort = (text: string): string => {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("Specify a port from 0 to 65535; 0 takes any that is free.");
  return text;
};

const parseAddress = (text: string): string => {
  if (isIPv4(text)) return text;
  throw new InvalidArgumentError("Specify an IPv4 address of this machine, or none to take the usual one.");
};

/** Adds https on the local network, if it is asked for. @throws SetupError */
const withLanOptions = async (
  config: Config,
  { lan, lanCert: cert, lanKey: key }: ServeOptions,
): Promise<Config> => {
  if ((cert === undefined) !== (key === undefined) || (cert !== undefined && lan === undefined))
    throw new SetupError("--lan, --lan-cert and --lan-key belong together");
  if (lan === undefined) return config;
  const { withLan } = await import("../app/lan.js");
  const files = cert !== undefined && key !== undefined ? { cert, key } : undefined;
  return withLan(config, { address: lan === true ? undefined : lan, files });
};

/** The beginning of the command that was typed: npm names the script that it runs. */
const typedCommand = ({ env }: CommandIo, demo: boolean): string => {
  const script = env.npm_lifecycle_event;
  if (demo && (script === "start" || script === "dev"))
    return script === "start" ? "npm start --" : "npm run dev --";
  return demo ? "invigil serve --demo" : "invigil serve";
};

/** Adds the command `serve`. The server is imported when the settings are valid. */
export const addServe = (program: Command, run: CommandRun): void => {
  program
    .command("serve")
    .description(
      "serve the REST and tRPC APIs until SIGTERM or SIGINT; settings come from the environment and .env",
    )
    .option("--demo", "create a demo room, an audio library and an account, and print how to use them")
    .option("--port <port>", "the port to listen on, instead of INVIGIL_PORT", parsePort)
    .option(
      "--lan [address]",
      "also serve https to phones and other machines, on an address of this machine in the local network and the next port",
      parseAddress,
    )
    .option("--lan-cert <file>", "with --lan: a certificate that browsers trust, instead of one that is made")
    .option("--lan-key <file>", "with --lan-cert: its private key")
    .option("--check", "only check the arguments, settings and address, without opening the database")
    .action(async (options: ServeOptions) => {
      const { demo, check, port } = options;
      const isDemo = demo === true;
      const parsed = parseConfig({
        ...(isDemo && DEMO_SETTINGS),
        ...readEnvironment(run.io.env),
        ...(port !== undefined && { INVIGIL_PORT: port }),
      });
      const config = await withLanOptions(parsed, options);
      /** Returns the command to type if the port is in use. */
      const withCommand = (error: unknown): unknown => {
        if (!(error instanceof SetupError && failedWith(error.cause, "EADDRINUSE"))) return error;
        // The port after it is for the local network.
        const other = config.port < 65_534 ? config.port + (config.lan ? 2 : 1) : 1024;
        return new SetupError(
          `${error.message}. Take another one: ${typedCommand(run.io, isDemo)} --port ${other}`,
        );
      };
      if (check) {
        for (const warning of config.warnings) run.io.stderr.write(`Warning: ${warning}.\n`);
        await checkAddress(config).catch((error: unknown) => {
          throw withCommand(error);
        });
        run.io.stdout.write(`The settings are valid, and ${config.host}, port ${config.port}, is free.\n`);
        return;
      }
      const { startServer, untilSignal } = await import("../app/main.js");
      const server = await startServer(config, { isDemo }).catch((error: unknown) => {
        throw withCommand(error);
      });
      if (!isDemo) return untilSignal(server);
      const { startDemo } = await import("../demo/start.js");
      const { guide, close } = await startDemo(server, { hasScreen: run.io.stdout.isTTY === true });
      run.io.stdout.write(guide);
      await untilSignal({ ...server, close });
    });
};
