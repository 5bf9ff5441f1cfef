import type { AppRouter as ServerRouter } from "@invigil/server";
import type { inferRouterInputs, inferRouterOutputs, TRPCBuiltRouter } from "@trpc/server";

declare function written<Type>(): { [Key in keyof Type]: Type[Key] };

/**
 * Never called. A type that is inferred is written out in the declarations, member by member, whereas one
 * that is named would lead from the published package back into the server.
 */
const served = () => ({
  procedures: written<ServerRouter["_def"]["record"]>(),
  errorShape: written<ServerRouter["_def"]["_config"]["$types"]["errorShape"]>(),
});
type Served = ReturnType<typeof served>;

/** The procedures of the server, and how it reports failures: what a typed client is made from. */
export type AppRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: Served["errorShape"]; transformer: true },
  Served["procedures"]
>;

/** What each procedure takes: `RouterInputs["room"]["create"]`. */
export type RouterInputs = inferRouterInputs<AppRouter>;
/** What each procedure answers: `RouterOutputs["room"]["create"]`. */
export type RouterOutputs = inferRouterOutputs<AppRouter>;
