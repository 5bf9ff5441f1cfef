import { type DetectorName, detectorNames, detectorsOf, isInvigilError } from "@invigil/client";
import { useInvigil, useInvigilClient } from "@invigil/react";
import { NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { Skeleton } from "../../components/empty.js";
import { ErrorNote, NotDone } from "../../components/error-note.js";
import { useNotify } from "../../components/notify.js";
import { ScreenTexts } from "../../components/texts.js";
import { useTypeName } from "../../components/type-name.js";
import { useAction } from "../../components/use-action.js";
import { useSetup } from "./context.js";
import { useFormDraft } from "./drafts.js";
import { Conflict, SaveBar, Section } from "./parts.js";
import { conflictsWith } from "./rebase.js";
import styles from "./setup.module.css";

const MAX_CONSENT = 20_000;
const LANGUAGES = ["zh", "en"] as const;

interface Facts {
  readonly exam: {
    readonly cameras: "one" | "both";
    readonly questionsUrl?: string | undefined;
    readonly detectors?: readonly DetectorName[] | undefined;
  };
  readonly consent: { readonly zh?: string | undefined; readonly en?: string | undefined };
}

const valuesOf = ({
  exam: { cameras, questionsUrl = "", detectors = detectorNames },
  consent: { zh = "", en = "" },
}: Facts) => ({ cameras, questionsUrl, detectors: detectors.join(" "), zh, en });
const namesOf = (detectors: string): DetectorName[] =>
  detectorNames.filter((name) => detectors.split(" ").includes(name));

/** What the candidate's page needs, shows and, if candidates use it, notices. */
export function Sitting({ usesPage }: { usesPage: boolean }) {
  const t = useTranslations("setup.details.sitting");
  const { examId } = useSetup();
  const { data, error, refetch } = useQuery(useInvigil().exam.consent.queryOptions({ examId }));
  return (
    <Section title={t("title")}>
      {data ? (
        <ScreenTexts of="watching">
          <SittingForm consent={data} usesPage={usesPage} />
        </ScreenTexts>
      ) : error ? (
        <ErrorNote error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton rows={4} />
      )}
    </Section>
  );
}

function SittingForm({ consent, usesPage }: Pick<Facts, "consent"> & { usesPage: boolean }) {
  const t = useTranslations("setup.details.sitting");
  const form = useTranslations("setup.form");
  const typeName = useTypeName();
  const { exam, examId, isReadOnly, refresh } = useSetup();
  const client = useInvigilClient();
  const invigil = useInvigil();
  const queryClient = useQueryClient();
  const notify = useNotify();
  const theirs = valuesOf({ exam, consent });
  const draft = useFormDraft("details.sitting", theirs);
  const { cameras, questionsUrl, detectors, zh, en } = draft.values;
  const address = questionsUrl.trim();
  const runs = detectorsOf({ questionsUrl: address || undefined });
  const isEmptied = (consent.zh ?? consent.en) !== undefined && zh.trim() === "" && en.trim() === "";
  const save = useAction(async () => {
    const mine = draft.values;
    const fresh = { staleTime: 0 } as const;
    const [examNow, consentNow] = await Promise.all([
      queryClient.query(invigil.exam.get.queryOptions({ examId }, fresh)),
      queryClient.query(invigil.exam.consent.queryOptions({ examId }, fresh)),
    ]);
    // What another person changed is shown beside the draft.
    if (conflictsWith({ base: theirs, mine }, valuesOf({ exam: examNow, consent: consentNow })).length > 0)
      return;
    const names = namesOf(detectors);
    await client.exam.update.mutate({
      examId,
      cameras,
      questionsUrl: address || null,
      detectors: names.length === detectorNames.length ? null : names,
    });
    if (draft.changed.includes("zh") || draft.changed.includes("en"))
      await client.exam.setConsent.mutate({ examId, zh, en });
    await Promise.all([
      refresh(),
      queryClient.invalidateQueries({ queryKey: invigil.exam.consent.queryKey({ examId }) }),
    ]);
    draft.saved(mine);
    notify.done(form("saved"));
  });
  const isWrong =
    isInvigilError(save.error, "INVALID_INPUT") && save.error.data.fieldErrors?.questionsUrl !== undefined;
  const labels = {
    cameras: t("cameras.label"),
    questionsUrl: t("questionsUrl"),
    detectors: t("detectors"),
    zh: t("consent.zh"),
    en: t("consent.en"),
  };
  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!isEmptied) save.run();
      }}
    >
      <p className={styles.hint}>{t("intro")}</p>
      <NativeSelect
        label={labels.cameras}
        description={t("cameras.hint")}
        value={cameras}
        disabled={isReadOnly}
        data={(["one", "both"] as const).map((value) => ({ value, label: t(`cameras.${value}`) }))}
        onChange={({ currentTarget: { value } }) =>
          draft.change({ cameras: value === "both" ? value : "one" })
        }
      />
      <TextInput
        label={labels.questionsUrl}
        description={t("questionsHint")}
        inputMode="url"
        spellCheck={false}
        value={questionsUrl}
        readOnly={isReadOnly}
        error={isWrong && t("questionsWrong")}
        onChange={({ currentTarget: { value } }) => {
          save.forget();
          draft.change({ questionsUrl: value });
        }}
      />
      {usesPage && (
        <fieldset className={styles.form}>
          <legend>{labels.detectors}</legend>
          {detectorNames.map((name) => (
            <label key={name} className={styles.check}>
              <input
                type="checkbox"
                checked={runs.includes(name) && namesOf(detectors).includes(name)}
                disabled={isReadOnly || !runs.includes(name)}
                onChange={({ currentTarget: { checked } }) =>
                  draft.change({
                    detectors: detectorNames
                      .filter((one) => (one === name ? checked : namesOf(detectors).includes(one)))
                      .join(" "),
                  })
                }
              />
              {typeName(name)}
            </label>
          ))}
          {address !== "" && <p className={styles.hint}>{t("frontTab")}</p>}
        </fieldset>
      )}
      <p className={styles.hint}>{t("consent.hint")}</p>
      {LANGUAGES.map((language) => (
        <Textarea
          key={language}
          label={labels[language]}
          lang={language}
          autosize
          minRows={3}
          maxRows={12}
          maxLength={MAX_CONSENT}
          value={language === "zh" ? zh : en}
          readOnly={isReadOnly}
          error={isEmptied && t("consent.emptied")}
          onChange={({ currentTarget: { value } }) => draft.change({ [language]: value })}
        />
      ))}
      <Conflict draft={draft} theirs={theirs} labels={labels} />
      {save.error !== undefined && !isWrong && <NotDone error={save.error} />}
      {!isReadOnly && <SaveBar draft={draft} isSaving={save.isRunning} />}
    </form>
  );
}
