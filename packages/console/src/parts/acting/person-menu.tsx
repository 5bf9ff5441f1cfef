import { useTranslations } from "use-intl";
import { MoreIcon } from "../icons.js";
import { ActionMenu } from "../menu.js";
import type { MenuEntry } from "../menu-entry.js";
import type { Act, ActPerson } from "./acts.js";

/** What can be done for one candidate, in one menu. */
export function PersonMenu({
  person,
  onAct,
  before = [],
  hasText = false,
}: {
  person: ActPerson;
  onAct: (act: Act) => void;
  /** What else can be done here. */
  before?: readonly MenuEntry[];
  /** Whether the button says what it is. Default: it is a small one. */
  hasText?: boolean;
}) {
  const t = useTranslations("watching.acts");
  const one = (
    kind: "link" | "minutes" | "move" | "remove" | "endPerson",
    isDangerous = false,
  ): MenuEntry => ({
    kind: "action",
    label: t(kind),
    isDangerous,
    onSelect: () => onAct({ kind, person }),
  });
  return (
    <ActionMenu
      label={t("label", { name: person.name })}
      {...(hasText ? { target: t("all") } : { icon: <MoreIcon /> })}
      entries={[
        ...before,
        {
          kind: "action",
          label: t("clip"),
          onSelect: () => onAct({ kind: "clip", people: [person], isAll: false }),
        },
        one("link"),
        one("minutes"),
        { kind: "line" },
        one("move"),
        one("endPerson", true),
        one("remove", true),
      ]}
    />
  );
}
