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
import { adminProcedure, anyoneProcedure, publicProcedure, staffProcedure } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import type { IssuingService } from "./issuing.js";
import type { AuthService } from "./service.js";

export const createAuthRouter = ({ auth, issuing }: { auth: AuthService; issuing: IssuingService }) =>
  router({
    /** Returns the caller as the server identified them. */
    whoami: anyoneProcedure
      .meta({ sentence: "Returns who the caller is, as their token says." })
      .output(callerSchema)
      .query(({ ctx }) => ctx.caller),
    login: publicProcedure
      .meta({ sentence: "Exchanges a user id and a password for a token.", alsoWhenFull: true })
      .input(loginInput)
      .output(sessionSchema)
      .mutation(({ ctx, input }) => auth.login(input, originOf(ctx, "auth.login"))),
    loginToDemo: publicProcedure
      .meta({
        sentence:
          "Signs in as the administrator of the demo without a password, for pages and programs of the server's own machine.",
        errors: ["FORBIDDEN"],
        alsoWhenFull: true,
      })
      .output(sessionSchema)
      .mutation(({ ctx }) => auth.loginToDemo(originOf(ctx, "auth.loginToDemo"), ctx)),
    refresh: anyoneProcedure
      .meta({
        sentence: "Exchanges the token of a login session for a newer one.",
        audited: "none",
        access: "Only with the token of a login.",
        bodyKib: 4,
        alsoWhenFull: true,
      })
      .output(sessionSchema)
      .mutation(({ ctx }) => auth.refresh(ctx.caller)),
    logout: anyoneProcedure
      .meta({ sentence: "Ends the login session of the token.", bodyKib: 4, alsoWhenFull: true })
      .output(doneSchema)
      .mutation(({ ctx }) => auth.logout(ctx.caller)),
    changePassword: anyoneProcedure
      .meta({
        sentence: "Changes the password of the caller.",
        access: "Only with the token of a login.",
        bodyKib: 4,
        alsoWhenFull: true,
      })
      .input(changePasswordInput)
      .output(doneSchema)
      .mutation(({ ctx, input }) => auth.changePassword(ctx.caller, input)),
    issueToken: staffProcedure
      .meta({
        sentence: "Issues a token for a person or a program.",
        audited: "access",
        access: "Teachers: for the people of their rooms.",
        errors: ["ROOM_NOT_FOUND", "EXAM_NOT_FOUND", "PARTICIPANT_NOT_FOUND", "EXAM_OVER"],
        alsoWhenFull: true,
      })
      .input(issueTokenInput)
      .output(issuedTokenSchema)
      .mutation(({ ctx, input }) => issuing.issueToken(ctx.caller, input)),
    revokeToken: adminProcedure
      .meta({ sentence: "Revokes a token, which gets 401 from then on.", alsoWhenFull: true })
      .input(revokeTokenInput)
      .output(doneSchema)
      .mutation(({ ctx, input }) => auth.revokeToken(ctx.caller, input)),
  });
