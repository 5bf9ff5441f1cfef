import type { Texts, Translated } from "../texts.js";

export default {
  title: "作弊检测记录",
} satisfies Translated<Texts["records"]>;
