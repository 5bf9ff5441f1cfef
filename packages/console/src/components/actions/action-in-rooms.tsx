import { useTranslations } from "use-intl";
import { BulkAction, type BulkActionProps } from "../bulk-action.js";
import type { Subject } from "../bulk-run.js";
import { NotThereError } from "../error-note.js";
import { isNotThere, MOST_OF_A_ROOM } from "./people.js";

/** An action for one or many in the rooms in which they are when it is sent, although they may have been in others before. */
export function ActionInRooms<S extends Subject>({
  roomOf,
  run,
  ...props
}: Omit<BulkActionProps<S>, "groupOf"> & {
  /** The room in which a subject is now. */
  readonly roomOf: (subject: S) => string | undefined;
}) {
  const gone = useTranslations("watching")("gone");
  return (
    <BulkAction
      batchSize={MOST_OF_A_ROOM}
      {...props}
      groupOf={(subject) => roomOf(subject) ?? ""}
      run={async (batch, roomId) => {
        if (roomId === "") return new Map(batch.map(({ id }) => [id, new NotThereError(gone)]));
        try {
          return await run(batch, roomId);
        } catch (error) {
          throw isNotThere(error) ? new NotThereError(gone, { cause: error }) : error;
        }
      }}
    />
  );
}
