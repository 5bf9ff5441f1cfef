import "@mantine/core/styles/ScrollArea.css";
import "@mantine/core/styles/Popover.css";
import "@mantine/core/styles/Menu.css";
import { Menu } from "@mantine/core";
import type { Ref } from "react";
import { CheckIcon } from "./icons.js";
import styles from "./menu.module.css";
import type { MenuEntry } from "./menu-entry.js";

/** The open menu. It hangs at the button beside which it stands. */
export default function MenuList({
  labelledBy,
  entries,
  onClose,
}: {
  /** The id of the button. */
  labelledBy: string;
  entries: readonly MenuEntry[];
  onClose: () => void;
}) {
  return (
    <Menu
      opened
      onClose={onClose}
      width={224}
      position="bottom-end"
      returnFocus={false}
      // Without keys: the arrow that opens the menu reaches the document after its list is there, and would close it.
      clickOutsideEvents={["mousedown", "touchstart"]}
      // A menu may contain nothing but its lines, and belongs to the main part of the page.
      withInitialFocusPlaceholder={false}
      portalProps={{ target: "#content" }}
    >
      <Menu.Target>
        <Anchor />
      </Menu.Target>
      <Menu.Dropdown aria-labelledby={labelledBy}>
        {entries.map((entry, index) => {
          // biome-ignore lint/suspicious/noArrayIndexKey: a menu has no other order while it is open.
          if (entry.kind === "line") return <Menu.Divider key={index} />;
          if (entry.kind === "label") return <Menu.Label key={entry.label}>{entry.label}</Menu.Label>;
          const { isChecked, keys, lang } = entry;
          return (
            <Menu.Item
              key={entry.label}
              {...(lang !== undefined && { lang })}
              {...(entry.isDangerous && { className: styles.dangerous })}
              // Mantine gives each line the role of an action, and ignores the role that it is passed.
              {...(isChecked !== undefined && {
                renderRoot: (props) => <button {...props} role="menuitemradio" aria-checked={isChecked} />,
              })}
              rightSection={
                isChecked ? <CheckIcon size={14} /> : keys === undefined ? null : <kbd>{keys}</kbd>
              }
              onClick={entry.onSelect}
            >
              {entry.label}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}

/** The element below which the menu stands. The button beside it tells whether the menu is open. */
function Anchor({ ref }: { ref?: Ref<HTMLSpanElement> }) {
  return <span ref={ref} className={styles.anchor} />;
}
