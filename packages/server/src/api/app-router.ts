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

// The types for clients. They contain the procedures but no types of the server, so that published clients do not depend on the server's
// own dependencies.

interface Definition {
  input: unknown;
  output: unknown;
}
/** The input and output of a procedure, without the type of its meta. */
type ClientDefinition<Def extends Definition> = { input: Def["input"]; output: Def["output"]; meta: unknown };
type Strip<Record extends TRPCRouterRecord> = {
  [Key in keyof Record]: Record[Key] extends TRPCQueryProcedure<infer Def>
    ? TRPCQueryProcedure<ClientDefinition<Def>>
    : Record[Key] extends TRPCMutationProcedure<infer Def>
      ? TRPCMutationProcedure<ClientDefinition<Def>>
      : Record[Key] extends TRPCSubscriptionProcedure<infer Def>
        ? TRPCSubscriptionProcedure<ClientDefinition<Def>>
        : Record[Key] extends TRPCRouterRecord
          ? Strip<Record[Key]>
          : never;
};

declare function written<Type>(): { [Key in keyof Type]: Type[Key] };

/**
 * Never called. In declarations, the compiler writes out an inferred type member by member. It refers to a named type by its file, and
 * so to everything that the file imports.
 */
const served = () => ({
  procedures: written<Strip<ServedRouter["_def"]["record"]>>(),
  errorShape: written<(typeof rootConfig)["$types"]["errorShape"]>(),
});
type Served = ReturnType<typeof served>;

/** The type parameter of typed clients. */
export type AppRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: Served["errorShape"]; transformer: true },
  Served["procedures"]
>;

/** The procedures as functions, for in-process calls like `caller.room.get({ roomId })`. */
export type AppCaller = ReturnType<AppRouter["createCaller"]>;

/** The inputs of procedures, as in `RouterInputs["room"]["create"]`. */
export type RouterInputs = inferRouterInputs<AppRouter>;
/** The outputs of procedures, as in `RouterOutputs["room"]["create"]`. */
export type RouterOutputs = inferRouterOutputs<AppRouter>;
