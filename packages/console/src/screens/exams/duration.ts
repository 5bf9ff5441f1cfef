import { useTranslations } from "use-intl";

/** A length in words: `45 min`, `2 h 5 min`, `3 days`. */
export const useDuration = (): ((ms: number) => string) => {
  const t = useTranslations("exams");
  return (ms) => {
    const minutes = Math.max(0, Math.round(ms / 60_000));
    if (minutes < 60) return t("minutes", { minutes });
    const hours = Math.floor(minutes / 60);
    if (hours < 48) return t("hours", { hours, minutes: minutes % 60 });
    return t("days", { days: Math.floor(hours / 24) });
  };
};
