import { TextInput } from "@mantine/core";
import { useId } from "react";
import { useTranslations } from "use-intl";
import { atLocalTime } from "../live/time-zone.js";
import styles from "./filter-bar.module.css";
import { useZone } from "./time.js";

/** The moment that a text such as `2026-11-30T09:00` names in a zone. Undefined: it is none. */
export const momentOf = (zone: string, local: string): Date | undefined => {
  const [day = "", time = ""] = local.split("T");
  return atLocalTime(zone, day, time);
};

/** A filter by a day and a time of the exam's zone. */
function MomentField({
  label,
  value,
  onChange,
}: {
  label: string;
  /** Such as `2026-11-30T09:00`. Empty: any time. */
  value: string;
  onChange: (value: string) => void;
}) {
  const t = useTranslations("common.clock");
  const zone = useZone();
  const id = useId();
  return (
    <span className={styles.moment}>
      <label htmlFor={id}>{label}</label>
      <TextInput
        id={id}
        type="datetime-local"
        title={t("label", { zone })}
        value={value}
        error={value !== "" && momentOf(zone, value) === undefined}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </span>
  );
}

/** Filters by the half-open range [from, to). */
export function PeriodFields({
  from,
  to,
  labels,
  onChange,
}: {
  from: string;
  to: string;
  labels: { readonly from: string; readonly to: string };
  onChange: (changed: { from: string } | { to: string }) => void;
}) {
  return (
    <>
      <MomentField label={labels.from} value={from} onChange={(value) => onChange({ from: value })} />
      <MomentField label={labels.to} value={to} onChange={(value) => onChange({ to: value })} />
    </>
  );
}
