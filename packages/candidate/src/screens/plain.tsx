import { type ReactNode, useEffect, useRef } from "react";
import { useTranslations } from "use-intl";
import { codeUrl, type Entry } from "../app/entry.js";
import type { Problem } from "../sitting/problems.js";
import styles from "./screens.module.css";

/** A screen that says one thing, and what to do next. */
export function Plain({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  // A screen reader begins to read here.
  useEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <section className={styles.plain}>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <p>{text}</p>
      {children && <div className={styles.actions}>{children}</div>}
    </section>
  );
}

/** The exam could not be opened. */
export function Refused({
  entry,
  problem,
  onRetry,
}: {
  entry: Entry;
  problem: Problem;
  onRetry: () => void;
}) {
  const t = useTranslations("problems");
  const code = useTranslations("code");
  const texts = useTranslations();
  const hasCode = problem === "link" || problem === "notYours" || problem === "gone";
  return (
    <div role="alert">
      <Plain title={t(`${problem}.title`)} text={t(`${problem}.text`)}>
        {hasCode && (
          <a className="button" data-main href={codeUrl(entry)}>
            {code(entry.code === undefined ? "action" : "next")}
          </a>
        )}
        <button type="button" onClick={onRetry}>
          {texts("retry")}
        </button>
      </Plain>
    </div>
  );
}
