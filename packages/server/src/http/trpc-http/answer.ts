import { getTRPCErrorFromUnknown, getTRPCErrorShape, TRPCError, type TRPCErrorShape } from "@trpc/server";
import { getHTTPStatusCode, type ResponseMetaFn } from "@trpc/server/http";
import { createPace } from "../../platform/pace.js";
import { type Call, type Exchange, makeContext, type Outcome, outcomeOf, typeOf } from "./calls.js";

import { checkedStatus } from "./head.js";
import { isStream } from "./internals.js";
import type { HandlerOptions } from "./options.js";

/** What calls of a batch read, and how much of their answers is written, before others get their turn. */
const ROWS_A_TURN = 400;
const CHARACTERS_A_TURN = 200_000;

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
    // oxlint-disable-next-line typescript/no-deprecated -- Safe: programs that use it must find it.
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
  { options, context }: Exchange,
  about: { error: TRPCError; type: Exchange["info"]["type"]; path: string | undefined; input: unknown },
): Entry => {
  const { _config: config } = options.router._def;
  // Safe: whatever the router's formatter makes of it is its error shape.
  return { error: getTRPCErrorShape({ config, ctx: context.ctx, ...about }) as TRPCErrorShape };
};

const entryOf = (exchange: Exchange, { error, data }: Outcome, call: Call): Entry =>
  error
    ? errorEntry(exchange, { error, type: typeOf(call), path: call.path, input: call.result() })
    : { result: { data } };

/** The answer to one call. What cannot be answered is thrown, for `failed` to tell. */
const single = async (exchange: Exchange, call: Call, pending: Promise<Outcome>): Promise<Answer> => {
  const outcome = await pending;
  exchange.head.set("content-type", "application/json");
  if (isStream(outcome.data)) throw new TRPCError(NO_STREAMS);
  const entry = entryOf(exchange, outcome, call);
  const status = headOf(exchange, [entry], [outcome.error]);
  return answer(status, JSON.stringify(written(exchange, entry)));
};

/** The answers to a batch, in the order of its calls; here each call can be refused by itself. */
const batch = async (exchange: Exchange, pending: readonly Promise<Outcome>[]): Promise<Answer> => {
  exchange.head.set("content-type", "application/json");
  const outcomes = await Promise.all(pending);
  const entries: Entry[] = [];
  const errors: (TRPCError | undefined)[] = [];
  for (const [index, call] of exchange.info.calls.entries()) {
    // Safe: there is one for each call.
    const made = outcomes[index] as Outcome;
    const outcome = isStream(made.data) ? { error: new TRPCError(NO_STREAMS) } : made;
    entries.push(entryOf(exchange, outcome, call));
    errors.push(outcome.error);
  }
  const status = headOf(exchange, entries, errors);
  const pace = createPace(CHARACTERS_A_TURN);
  const texts: string[] = [];
  for (const entry of entries) {
    const text = JSON.stringify(written(exchange, entry));
    texts.push(text);
    const turn = pace(text.length);
    if (turn) await turn;
  }
  return answer(status, `[${texts.join(",")}]`);
};

/** Begins the calls of a batch, in their order: all of them at once where they are light. */
const begin = async (exchange: Exchange): Promise<Promise<Outcome>[]> => {
  const pace = createPace(ROWS_A_TURN);
  const pending: Promise<Outcome>[] = [];
  for (const call of exchange.info.calls) {
    const outcome = outcomeOf(call, exchange);
    // It is looked at when all have begun.
    outcome.catch(() => undefined);
    pending.push(outcome);
    const turn = pace(exchange.weightOf(call));
    if (turn) await turn;
  }
  return pending;
};

/** The answer when there is none: a batch where there may be none, a stream, an answer that cannot be written. */
const failed = (exchange: Exchange, cause: unknown): Answer => {
  const { options, req, info, context } = exchange;
  const error = getTRPCErrorFromUnknown(cause);
  const about = { error, path: undefined, input: undefined, type: info.type };
  options.onError?.({ ...about, ctx: context.ctx, req });
  const entry = errorEntry(exchange, about);
  const body = JSON.stringify(written(exchange, entry));
  return answer(headOf(exchange, [entry], [error]), body);
};

/** Makes the calls of a request and puts their answers together. @throws what `onError`, `responseMeta` or a formatter throw */
export const answerOf = async (exchange: Exchange): Promise<Answer> => {
  const { options, info } = exchange;
  try {
    // oxlint-disable-next-line typescript/no-deprecated -- Safe: programs that set it must be obeyed.
    if (info.isBatchCall && !(options.allowBatching ?? options.batching?.enabled ?? true)) {
      throw new TRPCError({ code: "BAD_REQUEST", message: "Batching is not enabled on the server" });
    }
    exchange.context = await makeContext(exchange);
    const [call] = info.calls;
    return info.isBatchCall || !call
      ? await batch(exchange, await begin(exchange))
      : await single(exchange, call, outcomeOf(call, exchange));
  } catch (cause) {
    return failed(exchange, cause);
  }
};
