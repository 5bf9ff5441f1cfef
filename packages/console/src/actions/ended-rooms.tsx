import type { Room } from "@invigil/client";
import { Button } from "@mantine/core";
import { Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import { useNow } from "../components/clock.js";
import { lazyComponent } from "../components/lazy.js";
import { ScreenTexts } from "../components/texts.js";
import { Time } from "../components/time.js";
import { usePermissions } from "../components/use-permissions.js";
import styles from "./ended-rooms.module.css";

const ReopenDialog = lazyComponent(() => import("./reopen.js"));

interface EndedRoomsProps {
  readonly exam: { readonly startTime: Date; readonly endTime: Date };
  readonly rooms: readonly Pick<Room, "id" | "name" | "status" | "updatedAt">[];
}

/** The rooms that ended before their exam began. Nothing changes a room that has ended, so that it was changed last when it ended. */
export const endedEarly = <R extends Pick<Room, "status" | "updatedAt">>(
  { startTime }: { readonly startTime: Date },
  rooms: readonly R[],
): R[] => rooms.filter(({ status, updatedAt }) => status === "ended" && updatedAt < startTime);

/** Says loudly that rooms ended before their exam began, as those of a restored exam have, and reopens them. */
export function EndedRooms(props: EndedRoomsProps) {
  return (
    <Suspense>
      <ScreenTexts of="watching">
        <Note {...props} />
      </ScreenTexts>
    </Suspense>
  );
}

function Note({ exam: { startTime, endTime }, rooms }: EndedRoomsProps) {
  const t = useTranslations("watching.reopen");
  const may = usePermissions();
  const now = useNow("minute");
  const ended = endedEarly({ startTime }, rooms);
  // A deletion ends rooms at one moment. Rooms that ended on purpose before it stay as they are.
  const endedAt = ended.reduce((last, { updatedAt }) => Math.max(last, updatedAt.getTime()), 0);
  const together = ended.filter(({ updatedAt }) => updatedAt.getTime() === endedAt);
  const others = ended.length - together.length;
  // The targets of the dialog stay while rooms are reopened, one after the other.
  const [asked, setAsked] = useState<{ rooms: typeof together; endedAt: number; others: number }>();
  return (
    <>
      {ended.length > 0 && now < endTime.getTime() && (
        <div role="alert" className={styles.note}>
          <span>
            <strong>{t("note", { ended: ended.length, total: rooms.length })}</strong>{" "}
            {t.rich("begins", { time: () => <Time value={startTime} seconds={false} /> })}
            {!may.administer && ` ${t("ask")}`}
          </span>
          {may.administer && (
            <Button size="compact-sm" onClick={() => setAsked({ rooms: together, endedAt, others })}>
              {t("button", { count: together.length })}
            </Button>
          )}
        </div>
      )}
      {asked && (
        <Suspense>
          <ReopenDialog rooms={asked.rooms} onClose={() => setAsked(undefined)}>
            <p>
              {t.rich("ended", {
                count: asked.rooms.length,
                time: () => <Time value={new Date(asked.endedAt)} />,
              })}
            </p>
            {asked.others > 0 && <p>{t("others", { count: asked.others })}</p>}
          </ReopenDialog>
        </Suspense>
      )}
    </>
  );
}
