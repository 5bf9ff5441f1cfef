import http, { createServer, type IncomingMessage } from "node:http";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Config } from "../src/config/config.js";
import { InvigilError } from "../src/platform/errors.js";
import { KEY, openAliyun } from "./support/aliyun.js";
import { portOf } from "./support/ports.js";
import { given, kept } from "./support/secrets.js";

const GROUP = { groupId: "g1", name: "Maths", creatorId: "t1", members: ["t1"] };
const ROLE_KEY = { id: "STS.role-key", secret: given("role-key"), token: given("role-token") };

const detailsOf = async (call: Promise<unknown>) => {
  const error: unknown = await call.then(
    () => new Error("nothing failed"),
    (caught: unknown) => caught,
  );
  if (!(error instanceof InvigilError)) throw error;
  return error.details;
};

type Credentials = Config["aliyun"]["credentials"];
const openWith = async (credentials: Credentials) => {
  const { live, ...served } = await openAliyun({ keys: [KEY, ROLE_KEY] });
  const aliyun = await openAliyun({ config: { aliyun: { liveUrl: live.url, credentials } } });
  return {
    ...aliyun,
    live,
    async [Symbol.asyncDispose]() {
      await aliyun[Symbol.asyncDispose]();
      await served[Symbol.asyncDispose]();
    },
  };
};

/** The metadata service of the machine. It has a fixed address, and connections to it are redirected here. */
const openMachine = async (answer: (request: IncomingMessage) => { status: number; body: string }) => {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const { status, body } = answer(request);
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = portOf(server);
  // oxlint-disable-next-line typescript/unbound-method -- Safe: called below with the agent that it belongs to.
  const connect = http.Agent.prototype.createConnection;
  vi.spyOn(http.Agent.prototype, "createConnection").mockImplementation(function (
    this: http.Agent,
    options,
    done,
  ) {
    const there = options.host === "100.100.100.200" ? { ...options, host: "127.0.0.1", port } : options;
    return connect.call(this, there, done);
  });
  return {
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
const TOKEN_PATH = "PUT /latest/api/token";
const KEY_PATH = "GET /latest/meta-data/ram/security-credentials/exam-server";
const roleAnswer = (expiration: Date) =>
  JSON.stringify({
    Code: "Success",
    AccessKeyId: ROLE_KEY.id,
    AccessKeySecret: ROLE_KEY.secret,
    SecurityToken: ROLE_KEY.token,
    Expiration: expiration.toISOString().replace(/\.\d+Z$/, "Z"),
  });

afterEach(() => void vi.restoreAllMocks());

describe("the account that calls are signed for", () => {
  it("is an access key", async () => {
    await using aliyun = await openWith({ accessKeyId: KEY.id, accessKeySecret: KEY.secret });
    await aliyun.im.createGroup(GROUP);
    expect(aliyun.live.failedChecks).toEqual([]);
    expect(aliyun.live.lastHeaders()).not.toHaveProperty("x-acs-security-token");
  });

  it("is a passing access key with its token", async () => {
    const { id, secret, token } = ROLE_KEY;
    await using aliyun = await openWith({ accessKeyId: id, accessKeySecret: secret, securityToken: token });
    await aliyun.im.createGroup(GROUP);
    expect(aliyun.live.failedChecks).toEqual([]);
    expect(aliyun.live.lastHeaders()["x-acs-security-token"]).toBe(token);
  });

  it.each([
    ["InvalidAccessKeyId.NotFound", { accessKeyId: "LTAI-unknown", accessKeySecret: KEY.secret }],
    ["SignatureDoesNotMatch", { accessKeyId: KEY.id, accessKeySecret: kept("another-key") }],
    [
      "InvalidSecurityToken.Malformed",
      { accessKeyId: KEY.id, accessKeySecret: KEY.secret, securityToken: given("unknown-token") },
    ],
  ])("is refused as %s, and the log says no more", async (code, credentials) => {
    await using aliyun = await openWith(credentials);
    expect(await detailsOf(aliyun.im.createGroup(GROUP))).toEqual({
      provider: "aliyun_new",
      action: "CreateLiveMessageGroup",
      fault: "refused",
      code,
      requestId: "VENDOR-REQUEST-1",
    });
    expect(aliyun.live.failedChecks.map((check) => check.code)).toEqual([code]);
    expect(aliyun.log.join()).toContain(code);
    expect(aliyun.log.join()).not.toContain("secret");
    expect(aliyun.log.join()).not.toContain(credentials.accessKeyId);
  });
});

describe("the role of the machine", () => {
  it("gives passing keys, fetched once for both services", async () => {
    await using machine = await openMachine(({ method, headers }) => {
      if (method === "PUT") return { status: 200, body: "machine-token" };
      const known = headers["x-aliyun-ecs-metadata-token"] === "machine-token";
      return known
        ? { status: 200, body: roleAnswer(new Date(Date.now() + 6 * 3600 * 1000)) }
        : { status: 401, body: "" };
    });
    await using aliyun = await openWith({ instanceRole: "exam-server" });
    await aliyun.im.createGroup(GROUP);
    await aliyun.im.createGroup(GROUP);
    await aliyun.old.createGroup(GROUP);
    expect(aliyun.live.failedChecks).toEqual([]);
    expect(aliyun.live.lastHeaders()["x-acs-security-token"]).toBe(ROLE_KEY.token);
    expect(machine.requests).toEqual([TOKEN_PATH, KEY_PATH]);
  });

  it("is refused when the machine has no such role", async () => {
    await using machine = await openMachine(({ method }) =>
      method === "PUT" ? { status: 200, body: "machine-token" } : { status: 404, body: "secret" },
    );
    await using aliyun = await openWith({ instanceRole: "exam-server" });
    expect(await detailsOf(aliyun.im.createGroup(GROUP))).toEqual({
      provider: "aliyun_new",
      action: "CreateLiveMessageGroup",
      fault: "refused",
    });
    expect(machine.requests).toContain(KEY_PATH);
    expect(aliyun.live.count()).toBe(0);
    expect(aliyun.log.join()).not.toContain("secret");
  });

  it("cannot be reached when the machine answers nothing of use, and none of it is logged", async () => {
    await using machine = await openMachine(({ method }) =>
      method === "PUT"
        ? { status: 200, body: "machine-token" }
        : { status: 200, body: `{${ROLE_KEY.secret}` },
    );
    await using aliyun = await openWith({ instanceRole: "exam-server" });
    expect((await detailsOf(aliyun.im.createGroup(GROUP)))?.fault).toBe("unreachable");
    expect(machine.requests).toContain(KEY_PATH);
    expect(aliyun.log.join()).toContain("provides no credentials");
    expect(aliyun.log.join()).not.toContain("secret");
  });
});
