import { useInvigilClient } from "@invigil/react";
import { Button, NativeSelect } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { downloadCsv, toCsv } from "../../components/csv.js";
import { Skeleton } from "../../components/empty.js";
import { ErrorNote, NotDone } from "../../components/error-note.js";
import { useRouteSearch } from "../../components/search.js";
import { Time, useZone } from "../../components/time.js";
import { useAction } from "../../components/use-action.js";
import { isoTimeOf } from "../../live/time-zone.js";
import { useSetup } from "./context.js";
import { makeCards, validUntil } from "./make-cards.js";
import { WHOM } from "./search.js";
import styles from "./setup.module.css";

/** The links and cards with which people enter their rooms. */
export function Links() {
  const t = useTranslations("setup.links");
  const roles = useTranslations("common.roles");
  const { exam, examId, items, people, peopleError, refresh } = useSetup();
  const client = useInvigilClient();
  const timeZone = useZone();
  const [{ for: whom = "everybody", room: roomId }, setSearch] = useRouteSearch(
    "/exams/$examId/setup/{-$step}",
  );
  const [progress, setProgress] = useState<number>();
  const [made, setMade] = useState<{ count: number; until: Date | undefined }>();
  const stop = useRef(new AbortController());
  useEffect(() => {
    const controller = new AbortController();
    stop.current = controller;
    return () => controller.abort();
  }, []);

  const save = useAction(async () => {
    setMade(undefined);
    setProgress(0);
    try {
      const { cards } = await makeCards(client, {
        examId,
        roomId,
        whom,
        withQr: false,
        signal: stop.current.signal,
        onProgress: setProgress,
      });
      const columns = ["role", "room", "id", "name", "code", "link", "pcCode", "pcLink", "expires"] as const;
      const rows = cards.map((card) => [
        roles(card.role),
        card.roomName,
        card.userId,
        card.name,
        card.code ?? "",
        card.url,
        card.pcCode ?? "",
        card.pcUrl ?? "",
        isoTimeOf(timeZone, card.expiresAt),
      ]);
      downloadCsv(`${exam.name} ${t("file")}`, toCsv([columns.map((name) => t(`csv.${name}`)), ...rows]));
      setMade({ count: cards.length, until: validUntil(cards) });
      await refresh();
    } finally {
      setProgress(undefined);
    }
  });

  if (!people) return peopleError ? <ErrorNote error={peopleError} /> : <Skeleton rows={4} />;
  const rooms = people.rooms.filter(({ room }) => room.status === "in_progress");
  const chosen = rooms.filter(({ room }) => roomId === undefined || room.id === roomId);
  const count = chosen.reduce((sum, { examinees, teachers, inspectors }) => {
    const staff = teachers.length + inspectors.length;
    return sum + (whom === "staff" ? 0 : examinees) + (whom === "examinee" ? 0 : staff);
  }, 0);
  const item = (code: string) => items?.find((one) => one.code === code);
  const codes = item("join_codes");
  const apps = item("web_apps");
  const settings = apps?.status === "missing" ? apps.settings : [];
  return (
    <>
      <p>{t("intro")}</p>
      {settings.length > 0 && (
        <div className={styles.conflict} role="alert">
          <strong>{t("cannot")}</strong>
          <p>
            <code>{settings.join(", ")}</code>
          </p>
        </div>
      )}
      {rooms.length === 0 ? (
        <div className={styles.form}>
          <p>{t("none")}</p>
          <Link to="/exams/$examId/setup/{-$step}" params={{ examId, step: "rooms" }}>
            {t("toRooms")}
          </Link>
        </div>
      ) : (
        <div className={styles.form}>
          <div className={styles.row}>
            <NativeSelect
              label={t("who")}
              value={whom}
              data={WHOM.map((value) => ({ value, label: t(`whom.${value}`) }))}
              onChange={({ currentTarget: { value } }) =>
                setSearch(
                  { for: WHOM.find((one) => one === value && one !== "everybody") },
                  { replace: true },
                )
              }
            />
            <NativeSelect
              label={t("room")}
              value={roomId ?? ""}
              data={[
                { value: "", label: t("allRooms") },
                ...rooms.map(({ room }) => ({ value: room.id, label: room.name })),
              ]}
              onChange={({ currentTarget: { value } }) =>
                setSearch({ room: value || undefined }, { replace: true })
              }
            />
          </div>
          <p data-numbers>
            <strong>{t("cards", { count })}</strong> {t("until")}
          </p>
          {codes && <p className={styles.hint}>{codes.status === "ok" ? t("codes") : t("linksOnly")}</p>}
          <div className={styles.buttons} data-start>
            <Button disabled={count === 0 || settings.length > 0} onClick={() => setSearch({ print: whom })}>
              {t("print")}
            </Button>
            <Button
              variant="default"
              disabled={count === 0 || settings.length > 0}
              loading={save.isRunning}
              onClick={() => save.run()}
            >
              {t("download")}
            </Button>
          </div>
          {progress !== undefined && <p role="status">{t("making", { done: progress, total: count })}</p>}
          {made && (
            <p role="status" className={styles.result}>
              {t.rich("made", { count: made.count, time: () => <Time value={made.until} seconds={false} /> })}
            </p>
          )}
          <NotDone error={save.error} title={t("failed")} />
        </div>
      )}
    </>
  );
}
