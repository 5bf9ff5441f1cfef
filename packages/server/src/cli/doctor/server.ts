import { z } from "zod";
import { hostInUrl } from "../../app/installation.js";
import type { Config } from "../../config/config.js";
import { failedWith } from "../../platform/setup-error.js";
import { type Finding, findingsOf } from "./finding.js";

/** The time that a server has to answer, in milliseconds. */
const ANSWER_MS = 5000;

const readiness = z.object({ status: z.enum(["ready", "unavailable"]) }).catchall(z.string());

/** An address on which a server that listens on all addresses can be reached. */
const LOCAL: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** Asks the server that listens on the address of the settings whether it is ready. */
export const runningServer = async ({ host, port }: Pick<Config, "host" | "port">): Promise<Finding> => {
  const { ok, off, warning, failed } = findingsOf("server");
  if (port === 0) return off("not asked: INVIGIL_PORT is 0, any free port");
  const url = `http://${hostInUrl(LOCAL[host] ?? host)}:${port}/ready`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    const answer = readiness.safeParse(await response.json().catch(() => undefined));
    if (!answer.success)
      return warning(
        `what answers at ${url} is no server of Invigil`,
        "Stop that program, or set INVIGIL_PORT.",
      );
    const { status, log, ...others } = answer.data;
    const faults = [
      ...(status === "ready" ? [] : Object.entries(others)),
      ...(log === undefined ? [] : [["log", log]]),
    ];
    if (faults.length === 0) return ok(`${url} says that it is ready`);
    return failed(
      `${url}: ${faults.map((fault) => fault.join(" ")).join("; ")}`,
      log === undefined
        ? "Read its log."
        : "Free space where its standard output is written. Lines that do not fit are lost until then.",
    );
  } catch (error) {
    if (error instanceof Error && failedWith(error.cause, "ECONNREFUSED")) return off(`none runs at ${url}`);
    return failed(`${url} does not answer`, "Look at the process and its log.");
  }
};
