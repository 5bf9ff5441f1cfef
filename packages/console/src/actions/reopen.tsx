import { useInvigilClient } from "@invigil/react";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { ScreenTexts } from "../components/texts.js";
import type { ActRoom } from "./acts.js";
import { BulkAction } from "./bulk-action.js";
import { titleOf } from "./people.js";
import { patiently } from "./sending.js";

interface ReopenProps {
  readonly rooms: readonly ActRoom[];
  readonly onClose: () => void;
  /** Says why they have ended. */
  readonly children: ReactNode;
}

/** Reopens rooms that have ended. */
export default function ReopenDialog(props: ReopenProps) {
  return (
    <ScreenTexts of="watching">
      <Reopen {...props} />
    </ScreenTexts>
  );
}

function Reopen({ rooms, onClose, children }: ReopenProps) {
  const t = useTranslations("watching.reopen");
  const client = useInvigilClient();
  return (
    <BulkAction
      of="rooms"
      title={t("title", titleOf(rooms))}
      targets={rooms}
      action={t("action")}
      onClose={onClose}
      run={async ([{ id: roomId }]) => {
        await patiently(() => client.room.reopen.mutate({ roomId }));
        return undefined;
      }}
      told={(done) => t("done", titleOf(done))}
    >
      {children}
      <p>{t("consequence")}</p>
    </BulkAction>
  );
}
