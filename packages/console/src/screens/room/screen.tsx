import { isInvigilError, isNetworkError } from "@invigil/client";
import { InvigilErrorBoundary } from "@invigil/react";
import { useParams } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { ErrorNote } from "../../parts/error-note.js";
import { Page } from "../../parts/page.js";
import { ScreenTexts } from "../../parts/texts.js";
import { Room } from "./room.js";

/** One room, as an invigilator watches it. */
export function Screen() {
  const t = useTranslations("room");
  const { examId = "", roomId = "" } = useParams({ strict: false });
  return (
    <InvigilErrorBoundary
      key={roomId}
      fallback={{
        other: ({ error, retry }) => {
          // A fault of the page itself is told by the page for faults.
          if (!isInvigilError(error) && !isNetworkError(error)) throw error;
          return (
            <Page title={t("title")}>
              <ErrorNote error={error} onRetry={retry} />
            </Page>
          );
        },
      }}
    >
      <ScreenTexts of="watching">
        <Room examId={examId} roomId={roomId} />
      </ScreenTexts>
    </InvigilErrorBoundary>
  );
}
