import type { Attempt, Sitting } from "@invigil/client";
import { useTranslations } from "use-intl";
import { codeUrl, type Entry } from "../app/entry.js";
import { Note } from "../components/ui.js";
import { Log } from "./during/log.js";
import type { Written } from "./during/use-messages.js";
import { Plain } from "./plain.js";
import { useReason } from "./reason.js";
import styles from "./screens.module.css";
import { Stored } from "./stored.js";

const NO_CUTS = [] as const;

/** The exam is over for the person, who can still read what staff wrote. Nothing is sent. */
export function After({
  entry,
  sitting,
  attempt,
  room,
  messages,
  onLook,
}: {
  entry: Entry;
  sitting: Sitting;
  attempt: Pick<Attempt, "status"> | undefined;
  room: "in_progress" | "ended";
  messages: readonly Written[];
  onLook: () => void;
}) {
  const t = useTranslations("after");
  const code = useTranslations("code");
  const reasonOf = useReason();
  const { decision } = sitting;
  // The decision comes a moment after the state.
  const status = attempt?.status ?? decision?.kind;
  const isTerminated = status === "terminated" || status === "terminate";
  const isFinished = status === "finished" || status === "finish";
  const title = isTerminated
    ? "terminated"
    : isFinished
      ? "finished"
      : room === "ended"
        ? "roomEnded"
        : "timeUp";
  const isTold =
    (title === "terminated" && decision?.kind === "terminate") ||
    (title === "timeUp" && decision?.kind === "times");
  const reason = isTold && reasonOf(decision);
  return (
    <Plain title={t(title)} text={t("off")}>
      <div className={styles.column}>
        {reason && <Note tone={isTerminated ? "bad" : "plain"}>{reason}</Note>}
        {messages.length > 0 && (
          <Log
            decision={undefined}
            endsAt={sitting.endsAt}
            messages={messages}
            cuts={NO_CUTS}
            clip={undefined}
          />
        )}
        <Stored heading="h2" />
        {entry.code !== undefined && (
          <a className="button" data-main href={codeUrl(entry)}>
            {code("next")}
          </a>
        )}
        <p>
          {t("again")}{" "}
          <button type="button" onClick={onLook}>
            {t("look")}
          </button>
        </p>
      </div>
    </Plain>
  );
}
