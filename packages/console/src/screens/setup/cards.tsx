import type { CardPageCards as Card, Exam } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { useQuery } from "@tanstack/react-query";
import { type CSSProperties, useEffect, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { ErrorNote } from "../../components/error-note.js";
import { PrintView } from "../../components/page.js";
import { useRouteSearch } from "../../components/search.js";
import { useZone } from "../../components/time.js";
import styles from "./cards.module.css";
import { useSetup } from "./context.js";
import {
  makeCards,
  type PersonCards,
  placeToType,
  rowsOf,
  type Sheet,
  sheetsOf,
  type Whom,
} from "./make-cards.js";

/** The cards as they are printed. */
export default function Cards({ whom, onBack }: { whom: Whom; onBack: () => void }) {
  const t = useTranslations("setup.links");
  const { exam, examId, refresh } = useSetup();
  const client = useInvigilClient();
  const [{ room: roomId }] = useRouteSearch("/exams/$examId/setup/{-$step}");
  const [made, setMade] = useState(0);
  const { data, error, refetch } = useQuery({
    queryKey: ["setup-cards", examId, whom, roomId],
    queryFn: ({ signal }) =>
      makeCards(client, { examId, roomId, whom, withQr: true, signal, onProgress: setMade }),
    // They are made once each time they are asked for, because links that are made again are other links.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  useEffect(() => {
    if (data) void refresh();
  }, [data, refresh]);
  const title = t("printTitle", { exam: exam.name });
  return (
    <PrintView title={title} onBack={onBack}>
      {error && <ErrorNote error={error} title={t("failed")} onRetry={() => void refetch()} />}
      {!data && !error && <p role="status">{t("madeSoFar", { count: made })}</p>}
      {data?.cards.length === 0 && <p>{t("none")}</p>}
      {data && sheetsOf(data.cards).map((sheet) => <CardSheet key={sheet.key} sheet={sheet} exam={exam} />)}
    </PrintView>
  );
}

function CardSheet({ sheet: { roomName, isStaff, number, of, people }, exam }: { sheet: Sheet; exam: Exam }) {
  const t = useTranslations("setup.links.card");
  return (
    <section className={styles.page}>
      <header className={styles.head}>
        <h2>{roomName ?? t("severalRooms")}</h2>
        <p>
          {exam.name} · {isStaff && `${t("staff")} · `}
          {t("sheet", { number, of })}
        </p>
      </header>
      <div className={styles.cards}>
        {people.map((cards) => (
          <OneCard key={`${cards[0].userId} ${cards[0].roomId}`} cards={cards} exam={exam} />
        ))}
      </div>
    </section>
  );
}

export function OneCard({
  cards,
  exam,
}: {
  cards: PersonCards;
  exam: Pick<Exam, "name" | "startTime" | "endTime">;
}) {
  const t = useTranslations("setup.links.card");
  const roles = useTranslations("common.roles");
  const format = useFormatter();
  const timeZone = useZone();
  const [card] = cards;
  const { name, userId, role, roomName, examEndTime, code, pcCode, pcQr, pcUrl } = card;
  const isOfSeveral = cards.length > 1;
  const extra = Math.round((examEndTime.getTime() - exam.endTime.getTime()) / 60_000);
  return (
    <article
      className={`${styles.card} ${isOfSeveral ? styles.several : ""}`}
      style={{ "--rows": rowsOf(cards) } as CSSProperties}
    >
      <div>
        <h3>{name}</h3>
        <p className={styles.id}>
          {userId}
          {role !== "examinee" && ` · ${[...new Set(cards.map((one) => roles(one.role)))].join(" · ")}`}
        </p>
        <p>
          {exam.name}
          {!isOfSeveral && ` · ${roomName}`}
        </p>
        <p className={styles.time}>
          {format.dateTimeRange(exam.startTime, examEndTime, {
            timeZone,
            year: "numeric",
            month: "short",
            day: "numeric",
            hour: "2-digit",
            minute: "2-digit",
            hourCycle: "h23",
          })}{" "}
          ({timeZone})
        </p>
        {extra > 0 && <p>{t("extra", { minutes: extra })}</p>}
      </div>
      <div className={styles.devices}>
        {cards.map((one) => (
          <Device
            key={one.roomId}
            label={pcUrl !== undefined ? t("main") : isOfSeveral ? one.roomName : undefined}
            name={name}
            qr={one.qr}
            code={one.code}
          />
        ))}
        {pcCode !== undefined && <Device label={t("pc")} name={name} qr={pcQr} code={pcCode} />}
        {pcCode === undefined && pcUrl !== undefined && <p>{t("pcPage")}</p>}
      </div>
      <p className={styles.secret}>
        {code !== undefined && <span>{t("type", { address: placeToType(card) })}</span>}
        <span>{t("secret")}</span>
      </p>
    </article>
  );
}

function Device({
  label,
  name,
  qr,
  code,
}: {
  label: string | undefined;
  name: string;
  qr: Card["qr"];
  code: string | undefined;
}) {
  const t = useTranslations("setup.links.card");
  return (
    <div className={styles.device} data-large={code === undefined || undefined}>
      {qr && (
        <svg
          viewBox={`0 0 ${qr.size} ${qr.size}`}
          shapeRendering="crispEdges"
          role="img"
          aria-label={t("qr", { device: label ?? "none", name })}
        >
          <path stroke="#000" d={qr.path} />
        </svg>
      )}
      <div>
        {label !== undefined && <p>{label}</p>}
        {code !== undefined && (
          <p className={styles.code}>
            {code.split("-").map((part, at, all) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a code stand still.
              <span key={at}>{at < all.length - 1 ? `${part}-` : part}</span>
            ))}
          </p>
        )}
      </div>
    </div>
  );
}
