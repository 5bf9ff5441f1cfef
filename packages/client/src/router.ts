import type { AppRouter as ServerRouter } from "@invigil/server";
import type { inferRouterInputs, inferRouterOutputs, TRPCBuiltRouter } from "@trpc/server";

declare function inferred<Type>(): { [Key in keyof Type]: Type[Key] };

/**
 * Never called. The compiler writes an inferred type into the declarations member by member. A named type
 * would make the published package depend on the server.
 */
const served = () => ({
  procedures: inferred<ServerRouter["_def"]["record"]>(),
  errorShape: inferred<ServerRouter["_def"]["_config"]["$types"]["errorShape"]>(),
});
type Served = ReturnType<typeof served>;

/** The type of the server's router: its procedures and its error shape. */
export type AppRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: Served["errorShape"]; transformer: true },
  Served["procedures"]
>;

/** The input of each procedure: `RouterInputs["room"]["create"]`. */
export type RouterInputs = inferRouterInputs<AppRouter>;
/** The output of each procedure: `RouterOutputs["room"]["create"]`. */
export type RouterOutputs = inferRouterOutputs<AppRouter>;
