import type { CheckItem } from "@invigil/client";
import { useTranslations } from "use-intl";

/** The text of an item of the check list. */
interface ItemText {
  readonly title: string;
  /** How it stands: "12 candidates have no room". */
  readonly state: string;
  readonly why: string;
  readonly todo: string;
}

const ZERO = {
  minutes: 0,
  examinees: 0,
  staff: 0,
  people: 0,
  outdated: 0,
  rooms: 0,
  ended: 0,
  scheduled: 0,
  outside: 0,
  missingFiles: 0,
  detectors: 0,
  streams: 0,
  limit: 0,
};

export const useItemText = (): ((item: CheckItem) => ItemText) => {
  const t = useTranslations("setup.items");
  return ({ code, status, numbers }) => {
    const texts = t as unknown as { (key: string, values?: object): string; has(key: string): boolean }; // Safe: all items have these texts.
    // An item that cannot have a state has no text for it.
    const key = texts.has(`${code}.${status}`) ? `${code}.${status}` : `${code}.ok`;
    return {
      title: t(`${code}.title`),
      state: texts(key, { ...ZERO, ...numbers }),
      why: texts(`${code}.why`, { status }),
      todo: t(`${code}.todo`),
    };
  };
};
