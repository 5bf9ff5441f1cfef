import type { AnyTRPCProcedure } from "@trpc/server";
import { createAccountRouter } from "../features/account/router.js";
import { createAttemptRouter } from "../features/attempt/router.js";
import { createAudioRouter } from "../features/audio/router.js";
import { createAuditRouter } from "../features/audit/router.js";
import { createAuthRouter } from "../features/auth/router.js";
import { createCheatRouter } from "../features/cheat/router.js";
import { createExamRouter } from "../features/exam/router.js";
import { createHandRouter } from "../features/hand/router.js";
import { createImRouter } from "../features/im/router.js";
import { createInstallationRouter } from "../features/installation/router.js";
import { createOutboxRouter } from "../features/outbox/router.js";
import { createParticipantRouter } from "../features/participant/router.js";
import { createRoomRouter } from "../features/room/router.js";
import { createStreamRouter } from "../features/stream/router.js";
import { createUploadRouter } from "../features/upload/router.js";
import { isAuditedRead } from "../trpc/procedures.js";
import { router } from "../trpc/root.js";
import type { Services } from "./services.js";

/** Creates the procedures from the services. */
export const createAppRouter = (services: Services) => {
  const reads = new Set<string>();
  const app = router({
    auth: createAuthRouter(services),
    account: createAccountRouter(services),
    room: createRoomRouter(services),
    exam: createExamRouter(services),
    participant: createParticipantRouter(services),
    attempt: createAttemptRouter(services),
    audio: createAudioRouter(services),
    cheat: createCheatRouter(services),
    hand: createHandRouter(services),
    im: createImRouter(services),
    audit: createAuditRouter({ ...services, reads }),
    outbox: createOutboxRouter(services),
    upload: createUploadRouter(services),
    stream: createStreamRouter(services),
    installation: createInstallationRouter(services),
  });
  // Safe: at run time this is a flat record, although its type is nested.
  const procedures = app._def.procedures as unknown as Readonly<Record<string, AnyTRPCProcedure>>;
  for (const [name, procedure] of Object.entries(procedures)) if (isAuditedRead(procedure)) reads.add(name);
  return app;
};

/** The router with the server's own types. `AppRouter` has the types for clients. */
export type ServedRouter = ReturnType<typeof createAppRouter>;
