import type { ResponseMeta } from "@trpc/server/http";

/** The headers of a response: those that tRPC sets, then those of `responseMeta`. */
export interface Head {
  set(name: "allow" | "content-type", value: string): void;
  add(headers: ResponseMeta["headers"]): void;
  entries(): Iterable<[name: string, value: string]>;
}

const VARY = "trpc-accept, accept";
// The content type of a `Response` with a text, unless another was set.
const PLAIN_TEXT = "text/plain;charset=UTF-8";

export const createHead = (): Head => {
  const own: Record<string, string> = { vary: VARY };
  // The headers of `responseMeta` need the rules of `Headers`: which values are valid, and how two of the same name are joined.
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

/** Whether a `Response` with a body may have the status. */
const isPlainStatus = (status: number): boolean =>
  Number.isInteger(status) && status > 205 && status < 600 && status !== 304;

/** The status that a `Response` would have. @throws what the constructor of `Response` throws */
export const checkedStatus = (status: number, body: string): number =>
  status === 200 || isPlainStatus(status) ? status : new Response(body, { status }).status;
