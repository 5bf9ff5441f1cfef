import { getTRPCErrorFromUnknown, getTRPCErrorShape, TRPCError } from "@trpc/server";
import { getHTTPStatusCode, type ResponseMetaFn } from "@trpc/server/http";
import { type Exchange, makeContext, type Outcome, outcomeOf, typeOf } from "./calls.js";
import { checkedStatus } from "./head.js";
import { isStream } from "./internals.js";
import type { HandlerOptions } from "./options.js";

export interface Answer {
  readonly status: number;
  readonly body: string;
}
type Entry = Parameters<ResponseMetaFn<HandlerOptions["router"]>>[0]["data"][number];

const NO_STREAMS = {
  code: "UNSUPPORTED_MEDIA_TYPE",
  message: "Cannot use stream-like response in non-streaming request - use httpBatchStreamLink",
} as const;

/** An entry as it is written: its data or its error in the transformer's form. */
const written = ({ options: { router } }: Exchange, entry: Entry): object => {
  const { output } = router._def._config.transformer;
  if ("error" in entry) return { ...entry, error: output.serialize(entry.error) as unknown };
  if (!("data" in entry.result)) return entry;
  return { ...entry, result: { ...entry.result, data: output.serialize(entry.result.data) as unknown } };
};

/** The status, and headers too. */
const headOf = (
  { options, info, head, context }: Exchange,
  data: Entry[],
  errors: readonly (TRPCError | undefined)[],
): number => {
  const thrown = errors.filter((error) => error !== undefined);
  const status = thrown.length === 0 ? 200 : getHTTPStatusCode(data, errors);
  const meta = options.responseMeta?.({
    ctx: context.ctx,
    info,
    paths: info.calls.map(({ path }) => path),
    data,
    errors: thrown,
    eagerGeneration: false,
    type: info.type,
  });
  head.add(meta?.headers);
  return meta?.status || status;
};

const answer = (status: number, body: string): Answer => ({ status: checkedStatus(status, body), body });

const entryOf = (exchange: Exchange, { error, data }: Outcome, index: number): Entry => {
  if (!error) return { result: { data } };
  const { options, info, context } = exchange;
  const call = info.calls[index];
  return {
    error: getTRPCErrorShape({
      config: options.router._def._config,
      error,
      type: call ? typeOf(call) : info.type,
      path: call?.path,
      input: call?.result(),
      ctx: context.ctx,
    }),
  };
};

/** The answer to one call. What cannot be answered is thrown, for `failed` to tell. */
const single = async (exchange: Exchange, pending: Promise<Outcome>): Promise<Answer> => {
  const outcome = await pending;
  exchange.head.set("content-type", "application/json");
  if (isStream(outcome.data)) throw new TRPCError(NO_STREAMS);
  const entry = entryOf(exchange, outcome, 0);
  const status = headOf(exchange, [entry], [outcome.error]);
  return answer(status, JSON.stringify(written(exchange, entry)));
};

/** The answers to a batch, in the order of its calls; here each call can be refused by itself. */
const batch = async (exchange: Exchange, pending: readonly Promise<Outcome>[]): Promise<Answer> => {
  exchange.head.set("content-type", "application/json");
  const outcomes = (await Promise.all(pending)).map(
    (outcome): Outcome => (isStream(outcome.data) ? { error: new TRPCError(NO_STREAMS) } : outcome),
  );
  const entries = outcomes.map((outcome, index) => entryOf(exchange, outcome, index));
  const status = headOf(
    exchange,
    entries,
    outcomes.map(({ error }) => error),
  );
  return answer(status, JSON.stringify(entries.map((entry) => written(exchange, entry))));
};

/** The answer when there is none: a batch where there may be none, a stream, an answer that cannot be written. */
const failed = (exchange: Exchange, cause: unknown): Answer => {
  const { options, req, info, context } = exchange;
  const error = getTRPCErrorFromUnknown(cause);
  const about = { error, path: undefined, input: undefined, ctx: context.ctx, type: info.type };
  options.onError?.({ ...about, req });
  const entry: Entry = { error: getTRPCErrorShape({ config: options.router._def._config, ...about }) };
  const body = JSON.stringify(written(exchange, entry));
  return answer(headOf(exchange, [entry], [error]), body);
};

/** Makes the calls of a request and puts their answers together. @throws what `onError`, `responseMeta` or a formatter throw */
export const answerOf = async (exchange: Exchange): Promise<Answer> => {
  const { options, info } = exchange;
  try {
    if (info.isBatchCall && !(options.allowBatching ?? options.batching?.enabled ?? true)) {
      throw new TRPCError({ code: "BAD_REQUEST", message: "Batching is not enabled on the server" });
    }
    exchange.context = await makeContext(exchange);
    const pending = info.calls.map((call) => outcomeOf(call, exchange));
    const [first] = pending;
    return info.isBatchCall || !first ? await batch(exchange, pending) : await single(exchange, first);
  } catch (cause) {
    return failed(exchange, cause);
  }
};
