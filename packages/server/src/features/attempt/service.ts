import {
  type AttemptAction,
  type Decided,
  type Decision,
  type ExtendAttemptsInput,
  endsAtOf,
  type FinishedAttempt,
  MAX_DECIDED,
  type PauseAttemptsInput,
  type TerminateAttemptsInput,
} from "@invigil/schema";
import type { ActingCaller } from "../../domain/calls.js";
import type { NewEntry } from "../../domain/decisions.js";
import { GIVES_BACK } from "../../domain/exam-entries.js";
import type { Opened } from "../../domain/opened.js";
import type { RateLimits } from "../../limits/rates.js";
import { notInRoom } from "../../platform/errors.js";
import { type DecisionOutcome, firstOf } from "./rules.js";
import type { AttemptStore } from "./store.js";

export type AttemptService = ReturnType<typeof createAttemptService>;

export type { SittingService } from "./sitting.js";

/** Decides about the attempts of people, and keeps what was decided. */
export const createAttemptService = ({
  store,
  rates,
  clock,
  afterExamSeconds,
}: {
  store: AttemptStore;
  rates: RateLimits;
  clock: () => Date;
  /** How long links and tokens are valid after the end of the exam, in seconds. */
  afterExamSeconds: number;
}) => {
  const resultOf = (decided: DecisionOutcome, now: Date): Decided["people"][number] => {
    const { userId, outcome, refusal, sitting } = decided;
    const person = { userId, outcome, ...(refusal && { refusal }) };
    if (!sitting) return person;
    const { attempt, times } = sitting;
    const endsAt = endsAtOf(times, attempt, now);
    const lastLink = times.endTime.getTime() + times.extraMinutes * 60_000 + afterExamSeconds * 1000;
    return { ...person, attempt, endsAt, ...(endsAt.getTime() > lastLink && { needsLink: true }) };
  };

  const decide = async (
    caller: ActingCaller,
    { examId, id: roomId }: Opened<"roomToRun">,
    { userIds, reason, key, dryRun }: Decision,
    action: AttemptAction,
    details: Pick<NewEntry, "detail" | "minutes"> = {},
  ): Promise<Decided> => {
    const room = { examId, roomId };
    rates.takeChange({ caller, ...room }, { writeRows: 0 });
    const { code, note = null, message = null } = reason;
    const entry = { kind: action.kind, ...details, reason: code, note, message, key };
    const now = clock();
    const request = { room, userIds, action, entry, author: caller, now };
    const answer = ({ outcomes, remaining }: ReturnType<typeof firstOf>): Decided => ({
      people: outcomes.map((outcome) => resultOf(outcome, now)),
      remaining,
    });
    if (dryRun) return answer(firstOf(await store.foresee(request), MAX_DECIDED));
    for (let changed = 0; ; ) {
      const decided = await store.decide(request);
      const writeRows = decided.outcomes.filter(({ isNew }) => isNew).length;
      rates.charge({ caller, examId }, { writeRows });
      changed += writeRows;
      // The last round answers about those of earlier ones, too: they have an entry with the key.
      if (decided.remaining === 0 || changed >= MAX_DECIDED) return answer(decided);
    }
  };

  return {
    pause: (caller: ActingCaller, room: Opened<"roomToRun">, input: PauseAttemptsInput) =>
      decide(
        caller,
        room,
        input,
        { kind: "pause", givesBack: input.giveBack },
        { detail: input.giveBack ? GIVES_BACK : null },
      ),
    resume: (caller: ActingCaller, room: Opened<"roomToRun">, input: Decision) =>
      decide(caller, room, input, { kind: "resume" }),
    extend: (caller: ActingCaller, room: Opened<"roomToRun">, input: ExtendAttemptsInput) =>
      decide(caller, room, input, { kind: "extend", minutes: input.minutes }, { minutes: input.minutes }),
    terminate: (caller: ActingCaller, room: Opened<"roomToRun">, input: TerminateAttemptsInput) =>
      decide(caller, room, input, { kind: "terminate" }, { detail: input.answers }),
    reopen: (caller: ActingCaller, room: Opened<"roomToRun">, input: Decision) =>
      decide(caller, room, input, { kind: "reopen" }),

    /** Ends the caller's own attempt. Repeating it changes nothing. @throws EXAM_CONFLICT before the exam begins */
    async finish(caller: ActingCaller, { examId, id: roomId }: Opened<"room">): Promise<FinishedAttempt> {
      const room = { examId, roomId };
      rates.takeChange({ caller, ...room });
      const [userIds, now] = [[caller.userId], clock()];
      const kind = "finish" as const;
      const { outcomes } = await store.decide({
        room,
        userIds,
        action: { kind },
        entry: { kind },
        author: caller,
        now,
      });
      const sitting = outcomes[0]?.sitting;
      // They were removed after their rights were read.
      if (!sitting) throw notInRoom({ roomId, userId: caller.userId });
      return { attempt: sitting.attempt, endsAt: endsAtOf(sitting.times, sitting.attempt, now) };
    },
  };
};
