import { isInvigilError } from "@invigil/client";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { useTranslations } from "use-intl";
import dialogStyles from "../components/dialog.module.css";
import { useErrorText } from "../components/error-note.js";
import { Time } from "../components/time.js";
import styles from "./acting.module.css";
import { type Decided, type Order, useDecide, type Whom } from "./decide.js";

/** How many people are listed with what becomes of them, those who are refused first. */
const MOST_LISTED = 200;
/** Typing is over after so long, in milliseconds. */
const TYPED_MS = 300;

/** What an order would do. */
interface Found {
  /** By user id. */
  readonly people: ReadonlyMap<string, Decided>;
  /** Why the server would refuse it for people of a room, by room and reason. */
  readonly refusals: ReadonlyMap<string, unknown>;
}

/** The statuses of refusals that say that a room or its people are not as they were. */
const REFUSED = [403, 404, 409];

/** The parts of the answer that must not have changed when the order is given. An end that moves on because time is given back is no part of it. */
const premiseOf = (
  { people, refusals }: Found,
  order: Order | undefined,
  isWanted: (userId: string) => boolean,
): string =>
  JSON.stringify([
    [...people.values()]
      .filter(({ userId }) => isWanted(userId))
      .map(({ userId, outcome, refusal, attempt, endsAt, needsLink }) => {
        if (!attempt || !endsAt) return [userId, refusal];
        const { status, givesBack, extendedMinutes, pausedMs } = attempt;
        const goesOn = outcome === "changed" && (order?.kind === "resume" || order?.kind === "reopen");
        const end = endsAt.getTime() - (goesOn ? pausedMs : 0);
        const moves = status === "paused" && givesBack;
        return [userId, outcome, refusal, status, extendedMinutes, needsLink, moves || end];
      }),
    [...refusals.keys()],
  ]);

/** Asks the server what an order would do. */
export const useForeseen = ({
  key,
  order,
  whom,
  of,
}: {
  key: string;
  order: Order | undefined;
  whom: readonly Whom[];
  of: "people" | "rooms";
}) => {
  const decide = useDecide();
  const queries = useQueryClient();
  const wanted = JSON.stringify([order, whom]);
  const latest = useRef(wanted);
  latest.current = wanted;
  const [typed] = useDebouncedValue(wanted, TYPED_MS);
  const queryKey = ["foreseen", key, wanted];
  const ask = async (): Promise<Found> => {
    const people = new Map<string, Decided>();
    const refusals = new Map<string, unknown>();
    for (const one of whom)
      try {
        if (!order) break;
        const call = await decide(order, { ...one, key, reason: { code: "other" }, dryRun: true });
        for (const person of call.people) people.set(person.userId, person);
      } catch (error) {
        // What is refused for one room is possible in others.
        if (!isInvigilError(error) || !REFUSED.includes(error.data.httpStatus)) throw error;
        refusals.set(`${one.roomId} ${error.data.reason}`, error);
      }
    return { people, refusals };
  };
  const { data, error } = useQuery({
    queryKey,
    queryFn: ask,
    enabled: order !== undefined && typed === wanted,
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  return {
    data,
    error,
    /** Asks again. Resolves to whether the order would do what was shown. */
    foresee: async (): Promise<boolean> => {
      const now = await ask();
      queries.setQueryData(queryKey, now);
      // In large exams, people finish all the time. That must not keep anyone from deciding about whole rooms.
      const isWanted = (userId: string) =>
        of === "people" || now.people.get(userId)?.attempt?.status !== "finished";
      const isSame = !data || premiseOf(data, order, isWanted) === premiseOf(now, order, isWanted);
      return isSame && latest.current === wanted;
    },
  };
};

/** Says in a few words how a decision would change a person's attempt. */
export function Outcome({ of: { outcome, refusal, attempt, endsAt, needsLink } }: { of: Decided }) {
  const t = useTranslations("watching.control");
  if (outcome === "refused" || !attempt || !endsAt) return t(`refusals.${refusal ?? "over"}`);
  return (
    <span>
      {t.rich(`becomes.${attempt.status}`, { time: () => <Time value={endsAt} seconds={false} /> })}
      {outcome === "unchanged" && ` · ${t("unchanged")}`}
      {needsLink && ` · ${t("needsLink")}`}
    </span>
  );
}

/** Says before an action how many it changes, who is refused, and when the exam ends for each. */
export function Foreseen({
  foreseen: { data, error },
  nameOf,
  of,
}: {
  foreseen: ReturnType<typeof useForeseen>;
  nameOf: (userId: string) => string;
  of: "people" | "rooms";
}) {
  const t = useTranslations("watching.control.foreseen");
  const say = useErrorText();
  if (error) return <p role="alert">{say(error)}</p>;
  if (!data) return <p role="status">{t("asking")}</p>;
  const people = [...data.people.values()];
  const count = (outcome: Decided["outcome"]) => people.filter((one) => one.outcome === outcome).length;
  const listed = people
    .filter(({ outcome }) => of === "people" || outcome === "refused")
    .sort((one, other) => Number(other.outcome === "refused") - Number(one.outcome === "refused"));
  return (
    <>
      <p role="status">
        {t("counts", {
          changed: count("changed"),
          unchanged: count("unchanged"),
          refused: count("refused"),
        })}
      </p>
      {[...new Set([...data.refusals.values()].map(say))].map((text) => (
        <p key={text} role="alert">
          {text}
        </p>
      ))}
      {listed.length > 0 && (
        <ul className={`${dialogStyles.results} ${styles.preview}`} aria-label={t("label")}>
          {listed.slice(0, MOST_LISTED).map((one) => (
            <li
              key={one.userId}
              className={dialogStyles.result}
              data-loses={one.outcome === "refused" || undefined}
            >
              <span>{nameOf(one.userId)}</span>
              <span data-numbers>
                <Outcome of={one} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
