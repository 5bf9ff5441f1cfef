import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { useTranslations } from "use-intl";
import { Empty } from "../../components/empty.js";
import { type Column, Table } from "../../components/table.js";
import type { Look } from "../../live/rooms.js";
import styles from "./overview.module.css";
import { Reasons, useLookName } from "./reasons.js";
import type { Overview } from "./use-overview.js";

/** The rooms that need a look, with why and what to do. */
export function Looks({
  examId,
  overview: { looks, phase, isQuiet },
  roomName,
  chosen,
  onChoose,
}: {
  examId: string;
  overview: Pick<Overview, "looks" | "phase" | "isQuiet">;
  roomName: (roomId: string) => string;
  /** Undefined: the person may do nothing with rooms. */
  chosen: ReadonlySet<string> | undefined;
  onChoose: (chosen: ReadonlySet<string>) => void;
}) {
  const t = useTranslations("overview");
  const navigate = useNavigate();
  const nameOf = useLookName(roomName);
  const open = useCallback(
    ({ roomIds, reasons }: Look) => {
      const [roomId] = roomIds;
      const burst = reasons.find(({ kind }) => kind === "burst");
      if (roomIds.length === 1 && roomId !== undefined)
        void navigate({ to: "/exams/$examId/rooms/$roomId", params: { examId, roomId } });
      else
        void navigate({
          to: "/exams/$examId/candidates",
          params: { examId },
          search: { room: roomIds, ...(burst?.kind === "burst" && { state: burst.of }) },
        });
    },
    [navigate, examId],
  );
  const columns = useMemo<readonly Column<Look>[]>(
    () => [
      {
        id: "room",
        header: t("looks.room"),
        width: "minmax(110px, 1fr)",
        cell: (look) => <strong className={styles.room}>{nameOf(look)}</strong>,
      },
      {
        id: "why",
        header: t("looks.why"),
        width: "minmax(220px, 4fr)",
        cell: ({ reasons }) => <Reasons reasons={reasons} />,
      },
      {
        id: "todo",
        header: t("looks.todo"),
        // As wide as the longest of these sentences.
        width: "232px",
        from: 760,
        cell: ({ reasons: [first] }) =>
          first && <span className={styles.hint}>{t(`todo.${first.kind}`)}</span>,
      },
    ],
    [t, nameOf],
  );
  const narrow = useCallback(
    (look: Look) => (
      <>
        <strong className={styles.room}>{nameOf(look)}</strong>
        <br />
        <Reasons reasons={look.reasons} most={1} />
      </>
    ),
    [nameOf],
  );
  const quiet = { upcoming: "noneBefore", running: "none", over: "noneAfter" } as const;
  return (
    <Table
      label={t("looks.title")}
      rows={looks}
      keyOf={keyOfLook}
      nameOf={nameOf}
      columns={columns}
      narrow={narrow}
      {...(chosen && { selection: chosen, onSelect: onChoose })}
      onOpen={open}
      empty={isQuiet && <Empty title={t("looks.noneTitle")}>{t(`looks.${quiet[phase ?? "running"]}`)}</Empty>}
    />
  );
}

const keyOfLook = ({ key }: Look) => key;
