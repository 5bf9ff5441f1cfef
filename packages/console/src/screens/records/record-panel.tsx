import type { CheatRecord } from "@invigil/client";
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { Facts, SidePanel } from "../../components/side-panel.js";
import { Time } from "../../components/time.js";
import { useTypeName } from "../../components/type-name.js";
import styles from "./records.module.css";

/** All that a record says. */
export function RecordPanel({
  record,
  name,
  room,
  onFilter,
  onClose,
}: {
  record: CheatRecord;
  /** What tells the person from others of their name. */
  name: string;
  room: string;
  onFilter: (filter: { q?: string; type?: string }) => void;
  onClose: () => void;
}) {
  const t = useTranslations("records");
  const typeName = useTypeName();
  const { examId, roomId, userId, detectType, isMainMonitor, detectTime, createdAt, extraInfo } = record;
  const type = typeName(detectType);
  const extra = typeof extraInfo === "string" ? extraInfo : JSON.stringify(extraInfo, undefined, 2);
  const delay = Math.round((createdAt.getTime() - detectTime.getTime()) / 1000);
  return (
    <SidePanel title={`${type} · ${name}`} of={String(record.id)} onClose={onClose}>
      <Facts
        of={[
          [
            t("columns.person"),
            <Link key="person" to="/exams/$examId/candidates/$userId" params={{ examId, userId }}>
              {name}
            </Link>,
          ],
          [t("panel.userId"), userId],
          [
            t("columns.room"),
            <Link key="room" to="/exams/$examId/rooms/$roomId" params={{ examId, roomId }}>
              {room}
            </Link>,
          ],
          [t("columns.camera"), t(isMainMonitor ? "camera.main" : "camera.pc")],
          [t("panel.rawType"), type === detectType ? "" : detectType],
          [t("columns.time"), <Time key="time" value={detectTime} />],
          [t("columns.arrival"), <Time key="received" value={createdAt} />],
          [t("panel.number"), String(record.id)],
        ]}
      />
      {Math.abs(delay) >= 60 && (
        <p className={styles.hint}>
          {t(delay > 0 ? "panel.late" : "panel.early", { minutes: Math.round(Math.abs(delay) / 60) })}
        </p>
      )}
      <h3 className={styles.heading}>{t("panel.extra")}</h3>
      {extra === "" || extra === "{}" ? (
        <p className={styles.hint}>{t("panel.noExtra")}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a long text scrolls, also by keyboard.
        <pre className={styles.raw} tabIndex={0}>
          {extra}
        </pre>
      )}
      <div className={styles.buttons}>
        <Button variant="default" onClick={() => onFilter({ q: userId })}>
          {t("panel.onlyPerson")}
        </Button>
        <Button variant="default" onClick={() => onFilter({ type: detectType })}>
          {t("panel.onlyType")}
        </Button>
      </div>
    </SidePanel>
  );
}
