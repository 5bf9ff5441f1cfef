import { webcrypto } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { portOf } from "../support/ports.js";
import { given, kept } from "../support/secrets.js";
import { type Answer, addressedTo, judged, ok, type Params, readForm, refuse } from "./rongcloud-rules.js";

export type RongHost = "main" | "spare";

/** What a host does instead of its work; `lost` does it and never answers, `slow` does it and answers when released. */
export type RongFault =
  | "hang"
  | "lost"
  | "slow"
  | "500"
  | "busy"
  | "throttle"
  | "wrong JSON"
  | "no JSON"
  | "bad signature"
  | "reset"
  | "half an answer"
  | "redirect"
  | "throttle at a gateway";

export interface RongCallSeen {
  readonly host: RongHost;
  /** `group/create` */
  readonly action: string;
  readonly params: Params;
  readonly nonce: string;
  readonly requestId: string;
  /** Whether the connection is for this call alone, as the vendor advises. */
  readonly alone: boolean;
}

export interface RongMessage {
  readonly groupId: string;
  readonly from: string;
  readonly objectName: string;
  readonly content: string;
  /** Who was in the group to hear it. */
  readonly heardBy: readonly string[];
}

/** The server API of RongCloud as two real servers on loopback, which know the same groups and check as the vendor does. */
export interface RongCloud extends AsyncDisposable {
  readonly appKey: string;
  readonly appSecret: string;
  /** Main, spare. */
  readonly urls: readonly [string, string];
  /** Every call that came, whatever became of it. */
  readonly calls: RongCallSeen[];
  /** Every check that failed, in words. */
  readonly refusals: string[];
  readonly groups: ReadonlyMap<string, { readonly name: string; readonly members: ReadonlySet<string> }>;
  readonly messages: RongMessage[];
  /** From now on, for every call to the host. */
  fault(host: RongHost, fault: RongFault | undefined): void;
  /** Lets the calls that a slow host keeps waiting have their answers. @returns how many those were */
  release(): number;
}

const WINDOW_MS = 5 * 60_000;
const GROUP_LIMIT = 3000;

const sha1 = async (text: string): Promise<string> =>
  Buffer.from(await webcrypto.subtle.digest("SHA-1", Buffer.from(text))).toString("hex");

const headerOf = (request: IncomingMessage, name: string): string => {
  const value = request.headers[name];
  return typeof value === "string" ? value : "";
};

export const openRongCloud = async ({
  appKey = "rong-app",
  appSecret = kept("rong-app"),
  clock = () => new Date(),
}: {
  appKey?: string;
  appSecret?: string;
  clock?: () => Date;
} = {}): Promise<RongCloud> => {
  const calls: RongCallSeen[] = [];
  const refusals: string[] = [];
  const messages: RongMessage[] = [];
  const groups = new Map<string, { name: string; members: Set<string> }>();
  const nonces = new Set<string>();
  const faults = new Map<RongHost, RongFault>();
  const kept: (() => void)[] = [];
  let tokens = 0;

  /** Who calls? Checked before a parameter is looked at. */
  const signatureFault = async (request: IncomingMessage): Promise<Answer | undefined> => {
    const nonce = headerOf(request, "nonce");
    const timestamp = headerOf(request, "timestamp");
    if (headerOf(request, "app-key") !== appKey) return refuse(401, 1001, "no such App-Key");
    if (!/^[A-Za-z0-9]{1,18}$/.test(nonce)) return refuse(401, 1004, "Nonce must be 1 to 18 characters");
    if (!/^\d{13}$/.test(timestamp)) return refuse(401, 1004, "Timestamp must be milliseconds");
    if (Math.abs(Number(timestamp) - clock().getTime()) > WINDOW_MS)
      return refuse(401, 1004, "Timestamp is minutes away");
    if (headerOf(request, "signature") !== (await sha1(appSecret + nonce + timestamp)))
      return refuse(401, 1004, "Signature is not right");
    if (nonces.has(nonce)) return refuse(401, 1004, "Nonce came before");
    nonces.add(nonce);
    return undefined;
  };

  const formFault = (request: IncomingMessage): Answer | undefined => {
    if (request.method !== "POST") return refuse(405, 405, "must be a POST");
    if (!/^[A-Za-z0-9-]{1,36}$/.test(headerOf(request, "x-request-id")))
      return refuse(400, 1002, "X-Request-ID must be 1 to 36 characters");
    if (headerOf(request, "content-type") !== "application/x-www-form-urlencoded")
      return refuse(400, 1002, "must be a form");
    return undefined;
  };

  const join = (groupId: string, userIds: readonly string[], name: string): Answer => {
    const members = new Set([...(groups.get(groupId)?.members ?? []), ...userIds]);
    if (members.size > GROUP_LIMIT) return refuse(405, 405, "the group has too many members");
    groups.set(groupId, { name, members });
    return ok();
  };

  /** Does what is asked. */
  const act = (action: string, params: Params): Answer => {
    const all = (name: string) => params.filter(([key]) => key === name).map(([, value]) => value);
    const one = (name: string) => all(name)[0] ?? "";
    const group = groups.get(one("groupId"));
    switch (action) {
      case "user/getToken":
        tokens += 1;
        return ok({ userId: one("userId"), token: given(`rong-token-${tokens}-of-${one("userId")}`) });
      case "user/checkOnline":
        return ok({ status: "0" });
      case "group/create":
        return join(one("groupId"), all("userId"), one("groupName"));
      case "group/join":
        return join(one("groupId"), all("userId"), one("groupName") || (group?.name ?? ""));
      case "group/quit":
        for (const userId of all("userId")) group?.members.delete(userId);
        return ok();
      case "group/dismiss":
        groups.delete(one("groupId"));
        return ok();
      default:
        for (const groupId of all("toGroupId")) {
          const members = groups.get(groupId)?.members ?? new Set();
          messages.push({
            groupId,
            from: one("fromUserId"),
            objectName: one("objectName"),
            content: one("content"),
            heardBy: addressedTo(all("toUserId"), members),
          });
        }
        return ok();
    }
  };

  const worked = async (request: IncomingMessage, action: string, params: Params): Promise<Answer> => {
    const fault = (await signatureFault(request)) ?? formFault(request) ?? judged(action, params);
    if (fault) refusals.push(`${action}: ${fault.message}`);
    return fault ?? act(action, params);
  };

  const handle = async (host: RongHost, request: IncomingMessage, response: ServerResponse) => {
    const params = await readForm(request);
    const action = /^\/(.*)\.json$/.exec(request.url ?? "")?.[1] ?? String(request.url);
    const requestId = headerOf(request, "x-request-id");
    const alone = headerOf(request, "connection") === "close";
    calls.push({ host, action, params, nonce: headerOf(request, "nonce"), requestId, alone });

    const send = (status: number, body: string) => {
      response.writeHead(status, { "content-type": "application/json", "x-request-id": `seen-${requestId}` });
      response.end(body);
    };
    const answer = ({ status, code, message, more }: Answer) =>
      send(status, JSON.stringify({ code, ...(message && { errorMessage: message }), ...more }));
    switch (faults.get(host)) {
      case "hang":
        return;
      case "lost":
        await worked(request, action, params);
        return;
      case "slow": {
        const late = await worked(request, action, params);
        kept.push(() => answer(late));
        return;
      }
      case "500":
        return send(500, "<html>Internal Server Error</html>");
      case "busy":
        return answer(refuse(504, 1050, "internal service timed out"));
      case "throttle":
        return answer(refuse(429, 1008, "called too often"));
      case "wrong JSON":
        return send(200, JSON.stringify({ code: 200, tokens: [] }));
      case "no JSON":
        return send(200, "<html>a gateway's page</html>");
      case "bad signature":
        return answer(refuse(401, 1004, "Signature is not right"));
      case "reset":
        request.socket.resetAndDestroy();
        return;
      case "half an answer":
        response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
        response.write('{"code":2');
        response.socket?.end();
        return;
      case "redirect":
        response.setHeader("location", `${spare.url}${request.url}`);
        return send(307, "");
      case "throttle at a gateway":
        return send(429, "<html>Too Many Requests</html>");
      case undefined:
        return answer(await worked(request, action, params));
    }
  };

  const open = async (host: RongHost) => {
    const server = createServer((request, response) => {
      handle(host, request, response).catch((error: unknown) => {
        refusals.push(`the simulator failed: ${String(error)}`);
        response.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { server, url: `http://127.0.0.1:${portOf(server)}` };
  };
  const main = await open("main");
  const spare = await open("spare");

  return {
    appKey,
    appSecret,
    urls: [main.url, spare.url],
    calls,
    refusals,
    groups,
    messages,
    fault(host, fault) {
      if (fault) faults.set(host, fault);
      else faults.delete(host);
    },
    release() {
      const waiting = kept.splice(0);
      for (const answer of waiting) answer();
      return waiting.length;
    },
    async [Symbol.asyncDispose]() {
      for (const { server } of [main, spare]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
};
