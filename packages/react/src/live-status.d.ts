import type { CallError, LiveStatus } from "@invigil/client";
/** Whether a live object is up to date. */
export interface LiveConnection {
    readonly status: LiveStatus;
    readonly error: CallError | undefined;
    /** When the server sent something last, a ping included. It sends one at least every ten seconds. */
    readonly lastHeardAt: Date | undefined;
    /** How many whole seconds ago that was. */
    readonly silentSeconds: number | undefined;
}
/** Selects from the connection of a live object. */
export interface UseLiveStatus {
    (of: LiveTarget): LiveConnection;
    <Selected>(of: LiveTarget, select: (connection: LiveConnection) => Selected): Selected;
}
/** A room, the rooms of an exam, or its people. */
export type LiveTarget = {
    readonly roomId: string;
    readonly camera?: "main" | "pc" | undefined;
} | {
    readonly examId: string;
} | {
    readonly peopleOf: string;
};
/**
 * Whether a live object is up to date, and when the server was last heard, looked at each second. With a selector, the component renders again
 * only if the selected value changes: `useLiveStatus({ roomId }, ({ silentSeconds = 0 }) => silentSeconds > 5)`.
 */
export declare const useLiveStatus: UseLiveStatus;
//# sourceMappingURL=live-status.d.ts.map