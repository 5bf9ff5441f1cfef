import type { LiveSnapshot } from "@invigil/client";
import { type SharedFeed } from "./feeds.js";
export declare const whole: <Value>(value: Value) => Value;
export declare const nothing: () => undefined;
/** What live objects of all kinds have in common. */
interface LiveFeed<State> {
    readonly subscribe: (listener: () => void) => () => void;
    readonly getSnapshot: () => LiveSnapshot<State>;
}
/** Selects from a live object. What the server refuses is thrown if an error boundary above is for it. */
export declare const useLive: <State, Live extends LiveFeed<State>, Selected>(feed: SharedFeed<Live>, select: (snapshot: LiveSnapshot<State>) => Selected) => Selected;
interface Emits<Listeners> {
    on<Type extends keyof Listeners>(type: Type, listener: Listeners[Type]): () => void;
}
/** Calls the latest listener for events of a live object. */
export declare const useListener: <Listeners extends { readonly [Type_1 in keyof Listeners]: (...args: never[]) => void; }, Type extends keyof Listeners>(live: Emits<Listeners> | undefined, type: Type, listener: Listeners[Type]) => void;
export {};
//# sourceMappingURL=use-live.d.ts.map