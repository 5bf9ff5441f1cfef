/** A candidate, as far as actions need to know. */
export interface ActPerson {
  readonly userId: string;
  readonly name: string;
  readonly extraMinutes: number;
  /** Whether a page of theirs is connected. */
  readonly isHere: boolean;
}

/** The room in which somebody acts. */
export interface ActRoom {
  readonly id: string;
  readonly name: string;
  readonly examId: string;
}

/** What somebody asked to do in a room: for people, for one person, or for the room. */
export type Act =
  | { readonly kind: "clip"; readonly people: readonly ActPerson[]; readonly isAll: boolean }
  | {
      readonly kind: "link" | "minutes" | "move" | "remove" | "endPerson";
      readonly person: ActPerson;
    }
  | { readonly kind: "endRoom"; readonly people: readonly ActPerson[] }
  | { readonly kind: "mute" | "voice" };
