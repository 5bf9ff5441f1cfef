import { z } from "zod";

const detections = (camera: string) =>
  z
    .object({
      scenePersonExit: z
        .boolean()
        .optional()
        .describe("Whether to detect that the person leaves the picture."),
      manyPeople: z.boolean().optional().describe("Whether to detect several people."),
      actionPoseStandup: z.boolean().optional().describe("Whether to detect that the person stands up."),
      actionPoseHandup: z.boolean().optional().describe("Whether to detect that the person raises a hand."),
      actionHeadUpDown: z.boolean().optional().describe("Whether to detect that the head moves up or down."),
      headShaking: z.boolean().optional().describe("Whether to detect that the head is shaken."),
      objectDetect: z.boolean().optional().describe("Whether to detect phones, earphones and watches."),
      actionPersonSpeech: z.boolean().optional().describe("Whether to detect speech."),
    })
    .describe(`The detections that run on ${camera}. The app decides about absent ones.`);

export const cheatConfigDataSchema = z
  .object({
    pc: detections("the PC").optional(),
    mobile: detections("the phone").optional(),
  })
  .describe(
    "The usual content of a cheat config: the detections that run on each camera. The app decides about absent ones.",
  );

/** The usual content of a cheat config: which detections run on each camera. */
export type CheatConfig = z.infer<typeof cheatConfigDataSchema>;

/**
 * Parses the text of a cheat config. The server never parses it, because clients define its format.
 * @returns the config, or undefined if the text is not JSON of this shape
 */
export const parseCheatConfig = (data: string): CheatConfig | undefined => {
  try {
    return cheatConfigDataSchema.safeParse(JSON.parse(data)).data;
  } catch {
    return undefined;
  }
};
