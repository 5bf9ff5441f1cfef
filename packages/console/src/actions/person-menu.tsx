import { isOver } from "@invigil/client";
import { useTranslations } from "use-intl";
import { DownIcon, MoreIcon } from "../components/icons.js";
import { ActionMenu } from "../components/menu.js";
import type { MenuEntry } from "../components/menu-entry.js";
import { ShortcutKey } from "../components/shortcuts.js";
import { useTalks } from "../components/talk/talks.js";
import type { Act, ActPerson, PersonAct } from "./acts.js";
import { useControl } from "./use-control.js";

/** The actions for one candidate, in one menu. */
export function PersonMenu({
  examId,
  person,
  onAct,
  onWrite,
  mayAct,
  hasText = false,
}: {
  examId: string;
  person: ActPerson;
  onAct: (act: Act) => void;
  /** Undefined: the field for messages is theirs anyway. */
  onWrite?: () => void;
  /** Whether more can be done than to check and to note, which all staff may do, also after the end. */
  mayAct: boolean;
  /** Whether the button says what it is. Default: it is a small one. */
  hasText?: boolean;
}) {
  const t = useTranslations("watching.acts");
  const { offers } = useControl(examId);
  const talks = useTalks();
  const mayTalk = mayAct && talks?.canTalk && !(person.attempt && isOver(person.attempt));
  const one = (
    kind: PersonAct,
    isDangerous = false,
    onSelect = () => onAct({ kind, people: [person] }),
  ): readonly MenuEntry[] =>
    mayAct && offers(kind, [person]) ? [{ kind: "action", label: t(kind), isDangerous, onSelect }] : [];
  const desk = (["identity", "note"] as const).map(
    (kind): MenuEntry => ({ kind: "action", label: t(kind), onSelect: () => onAct({ kind, person }) }),
  );
  return (
    <>
      {hasText && (
        <ShortcutKey keys="i" label={t("identity")} run={() => onAct({ kind: "identity", person })} />
      )}
      <ActionMenu
        label={t("label", { name: person.label })}
        {...(hasText
          ? {
              target: (
                <>
                  {t("all")}
                  <DownIcon size={12} />
                </>
              ),
            }
          : { icon: <MoreIcon /> })}
        entries={[
          ...(onWrite ? one("message", false, onWrite) : []),
          ...(mayTalk
            ? [
                talks.own?.userId === person.userId
                  ? ({ kind: "action", label: t("stopTalk"), onSelect: talks.stop } as const)
                  : ({
                      kind: "action",
                      label: t("talk"),
                      onSelect: () => onAct({ kind: "talk", person }),
                    } as const),
              ]
            : []),
          ...one("clip"),
          ...one("link"),
          ...one("minutes"),
          ...one("time"),
          ...(mayAct ? [{ kind: "line" } as const] : []),
          ...desk,
          ...(mayAct ? [{ kind: "line" } as const] : []),
          ...one("move"),
          ...one("unseat"),
          ...one("reopen"),
          ...one("terminate", true),
          ...one("remove", true),
        ]}
      />
    </>
  );
}
