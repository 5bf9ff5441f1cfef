import type { RouterOutputs } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { Button } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { CopyButton } from "../components/copy-button.js";
import { useCopyCsv } from "../components/csv-menu.js";
import { NotThereError } from "../components/error-note.js";
import styles from "./acting.module.css";
import { ActionInRooms } from "./action-in-rooms.js";
import type { RunBatch } from "./bulk-run.js";
import { type PeopleProps, type Seated, titleOf } from "./people.js";
import { patiently } from "./sending.js";

type Card = RouterOutputs["exam"]["cards"]["cards"][number];

/** Gives people new links, or shows those that they have. */
export function LinkDialog({
  people,
  roomOf,
  examId,
  onClose,
  skipped,
}: Pick<PeopleProps, "people" | "roomOf" | "examId" | "onClose"> & Partial<Pick<PeopleProps, "skipped">>) {
  const t = useTranslations("watching.link");
  const gone = useTranslations("watching")("gone");
  const client = useInvigilClient();
  const copyCsv = useCopyCsv(t("file"));
  const [isNew, setIsNew] = useState(true);
  const cards = useRef(new Map<string, Card>());
  const run: RunBatch<Seated> = async (batch, roomId) => {
    const userIds = batch.map(({ userId }) => userId);
    const make = (limit: number) =>
      patiently(() =>
        client.exam.cards.mutate({ examId, roomId, userIds, limit, withQr: people.length === 1 }),
      );
    if (isNew) {
      // A server that cannot make links refuses before anybody loses one.
      await make(1);
      await patiently(() => client.room.revokeLinks.mutate({ roomId, userIds }));
    }
    const made = new Map((await make(batch.length)).cards.map((card) => [card.userId, card]));
    const errors = new Map<string, unknown>();
    for (const { id, userId } of batch) {
      const card = made.get(userId);
      if (card) cards.current.set(id, card);
      else errors.set(id, new NotThereError(gone));
    }
    return errors;
  };
  const copyAll = () =>
    void copyCsv([
      ["id", "name", "room", "code", "link", "pc code", "pc link"],
      ...[...cards.current.values()].map(({ userId, name, roomName, code, url, pcCode, pcUrl }) =>
        [userId, name, roomName, code, url, pcCode, pcUrl].map((value) => value ?? ""),
      ),
    ]);
  return (
    <ActionInRooms
      title={t("title", titleOf(people))}
      targets={people}
      action={t(isNew ? "action" : "show")}
      isDangerous={isNew}
      onClose={onClose}
      roomOf={roomOf}
      run={run}
      resultOf={({ id, label }) => {
        const card = cards.current.get(id);
        return (
          card &&
          (people.length === 1 ? (
            <CardView card={card} name={label} />
          ) : (
            <>
              <span className={styles.value}>{card.code ?? card.url}</span>
              <CopyButton label={label} text={card.url} />
            </>
          ))
        );
      }}
      after={people.length > 1 && <Button onClick={copyAll}>{t("copyAll")}</Button>}
    >
      <label className={styles.check}>
        <input
          type="checkbox"
          checked={isNew}
          onChange={({ currentTarget }) => setIsNew(currentTarget.checked)}
        />
        {t("isNew")}
      </label>
      <p>{t(isNew ? "consequence" : "secret")}</p>
      {skipped}
    </ActionInRooms>
  );
}

/** All that a person needs to enter. */
function CardView({ card: { qr, code, url, pcUrl }, name }: { card: Card; name: string }) {
  const t = useTranslations("watching.link");
  return (
    <div className={styles.card}>
      {qr && (
        <svg
          className={styles.qr}
          role="img"
          aria-label={t("qr", { name })}
          viewBox={`0 0 ${qr.size} ${qr.size}`}
        >
          <path d={qr.path} stroke="#000" />
        </svg>
      )}
      <div className={styles.links}>
        {code !== undefined && <Copyable label={t("code")} text={code} />}
        <Copyable label={t(pcUrl === undefined ? "link" : "main")} text={url} />
        {pcUrl !== undefined && <Copyable label={t("pc")} text={pcUrl} />}
      </div>
      <p>{t("secret")}</p>
    </div>
  );
}

function Copyable({ label, text }: { label: string; text: string }) {
  return (
    <div className={styles.link}>
      <span className={styles.label}>{label}</span>
      <span className={styles.value}>{text}</span>
      <CopyButton label={label} text={text} />
    </div>
  );
}
