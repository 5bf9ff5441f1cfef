import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import type { ReactNode } from "react";
import { MoreIcon } from "./icons.js";
import { ActionMenu } from "./menu.js";
import type { MenuEntry } from "./menu-entry.js";

interface FirstAction {
  readonly label: string;
  readonly icon?: ReactNode;
  readonly isDisabled?: boolean;
  readonly onSelect: () => void;
}

/** The actions of a page: the first ones as buttons, the others in a menu. A phone has all of them in the menu. */
export function PageActions({
  label,
  first,
  more,
}: {
  /** Names the menu. */
  label: string;
  first: readonly FirstAction[];
  more: readonly MenuEntry[];
}) {
  const isPhone = useMediaQuery("(max-width: 640px)", undefined, { getInitialValueInEffect: false });
  const able = first.filter(({ isDisabled }) => !isDisabled);
  const entries = isPhone
    ? [...able.map((action) => ({ kind: "action" as const, ...action })), ...more]
    : more;
  return (
    <>
      {!isPhone &&
        first.map(({ label: name, icon, isDisabled = false, onSelect }) => (
          <Button key={name} variant="default" leftSection={icon} disabled={isDisabled} onClick={onSelect}>
            {name}
          </Button>
        ))}
      {entries.length > 0 && <ActionMenu label={label} icon={<MoreIcon />} entries={entries} />}
    </>
  );
}
