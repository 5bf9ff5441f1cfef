import { useParams } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { RefusalBoundary } from "../../components/refusal-boundary.js";
import { Room } from "./room.js";

/** One room, as an invigilator watches it. */
export function Screen() {
  const t = useTranslations("room");
  const { examId, roomId } = useParams({ from: "/exams/$examId/rooms/$roomId" });
  return (
    <RefusalBoundary key={roomId} title={t("title")}>
      <Room examId={examId} roomId={roomId} />
    </RefusalBoundary>
  );
}
