import type { AnyTRPCRouter } from "@trpc/server";
import type { FastifyHandlerOptions } from "@trpc/server/adapters/fastify";
import type { TRPCRequestInfo } from "@trpc/server/http";
import type { FastifyReply, FastifyRequest } from "fastify";

/** The options of tRPC's Fastify adapter, for any router. */
export type TRPCOptions = FastifyHandlerOptions<AnyTRPCRouter, FastifyRequest, FastifyReply>;

/** A call of a request, as tRPC describes it to `createContext`. */
export type RequestCall = TRPCRequestInfo["calls"][number];

/** Handles one request. tRPC's `fastifyRequestHandler` is such a function. */
export type Fallback = (
  options: TRPCOptions & { req: FastifyRequest; res: FastifyReply; path: string },
) => Promise<void>;

/** The options that tRPC's adapter does not have. */
export interface RequestHandlerOptions {
  /** Handles the requests that the fast path does not. Default: `fastifyRequestHandler` of `@trpc/server/adapters/fastify`. */
  readonly fallback?: Fallback;
  /**
   * Whether procedures get a `signal` that aborts when the client disconnects. Default: `true`. Without it a call is faster, most of all
   * on Node 20. `info.signal` in `createContext` is there in either case.
   */
  readonly signals?: boolean;
  /** How much work a call of a batch is, for example how many rows it reads. Default: 1 for every call. */
  readonly weightOf?: (call: RequestCall) => number;
  /** The weight of the calls that a batch starts before the event loop serves other requests. Default: 400. */
  readonly weightPerTurn?: number;
  /** The characters of a batch's answers that are written before the event loop serves other requests. Default: 200,000. */
  readonly charactersPerTurn?: number;
}
