import { knownDetectTypes } from "@invigil/client";
import { useCallback } from "react";
import { useTranslations } from "use-intl";

type Known = (typeof knownDetectTypes)[number];
const KNOWN: ReadonlySet<string> = new Set(knownDetectTypes);
const isKnown = (type: string): type is Known => KNOWN.has(type);

/** The name of a type of detections. One that is not known is its own name. */
export const useTypeName = (): ((type: string) => string) => {
  const t = useTranslations("records.types");
  return useCallback((type) => (isKnown(type) ? t(type) : type), [t]);
};
