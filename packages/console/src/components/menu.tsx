import { type KeyboardEvent, type ReactNode, Suspense, useId, useRef, useState } from "react";
import { IconButton } from "./icon-button.js";
import { lazyComponent } from "./lazy.js";
import styles from "./menu.module.css";
import type { MenuEntry } from "./menu-entry.js";

// Positioning and keyboard of menus are loaded with the first menu that opens.
const loadList = () => import("./menu-list.js");
const MenuList = lazyComponent(loadList);

/** A button that opens a menu. Without a target of its own, it is a small button with a drawing. */
export function ActionMenu({
  label,
  icon,
  target,
  entries,
}: {
  /** Names the button and the menu. */
  label: string;
  /** The drawing of a small button. */
  icon?: ReactNode;
  /** The content of a larger button. */
  target?: ReactNode;
  entries: readonly MenuEntry[];
}) {
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const [isOpen, setIsOpen] = useState(false);
  const close = () => {
    setIsOpen(false);
    button.current?.focus();
  };
  const props = {
    id,
    ref: button,
    "aria-haspopup": "menu",
    "aria-expanded": isOpen,
    onPointerEnter: () => void loadList(),
    onClick: () => setIsOpen(!isOpen),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "ArrowDown") {
        event.preventDefault();
        setIsOpen(true);
      }
      // The button has the focus until the list is there.
      if (event.key === "Escape" && isOpen) {
        event.stopPropagation();
        close();
      }
    },
  } as const;
  return (
    <span className={styles.place}>
      {target === undefined ? (
        <IconButton label={label} {...props}>
          {icon}
        </IconButton>
      ) : (
        <button type="button" className={styles.target} aria-label={label} {...props}>
          {target}
        </button>
      )}
      {isOpen && (
        <Suspense>
          <MenuList labelledBy={id} entries={entries} onClose={close} />
        </Suspense>
      )}
    </span>
  );
}
