import {
  type ListStreamEventsInput,
  type ReportStreamInput,
  type StreamEventPage,
  streamSignatureSchema,
} from "@invigil/schema";
import type { Opened } from "../../domain/opened.js";
import { InvigilError, invalidInput } from "../../platform/errors.js";
import type { StreamCallback } from "../../providers/types.js";
import type { NewEvent, ReportOutcome, StreamStore } from "./store.js";

/**
 * How far ahead of the server's clock an event may be, in milliseconds. An event in the future would override
 * all events until then.
 */
const MAX_CLOCK_SKEW_MS = 5 * 60 * 1000;

export interface StreamServiceDeps {
  readonly store: StreamStore;
  readonly callback: StreamCallback | undefined;
  readonly clock: () => Date;
}

const unsigned = (why: string) => new InvigilError("UNAUTHENTICATED", why);

export type StreamService = ReturnType<typeof createStreamService>;

export const createStreamService = ({ store, callback, clock }: StreamServiceDeps) => {
  const configured = (): StreamCallback => {
    if (!callback)
      throw new InvigilError("PROVIDER_NOT_CONFIGURED", "The stream service's callback is not configured.");
    return callback;
  };
  /** Returns the name without the suffix of transcoded copies, or undefined for a name without the suffix. */
  const originalOf = (name: string, suffix: string) =>
    name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;

  return {
    /** Checks the signature of a report, which may otherwise be invalid. */
    authenticate(sent: unknown): void {
      const callbackSettings = configured();
      const signed = streamSignatureSchema.safeParse(sent);
      const verdict = signed.success ? callbackSettings.verify(signed.data) : "wrong";
      if (verdict === "wrong") throw unsigned("The stream service's signature is missing or wrong.");
      if (verdict === "stale")
        throw unsigned(
          "The stream service's signature is of a time more than 5 minutes away: is the clock right?",
        );
    },

    /**
     * Stores a report of the stream service. A repeated report changes nothing, nor does one about a transcoded
     * copy of a stream. Call `authenticate` first.
     */
    async report({
      action,
      id,
      app,
      appname,
      time,
      ip,
      node,
      width,
      height,
    }: ReportStreamInput): Promise<true> {
      const { pushDomain, app: ourApp, transcodeSuffix } = configured();
      if (app.toLowerCase() !== pushDomain)
        throw invalidInput("app", "must be the push domain that the signature is for");
      const now = clock();
      const eventTime = new Date(time * 1000);
      if (eventTime.getTime() > now.getTime() + MAX_CLOCK_SKEW_MS)
        throw invalidInput("time", "must not be more than 5 minutes ahead");
      const outcome =
        appname === ourApp &&
        (await store.report({
          stream: id,
          original: originalOf(id, transcodeSuffix),
          action,
          eventTime,
          ip,
          node,
          width: width ?? null,
          height: height ?? null,
          now,
        }));
      if (!outcome || outcome === "unknown")
        throw new InvigilError("STREAM_NOT_FOUND", `There is no stream ${id} in the app ${appname}.`);
      return true;
    },

    /**
     * Stores what happened to a stream, as a report does. Checks nothing: for what stands in for the stream service within the server.
     */
    record: (event: Pick<NewEvent, "stream" | "action" | "eventTime">): Promise<ReportOutcome> =>
      store.report({
        ...event,
        original: undefined,
        ip: "",
        node: "",
        width: null,
        height: null,
        now: clock(),
      }),

    /** Stores that no camera publishes any more. */
    async stopAll(): Promise<void> {
      const eventTime = clock();
      for (const stream of await store.publishing())
        await this.record({ stream, action: "publish_done", eventTime });
    },

    /** Returns the stored reports about the streams of a room, or of a person in it. */
    listEvents: (
      { id: roomId, examId }: Opened<"room">,
      { userId, pageSize, cursor }: ListStreamEventsInput,
    ): Promise<StreamEventPage> =>
      store.listByRoom({ examId, roomId }, { userId, limit: pageSize, before: cursor }),
  };
};
