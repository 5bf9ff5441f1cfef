import { type ErrorCode, isInvigilError, isNetworkError } from "@invigil/client";
import { Button } from "@mantine/core";
import { useTranslations } from "use-intl";
import type { Texts } from "../texts/texts.js";
import { Skeleton } from "./empty.js";
import styles from "./error-note.module.css";

type Reasons = Texts["common"]["error"]["reasons"];

/** The text of each code that has one of its own. The others say that the server failed. */
const REASONS = {
  FORBIDDEN: true,
  EXAM_NOT_FOUND: true,
  ROOM_NOT_FOUND: true,
  PARTICIPANT_NOT_FOUND: true,
  PARTICIPANT_CONFLICT: true,
  HAND_NOT_FOUND: true,
  HAND_CONFLICT: true,
  ROOM_ENDED: true,
  EXAM_OVER: true,
  EXAM_CONFLICT: true,
  TOO_MANY_REQUESTS: true,
  QUOTA_EXCEEDED: true,
  STORAGE_FULL: true,
  OVERLOADED: true,
  PROVIDER_NOT_CONFIGURED: true,
  PROVIDER_FAILED: true,
  ACCOUNT_NOT_FOUND: true,
  ACCOUNT_CONFLICT: true,
  AUDIO_CLIP_NOT_FOUND: true,
  AUDIO_CLIP_CONFLICT: true,
  PAYLOAD_TOO_LARGE: true,
  INVALID_INPUT: true,
} as const satisfies { readonly [Code in keyof Reasons]: true } & { readonly [Code in ErrorCode]?: true };

const hasText = (code: string): code is keyof Reasons => Object.hasOwn(REASONS, code);

/** A failure that the console found itself, said to the person as it is. */
export class ToldError extends Error {
  override readonly name = "ToldError";
}

/** A person whom a call was for is not there. A call for many has then done nothing for the others either. */
export class NotThereError extends ToldError {}

/** Says what an error means for the person, and what to do. */
export const useErrorText = (): ((error: unknown) => string) => {
  const t = useTranslations("common.error");
  return (error) => {
    if (error instanceof ToldError) return error.message;
    if (isInvigilError(error))
      return hasText(error.data.reason) ? t(`reasons.${error.data.reason}`) : t("unexpected");
    if (isNetworkError(error)) return t(error.cause.kind === "timeout" ? "timeout" : "network");
    return t("unexpected");
  };
};

/** The request that failed, by which the administrator finds it in the log. */
export const requestIdOf = (error: unknown): string | undefined =>
  isInvigilError(error) ? error.data.requestId : undefined;

/** Stands where something live will be: grey lines, or why it is not there. It connects by itself. */
export function Waiting({ error }: { error: unknown }) {
  return error === undefined ? <Skeleton /> : <ErrorNote error={error} isTriedAgain />;
}

/** Says why the action of a button failed, if it did. */
export function NotDone({ error, title }: { error: unknown; title?: string }) {
  const t = useTranslations("common.error");
  return error !== undefined && <ErrorNote error={error} title={title ?? t("notDone")} />;
}

/** Says that something failed, why, and what to do about it. */
export function ErrorNote({
  error,
  title,
  onRetry,
  isTriedAgain = false,
}: {
  error: unknown;
  /** The attempt that failed. Default: that this could not be loaded. */
  title?: string;
  onRetry?: () => void;
  /** Whether the page tries it again by itself. */
  isTriedAgain?: boolean;
}) {
  const t = useTranslations("common.error");
  const say = useErrorText();
  const requestId = requestIdOf(error);
  return (
    <div className={styles.note} role="alert">
      <strong>{title ?? t("title")}</strong>
      <p>{say(error)}</p>
      {isTriedAgain && <p>{t("triedAgain")}</p>}
      <div className={styles.foot}>
        {onRetry && (
          <Button variant="default" size="compact-xs" onClick={onRetry}>
            {t("retry")}
          </Button>
        )}
        {requestId !== undefined && <span className={styles.request}>{t("request", { id: requestId })}</span>}
      </div>
    </div>
  );
}
