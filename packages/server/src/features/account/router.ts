import {
  accountPageSchema,
  accountRef,
  accountSchema,
  createAccountInput,
  endedSessionSchema,
  listAccountsInput,
  listSessionsInput,
  sessionPageSchema,
  sessionRef,
  setPasswordInput,
} from "@invigil/schema";
import { adminProcedure, watcherProcedure } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import type { AccountService } from "./service.js";

export const createAccountRouter = ({ account }: { account: AccountService }) =>
  router({
    create: adminProcedure
      .meta({ sentence: "Creates an account.", errors: ["ACCOUNT_CONFLICT"] })
      .input(createAccountInput)
      .output(accountSchema)
      .mutation(({ ctx, input }) => account.create(ctx.caller, input)),
    list: adminProcedure
      .meta({ sentence: "Returns the accounts.", audited: "access", longAnswer: true })
      .input(listAccountsInput)
      .output(accountPageSchema)
      .query(({ ctx, input }) => account.list(ctx.caller, input)),
    disable: adminProcedure
      .meta({
        sentence: "Bars an account from logging in, and ends its sessions.",
        errors: ["ACCOUNT_NOT_FOUND", "ACCOUNT_CONFLICT"],
        alsoWhenFull: true,
      })
      .input(accountRef)
      .output(accountSchema)
      .mutation(({ ctx, input }) => account.disable(ctx.caller, input.userId)),
    enable: adminProcedure
      .meta({ sentence: "Lets an account log in again.", errors: ["ACCOUNT_NOT_FOUND"] })
      .input(accountRef)
      .output(accountSchema)
      .mutation(({ ctx, input }) => account.enable(ctx.caller, input.userId)),
    setPassword: adminProcedure
      .meta({
        sentence: "Sets the password of an account.",
        errors: ["ACCOUNT_NOT_FOUND"],
        alsoWhenFull: true,
      })
      .input(setPasswordInput)
      .output(accountSchema)
      .mutation(({ ctx, input }) => account.setPassword(ctx.caller, input)),
    listSessions: watcherProcedure
      .meta({
        sentence: "Returns who is signed in.",
        access: "Teachers and inspectors: their own sessions.",
        audited: "access",
        longAnswer: true,
      })
      .input(listSessionsInput)
      .output(sessionPageSchema)
      .query(({ ctx, input }) => account.listSessions(ctx.caller, input)),
    endSession: watcherProcedure
      .meta({
        sentence: "Ends a session: its tokens get 401 from then on.",
        access: "Teachers and inspectors: their own sessions, with the token of a login.",
        alsoWhenFull: true,
      })
      .input(sessionRef)
      .output(endedSessionSchema)
      .mutation(({ ctx, input }) => account.endSession(ctx.caller, input.sessionId)),
  });
