// Also on PostgreSQL: names are locked while accounts are made.
import { parseOptions } from "@node-rs/argon2";
import { describe, expect, it } from "vitest";
import { accounts } from "../src/storage/tables.js";
import { trpc } from "./support/calls.js";
import { openStaff, PASSWORD, ROOT, START, type Staff, tokenState } from "./support/staff.js";
import { rowsOf } from "./support/tables.js";

const CLERK = { userId: "clerk", role: "teacher", name: " 李老师 ", password: PASSWORD };

/** Returns the error code for an administrator's call. */
const refusal = async (staff: Staff, path: string, input: unknown) => {
  const { error } = await trpc(staff, await staff.token(ROOT)).mutate(path, input);
  return { reason: error.data.reason, message: error.message, fields: Object.keys(error.data.fieldErrors) };
};
const list = async (staff: Staff, input: object = {}) =>
  (await trpc(staff, await staff.token(ROOT)).query("account.list", input)).data;
const idsOf = ({ accounts }: { accounts: { userId: string }[] }) => accounts.map(({ userId }) => userId);

describe("an account", () => {
  it("is made, without its password in the answer, and listed", async () => {
    await using staff = await openStaff();
    const account = {
      userId: "clerk",
      role: "teacher",
      name: "李老师",
      disabled: false,
      createdAt: new Date(START),
      updatedAt: new Date(START),
    };
    expect(await staff.admin("account.create", CLERK)).toStrictEqual(account);
    expect(await list(staff)).toStrictEqual({ accounts: [account] });
    const [stored] = await rowsOf(staff.db, accounts);
    expect(parseOptions(stored?.passwordHash ?? "")).toMatchObject({
      algorithm: 2,
      memoryCost: 19_456,
      timeCost: 2,
      parallelism: 1,
    });
  });

  it("is not made twice: the first stays as it is", async () => {
    await using staff = await openStaff();
    await staff.admin("account.create", CLERK);
    const again = { ...CLERK, role: "admin", name: "Other", password: "another password" };
    expect(await refusal(staff, "account.create", again)).toMatchObject({
      reason: "ACCOUNT_CONFLICT",
      message: expect.stringContaining("clerk"),
    });
    expect((await list(staff)).accounts).toMatchObject([{ role: "teacher", name: "李老师" }]);
    await staff.login("clerk");
  });

  it.each([
    [{ userId: "a b" }, "userId"],
    [{ userId: "pc_a" }, "userId"],
    [{ role: "examinee" }, "role"],
    [{ name: " " }, "name"],
    [{ password: "1234567" }, "password"],
    [{ password: "x".repeat(257) }, "password"],
    [{ password: undefined }, "password"],
    [{ password: "eight\u0000chars" }, "password"],
    [{ password: "eight\ud800chars" }, "password"],
    [{ name: "Ms\u001b[2JLi" }, "name"],
  ])("with %j is refused for its %s", async (different, field) => {
    await using staff = await openStaff();
    expect(await refusal(staff, "account.create", { ...CLERK, ...different })).toMatchObject({
      reason: "INVALID_INPUT",
      fields: [field],
    });
    expect((await list(staff)).accounts).toEqual([]);
  });

  it("may have any password of 8 to 256 characters", async () => {
    await using staff = await openStaff();
    for (const [n, password] of ["密码密码密码密码", "        ", "😀".repeat(128)].entries()) {
      await staff.account(`t${n}`, { password });
      await staff.login(`t${n}`, password);
    }
  });

  it("is listed by user id, page by page and by role", async () => {
    await using staff = await openStaff();
    for (const userId of ["d", "B", "a", "c"])
      await staff.account(userId, { role: userId === "c" ? "inspector" : "teacher" });
    const first = await list(staff, { pageSize: 3 });
    expect({ ids: idsOf(first), next: first.nextCursor }).toEqual({ ids: ["B", "a", "c"], next: "c" });
    const second = await list(staff, { pageSize: 3, cursor: first.nextCursor });
    expect({ ids: idsOf(second), next: second.nextCursor }).toEqual({ ids: ["d"], next: undefined });
    expect(idsOf(await list(staff, { role: "inspector" }))).toEqual(["c"]);
    const some = await list(staff, { role: "teacher", pageSize: 2 });
    expect(idsOf(some)).toEqual(["B", "a"]);
    expect(idsOf(await list(staff, { role: "teacher", pageSize: 2, cursor: some.nextCursor }))).toEqual([
      "d",
    ]);
  });
});

describe("disabling an account", () => {
  it("ends its logins, and no one else's, until it is enabled and logs in again", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    await staff.account("t2");
    const [first, second, other] = [
      await staff.login("t1"),
      await staff.login("t1"),
      await staff.login("t2"),
    ];
    staff.wait(1);
    expect(await staff.admin("account.disable", { userId: "t1" })).toMatchObject({
      userId: "t1",
      disabled: true,
      createdAt: new Date(START),
      updatedAt: new Date(START + 1000),
    });
    for (const { token } of [first, second]) expect(await tokenState(staff, token)).toBe("UNAUTHENTICATED");
    expect(await tokenState(staff, other.token)).toBe("ok");
    await expect(staff.login("t1")).rejects.toThrow("UNAUTHENTICATED");

    expect(await staff.admin("account.enable", { userId: "t1" })).toMatchObject({ disabled: false });
    expect(await tokenState(staff, first.token)).toBe("UNAUTHENTICATED");
    await staff.login("t1");
  });

  it("again changes nothing", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    const disabled = await staff.admin("account.disable", { userId: "t1" });
    staff.wait(10);
    expect(await staff.admin("account.disable", { userId: "t1" })).toEqual(disabled);
  });

  it("is nobody's own doing", async () => {
    await using staff = await openStaff();
    await staff.account("root", { role: "admin" });
    expect(await refusal(staff, "account.disable", { userId: "root" })).toMatchObject({
      reason: "ACCOUNT_CONFLICT",
      message: expect.stringContaining("your own"),
    });
    await staff.login("root");
  });
});

describe("setting a password", () => {
  it("ends the account's logins, and no one else's", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    await staff.account("t2");
    const [own, other] = [await staff.login("t1"), await staff.login("t2")];
    await staff.admin("account.setPassword", { userId: "t1", password: "another password" });
    expect(await tokenState(staff, own.token)).toBe("UNAUTHENTICATED");
    expect(await tokenState(staff, other.token)).toBe("ok");
    await expect(staff.login("t1")).rejects.toThrow("UNAUTHENTICATED");
    await staff.login("t1", "another password");
  });

  it("does not let a disabled account log in", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    await staff.admin("account.disable", { userId: "t1" });
    await staff.admin("account.setPassword", { userId: "t1", password: "another password" });
    await expect(staff.login("t1", "another password")).rejects.toThrow("UNAUTHENTICATED");
  });
});

it.each(["account.disable", "account.enable", "account.setPassword"])(
  "%s says when there is no such account",
  async (path) => {
    await using staff = await openStaff();
    const input = { userId: "nobody", password: PASSWORD };
    expect(await refusal(staff, path, input)).toMatchObject({
      reason: "ACCOUNT_NOT_FOUND",
      message: expect.stringContaining("nobody"),
    });
  },
);

it("administrators who logged in keep accounts, and lose that with their own", async () => {
  await using staff = await openStaff();
  await staff.account("boss", { role: "admin" });
  const { token } = await staff.login("boss");
  expect((await trpc(staff, token).mutate("account.create", CLERK)).status).toBe(200);
  await staff.admin("account.disable", { userId: "boss" });
  expect((await trpc(staff, token).query("account.list", {})).status).toBe(401);
});
