import { isInvigilError } from "@invigil/client";
import { useInvigilClient, useSession } from "@invigil/react";
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { Dialog } from "../components/dialog.js";
import dialogStyles from "../components/dialog.module.css";
import { ErrorNote } from "../components/error-note.js";
import type { ActRoom } from "./acts.js";

/** Leads to the vendor's page of the room, which alone publishes a voice. */
export function VoiceDialog({ room, onClose }: { room: ActRoom; onClose: () => void }) {
  const t = useTranslations("watching.voice");
  const client = useInvigilClient();
  const { user } = useSession();
  const { data, error } = useQuery({
    queryKey: ["voice", room.id, user?.userId],
    // A link is as good as a session: it is kept for as long as the dialog is open.
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const links = await client.room.joinLinks.mutate({ roomId: room.id, role: "teacher" });
      return { url: links.find(({ userId }) => userId === user?.userId)?.url };
    },
  });
  const isNotSet = isInvigilError(error) && error.data.reason === "PROVIDER_NOT_CONFIGURED";
  return (
    <Dialog title={t("title", { room: room.name })} onClose={onClose}>
      <div className={dialogStyles.form}>
        <div className={dialogStyles.text}>
          <p>{t("text")}</p>
        </div>
        {isNotSet ? (
          <p>{t("notSet")}</p>
        ) : error ? (
          <ErrorNote error={error} />
        ) : !data ? (
          <p role="status">{t("preparing")}</p>
        ) : data.url === undefined ? (
          <p>{t("notTeacher")}</p>
        ) : (
          <div className={dialogStyles.buttons}>
            <Button component="a" href={data.url} target="_blank" rel="noopener noreferrer" onClick={onClose}>
              {t("open")}
            </Button>
          </div>
        )}
      </div>
    </Dialog>
  );
}
