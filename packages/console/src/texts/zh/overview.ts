import type { Texts, Translated } from "../texts.js";

export default {
  title: "总览",
} satisfies Translated<Texts["overview"]>;
