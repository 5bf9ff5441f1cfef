import { useLocation } from "@tanstack/react-router";
import { createContext, type ReactNode, use, useEffect, useLayoutEffect, useRef } from "react";
import { useTranslations } from "use-intl";
import styles from "./page.module.css";

/** The path of the page that was shown last, and whether its title went away while it had the focus. */
interface Visited {
  path: string | undefined;
  hasLostFocus: boolean;
}
export const VisitedContext = createContext<Visited>({ path: undefined, hasLostFocus: false });

/** The names of staff by user id, as far as the page knows them. */
export const StaffNames = createContext<ReadonlyMap<string, string> | undefined>(undefined);

/**
 * The frame of a screen: its title, its actions, and what it shows. It names the tab, and leads the focus to the title after a navigation,
 * so that keyboards and screen readers begin there.
 */
export function Page({
  title,
  of,
  aside,
  actions,
  staff,
  children,
}: {
  title: string;
  /** The name of the exam that the title belongs to, for the name of the tab. */
  of?: string | undefined;
  /** Stands beside the title: counts, a state. */
  aside?: ReactNode;
  actions?: ReactNode;
  /** Names those who have taken hands. */
  staff?: ReadonlyMap<string, string>;
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
    const isFirst = visited.path === undefined;
    if (visited.path === path && !visited.hasLostFocus) return;
    // The first page has the focus where the browser puts it.
    if (!isFirst) heading.current?.focus({ preventScroll: true });
    visited.path = path;
    visited.hasLostFocus = false;
  }, [visited, path]);
  // The page that stands here while a screen loads is another one than the screen.
  useLayoutEffect(
    () => () => {
      visited.hasLostFocus = document.activeElement === heading.current;
    },
    [visited],
  );
  return (
    <StaffNames value={staff}>
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
    </StaffNames>
  );
}

/** The printed page: without the shell, on white, with a bar that only the screen shows. */
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
