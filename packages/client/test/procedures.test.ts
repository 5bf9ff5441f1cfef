import type { AppRouter as ServerRouter } from "@invigil/server";
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import { expectTypeOf, it } from "vitest";
import type { ErrorShape, RouterInputs, RouterOutputs } from "../src/router.js";

// Checked by the compiler: the types that are written down are those of the server.

type Equal<One, Other> =
  (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;
/** The procedures whose types differ. */
type Differing<Ours, Theirs> = {
  [Noun in keyof Ours & keyof Theirs & string]: {
    [Verb in (keyof Ours[Noun] | keyof Theirs[Noun]) & string]: Verb extends keyof Ours[Noun] &
      keyof Theirs[Noun]
      ? Equal<Ours[Noun][Verb], Theirs[Noun][Verb]> extends true
        ? never
        : `${Noun}.${Verb}`
      : `${Noun}.${Verb}`;
  }[(keyof Ours[Noun] | keyof Theirs[Noun]) & string];
}[keyof Ours & keyof Theirs & string];

it("has the server's inputs, outputs and errors", () => {
  expectTypeOf<keyof RouterInputs>().toEqualTypeOf<keyof inferRouterInputs<ServerRouter>>();
  expectTypeOf<Differing<RouterInputs, inferRouterInputs<ServerRouter>>>().toBeNever();
  expectTypeOf<Differing<RouterOutputs, inferRouterOutputs<ServerRouter>>>().toBeNever();
  expectTypeOf<ErrorShape>().toEqualTypeOf<ServerRouter["_def"]["_config"]["$types"]["errorShape"]>();
});
