import { useParams } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { RefusalBoundary } from "../../components/refusal-boundary.js";
import { TalksProvider } from "../../components/talk/talks.js";
import { Room } from "./room.js";

/** One room, as an invigilator watches it. */
export function Screen() {
  const t = useTranslations("room");
  const { examId, roomId } = useParams({ from: "/exams/$examId/rooms/$roomId" });
  return (
    <RefusalBoundary key={roomId} title={t("title")}>
      <TalksProvider roomId={roomId}>
        <Room examId={examId} roomId={roomId} />
      </TalksProvider>
    </RefusalBoundary>
  );
}
