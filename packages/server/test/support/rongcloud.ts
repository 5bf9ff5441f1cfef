import { type Config, parseConfig } from "../../src/config/config.js";
import { InvigilError } from "../../src/platform/errors.js";
import { createIds } from "../../src/platform/ids.js";
import { selectProviders } from "../../src/providers/select.js";
import type { MessageProvider } from "../../src/providers/types.js";
import { openRongCloud, type RongCloud } from "../simulators/rongcloud.js";
import { watchLog } from "./secrets.js";

export interface RongWorld extends AsyncDisposable {
  readonly vendor: RongCloud;
  readonly im: MessageProvider<string>;
  readonly log: { readonly fields: object; readonly message: string }[];
  /** All requests in order, as host and action: `main group/create`. */
  readonly requests: () => string[];
}

/** The provider built from settings, and the simulator behind it. */
export const openRongWorld = async ({
  timeoutMs = 10_000,
  urls = (vendor) => vendor.urls,
}: {
  timeoutMs?: number;
  urls?: (vendor: RongCloud) => readonly string[];
} = {}): Promise<RongWorld> => {
  const clock = () => new Date(1_700_000_000_000);
  const vendor = await openRongCloud({ clock });
  const config: Config = parseConfig({
    INVIGIL_RONGCLOUD_APP_KEY: vendor.appKey,
    INVIGIL_RONGCLOUD_APP_SECRET: vendor.appSecret,
    INVIGIL_RONGCLOUD_URLS: urls(vendor).join(","),
    INVIGIL_PROVIDER_TIMEOUT_MS: String(timeoutMs),
  });
  const log: { fields: object; message: string }[] = [];
  const note = (fields: object, message: string) => {
    watchLog(JSON.stringify({ fields, message }));
    log.push({ fields, message });
  };
  const ids = createIds({ clock });
  const im = selectProviders({
    config,
    clock,
    nonce: () => ids.nonce(),
    publicUrl: () => "http://here",
    ownKey: (name) => `own ${name}`,
    log: { warn: note, info: note },
  }).messages.rong_cloud;
  if (!im) throw new Error("the settings make no rong_cloud");
  return {
    vendor,
    im,
    log,
    requests: () => vendor.calls.map(({ host, action }) => `${host} ${action}`),
    [Symbol.asyncDispose]: () => vendor[Symbol.asyncDispose](),
  };
};

/** Returns the error details of a failed call, which only administrators see. */
export const detailsOf = async (call: Promise<unknown>): Promise<InvigilError["details"]> => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof InvigilError && error.code === "PROVIDER_FAILED") return error.details;
  throw new Error(`did not fail as it should: ${String(error)}`);
};
