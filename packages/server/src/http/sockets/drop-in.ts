import {
  type DropInCloseCode,
  type DropInFrame,
  type DropInLogin,
  type DropInRequest,
  type DropInResults,
  dropInRequestSchema,
  MAX_DROP_IN_FRAME,
  MAX_FIRST_DROP_IN_FRAME,
} from "@invigil/schema";
import { failureOf } from "../../domain/failures.js";
import { type DropInService, type Page, Refusal, refusalOf } from "../../features/drop-in/service.js";
import { InvigilError, parsed } from "../../platform/errors.js";
import type { Meters } from "../../platform/meters.js";
import type { SocketHandler, SocketTiming } from "./connection.js";
import { createSharedFrames } from "./drop-in-frames.js";
import { createJoinedGroups, type EndReason, type ResumeFrom } from "./drop-in-groups.js";
import { createFrameQueue } from "./drop-in-queue.js";

const MAX_GROUPS = 20;
/**
 * In milliseconds: the interval of beats, the interval at which the login of a page without a group is
 * checked, the time limit for the first login, and the time limit for a new login after the previous one
 * expired.
 */
const BEAT_MS = 10_000;
const LOGIN_CHECK_MS = 1_000;
const FIRST_MESSAGE_MS = 10_000;
const RENEWAL_MS = 3_500;
/** WebSocket close codes. */
const NORMAL = 1000;
const GOING_AWAY = 1001;
const UNSUPPORTED = 1003;
const TOO_LARGE = 1009;
const POLICY_VIOLATION = 1008;
const FAULT = 1011;
/** Codes of `DropInCloseCode`. */
const REMOVED = 2;
const EXPIRED = 3;
const REPLACED = 4;

export interface DropInSocketOptions {
  readonly dropIn: DropInService;
  readonly clock: () => Date;
  readonly timing: SocketTiming;
  readonly meters: Meters | undefined;
}

/** The result of a request, and a function to call after the response. */
interface Served {
  readonly result: DropInResults[keyof DropInResults];
  readonly begin?: () => void;
}

/** The name of a request in the metrics. */
const meterOf = (kind: DropInRequest["do"]): string => `/im ${kind}`;

const isLoginEnded = (error: unknown): boolean =>
  error instanceof InvigilError && error.code === "UNAUTHENTICATED";

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
/** The number of a frame that may be an invalid request, so that an error can refer to it. */
const numberOf = (sent: unknown): number | undefined => {
  const number = typeof sent === "object" && sent !== null && "number" in sent ? sent.number : undefined;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined;
};

/**
 * Serves the drop-in script: handles its requests one after another, and delivers the messages of the groups
 * that it has joined.
 */
export const dropInSockets = ({ dropIn, clock, timing, meters }: DropInSocketOptions): SocketHandler => {
  const frames = createSharedFrames();
  meters?.bind(dropInRequestSchema.options.map(({ shape }) => meterOf(shape.do.value)));
  return (connection) => {
    const { socket, log } = connection;
    const drained = () => connection.drained();
    const { beatMs = BEAT_MS, firstMessageMs = FIRST_MESSAGE_MS, renewalMs = RENEWAL_MS } = timing;
    let page: Page | undefined;
    let release = (): void => {};
    let renewal: NodeJS.Timeout | undefined;
    /** For the log, because the vendor's apps do not display refusals. */
    let refusals = 0;
    let lastRefusal = "";
    /** The positions in the groups of an expired login, for the next login. */
    let suspendedGroups = new Map<string, ResumeFrom>();

    const isOpen = (): boolean => socket.readyState === socket.OPEN;
    const send = (frame: DropInFrame): void => {
      if (isOpen()) connection.send(JSON.stringify(frame));
    };
    /** Closes the connection permanently. The page does not reconnect by itself. */
    const closePermanently = (code: DropInCloseCode): void => {
      send({ is: "bye", code });
      connection.close(NORMAL);
    };
    const expire = (): void => {
      if (renewal || !isOpen()) return;
      renewal = setTimeout(() => closePermanently(EXPIRED), renewalMs).unref();
      for (const [groupId, { at, seen }] of groups.positions())
        suspendedGroups.set(groupId, { after: at, seen });
      groups.leaveAll();
      send({ is: "expired" });
    };

    /** An expired login can be renewed by the app. After a revoked login, the app must log in again. */
    const endLogin = (): void => {
      if (!page || page.expiresAt <= clock()) {
        expire();
        return;
      }
      send({ is: "expired" });
      closePermanently(EXPIRED);
    };

    const END_HANDLERS: Readonly<Record<EndReason, (error: unknown) => void>> = {
      ended: endLogin,
      removed: () => closePermanently(REMOVED),
      stopping: () => connection.close(GOING_AWAY),
      failed(error) {
        log.error({ err: error }, "fault");
        connection.close(FAULT);
      },
    };
    const groups = createJoinedGroups({
      dropIn,
      sendBytes(frame) {
        if (isOpen()) connection.send(frame);
      },
      frames,
      connection,
      drained,
      onEnd: (reason, error) => END_HANDLERS[reason](error),
    });

    const join = async (on: Page, groupId: string, from: ResumeFrom) => {
      const entered = await groups.join(on, groupId, from);
      if (!isOpen()) groups.leaveAll();
      return entered;
    };
    const login = async (sent: DropInLogin): Promise<void> => {
      const opened = await dropIn.login(sent, { reqId: connection.id, address: connection.address });
      if (page && page.login !== opened.login)
        throw new Refusal(403, `The connection belongs to ${page.login}.`);
      clearTimeout(loginTimer);
      clearTimeout(renewal);
      renewal = undefined;
      if (isOpen()) {
        release();
        release = await dropIn.claim(opened, () => closePermanently(REPLACED));
        if (!isOpen()) release();
      }
      page = opened;
      // The groups continue with the new login only.
      for (const [groupId, { at, seen }] of groups.positions())
        suspendedGroups.set(groupId, { after: at, seen });
      groups.leaveAll();
      const previous = suspendedGroups;
      suspendedGroups = new Map();
      for (const [groupId, from] of previous) (await join(opened, groupId, from)).begin();
    };

    /** Refuses a request without asking the service, which would check the login. */
    const refuse = async (on: Page, code: number, message: string): Promise<never> => {
      await dropIn.check(on);
      throw new Refusal(code, message);
    };
    const serve = async (request: DropInRequest): Promise<Served> => {
      if (request.do === "login") {
        await login(request.login);
        return { result: {} };
      }
      if (!page) throw new Refusal(602, "not login");
      const { groupId } = request;
      switch (request.do) {
        case "join":
          if (groups.size >= MAX_GROUPS && !groups.has(groupId))
            return refuse(page, 443, `A page can join at most ${MAX_GROUPS} groups.`);
          return join(page, groupId, request);
        case "leave":
          await dropIn.check(page);
          groups.leave(groupId);
          return { result: {} };
        case "send":
          if (!groups.has(groupId)) return refuse(page, 425, `The page has not joined the group ${groupId}.`);
          return { result: await dropIn.send(page, request) };
        case "group":
          return { result: await dropIn.group(page, groupId) };
        case "users":
          return { result: await dropIn.users(page, request) };
        case "mute":
          return { result: await dropIn.mute(page, request) };
        case "messages":
          return { result: await dropIn.messages(page, request) };
      }
    };

    const answer = async (text: string): Promise<void> => {
      let number: number | undefined;
      let name: string | undefined;
      try {
        const sent = parseJson(text);
        number = numberOf(sent);
        if (number === undefined) {
          connection.close(POLICY_VIOLATION, "The frame is not a request.");
          return;
        }
        const request = parsed(dropInRequestSchema, sent);
        name = meterOf(request.do);
        const { result, begin } = await (meters ? meters.time(name, () => serve(request)) : serve(request));
        send({ number, result });
        begin?.();
      } catch (error) {
        const { code, message } = refusalOf(error);
        if (!(error instanceof Refusal)) meters?.refused(failureOf(error), name);
        if (code === 500) log.error({ err: error }, "fault");
        if (number !== undefined) send({ number, error: { code, message } });
        refusals += 1;
        lastRefusal = message;
        if (page && isLoginEnded(error)) endLogin();
        // Without a login, the connection is useless.
        if (!page) connection.close(POLICY_VIOLATION, message.slice(0, 100));
      }
    };

    const queue = createFrameQueue({ socket, drained, answer });
    const loginTimer = setTimeout(
      () => connection.close(POLICY_VIOLATION, "No login was received."),
      firstMessageMs,
    );
    const loginCheck = setInterval(
      () => {
        // The subscription of a group checks the login itself.
        const checkedPage = page;
        if (!checkedPage || groups.size > 0 || !isOpen()) return;
        dropIn.check(checkedPage).catch((error: unknown) => {
          if (page !== checkedPage) return;
          if (isLoginEnded(error)) endLogin();
          else log.error({ err: error }, "checking a message login failed: it will be retried");
        });
      },
      Math.min(beatMs, LOGIN_CHECK_MS),
    );
    const beat = setInterval(() => {
      if (page && page.expiresAt <= clock()) expire();
      send({ is: "beat", at: Object.fromEntries([...groups.positions()].map(([id, { at }]) => [id, at])) });
    }, beatMs);
    for (const timer of [loginTimer, beat, loginCheck]) timer.unref();
    socket.on("message", (data, isBinary) => {
      if (isBinary) {
        connection.close(UNSUPPORTED, "Frames must be text.");
        return;
      }
      // Safe: ws delivers each message as one buffer.
      const frame = (data as Buffer).toString();
      if (frame.length > (page ? MAX_DROP_IN_FRAME : MAX_FIRST_DROP_IN_FRAME))
        connection.close(TOO_LARGE, "The frame is too large.");
      else queue.push(frame);
    });
    socket.once("close", () => {
      clearTimeout(loginTimer);
      clearTimeout(renewal);
      clearInterval(beat);
      clearInterval(loginCheck);
      release();
      groups.leaveAll();
    });
    const summary = () => ({
      requests: queue.total(),
      ...(refusals > 0 && { refusals, lastRefusal: lastRefusal.slice(0, 200) }),
    });
    return { settled: queue.settled, summary, isBusy: queue.isPaused };
  };
};
