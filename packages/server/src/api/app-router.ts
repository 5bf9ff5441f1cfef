import type {
  inferRouterInputs,
  inferRouterOutputs,
  TRPCBuiltRouter,
  TRPCMutationProcedure,
  TRPCQueryProcedure,
  TRPCRouterRecord,
  TRPCSubscriptionProcedure,
} from "@trpc/server";
import type { rootConfig } from "../trpc/root.js";
import type { ServedRouter } from "./router.js";

// What clients see: the procedures and nothing of the server behind them, so that neither a published client nor a test of an app
// needs the types of what the server is made of.

interface Definition {
  input: unknown;
  output: unknown;
}
/** What a call takes and answers, without what the server notes about it. */
type Told<Def extends Definition> = { input: Def["input"]; output: Def["output"]; meta: unknown };
type Strip<Record extends TRPCRouterRecord> = {
  [Key in keyof Record]: Record[Key] extends TRPCQueryProcedure<infer Def>
    ? TRPCQueryProcedure<Told<Def>>
    : Record[Key] extends TRPCMutationProcedure<infer Def>
      ? TRPCMutationProcedure<Told<Def>>
      : Record[Key] extends TRPCSubscriptionProcedure<infer Def>
        ? TRPCSubscriptionProcedure<Told<Def>>
        : Record[Key] extends TRPCRouterRecord
          ? Strip<Record[Key]>
          : never;
};

declare function written<Type>(): { [Key in keyof Type]: Type[Key] };

/**
 * Never called. The compiler writes an inferred type out in the declarations, member by member, whereas it refers to
 * a named one by its file, and so to everything that file imports.
 */
const served = () => ({
  procedures: written<Strip<ServedRouter["_def"]["record"]>>(),
  errorShape: written<(typeof rootConfig)["$types"]["errorShape"]>(),
});
type Served = ReturnType<typeof served>;

/** The type that a typed client is made from. */
export type AppRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: Served["errorShape"]; transformer: true },
  Served["procedures"]
>;

/** The procedures as functions, for calls in-process: `caller.room.get({ roomId })`. */
export type AppCaller = ReturnType<AppRouter["createCaller"]>;

/** What each procedure takes: `RouterInputs["room"]["create"]`. */
export type RouterInputs = inferRouterInputs<AppRouter>;
/** What each procedure answers: `RouterOutputs["room"]["create"]`. */
export type RouterOutputs = inferRouterOutputs<AppRouter>;
