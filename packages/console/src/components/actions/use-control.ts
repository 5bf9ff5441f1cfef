import { isOver } from "@invigil/client";
import { useNow } from "../clock.js";
import { useExamDetails } from "../roster.js";
import type { ActPerson, PersonAct } from "./acts.js";
import { isSeated } from "./people.js";

const isOfOver = ({ attempt }: ActPerson): boolean => attempt !== undefined && isOver(attempt);

/** What the person may decide about the attempts of an exam. */
export const useControl = (examId: string) => {
  const { data: exam } = useExamDetails(examId);
  const now = useNow("minute");
  const isManager = exam?.mayManage ?? false;
  const hasBegun = exam !== undefined && now >= exam.startTime.getTime();
  /** Whether they extend, terminate and reopen, besides pausing and resuming. */
  const mayDecide = isManager || exam?.controlledBy === "rooms";
  return {
    mayDecide,
    /** The most minutes in total that they may give a person. */
    maxMinutes: isManager ? undefined : exam?.maxRoomMinutes,
    hasBegun,
    /** Whether an action makes sense for people. Minutes are planned until the exam begins; then they are decided about. */
    offers: (act: PersonAct, people: readonly ActPerson[]): boolean => {
      if (act === "minutes") return !hasBegun;
      if (act === "unseat") return isManager && !hasBegun && people.some(isSeated);
      if (act === "reopen") return mayDecide && people.some(isOfOver);
      const isOpen = hasBegun && !people.every(isOfOver);
      if (act === "terminate") return isOpen && mayDecide;
      return act !== "time" || isOpen;
    },
  };
};
