import { useState } from "react";
import { useTranslations } from "use-intl";
import { NotThereError } from "../components/error-note.js";
import { Names } from "../components/names.js";
import { BulkAction, type BulkActionProps } from "./bulk-action.js";
import { labelOf, type Target } from "./bulk-run.js";
import { isNotThere, MOST_OF_A_ROOM } from "./people.js";

/** An action for one or many in the rooms in which they are when it is sent, although they may have been in others before. */
export function ActionInRooms<S extends Target>({
  roomOf,
  run,
  premise,
  children,
  ...props
}: Omit<BulkActionProps<S>, "groupOf"> & {
  /** The room in which a target is now. */
  readonly roomOf: (target: S) => string | undefined;
}) {
  const t = useTranslations("watching");
  const gone = t("gone");
  const [asked] = useState(() => props.targets.map((target) => ({ target, roomId: roomOf(target) })));
  const left = asked.filter(({ target, roomId }) => roomOf(target) !== roomId);
  const isGone = ({ target }: (typeof asked)[number]) => roomOf(target) === undefined;
  return (
    <BulkAction
      batchSize={MOST_OF_A_ROOM}
      {...props}
      premise={() => [premise?.(), asked.map(({ target }) => roomOf(target))]}
      groupOf={(target) => roomOf(target) ?? ""}
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
              <Names of={some.map(({ target }) => labelOf(target))} /> · {text}
            </p>
          ),
      )}
    </BulkAction>
  );
}
