import { type ReactNode, type RefObject, useEffect, useRef } from "react";
import styles from "./ui.module.css";

export type Tone = "plain" | "good" | "warn" | "bad";

/** A sentence about the state of something. A screen reader reads it out when it comes: at once, if it is bad. */
export function Note({
  tone = "plain",
  children,
  action,
}: {
  tone?: Tone;
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className={styles.note} data-tone={tone} role={tone === "bad" ? "alert" : "status"}>
      <p>{children}</p>
      {action}
    </div>
  );
}

const SIGNS = { passed: "✓", failed: "×", open: "○" } as const;

/** The result of a check: a sign, a colour and a word. */
export function Mark({ is, children }: { is: keyof typeof SIGNS; children: ReactNode }) {
  return (
    <span className={styles.mark} data-is={is}>
      <span aria-hidden>{SIGNS[is]}</span> {children}
    </span>
  );
}

/** The person's own picture, as in a mirror. */
export function OwnPicture({
  stream,
  label,
  video,
}: {
  stream: MediaStream | undefined;
  label: string;
  video?: RefObject<HTMLVideoElement | null>;
}) {
  const own = useRef<HTMLVideoElement>(null);
  const element = video ?? own;
  useEffect(() => {
    const { current } = element;
    if (!current) return;
    current.srcObject = stream ?? null;
    // Not by `autoPlay`: a browser waits with that until the picture is in view, and it would be taken for a dark one.
    if (stream) current.play().catch(() => undefined);
  }, [stream, element]);
  return <video ref={element} className={styles.picture} aria-label={label} muted playsInline />;
}

/** A question that has to be answered before anything else. Escape means no. */
export function Question({
  title,
  children,
  yes,
  no,
  isBusy = false,
  onYes,
  onNo,
}: {
  title: string;
  children: ReactNode;
  yes: string;
  no: string;
  isBusy?: boolean;
  onYes: () => void;
  onNo: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className={styles.dialog} aria-labelledby="question" onClose={onNo}>
      <h2 id="question">{title}</h2>
      {children}
      <div className={styles.actions}>
        <button type="button" onClick={onNo}>
          {no}
        </button>
        <button type="button" data-main disabled={isBusy} onClick={onYes}>
          {yes}
        </button>
      </div>
    </dialog>
  );
}
