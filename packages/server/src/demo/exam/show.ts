import { type DeleteExamInput, type ExamSummary, listExamsInput } from "@invigil/schema";
import pLimit from "p-limit";
import type { Services } from "../../api/services.js";
import { createRepeatedWork } from "../../platform/repeated-work.js";
import { callerOf } from "../callers.js";
import { beginRound, type Round, type RoundDeps, type VisitorSeat } from "./round.js";
import { ROUND_SECONDS } from "./script.js";
import { OFFICE } from "./set-up.js";

export interface ShowDeps extends RoundDeps {
  readonly services: RoundDeps["services"] & Pick<Services, "uses" | "media">;
}

const TICK_MS = 1000;
/** How long the show pauses after a failure. */
const PAUSE_MS = 60_000;
/** A person who has opened an exam counts as watching it for this long. */
const WATCHES_MS = 60_000;
/** The most that a round advances in one tick, so that a process that was paused does not catch up at once. */
const MAX_STEP_MS = 2_000;
/** Only administrators delete records. */
const OPERATOR = callerOf({ userId: "admin", role: "admin", name: "Demo" });

export type Show = ReturnType<typeof createShow>;

/** The exam of the demo: a new round each hour, which advances while a person watches. */
export const createShow = (deps: ShowDeps) => {
  const { services, clock, log } = deps;
  let current: Round | undefined;
  /** Rounds that are over, but still watched. */
  let earlier: Round[] = [];
  /** Rounds change one after the other. */
  const inTurn = pLimit(1);
  let isStopped = false;
  let lastTick = 0;
  let pausedUntil = 0;
  /** How far the current round has been played, in milliseconds. */
  let played = 0;
  /** When each round was last watched. */
  const watchedAt = new WeakMap<Round, number>();
  const rounds = (): Round[] => (current ? [current, ...earlier] : earlier);

  services.uses.on("exam", (caller, examId) => {
    const round = rounds().find((one) => one.examId === examId);
    if (round && !round.isOwn(caller)) watchedAt.set(round, clock().getTime());
  });
  const isWatched = (round: Round): boolean => {
    const now = clock().getTime();
    const hasListeners = services.subscriptions.countOf(round.examId) > round.subscriptions();
    if (hasListeners || services.media.isPublished(round.examId)) watchedAt.set(round, now);
    return now - (watchedAt.get(round) ?? Number.NEGATIVE_INFINITY) < WATCHES_MS;
  };

  const examsOfDemo = async (): Promise<ExamSummary[]> => {
    const exams: ExamSummary[] = [];
    let cursor: string | undefined;
    do {
      const page = await services.exam.list(
        OFFICE,
        await services.access.open(OFFICE, "ownExams"),
        listExamsInput.parse({ pageSize: 100, cursor }),
      );
      exams.push(...page.exams);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return exams;
  };
  /** Deletes the exams of all rounds but those that are given. */
  const deleteAllBut = async (kept: readonly Round[]): Promise<void> => {
    for (const { id: examId, name } of await examsOfDemo()) {
      if (kept.some((round) => round.examId === examId)) continue;
      const all = {
        withRooms: true,
        withRecords: true,
        confirm: name,
        erase: "now",
      } satisfies Partial<DeleteExamInput>;
      const exam = await services.access.open(OPERATOR, "wholeExam", { examId });
      await services.exam.delete(OPERATOR, exam, all);
    }
  };

  /** Whether a round is over: after its hour, or once its exam was ended or deleted and is no longer watched. */
  const isDone = (round: Round, now: number): boolean =>
    now - round.began.getTime() >= ROUND_SECONDS * 1000 || (round.isOver() && !isWatched(round));

  const begin = async (): Promise<void> => {
    // Deletes the rounds of a process that was killed, and those that could not be completed.
    await deleteAllBut(rounds());
    current = await beginRound(deps);
    played = 0;
  };
  /** Begins a new round. The previous one stays for as long as it is watched. */
  const change = async (over: Round): Promise<void> => {
    await over.endRooms();
    over.leave();
    await begin();
    earlier = [over];
  };

  /** Runs once a second. */
  const advance = async (): Promise<void> => {
    const now = clock().getTime();
    const step = Math.min(Math.max(now - lastTick, 0), MAX_STEP_MS);
    lastTick = now;
    if (now < pausedUntil) return;
    if (!current) await begin();
    else if (isDone(current, now)) await change(current);
    const kept = earlier.filter(isWatched);
    if (kept.length < earlier.length) {
      earlier = kept;
      await deleteAllBut(rounds());
    }
    if (!current || !isWatched(current)) return;
    played += step;
    await current.play(Math.floor(played / 1000));
  };
  const tick = (): Promise<void> => inTurn(advance);
  const onFailure = (error: unknown): void => {
    pausedUntil = clock().getTime() + PAUSE_MS;
    log.warn({ err: error }, "the exam of the demo could not go on; the server will try again");
  };
  const work = createRepeatedWork({ intervalMs: TICK_MS, run: tick, onFailure });

  return {
    tick,
    /** Deletes the rounds of a process that was killed, and begins a round. */
    async start(): Promise<void> {
      await tick().catch(onFailure);
      work.start();
    },
    /** Seats a person who sits the exam in a browser, in the round of now or, if that is over, in the next one. */
    seatVisitor: (): Promise<VisitorSeat | undefined> =>
      inTurn(async () => {
        if (isStopped) return undefined;
        const now = clock().getTime();
        if (!current) await begin();
        else if (isDone(current, now) || current.isOver()) await change(current);
        if (current) watchedAt.set(current, now);
        return current?.seatVisitor();
      }),
    /** Disconnects all people, and deletes the rounds. */
    async stop(): Promise<void> {
      isStopped = true;
      await work.stop();
      await inTurn(async () => {
        for (const round of rounds()) round.leave();
        current = undefined;
        earlier = [];
        await deleteAllBut([]);
      });
    },
  };
};
