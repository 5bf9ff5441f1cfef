import type { ComponentPropsWithRef, ReactNode } from "react";
import styles from "./icon-button.module.css";

/** A button with a drawing, and a name for screen readers and the tooltip. */
export function IconButton({
  label,
  children,
  ...button
}: { label: string; children: ReactNode } & Omit<ComponentPropsWithRef<"button">, "children" | "className">) {
  return (
    <button type="button" {...button} className={styles.button} aria-label={label} title={label}>
      {children}
    </button>
  );
}
