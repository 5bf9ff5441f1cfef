import { isInvigilError, isNetworkError } from "@invigil/client";
import { InvigilErrorBoundary } from "@invigil/react";
import type { ReactNode } from "react";
import { ErrorNote } from "./error-note.js";
import { Page } from "./page.js";

/** Shows in place of a screen why the server refused it, or that it did not answer. Give it a `key` of what the screen is about. */
export function RefusalBoundary({ title, children }: { title: string; children: ReactNode }) {
  return (
    <InvigilErrorBoundary
      fallback={{
        other: ({ error, retry }) => {
          // A fault of the page itself is told by the page for faults.
          if (!isInvigilError(error) && !isNetworkError(error)) throw error;
          return (
            <Page title={title}>
              <ErrorNote error={error} onRetry={retry} />
            </Page>
          );
        },
      }}
    >
      {children}
    </InvigilErrorBoundary>
  );
}
