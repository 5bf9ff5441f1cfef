import { createHash } from "node:crypto";

// The vendor's stream service as it reports to us: over real HTTP, signed, and again until it is answered. It is written
// by the vendor's page, and shares no code with what it calls.

/** One thing that happened to a stream. */
export interface Happening {
  readonly action: "publish" | "publish_done";
  /** The stream's name. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly time: number;
  readonly node?: string;
  readonly ip?: string;
  readonly usrargs?: string;
}

/** How one request went. */
export interface Sent {
  readonly url: URL;
  readonly status: number;
  readonly body: Answered;
}
interface Answered {
  readonly success: boolean;
  readonly errorCode: string;
  readonly errorMsg: string;
  readonly reason?: string;
  readonly data?: unknown;
}

interface StreamServiceOptions {
  /** The whole URL that it reports to, as the domain's settings at the vendor have it. */
  readonly callbackUrl: string;
  readonly pushDomain: string;
  readonly appName: string;
  readonly key: string;
  /** Seconds since 1970, as it signs them. */
  readonly now: () => number;
}

/** It tries at once and then five times more. */
const REPEATS = 5;

export const createStreamService = (options: StreamServiceOptions) => {
  const { callbackUrl, pushDomain, appName, key, now } = options;
  /** Streams whose size was reported: it is told the first time only. */
  const sized = new Set<string>();
  const requests: Sent[] = [];

  const signed = (timestamp: number): Record<string, string> => ({
    "ALI-LIVE-TIMESTAMP": String(timestamp),
    "ALI-LIVE-SIGNATURE": createHash("md5").update([pushDomain, timestamp, key].join("|")).digest("hex"),
  });

  const queryOf = ({ action, id, time, node = "node1", ip = "203.0.113.7", usrargs }: Happening) => {
    const size = sized.has(id) ? {} : { height: "480", width: "640" };
    if (action === "publish") sized.add(id);
    return new URLSearchParams({
      action,
      ip,
      id,
      app: pushDomain,
      appname: appName,
      time: String(time),
      usrargs: usrargs ?? `vhost=${pushDomain}&auth_key=${time}-0-0-0123456789abcdef0123456789abcdef`,
      node,
      ...(action === "publish" && size),
    });
  };

  /** Sends one request, once. */
  const send = async (query: URLSearchParams, headers = signed(now())): Promise<Sent> => {
    const url = new URL(callbackUrl);
    url.search = query.toString();
    const response = await fetch(url, { headers });
    const body = (await response.json()) as Answered;
    const sent = { url, status: response.status, body };
    requests.push(sent);
    return sent;
  };

  const isTaken = ({ status, body }: Sent): boolean => status === 200 && body.success;

  return {
    requests,
    signed,
    queryOf,
    send,
    /** Reports one thing until it is taken, at most six times. The last answer. */
    async report(happening: Happening): Promise<Sent> {
      const query = queryOf(happening);
      let last = await send(query);
      for (let repeats = 0; repeats < REPEATS && !isTaken(last); repeats += 1) last = await send(query);
      return last;
    },
    /** Reports the same thing again and again at once, as when none of the answers arrived in time. */
    reportManyTimes(happening: Happening): Promise<Sent[]> {
      const query = queryOf(happening);
      return Promise.all(Array.from({ length: REPEATS }, () => send(query)));
    },
  };
};
export type StreamService = ReturnType<typeof createStreamService>;
