import { isInvigilError } from "@invigil/client";
import { useInvigil, useInvigilClient } from "@invigil/react";
import { Button, Textarea } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { Skeleton } from "../../components/empty.js";
import { ErrorNote, NotDone } from "../../components/error-note.js";
import { useNotify } from "../../components/notify.js";
import { useAction } from "../../components/use-action.js";
import { useSetup } from "./context.js";
import { allOn, CAMERAS, type Camera, DETECTIONS, isOn, readConfig, switched } from "./detection-config.js";
import { type FormDraft, useFormDraft } from "./drafts.js";
import { Conflict, SaveBar, Section } from "./parts.js";
import { conflictsWith } from "./rebase.js";
import styles from "./setup.module.css";

/** The stored config of the exam. It is empty if none was stored. */
const useConfigOptions = () => {
  const { examId } = useSetup();
  const client = useInvigilClient();
  return {
    queryKey: [...useInvigil().cheat.getConfig.queryKey({ examId })],
    queryFn: async ({ signal }: { signal: AbortSignal }): Promise<{ data: string }> => {
      try {
        return await client.cheat.getConfig.query({ examId }, { signal });
      } catch (error) {
        if (isInvigilError(error, "CHEAT_CONFIG_NOT_FOUND")) return { data: "" };
        throw error;
      }
    },
  };
};

/** The detections that run on the cameras of candidates. */
export function Detections() {
  const t = useTranslations("setup.details.cheat");
  const { data, error, refetch } = useQuery(useConfigOptions());
  return (
    <Section title={t("title")}>
      {data ? (
        <ConfigForm theirs={{ data: data.data }} />
      ) : error ? (
        <ErrorNote error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton rows={3} />
      )}
    </Section>
  );
}

function ConfigForm({ theirs }: { theirs: { data: string } }) {
  const t = useTranslations("setup.details.cheat");
  const form = useTranslations("setup.form");
  const { examId, isReadOnly, refresh } = useSetup();
  const client = useInvigilClient();
  const options = useConfigOptions();
  const queryClient = useQueryClient();
  const notify = useNotify();
  const draft = useFormDraft("details.detections", theirs);
  const { data } = draft.values;
  const config = readConfig(data);
  const [asText, setAsText] = useState(false);
  const save = useAction(async () => {
    const mine = draft.values;
    const now = await queryClient.query({ ...options, staleTime: 0 });
    // The detections of now are shown beside the draft.
    if (conflictsWith({ base: theirs, mine }, { data: now.data }).length > 0) return;
    await client.cheat.setConfig.mutate({ examId, data });
    await refresh();
    draft.saved(mine);
    notify.done(form("saved"));
  });
  const isText = asText || !config;
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        save.run();
      }}
    >
      <p className={styles.hint}>{config ? t("intro") : t("foreign")}</p>
      {isText ? (
        <Textarea
          label={t("text")}
          rows={6}
          value={data}
          readOnly={isReadOnly}
          spellCheck={false}
          onChange={({ currentTarget: { value } }) => draft.change({ data: value })}
        />
      ) : (
        <Matrix draft={draft} isReadOnly={isReadOnly} />
      )}
      {!isReadOnly && (
        <div className={styles.buttons}>
          {config && !isText && (
            <Button variant="default" size="compact-xs" onClick={() => draft.change({ data: allOn(config) })}>
              {t("all")}
            </Button>
          )}
          {config && (
            <Button variant="subtle" size="compact-xs" onClick={() => setAsText(!asText)}>
              {isText ? t("asTable") : t("asText")}
            </Button>
          )}
        </div>
      )}
      <Conflict draft={draft} theirs={theirs} labels={{ data: t("title") }} />
      <NotDone error={save.error} />
      {!isReadOnly && <SaveBar draft={draft} isSaving={save.isRunning} />}
    </form>
  );
}

function Matrix({ draft, isReadOnly }: { draft: FormDraft<{ data: string }>; isReadOnly: boolean }) {
  const t = useTranslations("setup.details.cheat");
  const config = readConfig(draft.values.data) ?? {};
  const cell = (camera: Camera, detection: (typeof DETECTIONS)[number]) => {
    const on = isOn(config, camera, detection);
    return (
      <td key={camera}>
        <input
          type="checkbox"
          aria-label={t("cell", { detection: t(`names.${detection}`), camera: t(camera) })}
          checked={on === true}
          disabled={isReadOnly}
          title={on === undefined ? t("byApp") : undefined}
          ref={(input) => {
            if (input) input.indeterminate = on === undefined;
          }}
          onChange={() => draft.change({ data: switched(config, camera, detection, on !== true) })}
        />
      </td>
    );
  };
  return (
    <table className={styles.table} data-narrow>
      <thead>
        <tr>
          <th scope="col">{t("detection")}</th>
          {CAMERAS.map((camera) => (
            <th key={camera} scope="col">
              {t(camera)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {DETECTIONS.map((detection) => (
          <tr key={detection}>
            <th scope="row">{t(`names.${detection}`)}</th>
            {CAMERAS.map((camera) => cell(camera, detection))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
