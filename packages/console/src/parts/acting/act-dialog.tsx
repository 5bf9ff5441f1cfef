import { type ComponentProps, Suspense } from "react";
import { late } from "../late.js";
import type { Act } from "./acts.js";

const Dialog = late(() => import("./dialogs.js"));

/** The dialog of the action that somebody asked for. */
export function ActDialog({
  act,
  ...props
}: Omit<ComponentProps<typeof Dialog>, "act"> & { act: Act | undefined }) {
  return (
    act && (
      <Suspense>
        <Dialog act={act} {...props} />
      </Suspense>
    )
  );
}
