import type { CheckItem, Exam } from "@invigil/client";
import { createContext, use } from "react";
import { useLabels } from "../../components/labels.js";
import { useNameOf } from "../../components/timeline/use-name-of.js";
import type { PeopleByRoom } from "./people.js";

/** The facts that all steps have about the exam. */
export interface Setup {
  readonly examId: string;
  readonly exam: Exam;
  /** Undefined until they are known, and for those who may not check the exam. */
  readonly items: readonly CheckItem[] | undefined;
  readonly checkedAt: Date | undefined;
  /** Undefined until all are known. */
  readonly people: PeopleByRoom | undefined;
  /** Why the people cannot be seen. */
  readonly peopleError: unknown;
  /** Whether the person looks only. */
  readonly isReadOnly: boolean;
  /** Asks again for what the exam has, after a change of one's own. */
  readonly refresh: () => Promise<void>;
}

export const SetupContext = createContext<Setup | undefined>(undefined);

export const useSetup = (): Setup => {
  const setup = use(SetupContext);
  if (!setup) throw new Error("There is no exam above this component.");
  return setup;
};

/** Names the people of the exam, and the person themselves. Those of one name have their ids beside it. */
export const usePersonName = (): ((userId: string) => string) => {
  const { people } = useSetup();
  return useNameOf(useLabels(people?.entries));
};
