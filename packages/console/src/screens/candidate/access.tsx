import type { RouterOutputs } from "@invigil/client";
import { useInvigil } from "@invigil/react";
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { ErrorNote } from "../../components/error-note.js";
import { Time } from "../../components/time.js";
import styles from "./candidate.module.css";

/** The reasons of refusals that have a text. */
const REASONS = [
  "TOKEN_EXPIRED",
  "TOKEN_REVOKED",
  "SESSION_ENDED",
  "ACCOUNT_DISABLED",
  "LINKS_REVOKED",
  "ROOM_ENDED",
  "EXAM_OVER",
  "FORBIDDEN",
] as const;

/** Why a person cannot enter. It is looked up on request, because the audit keeps who asked. */
export function Access({ examId, userId }: { examId: string; userId: string }) {
  const t = useTranslations("candidate.access");
  const invigil = useInvigil();
  const [isAsked, setAsked] = useState(false);
  const { data, error, refetch, isFetching } = useQuery(
    invigil.participant.diagnose.queryOptions({ examId, userId }, { enabled: isAsked, staleTime: 0 }),
  );
  return (
    <section className={styles.details} aria-labelledby="access">
      <h2 id="access">{t("title")}</h2>
      {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {data && <Found of={data} />}
      <div className={styles.acts}>
        <Button
          variant="subtle"
          size="compact-xs"
          loading={isFetching}
          onClick={() => (isAsked ? void refetch() : setAsked(true))}
        >
          {t(data ? "again" : "look")}
        </Button>
      </div>
    </section>
  );
}

function Found({
  of: { isUnseated, seats, account, refusals, provider },
}: {
  of: RouterOutputs["participant"]["diagnose"];
}) {
  const t = useTranslations("candidate.access");
  const roles = useTranslations("common.roles");
  const reasonOf = (reason: string): string => {
    const known = REASONS.find((one) => one === reason);
    return known ? t(`reasons.${known}`) : reason;
  };
  return (
    <ul aria-live="polite">
      {isUnseated && <li data-many>{t("unseated")}</li>}
      {seats.map(({ roomId, roomName, generation, codes, linksUntil, obstacles }) => (
        <li key={roomId} className={styles.wraps}>
          <span>
            {obstacles.length === 0
              ? t.rich("open", { room: roomName, time: () => <Time value={linksUntil} seconds={false} /> })
              : roomName}
          </span>
          <ul>
            {obstacles.map((one) => (
              <li key={one} data-many>
                {t(`obstacles.${one}`)}
              </li>
            ))}
            <li>{t("links", { count: generation })}</li>
            <li>{t(`code.${codes.main}`)}</li>
            {codes.pc && <li>{t(`pcCode.${codes.pc}`)}</li>}
          </ul>
        </li>
      ))}
      {account && (
        <li data-many={account.disabled || undefined}>
          {t(account.disabled ? "disabled" : "account", {
            role: roles(account.role),
            count: account.sessions,
          })}
        </li>
      )}
      {!provider.canPublish && <li data-many>{t("noStreams")}</li>}
      {refusals.length === 0 && <li>{t("noRefusals")}</li>}
      {refusals.map(({ time, reason, procedure, times }) => (
        <li key={`${time.toISOString()} ${reason} ${procedure}`} className={styles.wraps}>
          <Time value={time} /> {reasonOf(reason)}
          {times > 1 && ` × ${times}`}
        </li>
      ))}
    </ul>
  );
}
