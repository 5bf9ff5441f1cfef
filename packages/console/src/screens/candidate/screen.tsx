import { Button } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslations } from "use-intl";
import { SeatMenu } from "../../actions/seat-menu.js";
import { Empty, Skeleton } from "../../components/empty.js";
import { ErrorNote } from "../../components/error-note.js";
import { useNotify } from "../../components/notify.js";
import { Page } from "../../components/page.js";
import { RefusalBoundary } from "../../components/refusal-boundary.js";
import { useRouteSearch } from "../../components/search.js";
import { TalksProvider } from "../../components/talk/talks.js";
import { Access } from "./access.js";
import { Candidate } from "./candidate.js";
import { usePlace } from "./use-place.js";

/** One candidate, wherever they sit. */
export function Screen() {
  const t = useTranslations("candidate");
  const { examId, userId } = useParams({ from: "/exams/$examId/candidates/$userId" });
  return (
    <RefusalBoundary key={userId} title={t("title")}>
      <Located examId={examId} userId={userId} />
    </RefusalBoundary>
  );
}

/** Follows the candidate from room to room. */
function Located({ examId, userId }: { examId: string; userId: string }) {
  const t = useTranslations("candidate");
  const notify = useNotify();
  const [{ room }, change] = useRouteSearch("/exams/$examId/candidates/$userId");
  const { data: place, error, refetch, isFetching } = usePlace(examId, userId, room);
  const shown = useRef<string>(undefined);
  const found = place?.room;
  useEffect(() => {
    if (!found) return;
    if (found.id !== room) change({ room: found.id }, { replace: true });
    if (shown.current !== undefined && shown.current !== found.id)
      notify.done(t("moved", { name: place.name ?? userId, room: found.name }));
    shown.current = found.id;
  }, [found, place, room, change, notify, t, userId]);
  const page = (children: ReactNode) => <Page title={place?.name ?? t("title")}>{children}</Page>;
  if (error && !place) return page(<ErrorNote error={error} onRetry={() => void refetch()} />);
  if (!place) return page(<Skeleton />);
  if (found)
    return (
      <TalksProvider key={found.id} roomId={found.id}>
        <Candidate
          examId={examId}
          roomId={found.id}
          userId={userId}
          isSearching={isFetching}
          onGone={() => void refetch()}
        />
      </TalksProvider>
    );
  if (place.unseated)
    return page(
      <Empty
        title={t("unseated.title", { name: place.unseated.name })}
        action={
          <>
            <SeatMenu
              examId={examId}
              person={place.unseated}
              label={place.unseated.name}
              onClosed={() => void refetch()}
              hasText
            />
            <Access examId={examId} userId={userId} />
          </>
        }
      >
        {t("unseated.text")}
      </Empty>,
    );
  return page(
    <Empty
      title={t("removed.title", { id: userId })}
      action={
        <Button
          variant="default"
          renderRoot={(props) => <Link to="/exams/$examId/candidates" params={{ examId }} {...props} />}
        >
          {t("removed.action")}
        </Button>
      }
    >
      {t("removed.text")}
    </Empty>,
  );
}
