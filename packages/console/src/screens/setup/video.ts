import type { VideoProfile } from "@invigil/client";

/** The fields of the form. */
export interface VideoValues {
  readonly preset: string;
  readonly width: string;
  readonly height: string;
  readonly frameRate: string;
  readonly maxBitrate: string;
}

const values = (width: number, height: number, frameRate: number, maxBitrate: number) => ({
  width: String(width),
  height: String(height),
  frameRate: String(frameRate),
  maxBitrate: String(maxBitrate),
});

export const PRESETS = {
  low: values(480, 360, 10, 300),
  medium: values(640, 480, 15, 600),
  high: values(1280, 720, 15, 1500),
} as const;

const MOST = { width: 7680, height: 4320, frameRate: 120, maxBitrate: 100_000 } as const;
const EMPTY = { width: "", height: "", frameRate: "", maxBitrate: "" };

export const videoValuesOf = (profile: VideoProfile | undefined): VideoValues => {
  if (!profile) return { preset: "app", ...EMPTY };
  const { width, height, frameRate, maxBitrate } = profile.data;
  const own = values(width, height, frameRate, maxBitrate);
  const [preset = "own"] =
    Object.entries(PRESETS).find(([, known]) => JSON.stringify(known) === JSON.stringify(own)) ?? [];
  return { preset, ...own };
};

export const isVideoRight = ({ preset, ...numbers }: VideoValues): boolean =>
  preset === "app" ||
  Object.entries(MOST).every(([name, most]) => {
    const text = numbers[name as keyof typeof MOST]; // Safe: both have the same keys.
    return /^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= most;
  });

/** The stored value. Null: as the apps choose. */
export const profileOf = ({
  preset,
  width,
  height,
  frameRate,
  maxBitrate,
}: VideoValues): VideoProfile | null =>
  preset === "app"
    ? null
    : {
        name: preset,
        data: {
          width: Number(width),
          height: Number(height),
          frameRate: Number(frameRate),
          maxBitrate: Number(maxBitrate),
        },
      };
