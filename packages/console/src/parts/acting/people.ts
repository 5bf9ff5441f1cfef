import type { ReactNode } from "react";
import type { Subject } from "../bulk-run.js";
import type { ActPerson } from "./acts.js";

/** Somebody in a room. */
export type Seated = ActPerson & { readonly roomId: string };
export const isSeated = (person: ActPerson): person is Seated => person.roomId !== undefined;

/** What the dialogs for people get. */
export interface PeopleProps {
  readonly people: readonly Seated[];
  readonly examId: string;
  readonly onClose: () => void;
  /** Says whom it is not for. */
  readonly skipped: ReactNode;
}

/** How many people of a room one call is for. */
export const MOST_OF_A_ROOM = 500;
export const roomOf = ({ roomId }: { readonly roomId: string }): string => roomId;
export const titleOf = (subjects: readonly Subject[]) => ({
  count: subjects.length,
  name: subjects[0]?.name ?? "",
});
