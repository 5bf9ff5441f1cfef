import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { openAppFixture } from "./support/app-fixture.js";
import { trpc } from "./support/calls.js";
import { APPS, openExamsFixture } from "./support/exams-fixture.js";
import { openIdentityService } from "./support/identity-service.js";
import { refused } from "./support/reason.js";

// `pc_<id>` is the login of a person's PC page, and `<stream>_pc` the name of its stream. A person with such an
// id would be confused with the second camera of another person, so every entry point refuses it.
const IDS = ["pc_examinee1", "examinee1_pc", "pc_", "_pc"];

describe.each(IDS)("the id %s", (userId) => {
  it("is refused in a token of the server's own secret", async () => {
    await using appFixture = await openAppFixture();
    // Signed by another program with the secret, since our own refuses to sign it.
    const claims = { sub: userId, role: "examinee", exp: appFixture.clock().getTime() / 1000 + 60 };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode(appFixture.secret));
    const { status, error } = await trpc(appFixture, token).query("auth.whoami");
    expect({ status, reason: error.data.reason }).toEqual({ status: 401, reason: "UNAUTHENTICATED" });
    expect(error.message).toContain("sub");
    expect(() => appFixture.token({ sub: userId, role: "examinee" })).toThrow(/sub/);
  });

  it.each(["sub", "employee.id"])(
    "is refused in an identity service's token, from the claim %s",
    async (claim) => {
      await using service = await openIdentityService();
      const key = await service.makeKey("first");
      service.publish(key);
      const now = Math.floor(Date.now() / 1000);
      const issuer = "https://id.school.example";
      const jwks = { url: service.url, issuer, audience: "invigil", claims: { sub: claim }, roles: {} };
      await using appFixture = await openAppFixture({ config: { jwks }, now: () => new Date() });
      const whoami = async (id: string) => {
        const claims = {
          sub: id,
          employee: { id },
          role: "teacher",
          iss: issuer,
          aud: "invigil",
          exp: now + 60,
        };
        return (
          (await trpc(appFixture, await key.sign(claims)).query("auth.whoami")).error?.data.reason ?? "ok"
        );
      };
      expect([await whoami(userId), await whoami("examinee1")]).toEqual(["UNAUTHENTICATED", "ok"]);
    },
  );

  it("is refused by every procedure that makes a person, an account or a token", async () => {
    await using fixture = await openExamsFixture({ config: { apps: APPS } });
    const { admin, teacher, room } = fixture;
    const { id: roomId, examId } = room;
    const person = { userId, name: "Somebody", role: "examinee" } as const;
    const file = Buffer.from(`id,name,room\n${userId},Somebody,${roomId}\n`).toString("base64");
    const calls = [
      () => admin.auth.issueToken({ userId, role: "examinee" }),
      () => admin.auth.issueToken({ userId, role: "examinee", examId }),
      () => admin.auth.issueToken({ userId, role: "examinee", roomId }),
      () => teacher.auth.issueToken({ userId, role: "examinee", roomId }),
      () => admin.account.create({ userId, name: "Somebody", role: "teacher", password: "a password" }),
      () => admin.room.create({ name: "R", participants: [person] }),
      () => teacher.participant.add({ roomId, participants: [person] }),
      () => teacher.participant.import({ examId, file }),
      () =>
        teacher.participant.import({
          examId,
          file: Buffer.from(`id,name\n${userId},Somebody\n`).toString("base64"),
          roomId,
        }),
    ];
    for (const call of calls) {
      const { reason, message } = await refused(call());
      expect({ call: call.toString(), reason }).toMatchObject({ reason: "INVALID_INPUT" });
      expect(message).toMatch(/'(pc_|_pc)'/);
    }
    // No person has that id, so there is nobody to create a link for.
    const links = await teacher.room.joinLinks({ roomId });
    expect(links.map((link) => link.userId)).not.toContain(userId);
  });
});
