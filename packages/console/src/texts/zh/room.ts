import type { Texts, Translated } from "../texts.js";

export default {
  title: "考场",
} satisfies Translated<Texts["room"]>;
