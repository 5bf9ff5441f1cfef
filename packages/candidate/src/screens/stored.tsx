import { useTranslations } from "use-intl";

/** What is stored about the person, and for how long. */
export function Stored({ heading: Heading }: { heading: "h2" | "h3" }) {
  const t = useTranslations("consent");
  return (
    <>
      <Heading>{t("stored")}</Heading>
      <p>{t("storedText")}</p>
      <Heading>{t("howLong")}</Heading>
      <p>{t("howLongText")}</p>
    </>
  );
}
