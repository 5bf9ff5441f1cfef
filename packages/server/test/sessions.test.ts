// Also on PostgreSQL: a session that ends, ends on every server.
import { describe, expect, it } from "vitest";
import { auditEntries } from "../src/storage/tables.js";
import { trpc } from "./support/calls.js";
import { openStaff, PASSWORD, ROOT, type Staff, tokenState } from "./support/staff.js";
import { rowsOf } from "./support/tables.js";

interface Shown {
  readonly id: string;
  readonly userId: string;
  readonly isOwn: boolean;
}
/** An app with two teachers who are signed in, one of them twice. */
const openSignedIn = async () => {
  const staff = await openStaff();
  for (const userId of ["t1", "t2"])
    await staff.admin("account.create", { userId, role: "teacher", name: userId, password: PASSWORD });
  const tokens = [
    (await staff.login("t1")).token,
    (await staff.login("t1")).token,
    (await staff.login("t2")).token,
  ] as const;
  const list = async (token: string, input: object = {}) => {
    const { data, error } = await trpc(staff, token).query("account.listSessions", input);
    return error ? error.data.reason : (data.sessions as Shown[]);
  };
  const end = async (token: string, sessionId: string) => {
    const { data, error } = await trpc(staff, token).mutate("account.endSession", { sessionId });
    return error ? error.data.reason : data.ended;
  };
  return {
    staff,
    tokens,
    list,
    end,
    admin: await staff.token(ROOT),
    [Symbol.asyncDispose]: () => staff[Symbol.asyncDispose](),
  };
};
const states = (staff: Staff, tokens: readonly string[]) =>
  Promise.all(tokens.map((token) => tokenState(staff, token)));

describe("sessions", () => {
  it("are listed to their person, with their own marked, and all of them to administrators", async () => {
    await using signedIn = await openSignedIn();
    const { tokens, list, admin } = signedIn;
    const [first] = tokens;
    const own = await list(first);
    expect(own).toMatchObject([
      { userId: "t1", isOwn: false },
      { userId: "t1", isOwn: true },
    ]);
    expect(JSON.stringify(own)).not.toContain(first);
    expect(await list(first, { userId: "t2" })).toBe("FORBIDDEN");
    expect(await list(admin)).toMatchObject([{ userId: "t2" }, { userId: "t1" }, { userId: "t1" }]);
    expect(await list(admin, { userId: "t2" })).toMatchObject([{ userId: "t2", isOwn: false }]);
  });

  it("end at once: by their person, who can end no other, and by administrators", async () => {
    await using signedIn = await openSignedIn();
    const { staff, tokens, list, end, admin } = signedIn;
    const [first, , third] = tokens;
    const [other] = (await list(first)) as Shown[];
    expect(await end(third, other?.id ?? "")).toBe(false);
    expect(await states(staff, tokens)).toEqual(["ok", "ok", "ok"]);
    expect(await end(first, other?.id ?? "")).toBe(true);
    expect(await states(staff, tokens)).toEqual(["ok", "UNAUTHENTICATED", "ok"]);
    expect(await end(first, other?.id ?? "")).toBe(false);
    const [ofAnother] = (await list(admin, { userId: "t2" })) as Shown[];
    expect(await end(admin, ofAnother?.id ?? "")).toBe(true);
    expect(await states(staff, tokens)).toEqual(["ok", "UNAUTHENTICATED", "UNAUTHENTICATED"]);
  });

  it("leave an entry in the audit, and a text that is no session's id leaves none", async () => {
    await using signedIn = await openSignedIn();
    const { staff, end, list, admin } = signedIn;
    const [session] = (await list(admin, { userId: "t2" })) as Shown[];
    expect(await end(admin, "pasted")).toBe(false);
    expect(await end(admin, session?.id ?? "")).toBe(true);
    const entries = await rowsOf(staff.db, auditEntries);
    expect(entries.filter(({ procedure }) => procedure === "account.endSession")).toMatchObject([
      { actorId: ROOT.sub, subject: session?.id },
    ]);
  });
});
