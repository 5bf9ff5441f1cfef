import { useParams } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { RefusalBoundary } from "../../parts/refusal-boundary.js";
import { ScreenTexts } from "../../parts/texts.js";
import { Room } from "./room.js";

/** One room, as an invigilator watches it. */
export function Screen() {
  const t = useTranslations("room");
  const { examId = "", roomId = "" } = useParams({ strict: false });
  return (
    <RefusalBoundary key={roomId} title={t("title")}>
      <ScreenTexts of="watching">
        <Room examId={examId} roomId={roomId} />
      </ScreenTexts>
    </RefusalBoundary>
  );
}
