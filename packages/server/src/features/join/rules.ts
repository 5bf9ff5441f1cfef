import type { CameraNeed } from "@invigil/schema";
import type { Config } from "../../config/config.js";

/** The path of the candidate's page. */
export const SIT_PATH = "/sit";

/**
 * Where examinees sit exams: in the app that is set, or else on this server's page, if the server carries the page's streams.
 * @param publicUrl Default: the page is named by its path.
 */
export const examineeUrlOf = (
  { apps, streamService }: Pick<Config, "apps" | "streamService">,
  publicUrl: () => string = () => "",
): string | undefined =>
  apps.examineeUrl ?? (streamService === "embedded" ? `${publicUrl()}${SIT_PATH}` : undefined);

/** Whether examinees sit exams on this server's page. */
export const usesSitPage = (config: Pick<Config, "apps" | "streamService">): boolean =>
  config.apps.examineeUrl === undefined && config.streamService === "embedded";

/** Whether examinees have a second page. `cameras` is about this server's page: an app that is set has one for the PC. */
export const hasSecondPage = (
  config: Pick<Config, "apps" | "streamService">,
  { cameras }: { readonly cameras: CameraNeed },
): boolean => cameras === "both" || !usesSitPage(config);

/** The second page of the same person: of their PC, or of their second camera. */
export const secondPageOf = (url: string): string => `${url}#/pc`;
