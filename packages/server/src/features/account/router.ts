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
import { admins, staff } from "../../trpc/procedures.js";
import type { AccountService } from "./service.js";

export const createAccountProcedures = ({ account }: { account: AccountService }) => ({
  account: {
    create: admins("unbound")
      .meta({ sentence: "Creates an account.", errors: ["ACCOUNT_CONFLICT"] })
      .input(createAccountInput)
      .output(accountSchema)
      .mutation(async ({ ctx: { open }, input }) => account.create(await open(), input)),
    list: admins("unbound")
      .meta({ sentence: "Returns the accounts.", audited: "access", longAnswer: true })
      .input(listAccountsInput)
      .output(accountPageSchema)
      .query(async ({ ctx: { open }, input }) => account.list(await open(), input)),
    disable: admins("unbound")
      .meta({
        sentence: "Disables an account, and ends its sessions.",
        errors: ["ACCOUNT_NOT_FOUND", "ACCOUNT_CONFLICT"],
        allowedWhenDiskFull: true,
      })
      .input(accountRef)
      .output(accountSchema)
      .mutation(async ({ ctx: { open }, input }) => account.disable(await open(), input.userId)),
    enable: admins("unbound")
      .meta({ sentence: "Enables a disabled account.", errors: ["ACCOUNT_NOT_FOUND"] })
      .input(accountRef)
      .output(accountSchema)
      .mutation(async ({ ctx: { open }, input }) => account.enable(await open(), input.userId)),
    setPassword: admins("unbound")
      .meta({
        sentence: "Sets the password of an account.",
        errors: ["ACCOUNT_NOT_FOUND"],
        allowedWhenDiskFull: true,
      })
      .input(setPasswordInput)
      .output(accountSchema)
      .mutation(async ({ ctx: { open }, input }) => account.setPassword(await open(), input)),
    listSessions: staff("unbound")
      .meta({
        sentence: "Returns who is signed in.",
        access: "Teachers and inspectors: their own sessions.",
        audited: "access",
        longAnswer: true,
      })
      .input(listSessionsInput)
      .output(sessionPageSchema)
      .query(async ({ ctx: { open }, input }) => account.listSessions(await open(), input)),
    endSession: staff("unbound")
      .meta({
        sentence: "Ends a session: its tokens get 401 from then on.",
        access: "Teachers and inspectors: their own sessions, with the token of a login.",
        allowedWhenDiskFull: true,
      })
      .input(sessionRef)
      .output(endedSessionSchema)
      .mutation(async ({ ctx: { open }, input }) => account.endSession(await open(), input.sessionId)),
  },
});
