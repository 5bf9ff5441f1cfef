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
