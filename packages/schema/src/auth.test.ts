import { describe, expect, it } from "vitest";
import { claimsSchema, roles } from "./auth.js";

const claims = { sub: "t1", role: "teacher", exp: 1 };
const faultAt = (different: Record<string, unknown>) =>
  claimsSchema.safeParse({ ...claims, ...different }).error?.issues[0]?.path[0];

describe("claims", () => {
  it("need a subject, a role and an expiry", () => {
    expect(claimsSchema.parse(claims)).toEqual(claims);
    for (const claim of ["sub", "role", "exp"]) expect(faultAt({ [claim]: undefined })).toBe(claim);
  });

  it("know four roles", () => {
    expect(roles.map((role) => faultAt({ role }))).toEqual([undefined, undefined, undefined, undefined]);
    for (const role of ["root", "Teacher", "", null, ["teacher"]]) expect(faultAt({ role })).toBe("role");
  });

  it("take any printable subject of 1 to 128 characters", () => {
    for (const sub of ["a", "Ann Lee", "学生1", "😀", "s".repeat(128)])
      expect(faultAt({ sub })).toBeUndefined();
    for (const sub of ["", " a", "a ", "a\nb", "a\u0000b", "a\u200Bb", "\uD83D", "s".repeat(129), 1])
      expect(faultAt({ sub })).toBe("sub");
  });

  it("bind to a room or an exam by an id that is not empty", () => {
    expect(claimsSchema.parse({ ...claims, room: "r", exam: "e" })).toMatchObject({ room: "r", exam: "e" });
    expect(faultAt({ room: "" })).toBe("room");
    expect(faultAt({ exam: 7 })).toBe("exam");
  });

  it.each(["a\u0000b", "a\uD83D"])("refuse the id %j, which no database can look up", (id) => {
    for (const claim of ["room", "exam", "jti", "sid"]) expect(faultAt({ [claim]: id })).toBe(claim);
  });

  it("trim the name", () => {
    expect(claimsSchema.parse({ ...claims, name: " Ann " }).name).toBe("Ann");
    for (const name of [" ", "n".repeat(65), 1]) expect(faultAt({ name })).toBe("name");
  });

  it.each(["a\u0000b", "a\uD83D"])("refuse the name %j, which no database keeps", (name) => {
    expect(faultAt({ name })).toBe("name");
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300, "1"])(
    "refuse the expiry %j, which is no date",
    (exp) => {
      expect(faultAt({ exp })).toBe("exp");
    },
  );

  it("leave other claims out", () => {
    expect(claimsSchema.parse({ ...claims, iss: "x", aud: "y" })).toEqual(claims);
  });
});
