import type { Sitting } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { useEffect, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { clockOf, TIME } from "../../sitting/clock.js";
import { useReason } from "../reason.js";
import styles from "./during.module.css";
import type { Cut } from "./use-cuts.js";
import { type Clip, WRITTEN, type Written } from "./use-messages.js";

type Decision = NonNullable<Sitting["decision"]>;

/** A decision, with the end that it gave. */
type Decided = Decision & { readonly endsAt: Date };
/** The decisions about the person since the page is open, and the one before. */
const useDecisions = (newest: Decision | undefined, endsAt: Date): readonly Decided[] => {
  const [known, setKnown] = useState<readonly Decided[]>(newest ? [{ ...newest, endsAt }] : []);
  useEffect(() => {
    if (newest)
      setKnown((before) =>
        before.some(({ time }) => time.getTime() === newest.time.getTime())
          ? before
          : [...before, { ...newest, endsAt }],
      );
  }, [newest, endsAt]);
  return known;
};

const KINDS = ["pause", "resume", "terminate", "finish", "reopen"] as const;

/** How much of a message its receipt repeats, in characters. */
const REPEATED = 80;

/** Confirms to the staff that the person has read a message. */
function Receipt({ roomId, message: { id, text, isRead } }: { roomId: string; message: Written }) {
  const t = useTranslations("log");
  const client = useInvigilClient();
  const [state, setState] = useState<"idle" | "busy" | "failed">("idle");
  if (isRead) return <em className={styles.quiet}>{t("isRead")}</em>;
  const confirm = async () => {
    setState("busy");
    const repeated = text.length > REPEATED ? `${text.slice(0, REPEATED)}…` : text;
    try {
      await client.im.send.mutate({
        roomId,
        type: WRITTEN,
        data: { text: t("receipt", { text: repeated }), receiptOf: id },
        key: `receipt ${id}`,
      });
    } catch {
      setState("failed");
    }
  };
  return (
    <>
      <button type="button" disabled={state === "busy"} onClick={() => void confirm()}>
        {t("read")}
      </button>
      {state === "failed" && <em>{t("notSent")}</em>}
    </>
  );
}

/** What has happened, the newest first: decisions, messages, and cuts with their length. */
export function Log({
  decision,
  endsAt,
  messages,
  cuts,
  clip,
  roomId,
}: {
  decision: Decision | undefined;
  /** When the exam ends for the person, as of the decision. */
  endsAt: Date;
  messages: readonly Written[];
  cuts: readonly Cut[];
  clip: Clip | undefined;
  /** Where receipts are sent. Undefined: the exam is over, and none can be sent. */
  roomId?: string;
}) {
  const t = useTranslations("log");
  const decisions = useTranslations("decisions");
  const format = useFormatter();
  const reasonOf = useReason();
  const found = useDecisions(decision, endsAt);
  const saying = (one: Decided): string => {
    const { kind, minutes = 0, ends } = one;
    const time = format.dateTime(one.endsAt, TIME);
    const what =
      kind === "extend"
        ? decisions(minutes < 0 ? "shorten" : "extend", { minutes: Math.abs(minutes), time })
        : kind === "times"
          ? decisions("times", { time: ends ? format.dateTime(ends.to, TIME) : time })
          : KINDS.flatMap((name) => (name === kind ? [decisions(name)] : [])).join("");
    return [what, reasonOf(one)].filter(Boolean).join(" ");
  };
  const entries = [
    ...found.map((one) => ({ time: one.time, text: saying(one), message: undefined })),
    ...messages.map((message) => ({
      time: message.time,
      text: t("message", { text: message.text }),
      message,
    })),
    ...cuts.map(({ from, to }) => ({
      time: from,
      text: to ? t("cut", { time: clockOf(to.getTime() - from.getTime()) }) : t("cutNow"),
      message: undefined,
    })),
  ]
    .filter(({ text }) => text !== "")
    .sort((one, other) => other.time.getTime() - one.time.getTime());
  return (
    <section className={styles.box}>
      <h2>{t("title")}</h2>
      {clip && <p role="status">{t(clip.hasFailed ? "clipFailed" : "clip", { name: clip.name })}</p>}
      {entries.length === 0 && <p className={styles.quiet}>{t("none")}</p>}
      <ul className={styles.log} aria-live="polite">
        {entries.map(({ time, text, message }) => (
          <li key={`${time.getTime()} ${text}`}>
            <time dateTime={time.toISOString()}>{format.dateTime(time, { timeStyle: "short" })}</time>
            <span>
              {text}
              {roomId !== undefined && message?.asksReceipt && (
                <>
                  {" "}
                  <Receipt roomId={roomId} message={message} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
