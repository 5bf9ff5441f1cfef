import { useInvigilClient } from "@invigil/react";
import { Button } from "@mantine/core";
import { useTranslations } from "use-intl";
import { useNotify } from "../components/notify.js";
import { useAction } from "../components/use-action.js";

/** The type of the records of detectors that see a raised hand. */
export const HAND_SEEN = "actionPoseHandup";

/** Takes the hand of a person that a detector saw, and that they did not raise by their page. */
export function TakeHand({ roomId, userId, name }: { roomId: string; userId: string; name: string }) {
  const t = useTranslations("watching.hand");
  const errors = useTranslations("common.error");
  const client = useInvigilClient();
  const notify = useNotify();
  const { run, isRunning } = useAction(async () => {
    try {
      await client.hand.raise.mutate({ roomId, userId, kind: "help" });
      notify.done(t("done.take", { name }));
    } catch (error) {
      notify.failed(errors("notDone"), error);
    }
  });
  return (
    <Button variant="subtle" size="compact-xs" loading={isRunning} onClick={() => run()}>
      {t("takeSeen")}
    </Button>
  );
}
