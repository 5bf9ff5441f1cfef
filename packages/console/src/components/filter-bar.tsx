import { Button, TextInput } from "@mantine/core";
import { type ReactNode, useCallback, useEffect, useId, useRef, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { Empty } from "./empty.js";
import styles from "./filter-bar.module.css";
import { SearchIcon } from "./icons.js";
import { useShortcut } from "./shortcuts.js";

/** The filters of a list, how many rows they hide, and a button that clears them. */
export function FilterBar({
  shown,
  total,
  onClear,
  children,
}: {
  shown: number;
  /** Undefined: it is not known how many there are, but filters hide some. */
  total: number | undefined;
  onClear: () => void;
  children: ReactNode;
}) {
  const t = useTranslations("common.filter");
  const hidden = total === undefined ? undefined : total - shown;
  return (
    <search className={styles.bar} aria-label={t("label")}>
      {children}
      <span className={styles.count} data-numbers>
        {hidden !== 0 ? (
          <>
            <span className={styles.hides}>
              {hidden === undefined ? t("hidesOthers", { count: shown }) : t("hides", { count: hidden })}
            </span>
            <Button variant="subtle" size="compact-xs" onClick={onClear}>
              {t("clear")}
            </Button>
          </>
        ) : (
          t("shown", { count: shown })
        )}
      </span>
    </search>
  );
}

/** Stands in place of rows that filters hide. `hidden` is undefined if their number is not known. */
export function NoMatch({ hidden, onClear }: { hidden: number | undefined; onClear: () => void }) {
  const t = useTranslations("common.filter");
  return (
    <Empty
      title={t("noMatchTitle")}
      action={
        <Button variant="default" onClick={onClear}>
          {t("clear")}
        </Button>
      }
    >
      {hidden === undefined ? t("noMatchOthers") : hidden > 0 && t("noMatch", { count: hidden })}
    </Empty>
  );
}

/** The props of a field whose text is passed on when the person has not typed for a while. */
const useTypedText = (value: string, onChange: (value: string) => void, pauseMs: number) => {
  const [typed, setTyped] = useState(value);
  const sent = useRef(value);
  /** The texts that were passed on and have not come back yet: what was typed since stays. */
  const underway = useRef<string[]>([]);
  const isComposing = useRef(false);
  const latest = useRef(onChange);
  latest.current = onChange;
  const send = useCallback((text: string) => {
    sent.current = text;
    underway.current.push(text);
    latest.current(text);
  }, []);
  // Going back, or clearing the filters, changes the field.
  useEffect(() => {
    const index = underway.current.indexOf(value);
    underway.current = index === -1 ? [] : underway.current.slice(index + 1);
    if (index === -1 && value !== sent.current) {
      sent.current = value;
      setTyped(value);
    }
  }, [value]);
  useEffect(() => {
    if (typed === sent.current || isComposing.current) return;
    const timer = setTimeout(() => send(typed), pauseMs);
    return () => clearTimeout(timer);
  }, [typed, send, pauseMs]);
  return {
    value: typed,
    onCompositionStart: () => {
      isComposing.current = true;
    },
    onCompositionEnd: ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) => {
      isComposing.current = false;
      send(currentTarget.value);
    },
    onChange: ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) =>
      setTyped(currentTarget.value),
  };
};

/** A field whose text goes into the URL shortly after the last key. `/` leads to it. */
export function SearchField({
  value,
  onChange,
  placeholder,
}: {
  value: string;
  onChange: (value: string) => void;
  placeholder?: string;
}) {
  const t = useTranslations("common");
  const input = useRef<HTMLInputElement>(null);
  const typed = useTypedText(value, onChange, 150);
  useShortcut({ keys: "/", label: t("shortcuts.search"), run: () => input.current?.focus() });
  return (
    <TextInput
      ref={input}
      type="search"
      className={styles.search}
      aria-label={placeholder ?? t("filter.search")}
      placeholder={placeholder ?? t("filter.search")}
      leftSection={<SearchIcon size={14} />}
      {...typed}
    />
  );
}

/** A few choices beside each other, each with its count. One of them is on. */
export function Choices<Choice extends string>({
  label,
  choices,
  value,
  onChange,
}: {
  label: string;
  choices: readonly { readonly value: Choice; readonly label: string; readonly count?: number | undefined }[];
  value: Choice;
  onChange: (value: Choice) => void;
}) {
  const name = useId();
  const format = useFormatter();
  return (
    <fieldset className={styles.choices}>
      <legend className={styles.legend}>{label}</legend>
      {choices.map((choice) => (
        <label key={choice.value} className={styles.choice}>
          <input
            type="radio"
            name={name}
            value={choice.value}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
          />
          <span>{choice.label}</span>
          {choice.count !== undefined && <span className={styles.number}>{format.number(choice.count)}</span>}
        </label>
      ))}
    </fieldset>
  );
}

/** Filters that a phone shows only when they are asked for. */
export function MoreFilters({
  active,
  children,
}: {
  /** How many of them are on. */
  active: number;
  children: ReactNode;
}) {
  const t = useTranslations("common.filter");
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        className={styles.toggle}
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        {t("more", { count: active })}
      </button>
      <div className={styles.rest} data-open={isOpen || undefined}>
        {children}
      </div>
    </>
  );
}
