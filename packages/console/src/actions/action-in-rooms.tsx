import { useState } from "react";
import { useTranslations } from "use-intl";
import { NotThereError } from "../components/error-note.js";
import { Names } from "../components/names.js";
import { BulkAction, type BulkActionProps } from "./bulk-action.js";
import { labelOf, type Subject } from "./bulk-run.js";
import { isNotThere, MOST_OF_A_ROOM } from "./people.js";

/** An action for one or many in the rooms in which they are when it is sent, although they may have been in others before. */
export function ActionInRooms<S extends Subject>({
  roomOf,
  run,
  premise,
  children,
  ...props
}: Omit<BulkActionProps<S>, "groupOf"> & {
  /** The room in which a subject is now. */
  readonly roomOf: (subject: S) => string | undefined;
}) {
  const t = useTranslations("watching");
  const gone = t("gone");
  const [asked] = useState(() => props.subjects.map((subject) => ({ subject, roomId: roomOf(subject) })));
  const left = asked.filter(({ subject, roomId }) => roomOf(subject) !== roomId);
  const isGone = ({ subject }: (typeof asked)[number]) => roomOf(subject) === undefined;
  return (
    <BulkAction
      batchSize={MOST_OF_A_ROOM}
      {...props}
      premise={() => [premise?.(), asked.map(({ subject }) => roomOf(subject))]}
      groupOf={(subject) => roomOf(subject) ?? ""}
      run={async (batch, roomId) => {
        if (roomId === "") return new Map(batch.map(({ id }) => [id, new NotThereError(gone)]));
        try {
          return await run(batch, roomId);
        } catch (error) {
          throw isNotThere(error) ? new NotThereError(gone, { cause: error }) : error;
        }
      }}
    >
      {children}
      {[
        { some: left.filter(isGone), text: gone },
        { some: left.filter((one) => !isGone(one)), text: t("elsewhere") },
      ].map(
        ({ some, text }) =>
          some.length > 0 && (
            <p key={text}>
              <Names of={some.map(({ subject }) => labelOf(subject))} /> · {text}
            </p>
          ),
      )}
    </BulkAction>
  );
}
