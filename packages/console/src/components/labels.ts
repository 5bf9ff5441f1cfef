import { sameNamesOf } from "@invigil/client";
import { useCallback, useMemo } from "react";
import { useTranslations } from "use-intl";

interface Named {
  readonly userId: string;
  readonly name: string;
}

/** Makes the labels of those among some people who have the name of another: the name with the id. By user id. */
export const useNamesakes = (): ((people: Iterable<Named>) => ReadonlyMap<string, string>) => {
  const t = useTranslations("common");
  return useCallback(
    (people) => {
      const all = [...people];
      const ids = new Set(sameNamesOf(all).flatMap(({ userIds }) => userIds));
      return new Map(
        all.flatMap(({ userId, name }) =>
          ids.has(userId) ? [[userId, t("namesake", { name: name.trim(), id: userId })] as const] : [],
        ),
      );
    },
    [t],
  );
};

/** Returns a label for each person, by user id: their name, followed by their id if another of these people has the same name. */
export const useLabels = (people: readonly Named[] | undefined): ReadonlyMap<string, string> => {
  const namesakes = useNamesakes();
  return useMemo(
    () =>
      new Map([
        ...(people ?? []).map(({ userId, name }) => [userId, name] as const),
        ...namesakes(people ?? []),
      ]),
    [people, namesakes],
  );
};

/** The same for names by user id. */
export const useLabelsOf = (names: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  useLabels(useMemo(() => [...names].map(([userId, name]) => ({ userId, name })), [names]));
