import {
  callerSchema,
  changePasswordInput,
  doneSchema,
  issuedTokenSchema,
  issueTokenInput,
  loginInput,
  revokeTokenInput,
  sessionSchema,
} from "@invigil/schema";
import { originOf } from "../../trpc/context.js";
import { admins, anyone, publicProcedure, teachers } from "../../trpc/procedures.js";
import type { IssuingService } from "./issuing.js";
import type { AuthService } from "./service.js";

export const createAuthProcedures = ({ auth, issuing }: { auth: AuthService; issuing: IssuingService }) => ({
  auth: {
    /** Returns the caller as the server identified them. */
    whoami: anyone("nothing")
      .meta({ sentence: "Returns who the caller is, as their token says." })
      .output(callerSchema)
      .query(({ ctx }) => ctx.caller),
    login: publicProcedure
      .meta({ sentence: "Exchanges a user id and a password for a token.", allowedWhenDiskFull: true })
      .input(loginInput)
      .output(sessionSchema)
      .mutation(({ ctx, input }) => auth.login(input, originOf(ctx, "auth.login"))),
    loginToDemo: publicProcedure
      .meta({
        sentence:
          "Signs in as the administrator of the demo without a password, for pages and programs of the server's own machine.",
        errors: ["FORBIDDEN"],
        allowedWhenDiskFull: true,
      })
      .output(sessionSchema)
      .mutation(({ ctx }) => auth.loginToDemo(originOf(ctx, "auth.loginToDemo"), ctx)),
    refresh: anyone("session")
      .meta({
        sentence: "Exchanges the token of a login session for a newer one.",
        audited: "none",
        access: "Only with the token of a login.",
        bodyKib: 4,
        allowedWhenDiskFull: true,
      })
      .output(sessionSchema)
      .mutation(async ({ ctx: { caller, open } }) => auth.refresh(caller, await open())),
    logout: anyone("session")
      .meta({ sentence: "Ends the login session of the token.", bodyKib: 4, allowedWhenDiskFull: true })
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open } }) => auth.logout(caller, await open())),
    changePassword: anyone("session")
      .meta({
        sentence: "Changes the password of the caller.",
        access: "Only with the token of a login.",
        bodyKib: 4,
        allowedWhenDiskFull: true,
      })
      .input(changePasswordInput)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => auth.changePassword(caller, await open(), input)),
    issueToken: teachers("room", "wholeExam", "unbound")
      .meta({
        sentence: "Issues a token for a person or a program.",
        audited: "access",
        access: "Teachers: for the people of their rooms.",
        errors: ["ROOM_NOT_FOUND", "EXAM_NOT_FOUND", "PARTICIPANT_NOT_FOUND", "EXAM_OVER"],
        allowedWhenDiskFull: true,
      })
      .input(issueTokenInput)
      .output(issuedTokenSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        issuing.issueToken(caller, () => open(input), input),
      ),
    revokeToken: admins("unbound")
      .meta({ sentence: "Revokes a token, which gets 401 from then on.", allowedWhenDiskFull: true })
      .input(revokeTokenInput)
      .output(doneSchema)
      .mutation(async ({ ctx: { open }, input }) => auth.revokeToken(await open(), input)),
  },
});
