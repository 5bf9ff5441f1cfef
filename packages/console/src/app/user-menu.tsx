import { type SessionUser, useInvigil, useSession } from "@invigil/react";
import { useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { DownIcon, UserIcon } from "../components/icons.js";
import { ActionMenu } from "../components/menu.js";
import type { MenuEntry } from "../components/menu-entry.js";
import { useNotify } from "../components/notify.js";
import { RED_FROM, useRedFrom } from "../components/red-from.js";
import { useShortcutHelp } from "../components/shortcuts.js";
import { LOCALES, type Locale } from "../texts/texts.js";
import { usePreferences } from "./preferences.js";
import styles from "./user-menu.module.css";

const SCHEMES = ["auto", "light", "dark"] as const;

/** Who is signed in, the language, the colours, and the way out. */
export function UserMenu({ user }: { user: SessionUser }) {
  const t = useTranslations("common");
  const { logout } = useSession();
  const { locale, setLocale } = usePreferences();
  const [redFrom, setRedFrom] = useRedFrom();
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const openHelp = useShortcutHelp();
  const notify = useNotify();
  const navigate = useNavigate();
  const { userId, roomId } = user;
  // The token of a link has no name.
  const { data: member } = useQuery(
    useInvigil().participant.get.queryOptions(
      { roomId: roomId ?? "", userId },
      { enabled: user.name === undefined && roomId !== undefined, staleTime: Number.POSITIVE_INFINITY },
    ),
  );
  const name = user.name ?? member?.name ?? userId;
  // Safe: an object has the keys of its type.
  const locales = Object.keys(LOCALES) as Locale[];
  const entries: readonly MenuEntry[] = [
    { kind: "label", label: `${name} · ${t(`roles.${user.role}`)}` },
    { kind: "line" },
    { kind: "label", label: t("menu.language") },
    ...locales.map((choice) => ({
      kind: "action" as const,
      label: LOCALES[choice],
      lang: choice,
      isChecked: choice === locale,
      onSelect: () => setLocale(choice),
    })),
    { kind: "line" },
    { kind: "label", label: t("menu.scheme") },
    ...SCHEMES.map((choice) => ({
      kind: "action" as const,
      label: t(`menu.${choice}`),
      isChecked: choice === colorScheme,
      onSelect: () => setColorScheme(choice),
    })),
    { kind: "line" },
    ...(user.role === "examinee"
      ? []
      : [
          ...RED_FROM.map((count) => ({
            kind: "action" as const,
            label: t("menu.redFrom", { count }),
            isChecked: count === redFrom,
            onSelect: () => setRedFrom(count),
          })),
          { kind: "line" as const },
          {
            kind: "action" as const,
            label: t("menu.sessions"),
            onSelect: () => void navigate({ to: "/admin/{-$part}", params: { part: "sessions" } }),
          },
        ]),
    { kind: "action", label: t("menu.shortcuts"), keys: "?", onSelect: openHelp },
    {
      kind: "action",
      label: t("menu.signOut"),
      onSelect: () => void logout().catch((error: unknown) => notify.failed(t("menu.signOut"), error)),
    },
  ];
  return (
    <ActionMenu
      label={t("menu.label", { name })}
      entries={entries}
      target={
        <>
          <UserIcon />
          <span className={styles.name}>{name}</span>
          <DownIcon size={12} />
        </>
      }
    />
  );
}
