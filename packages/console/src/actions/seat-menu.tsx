import type { RosterEntry } from "@invigil/client";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { DownIcon, MoreIcon } from "../components/icons.js";
import { ActionMenu } from "../components/menu.js";
import type { MenuEntry } from "../components/menu-entry.js";
import { ActDialog } from "./act-dialog.js";
import type { Act } from "./acts.js";

/** Gives a person of an exam a room or another one, or takes it away, for those who manage the exam. */
export function SeatMenu({
  examId,
  person,
  label,
  onClosed,
  hasText = false,
}: {
  examId: string;
  person: Pick<RosterEntry, "userId" | "name" | "role" | "extraMinutes" | "roomId">;
  /** What tells them from others of their name. */
  label: string;
  /** Called after a dialog has closed. */
  onClosed?: () => void;
  /** Whether the button says what it is. Default: it is a small one. */
  hasText?: boolean;
}) {
  const t = useTranslations("watching.acts");
  const [act, setAct] = useState<Act>();
  const now = { ...person, label, id: person.userId };
  const entry = (kind: "move" | "unseat" | "remove", label: string = t(kind)): MenuEntry => ({
    kind: "action",
    label,
    isDangerous: kind === "remove",
    onSelect: () => setAct({ kind, people: [now] }),
  });
  return (
    <>
      <ActionMenu
        label={t("label", { name: label })}
        icon={<MoreIcon />}
        target={hasText ? [t("all"), <DownIcon key="icon" size={12} />] : undefined}
        entries={[
          ...(person.roomId === undefined ? [entry("move", t("seat"))] : [entry("move"), entry("unseat")]),
          entry("remove"),
        ]}
      />
      <ActDialog
        act={act}
        examId={examId}
        findNow={() => now}
        onClose={() => {
          setAct(undefined);
          onClosed?.();
        }}
      />
    </>
  );
}
