import type { AuditEntry } from "@invigil/client";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { Facts, SidePanel } from "../../components/side-panel.js";
import { Time } from "../../components/time.js";
import styles from "./administration.module.css";
import { isRefused, type Names } from "./sentences.js";

/** Whether a call was done, or why it was refused. */
export function Outcome({ entry }: { entry: AuditEntry }) {
  const t = useTranslations("administration.audit.outcomes");
  const refused = isRefused(entry);
  return (
    <span className={styles.mark} data-tone={refused ? "amber" : "quiet"}>
      <svg aria-hidden="true" width="12" height="12" viewBox="0 0 12 12" stroke="currentColor" fill="none">
        <path
          d={refused ? "M3 3l6 6M9 3l-6 6" : "M2.500 6.500l2.500 2.200L9.500 3.500"}
          strokeWidth="1.400"
          strokeLinecap="round"
        />
      </svg>
      {refused ? t("refusedWith", { code: entry.outcome }) : t(entry.outcome === "ended" ? "ended" : "done")}
    </span>
  );
}

interface Times {
  readonly start: Date;
  readonly end: Date;
}

/** The old and the new times of an exam, which the audit keeps as two intervals of ISO 8601. */
const changedTimesOf = ({
  procedure,
  subject = "",
}: AuditEntry): { readonly before: Times; readonly after: Times } | undefined => {
  const [, ...texts] = /^(\S+)\/(\S+) (\S+)\/(\S+)$/.exec(subject) ?? [];
  const [oldStart, oldEnd, start, end] = texts.map((text) => new Date(text));
  return procedure === "exam.update" && oldStart && oldEnd && start && end
    ? { before: { start: oldStart, end: oldEnd }, after: { start, end } }
    : undefined;
};

function Interval({ of: { start, end } }: { of: Times }) {
  return (
    <>
      <Time value={start} seconds={false} /> – <Time value={end} seconds={false} />
    </>
  );
}

/** All that an entry of the audit says. */
export function EntryPanel({
  entry,
  title,
  names,
  onClose,
  onFilter,
}: {
  entry: AuditEntry;
  title: string;
  names: Names;
  onClose: () => void;
  onFilter: (filter: { actor?: string; procedure?: string; person?: string; exam?: string }) => void;
}) {
  const t = useTranslations("administration.audit");
  const roles = useTranslations("common.roles");
  const { examId, roomId, personId, actorId, procedure } = entry;
  const times = changedTimesOf(entry);
  /** The name of something, and its id. */
  const both = (of: ReadonlyMap<string, string>, id: string) => {
    const name = of.get(id);
    return name === undefined || name === id ? id : `${name} (${id})`;
  };
  const only = (label: string, filter: Parameters<typeof onFilter>[0]) => (
    <button type="button" className={styles.link} title={t("onlyThese")} onClick={() => onFilter(filter)}>
      {label}
    </button>
  );
  return (
    <SidePanel title={title} of={entry.id} onClose={onClose}>
      <Facts
        of={[
          [t("time"), <Time key="time" value={entry.time} />],
          [t("actor"), only(both(names.people, actorId), { actor: actorId })],
          [t("operator"), entry.operator],
          [t("role"), roles(entry.actorRole)],
          [t("procedure"), only(procedure, { procedure })],
          [t("outcome"), <Outcome key="outcome" entry={entry} />],
          [t("times"), entry.times > 1 ? String(entry.times) : undefined],
          [
            t("exam"),
            examId && (
              <span className={styles.links}>
                {only(names.exams.get(examId) ?? examId, { exam: examId })}
                <Link to="/exams/$examId" params={{ examId }}>
                  {t("openExam")}
                </Link>
              </span>
            ),
          ],
          [
            t("room"),
            roomId &&
              (examId ? (
                <Link to="/exams/$examId/rooms/$roomId" params={{ examId, roomId }}>
                  {names.rooms.get(roomId) ?? roomId}
                </Link>
              ) : (
                roomId
              )),
          ],
          [t("person"), personId && only(both(names.people, personId), { person: personId })],
          ...(times
            ? ([
                [t("timesBefore"), <Interval key="before" of={times.before} />],
                [t("timesAfter"), <Interval key="after" of={times.after} />],
              ] as const)
            : ([
                [t("subject"), entry.subject && (names.rooms.get(entry.subject) ?? entry.subject)],
              ] as const)),
          [t("credential"), t(`credentials.${entry.credential}`)],
          [t("credentialId"), entry.credentialId],
          [t("address"), entry.address],
          [t("entryPoint"), entry.entryPoint],
          [t("request"), entry.requestId],
        ]}
      />
    </SidePanel>
  );
}
