import {
  type Consent,
  detectorsOf,
  endsAtOf,
  type GivenConsent,
  type ImTokens,
  loginOf,
  type OpenAttemptInput,
  type Readiness,
  type ReportReadinessInput,
  RUNNING,
  type SetConsentInput,
  type SetDetectorsInput,
  type Sitting,
  type WaveThroughInput,
} from "@invigil/schema";
import type { ActingCaller } from "../../domain/calls.js";
import type { ConsentText } from "../../domain/consents.js";
import { toEntryOfPerson } from "../../domain/exam-entries.js";
import type { Opened } from "../../domain/opened.js";
import type { TokenIssuer } from "../../identity/tokens.js";
import type { RateLimits } from "../../limits/rates.js";
import { examNotFound, notInRoom, roomEnded } from "../../platform/errors.js";
import type { MessageProviders } from "../../providers/types.js";
import type { AccessService } from "../access/service.js";
import { visibleSnapshot } from "../delivery/rules.js";
import type { ImService } from "../im/service.js";
import type { SittingStore } from "./sitting-store.js";

/** The consent text of an exam that has none of its own. */
const STANDARD: Consent = { version: 0 };
const toConsent = (text: ConsentText | undefined): Consent =>
  text
    ? { version: text.version, ...(text.zh && { zh: text.zh }), ...(text.en && { en: text.en }) }
    : STANDARD;

export type SittingService = ReturnType<typeof createSittingService>;

/** Serves the candidate's page: its first state, the consent, and the checks before an exam. */
export const createSittingService = ({
  store,
  access,
  im,
  messages,
  tokens,
  canPublish,
  rates,
  clock,
}: {
  readonly store: SittingStore;
  readonly access: Pick<AccessService, "open">;
  readonly im: Pick<ImService, "getToken">;
  readonly messages: MessageProviders;
  readonly tokens: Pick<TokenIssuer, "issueForExam">;
  /** Whether the embedded media server carries the streams. */
  readonly canPublish: boolean;
  readonly rates: RateLimits;
  readonly clock: () => Date;
}) => {
  /** A token for the room to which a person was moved, which ends with theirs. Undefined: theirs is bound to no other room. */
  const tokenFor = async (
    { userId, role, roomId: boundTo, generation, tokenId, expiresAt }: ActingCaller,
    roomId: string,
    { endsAt, now }: Pick<Sitting, "endsAt" | "now">,
  ): Promise<string | undefined> => {
    if (boundTo === undefined || boundTo === roomId) return undefined;
    const leftSeconds = Math.floor((expiresAt.getTime() - now.getTime()) / 1000);
    const person = { userId, role, roomId, generation, tokenId, endsAt };
    return (await tokens.issueForExam(person, leftSeconds)).token;
  };

  /** The message login, if Aliyun carries the messages. It signs the login itself, so nothing waits for the vendor. */
  const loginFor = async (
    caller: ActingCaller,
    { id: roomId, status }: Opened<"ownSeat">,
    { camera }: OpenAttemptInput,
  ): Promise<ImTokens | undefined> => {
    const { aliyun_new: service } = messages;
    if (!service || service.builtIn || status === "ended") return undefined;
    const userId = loginOf(caller.userId, camera);
    return im.getToken(caller, await access.open(caller, "messageLogin", { roomId }), {
      roomId,
      userId,
      imServer: ["aliyun_new"],
    });
  };

  const consentOf = async (examId: string): Promise<Consent> => toConsent(await store.consent(examId));

  return {
    /** Returns the newest consent text of an exam. Checks no permissions: for use by other services. */
    consentOf,
    /** Returns what the candidate's page begins with. It is also for those whose exam is over. */
    async open(caller: ActingCaller, room: Opened<"ownSeat">, input: OpenAttemptInput): Promise<Sitting> {
      const { userId } = caller;
      const [found, login] = await Promise.all([
        store.open({ examId: room.examId, roomId: room.id, userId }),
        // Whoever was moved opens the new room once more.
        room.id === input.roomId ? loginFor(caller, room, input) : undefined,
      ]);
      const self = found?.snapshot.members.find((member) => member.userId === userId);
      // They were moved or removed after their rights were read.
      if (!found || !self) throw notInRoom({ roomId: room.id, userId });
      const { snapshot, exam, consent, given, decision } = found;
      const { extraMinutes, videoProfile, questionsUrl, detectors, ...shown } = exam;
      const now = clock();
      const talk = snapshot.talks?.find((one) => one.userId === userId);
      const endsAt = endsAtOf({ ...shown, extraMinutes }, self.attempt ?? RUNNING, now);
      const token = await tokenFor(caller, room.id, { endsAt, now });
      return {
        snapshot: visibleSnapshot(caller, snapshot),
        exam: {
          ...shown,
          ...(videoProfile && { videoProfile }),
          ...(questionsUrl !== null && { questionsUrl }),
          detectors: detectorsOf({
            detectors: detectors ?? undefined,
            questionsUrl: questionsUrl ?? undefined,
          }),
        },
        self: { userId, name: self.name },
        endsAt,
        consent: {
          ...toConsent(consent),
          ...(given && { given: { version: Number(given.detail), time: given.createdAt } }),
        },
        ...(self.readiness && { readiness: self.readiness }),
        detectorsOff: self.detectorsOff ?? false,
        canPublish,
        ...(login && { login }),
        ...(decision && { decision: toEntryOfPerson(decision) }),
        ...(talk && { talk }),
        ...(token !== undefined && { token }),
        now,
      };
    },

    consent: ({ exam }: Opened<"exam">): Promise<Consent> => consentOf(exam.id),

    async setConsent(
      caller: ActingCaller,
      { id: examId }: Opened<"wholeExam">,
      { zh, en }: Omit<SetConsentInput, "examId">,
    ): Promise<Consent> {
      rates.takeChange({ caller, examId });
      const text = await store.setConsent(examId, { zh, en }, { author: caller, now: clock() });
      if (!text) throw examNotFound(examId);
      return toConsent(text);
    },

    /** @throws EXAM_CONFLICT if the text has another version by now */
    async giveConsent(caller: ActingCaller, room: Opened<"room">, version: number): Promise<GivenConsent> {
      const { id: roomId, examId, status } = room;
      if (status === "ended") throw roomEnded(roomId);
      rates.takeChange({ caller });
      const { userId } = caller;
      const seat = { examId, roomId, userId };
      const { time } = await store.giveConsent(seat, version, { author: caller, now: clock() });
      return { version, time };
    },

    /** @throws TOO_MANY_REQUESTS if another check changed a moment ago */
    async report(
      caller: ActingCaller,
      { id: roomId, examId, status }: Opened<"room">,
      { checks }: Omit<ReportReadinessInput, "roomId">,
    ): Promise<Readiness> {
      if (status === "ended") throw roomEnded(roomId);
      rates.takeChange({ caller });
      const { userId } = caller;
      return store.report({ examId, roomId, userId }, checks, { author: caller, now: clock() });
    },

    async waveThrough(
      caller: ActingCaller,
      { id: roomId, examId }: Opened<"room">,
      { userId, wavedThrough }: WaveThroughInput,
    ): Promise<Readiness> {
      rates.takeChange({ caller, roomId, examId });
      const seat = { examId, roomId, userId };
      return store.waveThrough(seat, wavedThrough, { author: caller, now: clock() });
    },

    async setDetectors(
      caller: ActingCaller,
      { id: roomId, examId }: Opened<"room">,
      { userId, off }: SetDetectorsInput,
    ): Promise<true> {
      rates.takeChange({ caller, roomId, examId });
      const seat = { examId, roomId, userId };
      await store.setDetectors(seat, off, { author: caller, now: clock() });
      return true;
    },
  };
};
