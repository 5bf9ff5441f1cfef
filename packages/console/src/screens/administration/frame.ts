import type { ReactNode } from "react";

/** Draws the page around what a part of the administration shows, with the part's own actions. */
export type Frame = (inside: { actions?: ReactNode; children: ReactNode }) => ReactNode;
