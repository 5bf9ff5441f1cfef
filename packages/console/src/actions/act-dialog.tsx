import { type ComponentProps, Suspense } from "react";
import { lazyComponent } from "../components/lazy.js";
import type { Act } from "./acts.js";

const Dialog = lazyComponent(() => import("./dialogs.js"));

/** The dialog of the action that a person asked for. */
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
