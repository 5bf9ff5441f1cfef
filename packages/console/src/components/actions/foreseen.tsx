import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import dialogStyles from "../dialog.module.css";
import { useErrorText } from "../error-note.js";
import { Time } from "../time.js";
import styles from "./acting.module.css";
import { type Decided, type Order, useDecide, type Whom } from "./decide.js";

/** How many people are listed with what becomes of them, those who are refused first. */
const MOST_LISTED = 200;
/** Typing is over after so long, in milliseconds. */
const TYPED_MS = 300;

/** What an order would do, asked of the server. */
export const useForeseen = ({
  examId,
  key,
  order,
  whom,
}: {
  examId: string;
  key: string;
  order: Order | undefined;
  whom: readonly Whom[];
}) => {
  const decide = useDecide(examId);
  const wanted = JSON.stringify([order, whom]);
  const [typed] = useDebouncedValue(wanted, TYPED_MS);
  return useQuery({
    queryKey: ["foreseen", key, wanted],
    queryFn: async (): Promise<ReadonlyMap<string, Decided>> => {
      const found = new Map<string, Decided>();
      if (order)
        for (const one of whom) {
          const call = await decide(order, { ...one, key, reason: { code: "other" }, dryRun: true });
          for (const person of call.people) found.set(person.userId, person);
        }
      return found;
    },
    enabled: order !== undefined && typed === wanted,
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
};

/** Says in a few words how a decision would change a person's attempt. */
export function Outcome({ of: { outcome, refusal, attempt, endsAt, needsLink } }: { of: Decided }) {
  const t = useTranslations("watching.control");
  if (outcome === "refused") return t(`refusals.${refusal ?? "over"}`);
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
  const people = [...data.values()];
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
