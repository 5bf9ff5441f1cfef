import type { VideoProfile } from "@invigil/client";

/** Why there is no picture or no sound. `refused`: by the person or their system. `insecure`: the page has no https. */
export type DeviceFault = "refused" | "busy" | "absent" | "insecure" | "other";
export type DeviceKind = "video" | "audio";

export interface DeviceChoice {
  readonly video?: string;
  readonly audio?: string;
}

/** What `getUserMedia` rejects with, by the standard and by browsers. */
const FAULTS: Readonly<Record<string, DeviceFault>> = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "absent",
  OverconstrainedError: "absent",
  NotReadableError: "busy",
  AbortError: "busy",
};
export const deviceFaultOf = (error: unknown): DeviceFault =>
  (error instanceof Error && FAULTS[error.name]) || "other";

/** What is sent if the exam has no video profile. The media server takes 1.5 Mbit/s at most. */
const DEFAULT_PICTURE = { width: 640, height: 360, frameRate: 15, maxBitrate: 600 } as const;
const MAX_KBPS = 1200;

export type Picture = VideoProfile["data"];
export const pictureOf = (profile: VideoProfile | undefined): Picture => {
  const picture = profile?.data ?? DEFAULT_PICTURE;
  return { ...picture, maxBitrate: Math.min(picture.maxBitrate, MAX_KBPS) };
};

const CHOSEN = "invigil.devices";

export const chosenDevices = (): DeviceChoice => {
  try {
    // Safe: only texts are used of it.
    return JSON.parse(localStorage.getItem(CHOSEN) ?? "{}") as DeviceChoice;
  } catch {
    return {};
  }
};
export const chooseDevices = (choice: DeviceChoice): void =>
  localStorage.setItem(CHOSEN, JSON.stringify(choice));

/** Asks for the camera and the microphone. A device that was chosen and is gone is replaced by another one. */
export const openDevices = (choice: DeviceChoice, picture: Picture): Promise<MediaStream> => {
  const { width, height, frameRate } = picture;
  const preferred = (id: string | undefined) => (id === undefined ? {} : { deviceId: { ideal: id } });
  return navigator.mediaDevices.getUserMedia({
    video: {
      ...preferred(choice.video),
      ...(choice.video === undefined && { facingMode: "user" }),
      width: { ideal: width },
      height: { ideal: height },
      frameRate: { ideal: frameRate, max: Math.max(frameRate, 15) },
    },
    audio: preferred(choice.audio),
  });
};

export const listDevices = async (kind: DeviceKind): Promise<MediaDeviceInfo[]> =>
  (await navigator.mediaDevices.enumerateDevices()).filter(
    (device) => device.kind === `${kind}input` && device.deviceId !== "",
  );

/** The browsers whose way to the permission differs. */
export type BrowserName = "chrome" | "firefox" | "safari" | "ios" | "other";
export const browserOf = (agent: string): BrowserName => {
  if (/iPhone|iPad/.test(agent)) return "ios";
  if (/Firefox\//.test(agent)) return "firefox";
  if (/Chrome\/|CriOS\//.test(agent)) return "chrome";
  return /Safari\//.test(agent) ? "safari" : "other";
};
