import { isInvigilError, isNetworkError } from "@invigil/client";
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { use, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { Empty } from "../components/empty.js";
import { ErrorNote } from "../components/error-note.js";
import { Page } from "../components/page.js";
import { ServerAvailabilityContext } from "../components/server-availability.js";
import { isMissingFile, mayReload } from "./missing-files.js";

const reload = () => window.location.reload();

/** Stands in place of a screen that failed. */
export function ErrorPage({ error, reset }: { error: unknown; reset?: () => void }) {
  const t = useTranslations("common.error");
  if (isInvigilError(error) || isNetworkError(error))
    return (
      <Page title={t("title")}>
        <ErrorNote error={error} {...(reset && { onRetry: reset })} />
      </Page>
    );
  if (isMissingFile(error)) return <MissingFilePage />;
  return <FailedPage title={t("title")}>{t("page")}</FailedPage>;
}

function FailedPage({ title, children }: { title: string; children: string }) {
  const t = useTranslations("common.error");
  return (
    <Page title={title}>
      <Empty title={title} action={<Button onClick={reload}>{t("reload")}</Button>}>
        {children}
      </Empty>
    </Page>
  );
}

/** There is nothing on this page to lose, so it reloads as soon as the server answers. An upgrade may have replaced the file. */
function MissingFilePage() {
  const t = useTranslations("common.error");
  const server = use(ServerAvailabilityContext);
  const [isWaiting, setIsWaiting] = useState(true);
  useEffect(() => {
    let isOpen = true;
    void server?.untilItAnswers().then((wasAway) => {
      if (!isOpen) return;
      if (wasAway || mayReload()) reload();
      else setIsWaiting(false);
    });
    return () => {
      isOpen = false;
    };
  }, [server]);
  if (!isWaiting) return <FailedPage title={t("chunkTitle")}>{t("chunk")}</FailedPage>;
  return (
    <Page title={t("awayTitle")}>
      <Empty title={t("awayTitle")}>{t("away")}</Empty>
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
