import type { AuditEntry, RouterOutputs } from "@invigil/client";
import { useMemo } from "react";
import { useMessages, useTranslations } from "use-intl";
import { useLabelsOf } from "../../components/labels.js";

/** Whether the server refused the call, or failed. */
export const isRefused = ({ outcome }: Pick<AuditEntry, "outcome">): boolean =>
  outcome !== "ok" && outcome !== "ended";

type Page = Pick<RouterOutputs["audit"]["list"], "names">;

/** The names behind the ids of entries, as far as they are known. */
export interface Names {
  readonly exams: ReadonlyMap<string, string>;
  readonly rooms: ReadonlyMap<string, string>;
  readonly people: ReadonlyMap<string, string>;
}

export const namesIn = (pages: readonly Page[]): Names => {
  const of = (kind: keyof Names) =>
    new Map(pages.flatMap(({ names }) => names?.[kind].map(({ id, name }) => [id, name] as const) ?? []));
  return { exams: of("exams"), rooms: of("rooms"), people: of("people") };
};

/** In place of the person in entries about people who were erased. */
const ERASED = "erased";

/** Writes entries of the audit as sentences. */
export const useSentences = (names: Names) => {
  const t = useTranslations("audit");
  const command = useTranslations("administration.audit")("command");
  const { audit } = useMessages();
  const labels = useLabelsOf(names.people);
  return useMemo(() => {
    const write = (procedure: string, values: { readonly [Name in string]: string }): string => {
      // Safe: it is one of the texts, or has none, as that of another version.
      const key = procedure as "room.end";
      if (!t.has(key)) return `${values.who} ${procedure}`.trim();
      return t(key, values as never)
        .replaceAll(/ {2,}/g, " ")
        .trim();
    };
    const named = (name: string | undefined) => (name === undefined ? "" : t("values.name", { name }));
    const personOf = ({ personId, times }: AuditEntry) => {
      if (personId === ERASED) return t("values.erased");
      if (personId !== undefined) return labels.get(personId) ?? personId;
      return times > 1 ? t("values.people", { count: String(times) }) : t("values.person");
    };
    return {
      sentenceOf: (entry: AuditEntry): string => {
        const { procedure, outcome, examId, roomId, subject, personId } = entry;
        const nameIn = (of: ReadonlyMap<string, string>, id: string | undefined) =>
          named(id === undefined ? undefined : (of.get(id) ?? id));
        const [exam, room] = [nameIn(names.exams, examId), nameIn(names.rooms, roomId)];
        const place = room
          ? t("values.room", { name: room })
          : exam
            ? t("values.exam", { name: exam })
            : t("values.place");
        return write(procedure, {
          who: whoIn(entry, labels, command),
          ok: isRefused(entry) ? "no" : outcome,
          person: personOf(entry),
          about: personId === undefined ? place : personOf(entry),
          exam,
          room,
          from: nameIn(names.rooms, subject),
          place,
        });
      },
      /** What the entries of a procedure say, without anybody's name. */
      kindOf: (procedure: string): string => {
        const [person, place] = [t("values.person"), t("values.place")];
        const nothing = { who: "", exam: "…", room: "…", from: "…" };
        const text = write(procedure, { ...nothing, ok: "ok", person, about: person, place });
        return text.charAt(0).toUpperCase() + text.slice(1);
      },
      /** The procedures that have a sentence. */
      procedures: Object.entries(audit).flatMap(([noun, verbs]) =>
        noun === "values" ? [] : Object.keys(verbs).map((verb) => `${noun}.${verb}`),
      ),
    };
  }, [t, command, audit, names, labels]);
};

/** The name of an actor. Of a command, who ran it. */
const whoIn = ({ actorId, operator }: AuditEntry, people: Names["people"], command: string): string =>
  operator === undefined ? (people.get(actorId) ?? actorId) : `${operator} (${command})`;
