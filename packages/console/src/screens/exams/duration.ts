import { useTranslations } from "use-intl";

/** A length in words: `45 min`, `2 h 5 min`, `1 d 20 h`. */
export const useDuration = (): ((ms: number) => string) => {
  const t = useTranslations("exams");
  return (ms) => {
    const minutes = Math.max(0, Math.round(ms / 60_000));
    if (minutes < 60) return t("minutes", { minutes });
    const hours = Math.floor(minutes / 60);
    if (hours < 24)
      return minutes % 60 ? t("hours", { hours, minutes: minutes % 60 }) : t("fullHours", { hours });
    const days = Math.floor(hours / 24);
    return hours % 24 ? t("days", { days, hours: hours % 24 }) : t("fullDays", { days });
  };
};
