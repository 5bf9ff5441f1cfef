import { z } from "zod";
import { hostInUrl } from "../../app/installation.js";
import { authSecretOf, hasAuthSecret } from "../../app/secrets.js";
import type { Config } from "../../config/config.js";
import { signToken } from "../../identity/tokens.js";
import { createIds } from "../../platform/ids.js";
import { failedWith } from "../../platform/setup-error.js";
import { type Finding, findingsOf } from "./finding.js";

/** The time that a server has to answer, in milliseconds. */
const ANSWER_MS = 5000;

const readiness = z.object({ status: z.enum(["ready", "unavailable"]) }).catchall(z.string());

/** An address on which a server that listens on all addresses can be reached. */
const LOCAL: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

const whoami = z.object({ result: z.object({ data: z.object({ json: z.object({ userId: z.string() }) }) }) });
const refusal = z.object({
  error: z.object({ json: z.object({ data: z.object({ reason: z.literal("UNAUTHENTICATED") }) }) }),
});

/** The user id of the token that doctor signs. */
const DOCTOR = "invigil-doctor";
/** How long that token is valid, in seconds: also for a server whose clock is ahead. */
const TOKEN_SECONDS = 600;

/** A token of this installation that may do nothing, because its person is in no room. Undefined if there is no secret yet. */
const ownToken = async (config: Config): Promise<string | undefined> => {
  if (config.auth === "off" || !hasAuthSecret(config)) return undefined;
  const clock = () => new Date();
  return signToken(
    { userId: DOCTOR, role: "examinee", ttlSeconds: TOKEN_SECONDS },
    { secret: authSecretOf(config), clock, jti: createIds({ clock }).next() },
  );
};

/**
 * Says whose server answers, by a call with a token of this installation. A server in memory has a secret that others do not know, so whose it
 * is stays open.
 */
const ownerOf = async (config: Config, base: string): Promise<"own" | "other" | "unknown"> => {
  const token = await ownToken(config);
  const response = await fetch(`${base}/trpc/auth.whoami`, {
    headers: token === undefined ? {} : { authorization: token },
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (refusal.safeParse(answer).success)
    return config.authSecret === undefined && config.databaseFile === ":memory:" ? "own" : "other";
  const caller = whoami.safeParse(answer);
  if (!caller.success) return "unknown";
  return config.auth === "off" || caller.data.result.data.json.userId === DOCTOR ? "own" : "other";
};

/** Asks the server that listens on the address of the settings whether it is ready, and whether it is one of this installation. */
export const runningServer = async (config: Config): Promise<Finding> => {
  const { host, port } = config;
  const { ok, off, warning, failed } = findingsOf("server");
  if (port === 0) return off("not asked: INVIGIL_PORT is 0, any free port");
  const base = `http://${hostInUrl(LOCAL[host] ?? host)}:${port}`;
  const url = `${base}/ready`;
  const stranger = () =>
    warning(`what answers at ${url} is no server of Invigil`, "Stop that program, or set INVIGIL_PORT.");
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    const answer = readiness.safeParse(await response.json().catch(() => undefined));
    if (!answer.success) return stranger();
    const { status, log, ...others } = answer.data;
    const faults = [
      ...(status === "ready" ? [] : Object.entries(others)),
      ...(log === undefined ? [] : [["log", log]]),
    ];
    if (faults.length === 0) {
      const owner = await ownerOf(config, base);
      if (owner === "unknown") return stranger();
      if (owner === "own") return ok(`${url} says that it is ready`);
      return warning(
        `the server at ${url} takes no tokens of this installation`,
        "Stop it or set INVIGIL_PORT, if it is of another installation. Restart it after a change of INVIGIL_AUTH or the secret.",
      );
    }
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
