import { useFormatter, useTranslations } from "use-intl";

/** How many names a sentence contains before it counts the others. */
const MOST = 6;

/** Names in a sentence: the first few, and how many more there are. */
export function Names({ of }: { of: readonly string[] }) {
  const t = useTranslations("common.confirm");
  const format = useFormatter();
  const more = of.length - MOST;
  // The separator between names in this language: `, ` or `、`.
  const [separator = ", "] = format.list(["{", "}", ""]).match(/(?<=\{).*(?=\})/) ?? [];
  return (
    <span>
      {more > 1 ? `${of.slice(0, MOST).join(separator)} ${t("more", { count: more })}` : format.list(of)}
    </span>
  );
}
