import type { CallError, LivePeople, LivePerson, LiveStatus, PeopleState } from "@invigil/client";
import { useInvigil, useLivePeople, useLiveStatus, usePeople } from "@invigil/react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useCallback, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { useTranslations } from "use-intl";
import type { Connection } from "../live/connection-freshness.js";
import { type ControlOf, controlOf } from "../live/control.js";
import { type CandidateState, stateAtEnd, stateInChecks } from "../live/person.js";
import { candidateState, sinceOf } from "../live/roster.js";
import { Freshness, useReportConnection } from "./connection.js";
import { ErrorNote, Waiting } from "./error-note.js";
import { useNamesakes } from "./labels.js";
import styles from "./roster.module.css";
import { useInstallationInfo } from "./use-installation-info.js";

/** The shortest time between two arrangements of a list of everybody, in milliseconds. Rows show their own changes at once. */
const EVERY_MS = 1000;

/** Counts the changes of people: at once after a while without one, and then once a second at most. */
const usePeopleVersion = (people: LivePeople | undefined): number => {
  const store = useMemo(() => {
    let version = 0;
    return {
      get: () => version,
      subscribe: (listener: () => void) => {
        let timer: ReturnType<typeof setTimeout> | undefined;
        let toldAt = 0;
        const tell = () => {
          timer = undefined;
          toldAt = Date.now();
          version += 1;
          listener();
        };
        const off = people?.subscribe(() => {
          timer ??= setTimeout(tell, Math.max(0, toldAt + EVERY_MS - Date.now()));
        });
        return () => {
          off?.();
          clearTimeout(timer);
        };
      },
    };
  }, [people]);
  return useSyncExternalStore(store.subscribe, store.get);
};

/** Everybody of an exam, as far as the person may see them. */
export interface Roster {
  readonly people: LivePeople | undefined;
  /** Undefined until the first people are there. */
  readonly state: PeopleState | undefined;
  /** Another number after changes, once a second at most. */
  readonly version: number;
  readonly status: LiveStatus;
  readonly error: CallError | undefined;
  readonly stateOf: (person: LivePerson) => CandidateState;
  /** The facts that follow from decisions about a person: since when they are paused, and when the exam ends for them. */
  readonly controlOf: ControlOf;
  readonly roomName: (roomId: string) => string;
  /** The name of a person, with what tells them from others of their name. It stays the same while the names do. */
  readonly labelOf: (person: Pick<LivePerson, "userId" | "name">) => string;
  /** The names of staff by user id. */
  readonly staff: ReadonlyMap<string, string>;
}

const whatFailed = ({
  status,
  error,
}: {
  readonly status: LiveStatus;
  readonly error: CallError | undefined;
}) => ({
  status,
  error,
});

/** Everybody of an exam, for views that look at all of them. It draws the view once a second at most. */
export const useRoster = (examId: string): Roster => {
  const people = useLivePeople(examId);
  const version = usePeopleVersion(people);
  const { status, error } = usePeople(examId, whatFailed);
  const state = people?.state;
  const rooms = state?.rooms;
  const names = useMemo(() => new Map(rooms?.map(({ id, name }) => [id, name])), [rooms]);
  const roomName = useCallback((roomId: string) => names.get(roomId) ?? "", [names]);
  const { data: exam } = useExamDetails(examId);
  const namesakes = useNamesakes();
  const usesPage = useInstallationInfo()?.usesCandidatePage ?? false;
  // A person may have minutes planned in several rooms.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version says that people have changed.
  const { minutes, staff, found } = useMemo(() => {
    const most = new Map<string, number>();
    const named = new Map<string, string>();
    const found = namesakes(everybody({ people, state }));
    for (const { userId, name, role, extraMinutes } of everybody({ people, state })) {
      if (extraMinutes > 0) most.set(userId, Math.max(extraMinutes, most.get(userId) ?? 0));
      if (role !== "examinee") named.set(userId, found.get(userId) ?? name);
    }
    return { minutes: most, staff: named, found };
  }, [people, state, version, namesakes]);
  // Lists are drawn again when labels change, and not when people do.
  const [labels, setLabels] = useState(found);
  if (
    labels !== found &&
    (labels.size !== found.size || [...found].some(([id, label]) => labels.get(id) !== label))
  )
    setLabels(found);
  const labelOf: Roster["labelOf"] = useCallback(({ userId, name }) => labels.get(userId) ?? name, [labels]);
  const latest = useRef(minutes);
  latest.current = minutes;
  const control: ControlOf = useCallback(
    ({ userId, attempt }, now) =>
      controlOf({ attempt, extraMinutes: latest.current.get(userId) ?? 0 }, exam, now),
    [exam],
  );
  const stateOf = useCallback(
    (person: LivePerson): CandidateState => {
      const connected = candidateState(person, people?.stateOf(person) ?? "expected");
      const found = stateInChecks(connected, person, usesPage);
      const now = Date.now();
      const since = sinceOf(person, found)?.getTime();
      return stateAtEnd(found, { since, endsAt: control(person, now).endsAt }, now);
    },
    [people, control, usesPage],
  );
  return { people, state, version, status, error, stateOf, controlOf: control, roomName, labelOf, staff };
};

/** The people of a roster, one after the other. */
export function* everybody({ people, state }: Pick<Roster, "people" | "state">): Generator<LivePerson, void> {
  for (const id of state?.ids ?? []) {
    const person = people?.person(id);
    if (person) yield person;
  }
}

/** The exam of a screen. */
export const useExamDetails = (examId: string) => useQuery(useInvigil().exam.get.queryOptions({ examId }));

const toSecond = ({
  status,
  lastHeardAt,
}: {
  readonly status: LiveStatus;
  readonly lastHeardAt: Date | undefined;
}): Connection => ({
  status,
  heardAt: lastHeardAt && Math.floor(lastHeardAt.getTime() / 1000) * 1000,
});

/**
 * A view of everybody in an exam: it tells the top bar when it last heard, greys what may be out of date, and says why nothing is there.
 */
export function RosterView({
  examId,
  roster: { state, error, status },
  children,
}: {
  examId: string;
  roster: Roster;
  children: ReactNode;
}) {
  const t = useTranslations("common.roster");
  const connection = useLiveStatus({ peopleOf: examId }, toSecond);
  useReportConnection(connection);
  if (status === "closed" && error) return <ErrorNote error={error} title={t("failed")} />;
  if (!state) return <Waiting error={error} />;
  return (
    <Freshness of={connection}>
      {state.loaded < state.total && (
        <p className={styles.loading} role="status">
          {t("loading", { loaded: state.loaded, total: state.total })}
        </p>
      )}
      {children}
    </Freshness>
  );
}

/** A person of a roster, in a view that is drawn again when the person changes, and not when others do. */
export const useRosterPerson = (people: LivePeople | undefined, id: string): LivePerson | undefined => {
  const subscribe = useCallback(
    (listener: () => void) => people?.subscribePerson(id, listener) ?? (() => undefined),
    [people, id],
  );
  return useSyncExternalStore(subscribe, () => people?.person(id));
};
