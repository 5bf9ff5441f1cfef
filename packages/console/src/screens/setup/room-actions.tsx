import { Button } from "@mantine/core";
import { type ComponentProps, Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import { MoreIcon } from "../../components/icons.js";
import { lazyComponent } from "../../components/lazy.js";
import { ActionMenu } from "../../components/menu.js";
import type { MenuEntry } from "../../components/menu-entry.js";
import { useSetup } from "./context.js";
import type { StaffedRoom } from "./people.js";
import styles from "./setup.module.css";

const RoomDialog = lazyComponent(() => import("./room-dialogs.js"));

/** Hands a room on to another invigilator. */
export function HandOn({ of }: { of: StaffedRoom }) {
  const t = useTranslations("setup.roomActions");
  const { isReadOnly } = useSetup();
  const [isAsked, setIsAsked] = useState(false);
  if (isReadOnly || of.room.status !== "in_progress") return null;
  const label = t("menu.handOn");
  return (
    <>
      <Button
        variant="subtle"
        size="compact-xs"
        aria-label={`${of.room.name}: ${label}`}
        onClick={() => setIsAsked(true)}
      >
        {label}
      </Button>
      {isAsked && (
        <Suspense>
          <RoomDialog kind="handOn" of={of} onClose={() => setIsAsked(false)} />
        </Suspense>
      )}
    </>
  );
}

/** The changes of a room by hand, in one menu. Without a room: the button that makes one. */
export function RoomActions({ of }: { of?: StaffedRoom }) {
  const t = useTranslations("setup.roomActions");
  const { isReadOnly } = useSetup();
  const [asked, setAsked] = useState<ComponentProps<typeof RoomDialog>["kind"]>();
  if (isReadOnly) return null;
  const entry = (kind: "rename" | "handOn" | "delete"): MenuEntry => ({
    kind: "action",
    label: t(`menu.${kind}`),
    isDangerous: kind === "delete",
    onSelect: () => setAsked(kind),
  });
  return (
    <>
      {of ? (
        <ActionMenu
          label={t("label", { room: of.room.name })}
          icon={<MoreIcon />}
          entries={[
            entry("rename"),
            ...(of.room.status === "in_progress" ? [entry("handOn")] : []),
            entry("delete"),
          ]}
        />
      ) : (
        <div className={styles.buttons} data-start>
          <Button variant="default" onClick={() => setAsked("create")}>
            {t("menu.create")}
          </Button>
        </div>
      )}
      {asked && (
        <Suspense>
          <RoomDialog kind={asked} of={of} onClose={() => setAsked(undefined)} />
        </Suspense>
      )}
    </>
  );
}
