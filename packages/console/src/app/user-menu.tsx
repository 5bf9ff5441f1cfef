import type { SessionUser } from "@invigil/react";
import { useSession } from "@invigil/react";
import { Menu, useMantineColorScheme } from "@mantine/core";
import { useTranslations } from "use-intl";
import { CheckIcon, DownIcon, UserIcon } from "../parts/icons.js";
import { useNotify } from "../parts/notify.js";
import { useShortcutHelp } from "../parts/shortcuts.js";
import { type Locale, LOCALES } from "../texts/texts.js";
import { usePreferences } from "./preferences.js";
import styles from "./user-menu.module.css";

const SCHEMES = ["auto", "light", "dark"] as const;

/** Who is signed in, the language, the colours, and the way out. */
export function UserMenu({ user }: { user: SessionUser }) {
  const t = useTranslations("common");
  const { logout } = useSession();
  const { locale, setLocale } = usePreferences();
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const openHelp = useShortcutHelp();
  const notify = useNotify();
  const name = user.name ?? user.userId;
  const leave = () => {
    logout().catch((error: unknown) => notify.failed(t("menu.signOut"), error));
  };
  return (
    <Menu width={220}>
      <Menu.Target>
        <button type="button" className={styles.target} aria-label={t("menu.label", { name })}>
          <UserIcon />
          <span className={styles.name}>{name}</span>
          <DownIcon size={12} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {name} · {t(`roles.${user.role}`)}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Label>{t("menu.language")}</Menu.Label>
        {/* Safe: an object has the keys of its type. */}
        {(Object.keys(LOCALES) as Locale[]).map((choice) => (
          <Menu.Item
            key={choice}
            lang={choice}
            role="menuitemradio"
            aria-checked={choice === locale}
            rightSection={choice === locale && <CheckIcon size={14} />}
            onClick={() => setLocale(choice)}
          >
            {LOCALES[choice]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>{t("menu.scheme")}</Menu.Label>
        {SCHEMES.map((choice) => (
          <Menu.Item
            key={choice}
            role="menuitemradio"
            aria-checked={choice === colorScheme}
            rightSection={choice === colorScheme && <CheckIcon size={14} />}
            onClick={() => setColorScheme(choice)}
          >
            {t(`menu.${choice}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={openHelp} rightSection={<kbd>?</kbd>}>
          {t("menu.shortcuts")}
        </Menu.Item>
        <Menu.Item onClick={leave}>{t("menu.signOut")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
