import "@mantine/core/styles/InlineInput.css";
import "@mantine/core/styles/Switch.css";
import { Switch } from "@mantine/core";
import { useTranslations } from "use-intl";
import { Dialog } from "./dialog.js";
import type { Shortcut } from "./shortcut.js";
import styles from "./shortcuts.module.css";

/** The list of shortcuts, with a switch that turns them off. */
export default function ShortcutHelp({
  shortcuts,
  isOn,
  onSwitch,
  onClose,
}: {
  shortcuts: readonly Shortcut[];
  isOn: boolean;
  onSwitch: (isOn: boolean) => void;
  onClose: () => void;
}) {
  const t = useTranslations("common.shortcuts");
  return (
    <Dialog title={t("title")} onClose={onClose}>
      <Switch
        label={t("on")}
        checked={isOn}
        onChange={({ currentTarget }) => onSwitch(currentTarget.checked)}
      />
      <dl className={styles.list} data-off={!isOn || undefined}>
        {shortcuts.map(({ keys, label }) => (
          <div key={`${keys} ${label}`} className={styles.line}>
            <dt>{label}</dt>
            <dd>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
