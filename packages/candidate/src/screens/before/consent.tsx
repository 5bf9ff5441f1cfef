import { detectorNames, type Sitting } from "@invigil/client";
import { useFormatter, useLocale, useTranslations } from "use-intl";
import { Stored } from "../stored.js";
import styles from "./before.module.css";

/** What is watched and stored, before the person agrees to it. */
export function Consent({
  sitting: { exam, consent, detectorsOff },
  given,
  isAgreeing,
  onAgree,
}: {
  sitting: Sitting;
  given: Sitting["consent"]["given"];
  isAgreeing: boolean;
  onAgree: () => void;
}) {
  const t = useTranslations("consent");
  const names = useTranslations("detectors");
  const locale = useLocale();
  const format = useFormatter();
  // A text that has only one language is shown in it.
  const [own, lang] =
    locale === "en"
      ? [consent.en ?? consent.zh, consent.en === undefined ? "zh-CN" : "en"]
      : [consent.zh ?? consent.en, consent.zh === undefined ? "en" : "zh-CN"];
  const detectors = detectorsOff ? [] : detectorNames.filter((name) => exam.detectors.includes(name));
  return (
    <>
      <h3>{t("watched")}</h3>
      <ul>
        <li>{t("seen")}</li>
        <li>
          {detectors.length > 0
            ? t("detectors", { list: format.list(detectors.map((name) => names(name))) })
            : t("noDetectors")}
        </li>
        {exam.questionsUrl !== undefined && <li>{t("questionsTab")}</li>}
      </ul>
      <Stored heading="h3" />
      {own !== undefined && (
        <>
          <h3>{t("own")}</h3>
          <p className={styles.own} lang={lang}>
            {own}
          </p>
        </>
      )}
      {given ? (
        <p>{t("agreed", { date: format.dateTime(given.time, { dateStyle: "long", timeStyle: "short" }) })}</p>
      ) : (
        <div className={styles.actions}>
          <button type="button" data-main disabled={isAgreeing} onClick={onAgree}>
            {t("agree")}
          </button>
          <p className={styles.quiet}>{t("decline")}</p>
        </div>
      )}
    </>
  );
}
