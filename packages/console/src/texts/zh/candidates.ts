import type { Texts, Translated } from "../texts.js";

export default {
  title: "考生",
} satisfies Translated<Texts["candidates"]>;
