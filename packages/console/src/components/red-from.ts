import { useLocalStorage } from "@mantine/hooks";

/** The numbers of detections among which a viewer chooses. */
export const RED_FROM = [1, 3, 5, 10, 20] as const;

/** From how many detections on a candidate is marked red. Each viewer sets it in the menu, and their browser keeps it. */
export const useRedFrom = () =>
  useLocalStorage<number>({ key: "invigil.red", defaultValue: 5, getInitialValueInEffect: false });
