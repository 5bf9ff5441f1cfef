import { reasonCodes } from "@invigil/client";
import { NativeSelect, Textarea } from "@mantine/core";
import { useTranslations } from "use-intl";
import type { DecisionReason } from "./decide.js";

const MAX_TEXT = 1000;

/** What a person has chosen and typed. */
export const NO_REASON = { code: "", note: "", message: "" };
type Typed = typeof NO_REASON;

/** Undefined: no reason is chosen. */
export const reasonOf = (typed: Typed): DecisionReason | undefined => {
  const code = reasonCodes.find((one) => one === typed.code);
  const texts = (["note", "message"] as const).filter((field) => typed[field].trim() !== "");
  return code && { code, ...Object.fromEntries(texts.map((field) => [field, typed[field].trim()])) };
};

/** Asks why something is decided, for a message to the candidates and for a note for staff. */
export function ReasonFields({
  typed,
  onChange,
  isFirst,
}: {
  typed: Typed;
  onChange: (typed: Typed) => void;
  /** Whether the dialog begins with it. */
  isFirst: boolean;
}) {
  const t = useTranslations("watching.control.reason");
  return (
    <>
      <NativeSelect
        label={t("label")}
        value={typed.code}
        {...(isFirst && { "data-autofocus": true })}
        data={[
          { value: "", label: t("choose") },
          ...reasonCodes.map((value) => ({ value, label: t(`codes.${value}`) })),
        ]}
        onChange={({ currentTarget: { value } }) => onChange({ ...typed, code: value })}
      />
      {(["message", "note"] as const).map((field) => (
        <Textarea
          key={field}
          label={t(field)}
          rows={1}
          autosize
          maxRows={4}
          maxLength={MAX_TEXT}
          value={typed[field]}
          onChange={({ currentTarget: { value } }) => onChange({ ...typed, [field]: value })}
        />
      ))}
    </>
  );
}
