import type {
  inferRouterInputs,
  inferRouterOutputs,
  TRPCBuiltRouter,
  TRPCMutationProcedure,
  TRPCQueryProcedure,
  TRPCRouterRecord,
  TRPCSubscriptionProcedure,
} from "@trpc/server";
import { createAccountRouter } from "./features/account/router.js";
import { createAudioRouter } from "./features/audio/router.js";
import { createAuthRouter } from "./features/auth/router.js";
import { createCheatRouter } from "./features/cheat/router.js";
import { createExamRouter } from "./features/exam/router.js";
import { createImRouter } from "./features/im/router.js";
import { createParticipantRouter } from "./features/participant/router.js";
import { createRoomRouter } from "./features/room/router.js";
import { createStreamRouter } from "./features/stream/router.js";
import { createUploadRouter } from "./features/upload/router.js";
import type { Services } from "./services.js";
import { type rootConfig, router } from "./trpc.js";

/** Services → procedures. */
export const createAppRouter = (services: Services) =>
  router({
    auth: createAuthRouter(services),
    account: createAccountRouter(services),
    room: createRoomRouter(services),
    exam: createExamRouter(services),
    participant: createParticipantRouter(services),
    audio: createAudioRouter(services),
    cheat: createCheatRouter(services),
    im: createImRouter(services),
    upload: createUploadRouter(services),
    stream: createStreamRouter(services),
  });

/** The router as the server runs it; its types name the server's context. */
export type ServedRouter = ReturnType<typeof createAppRouter>;

// What clients see: the procedures and nothing of the server behind them, so that a published client needs none of its types.
type ErrorShape = (typeof rootConfig)["$types"]["errorShape"];
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
/** The type that a typed client is made from. */
export type AppRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: ErrorShape; transformer: true },
  Strip<ServedRouter["_def"]["record"]>
>;

export type RouterInputs = inferRouterInputs<AppRouter>;
export type RouterOutputs = inferRouterOutputs<AppRouter>;
