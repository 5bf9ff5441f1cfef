import {
  accountPageSchema,
  accountRef,
  accountSchema,
  createAccountInput,
  listAccountsInput,
  setPasswordInput,
} from "@invigil/schema";
import { adminProcedure } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import type { AccountService } from "./service.js";

export const createAccountRouter = ({ account }: { account: AccountService }) =>
  router({
    create: adminProcedure
      .input(createAccountInput)
      .output(accountSchema)
      .mutation(({ ctx, input }) => account.create(ctx.caller, input)),
    list: adminProcedure
      .meta({ longAnswer: true })
      .input(listAccountsInput)
      .output(accountPageSchema)
      .query(({ ctx, input }) => account.list(ctx.caller, input)),
    disable: adminProcedure
      .meta({ alsoWhenFull: true })
      .input(accountRef)
      .output(accountSchema)
      .mutation(({ ctx, input }) => account.disable(ctx.caller, input.userId)),
    enable: adminProcedure
      .input(accountRef)
      .output(accountSchema)
      .mutation(({ ctx, input }) => account.enable(ctx.caller, input.userId)),
    setPassword: adminProcedure
      .meta({ alsoWhenFull: true })
      .input(setPasswordInput)
      .output(accountSchema)
      .mutation(({ ctx, input }) => account.setPassword(ctx.caller, input)),
  });
