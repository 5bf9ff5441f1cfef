import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import type { AppFixture } from "./support/app-fixture.js";
import { dataOf, rest, send, trpc } from "./support/calls.js";
import { openStaff, PASSWORD, ROOT, type Staff } from "./support/staff.js";

// The log lines that an operator needs after an incident: who tried what, on whose behalf, and from where.

const ADDRESS = "203.0.113.9";
const config = { trustedProxies: ["loopback"] };
const linesOf = ({ lines }: AppFixture, msg: string) => lines.filter((line) => line.msg === msg);
const logIn = (staff: Staff, username: string, password: string) =>
  send(staff, {
    method: "POST",
    path: "/login",
    json: { username, password },
    headers: { "x-forwarded-for": ADDRESS, "x-request-id": "my-id" },
  });

describe("a failed login", () => {
  it("is logged with the account and the client's address", async () => {
    await using staff = await openStaff({ config });
    await staff.account("t1");
    await staff.account("gone");
    await staff.admin("account.disable", { userId: "gone" });
    await logIn(staff, "t1", "not the password");
    await logIn(staff, "gone", PASSWORD);
    for (let n = 0; n < 5; n++) await logIn(staff, "t1", "not the password");
    const from = { reqId: "my-id", address: ADDRESS };
    expect(linesOf(staff, "login failed")).toEqual(
      ["t1", "gone", "t1", "t1", "t1", "t1", "t1"].map((userId, n) =>
        expect.objectContaining({
          ...from,
          userId,
          reason: userId === "gone" ? "ACCOUNT_DISABLED" : n === 6 ? "TOO_MANY_REQUESTS" : "WRONG_PASSWORD",
        }),
      ),
    );
  });

  it("does not write down a name that no account has: it may be a password", async () => {
    await using staff = await openStaff({ config });
    for (let n = 0; n < 6; n++) await logIn(staff, "hunter2, typed too early", "x");
    const lines = linesOf(staff, "login failed");
    expect(lines).toHaveLength(6);
    for (const line of lines) {
      expect(line).toMatchObject({ address: ADDRESS, reason: "UNKNOWN_NAME" });
      expect(line).not.toHaveProperty("userId");
    }
    expect(JSON.stringify(staff.lines)).not.toContain("hunter2");
  });

  it("is logged where somebody changes a password with a wrong one", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    const { token } = await staff.login("t1");
    await trpc(staff, token).mutate("auth.changePassword", {
      currentPassword: "not the password",
      newPassword: "another password",
    });
    expect(linesOf(staff, "login failed")).toEqual([
      expect.objectContaining({ userId: "t1", reason: "WRONG_PASSWORD" }),
    ]);
    expect(JSON.stringify(staff.lines)).not.toMatch(/not the password|another password/);
  });
});

describe("a token that is issued or revoked", () => {
  it("is logged with who asked, whom it is for, and its id", async () => {
    await using staff = await openStaff({ config });
    const teacher = await staff.token({ sub: "t1", role: "teacher" });
    const people = [{ userId: "e1", name: "E", role: "examinee" }];
    const { id: roomId } = (
      await trpc(staff, teacher).mutate("room.create", { name: "R", participants: people })
    ).data;
    const issued = (
      await trpc(staff, teacher).mutate("auth.issueToken", { userId: "e1", role: "examinee", roomId })
    ).data;
    const { tokenId } = issued;
    expect(linesOf(staff, "token issued")).toEqual([
      expect.objectContaining({
        by: "t1",
        userId: "e1",
        role: "examinee",
        roomId,
        tokenId,
        address: "127.0.0.1",
        reqId: expect.any(String),
        expiresAt: issued.expiresAt.toISOString(),
      }),
    ]);
    await staff.admin("auth.revokeToken", { tokenId });
    // The token was passed instead of its id.
    await staff.admin("auth.revokeToken", { tokenId: issued.token });
    const [revoked, mistaken] = linesOf(staff, "token revoked");
    expect(revoked).toMatchObject({ by: "root", tokenId });
    expect(mistaken).not.toHaveProperty("tokenId");
    await staff.admin("room.revokeLinks", { roomId, userIds: ["e1"] });
    expect(linesOf(staff, "links revoked")).toEqual([
      expect.objectContaining({ by: "root", roomId, userIds: ["e1"], seats: 1 }),
    ]);
    expect(JSON.stringify(staff.lines)).not.toContain(issued.token.split(".")[2]);
  });
});

describe("a call that is refused", () => {
  const request = (staff: Staff) => linesOf(staff, "request").at(-1);

  it("says why, and who called, by either entry point", async () => {
    await using staff = await openStaff();
    const teacher = await staff.token({ sub: "t1", role: "teacher" });
    await rest(staff, teacher).get("roomInfo", { roomId: "another's" });
    expect(request(staff)).toMatchObject({ userId: "t1", roomId: "another's", reason: "FORBIDDEN" });
    await trpc(staff, teacher).query("account.list", {});
    expect(request(staff)).toMatchObject({ userId: "t1", procedure: "account.list", reason: "FORBIDDEN" });
    await trpc(staff, await staff.token(ROOT)).query("room.get", { roomId: "none" });
    expect(request(staff)).toMatchObject({ userId: "root", reason: "ROOM_NOT_FOUND" });
    await trpc(staff, teacher).query("auth.whoami");
    expect(request(staff)).not.toHaveProperty("reason");
  });

  it("for its token says whose that was, where it was signed rightly", async () => {
    await using staff = await openStaff();
    await staff.account("boss", { role: "admin" });
    const { token } = await staff.login("boss");
    const short = await staff.token({ sub: "t1", role: "teacher" }, 60);
    await trpc(staff, token).mutate("auth.logout");
    staff.wait(60);
    for (const [bad, userId] of [
      [token, "boss"],
      [short, "t1"],
    ] as const) {
      await trpc(staff, bad).query("auth.whoami");
      expect(request(staff)).toMatchObject({ userId, reason: "UNAUTHENTICATED", status: 401 });
    }
    // Anyone can write any name into an unsigned token.
    for (const forged of [undefined, `${short.slice(0, -4)}AAAA`]) {
      await trpc(staff, forged).query("auth.whoami");
      expect(request(staff)).toMatchObject({ reason: "UNAUTHENTICATED" });
      expect(request(staff)).not.toHaveProperty("userId");
    }
    expect(decodeJwt(short).sub).toBe("t1");
  });

  it("of a batch says all reasons", async () => {
    await using staff = await openStaff();
    const teacher = await staff.token({ sub: "t1", role: "teacher" });
    const input = JSON.stringify({ 0: { json: { roomId: "x" } }, 1: { json: {} }, 2: { json: {} } });
    const path = "/trpc/room.get,account.list,room.get";
    await send(staff, { method: "GET", path, query: { batch: 1, input } }, teacher);
    expect(request(staff)).toMatchObject({ reason: expect.stringMatching(/FORBIDDEN/) });
    expect(String(request(staff)?.reason).split(",").toSorted()).toEqual(["FORBIDDEN", "INVALID_INPUT"]);
    dataOf(await rest(staff, teacher).post("selectAudio", {}));
  });
});
