import type { LivePeople, LivePeopleListeners, LivePerson, LiveSnapshot, PeopleState } from "@invigil/client";
import { useCallback, useMemo, useSyncExternalStore } from "react";
import { useProvided } from "./context.js";
import { feedsOf, listenTo, type SharedFeed } from "./feeds.js";
import { type Store, useSelected } from "./selected.js";
import { nothing, useListener, useLive, whole } from "./use-live.js";

const usePeopleFeed = (examId: string): SharedFeed<LivePeople> => {
  const { client } = useProvided();
  return useMemo(() => feedsOf(client).people(examId), [client, examId]);
};

/** Selects from the state of an exam's people. */
export interface UsePeople {
  (examId: string): LiveSnapshot<PeopleState>;
  <Selected>(examId: string, select: (snapshot: LiveSnapshot<PeopleState>) => Selected): Selected;
}

/**
 * The people of an exam: their ids, rooms and counts. It changes at most once per frame. {@link usePerson} returns one person.
 * For staff. Administrators and the teacher who created the exam see all people. Other teachers and inspectors see the people of their rooms.
 */
export const usePeople: UsePeople = <Selected>(
  examId: string,
  // Safe: without a selector, the result is the snapshot.
  select: (snapshot: LiveSnapshot<PeopleState>) => Selected = whole as () => Selected,
): Selected => useLive<PeopleState, LivePeople, Selected>(usePeopleFeed(examId), select);

/** Selects from a person. */
export interface UsePerson {
  (examId: string, id: string): LivePerson | undefined;
  <Selected>(
    examId: string,
    id: string,
    select: (person: LivePerson | undefined, people: LivePeople | undefined) => Selected,
  ): Selected;
}

/**
 * A person of an exam by their id in the list, or what a selector takes from them. The component renders again only when that changes.
 * Undefined while the person is not known.
 *
 * @example
 * ```tsx
 * const ids = usePeople(examId, ({ state }) => state?.ids);
 * const person = usePerson(examId, id);
 * ```
 */
export const usePerson: UsePerson = <Selected>(
  examId: string,
  id: string,
  // Safe: without a selector, the result is the person.
  select: (
    person: LivePerson | undefined,
    people: LivePeople | undefined,
  ) => Selected = whole as () => Selected,
): Selected => {
  const feed = usePeopleFeed(examId);
  const store = useMemo<Store<LivePerson | undefined>>(
    () => ({
      subscribe: (listener) => listenTo(feed, listener, (live) => live.subscribePerson(id, listener)),
      getSnapshot: () => feed.getLive()?.person(id),
      getServerSnapshot: nothing,
    }),
    [feed, id],
  );
  return useSelected(
    store,
    useCallback((person: LivePerson | undefined) => select(person, feed.getLive()), [feed, select]),
  );
};

/**
 * The `LivePeople` of an exam, for `people?.idsOf(userId)` and `people?.stateOf(person)`. Undefined until the component is mounted. All hooks
 * share the object, so do not close it.
 */
export const useLivePeople = (examId: string): LivePeople | undefined => {
  const { hold, getLive } = usePeopleFeed(examId);
  return useSyncExternalStore(hold, getLive, nothing);
};

/** Calls a listener for an event about the people of an exam. */
export const usePeopleEvent = <Type extends keyof LivePeopleListeners>(
  examId: string,
  type: Type,
  listener: LivePeopleListeners[Type],
): void => useListener<LivePeopleListeners, Type>(useLivePeople(examId), type, listener);
