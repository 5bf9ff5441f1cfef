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
import { createParticipantRouter } from "../features/participant/router.js";
import { createRoomRouter } from "../features/room/router.js";
import { createStreamRouter } from "../features/stream/router.js";
import { createUploadRouter } from "../features/upload/router.js";
import { router } from "../trpc/root.js";
import type { Services } from "./services.js";

/** Creates the procedures from the services. */
export const createAppRouter = (services: Services) =>
  router({
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
    audit: createAuditRouter(services),
    upload: createUploadRouter(services),
    stream: createStreamRouter(services),
    installation: createInstallationRouter(services),
  });

/** The router with the server's own types. `AppRouter` has the types for clients. */
export type ServedRouter = ReturnType<typeof createAppRouter>;
