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
  deps: Omit<Deps, "authSecret">,
  { unlimited = false, isDemo = false }: ServiceOptions = {},
) => {
  const { clock, config, db, disk, ids, log, monotonic, providers, pruning } = deps;
  const rates = unlimited ? UNLIMITED : deps.rates;
  const quotas = unlimited ? undefined : config.quotas;
  const gate = createGate({ rates, disk });
  const storage = unlimited ? withoutShares(db.storage) : db.storage;
  /** What services and stores have in common. Each takes what its signature names. */
  const common = {
    ...deps,
    ...deps.coordination,
    ...providers,
    rates,
    quotas,
    gate,
    storage,
    together: storage.together,
    roomExams: createRoomExams(),
    writes: { unordered: createUnordered(storage) },
    timeoutMs: config.vendors.timeoutMs,
    isDemo,
  };
  const auditClock = () => pruning.latest();
  // A generator of its own, because background entries take ids at any time. Other ids must repeat in tests.
  const auditIds = createIds({ clock: auditClock });
  const auditQuota = createAuditQuota({ ...common, store: createAuditQuotaStore(common), clock: auditClock });
  const audit = createAuditLog({ ids: auditIds, clock, quota: auditQuota });
  const accessLog = createAccessLog({
    ...common,
    quota: auditQuota,
    ids: auditIds,
    hasFreeSpace: () => disk.hasFreeSpace(),
  });
  const delivery = createDeliveryService({
    ...common,
    store: createDeliveryStore(common),
    retentionMs: config.eventRetentionSeconds * 1000,
  });
  const events = createEventLog({ added: delivery.poll, written: (written) => chargeEvents(rates, written) });
  const messageLog = createMessageLog({ events });
  /** Emits `added` after each transaction that added tasks. An emitter is needed because what runs them depends on stores that add some. */
  const taskEvents = new EventEmitter<{ added: [] }>();
  const outbox = createOutbox({ ids, added: () => taskEvents.emit("added") });
  const { messages } = providers;
  const tasks = createTaskLog({
    kinds: taskKindsOf(messages),
    ids,
    outbox,
    events,
    messages: messages.aliyun_new?.builtIn && messageLog,
  });
  const bulk = createBulkChanges({
    ...common,
    audit,
    tasks,
    // Of whole exams, whose rows are charged to the caller. They must not use up what a running exam needs.
    events: createEventLog({ added: delivery.poll }),
    busy: (examId) =>
      new InvigilError(
        "EXAM_CONFLICT",
        `Another change of the people or rooms of the exam ${examId} is under way. Try again in a minute.`,
      ),
    gone: examNotFound,
  });
  const writes = createWrites({ storage, audit, roster: bulk.roster });
  const written = {
    ...common,
    accessLog,
    delivery,
    events,
    messageLog,
    outbox,
    tasks,
    bulk,
    writes,
    removePerson: createPersonRemover({ storage, bulk }),
    eraseFromDeleted: createSoftDeletedPersonEraser({ storage, audit, clock }),
  };
  const groupStore = createGroupStore(written);
  const queues = createGroupQueues({
    store: groupStore,
    messages,
    // Calls that a client waits for use the other half.
    concurrency: Math.ceil(config.vendors.concurrency / 2),
    log,
  });
  const outboxStore = createOutboxStore(written);
  const queue = createOutboxRunner({
    ...common,
    store: outboxStore,
    queues,
    random: () => Number.parseInt(ids.nonce().slice(0, 8), 16) / 2 ** 32,
  });
  taskEvents.on("added", () => queue.wake());
  const deadLetters = createDeadLetters({ store: outboxStore, queues, clock });
  const groups = createGroupService({ ...common, store: groupStore });
  const seriesStore = createSeriesStore(written);
  const seriesRecorder = createSeriesRecorder({
    ...common,
    store: seriesStore,
    isAnyoneConnected: () => presence.isAnyoneConnected(),
  });
  /** Tells the demo that an exam or one of its rooms is in use. */
  const uses = new EventEmitter<{ exam: [caller: Caller, examId: string] }>();
  const noteUse = (caller: Caller, examId: string | undefined): void => {
    seriesRecorder.noteUse();
    if (isDemo && examId !== undefined) uses.emit("exam", caller, examId);
  };
  const access = createAccessService({
    ...common,
    store: createAccessStore(common),
    noteUse,
    assertExam: auditQuota.assertExam,
  });
  const shared = { ...written, access, groups, onAccessRevoked: delivery.recheckAccess };
  const series = createSeriesService({ ...shared, store: seriesStore });
  const authStore = createAuthStore(shared);
  const auth = createAuthService({
    ...shared,
    store: authStore,
    authenticator: deps.auth,
    lifetime: config.login,
  });
  const account = createAccountService({ ...shared, store: createAccountStore(shared) });
  const auditing = createAuditService({
    ...shared,
    store: createAuditStore(shared),
    keptDays: config.auditDays,
  });
  const audio = createAudioService({ ...shared, store: createAudioStore(shared), files: deps.audioFiles });
  const erasure = createErasureService({ ...shared, store: createErasureStore(shared) });
  const participant = createParticipantService({ ...shared, store: createParticipantStore(shared), erasure });
  const attempt = createAttemptService({
    ...shared,
    store: createAttemptStore(shared),
    afterExamSeconds: config.tokenAfterExamSeconds,
  });
  const issuing = createIssuingService({ ...shared, store: authStore, participant });
  const roster = createRosterService({
    ...shared,
    store: createRosterStore(shared),
    people: createPeopleStore(shared),
    erasure,
  });
  const imports = createImportService({ ...shared, store: createImportStore(shared) });
  const exam = createExamService({
    ...shared,
    store: createExamStore(shared),
    audio,
    participant,
    restoreDays: config.restoreDays,
  });
  const cheatStore = createCheatStore(shared);
  const cheat = createCheatService({
    ...shared,
    store: cheatStore,
    quota: createRecordQuota({ store: cheatStore, quotas }),
  });
  const hand = createHandService({ ...shared, store: createHandStore(shared) });
  const entry = createEntryService({ ...shared, store: createEntryStore(shared) });
  const room = createRoomService({
    ...shared,
    store: createRoomStore(shared),
    cheat,
    demoExaminees: config.demoExaminees,
  });
  const plan = createPlanService({ ...shared, store: createPlanStore(shared) });
  const duplicates = createDuplicateService({ ...shared, store: createDuplicatesStore(shared), exams: exam });
  const links = createLinkService({ ...shared, store: createLinkStore(shared), exam, participant });
  const codes = createCodeService({
    ...shared,
    store: createCodeStore(shared),
    links,
    codes: deps.joinCodes,
    wrongCodes: createWrongCodes({ monotonic }),
  });
  const cards = createCardService({ links, codes });
  const diagnosis = createDiagnosisService({ ...shared, roster, codes, account, audit: auditing });
  const imStore = createImStore(shared);
  const logins = createLoginService({ ...shared, store: createLoginStore(shared), auth });
  const im = createImService({
    ...shared,
    logins,
    store: imStore,
    mutes: createMuteStore(shared),
    quota: createMessageQuota({ count: imStore.countUpTo, most: quotas?.messagesPerRoom, monotonic }),
    // Each person has two logins.
    maxMutes: quotas ? 2 * quotas.peoplePerRoom : Number.POSITIVE_INFINITY,
  });
  const sitting = createSittingService({
    ...shared,
    store: createSittingStore(shared),
    im,
    canPublish: providers.media !== undefined,
  });
  const presence = createPresenceService({
    ...shared,
    store: createPresenceStore(shared),
    settleMs: config.presenceSettleSeconds * 1000,
  });
  const limits = createSubscriptionLimits(config.perPerson);
  const inUse = () => limits.inUse();
  const subscriptions = createSubscriptionService({
    ...shared,
    store: createSubscriptionStore(shared),
    presence,
    limits,
  });
  const pastEvents = createPastEventService({ ...shared, store: createPastEventStore(shared) });
  const dropIn = createDropInService({ ...shared, logins, im, subscriptions, presence });
  const upload = createUploadService({ ...shared, store: createUploadStore(shared) });
  const installationStore = createInstallationStore(shared);
  const installation = createInstallationService({
    ...shared,
    store: installationStore,
    audio,
    inUse,
    canWatch: providers.media !== undefined,
  });
  const capacity = createCapacityService({
    store: createCapacityStore(shared),
    service: config.streamService,
    clock,
  });
  const checks = createCheckService({
    ...shared,
    store: createCheckStore(shared),
    audio,
    cheat,
    sitting,
    codes,
    capacity,
    services: serviceChecks(providers),
    carrier: streamCarrierOf(config),
  });
  const stream = createStreamService({
    store: createStreamStore(shared),
    callback: providers.streamCallback,
    clock,
  });
  const talks = createTalkStore(shared);
  const media = createMediaService({
    ...shared,
    tokens: createMediaTokens({ secret: deps.ownKey("media-key"), clock }),
    participant,
    stream,
    talks,
  });
  /** What metrics ask for. It names nobody. */
  const figures = {
    inUse,
    outbox: () => outboxStore.count(),
    underWay: () => installationStore.count(new Date(clock().getTime() - COUNTED_MS)),
    media: async () => providers.media?.measure(),
    disk: () => disk.least(),
  };
  return {
    gate,
    meters: deps.meters,
    figures,
    accessLog,
    access,
    uses,
    audit: auditing,
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
    instances: deps.coordination.instances,
    presence,
    series,
    seriesRecorder,
    upload,
    capacity,
    installation,
    queue,
    deadLetters,
    outbox: createOutboxService({ deadLetters }),
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
