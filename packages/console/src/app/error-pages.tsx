import { isInvigilError, isNetworkError } from "@invigil/client";
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { Empty } from "../parts/empty.js";
import { ErrorNote } from "../parts/error-note.js";
import { Page } from "../parts/page.js";
import { MissingChunk } from "./screen.js";

const reload = () => window.location.reload();

/** What stands in place of a screen that failed. */
export function ErrorPage({ error, reset }: { error: unknown; reset?: () => void }) {
  const t = useTranslations("common.error");
  const isMissing = error instanceof MissingChunk;
  if (isInvigilError(error) || isNetworkError(error))
    return (
      <Page title={t("title")}>
        <ErrorNote error={error} {...(reset && { onRetry: reset })} />
      </Page>
    );
  return (
    <Page title={isMissing ? t("chunkTitle") : t("title")}>
      <Empty
        title={isMissing ? t("chunkTitle") : t("title")}
        action={<Button onClick={reload}>{t("reload")}</Button>}
      >
        {isMissing ? t("chunk") : t("page")}
      </Empty>
    </Page>
  );
}

export function NotFoundPage() {
  const t = useTranslations("common.error");
  return (
    <Page title={t("notFoundTitle")}>
      <Empty title={t("notFoundTitle")} action={<Link to="/">{t("toExams")}</Link>}>
        {t("notFound")}
      </Empty>
    </Page>
  );
}
