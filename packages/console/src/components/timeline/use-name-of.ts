import { useSession } from "@invigil/react";
import { useCallback } from "react";

/** Names those who are in a list, and the person themselves, who need not be in it: administrators are in no room. */
export const useNameOf = (names: ReadonlyMap<string, string>): ((userId: string) => string) => {
  const { user } = useSession();
  const [ownId, ownName] = [user?.userId, user?.name];
  return useCallback(
    (userId) => names.get(userId) ?? (userId === ownId ? ownName : undefined) ?? userId,
    [names, ownId, ownName],
  );
};
