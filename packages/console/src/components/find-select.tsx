import "@mantine/core/styles/Popover.css";
import "@mantine/core/styles/Combobox.css";
import "@mantine/core/styles/CloseButton.css";
import { Select } from "@mantine/core";
import styles from "./find-select.module.css";

/** How many choices are listed at a time. What is typed finds the others. */
const MOST_LISTED = 50;

/** A filter by one of many choices, which are found by typing. Load it by `lazyComponent`. */
export default function FindSelect({
  label,
  placeholder,
  nothing,
  choices,
  value,
  onChange,
  onSearch,
  className,
}: {
  label: string;
  placeholder: string;
  /** Stands in the list when no choice matches. */
  nothing: string;
  choices: readonly { readonly value: string; readonly label: string }[];
  value: string;
  /** Called with an empty text when the choice is taken back. */
  onChange: (value: string) => void;
  /** Called with what is typed, if that finds further choices. */
  onSearch?: (typed: string) => void;
  className?: string | undefined;
}) {
  return (
    <Select
      className={className}
      size="xs"
      aria-label={label}
      placeholder={placeholder}
      nothingFoundMessage={nothing}
      data={choices}
      value={value === "" ? null : value}
      onChange={(next) => onChange(next ?? "")}
      limit={MOST_LISTED}
      searchable
      {...(onSearch && { onSearchChange: onSearch })}
      // The list scrolls itself. Mantine would put it into a region that scrolls and that no key reaches.
      withScrollArea={false}
      classNames={{ options: styles.options }}
      clearable
      comboboxProps={{ portalProps: { target: "#content" } }}
    />
  );
}
