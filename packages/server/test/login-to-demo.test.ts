// Also on PostgreSQL: a session starts in the transaction that counts logins.
import { describe, expect, it } from "vitest";
import { trpc, unpack } from "./support/calls.js";
import { shared } from "./support/shared.js";
import { openStaff, PASSWORD, type Staff, tokenState } from "./support/staff.js";

interface Call {
  readonly remoteAddress?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Signs in to the demo as a program of this machine does, unless the call says something else. */
const enter = async (staff: Staff, { remoteAddress = "127.0.0.1", headers = {} }: Call = {}) => {
  const {
    statusCode,
    headers: answered,
    payload,
  } = await staff.inject({
    method: "POST",
    url: "/trpc/auth.loginToDemo",
    remoteAddress,
    headers: { host: "127.0.0.1:7001", "content-type": "application/json", ...headers },
  });
  return unpack({ status: statusCode, headers: answered, text: payload, body: JSON.parse(payload) });
};

const openDemo = async (): Promise<Staff> => {
  const staff = await openStaff({ isDemo: true });
  await staff.account("demo", { role: "admin", name: "Demo" });
  return staff;
};

describe("signing in to the demo without a password", () => {
  const demo = shared(openDemo);

  it.each<[string, Call]>([
    ["a program", {}],
    ["a program over IPv6", { remoteAddress: "::1", headers: { host: "[::1]:7001" } }],
    ["a program over IPv4 in IPv6", { remoteAddress: "::ffff:127.0.0.1", headers: { host: "localhost" } }],
    ["the console", { headers: { origin: "http://127.0.0.1:7001", "sec-fetch-site": "same-origin" } }],
    [
      "a page in development",
      { headers: { origin: "http://localhost:5173", "sec-fetch-site": "same-site" } },
    ],
  ])("works for %s of this machine", async (_, call) => {
    const { status, data } = await enter(demo(), call);
    expect({ status, data }).toMatchObject({ status: 200, data: { userId: "demo", role: "admin" } });
    expect(await tokenState(demo(), data.token)).toBe("ok");
  });

  it.each<[string, Call]>([
    ["another machine", { remoteAddress: "192.0.2.7" }],
    ["another machine over IPv6", { remoteAddress: "2001:db8::7" }],
    ["somebody behind a proxy of this machine", { headers: { "x-forwarded-for": "127.0.0.1" } }],
    [
      "somebody behind a proxy that says so in the standard's words",
      { headers: { forwarded: "for=127.0.0.1" } },
    ],
    ["a foreign page", { headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site" } }],
    ["a page without an origin", { headers: { origin: "null" } }],
    ["a form or a link of a foreign page", { headers: { "sec-fetch-site": "cross-site" } }],
    ["a page that gave its own name this machine's address", { headers: { host: "evil.example:7001" } }],
  ])("is refused for %s", async (_, call) => {
    const { status, error } = await enter(demo(), call);
    expect({ status, reason: error?.data.reason }).toEqual({ status: 403, reason: "FORBIDDEN" });
  });

  it("starts a session like any other: it can be refreshed, ends with the account, and is in the audit", async () => {
    await using staff = await openDemo();
    const { data: session } = await enter(staff);
    const { data } = await trpc(staff, session.token).query("audit.list", { actorId: "demo" });
    expect(data.entries).toMatchObject([
      { actorId: "demo", procedure: "auth.loginToDemo", credential: "account", outcome: "ok" },
    ]);
    await staff.admin("account.disable", { userId: "demo" });
    expect(await tokenState(staff, session.token)).toBe("UNAUTHENTICATED");
    expect(await enter(staff)).toMatchObject({ status: 403 });
    expect(JSON.stringify(staff.lines)).not.toContain(session.token);
  });
});

it("a server without the demo refuses it, whatever its accounts are", async () => {
  await using staff = await openStaff();
  await staff.account("demo", { role: "admin", password: PASSWORD });
  expect(await enter(staff)).toMatchObject({ status: 403, error: { data: { reason: "FORBIDDEN" } } });
});
