import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";

/** The state of an action. */
export interface Action {
  readonly isRunning: boolean;
  /** Why it failed the last time. */
  readonly error: unknown;
}

/** Something that a button does: a mutation whose answer is not kept. A double click does it once. */
export const useAction = <Args extends readonly unknown[]>(act: (...args: Args) => Promise<unknown>) => {
  // Two clicks may come before the page is drawn again.
  const isBusy = useRef(false);
  const { mutate, isPending, error, reset } = useMutation({
    // Answers may hold secrets.
    mutationFn: async (args: Args) => void (await act(...args)),
    gcTime: 0,
    onSettled: () => {
      isBusy.current = false;
    },
  });
  return {
    run: (...args: Args): void => {
      if (isBusy.current) return;
      isBusy.current = true;
      mutate(args);
    },
    isRunning: isPending,
    error: error ?? undefined,
    forget: (): void => {
      if (!isBusy.current) reset();
    },
  };
};
