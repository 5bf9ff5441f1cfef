import fc from "fast-check";
import superjson from "superjson";
import { hostileText, hostileValue, queryJunk, spoiling, written } from "./hostile.js";
import { thrown } from "./router.js";
import { BEHAVIOUR, behaviours, type TestRequest } from "./servers.js";

// Requests to the router of router.ts: valid, wrong and malicious ones.

const words = (text: string): string[] => text.trim().split(/\s+/);
export const queries = words(`
  echo raw typed merged standing nothing nil zero text date bigint cyclic writesItself function large promised
  holdsPromise holdsIterable holdsPromiseDeeper iterable slow throw code curious silent afterwards afterwardsThrow
  forgiving returnsFailure rewriting watching badOutput goodOutput formatted formattedInput context deep.er.get
  deep.get late.get late.throw constructor`);
export const mutations = words(`
  echoed typedChange cannotWriteItself iterableChange throwChange contextChange deep.er.set toString`);
const strange = words(`
  missing deep deep.er late late.missing __proto__ hasOwnProperty deep.__proto__ a,b a%2Fb ü . .. , deep~er~get
  deep/er/get % %zz %25 echo%00`).concat("", "a b");

const sometimes = <T>(weight: number, usual: T, others: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: others });

const name = (kind: "query" | "mutation") =>
  fc.oneof(
    { weight: 16, arbitrary: fc.constantFrom(...(kind === "query" ? queries : mutations)) },
    { weight: 1, arbitrary: fc.constantFrom(...queries, ...mutations) },
    { weight: 1, arbitrary: fc.constantFrom(...strange, "ticks") },
    { weight: 1, arbitrary: hostileText.map((text) => text.slice(0, 100)) },
  );

/** What the procedures take, or nearly. */
const input = fc.oneof(
  { weight: 4, arbitrary: fc.record({ n: fc.integer() }) },
  { weight: 4, arbitrary: fc.constantFrom(...thrown) },
  { weight: 1, arbitrary: fc.constantFrom("throw", "throw a text", "unwritable") },
  { weight: 1, arbitrary: fc.record({ a: fc.string(), b: fc.string() }) },
  { weight: 1, arbitrary: fc.integer() },
  { weight: 3, arbitrary: hostileValue },
);
type Wire = (value: unknown) => unknown;
const wires = {
  plain: (value: unknown): unknown => value,
  superjson(value: unknown): unknown {
    try {
      return superjson.serialize(value);
    } catch {
      // It refuses some names, here and at the other end.
      return { json: value };
    }
  },
};

/** The text of a request's input: single, or by number with holes. */
const inputText = (wire: Wire, isBatch: boolean) => {
  const one = sometimes(12, wire, fc.constant(wires.plain)).chain((form) => input.map(form));
  const many = fc
    .array(fc.option(one, { nil: undefined, freq: 5 }), { maxLength: 6 })
    .map((list): unknown => Object.fromEntries(list.map((value, n) => [n, value])));
  const usual = isBatch ? many : one;
  return fc
    .tuple(
      fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: isBatch ? one : many }),
      spoiling,
    )
    .map(([sent, spoil]) => spoil(written(sent)));
};

const accept = fc.constantFrom<Record<string, string>>(
  { "trpc-accept": "application/jsonl" },
  { "trpc-accept": "application/json" },
  { "trpc-accept": "" },
  { accept: "application/jsonl" },
  { accept: "text/html, application/jsonl;q=1" },
  { accept: "*/*" },
  { accept: "text/html, application/jsonl", "trpc-accept": "text/html" },
  { "last-event-id": "1" },
);
const type = fc.constantFrom<string | undefined>(
  "application/json; charset=utf-8",
  "application/json;charset=latin1",
  "APPLICATION/JSON",
  "application/jsonp",
  "application/octet-stream",
  "multipart/form-data; boundary=x",
  "text/plain",
  "",
  undefined,
);

/** Any request to a router whose clients write their input in this form. */
export const requests = (form: keyof typeof wires): fc.Arbitrary<TestRequest> =>
  fc
    .record({
      kind: fc.constantFrom("query" as const, "mutation" as const),
      isBatch: fc.boolean(),
      size: sometimes(6, 1, fc.integer({ min: 1, max: 6 })),
    })
    .chain(({ kind, isBatch, size }) =>
      fc.record({
        method: fc.oneof(
          { weight: 16, arbitrary: fc.constant(kind === "query" ? "GET" : "POST") },
          { weight: 3, arbitrary: fc.constantFrom("GET", "POST") },
          { weight: 1, arbitrary: fc.constantFrom("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS") },
        ),
        names: fc.array(name(kind), { minLength: isBatch ? 1 : size, maxLength: isBatch ? 6 : size }),
        batch: fc.constantFrom(
          ...(isBatch
            ? ["batch=1", "batch=1", "batch=1", "batch=0", "batch=1&batch=0", "batch=%31"]
            : ["", "", "", "batch", "batch="]),
        ),
        text: sometimes<string | Buffer | undefined>(
          6,
          "given",
          fc.constantFrom(undefined, "", "\uFEFF{}", "\uFEFF"),
        ).chain((made) => (made === "given" ? inputText(wires[form], isBatch) : fc.constant(made))),
        junk: queryJunk,
        twice: fc.boolean(),
        accepts: sometimes<Record<string, string>>(9, {}, accept),
        type: sometimes<string | undefined>(14, "application/json", type),
        getType: sometimes<string | undefined>(5, undefined, type),
        behaviour: sometimes<string>(2, "", fc.constantFrom(...behaviours, "contextReads")),
        encodesTwice: sometimes(20, false, fc.constant(true)),
      }),
    )
    .map(({ method, names, batch, text, junk, accepts, type, getType, behaviour, encodesTwice }) => {
      const encode = (piece: string) => encodeURIComponent(piece.toWellFormed());
      const path = names
        .map(encode)
        .map((piece) => (encodesTwice ? encode(piece) : piece))
        .join(",");
      const inQuery = method !== "POST" && text !== undefined;
      const query = [batch, inQuery ? `input=${encode(String(text)).slice(0, 30_000)}` : ""].filter(
        (piece) => piece !== "",
      );
      const contentType = method === "POST" ? type : getType;
      return {
        method,
        url: `/trpc/${path}?${query.join("&")}${junk}`,
        headers: {
          ...accepts,
          ...(contentType !== undefined && { "content-type": contentType }),
          ...(behaviour !== "" && { [BEHAVIOUR]: behaviour }),
        },
        ...(method === "POST" && text !== undefined && { body: text }),
      };
    });
