import { getTRPCErrorFromUnknown, getTRPCErrorShape, TRPCError, type TRPCErrorShape } from "@trpc/server";
import { getHTTPStatusCode, type ResponseMetaFn } from "@trpc/server/http";
import { type Exchange, makeContext, type Outcome, outcomeOf, typeOf } from "./calls.js";
import { checkedStatus } from "./head.js";
import { isStream } from "./internals.js";
import type { RequestCall, TRPCOptions } from "./options.js";
import { createPace } from "./pace.js";

export interface Answer {
  readonly status: number;
  readonly body: string;
}
type Entry = Parameters<ResponseMetaFn<TRPCOptions["router"]>>[0]["data"][number];

const NO_STREAMS = {
  code: "UNSUPPORTED_MEDIA_TYPE",
  message: "Cannot use stream-like response in non-streaming request - use httpBatchStreamLink",
} as const;

/** An entry of the response, with its data or its error serialized by the transformer. */
const serialized = ({ settings: { trpc } }: Exchange, entry: Entry): object => {
  const { output } = trpc.router._def._config.transformer;
  if ("error" in entry) return { ...entry, error: output.serialize(entry.error) as unknown };
  if (!("data" in entry.result)) return entry;
  return { ...entry, result: { ...entry.result, data: output.serialize(entry.result.data) as unknown } };
};

/** Adds the headers of `responseMeta`, and returns the status. */
const headOf = (
  { settings: { trpc }, info, head, context }: Exchange,
  data: Entry[],
  errors: readonly (TRPCError | undefined)[],
): number => {
  const thrown = errors.filter((error) => error !== undefined);
  const status = thrown.length === 0 ? 200 : getHTTPStatusCode(data, errors);
  const meta = trpc.responseMeta?.({
    ctx: context.ctx,
    info,
    // oxlint-disable-next-line typescript/no-deprecated -- Safe: programs may still read it.
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

const errorEntry = (
  { settings: { trpc }, context }: Exchange,
  about: { error: TRPCError; type: Exchange["info"]["type"]; path: string | undefined; input: unknown },
): Entry => {
  const { _config: config } = trpc.router._def;
  // Safe: the router's formatter returns its error shape.
  return { error: getTRPCErrorShape({ config, ctx: context.ctx, ...about }) as TRPCErrorShape };
};

const entryOf = (exchange: Exchange, { error, data }: Outcome, call: RequestCall): Entry =>
  error
    ? errorEntry(exchange, { error, type: typeOf(call), path: call.path, input: call.result() })
    : { result: { data } };

/** The answer to a single call. Throws what `failed` has to answer. */
const single = async (exchange: Exchange, call: RequestCall, pending: Promise<Outcome>): Promise<Answer> => {
  const outcome = await pending;
  exchange.head.set("content-type", "application/json");
  if (isStream(outcome.data)) throw new TRPCError(NO_STREAMS);
  const entry = entryOf(exchange, outcome, call);
  const status = headOf(exchange, [entry], [outcome.error]);
  return answer(status, JSON.stringify(serialized(exchange, entry)));
};

/** The answers to a batch, in the order of its calls. Each call succeeds or fails on its own. */
const batch = async (exchange: Exchange, pending: readonly Promise<Outcome>[]): Promise<Answer> => {
  exchange.head.set("content-type", "application/json");
  const outcomes = await Promise.all(pending);
  const entries: Entry[] = [];
  const errors: (TRPCError | undefined)[] = [];
  for (const [index, call] of exchange.info.calls.entries()) {
    // Safe: every call has an outcome.
    const made = outcomes[index] as Outcome;
    const outcome = isStream(made.data) ? { error: new TRPCError(NO_STREAMS) } : made;
    entries.push(entryOf(exchange, outcome, call));
    errors.push(outcome.error);
  }
  const status = headOf(exchange, entries, errors);
  const pace = createPace(exchange.settings.charactersPerTurn);
  const texts: string[] = [];
  for (const entry of entries) {
    const text = JSON.stringify(serialized(exchange, entry));
    texts.push(text);
    const turn = pace(text.length);
    if (turn) await turn;
  }
  return answer(status, `[${texts.join(",")}]`);
};

/** Starts the calls of a batch in their order: all at once, unless they are heavy. */
const start = async (exchange: Exchange): Promise<Promise<Outcome>[]> => {
  const { weightOf, weightPerTurn } = exchange.settings;
  const pace = createPace(weightPerTurn);
  const pending: Promise<Outcome>[] = [];
  for (const call of exchange.info.calls) {
    const outcome = outcomeOf(call, exchange);
    // `batch` handles rejections, after all calls have started.
    outcome.catch(() => undefined);
    pending.push(outcome);
    const turn = pace(weightOf(call));
    if (turn) await turn;
  }
  return pending;
};

/** The answer to a request that fails as a whole: batches are disabled, or the result is a stream or cannot be serialized. */
const failed = (exchange: Exchange, cause: unknown): Answer => {
  const { settings, req, info, context } = exchange;
  const error = getTRPCErrorFromUnknown(cause);
  const about = { error, path: undefined, input: undefined, type: info.type };
  settings.trpc.onError?.({ ...about, ctx: context.ctx, req });
  const entry = errorEntry(exchange, about);
  const body = JSON.stringify(serialized(exchange, entry));
  return answer(headOf(exchange, [entry], [error]), body);
};

/** Makes the calls of a request and serializes their results. @throws what `onError`, `responseMeta` and the error formatter throw */
export const answerOf = async (exchange: Exchange): Promise<Answer> => {
  const {
    settings: { trpc },
    info,
  } = exchange;
  try {
    // oxlint-disable-next-line typescript/no-deprecated -- Safe: programs may still set it.
    if (info.isBatchCall && !(trpc.allowBatching ?? trpc.batching?.enabled ?? true)) {
      throw new TRPCError({ code: "BAD_REQUEST", message: "Batching is not enabled on the server" });
    }
    exchange.context = await makeContext(exchange);
    const [call] = info.calls;
    return info.isBatchCall || !call
      ? await batch(exchange, await start(exchange))
      : await single(exchange, call, outcomeOf(call, exchange));
  } catch (cause) {
    return failed(exchange, cause);
  }
};
