import { type ReactNode, useEffect, useRef } from "react";
import { useTranslations } from "use-intl";
import { IconButton } from "./icon-button.js";
import { CrossIcon } from "./icons.js";
import styles from "./side-panel.module.css";

/** A list, and beside it what is open of it. */
export function WithPanel({ children }: { children: ReactNode }) {
  return <div className={styles.split}>{children}</div>;
}

/**
 * Shows the open row of a list, beside it, or over it on a phone. It takes the focus when the person opens something. Escape closes it, and gives
 * the focus back to the row.
 */
export function SidePanel({
  title,
  of,
  onClose,
  children,
}: {
  title: string;
  /** Identifies what is open. */
  of: string;
  onClose: () => void;
  children: ReactNode;
}) {
  const t = useTranslations("common.confirm");
  const heading = useRef<HTMLHeadingElement>(null);
  // A page that opens with the panel keeps the focus where the browser puts it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another row takes the focus, too.
  useEffect(() => {
    if (document.activeElement?.matches("[role=row]")) heading.current?.focus();
  }, [of]);
  const close = () => {
    document.querySelector<HTMLElement>("[role=row][data-open]")?.focus();
    onClose();
  };
  return (
    <section
      className={styles.panel}
      aria-label={title}
      onKeyDown={({ key }) => {
        if (key === "Escape") close();
      }}
    >
      <div className={styles.head}>
        <h2 ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <IconButton label={t("close")} onClick={close}>
          <CrossIcon />
        </IconButton>
      </div>
      {children}
    </section>
  );
}

/** A list of facts: what each is called, and what it is. Facts without a value are left out. */
export function Facts({ of }: { of: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className={styles.facts}>
      {of.map(([name, value]) =>
        value === undefined || value === "" ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
