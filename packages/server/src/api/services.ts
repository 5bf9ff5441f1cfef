import { EventEmitter } from "node:events";
import type { Caller } from "@invigil/schema";
import { createAccessLog } from "../domain/access-log.js";
import { createAuditLog } from "../domain/audit.js";
import { createBulkChanges } from "../domain/bulk/changes.js";
import { createSoftDeletedPersonEraser } from "../domain/bulk/erase-from-soft-deleted.js";
import { createPersonRemover } from "../domain/bulk/removal.js";
import { createEventLog } from "../domain/events.js";
import { createMessageLog } from "../domain/messages.js";
import { createDeadLetters } from "../domain/outbox/dead-letters.js";
import { createOutbox } from "../domain/outbox/outbox.js";
import { createOutboxRunner } from "../domain/outbox/runner.js";
import { createOutboxStore } from "../domain/outbox/store.js";
import { createRoomExams } from "../domain/room-exams.js";
import { createTaskLog } from "../domain/vendor-tasks.js";
import { createUnordered, createWrites } from "../domain/writes.js";
import { createAccessService } from "../features/access/service.js";
import { createAccessStore } from "../features/access/store.js";
import { createAccountService } from "../features/account/service.js";
import { createAccountStore } from "../features/account/store.js";
import { createAttemptService } from "../features/attempt/service.js";
import { createSittingService } from "../features/attempt/sitting.js";
import { createSittingStore } from "../features/attempt/sitting-store.js";
import { createAttemptStore } from "../features/attempt/store.js";
import { createAudioService } from "../features/audio/service.js";
import { createAudioStore } from "../features/audio/store.js";
import { createAuditQuota } from "../features/audit/quota.js";
import { createAuditQuotaStore } from "../features/audit/quota-store.js";
import { createAuditService } from "../features/audit/service.js";
import { createAuditStore } from "../features/audit/store.js";
import { createIssuingService } from "../features/auth/issuing.js";
import { createAuthService } from "../features/auth/service.js";
import { createAuthStore } from "../features/auth/store.js";
import { createRecordQuota } from "../features/cheat/quota.js";
import { createCheatService } from "../features/cheat/service.js";
import { createCheatStore } from "../features/cheat/store.js";
import { createCapacityService } from "../features/check/capacity.js";
import { createCapacityStore } from "../features/check/capacity-store.js";
import { createDiagnosisService } from "../features/check/diagnosis.js";
import { createCheckService } from "../features/check/service.js";
import { createCheckStore } from "../features/check/store.js";
import { createPastEventService } from "../features/delivery/past-events.js";
import { createPastEventStore } from "../features/delivery/past-events-store.js";
import { createDeliveryService } from "../features/delivery/service.js";
import { createDeliveryStore } from "../features/delivery/store.js";
import { createDropInService } from "../features/drop-in/service.js";
import { createEntryService } from "../features/entry/service.js";
import { createEntryStore } from "../features/entry/store.js";
import { createErasureService } from "../features/erasure/service.js";
import { createErasureStore } from "../features/erasure/store.js";
import { createDuplicateService } from "../features/exam/duplicates.js";
import { createDuplicatesStore } from "../features/exam/duplicates-store.js";
import { createExamService } from "../features/exam/service.js";
import { createExamStore } from "../features/exam/store.js";
import { createHandService } from "../features/hand/service.js";
import { createHandStore } from "../features/hand/store.js";
import { createLoginService } from "../features/im/logins.js";
import { createLoginStore } from "../features/im/logins-store.js";
import { createMuteStore } from "../features/im/mutes-store.js";
import { createMessageQuota } from "../features/im/quota.js";
import { createImService } from "../features/im/service.js";
import { createImStore } from "../features/im/store.js";
import { createImportService } from "../features/import/service.js";
import { createImportStore } from "../features/import/store.js";
import { COUNTED_MS, createInstallationService } from "../features/installation/service.js";
import { createInstallationStore } from "../features/installation/store.js";
import { createCardService } from "../features/join/cards.js";
import { createCodeService } from "../features/join/codes.js";
import { createCodeStore } from "../features/join/codes-store.js";
import { createLinkService } from "../features/join/links.js";
import { createLinkStore } from "../features/join/store.js";
import { createWrongCodes } from "../features/join/wrong-codes.js";
import { createGroupQueues, taskKindsOf } from "../features/message-groups/queues.js";
import { createGroupService } from "../features/message-groups/service.js";
import { createGroupStore } from "../features/message-groups/store.js";
import { createOutboxService } from "../features/outbox/service.js";
import { createParticipantService } from "../features/participant/service.js";
import { createParticipantStore } from "../features/participant/store.js";
import { createPlanService } from "../features/plan/service.js";
import { createPlanStore } from "../features/plan/store.js";
import { createPresenceService } from "../features/presence/service.js";
import { createPresenceStore } from "../features/presence/store.js";
import { createRoomService } from "../features/room/service.js";
import { createRoomStore } from "../features/room/store.js";
import { createPeopleStore } from "../features/roster/people-store.js";
import { createRosterService } from "../features/roster/service.js";
import { createRosterStore } from "../features/roster/store.js";
import { createSeriesRecorder } from "../features/series/recorder.js";
import { createSeriesService } from "../features/series/service.js";
import { createSeriesStore } from "../features/series/store.js";
import { createMediaService } from "../features/stream/media.js";
import { createMediaTokens } from "../features/stream/media-tokens.js";
import { createStreamService } from "../features/stream/service.js";
import { createStreamStore } from "../features/stream/store.js";
import { createTalkStore } from "../features/stream/talks-store.js";
import { createSubscriptionLimits } from "../features/subscriptions/limits.js";
import { createSubscriptionService } from "../features/subscriptions/service.js";
import { createSubscriptionStore } from "../features/subscriptions/store.js";
import { createUploadService } from "../features/upload/service.js";
import { createUploadStore } from "../features/upload/store.js";
import { chargeEvents } from "../limits/event-budgets.js";
import { createGate } from "../limits/gate.js";
import { UNLIMITED } from "../limits/rates.js";
import { examNotFound, InvigilError } from "../platform/errors.js";
import { createIds } from "../platform/ids.js";
import { serviceChecks } from "../providers/checks.js";
import { streamCarrierOf } from "../providers/stream-carrier.js";
import { withoutShares } from "../storage/turns.js";
import type { Deps } from "./deps.js";

export interface ServiceOptions {
  /** Whether to skip rate limits, quotas and bounds of writes. The command-line tool does, because its user controls the installation. */
  readonly unlimited?: boolean;
  /** Whether the data of the installation is invented, and open to the person who starts the server. */
  readonly isDemo?: boolean;
}

/** Creates the services from their stores. This is the only place where features are put together. */
export const createServices = (
  {
    db,
    clock,
    monotonic,
    pruning,
    disk,
    rates: limitedRates,
    ids,
    config,
    providers,
    publicUrl,
    ownKey,
    auth: authenticator,
    tokens,
    joinCodes,
    passwords,
    audioFiles,
    log,
    coordination: { instances, throttle, sendRate, claims, duties },
    meters,
  }: Omit<Deps, "authSecret">,
  { unlimited = false, isDemo = false }: ServiceOptions = {},
) => {
  const rates = unlimited ? UNLIMITED : limitedRates;
  const quotas = unlimited ? undefined : config.quotas;
  const gate = createGate({ rates, disk });
  const storage = unlimited ? withoutShares(db.storage) : db.storage;
  const auditClock = () => pruning.latest();
  // A generator of its own, because background entries take ids at any time. Other ids must repeat in tests.
  const auditIds = createIds({ clock: auditClock });
  const auditQuota = createAuditQuota({
    store: createAuditQuotaStore({ storage }),
    quotas,
    clock: auditClock,
    monotonic,
    log,
  });
  const auditLog = createAuditLog({ ids: auditIds, clock, quota: auditQuota });
  const roomExams = createRoomExams();
  const unordered = createUnordered(storage);
  const accessLog = createAccessLog({
    storage,
    writes: { unordered },
    roomExams,
    quota: auditQuota,
    ids: auditIds,
    clock,
    monotonic,
    hasFreeSpace: () => disk.hasFreeSpace(),
    log,
  });
  const delivery = createDeliveryService({
    store: createDeliveryStore({ storage, writes: { unordered } }),
    pruning,
    retentionMs: config.eventRetentionSeconds * 1000,
    log,
  });
  const eventLog = createEventLog({
    added: delivery.poll,
    written: (events) => chargeEvents(rates, events),
  });
  /** For changes of whole exams, whose rows are charged to the caller. They must not use up what a running exam needs. */
  const bulkEventLog = createEventLog({ added: delivery.poll });
  const messageLog = createMessageLog({ events: eventLog });
  /** Emits `added` after each transaction that added tasks. An emitter is needed because what runs them depends on stores that add some. */
  const taskEvents = new EventEmitter<{ added: [] }>();
  const outbox = createOutbox({ ids, added: () => taskEvents.emit("added") });
  const taskLog = createTaskLog({
    kinds: taskKindsOf(providers.messages),
    ids,
    outbox,
    events: eventLog,
    messages: providers.messages.aliyun_new?.builtIn && messageLog,
  });
  const bulk = createBulkChanges({
    storage,
    audit: auditLog,
    tasks: taskLog,
    events: bulkEventLog,
    clock,
    pruning,
    log,
    busy: (examId) =>
      new InvigilError(
        "EXAM_CONFLICT",
        `Another change of the people or rooms of the exam ${examId} is under way. Try again in a minute.`,
      ),
    gone: examNotFound,
  });
  const writes = createWrites({ storage, audit: auditLog, roster: bulk.roster });
  const removePerson = createPersonRemover({ storage, bulk });
  const groupStore = createGroupStore({ storage, writes, roomExams, outbox, tasks: taskLog });
  const { messages } = providers;
  const queues = createGroupQueues({
    store: groupStore,
    messages,
    // Calls that a client waits for use the other half.
    concurrency: Math.ceil(config.vendors.concurrency / 2),
    log,
  });
  const outboxStore = createOutboxStore({ storage, writes, outbox });
  const queue = createOutboxRunner({
    store: outboxStore,
    queues,
    clock,
    pruning,
    random: () => Number.parseInt(ids.nonce().slice(0, 8), 16) / 2 ** 32,
    log,
  });
  taskEvents.on("added", () => queue.wake());
  const deadLetters = createDeadLetters({ store: outboxStore, queues, clock });
  const letters = createOutboxService({ deadLetters });
  const { timeoutMs } = config.vendors;
  const groups = createGroupService({ store: groupStore, messages, clock, timeoutMs, log });
  const seriesStore = createSeriesStore({ storage, writes, duties });
  const seriesRecorder = createSeriesRecorder({
    store: seriesStore,
    duties,
    isAnyoneConnected: () => presence.isAnyoneConnected(),
    clock,
    pruning,
    log,
  });
  /** Tells the demo that an exam or one of its rooms is in use. */
  const uses = new EventEmitter<{ exam: [caller: Caller, examId: string] }>();
  const noteUse = (caller: Caller, examId: string | undefined): void => {
    seriesRecorder.noteUse();
    if (isDemo && examId !== undefined) uses.emit("exam", caller, examId);
  };
  const access = createAccessService({
    store: createAccessStore({ storage, roomExams }),
    clock,
    rates,
    noteUse,
    assertExam: auditQuota.assertExam,
  });
  const series = createSeriesService({ store: seriesStore, rates, clock });
  const authStore = createAuthStore({ storage, writes, roomExams, pruning });
  const auth = createAuthService({
    store: authStore,
    access,
    authenticator,
    tokens,
    passwords,
    throttle,
    onAccessRevoked: delivery.recheckAccess,
    clock,
    ids,
    log,
    lifetime: config.login,
    isDemo,
  });
  const account = createAccountService({
    store: createAccountStore({ storage, writes }),
    passwords,
    onAccessRevoked: delivery.recheckAccess,
    clock,
  });
  const audit = createAuditService({
    store: createAuditStore({ storage, writes }),
    rates,
    pruning,
    keptDays: config.auditDays,
    clock,
    log,
  });
  const audio = createAudioService({
    store: createAudioStore({ storage, writes }),
    access,
    files: audioFiles,
    clock,
    ids,
    publicUrl,
    gate,
    rates,
    quotas,
  });
  const erasure = createErasureService({
    store: createErasureStore({ storage, writes }),
    accessLog,
    clock,
    log,
  });
  const participant = createParticipantService({
    store: createParticipantStore({
      storage,
      writes,
      removePerson,
      tasks: taskLog,
      events: eventLog,
    }),
    access,
    streams: providers.streams,
    erasure,
    clock,
    rates,
    quotas,
  });
  const attempt = createAttemptService({
    store: createAttemptStore({ storage, writes, tasks: taskLog }),
    rates,
    clock,
    afterExamSeconds: config.tokenAfterExamSeconds,
  });
  const issuing = createIssuingService({ store: authStore, participant, tokens, clock, log });
  const roster = createRosterService({
    store: createRosterStore({
      storage,
      removePerson,
      eraseFromDeleted: createSoftDeletedPersonEraser({ storage, audit: auditLog, clock }),
    }),
    people: createPeopleStore({ storage }),
    access,
    erasure,
    clock,
    rates,
  });
  const imports = createImportService({
    store: createImportStore({ storage, bulk, removePerson }),
    access,
    accessLog,
    clock,
    rates,
    quotas,
  });
  const exam = createExamService({
    store: createExamStore({ storage, writes, events: eventLog, bulk }),
    together: storage.together,
    access,
    audio,
    participant,
    clock,
    pruning,
    ids,
    rates,
    quotas,
    restoreDays: config.restoreDays,
    log,
  });
  const cheatStore = createCheatStore({ storage, writes, events: eventLog });
  const cheat = createCheatService({
    store: cheatStore,
    clock,
    rates,
    quota: createRecordQuota({ store: cheatStore, quotas }),
  });
  const hand = createHandService({
    store: createHandStore({ storage, writes, events: eventLog }),
    clock,
    rates,
  });
  const entry = createEntryService({
    store: createEntryStore({ storage, writes, events: eventLog }),
    rates,
    clock,
  });
  const room = createRoomService({
    store: createRoomStore({ storage, writes, tasks: taskLog, events: eventLog }),
    together: storage.together,
    cheat,
    groups,
    messages,
    clock,
    ids,
    rates,
    quotas,
    demoExaminees: config.demoExaminees,
    log,
  });
  const plan = createPlanService({
    store: createPlanStore({ storage, writes, bulk, tasks: taskLog, events: eventLog }),
    groups,
    clock,
    ids,
    rates,
    quotas,
  });
  const duplicates = createDuplicateService({
    store: createDuplicatesStore({ storage, bulk, tasks: taskLog }),
    access,
    exams: exam,
    groups,
    clock,
    ids,
    rates,
    quotas,
  });
  const links = createLinkService({
    store: createLinkStore({ storage, writes, roomExams }),
    exam,
    participant,
    tokens,
    clock,
    onAccessRevoked: delivery.recheckAccess,
    log,
    rates,
    publicUrl,
    config,
  });
  const codes = createCodeService({
    store: createCodeStore({ storage, writes }),
    links,
    codes: joinCodes,
    wrongCodes: createWrongCodes({ monotonic }),
    rates,
    tokens,
    accessLog,
    log,
    config,
  });
  const cards = createCardService({ links, codes });
  const diagnosis = createDiagnosisService({
    roster,
    codes,
    account,
    audit,
    messages,
    config,
    rates,
    together: storage.together,
    clock,
  });
  const imStore = createImStore({ storage, roomExams, messageLog, sendRate });
  const logins = createLoginService({
    store: createLoginStore({ storage, writes, pruning }),
    access,
    auth,
    clock,
    ids,
  });
  const im = createImService({
    messages,
    access,
    groups,
    logins,
    store: imStore,
    mutes: createMuteStore({ storage, writes, roomExams, instances }),
    sendRate,
    rates,
    quota: createMessageQuota({
      count: (room, most) => imStore.countUpTo(room, most),
      most: quotas?.messagesPerRoom,
      monotonic,
    }),
    // Each person has two logins.
    maxMutes: quotas ? 2 * quotas.peoplePerRoom : Number.POSITIVE_INFINITY,
    clock,
  });
  const sitting = createSittingService({
    store: createSittingStore({ storage, writes, events: eventLog }),
    access,
    im,
    messages,
    tokens,
    canPublish: providers.media !== undefined,
    rates,
    clock,
  });
  const presence = createPresenceService({
    store: createPresenceStore({ storage, roomExams, events: eventLog }),
    instances,
    clock,
    settleMs: config.presenceSettleSeconds * 1000,
    rates,
    log,
  });
  const subscriptionLimits = createSubscriptionLimits(config.perPerson);
  const subscriptions = createSubscriptionService({
    store: createSubscriptionStore({ storage }),
    delivery,
    access,
    presence,
    accessLog,
    limits: subscriptionLimits,
    rates,
    clock,
    monotonic,
    meters,
    log,
  });
  const pastEvents = createPastEventService({
    store: createPastEventStore({ storage }),
    rates,
    clock,
  });
  const dropIn = createDropInService({
    messages,
    logins,
    im,
    subscriptions,
    presence,
    claims,
    instances,
    accessLog,
    clock,
    gate,
    rates,
    log,
  });
  const upload = createUploadService({
    uploads: providers.uploads,
    store: createUploadStore({ storage }),
  });
  const installationStore = createInstallationStore({ storage });
  const installation = createInstallationService({
    store: installationStore,
    instances,
    audio,
    db,
    disk,
    inUse: () => subscriptionLimits.inUse(),
    clock,
    config,
    isDemo,
    canWatch: providers.media !== undefined,
  });
  const capacity = createCapacityService({
    store: createCapacityStore({ storage }),
    service: config.streamService,
    clock,
  });
  const checks = createCheckService({
    store: createCheckStore({ storage }),
    accessLog,
    together: storage.together,
    audio,
    cheat,
    sitting,
    codes,
    capacity,
    services: serviceChecks(providers),
    disk,
    clock,
    monotonic,
    rates,
    carrier: streamCarrierOf(config),
    config,
  });
  const stream = createStreamService({
    store: createStreamStore({ storage, tasks: taskLog }),
    callback: providers.streamCallback,
    clock,
  });
  const talks = createTalkStore({ storage, writes, events: eventLog });
  const media = createMediaService({
    media: providers.media,
    tokens: createMediaTokens({ secret: ownKey("media-key"), clock }),
    access,
    participant,
    stream,
    talks,
    rates,
    publicUrl,
    clock,
    monotonic,
    meters,
    log,
  });
  /** What metrics ask for. It names nobody. */
  const figures = {
    inUse: () => subscriptionLimits.inUse(),
    outbox: () => outboxStore.count(),
    underWay: () => installationStore.count(new Date(clock().getTime() - COUNTED_MS)),
    media: async () => providers.media?.measure(),
    disk: () => disk.least(),
  };
  return {
    gate,
    meters,
    figures,
    accessLog,
    access,
    uses,
    audit,
    isDemo,
    auth,
    issuing,
    account,
    audio,
    exam,
    cheat,
    hand,
    entry,
    sitting,
    participant,
    imports,
    roster,
    attempt,
    plan,
    room,
    links,
    codes,
    cards,
    diagnosis,
    duplicates,
    checks,
    im,
    instances,
    presence,
    series,
    seriesRecorder,
    upload,
    capacity,
    installation,
    queue,
    deadLetters,
    letters,
    erasure,
    bulk,
    stream,
    media,
    talks,
    subscriptions,
    pastEvents,
    dropIn,
  };
};
export type Services = ReturnType<typeof createServices>;
