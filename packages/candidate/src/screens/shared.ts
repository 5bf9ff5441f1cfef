import type { Sitting } from "@invigil/client";
import type { Entry, Camera as Page } from "../app/entry.js";
import type { Picture } from "../media/devices.js";
import type { Camera } from "../media/use-camera.js";
import type { Report, ReportedChecks } from "../sitting/readiness-reporter.js";
import type { LiveSitting } from "../sitting/use-sitting.js";
import type { Sound } from "../sound.js";
import type { Written } from "./during/use-messages.js";

/** What the screens before and during an exam know. */
export interface ScreenProps {
  readonly entry: Entry;
  readonly page: Page;
  readonly sitting: Sitting;
  readonly live: LiveSitting;
  readonly devices: Camera;
  readonly picture: Picture;
  /** The server's time. */
  readonly now: Date;
  readonly endsAt: Date;
  /** The checks that this page has made. */
  readonly own: ReportedChecks;
  readonly report: Report;
  readonly sound: Sound;
  /** What staff wrote. */
  readonly messages: readonly Written[];
}
