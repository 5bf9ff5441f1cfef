import type { LivePeople, LivePeopleListeners, LivePerson, LiveSnapshot, PeopleState } from "@invigil/client";
/** Selects from what all people of an exam have in common. */
export interface UsePeople {
    (examId: string): LiveSnapshot<PeopleState>;
    <Selected>(examId: string, select: (snapshot: LiveSnapshot<PeopleState>) => Selected): Selected;
}
/**
 * What all people of an exam have in common: their ids, rooms and counts. It changes at most once per frame. {@link usePerson} is one of them.
 * For administrators, the teacher who created the exam, and inspectors.
 */
export declare const usePeople: UsePeople;
/** Selects from a person. */
export interface UsePerson {
    (examId: string, id: string): LivePerson | undefined;
    <Selected>(examId: string, id: string, select: (person: LivePerson | undefined, people: LivePeople | undefined) => Selected): Selected;
}
/**
 * A person of an exam by their id in the list, or what a selector takes from them. The component renders again when that changes, and
 * looks at nothing while others change. Undefined while the person is not known.
 *
 * @example
 * ```tsx
 * const ids = usePeople(examId, ({ state }) => state?.ids);
 * const person = usePerson(examId, id);
 * ```
 */
export declare const usePerson: UsePerson;
/**
 * The live people of an exam themselves: `people?.idsOf(userId)`, `people?.stateOf(person)`. Undefined until the component is shown. They are
 * those that all hooks share, so do not close them.
 */
export declare const useLivePeople: (examId: string) => LivePeople | undefined;
/** Calls a listener for an event about the people of an exam. */
export declare const usePeopleEvent: <Type extends keyof LivePeopleListeners>(examId: string, type: Type, listener: LivePeopleListeners[Type]) => void;
//# sourceMappingURL=people.d.ts.map