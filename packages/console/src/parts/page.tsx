import { useLocation } from "@tanstack/react-router";
import { createContext, type ReactNode, use, useEffect, useRef } from "react";
import { useTranslations } from "use-intl";
import styles from "./page.module.css";

/** The path of the page that was shown last. */
export const VisitedContext = createContext<{ path: string | undefined }>({ path: undefined });

/**
 * The frame of a screen: its title, its actions, and what it shows. It names the tab, and leads the focus to the title after a navigation,
 * so that keyboards and screen readers begin there.
 */
export function Page({
  title,
  of,
  aside,
  actions,
  children,
}: {
  title: string;
  /** What the title belongs to, for the name of the tab: the exam. */
  of?: string | undefined;
  /** What stands beside the title: counts, a state. */
  aside?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const t = useTranslations("common.app");
  const heading = useRef<HTMLHeadingElement>(null);
  const name = t("name");
  useEffect(() => {
    document.title = [title, of, name].filter(Boolean).join(" · ");
  }, [title, of, name]);
  const path = useLocation({ select: ({ pathname }) => pathname });
  const visited = use(VisitedContext);
  useEffect(() => {
    if (visited.path === path) return;
    // The first page has the focus where the browser puts it.
    if (visited.path !== undefined) heading.current?.focus({ preventScroll: true });
    visited.path = path;
  }, [visited, path]);
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {aside !== undefined && <div className={styles.aside}>{aside}</div>}
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </div>
      {children}
    </div>
  );
}

/** What is printed: without the shell, on white, with a bar that only the screen shows. */
export function PrintView({
  title,
  onBack,
  children,
}: {
  title: string;
  onBack: () => void;
  children: ReactNode;
}) {
  const t = useTranslations("common.print");
  return (
    <div className={styles.print} data-print>
      <div className={styles.printBar}>
        <button type="button" onClick={onBack}>
          {t("back")}
        </button>
        <h1>{title}</h1>
        <button type="button" onClick={() => window.print()}>
          {t("print")}
        </button>
      </div>
      <div className={styles.sheet}>{children}</div>
    </div>
  );
}
