import { detectorNames, knownDetectTypes } from "@invigil/client";
import { useCallback } from "react";
import { useTranslations } from "use-intl";

const TYPES = [...knownDetectTypes, ...detectorNames] as const;
type Known = (typeof TYPES)[number];
const KNOWN: ReadonlySet<string> = new Set(TYPES);
const isKnown = (type: string): type is Known => KNOWN.has(type);

/** The name of what a detector saw. A detector of one's own has names of its own. */
export const useTypeName = (): ((type: string) => string) => {
  const t = useTranslations("watching.types");
  return useCallback((type) => (isKnown(type) ? t(type) : type), [t]);
};
