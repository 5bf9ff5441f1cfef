import type { ExamSnapshot, LiveExam, LiveExamListeners, LiveSnapshot } from "@invigil/client";
/** Selects from the live state of an exam. */
export interface UseExam {
    (examId: string): LiveSnapshot<ExamSnapshot>;
    <Selected>(examId: string, select: (snapshot: LiveSnapshot<ExamSnapshot>) => Selected): Selected;
}
/** The live rooms of an exam, or what a selector takes from them. For administrators and inspectors. */
export declare const useExam: UseExam;
/** The live exam itself. Undefined until the component is shown. It is the one that all hooks share, so do not close it. */
export declare const useLiveExam: (examId: string) => LiveExam | undefined;
/** Calls a listener for an event of an exam. */
export declare const useExamEvent: <Type extends keyof LiveExamListeners>(examId: string, type: Type, listener: LiveExamListeners[Type]) => void;
//# sourceMappingURL=exam.d.ts.map