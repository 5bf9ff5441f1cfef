export const CAMERAS = ["mobile", "pc"] as const;
export const DETECTIONS = [
  "scenePersonExit",
  "manyPeople",
  "actionPoseStandup",
  "actionPoseHandup",
  "actionHeadUpDown",
  "headShaking",
  "objectDetect",
  "actionPersonSpeech",
] as const;

export type Camera = (typeof CAMERAS)[number];
export type Detection = (typeof DETECTIONS)[number];

type Json = { readonly [Name in string]?: unknown };
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A cheat config that can be edited as a table. It may have further settings, which stay. Undefined: it has another form. */
export const readConfig = (text: string): Json | undefined => {
  if (text.trim() === "") return {};
  try {
    const config: unknown = JSON.parse(text);
    if (!isObject(config)) return undefined;
    const isFit = CAMERAS.every((camera) => {
      const of = config[camera];
      return (
        of === undefined ||
        (isObject(of) && DETECTIONS.every((name) => of[name] === undefined || typeof of[name] === "boolean"))
      );
    });
    return isFit ? config : undefined;
  } catch {
    return undefined;
  }
};

/** Whether a detection runs on a camera. Undefined: the app decides. */
export const isOn = (config: Json, camera: Camera, detection: Detection): boolean | undefined => {
  const of = config[camera];
  const value = isObject(of) ? of[detection] : undefined;
  return typeof value === "boolean" ? value : undefined;
};

/** The text of the config with a detection switched, and everything else as it was. */
export const switched = (config: Json, camera: Camera, detection: Detection, on: boolean): string => {
  const of = config[camera];
  return JSON.stringify({ ...config, [camera]: { ...(isObject(of) ? of : {}), [detection]: on } });
};

/** The text of the config with every known detection switched on. */
export const allOn = (config: Json): string =>
  CAMERAS.reduce(
    (text, camera) =>
      DETECTIONS.reduce(
        (inner, detection) => switched(readConfig(inner) ?? {}, camera, detection, true),
        text,
      ),
    JSON.stringify(config),
  );
