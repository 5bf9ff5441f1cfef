import type { ErrorCode, ProviderDetails } from "@invigil/schema";
import type {
  inferRouterInputs,
  inferRouterOutputs,
  TRPC_ERROR_CODE_KEY,
  TRPC_ERROR_CODE_NUMBER,
  TRPCBuiltRouter,
} from "@trpc/server";
import type { Procedures } from "./procedures.js";

/** What the server says of an error. */
export interface ErrorShape {
  /** One sentence that says what is wrong. */
  message: string;
  /** The error code of JSON-RPC. */
  code: TRPC_ERROR_CODE_NUMBER;
  /** What programs read. */
  data: {
    /** The error code of tRPC. */
    code: TRPC_ERROR_CODE_KEY;
    /** The HTTP status. */
    httpStatus: number;
    /** The procedure that was called. */
    path: string | undefined;
    /** The stable name of the error. */
    reason: ErrorCode;
    /** The id of the request, which the server's log has. */
    requestId: string | undefined;
    /** What is wrong with the input, by field. */
    fieldErrors: Readonly<Record<string, string[]>>;
    /** After how many seconds the client may try again. */
    retryAfterSeconds?: number;
    /** The error of a vendor's service. For administrators only. */
    details?: ProviderDetails;
  };
}

/** The type of the server's router: its procedures and its error shape. */
export type AppRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: ErrorShape; transformer: true },
  Procedures
>;

/** The input of each procedure: `RouterInputs["room"]["create"]`. */
export type RouterInputs = inferRouterInputs<AppRouter>;
/** The output of each procedure: `RouterOutputs["room"]["create"]`. */
export type RouterOutputs = inferRouterOutputs<AppRouter>;
