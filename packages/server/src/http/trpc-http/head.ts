import type { ResponseMeta } from "@trpc/server/http";

/** The headers of an answer: those that tRPC sets, then what `responseMeta` adds. */
export interface Head {
  set(name: "allow" | "content-type", value: string): void;
  add(headers: ResponseMeta["headers"]): void;
  entries(): Iterable<[name: string, value: string]>;
}

const VARY = "trpc-accept, accept";
// What a Response says of a text whose type nobody set.
const PLAIN_TEXT = "text/plain;charset=UTF-8";

export const createHead = (): Head => {
  const own: Record<string, string> = { vary: VARY };
  // Only what `responseMeta` adds needs the rules of the real thing: what may stand in a header, and how two become one.
  let real: Headers | undefined;
  return {
    set(name, value) {
      if (real) real.set(name, value);
      else own[name] = value;
    },
    add(headers) {
      if (!headers) return;
      real ??= new Headers(own);
      if (headers instanceof Headers) {
        for (const [name, value] of headers) real.append(name, value);
        return;
      }
      for (const [name, value] of Object.entries(headers)) {
        if (Array.isArray(value)) for (const one of value) real.append(name, one);
        else if (typeof value === "string") real.set(name, value);
      }
    },
    entries() {
      if (real) {
        if (!real.has("content-type")) real.set("content-type", PLAIN_TEXT);
        return real;
      }
      own["content-type"] ??= PLAIN_TEXT;
      return Object.entries(own);
    },
  };
};

/** Those that a Response with a body may have. */
const isPlainStatus = (status: number): boolean =>
  Number.isInteger(status) && status > 205 && status < 600 && status !== 304;

/** The status as a Response would have it. @throws what a Response throws */
export const checkedStatus = (status: number, body: string): number =>
  status === 200 || isPlainStatus(status) ? status : new Response(body, { status }).status;
