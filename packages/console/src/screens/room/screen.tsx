import { useTranslations } from "use-intl";
import { Page } from "../../parts/page.js";

export function Screen() {
  const t = useTranslations("room");
  return <Page title={t("title")}>{null}</Page>;
}
