import "@mantine/core/styles/Popover.css";
import "@mantine/core/styles/Combobox.css";
import "@mantine/core/styles/CloseButton.css";
import { Select } from "@mantine/core";
import styles from "./records.module.css";

/** How many types are listed at a time. What is typed finds the others. */
const MOST_LISTED = 50;

/** Finds one of many types of detections. */
export default function TypeSelect({
  label,
  placeholder,
  nothing,
  choices,
  value,
  onChange,
}: {
  label: string;
  placeholder: string;
  /** Stands in the list when no type matches. */
  nothing: string;
  choices: readonly { readonly value: string; readonly label: string }[];
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <Select
      className={styles.types}
      size="xs"
      aria-label={label}
      placeholder={placeholder}
      nothingFoundMessage={nothing}
      data={choices}
      value={value === "" ? null : value}
      onChange={(next) => onChange(next ?? "")}
      limit={MOST_LISTED}
      searchable
      // The list scrolls itself. Mantine would put it into a region that scrolls and that no key reaches.
      withScrollArea={false}
      classNames={{ options: styles.options }}
      clearable
      comboboxProps={{ portalProps: { target: "#content" } }}
    />
  );
}
