// Without zod, so that a page that needs the names alone does not load it.

/** The detection types of the vendor's detectors. Other texts of 1 to 64 characters are accepted too. */
export const knownDetectTypes = [
  "scenePersonExit",
  "manyPeople",
  "actionPoseStandup",
  "actionPoseHandup",
  "actionHeadUpDown",
  "headShaking",
  "watch",
  "earPhone",
  "cellPhone",
  "actionPersonSpeech",
] as const;
