import { type DragEvent, useId, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import styles from "./setup.module.css";

/** A place to drop a file, and a button to choose one. */
export function FilePicker({
  label,
  hint,
  accept,
  chosen,
  onChoose,
  isDisabled = false,
}: {
  label: string;
  hint?: string;
  accept: string;
  /** The name of the chosen file. */
  chosen?: string | undefined;
  onChoose: (files: readonly File[]) => void;
  isDisabled?: boolean;
}) {
  const t = useTranslations("setup.roster");
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setIsOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setIsOver(false);
    if (!isDisabled) onChoose([...event.dataTransfer.files]);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the field inside of it does the same for keyboards.
    <div
      className={styles.drop}
      data-over={isOver || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={drop}
    >
      <label htmlFor={id}>{label}</label>
      {hint !== undefined && <span className={styles.hint}>{hint}</span>}
      <span className={styles.pick}>
        <input
          ref={input}
          id={id}
          type="file"
          accept={accept}
          disabled={isDisabled}
          onChange={({ currentTarget }) => {
            onChoose([...(currentTarget.files ?? [])]);
            // The same file can be chosen again after it was corrected.
            currentTarget.value = "";
          }}
        />
        <span aria-hidden="true" className={styles.pickButton}>
          {chosen === undefined ? t("choose") : t("another")}
        </span>
        {chosen !== undefined && <span>{chosen}</span>}
      </span>
    </div>
  );
}
