import { useTranslations } from "use-intl";
import type { Roster } from "../../components/roster.js";

/** Who is listed, with where they are and what is known of their identity, as rows of a file. Its times are in UTC, as in other files. */
export const useAttendance = (
  { people, stateOf, controlOf, roomName }: Roster,
  ids: readonly string[],
  now: number,
) => {
  const t = useTranslations("candidates.csv");
  const states = useTranslations("common.state");
  return (): readonly (readonly string[])[] => [
    (["name", "userId", "room", "state", "identity", "since", "ends"] as const).map((column) => t(column)),
    ...ids.flatMap((id) => {
      const person = people?.person(id);
      if (!person) return [];
      const { name, userId, roomId, identity } = person;
      const state = stateOf(person);
      const { endsAt } = controlOf(person, now);
      const hasEnd = endsAt !== undefined && state !== "ended" && state !== "unseated";
      return [
        [
          name,
          userId,
          roomId === undefined ? "" : roomName(roomId),
          states(state),
          t(`found.${identity?.status ?? "unchecked"}`),
          identity?.since.toISOString() ?? "",
          hasEnd ? new Date(endsAt).toISOString() : "",
        ],
      ];
    }),
  ];
};
