import type { AnyTRPCProcedure } from "@trpc/server";
import { createAccountProcedures } from "../features/account/router.js";
import { createAttemptProcedures } from "../features/attempt/router.js";
import { createAudioProcedures } from "../features/audio/router.js";
import { createAuditProcedures } from "../features/audit/router.js";
import { createAuthProcedures } from "../features/auth/router.js";
import { createCheatProcedures } from "../features/cheat/router.js";
import { createCheckProcedures } from "../features/check/router.js";
import { createDeliveryProcedures } from "../features/delivery/router.js";
import { createEntryProcedures } from "../features/entry/router.js";
import { createExamProcedures } from "../features/exam/router.js";
import { createHandProcedures } from "../features/hand/router.js";
import { createImProcedures } from "../features/im/router.js";
import { createImportProcedures } from "../features/import/router.js";
import { createInstallationProcedures } from "../features/installation/router.js";
import { createJoinProcedures } from "../features/join/router.js";
import { createOutboxProcedures } from "../features/outbox/router.js";
import { createParticipantProcedures } from "../features/participant/router.js";
import { createPlanProcedures } from "../features/plan/router.js";
import { createPresenceProcedures } from "../features/presence/router.js";
import { createRoomProcedures } from "../features/room/router.js";
import { createRosterProcedures } from "../features/roster/router.js";
import { createSeriesProcedures } from "../features/series/router.js";
import { createStreamProcedures } from "../features/stream/router.js";
import { createSubscriptionsProcedures } from "../features/subscriptions/router.js";
import { createUploadProcedures } from "../features/upload/router.js";
import { isAuditedRead } from "../trpc/procedures.js";
import { router } from "../trpc/root.js";
import type { Services } from "./services.js";

type Nouns = Readonly<Record<string, Readonly<Record<string, AnyTRPCProcedure>>>>;

/** The paths of the procedures of folders. @throws Error if two folders have the same one */
export const pathsOf = (folders: Readonly<Record<string, Nouns>>): readonly string[] => {
  const paths = new Map<string, string>();
  for (const [folder, nouns] of Object.entries(folders))
    for (const [noun, procedures] of Object.entries(nouns))
      for (const verb of Object.keys(procedures)) {
        const path = `${noun}.${verb}`;
        const other = paths.get(path);
        if (other !== undefined)
          throw new Error(`features/${folder} and features/${other} both have ${path}`);
        paths.set(path, folder);
      }
  return [...paths.keys()];
};

/** Creates the procedures from the services. It says which folders of `features/` have the procedures of a noun. */
export const createAppRouter = (services: Services) => {
  const reads = new Set<string>();
  const folders = {
    account: createAccountProcedures(services),
    attempt: createAttemptProcedures(services),
    audio: createAudioProcedures(services),
    audit: createAuditProcedures({ ...services, reads }),
    auth: createAuthProcedures(services),
    cheat: createCheatProcedures(services),
    check: createCheckProcedures(services),
    delivery: createDeliveryProcedures(services),
    entry: createEntryProcedures(services),
    exam: createExamProcedures(services),
    hand: createHandProcedures(services),
    im: createImProcedures(services),
    import: createImportProcedures(services),
    installation: createInstallationProcedures(services),
    join: createJoinProcedures(services),
    outbox: createOutboxProcedures(services),
    participant: createParticipantProcedures(services),
    plan: createPlanProcedures(services),
    presence: createPresenceProcedures(services),
    room: createRoomProcedures(services),
    roster: createRosterProcedures(services),
    series: createSeriesProcedures(services),
    stream: createStreamProcedures(services),
    subscriptions: createSubscriptionsProcedures(services),
    upload: createUploadProcedures(services),
  };
  const app = router({
    account: folders.account.account,
    attempt: folders.attempt.attempt,
    audio: folders.audio.audio,
    audit: folders.audit.audit,
    auth: folders.auth.auth,
    cheat: folders.cheat.cheat,
    exam: {
      ...folders.exam.exam,
      ...folders.attempt.exam,
      ...folders.check.exam,
      ...folders.entry.exam,
      ...folders.join.exam,
      ...folders.plan.exam,
      ...folders.room.exam,
      ...folders.roster.exam,
      ...folders.series.exam,
      ...folders.subscriptions.exam,
    },
    hand: folders.hand.hand,
    im: folders.im.im,
    installation: folders.installation.installation,
    outbox: folders.outbox.outbox,
    participant: {
      ...folders.participant.participant,
      ...folders.attempt.participant,
      ...folders.check.participant,
      ...folders.entry.participant,
      ...folders.import.participant,
      ...folders.roster.participant,
    },
    room: {
      ...folders.room.room,
      ...folders.delivery.room,
      ...folders.join.room,
      ...folders.presence.room,
      ...folders.subscriptions.room,
    },
    stream: folders.stream.stream,
    upload: folders.upload.upload,
  });
  // Safe: at run time this is a flat record, although its type is nested.
  const procedures = app._def.procedures as unknown as Readonly<Record<string, AnyTRPCProcedure>>;
  const missing = pathsOf(folders).find((path) => !procedures[path]);
  if (missing !== undefined) throw new Error(`${missing} is missing from the router`);
  for (const [name, procedure] of Object.entries(procedures)) if (isAuditedRead(procedure)) reads.add(name);
  return app;
};

/** The router with the server's own types. `AppRouter` has the types for clients. */
export type ServedRouter = ReturnType<typeof createAppRouter>;
