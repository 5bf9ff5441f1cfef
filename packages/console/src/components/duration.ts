import { useCallback } from "react";
import { useTranslations } from "use-intl";

/** A length in words, in seconds if it is shorter than a minute. */
export const useShortLength = (): ((ms: number) => string) => {
  const t = useTranslations("common.length");
  const length = useLength();
  return useCallback(
    (ms: number) =>
      ms < 60_000 ? t("seconds", { seconds: Math.max(1, Math.round(ms / 1000)) }) : length(ms),
    [t, length],
  );
};

/** A length in words, in full minutes that it takes: `45 min`, `2 h 5 min`, `1 d 20 h`. */
export const useLength = (): ((ms: number) => string) => {
  const t = useTranslations("common.length");
  return useCallback(
    (ms: number) => {
      const minutes = Math.max(0, Math.ceil(ms / 60_000));
      const hours = Math.floor(minutes / 60);
      if (hours === 0) return t("minutes", { minutes });
      return hours < 24
        ? t("hours", { hours, minutes: minutes % 60 })
        : t("days", { days: Math.floor(hours / 24), hours: hours % 24 });
    },
    [t],
  );
};
