import { isInvigilError } from "@invigil/client";
import type { ReactNode } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { NotThereError, ToldError, useErrorText } from "../components/error-note.js";
import type { ActPerson, FindNow } from "./acts.js";
import { labelOf, type Target } from "./bulk-run.js";

/** A person in a room. */
export type Seated = ActPerson & { readonly roomId: string };
export const isSeated = (person: ActPerson): person is Seated => person.roomId !== undefined;

/** The properties of the dialogs for people. */
export interface PeopleProps {
  readonly people: readonly Seated[];
  readonly findNow: FindNow;
  /** The room in which a person is now. */
  readonly roomOf: (person: ActPerson) => string | undefined;
  readonly examId: string;
  readonly onClose: () => void;
  /** Called with each person who has left their room by the action. */
  readonly onLeft: (person: ActPerson) => void;
  /** Says whom it is not for. */
  readonly skipped: ReactNode;
}

/** How many people of a room one call is for. */
export const MOST_OF_A_ROOM = 500;
export const titleOf = (targets: readonly Target[]) => ({
  count: targets.length,
  name: targets[0] ? labelOf(targets[0]) : "",
});

/** The names of fields that say for whom a message is. */
const isReceiver = (field: string): boolean => field.startsWith("to[");
export const isNotThere = (error: unknown): boolean =>
  isInvigilError(error, "PARTICIPANT_NOT_FOUND") ||
  (isInvigilError(error, "INVALID_INPUT") && Object.keys(error.data.fieldErrors ?? {}).some(isReceiver));

/** How many names the sentence about a failure has. */
const MOST_NAMES = 5;

/** Takes something back for each group of people, and says for whom it could not be taken back. */
export const useTakeBack = () => {
  const t = useTranslations("common.undo");
  const say = useErrorText();
  const format = useFormatter();
  return async <P extends Target>(
    groups: Iterable<readonly P[]>,
    take: (group: readonly P[]) => Promise<unknown>,
  ): Promise<void> => {
    const failed: P[] = [];
    let reason: unknown;
    const tryFor = async (group: readonly P[]): Promise<void> => {
      try {
        await take(group);
      } catch (error) {
        const isOfOne = error instanceof NotThereError || isNotThere(error);
        if (isOfOne && group.length > 1) for (const person of group) await tryFor([person]);
        else {
          failed.push(...group);
          reason = error;
        }
      }
    };
    for (const group of groups) await tryFor(group);
    if (failed.length === 0) return;
    const names = format.list(failed.slice(0, MOST_NAMES).map(labelOf));
    throw new ToldError(
      t("some", { names, more: Math.max(0, failed.length - MOST_NAMES), why: say(reason) }),
    );
  };
};

/** People by something that they have in common, such as a room. */
export const byGroup = <P>(people: readonly P[], groupOf: (person: P) => string): Map<string, P[]> => {
  const groups = new Map<string, P[]>();
  for (const person of people) {
    const group = groupOf(person);
    groups.set(group, [...(groups.get(group) ?? []), person]);
  }
  return groups;
};
