import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";

/** Copies a text, and says so. Browsers let only pages over https and of this machine do it. */
export function CopyButton({
  label,
  text,
}: {
  /** The kind of text, for screen readers. */
  label: string;
  text: string;
}) {
  const t = useTranslations("common.copy");
  const [isCopied, setIsCopied] = useState<boolean>();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setIsCopied(true);
    } catch {
      setIsCopied(false);
    }
  };
  const word = t(isCopied === undefined ? "copy" : isCopied ? "copied" : "refused");
  return (
    <Button variant="default" size="compact-xs" aria-label={`${word}: ${label}`} onClick={() => void copy()}>
      {word}
    </Button>
  );
}
