// What the candidate's page notices by itself. In a file of its own, because pages use it without schemas.

/** The detectors of the candidate's page. Their names are the detection types of their records. */
export const detectorNames = [
  "pageHidden",
  "focusLost",
  "pictureDark",
  "pictureFrozen",
  "deviceLost",
  "deviceMuted",
] as const;
export type DetectorName = (typeof detectorNames)[number];

/** The detectors that mean nothing while the questions of the exam are in a tab of their own. */
const OF_THE_FRONT_TAB: ReadonlySet<DetectorName> = new Set(["pageHidden", "focusLost"]);

/** Returns the detectors that run in an exam: those that it names, or all. */
export const detectorsOf = ({
  detectors = detectorNames,
  questionsUrl,
}: {
  readonly detectors?: readonly DetectorName[] | undefined;
  readonly questionsUrl?: string | undefined;
}): DetectorName[] =>
  detectorNames.filter(
    (name) => detectors.includes(name) && (questionsUrl === undefined || !OF_THE_FRONT_TAB.has(name)),
  );
