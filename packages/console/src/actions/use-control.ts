import { controlRightsOf, isOver } from "@invigil/client";
import { useNow } from "../components/clock.js";
import { useExamDetails } from "../components/roster.js";
import type { ActPerson, PersonAct } from "./acts.js";
import { isSeated } from "./people.js";

const isOfOver = ({ attempt }: ActPerson): boolean => attempt !== undefined && isOver(attempt);

/** What the person may decide about the attempts of an exam. */
export const useControl = (examId: string) => {
  const { data: exam } = useExamDetails(examId);
  const now = useNow("minute");
  const isManager = exam?.mayManage ?? false;
  const hasBegun = exam !== undefined && now >= exam.startTime.getTime();
  const { mayControl, maxMinutes } = controlRightsOf(exam ?? { controlledBy: "creator" }, isManager);
  return {
    mayControl,
    maxMinutes,
    hasBegun,
    /** Whether an action makes sense for people. Minutes are planned until the exam begins; then they are decided about. */
    offers: (act: PersonAct, people: readonly ActPerson[]): boolean => {
      if (act === "minutes") return !hasBegun;
      if (act === "unseat") return isManager && !hasBegun && people.some(isSeated);
      if (act === "reopen") return mayControl && people.some(isOfOver);
      const isOpen = hasBegun && !people.every(isOfOver);
      if (act === "terminate") return isOpen && mayControl;
      return act !== "time" || isOpen;
    },
  };
};
