import type { ExamSnapshot, LiveExam, LiveExamListeners, LiveSnapshot } from "@invigil/client";
import { useMemo, useSyncExternalStore } from "react";
import { useProvided } from "./context.js";
import { feedsOf, type SharedFeed } from "./feeds.js";
import { nothing, useListener, useLive, whole } from "./use-live.js";

const useExamFeed = (examId: string): SharedFeed<LiveExam> => {
  const { client } = useProvided();
  return useMemo(() => feedsOf(client).exam(examId), [client, examId]);
};

/** Selects from the live state of an exam. */
export interface UseExam {
  (examId: string): LiveSnapshot<ExamSnapshot>;
  <Selected>(examId: string, select: (snapshot: LiveSnapshot<ExamSnapshot>) => Selected): Selected;
}

/** The live rooms of an exam, or what a selector takes from them. For administrators and inspectors. */
export const useExam: UseExam = <Selected>(
  examId: string,
  // Safe: without a selector, the result is the snapshot.
  select: (snapshot: LiveSnapshot<ExamSnapshot>) => Selected = whole as () => Selected,
): Selected => useLive<ExamSnapshot, LiveExam, Selected>(useExamFeed(examId), select);

/** The `LiveExam`. Undefined until the component is mounted. All hooks share it, so do not close it. */
export const useLiveExam = (examId: string): LiveExam | undefined => {
  const { hold, getLive } = useExamFeed(examId);
  return useSyncExternalStore(hold, getLive, nothing);
};

/** Calls a listener for an event of an exam. */
export const useExamEvent = <Type extends keyof LiveExamListeners>(
  examId: string,
  type: Type,
  listener: LiveExamListeners[Type],
): void => useListener<LiveExamListeners, Type>(useLiveExam(examId), type, listener);
