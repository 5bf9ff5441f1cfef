import type { Texts, Translated } from "../texts.js";

export default {
  title: "考试准备",
} satisfies Translated<Texts["setup"]>;
